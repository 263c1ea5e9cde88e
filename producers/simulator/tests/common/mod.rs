//! Reads simulated events back.

use serde_json::Value;
use trilha_simulator::{Delivery, SimulatedEvent};

/// A parsed event.
pub(crate) struct Line {
    /// The JSON object.
    pub(crate) value: Value,
    /// The event's time, as the simulator states it.
    pub(crate) time_millis: i64,
    /// When it was sent.
    pub(crate) sent_millis: i64,
    /// A second copy.
    pub(crate) resent: bool,
}

impl Line {
    /// A text field; the test fails where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_else(|| panic!("{} has no text {name}", self.value))
    }

    /// A numeric field; the test fails where there is none.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.value[name].as_f64().unwrap_or_else(|| panic!("{} has no number {name}", self.value))
    }

    /// Not staff.
    pub(crate) fn is_learner(&self) -> bool {
        self.value.get("role").is_none()
    }
}

/// Parses an event.
pub(crate) fn read(event: &SimulatedEvent) -> Line {
    Line {
        value: serde_json::from_str(&event.json).unwrap_or_else(|error| panic!("{error}: {}", event.json)),
        time_millis: event.sent.time_millis,
        sent_millis: event.sent.sent_millis,
        resent: event.sent.delivery == Delivery::Resent,
    }
}

/// Fails unless the event has what its type requires, in range.
pub(crate) fn check_fields(line: &Line) {
    let time = line.text("time");
    assert!(time.len() == 24 && time.ends_with('Z'), "{time}");
    let id = line.text("id");
    assert!(id.len() == 36 && id.split('-').map(str::len).eq([8, 4, 4, 4, 12]), "{id}");
    let prefix = if line.is_learner() { "aluno-" } else { "docente-" };
    assert!(line.text("learner").starts_with(prefix), "{}", line.value);
    assert!(line.text("course").starts_with("course-v1:Trilha+"));
    match line.text("type") {
        "video.watched" => check_range(line, line.number("from"), line.number("to")),
        "video.seeked" => {
            let (from, to) = (line.number("from"), line.number("to"));
            check_range(line, from.min(to), from.max(to));
        }
        "video.played" | "video.paused" | "video.completed" | "video.terminated" => {
            check_range(line, line.number("position"), line.number("position"));
            assert!((0.25..=4.0).contains(&line.number("rate")));
        }
        "quiz.started" => check_quiz(line),
        "quiz.submitted" => check_score(line),
        "quiz.answered" => check_answer(line),
        "activity.viewed" => assert!(!line.text("object").is_empty()),
        "object.described" => {
            assert!(!line.text("object").is_empty() && !line.text("title").is_empty());
            assert!(line.text("url").starts_with("https://") && line.number("position") >= 0.0);
        }
        "course.enrolled" | "course.unenrolled" | "course.completed" => {}
        other => panic!("an unknown type: {other}"),
    }
}

fn check_range(line: &Line, low: f64, high: f64) {
    assert!(!line.text("video").is_empty());
    assert!(0.0 <= low && low <= high && high <= line.number("length"), "{}", line.value);
}

fn check_quiz(line: &Line) {
    assert!(!line.text("quiz").is_empty());
    assert!(line.number("attempt") >= 1.0 && line.number("max_score") > 0.0, "{}", line.value);
}

fn check_score(line: &Line) {
    check_quiz(line);
    assert!((0.0..=line.number("max_score")).contains(&line.number("score")), "{}", line.value);
}

fn check_answer(line: &Line) {
    check_score(line);
    assert!(line.text("question").starts_with(line.text("quiz")));
    assert!(line.value["response"].is_string() || line.value["response"].is_array());
    assert_eq!(line.value["correct"] == true, line.number("score") == line.number("max_score"), "{}", line.value);
    assert!(line.number("elapsed") > 0.0);
}
