//! METRICS.md, Course and learner: who was there.

use std::collections::BTreeSet;

use trilha_schemas::event::Event;
use trilha_schemas::flags::Flags;

use super::time;

/// All that was ever there.
pub struct Activity<'e> {
    events: &'e [Event],
}

impl<'e> Activity<'e> {
    pub fn of(events: &'e [Event]) -> Activity<'e> {
        Activity { events }
    }

    /// Distinct learners, ever.
    pub fn learners(&self) -> i64 {
        self.distinct(|_| true)
    }

    /// Distinct learners in the minutes from `first` to `last`.
    pub fn in_minutes(&self, first: i64, last: i64) -> i64 {
        self.distinct(|event| counts(event) && (first..=last).contains(&time(event).div_euclid(60_000)))
    }

    /// Distinct learners in the days from `first` to `last`, in the course's zone.
    pub fn in_days(&self, first: i64, last: i64) -> i64 {
        self.distinct(|event| {
            let local = time(event) + i64::from(event.zone_offset_minutes) * 60_000;
            counts(event) && (first..=last).contains(&local.div_euclid(86_400_000))
        })
    }

    fn distinct(&self, there: impl Fn(&Event) -> bool) -> i64 {
        let learners: BTreeSet<_> =
            self.events.iter().filter(|event| there(event)).map(|event| event.learner).collect();
        learners.len() as i64
    }
}

/// Minutes and days take events with a time of their own, up to 48 h late.
fn counts(event: &Event) -> bool {
    event.time_millis.is_some() && !event.flags.contains(Flags::LATE)
}
