//! Who is on a course's roster: "Course and learner", and what the platform said last.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::activity::local_day;
use crate::event::Event;
use crate::{CourseSettings, Told, each_once};

/// One learner of a course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OnRoster {
    /// What the last `course.*` event said: `enrolled`, `unenrolled` or `completed`; several where several stand at one
    /// time, none where there is none.
    pub standings: BTreeSet<String>,
    /// The first and the last day with an event that counts for days, since 1970 in the course's zone.
    pub days: Option<(i64, i64)>,
}

/// Every learner with any event, by course and learner.
///
/// # Panics
/// When a text is no native event that counts.
pub fn rosters(
    told: &[Told<'_>],
    settings: &dyn Fn(&str) -> CourseSettings,
) -> BTreeMap<String, BTreeMap<String, OnRoster>> {
    let events = each_once(told);
    let mut by_learner: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.is_by_learner()) {
        by_learner.entry((&event.identity.course, event.learner())).or_default().push(event);
    }
    let mut rosters: BTreeMap<String, BTreeMap<String, OnRoster>> = BTreeMap::new();
    for ((course, learner), events) in by_learner {
        let zone = TimeZone::get(&settings(course).zone).unwrap_or(TimeZone::UTC);
        let on = OnRoster::of(&events, &zone);
        rosters.entry(course.to_string()).or_default().insert(learner.to_string(), on);
    }
    rosters
}

impl OnRoster {
    fn of(events: &[&Event], zone: &TimeZone) -> OnRoster {
        let said = |event: &&&Event| event.enrolment().is_some();
        let last = events.iter().filter(said).map(|event| event.at()).max();
        let at_last = events.iter().filter(|event| Some(event.at()) == last);
        let days = || events.iter().filter_map(|event| event.active_at()).map(|at| local_day(at, zone));
        OnRoster {
            standings: at_last.filter_map(|event| event.enrolment()).map(str::to_string).collect(),
            days: days().min().zip(days().max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(events: &[(&str, &str, i64)], standings: &[&str], days: Option<(i64, i64)>) {
        let text = |(at, (kind, time, _)): (usize, &(&str, &str, i64))| {
            let time = if time.is_empty() { String::new() } else { format!(r#""time":"{time}","#) };
            format!(r#"{{"id":"{at}","type":"course.{kind}",{time}"learner":"a","course":"c"}}"#)
        };
        let texts: Vec<String> = events.iter().enumerate().map(text).collect();
        let told = texts
            .iter()
            .zip(events)
            .map(|(text, (_, _, arrival_millis))| Told { text, arrival_millis: *arrival_millis });
        let settings = |_: &str| CourseSettings { zone: "America/Sao_Paulo".into(), ..CourseSettings::default() };
        let found = rosters(&told.collect::<Vec<_>>(), &settings).remove("c").unwrap().remove("a").unwrap();
        let standings = standings.iter().map(|standing| standing.to_string()).collect();
        assert_eq!(found, OnRoster { standings, days });
    }

    #[test]
    fn the_latest_counts_and_days_are_the_zones() {
        let day = 86_400_000;
        // 1970-01-11 is day 10; at 02:00Z it is still the tenth in São Paulo.
        check(&[("enrolled", "1970-01-11T02:00:00Z", 10 * day)], &["enrolled"], Some((9, 9)));
        check(
            &[("unenrolled", "1970-01-12T12:00:00Z", 12 * day), ("enrolled", "1970-01-11T12:00:00Z", 12 * day)],
            &["unenrolled"],
            Some((10, 11)),
        );
        check(&[("enrolled", "1970-01-11T12:00:00Z", 20 * day), ("completed", "", 30 * day)], &["completed"], None);
        check(&[("enrolled", "", 30 * day), ("completed", "", 30 * day)], &["completed", "enrolled"], None);
    }
}
