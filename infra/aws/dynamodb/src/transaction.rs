//! Writes that happen together or not at all.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::condition::Condition;
use crate::error::{TableError, classify};
use crate::table::{Attributes, Table, key};

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Puts an item, its keys among its attributes, if the condition holds.
    Put(Attributes, Option<Condition>),
    /// Deletes an item by partition and sort key.
    Delete(String, String),
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Transacted {
    /// All of it is done, durably.
    Done,
    /// Nothing is: by write, whether its condition failed, and the item that is there.
    Refused(Vec<Option<Option<Attributes>>>),
}

/// No token is sent: who repeats a transaction does so by its conditions, which have no age (a token has ten minutes).
pub(crate) async fn transact(table: &Table, writes: Vec<Write>) -> Result<Transacted, TableError> {
    let writes = writes.into_iter().map(|write| item(table, write)).collect::<Result<Vec<_>, _>>()?;
    let call = table.client.transact_write_items().set_transact_items(Some(writes));
    match call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
        Ok(answer) => {
            table.meter.note_write(answer.consumed_capacity());
            Ok(Transacted::Done)
        }
        Err(error) => match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                let reasons = canceled.cancellation_reasons();
                let failed = |code: Option<&str>| code == Some("ConditionalCheckFailed");
                if !reasons.iter().any(|reason| failed(reason.code())) {
                    return Err(busy(table, reasons.iter().filter_map(|reason| reason.code())));
                }
                let found = reasons.iter().map(|reason| failed(reason.code()).then(|| reason.item().cloned()));
                Ok(Transacted::Refused(found.collect()))
            }
            _ => Err(classify(&table.name, &error)),
        },
    }
}

/// Another transaction was at the same items, or throughput ran out: nothing happened.
fn busy<'a>(table: &Table, codes: impl Iterator<Item = &'a str>) -> TableError {
    let codes: Vec<&str> = codes.filter(|code| *code != "None").collect();
    let table = table.name.clone();
    if codes.iter().any(|code| code.contains("Throttl") || code.contains("Throughput")) {
        return TableError::Throttled { table };
    }
    TableError::Unavailable { table, reason: format!("the transaction was canceled: {}", codes.join(", ")) }
}

fn item(table: &Table, write: Write) -> Result<TransactWriteItem, TableError> {
    let refused = |error: aws_sdk_dynamodb::error::BuildError| table.refused(error.to_string());
    let item = TransactWriteItem::builder();
    Ok(match write {
        Write::Put(attributes, condition) => {
            let mut put = Put::builder().table_name(&table.name).set_item(Some(attributes));
            if let Some(condition) = condition {
                put = put
                    .set_expression_attribute_names(condition.names())
                    .set_expression_attribute_values(condition.values())
                    .condition_expression(condition.expression)
                    .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            }
            item.put(put.build().map_err(refused)?).build()
        }
        Write::Delete(partition, sort) => {
            let delete = Delete::builder().table_name(&table.name).set_key(Some(key(&partition, &sort)));
            item.delete(delete.build().map_err(refused)?).build()
        }
    })
}
