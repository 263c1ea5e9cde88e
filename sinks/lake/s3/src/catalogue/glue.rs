//! The catalogue in AWS Glue: a table that is partitioned by tenant and day, each partition with a location of its own.

use aws_sdk_glue::Client;
use aws_sdk_glue::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_glue::types::{BatchUpdatePartitionRequestEntry, ErrorDetail, PartitionInput, StorageDescriptor};
use tokio::sync::OnceCell;
use trilha_lake::Partition;

use super::{Catalogue, CatalogueError};

/// A Glue table. Its partitions have the tenant's name and the day (`2026-11-23`, or `unknown`) as values, the table's
/// columns and formats, and the published generation's folder as location.
#[derive(Debug)]
pub struct GlueCatalogue {
    client: Client,
    database: String,
    table: String,
    location: String,
    /// What the table says of its files: read once, for it changes with a deployment only.
    descriptor: OnceCell<StorageDescriptor>,
}

impl GlueCatalogue {
    /// The table of a database; `location` is the address of the lake's `events` folder: `s3://bucket/prefix/events`.
    pub fn new(client: Client, database: &str, table: &str, location: &str) -> GlueCatalogue {
        let location = location.trim_end_matches('/').to_string();
        let (database, table) = (database.to_string(), table.to_string());
        GlueCatalogue { client, database, table, location, descriptor: OnceCell::new() }
    }

    async fn address(&self, partition: &Partition) -> Result<Option<String>, CatalogueError> {
        let call = self.client.get_partition().database_name(&self.database).table_name(&self.table);
        match call.set_partition_values(Some(values(partition))).send().await {
            Ok(answer) => {
                let descriptor = answer.partition.and_then(|partition| partition.storage_descriptor);
                Ok(Some(descriptor.and_then(|descriptor| descriptor.location).unwrap_or_default()))
            }
            Err(error) if error.as_service_error().is_some_and(|error| error.is_entity_not_found_exception()) => {
                Ok(None)
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn input(&self, partition: &Partition, address: &str) -> Result<PartitionInput, CatalogueError> {
        let mut descriptor = self.descriptor.get_or_try_init(|| self.read_descriptor()).await?.clone();
        descriptor.location = Some(address.to_string());
        let input = PartitionInput::builder().set_values(Some(values(partition)));
        Ok(input.storage_descriptor(descriptor).build())
    }

    async fn read_descriptor(&self) -> Result<StorageDescriptor, CatalogueError> {
        let call = self.client.get_table().database_name(&self.database).name(&self.table);
        let table = call.send().await.map_err(|error| unavailable(&error))?.table;
        let descriptor = table.and_then(|table| table.storage_descriptor);
        descriptor.ok_or_else(|| CatalogueError::Unavailable(format!("the table {} has no columns", self.table)))
    }

    /// False if there is one already.
    async fn create(&self, input: PartitionInput) -> Result<bool, CatalogueError> {
        let call = self.client.create_partition().database_name(&self.database).table_name(&self.table);
        match call.partition_input(input).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_already_exists_exception()) => {
                Ok(false)
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn update(&self, partition: &Partition, input: PartitionInput) -> Result<(), CatalogueError> {
        let entry = BatchUpdatePartitionRequestEntry::builder().set_partition_value_list(Some(values(partition)));
        let entry = entry.partition_input(input).build();
        let entry = entry.map_err(|error| CatalogueError::Unavailable(error.to_string()))?;
        let call = self.client.batch_update_partition().database_name(&self.database).table_name(&self.table);
        let answer = call.entries(entry).send().await.map_err(|error| unavailable(&error))?;
        match answer.errors().iter().find_map(|error| error.error_detail()) {
            None => Ok(()),
            Some(error) => Err(CatalogueError::Unavailable(describe(error))),
        }
    }
}

impl Catalogue for GlueCatalogue {
    async fn location(&self, partition: &Partition) -> Result<Option<String>, CatalogueError> {
        let address = self.address(partition).await?;
        let folder =
            |address: String| address.strip_prefix(&self.location).map(|rest| rest.trim_matches('/').to_string());
        Ok(address.and_then(folder))
    }

    async fn move_to(&self, partition: &Partition, folder: &str) -> Result<bool, CatalogueError> {
        let wanted = format!("{}/{folder}/", self.location);
        let there = self.address(partition).await?;
        if there.as_ref() == Some(&wanted) {
            return Ok(false);
        }
        let input = self.input(partition, &wanted).await?;
        // Another process may create it meanwhile.
        if there.is_none() && self.create(input.clone()).await? {
            return Ok(true);
        }
        self.update(partition, input).await?;
        Ok(true)
    }
}

fn values(partition: &Partition) -> Vec<String> {
    vec![partition.tenant.clone(), partition.day.to_string()]
}

fn describe(error: &ErrorDetail) -> String {
    [error.error_code(), error.error_message()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> CatalogueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let text = match error.as_service_error().and_then(|service| service.code().zip(service.message())) {
        Some((code, message)) => format!("{code}: {message}"),
        None => DisplayErrorContext(error).to_string(),
    };
    CatalogueError::Unavailable(text)
}
