//! Cases worked out by hand, and the other oracle beside this one.

mod beside_python;
mod compare;
mod course;
mod identity;
mod quiz;
mod video;

use std::collections::BTreeMap;

use crate::{Course, CourseSettings, Told, courses};

/// T of most cases: 2026-03-02T12:00:30Z.
const AT_MILLIS: i64 = 1_772_452_830_000;

/// An event of course `c` without id; `clock` is a time of 2026-03-02 in UTC, or empty for an event without time.
fn event(kind: &str, learner: &str, clock: &str, rest: &str) -> String {
    let time = if clock.is_empty() { String::new() } else { format!(r#""time":"2026-03-02T{clock}Z","#) };
    let rest = if rest.is_empty() { String::new() } else { format!(",{rest}") };
    format!(r#"{{"type":"{kind}",{time}"learner":"{learner}","course":"c"{rest}}}"#)
}

fn utc() -> CourseSettings {
    CourseSettings { zone: "UTC".to_string(), ..CourseSettings::default() }
}

/// All courses, every event having arrived at T.
fn all(texts: &[String], settings: &CourseSettings) -> BTreeMap<String, Course> {
    let told: Vec<Told<'_>> = texts.iter().map(|text| Told { text, arrival_millis: AT_MILLIS }).collect();
    courses(&told, &|_| settings.clone(), AT_MILLIS)
}

/// Course `c`.
fn course(texts: &[String], settings: &CourseSettings) -> Course {
    all(texts, settings).remove("c").unwrap()
}
