//! An answer of the read API beside what the oracle gives. Integers must be equal, doubles bit for bit.

use std::collections::HashMap;
use std::fmt::{self, Debug, Display, Formatter};

use jiff::Timestamp;
use serde_json::Value;

use crate::{Course, Question, Responses, Video};

/// Where the read API's answer for this course (`CourseViews` as JSON) differs from it, a line each; empty when all is
/// equal. `as_of`, `processed_to` and `stale` are not looked at; a field that is not known here is a difference.
pub fn differences(course: &Course, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let mut top = Place { path: &Path::Top, found, lines: &mut lines };
    top.has_only(&["as_of", "processed_to", "stale", "course", "videos", "questions"]);
    top.within("course", |place| activity(course, place));
    let videos = course.videos.iter().map(|video| (vec![video.video.as_str()], video));
    top.items("videos", &["video"], videos.collect(), video);
    let questions = course.questions.iter().map(|one| (vec![one.quiz.as_str(), one.question.as_str()], one));
    top.items("questions", &["quiz", "question"], questions.collect(), question);
    lines
}

fn activity(course: &Course, place: &mut Place<'_>) {
    let windows = ["active_5m", "active_today", "active_7d", "minutes"];
    place.has_only(&[&["course", "title", "zone", "learners"], &windows[..]].concat());
    place.text("course", Some(&course.course));
    place.text("title", course.title.as_deref());
    place.text("zone", Some(&course.zone));
    place.count("learners", Some(course.learners));
    place.count("active_5m", Some(course.active_5m));
    place.count("active_today", Some(course.active_today));
    place.count("active_7d", Some(course.active_7d));
    place.rows("minutes", &course.minutes, |minute, place| {
        place.has_only(&["minute", "active"]);
        place.time("minute", minute.minute_millis);
        place.count("active", Some(minute.active));
    });
}

fn video(video: &Video, place: &mut Place<'_>) {
    let rates = ["completed", "completion_rate", "average_coverage", "content_time", "watch_time"];
    let timeline = ["bins", "rewatches", "retention", "drop_off"];
    let about = ["video", "title", "length", "threshold", "viewers", "plays"];
    place.has_only(&[&about[..], &rates, &timeline].concat());
    place.text("title", video.title.as_deref());
    place.seconds("length", video.length_millis);
    place.double("threshold", Some(video.threshold));
    place.count("viewers", Some(video.viewers));
    place.count("plays", Some(video.plays));
    place.count("completed", video.completed);
    place.double("completion_rate", video.completion_rate);
    place.double("average_coverage", video.average_coverage);
    place.seconds("content_time", Some(video.content_millis));
    place.seconds("watch_time", Some(video.watch_millis));
    place.within("bins", |place| {
        place.has_only(&["width", "views", "viewers"]);
        place.count("width", Some(5));
        place.counts("views", &video.views);
        place.counts("viewers", &video.viewers_by_bin);
    });
    place.counts("rewatches", &video.rewatches);
    place.rows("retention", &video.retention, |share, place| place.is_double(Some(*share)));
    place.optional("drop_off", video.drop_off.as_ref(), |drop, place| {
        place.has_only(&["bin", "second", "lost"]);
        place.count("bin", Some(drop.bin));
        place.count("second", Some(drop.second));
        place.count("lost", Some(drop.lost));
    });
}

fn question(question: &Question, place: &mut Place<'_>) {
    let about = ["quiz", "quiz_title", "question", "title", "learners", "attempts", "attempts_per_learner"];
    let scores = ["facility", "final_facility", "correct_first_attempt", "elapsed", "marks"];
    let answers = ["responses_first", "responses_first_other", "responses_last", "responses_last_other"];
    place.has_only(&[&about[..], &scores, &answers].concat());
    place.text("quiz_title", question.quiz_title.as_deref());
    place.text("title", question.title.as_deref());
    place.count("learners", Some(question.learners));
    place.count("attempts", Some(question.attempts));
    place.rows("attempts_per_learner", &question.attempts_per_learner, |row, place| {
        place.has_only(&["attempts", "learners"]);
        place.count("attempts", Some(row.attempts));
        place.count("learners", Some(row.learners));
    });
    place.double("facility", question.facility);
    place.double("final_facility", question.final_facility);
    place.double("correct_first_attempt", question.correct_first_attempt);
    responses("responses_first", "responses_first_other", &question.responses_first, place);
    responses("responses_last", "responses_last_other", &question.responses_last, place);
    place.within("elapsed", |place| {
        place.has_only(&["median", "histogram"]);
        place.count("median", question.elapsed.median);
        place.rows("histogram", &question.elapsed.histogram, |row, place| {
            place.has_only(&["seconds", "attempts"]);
            place.count("seconds", Some(row.seconds));
            place.count("attempts", Some(row.attempts));
        });
    });
    place.rows("marks", &question.marks, |mark, place| {
        place.has_only(&["code", "value", "limit"]);
        place.text("code", Some(mark.code));
        place.double("value", Some(mark.value));
        place.double("limit", Some(mark.limit));
    });
}

fn responses(shown: &str, other: &str, responses: &Responses, place: &mut Place<'_>) {
    place.rows(shown, &responses.shown, |row, place| {
        place.has_only(&["response", "learners"]);
        place.text("response", Some(&row.response));
        place.count("learners", Some(row.learners));
    });
    place.count(other, Some(responses.other));
}

/// Where a value stands in the answer; written out only for a difference.
enum Path<'a> {
    Top,
    Field(&'a Path<'a>, &'a str),
    Row(&'a Path<'a>, usize),
    Item(&'a str, &'a [&'a str]),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Path::Top => write!(f, "the answer"),
            Path::Field(Path::Top, field) => write!(f, "{field}"),
            Path::Field(of, field) => write!(f, "{of}.{field}"),
            Path::Row(of, at) => write!(f, "{of}[{at}]"),
            Path::Item(list, names) => write!(f, "{list} {}", names.join(" / ")),
        }
    }
}

/// A value of the answer, where it stands, and what was found to differ so far.
struct Place<'a> {
    path: &'a Path<'a>,
    found: &'a Value,
    lines: &'a mut Vec<String>,
}

impl Place<'_> {
    fn differs(&mut self, expected: impl Debug) {
        self.lines.push(format!("{}: expected {expected:?}, found {}", self.path, short(self.found)));
    }

    /// Looks at a field; one that is not there counts as null, for which [`Place::has_only`] has a line.
    fn within(&mut self, field: &str, look: impl FnOnce(&mut Place<'_>)) {
        let found = self.found.get(field).unwrap_or(&Value::Null);
        look(&mut Place { path: &Path::Field(self.path, field), found, lines: self.lines });
    }

    /// The value is an object of these fields, all of them.
    fn has_only(&mut self, fields: &[&str]) {
        let found = self.found.as_object();
        if !found
            .is_some_and(|found| found.len() == fields.len() && fields.iter().all(|field| found.contains_key(*field)))
        {
            self.lines.push(format!("{}: expected the fields {fields:?}, found {}", self.path, short(self.found)));
        }
    }

    fn count(&mut self, field: &str, expected: Option<i64>) {
        self.within(field, |place| place.is_count(expected));
    }

    fn counts(&mut self, field: &str, expected: &[i64]) {
        self.rows(field, expected, |count, place| place.is_count(Some(*count)));
    }

    fn double(&mut self, field: &str, expected: Option<f64>) {
        self.within(field, |place| place.is_double(expected));
    }

    /// Milliseconds, as the seconds that the answer has.
    fn seconds(&mut self, field: &str, expected: Option<i64>) {
        self.double(field, expected.map(|millis| millis as f64 / 1000.0));
    }

    fn text(&mut self, field: &str, expected: Option<&str>) {
        self.within(field, |place| {
            if !place.is_none_like(expected.is_none()) && place.found.as_str() != expected {
                place.differs(expected);
            }
        });
    }

    fn time(&mut self, field: &str, expected_millis: i64) {
        self.within(field, |place| {
            let found = place.found.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            if found.map(Timestamp::as_millisecond) != Some(expected_millis) {
                place.differs(Timestamp::from_millisecond(expected_millis));
            }
        });
    }

    fn optional<T: Debug>(&mut self, field: &str, expected: Option<&T>, look: impl FnOnce(&T, &mut Place<'_>)) {
        self.within(field, |place| match expected {
            Some(expected) => look(expected, place),
            None if place.found.is_null() => {}
            None => place.differs(expected),
        });
    }

    /// A list, entry by entry.
    fn rows<T: Debug>(&mut self, field: &str, expected: &[T], look: impl Fn(&T, &mut Place<'_>)) {
        self.within(field, |place| {
            let found = place.found.as_array().filter(|found| found.len() == expected.len());
            let Some(found) = found else { return place.differs(expected) };
            for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                look(expected, &mut Place { path: &Path::Row(place.path, at), found, lines: place.lines });
            }
        });
    }

    /// A list of things with names of their own, each of them once and in order.
    fn items<T>(
        &mut self,
        list: &str,
        key: &[&str],
        expected: Vec<(Vec<&str>, &T)>,
        look: impl Fn(&T, &mut Place<'_>),
    ) {
        let found = self.found[list].as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<_> = found.iter().map(|item| name_of(item, key)).collect();
        let wanted: Vec<_> = expected.iter().map(|(name, _)| name).collect();
        if !names.iter().eq(wanted.iter().copied()) || !self.found[list].is_array() {
            self.lines.push(format!("{list}: expected {wanted:?}, found {names:?}"));
        }
        let by_name: HashMap<_, _> = names.iter().zip(found).collect();
        for (name, item) in &expected {
            if let Some(found) = by_name.get(name) {
                look(item, &mut Place { path: &Path::Item(list, name), found, lines: self.lines });
            }
        }
    }

    fn is_count(&mut self, expected: Option<i64>) {
        if !self.is_none_like(expected.is_none()) && self.found.as_i64() != expected {
            self.differs(expected);
        }
    }

    fn is_double(&mut self, expected: Option<f64>) {
        let bits = |double: Option<f64>| double.map(f64::to_bits);
        if !self.is_none_like(expected.is_none()) && bits(self.found.as_f64()) != bits(expected) {
            self.differs(expected);
        }
    }

    /// Whether null was expected, and is there.
    fn is_none_like(&self, expects_none: bool) -> bool {
        expects_none && self.found.is_null()
    }
}

fn name_of<'v>(item: &'v Value, key: &[&str]) -> Vec<&'v str> {
    key.iter().map(|part| item[*part].as_str().unwrap_or_default()).collect()
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 300 { text.chars().take(300).collect::<String>() + "…" } else { text }
}
