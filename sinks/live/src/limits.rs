//! What a table takes, after DynamoDB: keys and items have greatest sizes, and no key is empty.

use trilha_schemas::sequence::SequenceNumber;

use crate::port::{Item, Key, LiveError, Replacement};

/// The longest partition key, in bytes.
pub const MAX_PARTITION_BYTES: usize = 2048;
/// The longest sort key, in bytes.
pub const MAX_SORT_BYTES: usize = 1024;
/// The largest item, in bytes: key, watermarks, value and what the table adds, together.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;
/// What a table adds to an item at most: the names of its parts, which count, and a word that says what it is.
pub const ITEM_OVERHEAD_BYTES: usize = 48;
/// A sequence number takes so many bytes where it has up to 57 digits, as every stream's has today…
pub const NUMBER_BYTES: usize = 24;
/// … and so many where it is longer.
pub const LONG_NUMBER_BYTES: usize = 54;

/// An item's size as the limit counts it, and as who pays for bytes is charged.
pub fn item_bytes(item: &Item) -> usize {
    let watermarks: usize = item.watermarks.iter().map(|(shard, number)| 1 + shard.len() + number_bytes(&number)).sum();
    ITEM_OVERHEAD_BYTES + item.key.partition.len() + item.key.sort.len() + watermarks + item.value.len()
}

/// How many bytes a sequence number takes: one width for all, so that they compare as bytes, but for the very long.
pub fn number_bytes(number: &SequenceNumber) -> usize {
    if number.to_stored().len() <= NUMBER_BYTES { NUMBER_BYTES } else { LONG_NUMBER_BYTES }
}

/// Refuses a call of which any item cannot be stored, before anything of it is written.
pub fn check(replacements: &[Replacement]) -> Result<(), LiveError> {
    replacements.iter().try_for_each(|replacement| check_item(&replacement.item))
}

/// Refuses a key that no item can have.
pub fn check_key(key: &Key) -> Result<(), LiveError> {
    within(key, "the partition key", key.partition.len(), MAX_PARTITION_BYTES)?;
    within(key, "the sort key", key.sort.len(), MAX_SORT_BYTES)
}

fn check_item(item: &Item) -> Result<(), LiveError> {
    check_key(&item.key)?;
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
