//! The oracle of the simulator: the numbers of METRICS.md, derived from scratch from a set of native events.
//!
//! It shares no code with what it judges, keeps no state, knows no stream, shard or table, and prefers the plain way
//! to the fast one. Start at [`courses`]; [`differences`] compares what it gives with an answer of the read API.
//! Where METRICS.md is open, it takes the readings of `tests/oracle/README.md`, and these:
//!
//! - An event without time stands at its first copy's arrival in every order ("before", "next", "first", "latest"),
//!   as one from the future does. Without session id it is a session by itself; without attempt it is an attempt by
//!   itself.
//! - Every video that a learner has an event on is listed, with or without viewers.
//! - `object.described` is the catalogue, whoever sends it, in whatever role: it makes nobody active and nobody a
//!   learner. A course of which nothing but descriptions is known is there, without learners.
//! - An object's title is that of its latest description. A video or question that has none there is called what most
//!   of its learners saw last (ties: the greater, in byte order). A quiz and the course itself have no other title.
//! - A leap second (`:60`) is the second before it. An unknown zone is UTC.
//!
//! # What callers avoid
//!
//! The order of equal times is that of event ids, which nobody outside can repeat. So no two different events may
//! stand at one time, to the millisecond, where order matters: two of one learner on one video or question, two
//! descriptions of one object. An event without time, or over 5 min in the future, stands at its arrival; two of them
//! in one request stand at one time. [`ties`] finds them all.
//!
//! Also left open, or decided otherwise elsewhere: one instant in two spellings (the same act, or two?); lengths over
//! 36,000 s that round to it; responses that begin with the same 2,000 characters; events that must be refused, and
//! more events than a learner item keeps.

#![warn(missing_docs)]

mod activity;
mod catalogue;
mod compare;
mod event;
mod quiz;
mod roster;
mod time;
mod video;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

pub use activity::Minute;
pub use compare::differences;
pub use event::Identity;
pub use quiz::{AttemptsPerLearner, Elapsed, ElapsedCount, Mark, Question, Response, Responses};
pub use roster::{OnRoster, rosters};
pub use video::{DropOff, Video};

use activity::Activity;
use catalogue::Catalogue;
use event::{Action, Event};

/// One event that counts: what was sent, and when its first copy arrived.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The event's native JSON.
    pub text: &'a str,
    /// When the collector had its first copy, by the collector's clock: milliseconds since 1970 UTC.
    pub arrival_millis: i64,
}

/// What a course sets for itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CourseSettings {
    /// IANA name of the zone that the course's days are counted in.
    pub zone: String,
    /// The share of seconds that completes a video; goes before all else.
    pub threshold: Option<f64>,
    /// D of videos, in milliseconds, by the video's id; goes before what learners reported.
    pub lengths_millis: BTreeMap<String, i64>,
}

/// The numbers of one course, named as the read API names them.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The course's id.
    pub course: String,
    /// What its latest description calls it.
    pub title: Option<String>,
    /// The zone of the settings, as it is written there.
    pub zone: String,
    /// Learners with any event.
    pub learners: i64,
    /// Distinct learners in the minute of T and the four before.
    pub active_5m: i64,
    /// Distinct learners on the day of T, in the course's zone.
    pub active_today: i64,
    /// Distinct learners on the day of T and the six before, in the course's zone.
    pub active_7d: i64,
    /// The 60 minutes that end with that of T, oldest first.
    pub minutes: Vec<Minute>,
    /// In byte order of the video's id.
    pub videos: Vec<Video>,
    /// In byte order of the quiz's and the question's id.
    pub questions: Vec<Question>,
}

/// The numbers of every course at a time T, from the set of events.
///
/// `told` is in the order in which the stream had first copies: of two events of one [`Identity`] the first counts.
///
/// # Panics
/// When a text is no native event that counts: callers leave out what was, or must be, refused.
pub fn courses(
    told: &[Told<'_>],
    settings: &dyn Fn(&str) -> CourseSettings,
    at_millis: i64,
) -> BTreeMap<String, Course> {
    let events = each_once(told);
    let mut by_course: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &events {
        let seen = by_course.entry(&event.identity.course);
        if event.is_description() || event.is_by_learner() {
            seen.or_default().push(event);
        }
    }
    let course = |(course, events): (&str, Vec<&Event>)| {
        (course.to_string(), Course::of(course, &events, &settings(course), at_millis))
    };
    by_course.into_iter().map(course).collect()
}

/// What tells one act from another (METRICS.md, Identity): equal for all copies of one act. The tenant is left aside.
///
/// # Panics
/// When the text is no native event that counts.
pub fn identity(text: &str) -> Identity {
    Event::of(&Told { text, arrival_millis: 0 }).identity
}

/// Pairs of different events whose order METRICS.md leaves to their ids, where it could matter; empty when all numbers
/// are certain. One line each, for a person. It is on the safe side: two on one video are a pair in different sessions
/// too.
///
/// # Panics
/// When a text is no native event that counts.
pub fn ties(told: &[Told<'_>]) -> Vec<String> {
    let events = each_once(told);
    let mut standing = BTreeMap::new();
    let mut ties = Vec::new();
    for event in events.iter().filter(|event| event.is_description() || event.is_by_learner()) {
        let (identity, learner) = (&event.identity, event.learner());
        let whose = if event.is_description() { "" } else { learner };
        let ordered = !matches!(event.action, Action::Other);
        let place = (&identity.course, whose, &identity.object, &identity.question, event.is_description(), event.at());
        if let Some(other) = standing.insert(place, identity).filter(|_| ordered) {
            ties.push(format!("{other:?} and {identity:?} both stand at {}", event.at()));
        }
    }
    ties
}

/// The events, of each act the first copy.
fn each_once(told: &[Told<'_>]) -> Vec<Event> {
    let events: Vec<Event> = told.iter().map(Event::of).collect();
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = events.iter().map(|event| seen.insert(&event.identity)).collect();
    events.into_iter().zip(is_first).filter_map(|(event, is_first)| is_first.then_some(event)).collect()
}

impl Course {
    /// From the course's events of learners and its descriptions.
    fn of(course: &str, events: &[&Event], settings: &CourseSettings, at_millis: i64) -> Course {
        let (described, acts): (Vec<&Event>, Vec<&Event>) = events.iter().partition(|event| event.is_description());
        let catalogue = Catalogue::of(&described);
        let activity = Activity::of(&acts, &settings.zone, at_millis);
        Course {
            course: course.to_string(),
            title: catalogue.title(course),
            zone: settings.zone.clone(),
            learners: acts.iter().map(|event| event.learner()).collect::<BTreeSet<_>>().len() as i64,
            active_5m: activity.in_last_minutes(5),
            active_today: activity.in_last_days(1),
            active_7d: activity.in_last_days(7),
            minutes: activity.last_minutes(60),
            videos: video::videos(&acts, &catalogue, settings),
            questions: quiz::questions(&acts, &catalogue),
        }
    }
}
