//! Keys of the tables: parts of varying length after their lengths, so that one part never runs into the next.

use trilha_schemas::ids::Pseudonym;

use crate::quarantine::{Cursor, RowKey};

/// tenant's length (2 bytes, big-endian) · tenant · pseudonym.
pub(super) fn learner(tenant: &str, pseudonym: Pseudonym) -> Vec<u8> {
    let mut key = part(tenant);
    key.extend_from_slice(&pseudonym.0);
    key
}

/// [`learner`] · row key: the quarantine's rows about a learner.
pub(super) fn about(tenant: &str, pseudonym: Pseudonym, row: RowKey) -> Vec<u8> {
    let mut key = learner(tenant, pseudonym);
    key.extend_from_slice(&row.0);
    key
}

/// time (8 bytes, big-endian, sign bit turned) · row key: the quarantine's rows in order of arrival.
pub(super) fn arrival(at: Cursor) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&((at.received_millis as u64) ^ (1 << 63)).to_be_bytes());
    key[8..].copy_from_slice(&at.key.0);
    key
}

/// tenant's length · tenant · course's length · course · number (4 bytes, big-endian): a version or a line of the log.
pub(super) fn course(tenant: &str, course: &str, number: u32) -> Vec<u8> {
    let mut key = part(tenant);
    key.extend_from_slice(&part(course));
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The row key at the end of [`about`] or [`arrival`].
pub(super) fn row_at_end(key: &[u8]) -> Option<RowKey> {
    key.last_chunk().copied().map(RowKey)
}

/// Tenants and courses are far shorter than 64 KiB; one that is not is cut in its length alone, and still kept whole.
fn part(text: &str) -> Vec<u8> {
    let mut key = (text.len() as u16).to_be_bytes().to_vec();
    key.extend_from_slice(text.as_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_times_and_numbers_do() {
        let at = |received_millis| arrival(Cursor { received_millis, key: RowKey([9; 16]) });
        assert!(at(-5) < at(-1) && at(-1) < at(0) && at(0) < at(1_772_479_800_000));
        assert!(course("t", "c", 9) < course("t", "c", 256));
        assert_eq!(row_at_end(&at(3)), Some(RowKey([9; 16])));
    }

    #[test]
    fn one_part_does_not_run_into_the_next() {
        assert_ne!(course("ab", "c", 1), course("a", "bc", 1));
        assert_ne!(learner("ab", Pseudonym([1; 16])), learner("a", Pseudonym([1; 16])));
    }
}
