//! A course's rules, and the days that an evaluation counts in.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trilha_collector::settings::Settings;

/// What is older than this when it is first seen is not told.
pub const NEWS_MILLIS: i64 = 48 * 3_600_000;
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
}

impl Now {
    /// At a time, in a zone; an unknown zone counts as UTC.
    pub fn at(millis: i64, zone: &str) -> Now {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        Now { millis, today: local_day(millis, &zone), news_from: local_day(millis - NEWS_MILLIS, &zone) }
    }

    /// Events before this are history.
    pub fn news_from_millis(&self) -> i64 {
        self.millis - NEWS_MILLIS
    }

    /// Whether a last day with an event is one of lately.
    pub fn is_news(&self, last_day: Option<i64>) -> bool {
        last_day.is_some_and(|day| day >= self.news_from)
    }

    /// Whether all events of a last day, but such as come too late to be told, are in: the day before, for what the
    /// clocks of collector and evaluator differ.
    pub fn is_settled(&self, last_day: Option<i64>) -> bool {
        last_day.is_none_or(|day| day + 1 < self.news_from)
    }

    /// Whether a learner of this last day is a measure for the others.
    pub fn is_active(&self, last_day: Option<i64>) -> bool {
        last_day.is_some_and(|day| day > self.today - ACTIVE_DAYS)
    }
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
        assert_eq!([20_509, 20_510].map(|day| now.is_settled(Some(day))), [true, false]);
        assert_eq!([20_485, 20_486].map(|day| now.is_active(Some(day))), [false, true]);
        assert_eq!((now.is_news(None), now.is_settled(None), now.is_active(None)), (false, true, false));
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
