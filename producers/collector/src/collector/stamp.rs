//! What the collector adds to an event: arrival, pseudonym, event id, the course's zone and settings version, flags.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trilha_schemas::event::{Protocol, SentEventOf, Source, view_time_millis};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::record::{EventParts, Few, Parts};
use trilha_schemas::time::is_absurd;

use super::{Arrival, Sent};
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

/// A time zone and its IANA name.
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) zone: TimeZone,
}

/// What the events of a course share.
pub(super) struct Course<'a> {
    settings_version: u32,
    counted_protocol: Option<Protocol>,
    zone: Cow<'a, TimeZone>,
}

impl<'a> Course<'a> {
    /// `usual` is the zone of most courses, so that it need not be looked for.
    pub(super) fn new(settings: &Settings, usual: &'a Zone) -> Course<'a> {
        let zone = match settings.zone == usual.name {
            true => Cow::Borrowed(&usual.zone),
            // A zone was known when it was stored; one that a later database lacks leaves UTC.
            false => Cow::Owned(TimeZone::get(&settings.zone).unwrap_or(TimeZone::UTC)),
        };
        Course { settings_version: settings.version, counted_protocol: settings.counted_protocol, zone }
    }

    /// Minutes to add to UTC, rounded down; 0 beyond the years that the calendar has.
    fn offset_minutes(&self, millis: i64) -> i16 {
        let offset = |time: Timestamp| self.zone.to_offset(time).seconds().div_euclid(60) as i16;
        Timestamp::from_millisecond(millis).map_or(0, offset)
    }
}

/// An event and what the collector adds to it: put together as a whole it would be large, and moved.
pub(super) struct Stamped<'a, T> {
    pub(super) sent: &'a Sent<'a, T>,
    pub(super) learner: Pseudonym,
    event: &'a SentEventOf<T>,
    id: EventId,
    source: Source<&'a T>,
    arrival_millis: i64,
    zone_offset_minutes: i16,
    settings_version: u32,
    flags: Flags,
    protocol: Protocol,
}

impl<T: AsRef<str>> Parts for Stamped<'_, T> {
    type Text = T;

    #[inline]
    fn parts(&self) -> EventParts<'_, T> {
        EventParts {
            id: self.id,
            learner: self.learner,
            course: self.event.course.as_ref(),
            session: self.event.session.as_ref(),
            role: self.event.role,
            title: self.event.title.as_ref(),
            time_millis: self.event.time_millis,
            arrival_millis: self.arrival_millis,
            zone_offset_minutes: self.zone_offset_minutes,
            settings_version: self.settings_version,
            flags: self.flags,
            protocol: self.protocol,
            source: self.source,
            body: &self.event.body,
        }
    }
}

impl Batch<'_> {
    pub(super) fn stamp<'a, T: AsRef<str>>(
        &self,
        sent: &'a Sent<'a, T>,
        event: &'a SentEventOf<T>,
        learner: Pseudonym,
        course: &Course<'_>,
    ) -> Stamped<'a, T> {
        let (id, source) = EventId::in_place(self.tenant, &learner, event);
        let arrival_millis = match self.arrival {
            Arrival::Live { now_millis } => now_millis,
            Arrival::Replay { now_millis } => event.time_millis.unwrap_or(now_millis),
        };
        let mut flags = event.flags;
        flags.insert(time_flags(event.time_millis, arrival_millis));
        if course.counted_protocol.is_some_and(|counted| counted != self.protocol) {
            flags.insert(Flags::OTHER_PROTOCOL);
        }
        let view_time_millis = view_time_millis(event.time_millis, arrival_millis, flags);
        Stamped {
            sent,
            learner,
            event,
            id,
            source,
            arrival_millis,
            zone_offset_minutes: course.offset_minutes(view_time_millis.unwrap_or(arrival_millis)),
            settings_version: course.settings_version,
            flags,
            protocol: self.protocol,
        }
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
    values: Few<&'a str>,
    places: Few<Option<usize>>,
}

/// So many values are looked through; a map finds those beyond.
const FEW: usize = 4;

impl<'a> Distinct<'a> {
    #[inline]
    pub(super) fn of(list: impl ExactSizeIterator<Item = Option<&'a str>>) -> Distinct<'a> {
        let mut distinct = Distinct { values: Few::new(), places: Few::with_capacity(list.len()) };
        let mut beyond_few = HashMap::default();
        for value in list {
            let place = value.map(|value| distinct.placed(value, &mut beyond_few));
            distinct.places.push(place);
        }
        distinct
    }

    fn placed(&mut self, value: &'a str, beyond_few: &mut HashMap<&'a str, usize, RandomState>) -> usize {
        let few = || self.values.iter().take(FEW).position(|known| *known == value);
        if let Some(place) = self.same_as_last(value).or_else(few) {
            return place;
        }
        let next = self.values.len();
        let place = if next < FEW { next } else { *beyond_few.entry(value).or_insert(next) };
        if place == next {
            self.values.push(value);
        }
        place
    }

    pub(super) fn values(&self) -> &[&'a str] {
        &self.values
    }

    /// Where the value of an entry is.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        self.places[at]
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Option<usize>> {
        self.places.iter().copied()
    }

    /// Most lists hold runs of one value.
    fn same_as_last(&self, value: &str) -> Option<usize> {
        let last = self.places.last().copied().flatten()?;
        (self.values[last] == value).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_values_stand_in_their_order_however_many_there_are() {
        for count in 0..3 * FEW {
            let names: Vec<String> = (0..count).map(|at| at.to_string()).collect();
            let twice = names.iter().chain(names.iter().rev()).map(|name| Some(name.as_str()));
            let list: Vec<_> = twice.chain([None]).collect();
            let distinct = Distinct::of(list.into_iter());
            assert_eq!(distinct.values(), names);
            let places: Vec<_> = (0..count).chain((0..count).rev()).map(Some).chain([None]).collect();
            assert_eq!(distinct.places().collect::<Vec<_>>(), places);
        }
    }
}
