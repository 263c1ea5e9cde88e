//! When one learner was there in one course, whether they belong to it, and what an event changes in the class's
//! minutes, days and number.

mod hours;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use trilha_schemas::event::{EventOf, view_time_millis};
use trilha_schemas::flags::Flags;
use trilha_schemas::packing::{Damaged, varint, zigzag};

use crate::ids::id_hash;
use crate::roster::{Enrolment, RosterEntry, Standing};
use crate::sorted::Sorted;
use crate::views::{CourseView, MonthView, Presence};

use crate::{FOLD_VERSION, Folded, ITEM_HEADER_BYTES, MAX_ITEM_BYTES, MAX_ITEM_EVENTS, limits};
pub use hours::Hours;

/// `active_5m`: a minute and the four before.
const WINDOW_MINUTES: i64 = 5;
/// A day and the six before.
const WINDOW_DAYS: i64 = 7;
/// No stored form of an hour, or of a day, is longer.
const HOUR_BYTES: usize = 5 + 9;
const DAY_BYTES: usize = 4;
const ID_BYTES: usize = 8;
/// From this far ahead of its arrival, an event may lie in the future by another clock, which is up to a minute behind.
const AHEAD_MILLIS: i64 = 4 * 60 * 1000;
/// The stored form of items behind which no roster entry was written.
const BEFORE_ROSTERS: u8 = 1;
/// The stored form since.
const VERSION: u8 = 2;

/// The hours and days of one learner in one course. Sets: an event that comes twice changes nothing, unless what it
/// counts for depends on its arrival; of such the first copy counts.
#[derive(Debug, Clone, Default)]
pub struct ActivityItem {
    known: bool,
    /// Hours since 1970 UTC, one bit a minute.
    hours: Sorted<u64>,
    /// Days since 1970 in the course's zone.
    days: Sorted<()>,
    /// Ids of events of which a copy with another arrival could count for something else.
    by_arrival: BTreeSet<u64>,
    enrolment: Option<Enrolment>,
    /// It was stored before there were rosters, and nothing was folded into it since.
    before_rosters: bool,
}

/// What events change in a course's views.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActivityChange {
    /// The course's totals.
    pub course: CourseView,
    /// By hour since 1970 UTC.
    pub hours: Hours,
    /// By month: year · 12 + month − 1.
    pub months: BTreeMap<i64, MonthView>,
}

impl ActivityItem {
    /// Folds events of this learner in this course, of any type, and adds what they change.
    pub fn fold<T, L>(
        &mut self,
        events: impl IntoIterator<Item = impl Borrow<EventOf<T, L>>>,
        change: &mut ActivityChange,
    ) -> Folded {
        let mut folded = Folded::default();
        for event in events {
            self.fold_one(event.borrow(), change, &mut folded);
        }
        change.course.beyond_state += i64::from(folded.beyond_state());
        folded
    }

    fn fold_one<T, L>(&mut self, event: &EventOf<T, L>, change: &mut ActivityChange, folded: &mut Folded) {
        let id = id_hash(&event.id);
        if self.by_arrival.contains(&id) {
            folded.duplicates += 1;
            return;
        }
        let place = Place::of(event).filter(|place| !self.has(place));
        let enrolment = Enrolment::of(event);
        let by_arrival = depends_on_arrival(event.time_millis, event.arrival_millis, event.flags);
        let keeps_id = by_arrival || enrolment.is_some() && event.time_millis.is_none();
        if !self.has_room(place, keeps_id) {
            folded.beyond.push(event.id);
            return;
        }
        let enrols = enrolment > self.enrolment;
        let applied = !self.known || keeps_id || place.is_some() || enrols;
        folded.applied += u32::from(applied);
        change.course.learners += i64::from(!self.known);
        self.known = true;
        self.before_rosters &= !applied;
        self.enrolment = self.enrolment.max(enrolment);
        if keeps_id {
            self.by_arrival.insert(id);
        }
        if let Some(place) = place {
            self.add(place, change);
        }
    }

    /// Whether folding an event of this moment would change nothing, whatever else is folded in between.
    #[inline]
    pub fn knows(&self, moment: &Moment) -> bool {
        self.known && !self.before_rosters && moment.place().is_some_and(|place| self.has(&place))
    }

    /// Folds an event by its moment alone, where that comes to the same; answers whether it did.
    #[inline]
    pub fn fold_moment(&mut self, moment: &Moment, change: &mut ActivityChange) -> bool {
        let new = moment.place().filter(|place| self.by_arrival.is_empty() && !self.has(place));
        let Some(place) = new else { return false };
        if !self.has_room(Some(place), false) {
            return false;
        }
        change.course.learners += i64::from(!self.known);
        (self.known, self.before_rosters) = (true, false);
        self.add(place, change);
        true
    }

    /// What the course's roster says of the learner, once everything that was folded is written; `None` where that is
    /// nothing yet.
    pub fn roster_entry(&self) -> Option<RosterEntry> {
        let days = self.days.first().zip(self.days.last());
        (self.known && !self.before_rosters).then_some(RosterEntry { enrolment: self.enrolment, days })
    }

    /// Whether what is not there yet fits: an event's hour, its day, its id.
    fn has_room(&self, place: Option<Place>, keeps_id: bool) -> bool {
        let new_hour = place.is_some_and(|place| !self.hours.contains(place.minute.div_euclid(60)));
        let new_day = place.is_some_and(|place| !self.days.contains(place.day));
        if !(new_hour || new_day || keeps_id) {
            return true;
        }
        let hours = self.hours.len() + usize::from(new_hour);
        let days = self.days.len() + usize::from(new_day);
        let ids = self.by_arrival.len() + usize::from(keeps_id);
        let bytes = HOUR_BYTES * hours + DAY_BYTES * days + ID_BYTES * ids + ITEM_HEADER_BYTES;
        bytes <= MAX_ITEM_BYTES && (ids <= MAX_ITEM_EVENTS || !keeps_id)
    }

    #[inline]
    fn has(&self, place: &Place) -> bool {
        self.has_minute(place.minute) && self.days.contains(place.day)
    }

    fn add(&mut self, place: Place, change: &mut ActivityChange) {
        if !self.has_minute(place.minute) {
            self.add_minute(place.minute, change);
        }
        if !self.days.contains(place.day) {
            self.add_day(place.day, change);
        }
    }

    #[inline]
    fn has_minute(&self, minute: i64) -> bool {
        self.minutes_of(minute.div_euclid(60)) >> minute.rem_euclid(60) & 1 == 1
    }

    /// One bit a minute.
    #[inline]
    fn minutes_of(&self, hour: i64) -> u64 {
        self.hours.get(hour).copied().unwrap_or_default()
    }

    /// The minute and those after it, one bit each; as many as an hour has at least.
    fn minutes_from(&self, minute: i64) -> u128 {
        let (hour, within) = (minute.div_euclid(60), minute.rem_euclid(60));
        (u128::from(self.minutes_of(hour)) | u128::from(self.minutes_of(hour + 1)) << 60) >> within
    }

    fn add_minute(&mut self, minute: i64, change: &mut ActivityChange) {
        let around = self.minutes_from(minute + 1 - WINDOW_MINUTES);
        change.hours.at(minute).active += 1;
        for later in 0..WINDOW_MINUTES {
            if around >> later & ((1 << WINDOW_MINUTES) - 1) == 0 {
                change.hours.at(minute + later).window += 1;
            }
        }
        *self.hours.entry(minute.div_euclid(60)) |= 1 << minute.rem_euclid(60);
    }

    fn add_day(&mut self, day: i64, change: &mut ActivityChange) {
        for end in day..day + WINDOW_DAYS {
            let new = !self.days.any_within(end + 1 - WINDOW_DAYS..=end);
            let presence = Presence { active: i64::from(end == day), window: i64::from(new) };
            if presence != Presence::default() {
                change.months.entry(month(end)).or_default().change(end, presence);
            }
        }
        self.days.entry(day);
    }

    /// The stored form, version 2: whether the learner is known, and twice the code of the enrolment; hours with their
    /// minutes, then days, as differences; ids, 8 bytes each; the enrolment's time and id, if there is one. Version 1
    /// knew no enrolments, and no entry of a roster was written before it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![if self.before_rosters { BEFORE_ROSTERS } else { VERSION }];
        varint(&mut out, FOLD_VERSION.into());
        out.push(u8::from(self.known) | Standing::code(self.enrolment.map(|enrolment| enrolment.standing)) << 1);
        varint(&mut out, self.hours.len() as u64);
        let mut before = 0;
        for (hour, minutes) in self.hours.iter() {
            zigzag(&mut out, hour - before);
            varint(&mut out, *minutes);
            before = *hour;
        }
        varint(&mut out, self.days.len() as u64);
        let mut before = 0;
        for (day, ()) in self.days.iter() {
            zigzag(&mut out, day - before);
            before = *day;
        }
        varint(&mut out, self.by_arrival.len() as u64);
        self.by_arrival.iter().for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
        self.enrolment.iter().for_each(|enrolment| enrolment.encode(&mut out));
        out
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<ActivityItem, Damaged> {
        let (version, mut input) = limits::item_up_to(VERSION, bytes)?;
        input.varint()?;
        let before_rosters = version == BEFORE_ROSTERS;
        let known = input.byte()?;
        let standing = if before_rosters { None } else { Standing::from_code(known >> 1)? };
        let mut item = ActivityItem { known: known & 1 != 0, before_rosters, ..ActivityItem::default() };
        let mut hour = 0i64;
        for _ in 0..input.count(2)? {
            hour = limits::time(hour, input.zigzag()?)?;
            *item.hours.entry(hour) = input.varint()?;
        }
        let mut day = 0i64;
        for _ in 0..input.count(1)? {
            day = limits::time(day, input.zigzag()?)?;
            item.days.entry(day);
        }
        for _ in 0..input.count(ID_BYTES)? {
            item.by_arrival.insert(u64::from_be_bytes(input.array()?));
        }
        item.enrolment = standing.map(|standing| Enrolment::decode(standing, &mut input)).transpose()?;
        Ok(item)
    }

    /// About how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        128 + 16 * self.hours.len() + 8 * self.days.len() + 16 * self.by_arrival.len()
    }
}

/// Where an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    minute: i64,
    day: i64,
}

/// All that an event says of a learner's activity; most say no more than when somebody was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    minute: i64,
    zone_offset_minutes: i16,
    /// Whether it has a place and says nothing else.
    is_all: bool,
}

impl Moment {
    /// Of an event with these; times in ms since 1970 UTC, and whether it says of an enrolment. One that says more than a place
    /// and a time is known by no item.
    #[inline]
    pub fn at(
        time_millis: Option<i64>,
        arrival_millis: i64,
        flags: Flags,
        zone_offset_minutes: i16,
        enrols: bool,
    ) -> Moment {
        let says_more = enrols || depends_on_arrival(time_millis, arrival_millis, flags);
        let time = counted_time(time_millis, arrival_millis, flags).filter(|_| !says_more);
        let minute = time.map_or(0, |time| time.div_euclid(60_000));
        Moment { minute, zone_offset_minutes, is_all: time.is_some() }
    }

    #[inline]
    fn place(&self) -> Option<Place> {
        self.is_all.then(|| Place::at(self.minute, self.zone_offset_minutes))
    }
}

impl Place {
    /// `None` for an event without a time of its own, and for one that is late.
    fn of<T, L>(event: &EventOf<T, L>) -> Option<Place> {
        let time = counted_time(event.time_millis, event.arrival_millis, event.flags)?;
        Some(Place::at(time.div_euclid(60_000), event.zone_offset_minutes))
    }

    #[inline]
    fn at(minute: i64, zone_offset_minutes: i16) -> Place {
        Place { minute, day: (minute + i64::from(zone_offset_minutes)).div_euclid(24 * 60) }
    }
}

/// The time at which the event counts; `None` where it counts at none.
fn counted_time(time_millis: Option<i64>, arrival_millis: i64, flags: Flags) -> Option<i64> {
    view_time_millis(time_millis, arrival_millis, flags).filter(|_| !flags.contains(Flags::LATE))
}

/// Whether a copy of the event could count elsewhere: one in the future counts at its arrival, as a copy would at its
/// own; one that is late counts nowhere, while a copy that a replay stamps with its own time, or a clock that was set
/// back, would count. All others count at the time as sent, which is in the id. (An enrolment without time stands at
/// its arrival in the order of enrolments; it counts for no minute.)
fn depends_on_arrival(time_millis: Option<i64>, arrival_millis: i64, flags: Flags) -> bool {
    let ahead = time_millis.is_some_and(|time| time.saturating_sub(arrival_millis) > AHEAD_MILLIS);
    ahead || flags.contains(Flags::FUTURE_TIME) || flags.contains(Flags::LATE)
}

/// The month of a day since 1970, as year · 12 + month − 1 (proleptic Gregorian; days from civil, inverted).
pub fn month(day: i64) -> i64 {
    // Years begin in March, so that the leap day is a year's last.
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    (era * 400 + year_of_era) * 12 + month_from_march + 2
}

#[cfg(test)]
mod tests;
