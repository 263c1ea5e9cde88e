//! What a table takes, after DynamoDB: keys and items have greatest sizes, and no key is empty.

use crate::port::{Item, Key, LiveError, Replacement};

/// The longest partition key, in bytes.
pub const MAX_PARTITION_BYTES: usize = 2048;
/// The longest sort key, in bytes.
pub const MAX_SORT_BYTES: usize = 1024;
/// The largest item, in bytes: key, watermarks and value together.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// An item's size as the limit counts it: its key, its watermarks and its value.
pub fn item_bytes(item: &Item) -> usize {
    let watermarks: usize = item.watermarks.iter().map(|(shard, number)| shard.len() + number.to_stored().len()).sum();
    item.key.partition.len() + item.key.sort.len() + watermarks + item.value.len()
}

/// Refuses a call of which any item cannot be stored, before anything of it is written.
pub fn check(replacements: &[Replacement]) -> Result<(), LiveError> {
    replacements.iter().try_for_each(|replacement| check_item(&replacement.item))
}

fn check_item(item: &Item) -> Result<(), LiveError> {
    within(&item.key, "the partition key", item.key.partition.len(), MAX_PARTITION_BYTES)?;
    within(&item.key, "the sort key", item.key.sort.len(), MAX_SORT_BYTES)?;
    within(&item.key, "the item", item_bytes(item), MAX_ITEM_BYTES)
}

fn within(key: &Key, what: &str, bytes: usize, most: usize) -> Result<(), LiveError> {
    let reason = match bytes {
        0 => format!("{what} is empty"),
        _ if bytes > most => format!("{what} has {bytes} bytes, more than {most}"),
        _ => return Ok(()),
    };
    Err(LiveError::Unstorable { key: key.clone(), reason })
}
