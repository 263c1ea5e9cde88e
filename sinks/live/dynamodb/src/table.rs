//! The port, call by call.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt, stream};
use trilha_dynamodb::{Table, TableError, Units, Written, key};
use trilha_live::limits;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

use crate::item::{from_attributes, stands_at, to_attributes};

/// So many writes of one call are under way at once.
const WRITES_AT_ONCE: usize = 32;

/// Live items in a DynamoDB table; the crate's page says how they lie there. Every write is durable when it answers.
///
/// The client may repeat a call by itself, though it was done: the put then fails its condition, and what is there is the
/// caller's own item. It reads again, as after any conflict, and finds its work done.
///
/// A table whose capacity is used up refuses calls until it has more: a call that meets this waits and is made again, for some
/// seconds, so that a burst of puts takes as long as the table needs and the batch is not folded again for it. A put is
/// answered when it is done, and not before.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    table: Table,
}

impl DynamoTable {
    /// Live items in this table.
    pub fn new(table: Table) -> DynamoTable {
        DynamoTable { table: table.patient() }
    }

    /// What calls were charged so far, those of other users of the same [`Table`] among them.
    pub fn units(&self) -> Units {
        self.table.units()
    }

    async fn put(&self, replacement: Replacement) -> Result<Replaced, LiveError> {
        let condition = stands_at(replacement.expected.as_ref());
        let key = replacement.item.key.clone();
        match self.table.put(to_attributes(replacement.item), Some(condition)).await {
            Ok(Written::Done) => Ok(Replaced::Written),
            Ok(Written::Refused(there)) => Ok(Replaced::Conflict(there.map(from_attributes).transpose()?)),
            Err(error) => Err(put_error(key, error)),
        }
    }

    /// The puts of one key, in their order. Once any put of the call has failed, no other is begun.
    async fn put_in_order(
        &self,
        puts: Vec<(usize, Replacement)>,
        failed: &AtomicBool,
    ) -> Result<Vec<(usize, Replaced)>, LiveError> {
        let mut results = Vec::with_capacity(puts.len());
        for (at, replacement) in puts {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            let result = self.put(replacement).await;
            results.push((at, result.inspect_err(|_| failed.store(true, Ordering::Relaxed))?));
        }
        Ok(results)
    }

    async fn delete(&self, key: Key, watermarks: Watermarks) -> Result<bool, LiveError> {
        if limits::check_key(&key).is_err() {
            return Ok(false);
        }
        let written = self.table.delete(&key.partition, &key.sort, Some(stands_at(Some(&watermarks)))).await;
        Ok(written.map_err(live_error)? == Written::Done)
    }
}

impl LiveTable for DynamoTable {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        // The service takes no key twice, and none that no item can have.
        let wanted: BTreeSet<&Key> = keys.iter().filter(|key| limits::check_key(key).is_ok()).collect();
        let wanted = wanted.into_iter().map(|wanted| key(&wanted.partition, &wanted.sort)).collect();
        let found = self.table.get(wanted, consistency == Consistency::Strong).await.map_err(live_error)?;
        let items = found.into_iter().map(|item| from_attributes(item).map(|item| (item.key.clone(), item)));
        let items = items.collect::<Result<HashMap<Key, Item>, LiveError>>()?;
        Ok(keys.iter().map(|key| items.get(key).cloned()).collect())
    }

    /// Puts run side by side, those of one key one after the other. When this answers, none of them is under way, as far
    /// as the client knows.
    async fn replace(&self, replacements: Vec<Replacement>, _durable: bool) -> Result<Vec<Replaced>, LiveError> {
        limits::check(&replacements)?;
        let failed = AtomicBool::new(false);
        let puts: Vec<_> = by_key(replacements).into_iter().map(|puts| self.put_in_order(puts, &failed)).collect();
        let done: Vec<_> = stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).collect().await;
        let mut results: Vec<(usize, Replaced)> = Vec::new();
        for done in done {
            results.extend(done?);
        }
        results.sort_unstable_by_key(|(at, _)| *at);
        Ok(results.into_iter().map(|(_, replaced)| replaced).collect())
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        let deletes: Vec<_> = removals.into_iter().map(|(key, watermarks)| self.delete(key, watermarks)).collect();
        let done: Vec<_> = stream::iter(deletes).buffered(WRITES_AT_ONCE).collect().await;
        done.into_iter().collect()
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        let fits = (1..=limits::MAX_PARTITION_BYTES).contains(&partition.len());
        if !fits || sort_prefix.len() > limits::MAX_SORT_BYTES {
            return Ok(Vec::new());
        }
        let found = self.table.query(partition, sort_prefix, consistency == Consistency::Strong).await;
        found.map_err(live_error)?.into_iter().map(from_attributes).collect()
    }
}

/// Puts with their places in the call, those of one key together and in their order.
fn by_key(replacements: Vec<Replacement>) -> Vec<Vec<(usize, Replacement)>> {
    let mut chains: Vec<Vec<(usize, Replacement)>> = Vec::with_capacity(replacements.len());
    let mut chain_of: BTreeMap<Key, usize> = BTreeMap::new();
    for (at, replacement) in replacements.into_iter().enumerate() {
        let chain = *chain_of.entry(replacement.item.key.clone()).or_insert(chains.len());
        match chains.get_mut(chain) {
            Some(puts) => puts.push((at, replacement)),
            None => chains.push(vec![(at, replacement)]),
        }
    }
    chains
}

/// What the service says against a put as such, it says against its item.
fn put_error(key: Key, error: TableError) -> LiveError {
    match error {
        TableError::Refused { reason, .. } => LiveError::Unstorable { key, reason },
        error => live_error(error),
    }
}

fn live_error(error: TableError) -> LiveError {
    match error {
        TableError::Throttled { .. } => LiveError::Throttled,
        error => LiveError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_the_caller_does_next() {
        let (table, reason) = (|| "t".to_string(), || "ValidationException: no".to_string());
        let key = Key { partition: "p".into(), sort: "s".into() };
        let put = |error: TableError| put_error(key.clone(), error);
        let refused = put(TableError::Refused { table: table(), reason: reason() });
        assert!(matches!(&refused, LiveError::Unstorable { key: there, .. } if *there == key), "{refused:?}");
        assert!(matches!(put(TableError::Throttled { table: table() }), LiveError::Throttled));
        let unavailable = put(TableError::Unavailable { table: table(), reason: reason() });
        assert!(matches!(unavailable, LiveError::Unavailable(_)), "{unavailable:?}");
        let read = live_error(TableError::Refused { table: table(), reason: reason() });
        assert!(matches!(read, LiveError::Unavailable(_)), "{read:?}");
    }
}
