//! What one call may put.

use crate::port::{MAX_PUT_BYTES, MAX_PUT_ENTRIES, MAX_RECORD_BYTES, PutEntry, StreamError};

/// The longest partition key, in characters.
pub const MAX_PARTITION_KEY_CHARS: usize = 256;

/// Refuses a call that breaks a limit, before anything of it is written.
pub fn check(entries: &[PutEntry]) -> Result<(), StreamError> {
    if entries.is_empty() || entries.len() > MAX_PUT_ENTRIES {
        return Err(StreamError::Invalid(format!("a call puts 1 to {MAX_PUT_ENTRIES} records, not {}", entries.len())));
    }
    entries.iter().enumerate().try_for_each(|(at, entry)| check_entry(at, entry))?;
    let bytes: usize = entries.iter().map(entry_bytes).sum();
    if bytes > MAX_PUT_BYTES {
        return Err(StreamError::Invalid(format!("a call puts {MAX_PUT_BYTES} bytes at most, not {bytes}")));
    }
    Ok(())
}

/// What an entry counts: its data and its key.
pub(crate) fn entry_bytes(entry: &PutEntry) -> usize {
    entry.partition_key.len() + entry.data.len()
}

fn check_entry(at: usize, entry: &PutEntry) -> Result<(), StreamError> {
    let key_chars = entry.partition_key.chars().count();
    if key_chars == 0 || key_chars > MAX_PARTITION_KEY_CHARS {
        let most = MAX_PARTITION_KEY_CHARS;
        return Err(StreamError::Invalid(format!(
            "record {at}: a partition key has 1 to {most} characters, not {key_chars}"
        )));
    }
    if entry.data.len() > MAX_RECORD_BYTES {
        let bytes = entry.data.len();
        return Err(StreamError::Invalid(format!(
            "record {at}: a record has {MAX_RECORD_BYTES} bytes at most, not {bytes}"
        )));
    }
    Ok(())
}
