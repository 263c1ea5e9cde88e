//! One table and the calls on it.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity, ReturnValue};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::backoff::{self, FRUITLESS_CALLS, patiently};
use crate::condition::Condition;
use crate::consumed::{Meter, Units};
use crate::error::{TableError, classify};
use crate::size::{item_bytes, write_units};
use crate::transaction;

/// The partition key's attribute.
pub const PARTITION: &str = "pk";
/// The sort key's attribute.
pub const SORT: &str = "sk";
/// DynamoDB takes so many keys in one call.
const MAX_GET_KEYS: usize = 100;
/// So many calls of one read are under way at once.
const GETS_AT_ONCE: usize = 8;

/// An item: its attributes by name, the keys among them.
pub type Attributes = HashMap<String, AttributeValue>;

/// What a conditional write came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It is done, durably.
    Done,
    /// The condition does not hold and nothing changed; the item that is there, if any.
    Refused(Option<Attributes>),
}

/// One page of a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// In order of sort key.
    pub items: Vec<Attributes>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Attributes>,
}

/// One table. Clones share it, and its count of units.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) meter: Arc<Meter>,
    /// So often a call that is throttled is made again, beside what the SDK does by itself.
    again: u32,
}

/// The key of an item, as attributes.
pub fn key(partition: &str, sort: &str) -> Attributes {
    [(PARTITION, partition), (SORT, sort)].map(|(name, value)| (name.into(), AttributeValue::S(value.into()))).into()
}

/// Makes a call that writes one item if the condition holds: the call's answer, or the item that is there. The SDK's calls
/// have the same methods and no trait that names them.
macro_rules! write_if {
    ($table:expr, $call:expr, $condition:expr, $error:ident) => {{
        let (table, condition): (&Table, Condition) = ($table, $condition);
        let call = $call
            .table_name(&table.name)
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .set_return_values_on_condition_check_failure(condition.item_if_it_fails())
            .set_condition_expression(condition.expression())
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        match call.send().await {
            Ok(answer) => {
                table.meter.note_write(answer.consumed_capacity());
                Ok(Ok(answer))
            }
            Err(error) => match error.as_service_error() {
                Some($error::ConditionalCheckFailedException(found)) => Ok(Err(table.condition_failed(found.item()))),
                _ => Err(classify(&table.name, &error)),
            },
        }
    }};
}

impl Table {
    /// The table of this name.
    pub fn new(client: Client, name: &str) -> Table {
        Table { client, name: name.to_string(), meter: Arc::default(), again: 0 }
    }

    /// The same, for callers who would rather wait than hear that the table is throttled: puts, deletions and reads are made
    /// again for some seconds. Updates and transactions are not.
    pub fn patient(self) -> Table {
        Table { again: FRUITLESS_CALLS, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its calls were charged so far, as far as they were answered: a call that the SDK repeats by itself is charged
    /// each time, and tells of the last.
    pub fn units(&self) -> Units {
        self.meter.units()
    }

    /// Reads items by key (as [`key`] makes them, no two alike), in any order: each knows its key. `consistent` sees every
    /// write that was answered before.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn get(&self, keys: Vec<Attributes>, consistent: bool) -> Result<Vec<Attributes>, TableError> {
        let calls = keys.chunks(MAX_GET_KEYS).map(<[Attributes]>::to_vec).collect::<Vec<_>>();
        let calls = stream::iter(calls.into_iter().map(|keys| self.get_some(keys, consistent)));
        let found: Vec<Vec<Attributes>> = calls.buffer_unordered(GETS_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Reads one item.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn get_one(
        &self,
        partition: &str,
        sort: &str,
        consistent: bool,
    ) -> Result<Option<Attributes>, TableError> {
        let call = self.client.get_item().table_name(&self.name).set_key(Some(key(partition, sort)));
        let call = call.consistent_read(consistent).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let send = || async { call.clone().send().await.map_err(|error| classify(&self.name, &error)) };
        let answer = patiently(self.again, send).await?;
        self.meter.note_read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// What a call leaves unprocessed, for its size or for want of throughput, is asked for again, more and more patiently
    /// while nothing comes.
    async fn get_some(&self, keys: Vec<Attributes>, consistent: bool) -> Result<Vec<Attributes>, TableError> {
        let (mut left, mut found, mut fruitless) = (keys, Vec::new(), 0);
        loop {
            let before = left.len();
            let (some, unprocessed) = patiently(self.again, || self.get_once(left.clone(), consistent)).await?;
            found.extend(some);
            if unprocessed.is_empty() {
                return Ok(found);
            }
            fruitless = if unprocessed.len() < before { 0 } else { fruitless + 1 };
            if fruitless == FRUITLESS_CALLS {
                return Err(TableError::Throttled { table: self.name.clone() });
            }
            backoff::wait(fruitless).await;
            left = unprocessed;
        }
    }

    /// The items that a call found, and the keys that it left.
    async fn get_once(
        &self,
        keys: Vec<Attributes>,
        consistent: bool,
    ) -> Result<(Vec<Attributes>, Vec<Attributes>), TableError> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build();
        let wanted = wanted.map_err(|error| self.refused(error.to_string()))?;
        let call = self.client.batch_get_item().request_items(&self.name, wanted);
        let answer = call.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await;
        let answer = answer.map_err(|error| classify(&self.name, &error))?;
        self.meter.note_read(answer.consumed_capacity());
        // One table was asked: whatever name it goes by in the answer.
        let found = answer.responses.into_iter().flat_map(HashMap::into_values).flatten().collect();
        let left = answer.unprocessed_keys.into_iter().flat_map(HashMap::into_values).flat_map(|left| left.keys);
        Ok((found, left.collect()))
    }

    /// Puts an item, its keys among its attributes, if the condition holds.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn put(&self, item: Attributes, condition: Option<Condition>) -> Result<Written, TableError> {
        let condition = condition.unwrap_or_default();
        patiently(self.again, || self.put_once(item.clone(), condition.clone())).await
    }

    async fn put_once(&self, item: Attributes, condition: Condition) -> Result<Written, TableError> {
        let call = self.client.put_item().set_item(Some(item));
        Ok(match write_if!(self, call, condition, PutItemError)? {
            Ok(_) => Written::Done,
            Err(there) => Written::Refused(there),
        })
    }

    /// Changes attributes of an item by an update expression (`SET …`, `ADD …`), if the condition holds; its values and names
    /// are the condition's. Answers the item's attributes afterwards.
    ///
    /// # Errors
    /// [`TableError`]; a condition that does not hold is `Ok(Err(item))`.
    pub async fn update(
        &self,
        partition: &str,
        sort: &str,
        update: &str,
        condition: Condition,
    ) -> Result<Result<Attributes, Option<Attributes>>, TableError> {
        let call = self.client.update_item().set_key(Some(key(partition, sort)));
        let call = call.update_expression(update).return_values(ReturnValue::AllNew);
        let written = write_if!(self, call, condition, UpdateItemError)?;
        Ok(written.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// Deletes an item if the condition holds. Without one, fine if there is none.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn delete(
        &self,
        partition: &str,
        sort: &str,
        condition: Option<Condition>,
    ) -> Result<Written, TableError> {
        let condition = condition.unwrap_or_default();
        patiently(self.again, || self.delete_once(key(partition, sort), condition.clone())).await
    }

    async fn delete_once(&self, key: Attributes, condition: Condition) -> Result<Written, TableError> {
        let call = self.client.delete_item().set_key(Some(key));
        Ok(match write_if!(self, call, condition, DeleteItemError)? {
            Ok(_) => Written::Done,
            Err(there) => Written::Refused(there),
        })
    }

    /// Every item of a partition whose sort key starts with a prefix, in order of sort key.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn query(&self, partition: &str, prefix: &str, consistent: bool) -> Result<Vec<Attributes>, TableError> {
        let (mut items, mut from) = (Vec::new(), None);
        loop {
            let page = self.query_page(partition, prefix, consistent, from, None).await?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            from = Some(next);
        }
    }

    /// One page of a query: from the key that the page before ended with, at most so many items, at most 1 MB.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn query_page(
        &self,
        partition: &str,
        prefix: &str,
        consistent: bool,
        from: Option<Attributes>,
        most: Option<usize>,
    ) -> Result<Page, TableError> {
        let mut call = self.client.query().table_name(&self.name).consistent_read(consistent);
        call = call
            .expression_attribute_names("#pk", PARTITION)
            .expression_attribute_values(":pk", AttributeValue::S(partition.into()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .set_exclusive_start_key(from)
            .set_limit(most.map(|most| i32::try_from(most.max(1)).unwrap_or(i32::MAX)));
        call = match prefix {
            "" => call.key_condition_expression("#pk = :pk"),
            prefix => call
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)")
                .expression_attribute_names("#sk", SORT)
                .expression_attribute_values(":sk", AttributeValue::S(prefix.into())),
        };
        let send = || async { call.clone().send().await.map_err(|error| classify(&self.name, &error)) };
        let answer = patiently(self.again, send).await?;
        self.meter.note_read(answer.consumed_capacity());
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty());
        Ok(Page { items: answer.items.unwrap_or_default(), next })
    }

    /// Makes writes together or none of them; at most 100, each of another item, at twice their price.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn transact(&self, writes: Vec<transaction::Write>) -> Result<transaction::Transacted, TableError> {
        transaction::transact(self, writes).await
    }

    /// A failed condition is charged by the item that is there, and the answer does not say so.
    fn condition_failed(&self, there: Option<&Attributes>) -> Option<Attributes> {
        self.meter.add_write(write_units(there.map_or(0, item_bytes)));
        there.cloned()
    }

    pub(crate) fn refused(&self, reason: String) -> TableError {
        TableError::Refused { table: self.name.clone(), reason }
    }
}
