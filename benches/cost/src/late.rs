//! How late events come: the class alone, for long enough that the latest do.

use std::collections::BTreeMap;

use crate::asked::{Asked, COMPACTION_SECONDS, Plan};
use crate::counts::Late;
use crate::load::{Load, START_MILLIS};

const COMPACTION_MILLIS: i64 = (COMPACTION_SECONDS * 1_000.0) as i64;
const DAY_MILLIS: i64 = 86_400_000;
/// The latest events of the class are 60 hours late.
const DAYS: i64 = 4;

/// A part of the class is enough: twice as many learners are late twice as often.
const MOST_COURSES: u64 = 8;
/// Just after midnight everything is of the day before, and a part of the class says so as well as the whole.
const OF_MIDNIGHT: usize = 4;

/// What the compactions of a whole day find of the days before.
pub(crate) fn late(asked: &Asked, plan: &Plan) -> Late {
    let of_part = Asked { most_courses: MOST_COURSES.min(plan.sample_courses.into()), ..asked.clone() };
    let part = Plan::of(&of_part);
    let times = f64::from(plan.sample_courses) / f64::from(part.sample_courses);
    let found = compactions(&of_part, &part);
    let (mut days, mut rows) = (0.0, 0.0);
    for lag in 1..DAYS {
        let of_lag = |found: &BTreeMap<i64, u64>| found.get(&lag).copied().unwrap_or(0) as f64 * times;
        let (midnight, later) = found.split_at(OF_MIDNIGHT);
        let each = later.iter().map(of_lag).sum::<f64>() / later.len() as f64;
        days += later.len() as f64 * some(each);
        days += midnight.iter().map(|found| some(of_lag(found))).sum::<f64>();
        rows += found.iter().map(of_lag).sum::<f64>();
    }
    Late { days: days / found.len() as f64, rows: rows / days.max(f64::MIN_POSITIVE) }
}

/// How often there is any of what comes by chance, so many on average.
fn some(average: f64) -> f64 {
    1.0 - (-average).exp()
}

/// Of each compaction of the last day, how many events are so many days old.
fn compactions(asked: &Asked, plan: &Plan) -> Vec<BTreeMap<i64, u64>> {
    let mut load = Load::new(asked, plan);
    let last = START_MILLIS.div_euclid(DAY_MILLIS) + DAYS;
    load.until(last * DAY_MILLIS);
    let found = (1..=DAY_MILLIS / COMPACTION_MILLIS).map(|compaction| {
        let mut by_lag = BTreeMap::new();
        for request in load.until(last * DAY_MILLIS + compaction * COMPACTION_MILLIS) {
            request.days.iter().for_each(|(day, events)| *by_lag.entry(last - day).or_default() += events);
        }
        by_lag
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_opens_days_again_and_more_of_it_more_often() {
        let late = |events_per_day| {
            let asked = Asked { events_per_day, ..Asked::default() };
            late(&asked, &Plan::of(&asked))
        };
        let (few, many) = (late(50_000), late(100_000));
        assert!(few.days > 0.0 && few.days < many.days && many.days < 4.0, "{few:?}, {many:?}");
        assert!(few.rows >= 1.0, "{few:?}");
    }
}
