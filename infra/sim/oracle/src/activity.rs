//! METRICS.md, "Course and learner": who is active.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::event::Event;

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;

/// One UTC minute of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Its start, in milliseconds since 1970 UTC.
    pub minute_millis: i64,
    /// Distinct learners with an event in it.
    pub active: i64,
}

/// When each event was: (minute since 1970 UTC, day since 1970 in the course's zone, learner).
pub(crate) struct Activity<'e> {
    events: Vec<(i64, i64, &'e str)>,
    minute: i64,
    day: i64,
}

impl<'e> Activity<'e> {
    /// Of learners' events, at T.
    pub(crate) fn of(events: &[&'e Event], zone: &str, at_millis: i64) -> Activity<'e> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let placed = |event: &&'e Event| {
            let at = event.active_at()?;
            Some((at.div_euclid(MINUTE_MILLIS), local_day(at, &zone), event.learner()))
        };
        Activity {
            events: events.iter().filter_map(placed).collect(),
            minute: at_millis.div_euclid(MINUTE_MILLIS),
            day: local_day(at_millis, &zone),
        }
    }

    /// Distinct learners in the minute of T and those before it, `count` in all.
    pub(crate) fn in_last_minutes(&self, count: i64) -> i64 {
        self.distinct(|minute, _| (self.minute - count + 1..=self.minute).contains(&minute))
    }

    /// Distinct learners on the day of T and those before it, `count` in all.
    pub(crate) fn in_last_days(&self, count: i64) -> i64 {
        self.distinct(|_, day| (self.day - count + 1..=self.day).contains(&day))
    }

    /// Each of the minutes that end with that of T.
    pub(crate) fn last_minutes(&self, count: i64) -> Vec<Minute> {
        let there: BTreeSet<(i64, &str)> = self.events.iter().map(|(minute, _, learner)| (*minute, *learner)).collect();
        let active = |minute| there.range((minute, "")..(minute + 1, "")).count() as i64;
        let minutes = self.minute - count + 1..=self.minute;
        minutes.map(|minute| Minute { minute_millis: minute * MINUTE_MILLIS, active: active(minute) }).collect()
    }

    fn distinct(&self, is_in: impl Fn(i64, i64) -> bool) -> i64 {
        let inside = self.events.iter().filter(|(minute, day, _)| is_in(*minute, *day));
        inside.map(|(_, _, learner)| learner).collect::<BTreeSet<_>>().len() as i64
    }
}

/// Days since 1970 in a zone; beyond the calendar, in UTC.
pub(crate) fn local_day(at_millis: i64, zone: &TimeZone) -> i64 {
    let offset = Timestamp::from_millisecond(at_millis).map_or(0, |at| zone.to_offset(at).seconds());
    (at_millis + i64::from(offset) * 1000).div_euclid(DAY_MILLIS)
}
