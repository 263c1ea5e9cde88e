//! A live table in memory, for tests: nothing outlives it, so all of it is as durable as it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::limits;
use crate::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

/// A table in memory.
#[derive(Debug, Default)]
pub struct MemoryTable {
    items: Mutex<BTreeMap<Key, Item>>,
}

impl MemoryTable {
    /// An empty table.
    pub fn new() -> MemoryTable {
        MemoryTable::default()
    }

    fn with_items<R>(&self, act: impl FnOnce(&mut BTreeMap<Key, Item>) -> R) -> R {
        act(&mut self.items.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl LiveTable for MemoryTable {
    async fn get(&self, keys: Vec<Key>, _consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        Ok(self.with_items(|items| keys.iter().map(|key| items.get(key).cloned()).collect()))
    }

    async fn replace(&self, replacements: Vec<Replacement>, _durable: bool) -> Result<Vec<Replaced>, LiveError> {
        limits::check(&replacements)?;
        Ok(self.with_items(|items| replacements.into_iter().map(|replacement| put(items, replacement)).collect()))
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        Ok(self.with_items(|items| {
            let mut remove = |(key, watermarks): (Key, Watermarks)| {
                let is_there = holds(items.get(&key).map(|item| &item.watermarks), &Some(watermarks));
                is_there && items.remove(&key).is_some()
            };
            removals.into_iter().map(&mut remove).collect()
        }))
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        _consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        let first = Key { partition: partition.to_string(), sort: sort_prefix.to_string() };
        Ok(self.with_items(|items| {
            let from_prefix = items.range(first..).map(|(_, item)| item);
            let matches = |item: &&Item| item.key.partition == partition && item.key.sort.starts_with(sort_prefix);
            from_prefix.take_while(matches).cloned().collect()
        }))
    }
}

fn put(items: &mut BTreeMap<Key, Item>, replacement: Replacement) -> Replaced {
    let there = items.get(&replacement.item.key);
    if !holds(there.map(|item| &item.watermarks), &replacement.expected) {
        return Replaced::Conflict(there.cloned());
    }
    items.insert(replacement.item.key.clone(), replacement.item);
    Replaced::Written
}

/// Whether the stored watermark is the one that the writer knows.
pub(crate) fn holds(there: Option<&Watermarks>, expected: &Option<Watermarks>) -> bool {
    there == expected.as_ref()
}

#[cfg(test)]
mod tests {
    use super::MemoryTable;

    crate::live_table_contract!(((), MemoryTable::new()));
}
