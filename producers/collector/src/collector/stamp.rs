//! What the collector adds to an event: arrival, pseudonym, event id, the course's zone and settings version, flags.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trilha_schemas::event::{Event, Protocol, SentEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::time::is_absurd;

use super::Arrival;
use crate::settings::Settings;

/// An event's time may lie this far ahead of its arrival, in milliseconds: 5 min.
const MAX_AHEAD_MILLIS: i64 = 5 * 60_000;
/// An event that arrives later than this after its time counts in totals alone; milliseconds: 48 h.
const MAX_LATE_MILLIS: i64 = 48 * 3_600_000;

/// What the events of a request share.
pub(super) struct Batch<'a> {
    pub(super) tenant: &'a str,
    pub(super) protocol: Protocol,
    pub(super) arrival: Arrival,
}

/// What the events of a course share.
pub(super) struct Course {
    settings_version: u32,
    counted_protocol: Option<Protocol>,
    zone: TimeZone,
}

impl Course {
    pub(super) fn new(settings: Arc<Settings>) -> Course {
        // A zone was known when it was stored; one that a later database lacks leaves UTC.
        let zone = TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC);
        Course { settings_version: settings.version, counted_protocol: settings.counted_protocol, zone }
    }

    /// Minutes to add to UTC, rounded down; 0 beyond the years that the calendar has.
    fn offset_minutes(&self, millis: i64) -> i16 {
        let offset = |time: Timestamp| self.zone.to_offset(time).seconds().div_euclid(60) as i16;
        Timestamp::from_millisecond(millis).map_or(0, offset)
    }
}

impl Batch<'_> {
    pub(super) fn stamp(&self, sent: SentEvent, learner: Pseudonym, course: &Course) -> Event {
        let (id, source) = EventId::of(self.tenant, &learner, &sent);
        let arrival_millis = match self.arrival {
            Arrival::Live { now_millis } => now_millis,
            Arrival::Replay { now_millis } => sent.time_millis.unwrap_or(now_millis),
        };
        let mut flags = sent.flags;
        flags.insert(time_flags(sent.time_millis, arrival_millis));
        if course.counted_protocol.is_some_and(|counted| counted != self.protocol) {
            flags.insert(Flags::OTHER_PROTOCOL);
        }
        let mut event = Event {
            id,
            learner,
            course: sent.course,
            session: sent.session,
            role: sent.role,
            title: sent.title,
            time_millis: sent.time_millis,
            arrival_millis,
            zone_offset_minutes: 0,
            settings_version: course.settings_version,
            flags,
            protocol: self.protocol,
            source,
            body: sent.body,
        };
        event.zone_offset_minutes = course.offset_minutes(event.view_time_millis().unwrap_or(arrival_millis));
        event
    }
}

fn time_flags(time_millis: Option<i64>, arrival_millis: i64) -> Flags {
    let mut flags = Flags::empty();
    let Some(time) = time_millis else { return flags };
    if time.saturating_sub(arrival_millis) > MAX_AHEAD_MILLIS {
        flags.insert(Flags::FUTURE_TIME);
    }
    if arrival_millis.saturating_sub(time) > MAX_LATE_MILLIS {
        flags.insert(Flags::LATE);
    }
    if is_absurd(time) {
        flags.insert(Flags::ABSURD_TIME);
    }
    flags
}

/// The distinct values of a list, and where each entry's value is among them.
pub(super) struct Distinct<'a> {
    values: Vec<&'a str>,
    places: Vec<Option<usize>>,
}

impl<'a> Distinct<'a> {
    pub(super) fn of(list: impl Iterator<Item = Option<&'a str>>) -> Distinct<'a> {
        let mut place_of: HashMap<&str, usize> = HashMap::new();
        let mut distinct = Distinct { values: Vec::new(), places: Vec::with_capacity(list.size_hint().0) };
        for value in list {
            let place = value.map(|value| match distinct.same_as_last(value) {
                Some(place) => place,
                None => *place_of.entry(value).or_insert_with(|| {
                    distinct.values.push(value);
                    distinct.values.len() - 1
                }),
            });
            distinct.places.push(place);
        }
        distinct
    }

    pub(super) fn values(&self) -> &[&'a str] {
        &self.values
    }

    pub(super) fn into_places(self) -> Vec<Option<usize>> {
        self.places
    }

    /// Most lists hold runs of one value.
    fn same_as_last(&self, value: &str) -> Option<usize> {
        let last = self.places.last().copied().flatten()?;
        (self.values[last] == value).then_some(last)
    }
}
