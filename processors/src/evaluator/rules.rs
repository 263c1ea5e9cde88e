//! A course's rules, and the days that an evaluation counts in.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trilha_collector::settings::Settings;

/// What is older than this when it is first seen is not told.
pub const NEWS_MILLIS: i64 = 48 * 3_600_000;
/// For so long after a day its last events are waited for: a batch that gathers, a sitting that goes on past midnight.
pub const EVENING_MILLIS: i64 = 3 * 3_600_000;
/// So many days after a day, all of its events are in but such as come too late to be told: two days, the rest of the
/// third, and one for what the clocks of collector and evaluator differ.
const SETTLED_AFTER_DAYS: i64 = 4;
/// A learner without an event on so many days is no measure for the others.
pub const ACTIVE_DAYS: i64 = 28;
/// Numbers of a class that is smaller are not told (METRICS.md, Small groups).
pub const SMALL_GROUP: usize = 5;

const DAY_MILLIS: i64 = 86_400_000;
const INACTIVE_DAYS: u32 = 7;
const COVERAGE_PERCENTILE: f64 = 15.0;
const FACILITY_FLOOR: f64 = 0.5;

/// When a learner is at risk (METRICS.md, Course and learner): the course's settings, or the defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Days without activity.
    pub inactive_days: i64,
    /// The class's percentile below which a learner's coverage is.
    pub coverage_percentile: f64,
    /// The facility below which a learner's last quizzes are.
    pub facility_floor: f64,
}

impl Rules {
    /// Those of a course.
    pub fn of(settings: &Settings) -> Rules {
        Rules {
            inactive_days: settings.inactive_days.unwrap_or(INACTIVE_DAYS).into(),
            coverage_percentile: settings.coverage_percentile.unwrap_or(COVERAGE_PERCENTILE),
            facility_floor: settings.facility_floor.unwrap_or(FACILITY_FLOOR),
        }
    }
}

/// Now, and the days around it: since 1970, in the course's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970 UTC.
    pub millis: i64,
    /// Today.
    pub today: i64,
    /// The day of 48 h ago: who was there then or since has done something lately.
    pub news_from: i64,
    /// Today, and yesterday as long as its last events are waited for.
    pub fresh_from: i64,
}

impl Now {
    /// At a time, in a zone; an unknown zone counts as UTC.
    pub fn at(millis: i64, zone: &str) -> Now {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let day = |before_millis: i64| local_day(millis - before_millis, &zone);
        Now { millis, today: day(0), news_from: day(NEWS_MILLIS), fresh_from: day(EVENING_MILLIS) }
    }

    /// How many days have passed since a time.
    pub fn whole_days_since(&self, millis: i64) -> i64 {
        (self.millis - millis).div_euclid(DAY_MILLIS)
    }

    /// Events before this are history.
    pub fn news_from_millis(&self) -> i64 {
        self.millis - NEWS_MILLIS
    }

    /// Whether a last day with an event is one of lately.
    pub fn is_news(&self, last_day: Option<i64>) -> bool {
        last_day.is_some_and(|day| day >= self.news_from)
    }

    /// Whether a learner of this last day may be at work: who sends what is late is there, and has another last day.
    pub fn is_fresh(&self, last_day: Option<i64>) -> bool {
        last_day.is_some_and(|day| day >= self.fresh_from)
    }

    /// Whether a learner of this last day is a measure for the others.
    pub fn is_active(&self, last_day: Option<i64>) -> bool {
        last_day.is_some_and(|day| day > self.today - ACTIVE_DAYS)
    }
}

/// Whether nothing of a last day was to come any more when everything was read on a later one.
pub fn is_settled(last_day: Option<i64>, swept_day: i64) -> bool {
    last_day.is_none_or(|day| day + SETTLED_AFTER_DAYS <= swept_day)
}

fn local_day(millis: i64, zone: &TimeZone) -> i64 {
    let offset = Timestamp::from_millisecond(millis).map_or(0, |at| zone.to_offset(at).seconds());
    (millis + i64::from(offset) * 1000).div_euclid(DAY_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_the_zones() {
        // 2026-03-02T01:00:00Z is still the first of March in São Paulo.
        let millis = 20_514 * DAY_MILLIS + 3_600_000;
        let now = Now::at(millis, "America/Sao_Paulo");
        assert_eq!((now.today, now.news_from), (20_513, 20_511));
        assert_eq!(Now::at(millis, "nowhere").today, 20_514);
        assert_eq!([20_510, 20_511].map(|day| now.is_news(Some(day))), [false, true]);
        assert_eq!([20_509, 20_510].map(|day| is_settled(Some(day), now.today)), [true, false]);
        assert_eq!([20_485, 20_486].map(|day| now.is_active(Some(day))), [false, true]);
        assert_eq!([20_512, 20_513].map(|day| now.is_fresh(Some(day))), [false, true]);
        assert_eq!((now.is_news(None), is_settled(None, 0), now.is_active(None)), (false, true, false));
        assert!(!now.is_fresh(None));
    }

    /// In São Paulo the day begins at 03:00 UTC.
    #[test]
    fn yesterday_is_fresh_for_three_hours_after_midnight() {
        let at = |minutes: i64| Now::at(20_514 * DAY_MILLIS + minutes * 60_000, "America/Sao_Paulo");
        let is_fresh = |minutes: i64| at(minutes).is_fresh(Some(20_513));
        assert_eq!([179, 180, 359, 360].map(is_fresh), [true, true, true, false]);
        assert_eq!(at(180).today, 20_514);
    }

    /// 2026-03-29 has 23 hours in Berlin, and 2026-10-25 has 25.
    #[test]
    fn days_are_the_zones_where_clocks_are_changed_too() {
        let at = |utc: &str| Now::at(utc.parse::<Timestamp>().unwrap().as_millisecond(), "Europe/Berlin");
        for (utc, days) in [
            ("2026-03-29T21:59:00Z", (20_541, 20_539, 20_541)),
            ("2026-03-29T22:00:00Z", (20_542, 20_539, 20_541)),
            ("2026-03-30T01:00:00Z", (20_542, 20_540, 20_542)),
            ("2026-10-25T22:59:00Z", (20_751, 20_750, 20_751)),
            ("2026-10-25T23:00:00Z", (20_752, 20_750, 20_751)),
        ] {
            let now = at(utc);
            assert_eq!((now.today, now.news_from, now.fresh_from), days, "{utc}");
        }
    }

    #[test]
    fn a_course_that_sets_nothing_has_the_defaults() {
        let mut settings = Settings::first("UTC");
        let rules = Rules { inactive_days: 7, coverage_percentile: 15.0, facility_floor: 0.5 };
        assert_eq!(Rules::of(&settings), rules);
        (settings.inactive_days, settings.coverage_percentile, settings.facility_floor) =
            (Some(3), Some(50.0), Some(0.9));
        let rules = Rules { inactive_days: 3, coverage_percentile: 50.0, facility_floor: 0.9 };
        assert_eq!(Rules::of(&settings), rules);
    }
}
