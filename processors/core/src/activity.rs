//! When one learner was there in one course, and what an event changes in the class's minutes, days and number.

use std::collections::{BTreeMap, BTreeSet};

use trilha_schemas::event::Event;
use trilha_schemas::flags::Flags;
use trilha_schemas::packing::{Damaged, varint, zigzag};

use crate::views::{CourseView, HourView, MonthView, Presence, version, versioned};
use crate::{FOLD_VERSION, Folded, ITEM_HEADER_BYTES, MAX_ITEM_BYTES};

/// `active_5m`: a minute and the four before.
const WINDOW_MINUTES: i64 = 5;
/// A day and the six before.
const WINDOW_DAYS: i64 = 7;
/// No stored form of an hour, or of a day, is longer.
const HOUR_BYTES: usize = 5 + 9;
const DAY_BYTES: usize = 4;

/// The hours and days of one learner in one course. Sets: an event that comes twice changes nothing.
#[derive(Debug, Clone, Default)]
pub struct ActivityItem {
    known: bool,
    /// Hours since 1970 UTC, one bit a minute.
    hours: BTreeMap<i64, u64>,
    /// Days since 1970 in the course's zone.
    days: BTreeSet<i64>,
}

/// What events change in a course's views.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActivityChange {
    /// The course's totals.
    pub course: CourseView,
    /// By hour since 1970 UTC.
    pub hours: BTreeMap<i64, HourView>,
    /// By month: year · 12 + month − 1.
    pub months: BTreeMap<i64, MonthView>,
}

impl ActivityItem {
    /// Folds events of this learner in this course, of any type, and adds what they change.
    pub fn fold<'e>(&mut self, events: impl IntoIterator<Item = &'e Event>, change: &mut ActivityChange) -> Folded {
        let mut folded = Folded::default();
        for event in events {
            let mut news = !self.known;
            change.course.learners += i64::from(!self.known);
            self.known = true;
            if let Some(time) = event.view_time_millis().filter(|_| !event.flags.contains(Flags::LATE)) {
                news |= self.fold_time(time, event.zone_offset_minutes, change, &mut folded);
            }
            folded.applied += u32::from(news);
        }
        change.course.beyond_state += i64::from(folded.beyond_state);
        folded
    }

    fn fold_time(&mut self, time: i64, zone_minutes: i16, change: &mut ActivityChange, folded: &mut Folded) -> bool {
        let minute = time.div_euclid(60_000);
        let day = (time + i64::from(zone_minutes) * 60_000).div_euclid(86_400_000);
        if self.has_minute(minute) && self.days.contains(&day) {
            return false;
        }
        if !self.has_room(minute.div_euclid(60), day) {
            folded.beyond_state += 1;
            return false;
        }
        if !self.has_minute(minute) {
            self.add_minute(minute, change);
        }
        if self.days.insert(day) {
            self.count_day(day, change);
        }
        true
    }

    /// Whether an hour and a day are there or fit.
    fn has_room(&self, hour: i64, day: i64) -> bool {
        let hours = self.hours.len() + usize::from(!self.hours.contains_key(&hour));
        let days = self.days.len() + usize::from(!self.days.contains(&day));
        let grows = hours + days > self.hours.len() + self.days.len();
        !grows || HOUR_BYTES * hours + DAY_BYTES * days + ITEM_HEADER_BYTES <= MAX_ITEM_BYTES
    }

    fn has_minute(&self, minute: i64) -> bool {
        self.hours.get(&minute.div_euclid(60)).is_some_and(|bits| bits >> minute.rem_euclid(60) & 1 == 1)
    }

    fn add_minute(&mut self, minute: i64, change: &mut ActivityChange) {
        for end in minute..minute + WINDOW_MINUTES {
            let new = (end + 1 - WINDOW_MINUTES..=end).all(|other| !self.has_minute(other));
            let presence = Presence { active: i64::from(end == minute), window: i64::from(new) };
            if presence != Presence::default() {
                change.hours.entry(end.div_euclid(60)).or_default().change(end, presence);
            }
        }
        *self.hours.entry(minute.div_euclid(60)).or_default() |= 1 << minute.rem_euclid(60);
    }

    /// The day is in the set already.
    fn count_day(&self, day: i64, change: &mut ActivityChange) {
        for end in day..day + WINDOW_DAYS {
            let new = self.days.range(end + 1 - WINDOW_DAYS..=end).all(|other| *other == day);
            let presence = Presence { active: i64::from(end == day), window: i64::from(new) };
            if presence != Presence::default() {
                change.months.entry(month(end)).or_default().change(end, presence);
            }
        }
    }

    /// The stored form, version 1: hours with their minutes, then days, as differences.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = version();
        varint(&mut out, FOLD_VERSION.into());
        out.push(u8::from(self.known));
        varint(&mut out, self.hours.len() as u64);
        let mut before = 0;
        for (hour, minutes) in &self.hours {
            zigzag(&mut out, hour - before);
            varint(&mut out, *minutes);
            before = *hour;
        }
        varint(&mut out, self.days.len() as u64);
        let mut before = 0;
        for day in &self.days {
            zigzag(&mut out, day - before);
            before = *day;
        }
        out
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<ActivityItem, Damaged> {
        let mut input = versioned(bytes)?;
        input.varint()?;
        let mut item = ActivityItem { known: input.byte()? != 0, ..ActivityItem::default() };
        let mut hour = 0i64;
        for _ in 0..input.count(2)? {
            hour = hour.wrapping_add(input.zigzag()?);
            item.hours.insert(hour, input.varint()?);
        }
        let mut day = 0i64;
        for _ in 0..input.count(1)? {
            day = day.wrapping_add(input.zigzag()?);
            item.days.insert(day);
        }
        Ok(item)
    }

    /// About how much memory it takes, in bytes.
    pub fn memory_bytes(&self) -> usize {
        128 + 32 * self.hours.len() + 24 * self.days.len()
    }
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
