//! How items are named: a partition and a sort key, both text that people can read (a `|` within a tenant's or a course's
//! own name stands as U+0001, which no id may hold).
//!
//! | item | partition | sort key | attributes beside the keys |
//! | --- | --- | --- | --- |
//! | identity | `identity│tenant│pseudonym` | `identity` | `n` (N), `sealed` (B, the raw id; none once the learner was erased) |
//! | quarantine row | `row│key` | `row` | `head` (B, the packed row without its bytes), `received` (N, ms), `redriven` (N, ms) and `marked_by` (S) once driven again, `sealed` (B) or `parts` (N) and `parts_of` (S); for people `tenant`, `source`, `code`, `field`, `message`; `expires` |
//! | … found by arrival | `arrived│day│slice` | `received│key` | `expires` |
//! | … found by learner | `about│tenant│pseudonym` | `received│key` | `expires` |
//! | settings in force | `settings│tenant│course` | `current` | `version` (N), `settings` (S, JSON) or `parts` and `parts_of`, `changed_by` (S) |
//! | settings before | as above | `version│number` | the same |
//! | a line of the log | as above | `log│time│version│mark` | `entry` (S, JSON) |
//! | a part of bytes that outgrow their item | that of the item | `part│mark│number` | `bytes` (B), `expires` in the quarantine |
//! | checkpoint | `checkpoint│mapping` | `shard` | `done` (S, 129 decimal digits) |
//!
//! (│ stands for `|`.) A pseudonym, a row's key and a mark are 32 hexadecimal digits. Days count from 1970 UTC, times are
//! milliseconds since then in 20 digits, versions have 10, all so that they sort. `expires` (N, seconds) is when TTL may
//! delete an item. A row's *slice*, 0 to 7, is that of its key, so that a day of many refusals is eight partitions.

use trilha_collector::quarantine::{Cursor, RowKey};
use trilha_schemas::ids::Pseudonym;

/// A day's rows lie in so many partitions.
pub(crate) const SLICES: u8 = 8;
/// The sort key of an identity.
pub(crate) const IDENTITY: &str = "identity";
/// The sort key of a quarantine row.
pub(crate) const ROW: &str = "row";
/// The sort key of the settings in force.
pub(crate) const CURRENT: &str = "current";
/// What the sort keys of a course's log begin with.
pub(crate) const LOG: &str = "log|";

pub(crate) fn identity(tenant: &str, pseudonym: Pseudonym) -> String {
    format!("identity|{}|{pseudonym}", part(tenant))
}

pub(crate) fn row(key: RowKey) -> String {
    format!("row|{key}")
}

pub(crate) fn row_in(partition: &str) -> Option<RowKey> {
    RowKey::from_hex(partition.strip_prefix("row|")?)
}

pub(crate) fn arrived(day: i64, slice: u8) -> String {
    format!("arrived|{day}|{slice}")
}

/// The slice that a row is found in.
pub(crate) fn slice(key: RowKey) -> u8 {
    key.0[0] % SLICES
}

/// The sort key by which a row is found.
pub(crate) fn place(at: Cursor) -> String {
    format!("{:020}|{}", at.received_millis.max(0), at.key)
}

pub(crate) fn place_in(sort: &str) -> Option<Cursor> {
    let (received, key) = sort.split_once('|')?;
    Some(Cursor { received_millis: received.parse().ok()?, key: RowKey::from_hex(key)? })
}

pub(crate) fn about(tenant: &str, pseudonym: Pseudonym) -> String {
    format!("about|{}|{pseudonym}", part(tenant))
}

pub(crate) fn settings(tenant: &str, course: &str) -> String {
    format!("settings|{}|{}", part(tenant), part(course))
}

pub(crate) fn version(number: u32) -> String {
    format!("version|{number:010}")
}

/// `version` is 0 where a line is of no change.
pub(crate) fn log_line(at_millis: i64, version: u32, mark: &str) -> String {
    format!("{LOG}{:020}|{version:010}|{mark}", at_millis.max(0))
}

pub(crate) fn part_of(mark: &str, number: usize) -> String {
    format!("part|{mark}|{number:04}")
}

pub(crate) fn checkpoint(mapping: &str) -> String {
    format!("checkpoint|{}", part(mapping))
}

fn part(text: &str) -> String {
    text.replace('|', "\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_does_not_run_into_the_next() {
        assert_ne!(settings("a|b", "c"), settings("a", "b|c"));
        assert_ne!(settings("ab", "c"), settings("a", "bc"));
        assert_ne!(identity("a|", Pseudonym([1; 16])), identity("a", Pseudonym([1; 16])));
    }

    #[test]
    fn places_sort_as_rows_arrive_and_read_back() {
        let at = |received_millis, key| Cursor { received_millis, key: RowKey([key; 16]) };
        let arrived = [at(0, 9), at(999, 255), at(1_000, 0), at(1_000, 1), at(1_772_479_800_000, 0)];
        assert!(arrived.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
        assert!(arrived.iter().all(|at| place_in(&place(*at)) == Some(*at)));
        assert_eq!(place_in("1772479800000"), None);
    }

    #[test]
    fn a_rows_key_reads_back_from_its_partition() {
        assert_eq!(row_in(&row(RowKey([0xab; 16]))), Some(RowKey([0xab; 16])));
        assert_eq!(row_in("row|ab"), None);
    }

    #[test]
    fn log_lines_sort_by_time_then_version() {
        assert!(log_line(9, 0, "z") < log_line(10, 0, "a"));
        assert!(log_line(10, 9, "z") < log_line(10, 10, "a"));
    }
}
