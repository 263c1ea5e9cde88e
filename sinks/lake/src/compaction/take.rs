//! Which partitions a plan takes.
//!
//! A day is rewritten whole, however few rows came late. Today's is worth that: somebody looks at it. Of a day that is over,
//! what comes late is from devices that were offline, a row here and there for days, and each run would find some: such a day
//! waits until a plan takes all.

use crate::manifest::{Backlog, Dirty};
use crate::partition::{Day, Partition};

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// Senders that gather, put again or were throttled are late by minutes, a batch of the lake by as many. Who is later than
/// this was offline, and the next may be a day later as well as an hour.
const OVER_AFTER_MILLIS: i64 = 2 * HOUR_MILLIS;
/// A day of which at least one row in so many would be new is taken at once: rewriting it is no waste.
const WORTH_ROWS: u64 = 8;
/// A landing file stays while rows of it wait. The list of files is read whole for every partition that is compacted, and a
/// generation has room for the names of some 1,000 listed ones, so that with more than half of that nothing waits.
const MOST_FILES: usize = 500;

/// What a plan takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Whatever is pending.
    All,
    /// Not what may wait for a plan that takes all: a few late rows of days that are over, and flags of their events.
    Due {
        /// The time, in milliseconds since 1970 UTC.
        now_millis: i64,
    },
}

impl Take {
    /// The partitions that are taken for their pending rows, in order.
    pub fn of(self, backlog: &Backlog) -> Vec<Partition> {
        let is_full = backlog.files > MOST_FILES;
        let taken = backlog.dirty.iter().filter(|dirty| is_full || !self.leaves_rows(dirty));
        taken.map(|dirty| dirty.partition.clone()).collect()
    }

    fn leaves_rows(self, dirty: &Dirty) -> bool {
        let is_worth_it = dirty.pending_rows.saturating_mul(WORTH_ROWS) >= dirty.published_rows;
        dirty.generation > 0 && !is_worth_it && self.leaves_flags(&dirty.partition)
    }

    /// Whether a partition waits of which nothing is new but flags. The unknown day is no day that anybody waits for.
    pub(crate) fn leaves_flags(self, partition: &Partition) -> bool {
        match (self, partition.day) {
            (Take::All, _) => false,
            (Take::Due { .. }, Day::Unknown) => true,
            (Take::Due { now_millis }, Day::Date(day)) => {
                now_millis >= (i64::from(day) + 1) * DAY_MILLIS + OVER_AFTER_MILLIS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: i32 = 20_000;
    /// Noon.
    const NOW: i64 = TODAY as i64 * DAY_MILLIS + 12 * HOUR_MILLIS;

    fn dirty(day: Day, generation: u64, pending_rows: u64, published_rows: u64) -> Dirty {
        Dirty { partition: Partition { tenant: "a".into(), day }, pending_rows, generation, published_rows }
    }

    fn is_taken(take: Take, files: usize, dirty: Dirty) -> bool {
        !take.of(&Backlog { files, dirty: vec![dirty] }).is_empty()
    }

    #[test]
    fn of_days_that_are_over_a_few_late_rows_wait() {
        let (yesterday, today) = (Day::Date(TODAY - 1), Day::Date(TODAY));
        for (is_due, case) in [
            (true, dirty(today, 3, 1, 1_000)),
            (true, dirty(Day::Date(TODAY + 1), 1, 1, 1_000)),
            (false, dirty(yesterday, 3, 1, 1_000)),
            (false, dirty(Day::Date(TODAY - 900), 1, 1, 1_000)),
            (false, dirty(Day::Unknown, 1, 1, 1_000)),
            // The first generation.
            (true, dirty(yesterday, 0, 1, 0)),
            (true, dirty(Day::Unknown, 0, 1, 0)),
            // An eighth.
            (false, dirty(yesterday, 3, 124, 1_000)),
            (true, dirty(yesterday, 3, 125, 1_000)),
            (true, dirty(yesterday, 3, u64::MAX, 1_000)),
        ] {
            assert_eq!(is_taken(Take::Due { now_millis: NOW }, 10, case.clone()), is_due, "{case:?}");
            assert!(is_taken(Take::All, 10, case));
        }
    }

    #[test]
    fn a_day_is_over_two_hours_after_its_end() {
        let end = (i64::from(TODAY) + 1) * DAY_MILLIS;
        for (after, is_due) in [(-1, true), (0, true), (2 * HOUR_MILLIS - 1, true), (2 * HOUR_MILLIS, false)] {
            let case = dirty(Day::Date(TODAY), 3, 1, 1_000);
            assert_eq!(is_taken(Take::Due { now_millis: end + after }, 10, case), is_due, "{after}");
        }
    }

    #[test]
    fn nothing_waits_when_too_many_files_would_stay_for_it() {
        for (files, is_due) in [(MOST_FILES, false), (MOST_FILES + 1, true)] {
            let case = dirty(Day::Date(TODAY - 1), 3, 1, 1_000);
            assert_eq!(is_taken(Take::Due { now_millis: NOW }, files, case), is_due, "{files}");
        }
    }

    #[test]
    fn of_many_those_that_are_due_are_taken_in_order() {
        let days = [TODAY - 2, TODAY - 1, TODAY].map(|day| dirty(Day::Date(day), 1, day as u64 % 3, 10));
        let backlog = Backlog { files: 3, dirty: days.to_vec() };
        let taken = Take::Due { now_millis: NOW }.of(&backlog);
        let expected = days.iter().filter(|dirty| dirty.pending_rows == 2 || dirty.partition.day == Day::Date(TODAY));
        assert_eq!(taken, expected.map(|dirty| dirty.partition.clone()).collect::<Vec<_>>());
    }
}
