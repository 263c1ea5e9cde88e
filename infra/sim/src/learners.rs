//! What learners do: native events of every kind, out of order, late, ahead, repeated, broken, as they are sent.
//!
//! No two events of a tenant have the same time, so that ties decide nothing; and none lies where two clocks could disagree
//! on whether it is in the future.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::dice::Dice;

/// Makes the pseudonyms of every tenant of every run.
pub const PSEUDONYM_KEY: [u8; 32] = [7; 32];
/// The tenants: they share courses and learners by name, and nothing else.
pub const TENANTS: [&str; 2] = ["escola", "outra|escola"];
/// The courses of each.
pub const COURSES: [&str; 2] = ["bio-101|2026", "física"];

const VIDEOS: [&str; 2] = ["v1", "v|2"];
const QUIZZES: [&str; 2] = ["q1", "q2"];
const QUESTIONS: [&str; 2] = ["a", "b"];
const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;

/// How an event is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is fine.
    Good,
    /// No reader takes it.
    Broken,
    /// The reader of today's collector does not take it; tomorrow's does.
    TooNew,
}

/// One event, as it is sent.
#[derive(Debug, Clone)]
pub struct Act {
    /// Whose.
    pub tenant: &'static str,
    /// Native JSON.
    pub text: String,
    /// How it is taken.
    pub fate: Fate,
    /// What tells it apart from every other of its tenant.
    pub name: Name,
}

/// What tells an event apart: its id and its time, one of which it has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Whose.
    pub tenant: String,
    /// The client's id.
    pub id: Option<String>,
    /// When.
    pub time_millis: Option<i64>,
}

/// What a run's learners do, in no particular order.
pub fn acts(dice: &mut Dice, now_millis: i64) -> Vec<Act> {
    let mut class = Class { dice, now_millis, times: BTreeSet::new(), ids: 0, acts: Vec::new(), tenant: TENANTS[0] };
    let tenants = if class.dice.chance(250) { 2 } else { 1 };
    for tenant in &TENANTS[..tenants] {
        class.tenant = tenant;
        let learners = 2 + class.dice.roll(4);
        for _ in 0..learners {
            let learner = class.dice.pick(names()).clone();
            class.learner(&learner);
        }
    }
    class.acts
}

/// Learners of whom some share a bucket: their events share records.
fn names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let candidates: Vec<String> = (0..600).map(|number| format!("aluna-{number}@ead.example")).collect();
        let mut names: Vec<String> = ["ana", "bia|1", "joão", "d"].map(str::to_string).to_vec();
        for (at, name) in candidates.iter().enumerate() {
            if names.len() < 10 && candidates[..at].iter().any(|other| bucket(other) == bucket(name)) {
                let other = candidates[..at].iter().find(|other| bucket(other) == bucket(name));
                names.extend(other.cloned());
                names.push(name.clone());
            }
        }
        names
    })
}

fn bucket(learner: &str) -> u16 {
    let mac = Hmac::<Sha256>::new_from_slice(&PSEUDONYM_KEY).expect("a key of any length");
    let digest = mac.chain_update(learner).chain_update(0u32.to_be_bytes()).finalize().into_bytes();
    u16::from_be_bytes([digest[0], digest[1]]) >> 4
}

struct Class<'d> {
    dice: &'d mut Dice,
    now_millis: i64,
    times: BTreeSet<i64>,
    ids: u32,
    acts: Vec<Act>,
    tenant: &'static str,
}

/// What the events of one sitting share.
struct Sitting {
    learner: String,
    course: &'static str,
    session: Option<String>,
    role: Option<&'static str>,
    time: i64,
}

impl Class<'_> {
    fn learner(&mut self, learner: &str) {
        for _ in 0..1 + self.dice.roll(4) {
            let mut sitting = self.sitting(learner);
            // Events ahead of their arrival stand at it, all of a request's at one: where order decides nothing.
            let kinds = if sitting.time > self.now_millis { 0 } else { 5 };
            match self.dice.roll(kinds) {
                _ if kinds == 0 => self.others(&mut sitting),
                0 | 1 => self.heartbeats(&mut sitting),
                2 => self.player(&mut sitting),
                3 => self.answers(&mut sitting),
                _ => self.others(&mut sitting),
            }
        }
    }

    fn sitting(&mut self, learner: &str) -> Sitting {
        let back = match self.dice.roll(20) {
            0 => self.dice.between(0, 30 * DAY),
            1 => self.dice.between(47 * 60 * MINUTE, 49 * 60 * MINUTE),
            2 => -self.dice.between(12 * MINUTE, 40 * MINUTE),
            3 => -30 * DAY,
            _ => self.dice.between(5 * MINUTE, 4 * 60 * MINUTE),
        };
        let session = if self.dice.chance(600) { Some(format!("s{}", self.dice.roll(3))) } else { None };
        let role = match self.dice.roll(25) {
            0 => Some("staff"),
            1 => Some("test"),
            2 => Some("learner"),
            _ => None,
        };
        let time = self.now_millis - back;
        Sitting { learner: learner.to_string(), course: COURSES[self.dice.roll(COURSES.len())], session, role, time }
    }

    fn heartbeats(&mut self, sitting: &mut Sitting) {
        let video = *self.dice.pick(&VIDEOS);
        let mut from = self.dice.between(0, 120) as f64;
        let length = self.length();
        let rate = if self.dice.chance(300) { Some(*self.dice.pick(&[0.5, 1.25, 2.0, 9.0])) } else { None };
        for _ in 0..1 + self.dice.roll(8) {
            let to = from + *self.dice.pick(&[10.0, 10.0, 9.75, 0.2, 400.0]);
            self.push(
                sitting,
                "video.watched",
                json!({"video": video, "from": from, "to": to, "length": length, "rate": rate}),
            );
            sitting.time += self.dice.between(1_000, 20_000);
            from = if self.dice.chance(800) { to } else { self.dice.between(0, 300) as f64 };
        }
    }

    fn player(&mut self, sitting: &mut Sitting) {
        let video = *self.dice.pick(&VIDEOS);
        let length = self.length();
        let mut position = self.dice.between(0, 60) as f64;
        for _ in 0..1 + self.dice.roll(8) {
            let (kind, fields) = match self.dice.roll(8) {
                0..=2 => ("video.played", json!({"position": position, "rate": self.dice.pick(&[1.0, 1.5, 2.0])})),
                3 | 4 => ("video.paused", json!({"position": position})),
                5 => ("video.seeked", json!({"from": position, "to": self.dice.between(0, 200)})),
                6 => ("video.completed", json!({"position": position})),
                _ => ("video.terminated", json!({"position": position})),
            };
            let mut fields = fields;
            fields["video"] = json!(video);
            fields["length"] = json!(length);
            self.push(sitting, kind, fields);
            let step = self.dice.between(500, 90_000);
            sitting.time += step;
            position += step as f64 / 1000.0;
        }
        if self.dice.chance(100) {
            sitting.time += 45 * MINUTE;
        }
    }

    fn length(&mut self) -> Option<f64> {
        *self.dice.pick(&[Some(269.0), Some(269.0), Some(180.5), None, Some(-1.0)])
    }

    fn answers(&mut self, sitting: &mut Sitting) {
        let quiz = *self.dice.pick(&QUIZZES);
        if self.dice.chance(300) {
            self.push(sitting, "quiz.started", json!({"quiz": quiz, "attempt": 1}));
        }
        for _ in 0..1 + self.dice.roll(5) {
            let question = *self.dice.pick(&QUESTIONS);
            let attempt = *self.dice.pick(&[None, Some(1), Some(2), Some(3)]);
            let response = *self.dice.pick(&["x", "y", "a longer answer", ""]);
            let mut fields = json!({"quiz": quiz, "question": question, "attempt": attempt, "response": response});
            if self.dice.chance(700) {
                fields["correct"] = json!(self.dice.chance(500));
            }
            if self.dice.chance(400) {
                fields["score"] = json!(self.dice.between(0, 10));
                fields["max_score"] = json!(10);
            }
            if self.dice.chance(400) {
                fields["elapsed"] = json!(self.dice.between(0, 4_000));
            }
            self.push(sitting, "quiz.answered", fields);
            sitting.time += *self.dice.pick(&[900, 4_000, 40_000]);
        }
        if self.dice.chance(300) {
            self.push(sitting, "quiz.submitted", json!({"quiz": quiz, "attempt": 1, "score": 3, "max_score": 4}));
        }
    }

    fn others(&mut self, sitting: &mut Sitting) {
        for _ in 0..1 + self.dice.roll(4) {
            let (kind, fields) = match self.dice.roll(6) {
                0 => (*self.dice.pick(&["course.enrolled", "course.unenrolled"]), json!({})),
                1 => ("course.completed", json!({})),
                2 if sitting.time < self.now_millis => {
                    ("object.described", json!({"object": self.dice.pick(&VIDEOS), "title": "Aula", "length": 300}))
                }
                _ => ("activity.viewed", json!({"object": "page-1"})),
            };
            self.push(sitting, kind, fields);
            sitting.time += self.dice.between(100, 10 * MINUTE);
        }
    }

    fn push(&mut self, sitting: &Sitting, kind: &str, fields: Value) {
        // Where order decides nothing; of enrolments at one time the oracle takes any.
        let may_lack_time = kind == "activity.viewed" || kind.starts_with("course.");
        let has_time = !(may_lack_time && self.dice.chance(80));
        let id = if !has_time || self.dice.chance(850) { Some(self.id(has_time)) } else { None };
        let time = has_time.then(|| self.time(sitting.time));
        let mut event = Map::new();
        event.insert("type".into(), json!(kind));
        event.insert("learner".into(), json!(sitting.learner));
        event.insert("course".into(), json!(sitting.course));
        id.iter().for_each(|id| drop(event.insert("id".into(), json!(id))));
        time.iter().for_each(|time| drop(event.insert("time".into(), json!(self.spelled(*time)))));
        sitting.session.iter().for_each(|session| drop(event.insert("session".into(), json!(session))));
        sitting.role.iter().for_each(|role| drop(event.insert("role".into(), json!(role))));
        let fields = fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        event.extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        let fate = match self.dice.roll(60) {
            0 => Fate::Broken,
            1 if id.is_some() => Fate::TooNew,
            _ => Fate::Good,
        };
        if fate == Fate::Broken {
            break_it(&mut event, self.dice);
        }
        let name = Name { tenant: self.tenant.to_string(), id, time_millis: time };
        self.acts.push(Act { tenant: self.tenant, text: Value::Object(event).to_string(), fate, name });
    }

    /// Now and then the id of another event, where times tell them apart.
    fn id(&mut self, has_time: bool) -> String {
        if !(has_time && self.ids > 0 && self.dice.chance(20)) {
            self.ids += 1;
        }
        format!("e{:05}", self.ids)
    }

    /// A time of its own, at the wanted one or a little later.
    fn time(&mut self, wanted: i64) -> i64 {
        let mut time = wanted;
        while !self.times.insert(time) {
            time += 1;
        }
        time
    }

    fn spelled(&mut self, time: i64) -> String {
        Timestamp::from_millisecond(time).map_or_else(|_| String::new(), |time| time.to_string())
    }
}

fn break_it(event: &mut Map<String, Value>, dice: &mut Dice) {
    match dice.roll(4) {
        0 => drop(event.remove("course")),
        1 => drop(event.insert("type".into(), json!("video.exploded"))),
        2 if event["type"] != "object.described" => drop(event.insert("learner".into(), json!("anonymous"))),
        _ => drop(event.insert("time".into(), json!("yesterday"))),
    }
}
