//! Ranges that stored values lie in. Whatever damaged ones say, sums and differences of them do not overflow, and what is
//! derived from them is bounded.

use trilha_schemas::packing::{Damaged, Input};

use crate::MAX_ITEM_BYTES;
use crate::views::versioned;

/// The year 33,658, either way: farther than the times that records tell.
const FARTHEST_TIME_MILLIS: u64 = 1_000_000_000_000_000;
/// 10⁹ s, either way: the positions that readers let in.
const FARTHEST_PLACE_MILLIS: u64 = 1_000_000_000_000;

/// A learner item's stored form after its version.
pub(crate) fn item(stored: &[u8]) -> Result<Input<'_>, Damaged> {
    versioned(within_bounds(stored)?)
}

/// The version, of those up to a latest one, and what comes after it.
pub(crate) fn item_up_to(latest: u8, stored: &[u8]) -> Result<(u8, Input<'_>), Damaged> {
    match within_bounds(stored)? {
        [version, rest @ ..] if (1..=latest).contains(version) => Ok((*version, Input::new(rest))),
        _ => Err(Damaged("the version of a stored item")),
    }
}

fn within_bounds(stored: &[u8]) -> Result<&[u8], Damaged> {
    if stored.len() > MAX_ITEM_BYTES { Err(Damaged("an item of over 64 KB")) } else { Ok(stored) }
}

/// A time (or an hour, or a day) so long after another.
pub(crate) fn time(before: i64, delta: i64) -> Result<i64, Damaged> {
    within(before, delta, FARTHEST_TIME_MILLIS).ok_or(Damaged("a time"))
}

/// A position so far from another.
pub(crate) fn place(before: i64, delta: i64) -> Result<i64, Damaged> {
    within(before, delta, FARTHEST_PLACE_MILLIS).ok_or(Damaged("a position"))
}

fn within(before: i64, delta: i64, farthest: u64) -> Option<i64> {
    before.checked_add(delta).filter(|value| value.unsigned_abs() <= farthest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_has_at_most_64_kb() {
        for (bytes, refused) in
            [(1, false), (MAX_ITEM_BYTES, false), (MAX_ITEM_BYTES + 1, true), (MAX_ITEM_BYTES + 2, true)]
        {
            let stored = vec![1; bytes];
            assert_eq!(
                within_bounds(&stored),
                if refused { Err(Damaged("an item of over 64 KB")) } else { Ok(&stored[..]) }
            );
        }
    }
}
