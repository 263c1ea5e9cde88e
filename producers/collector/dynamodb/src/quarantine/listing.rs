//! Where rows are found in order of arrival.

use std::ops::RangeInclusive;

use trilha_collector::quarantine::Cursor;
use trilha_dynamodb::{Attributes, SORT, Table, TableError, key};

use crate::attributes::text;
use crate::{at_once, keys};

const DAY_MILLIS: i64 = 86_400_000;
/// What has been due for longer is left to TTL, which has come to it by then: a week.
pub(super) const LEFT_TO_TTL_MILLIS: i64 = 7 * DAY_MILLIS;
/// So many places are read from a slice at a time: far less than a page of 1 MB, which would end in between.
const MOST_PLACES: usize = 1_000;

/// The day, from 1970 UTC, that a time lies in.
pub(super) fn day(millis: i64) -> i64 {
    millis.max(0).div_euclid(DAY_MILLIS)
}

/// The days from one time to another, and one more: another machine's clock may be ahead.
pub(super) fn days(from_millis: i64, to_millis: i64) -> RangeInclusive<i64> {
    day(from_millis)..=day(to_millis).saturating_add(1)
}

/// The places of a day after one of them, in order, at most so many; none at the end of the day.
pub(super) async fn arrived(table: &Table, day: i64, after: Cursor, most: usize) -> Result<Vec<Cursor>, TableError> {
    let most = most.min(MOST_PLACES);
    let pages = (0..keys::SLICES).map(|slice| async move {
        let partition = keys::arrived(day, slice);
        let from = key(&partition, &keys::place(after));
        table.query_page(&partition, "", true, Some(from), Some(most)).await
    });
    let pages = at_once::all(pages.collect()).await?;
    let mut found: Vec<_> = pages.iter().flat_map(|page| places(&page.items)).collect();
    found.sort_unstable();
    found.truncate(most);
    Ok(found)
}

/// The places that items are.
pub(super) fn places(items: &[Attributes]) -> Vec<Cursor> {
    items.iter().filter_map(|item| keys::place_in(text(item, SORT)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_reach_from_one_time_past_another() {
        assert_eq!(days(DAY_MILLIS - 1, DAY_MILLIS), 0..=2);
        assert_eq!(days(-5, 0), 0..=1);
    }
}
