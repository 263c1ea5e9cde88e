use serde_json::{Value, json};

use super::{course, event, utc};
use crate::{Course, differences};

/// A course with something in every field.
fn expected() -> Course {
    let mut texts = Vec::new();
    for (learner, to) in [("a", "12"), ("b", "5.5")] {
        let rest = format!(r#""video":"v","from":0,"to":{to},"length":12,"rate":2,"title":"Video""#);
        texts.push(event("video.watched", learner, "11:59:00", &rest));
    }
    let rest = r#""quiz":"z","question":"q","response":"x","correct":true,"elapsed":3,"title":"Question""#;
    texts.push(event("quiz.answered", "a", "12:00:00", rest));
    for (object, title) in [("c", "Course"), ("z", "Quiz")] {
        texts.push(event("object.described", "x", "12:00:00", &format!(r#""object":"{object}","title":"{title}""#)));
    }
    course(&texts, &utc())
}

/// The same as the read API answers it.
fn answer() -> Value {
    let minutes = (1..60).map(|minute| match minute {
        59 => json!({"minute": "2026-03-02T11:59:00Z", "active": 2}),
        _ => json!({"minute": format!("2026-03-02T11:{minute:02}:00Z"), "active": 0}),
    });
    let minutes: Vec<Value> = minutes.chain([json!({"minute": "2026-03-02T12:00:00Z", "active": 1})]).collect();
    json!({
        "as_of": "2026-03-02T12:00:30Z",
        "processed_to": "2026-03-02T12:00:30Z",
        "stale": false,
        "course": {
            "course": "c", "title": "Course", "zone": "UTC", "learners": 2, "active_5m": 2, "active_today": 2,
            "active_7d": 2, "minutes": minutes,
        },
        "videos": [{
            "video": "v", "title": "Video", "length": 12, "threshold": 0.95, "viewers": 2, "plays": 2, "completed": 1,
            "completion_rate": 0.5, "average_coverage": 17.0 / 24.0, "content_time": 17.5, "watch_time": 8.75,
            "bins": {"width": 5, "views": [2, 2, 1], "viewers": [2, 2, 1]}, "rewatches": [0, 0, 0],
            "retention": [1.0, 1.0, 0.5], "drop_off": {"bin": 2, "second": 10, "lost": 1},
        }],
        "questions": [{
            "quiz": "z", "quiz_title": "Quiz", "question": "q", "title": "Question", "learners": 1, "attempts": 1,
            "attempts_per_learner": [{"attempts": 1, "learners": 1}], "facility": 1.0, "final_facility": 1.0,
            "correct_first_attempt": 1.0, "responses_first": [{"response": "x", "learners": 1}],
            "responses_first_other": 0, "responses_last": [{"response": "x", "learners": 1}], "responses_last_other": 0,
            "elapsed": {"median": 3, "histogram": [{"seconds": 3, "attempts": 1}]},
            "marks": [{"code": "facility_high", "value": 1.0, "limit": 0.7}],
        }],
    })
}

#[test]
fn an_equal_answer_has_no_differences() {
    assert_eq!(differences(&expected(), &answer()), Vec::<String>::new());
}

/// Where every value of an answer stands, as JSON pointers.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let at = format!("{at}/{name}");
        pointers(value, &at, found);
        found.push(at);
    }
}

#[test]
fn any_other_value_anywhere_is_a_difference() {
    let mut everywhere = Vec::new();
    pointers(&answer(), "", &mut everywhere);
    assert!(everywhere.len() > 200, "all of it is looked at");
    for at in everywhere {
        for other in [Value::Null, json!("other"), json!(77), json!(0.499), json!([]), json!({"other": 1})] {
            let mut answer = answer();
            *answer.pointer_mut(&at).unwrap() = other.clone();
            let ignored = ["/as_of", "/processed_to", "/stale"].contains(&at.as_str());
            assert_eq!(differences(&expected(), &answer).is_empty(), ignored, "{at}: {other}");
        }
    }
}

#[test]
fn fields_and_items_that_one_side_alone_has_are_differences() {
    let differs = |change: &dyn Fn(&mut Value)| {
        let mut answer = answer();
        change(&mut answer);
        assert_ne!(differences(&expected(), &answer), Vec::<String>::new());
    };
    differs(&|answer| answer["course"]["news"] = json!(1));
    differs(&|answer| answer["videos"][0]["news"] = json!(1));
    differs(&|answer| answer["questions"][0]["news"] = Value::Null);
    differs(&|answer| drop(answer["videos"][0].as_object_mut().unwrap().remove("title")));
    for list in ["videos", "questions"] {
        differs(&|answer| answer[list] = json!([]));
        differs(&|answer| {
            let copy = answer[list][0].clone();
            answer[list].as_array_mut().unwrap().push(copy);
        });
    }
}

#[test]
fn a_difference_says_where_and_what() {
    let mut answer = answer();
    answer["videos"][0]["bins"]["views"][1] = json!(3);
    assert_eq!(differences(&expected(), &answer), ["videos v.bins.views[1]: expected Some(2), found 3"]);
}

#[test]
fn doubles_are_compared_bit_for_bit() {
    let mut answer = answer();
    answer["videos"][0]["completion_rate"] = json!(f64::from_bits(0.5_f64.to_bits() + 1));
    assert_eq!(differences(&expected(), &answer).len(), 1);
}
