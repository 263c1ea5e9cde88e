//! When learners study: days of the week and hours of the day in Brazil (UTC−3, all year).

use crate::learner::Kind;
use crate::learner::Profile;
use crate::rng::Rng;

pub(crate) const MILLIS_PER_HOUR: i64 = 3_600_000;
pub(crate) const MILLIS_PER_DAY: i64 = 24 * MILLIS_PER_HOUR;
const ZONE_MILLIS: i64 = -3 * MILLIS_PER_HOUR;

/// How many of 100 study on a weekday, from Sunday on, next to the busiest days.
const WEEKDAYS: [u32; 7] = [75, 100, 105, 105, 95, 60, 50];

/// The weight of each hour of the local day as the start of a sitting.
const HOURS: [u32; 24] = [8, 4, 2, 1, 1, 2, 8, 18, 30, 36, 38, 34, 44, 42, 40, 40, 38, 36, 46, 74, 92, 88, 62, 28];

/// The days of a course for one learner.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) start_millis: i64,
    pub(crate) days: u32,
    /// The learner stops before this day.
    pub(crate) last_day: u32,
    /// Of a learner with two courses: which of every two days belongs to this one.
    pub(crate) alternate: Option<u32>,
    /// The next day to look at.
    pub(crate) day: u32,
}

/// A stretch of study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sitting {
    pub(crate) starts_millis: i64,
    pub(crate) ends_millis: i64,
}

impl Calendar {
    /// The days of a whole course, which a drop-out leaves early.
    pub(crate) fn new(start_millis: i64, days: u32, profile: &Profile, rng: &mut Rng) -> Calendar {
        let last_day = match profile.kind {
            Kind::DropOut => 1 + rng.below(days.div_ceil(2)),
            _ => days,
        };
        Calendar { start_millis, days, last_day, alternate: None, day: 0 }
    }

    /// The next time this person sits down, not before `earliest_millis`; `None` when there is none any more.
    pub(crate) fn next_sitting(&mut self, earliest_millis: i64, profile: &Profile, rng: &mut Rng) -> Option<Sitting> {
        while self.day < self.last_day {
            let day = self.day;
            self.day += 1;
            if self.alternate.is_some_and(|alternate| day % 2 != alternate) {
                continue;
            }
            if !rng.chance(self.study_permille(day, profile)) {
                continue;
            }
            let sitting = self.sitting(day, profile, rng);
            if sitting.starts_millis >= earliest_millis {
                return Some(sitting);
            }
        }
        None
    }

    /// When a section of the course opens: sections are spread over the first nine tenths of the days.
    pub(crate) fn opens_millis(&self, section: u16, sections: u16) -> i64 {
        let day = i64::from(section) * i64::from(self.days) * 9 / (10 * i64::from(sections.max(1)));
        self.start_millis + day * MILLIS_PER_DAY
    }

    fn study_permille(&self, day: u32, profile: &Profile) -> u32 {
        let usual = profile.habits().studies_on_a_day;
        let near_the_end = u64::from(day) * 10 >= u64::from(self.days) * 6;
        let permille = match profile.kind {
            Kind::Binger if near_the_end => usual * 5,
            _ => usual,
        };
        let doubled = if self.alternate.is_some() { permille * 17 / 10 } else { permille };
        (doubled * WEEKDAYS[self.weekday(day)] / 100).min(950)
    }

    /// 0 is Sunday.
    fn weekday(&self, day: u32) -> usize {
        let local_day = (self.start_millis + ZONE_MILLIS).div_euclid(MILLIS_PER_DAY) + i64::from(day);
        (local_day + 4).rem_euclid(7) as usize
    }

    fn sitting(&self, day: u32, profile: &Profile, rng: &mut Rng) -> Sitting {
        let local_day = (self.start_millis + ZONE_MILLIS).div_euclid(MILLIS_PER_DAY) + i64::from(day);
        let hour = rng.pick(&HOURS) as i64;
        let midnight_millis = local_day * MILLIS_PER_DAY - ZONE_MILLIS;
        let starts_millis = midnight_millis + hour * MILLIS_PER_HOUR + rng.seconds(0, 3_599);
        let (shortest, longest) = profile.habits().sitting_minutes;
        let ends_millis = starts_millis + rng.seconds(shortest * 60, longest * 60);
        Sitting { starts_millis, ends_millis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday 2026-08-03, 08:00 in Brasília.
    const MONDAY_MILLIS: i64 = 1_785_754_800_000;

    fn sittings(number: u32, days: u32) -> Vec<Sitting> {
        let profile = Profile::learner(1, number);
        let mut rng = Rng::keyed(2, &[number.into()]);
        let mut calendar = Calendar::new(MONDAY_MILLIS, days, &profile, &mut rng);
        let mut found = Vec::new();
        let mut earliest = MONDAY_MILLIS;
        while let Some(sitting) = calendar.next_sitting(earliest, &profile, &mut rng) {
            earliest = sitting.ends_millis;
            found.push(sitting);
        }
        found
    }

    #[test]
    fn sittings_follow_each_other_inside_the_course() {
        for number in 0..200 {
            let found = sittings(number, 14);
            assert!(found.is_sorted_by(|a, b| a.ends_millis <= b.starts_millis));
            let last = MONDAY_MILLIS + 14 * MILLIS_PER_DAY;
            assert!(found.iter().all(|s| (MONDAY_MILLIS..last).contains(&s.starts_millis)));
        }
    }

    #[test]
    fn evenings_are_busier_than_nights_and_tuesdays_than_saturdays() {
        let starts: Vec<i64> =
            (0..500).flat_map(|number| sittings(number, 28)).map(|s| s.starts_millis + ZONE_MILLIS).collect();
        let hour = |start: i64| start.rem_euclid(MILLIS_PER_DAY) / MILLIS_PER_HOUR;
        let count = |test: &dyn Fn(i64) -> bool| starts.iter().filter(|start| test(**start)).count();
        assert!(count(&|s| (19..22).contains(&hour(s))) > 10 * count(&|s| (2..5).contains(&hour(s))));
        let weekday = |start: i64| (start.div_euclid(MILLIS_PER_DAY) + 4).rem_euclid(7);
        assert!(count(&|s| weekday(s) == 2) * 10 > count(&|s| weekday(s) == 6) * 14);
    }

    #[test]
    fn the_weekday_is_that_of_brazil() {
        let at = |start_millis| Calendar { start_millis, days: 1, last_day: 1, alternate: None, day: 0 }.weekday(0);
        assert_eq!(at(MONDAY_MILLIS), 1);
        assert_eq!(at(MONDAY_MILLIS - 9 * MILLIS_PER_HOUR), 0, "23:00 on Sunday, though Monday in UTC");
    }

    #[test]
    fn sections_open_one_after_another() {
        let profile = Profile::staff();
        let calendar = Calendar::new(0, 14, &profile, &mut Rng::keyed(0, &[]));
        let opens: Vec<i64> = (0..4).map(|section| calendar.opens_millis(section, 4) / MILLIS_PER_DAY).collect();
        assert_eq!(opens, [0, 3, 6, 9]);
    }
}
