//! Tables where no template makes them: tests, and a first try against an empty account.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
};

use crate::error::{TableError, classify};
use crate::{PARTITION, SORT, backoff};

/// So often is looked whether a new table takes calls.
const LOOKS: u32 = 60;

/// Makes a table, paid by use, and waits until it takes calls. One that is there stays as it is.
///
/// # Errors
/// [`TableError`] when the service refuses, or the table does not come up.
pub async fn create_table(client: &Client, name: &str) -> Result<(), TableError> {
    let refused = |reason: String| TableError::Refused { table: name.to_string(), reason };
    let mut call = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for (attribute, kind) in [(PARTITION, KeyType::Hash), (SORT, KeyType::Range)] {
        let definition =
            AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(kind);
        call = call
            .attribute_definitions(definition.build().map_err(|error| refused(error.to_string()))?)
            .key_schema(element.build().map_err(|error| refused(error.to_string()))?);
    }
    if let Err(error) = call.send().await
        && !error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception())
    {
        return Err(classify(name, &error));
    }
    for attempt in 0..LOOKS {
        match client.describe_table().table_name(name).send().await {
            Ok(described) if described.table().and_then(|table| table.table_status()).is_some_and(takes_calls) => {
                return Ok(());
            }
            // Right after the call the service may not know of the table yet.
            Err(error) if !error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
                return Err(classify(name, &error));
            }
            _ => backoff::wait(attempt).await,
        }
    }
    Err(TableError::Unavailable { table: name.to_string(), reason: "it does not become active".into() })
}

fn takes_calls(status: &TableStatus) -> bool {
    matches!(status, TableStatus::Active | TableStatus::Updating)
}

/// Deletes a table; fine if there is none.
///
/// # Errors
/// [`TableError`] when the service refuses.
pub async fn drop_table(client: &Client, name: &str) -> Result<(), TableError> {
    match client.delete_table().table_name(name).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Ok(()),
        Err(error) => Err(classify(name, &error)),
    }
}
