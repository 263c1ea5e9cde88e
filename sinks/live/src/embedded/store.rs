//! The database: one table from (partition key, sort key) to the stored form of the content.

use std::collections::BTreeMap;

use redb::{Database, ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition};

use super::items::Items;
use super::unavailable;
use crate::codec::{self, Content};
use crate::port::{Key, LiveError, Watermarks};

const ITEMS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("items");

/// Makes the table, so that readers find it.
pub(super) fn create(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(ITEMS)?;
    Ok(transaction.commit()?)
}

/// Writes items in one transaction; durable when it returns.
pub(super) fn write(database: &Database, items: &Items) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(ITEMS)?;
        let mut stored = Vec::new();
        for (partition, sort, content) in items.in_order() {
            codec::encode(content, &mut stored);
            table.insert((partition, sort), stored.as_slice())?;
        }
    }
    Ok(transaction.commit()?)
}

/// Deletes items that stand at these watermarks, in one transaction; durable when it returns.
pub(super) fn remove(database: &Database, removals: &[(Key, Watermarks)]) -> Result<Vec<bool>, LiveError> {
    let transaction = database.begin_write().map_err(unavailable)?;
    let removed = {
        let mut table = transaction.open_table(ITEMS).map_err(unavailable)?;
        let mut remove = |(key, watermarks): &(Key, Watermarks)| {
            let place = (key.partition.as_str(), key.sort.as_str());
            let stored =
                table.get(place).map_err(unavailable)?.map(|stored| decode(key, stored.value())).transpose()?;
            let stands = stored.is_some_and(|content| content.watermarks == *watermarks);
            Ok(stands && table.remove(place).map_err(unavailable)?.is_some())
        };
        removals.iter().map(&mut remove).collect::<Result<Vec<bool>, LiveError>>()?
    };
    transaction.commit().map_err(unavailable)?;
    Ok(removed)
}

/// Reads what was durable when its transaction began.
pub(super) struct Reader(ReadOnlyTable<(&'static str, &'static str), &'static [u8]>);

impl Reader {
    pub(super) fn new(transaction: &ReadTransaction) -> Result<Reader, LiveError> {
        transaction.open_table(ITEMS).map(Reader).map_err(unavailable)
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Content>, LiveError> {
        let stored = self.0.get((key.partition.as_str(), key.sort.as_str())).map_err(unavailable)?;
        stored.map(|stored| decode(key, stored.value())).transpose()
    }

    /// What of a partition has a prefix.
    pub(super) fn query(&self, partition: &str, sort_prefix: &str) -> Result<BTreeMap<String, Content>, LiveError> {
        let mut items = BTreeMap::new();
        for entry in self.0.range((partition, sort_prefix)..).map_err(unavailable)? {
            let (key, stored) = entry.map_err(unavailable)?;
            let (stored_partition, sort) = key.value();
            if stored_partition != partition || !sort.starts_with(sort_prefix) {
                break;
            }
            let key = Key { partition: partition.to_string(), sort: sort.to_string() };
            let content = decode(&key, stored.value())?;
            items.insert(key.sort, content);
        }
        Ok(items)
    }
}

fn decode(key: &Key, stored: &[u8]) -> Result<Content, LiveError> {
    codec::decode(stored).ok_or_else(|| unavailable(format!("the item {key:?} is stored in an unknown form")))
}
