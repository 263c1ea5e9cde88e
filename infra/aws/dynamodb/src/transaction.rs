//! Writes that happen together or not at all.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, ReturnConsumedCapacity, TransactWriteItem};

use crate::condition::Condition;
use crate::error::{TableError, classify};
use crate::size::{item_bytes, write_units};
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

/// The SDK makes a token for each call: what it repeats by itself happens once, and says that it did. Who repeats a call
/// does so by its conditions, which have no age (a token has ten minutes).
pub(crate) async fn transact(table: &Table, writes: Vec<Write>) -> Result<Transacted, TableError> {
    if writes.is_empty() {
        return Ok(Transacted::Done);
    }
    let sizes: Vec<usize> = writes.iter().map(Write::bytes).collect();
    let writes = writes.into_iter().map(|write| item(table, write)).collect::<Result<Vec<_>, _>>()?;
    let call = table.client.transact_write_items().set_transact_items(Some(writes));
    match call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await {
        Ok(answer) => {
            table.meter.note_write(answer.consumed_capacity());
            Ok(Transacted::Done)
        }
        Err(error) => match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                canceled_for(table, canceled.cancellation_reasons(), &sizes)
            }
            _ => Err(classify(&table.name, &error)),
        },
    }
}

/// What is said of each write, in order.
fn canceled_for(table: &Table, reasons: &[CancellationReason], sizes: &[usize]) -> Result<Transacted, TableError> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if !reasons.iter().any(failed) {
        return Err(not_tried(table, reasons));
    }
    // Each write is charged twice, as if it had happened.
    for (reason, size) in reasons.iter().zip(sizes) {
        table.meter.add_write(2.0 * write_units(reason.item().map_or(0, item_bytes).max(*size)));
    }
    let found = reasons.iter().map(|reason| failed(reason).then(|| reason.item().cloned()));
    Ok(Transacted::Refused(found.collect()))
}

/// Another transaction was at the same items, throughput ran out, or a write is wrong as such: nothing happened.
fn not_tried(table: &Table, reasons: &[CancellationReason]) -> TableError {
    let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).filter(|code| *code != "None").collect();
    let any = |words: &[&str]| codes.iter().any(|code| words.iter().any(|word| code.contains(word)));
    let (name, reason) = (table.name.clone(), format!("the transaction was canceled: {}", codes.join(", ")));
    if any(&["Validation", "SizeLimit"]) {
        TableError::Refused { table: name, reason }
    } else if any(&["Throttl", "Throughput"]) {
        TableError::Throttled { table: name }
    } else {
        TableError::Unavailable { table: name, reason }
    }
}

impl Write {
    fn bytes(&self) -> usize {
        match self {
            Write::Put(attributes, _) => item_bytes(attributes),
            Write::Delete(..) => 0,
        }
    }
}

fn item(table: &Table, write: Write) -> Result<TransactWriteItem, TableError> {
    let refused = |error: aws_sdk_dynamodb::error::BuildError| table.refused(error.to_string());
    let item = TransactWriteItem::builder();
    Ok(match write {
        Write::Put(attributes, condition) => {
            let condition = condition.unwrap_or_default();
            let put = Put::builder()
                .table_name(&table.name)
                .set_item(Some(attributes))
                .set_expression_attribute_names(condition.names())
                .set_expression_attribute_values(condition.values())
                .set_return_values_on_condition_check_failure(condition.item_if_it_fails())
                .set_condition_expression(condition.expression());
            item.put(put.build().map_err(refused)?).build()
        }
        Write::Delete(partition, sort) => {
            let delete = Delete::builder().table_name(&table.name).set_key(Some(key(&partition, &sort)));
            item.delete(delete.build().map_err(refused)?).build()
        }
    })
}
