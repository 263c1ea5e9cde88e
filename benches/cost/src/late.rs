//! What late events make of compaction: the class alone, for long enough that the latest come, and the product's own rule
//! of which days wait.

use std::collections::BTreeMap;

use trilha_lake::manifest::{Backlog, Dirty};
use trilha_lake::{Day, Partition, Take};

use crate::asked::{Asked, Plan};
use crate::counts::Late;
use crate::load::{Load, START_MILLIS};
use crate::plant::TENANT;

const HOUR_MILLIS: i64 = 3_600_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// The latest events of the class are 60 hours late.
const DAYS: i64 = 4;
/// In this hour (UTC) a run plans all (`infra/aws/workflows/compaction.asl.json`).
const ALL_HOUR: i64 = 5;

/// What the workflow's plan takes at a time.
pub(crate) fn take(now_millis: i64) -> Take {
    let hour = now_millis.rem_euclid(DAY_MILLIS) / HOUR_MILLIS;
    if hour == ALL_HOUR { Take::All } else { Take::Due { now_millis } }
}

/// What the compactions of a whole day, one each so many seconds, take of the days before. Each finds so many landing files
/// that are new.
pub(crate) fn late(asked: &Asked, plan: &Plan, every_seconds: f64, new_files: f64) -> Late {
    let mut load = Load::new(asked, plan);
    let mut lake = Waiting { tenants: plan.tenants as f64, new_files, days: BTreeMap::new(), held: 0.0 };
    let (mut late, mut runs) = (Late::default(), 0.0);
    let counted = (START_MILLIS.div_euclid(DAY_MILLIS) + DAYS) * DAY_MILLIS;
    let step = (every_seconds * 1_000.0) as i64;
    let first = START_MILLIS.div_euclid(step) * step + step;
    for now in (first..=counted + DAY_MILLIS).step_by(step as usize) {
        lake.land(load.until(now).iter().flat_map(|request| &request.days));
        let held = lake.held;
        let taken = lake.compact(now);
        if now > counted {
            runs += 1.0;
            late.days += taken.days;
            late.rows += taken.rows;
            late.files += taken.files;
            late.held += held;
        }
    }
    let days = late.days.max(f64::MIN_POSITIVE);
    Late { days: late.days / runs, rows: late.rows / days, files: late.files / days, held: late.held / runs }
}

/// One institution's lake, as far as the plan looks at it.
struct Waiting {
    tenants: f64,
    new_files: f64,
    days: BTreeMap<i64, DayRows>,
    /// Landing files of earlier runs that stay because rows in them wait.
    held: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct DayRows {
    published: u64,
    pending: u64,
    /// Of those that have come since the last run.
    new: u64,
    /// Landing files that hold what is pending.
    files: f64,
}

impl Waiting {
    fn land<'a>(&mut self, rows: impl Iterator<Item = (&'a i64, &'a u64)>) {
        rows.for_each(|(day, rows)| self.days.entry(*day).or_default().new += rows);
        for rows in self.days.values_mut() {
            rows.pending += rows.new;
            rows.files += self.new_files * some(rows.new as f64 / self.new_files);
        }
    }

    /// What is taken of days before the present one.
    fn compact(&mut self, now_millis: i64) -> Late {
        // At midnight the day that has just ended is still the run's own.
        let today = (now_millis - 1).div_euclid(DAY_MILLIS);
        let mut taken = Late::default();
        for partition in take(now_millis).of(&self.backlog()) {
            let Day::Date(day) = partition.day else { continue };
            let Some(rows) = self.days.get_mut(&i64::from(day)) else { continue };
            if i64::from(day) < today {
                taken.days += 1.0;
                taken.rows += rows.pending as f64;
                taken.files += rows.files;
            }
            *rows = DayRows { published: rows.published + rows.pending, ..DayRows::default() };
        }
        self.hold();
        taken
    }

    fn backlog(&self) -> Backlog {
        let pending = self.days.iter().filter(|(_, rows)| rows.pending > 0);
        let dirty = pending.map(|(day, rows)| Dirty {
            partition: Partition { tenant: TENANT.into(), day: Day::Date(*day as i32) },
            pending_rows: rows.pending,
            generation: u64::from(rows.published > 0),
            published_rows: rows.published,
        });
        Backlog { files: (self.held + self.new_files) as usize, dirty: dirty.collect() }
    }

    /// Of the run's files those stay that hold a row of any institution that waits.
    fn hold(&mut self) {
        let new: u64 = self.days.values().map(|rows| rows.new).sum();
        let stay = self.new_files * some(new as f64 * self.tenants / self.new_files);
        let nothing_waits = self.days.values().all(|rows| rows.pending == 0);
        self.held = if nothing_waits { 0.0 } else { self.held + stay };
        self.days.values_mut().for_each(|rows| rows.new = 0);
    }
}

/// How often there is any of what comes by chance, so many on average.
fn some(average: f64) -> f64 {
    1.0 - (-average).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: f64 = 900.0;

    /// Four courses of each of some institutions.
    fn of(tenants: u64, new_files: f64) -> Late {
        let asked = Asked { events_per_day: 200_000, ..Asked::default() };
        late(&asked, &Plan { tenants, ..Plan::of(&asked) }, QUARTER, new_files)
    }

    #[test]
    fn days_that_are_over_are_taken_once_a_day_and_just_after_midnight() {
        let late = of(1, 3.0);
        // The runs of one hour, of at most three days; those of two hours, of one.
        assert!(late.days > 0.0 && late.days * 96.0 <= 4.0 * 3.0 + 8.0, "{late:?}");
        assert!(late.rows >= 1.0 && late.files <= late.rows && late.held > 10.0, "{late:?}");
    }

    #[test]
    fn the_more_files_land_the_earlier_nothing_waits() {
        let [few, many, most] = [3.0, 200.0, 1_000.0].map(|new_files| of(1_000, new_files));
        assert!(few.days < many.days && many.days < most.days, "{few:?}, {many:?}, {most:?}");
        assert!(many.held > 100.0 && many.held <= 700.0 && most.held == 0.0, "{many:?}, {most:?}");
    }

    #[test]
    fn files_stay_for_rows_of_any_institution() {
        let held = |tenants| {
            let mut lake = Waiting { tenants, new_files: 10.0, days: BTreeMap::new(), held: 0.0 };
            let rows = DayRows { published: 1_000, pending: 1, new: 1, files: 1.0 };
            lake.days.insert(0, rows);
            lake.hold();
            lake.held
        };
        assert!(held(1.0) < 1.0 && held(50.0) > 9.9, "{} {}", held(1.0), held(50.0));
    }

    #[test]
    fn in_one_hour_of_the_day_a_run_takes_all() {
        for (hour, all) in [(4, false), (5, true), (6, false)] {
            assert_eq!(take(20_000 * DAY_MILLIS + hour * HOUR_MILLIS) == Take::All, all, "{hour}");
        }
    }
}
