//! Events made by number: the same number is the same event.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::json;

pub(crate) const COURSES: [&str; 2] = ["course-v1:Trilha+BIO101+2026_2", "course-v1:Trilha+QUI102+2026_2"];
const LEARNERS: u64 = 150;
const SPAN_MILLIS: u64 = 30 * 60_000;

/// A class that met in the last hour, so that its events are neither late nor ahead.
#[derive(Clone, Copy)]
pub(crate) struct Meeting {
    begin_millis: i64,
}

impl Meeting {
    pub(crate) fn an_hour_ago() -> Meeting {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        Meeting { begin_millis: now - 3_600_000 }
    }

    pub(crate) fn end(&self) -> String {
        time(self.begin_millis + SPAN_MILLIS as i64)
    }

    /// Event number `number`; its id is [`id`].
    pub(crate) fn event(&self, number: u64) -> String {
        let mixed = mix(number);
        let learner = mixed % LEARNERS;
        let pick = |shift: u32, choices: u64| (mixed >> shift) % choices;
        let millis = pick(20, SPAN_MILLIS);
        let (video, position) = (pick(8, 5), pick(12, 280));
        let mut event = match pick(44, 10) {
            0..=4 => {
                json!({ "type": "video.watched", "from": position, "to": position + 1 + pick(48, 15), "rate": 1.25 })
            }
            5 => json!({ "type": "video.played", "position": position, "title": "Fotossíntese" }),
            6 => json!({ "type": "video.paused", "position": position }),
            7 => json!({ "type": "activity.viewed", "object": format!("page-{}", pick(48, 3)) }),
            _ => json!({
                "type": "quiz.answered", "quiz": "quiz-1", "question": format!("question-{}", pick(48, 4)),
                "attempt": 1 + pick(52, 3), "response": format!("{}", pick(56, 5)), "correct": pick(56, 5) == 0,
                "score": pick(56, 5), "max_score": 4, "elapsed": pick(12, 90),
            }),
        };
        if event["type"].as_str().is_some_and(|kind| kind.starts_with("video.")) {
            event["video"] = format!("video-{video}").into();
            event["length"] = 300.into();
            event["session"] = format!("{learner}-{video}-{}", pick(52, 2)).into();
        }
        event["id"] = id(number).into();
        event["time"] = time(self.begin_millis + millis as i64).into();
        event["learner"] = format!("aluna-{learner}").into();
        event["course"] = COURSES[usize::from(learner.is_multiple_of(3))].into();
        event.to_string()
    }
}

pub(crate) fn id(number: u64) -> String {
    format!("event-{number:08}")
}

fn time(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap().to_string()
}

/// A number that looks random: splitmix64's last steps.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// In another order, the same for the same seed.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64) {
    for at in (1..items.len()).rev() {
        items.swap(at, (mix(seed ^ at as u64) % (at as u64 + 1)) as usize);
    }
}
