use super::*;
use crate::event::{Body, Role, SourceId};
use crate::flags::Flags;

const WATCHED: &str = r#"{"id":"e1","type":"video.watched","time":"2026-03-02T19:30:00.250Z","learner":"ana","course":"c",
    "video":"v","from":1.0005,"to":11,"length":300,"rate":1.5,"title":"Células","unknown":{"x":[1]}}"#;

fn refusal(text: &str) -> (Code, String) {
    let refusal = read(text).unwrap_err();
    (refusal.code, refusal.field)
}

#[test]
fn a_heartbeat_reads_into_integers() {
    let event = read(WATCHED).unwrap();
    assert_eq!(event.source_id, SourceId::Given("e1".into()));
    assert_eq!(event.time_millis, Some(1_772_479_800_250));
    assert_eq!((event.learner.as_deref(), event.course.as_str(), event.role), (Some("ana"), "c", Role::Learner));
    let Body::Video(video) = event.body else { panic!("a video event") };
    assert_eq!(
        (video.position_millis, video.to_millis, video.length_millis),
        (Some(1001), Some(11_000), Some(300_000))
    );
    assert_eq!(video.rate, Some(1.5));
}

#[test]
fn a_bad_field_is_named() {
    let with = |field: &str, value: &str| {
        let mut object: serde_json::Value = serde_json::from_str(WATCHED).unwrap();
        object[field] = serde_json::from_str(value).unwrap();
        object.to_string()
    };
    for (field, value, code) in [
        ("type", "\"video.exploded\"", Code::UnknownType),
        ("type", "7", Code::WrongType),
        ("video", "null", Code::MissingField),
        ("video", "\"\"", Code::MissingField),
        ("from", "\"1\"", Code::WrongType),
        ("from", "1e300", Code::InvalidValue),
        ("to", "null", Code::MissingField),
        ("time", "\"yesterday\"", Code::InvalidValue),
        ("learner", "null", Code::NoLearner),
        ("learner", "\" Anonymous \"", Code::NoLearner),
        ("course", "\" \"", Code::NoCourse),
        ("role", "\"king\"", Code::InvalidValue),
    ] {
        let text = with(field, value);
        assert_eq!(refusal(&text), (code, field.to_string()), "{text}");
        assert_eq!(read(&text).unwrap_err().id.as_deref(), Some("e1"));
    }
    assert_eq!(refusal(&with("course", &format!("\"{}\"", "c".repeat(513)))), (Code::TooLong, "course".into()));
    assert_eq!(refusal("{"), (Code::InvalidJson, String::new()));
    assert_eq!(refusal("[1]"), (Code::NotAnObject, String::new()));
    assert_eq!(refusal(&"[".repeat(100_000)), (Code::TooDeep, String::new()));
}

#[test]
fn implausible_values_are_ignored_and_flagged() {
    let text = WATCHED.replace("300", "36001").replace("1.5", "9").replace("\"to\":11", "\"to\":302");
    let event = read(&text).unwrap();
    let expected = [Flags::LENGTH_IGNORED, Flags::RATE_IGNORED, Flags::HEARTBEAT_CUT];
    assert!(expected.into_iter().all(|flag| event.flags.contains(flag)));
    let Body::Video(video) = event.body else { panic!("a video event") };
    assert_eq!((video.length_millis, video.rate), (None, None));
}

#[test]
fn duplicate_keys_count_as_the_last_and_unknown_ones_not_at_all() {
    let event = read(r#"{"type":"course.enrolled","learner":"a","learner":"b","course":"c"}"#).unwrap();
    assert_eq!(event.learner.as_deref(), Some("b"));
}

#[test]
fn without_an_id_the_content_names_the_event_whatever_the_order_of_keys() {
    let one = read(r#"{"type":"course.enrolled","learner":"b","course":"c"}"#).unwrap();
    let other = read(r#"{"course":"c", "learner":"b","type":"course.enrolled"}"#).unwrap();
    let third = read(r#"{"course":"d","learner":"b","type":"course.enrolled"}"#).unwrap();
    assert_eq!(one.source_id, other.source_id);
    assert_ne!(one.source_id, third.source_id);
}

#[test]
fn answers_take_texts_and_lists() {
    let answered = |response: &str| {
        let text = format!(
            r#"{{"id":"1","type":"quiz.answered","learner":"a","course":"c","quiz":"q","question":"1","attempt":2,
                "response":{response},"correct":true,"score":1,"max_score":2,"elapsed":3.5}}"#
        );
        let Body::Quiz(quiz) = read(&text).unwrap().body else { panic!("a quiz event") };
        (quiz.response, quiz.attempt, quiz.elapsed_millis)
    };
    assert_eq!(answered(r#"["b","a"]"#), (Some("a, b".into()), Some(2), Some(3500)));
    assert_eq!(answered(r#""b""#).0, Some("b".into()));
    assert_eq!(answered("4").0, Some("4".into()));
    assert_eq!(answered("null").0, None);
}

#[test]
fn the_catalogue_needs_no_learner() {
    let event = read(r#"{"type":"object.described","course":"c","object":"v","title":"T","length":60}"#).unwrap();
    assert_eq!(event.learner, None);
    let Body::Described(description) = event.body else { panic!("a description") };
    assert_eq!(description.length_millis, Some(60_000));
}

#[test]
fn bodies_split_into_events() {
    let count = |body: &str| split(body).map(|events| events.len()).map_err(|refusal| refusal.code);
    assert_eq!(count("{}"), Ok(1));
    assert_eq!(count(" [{} , {\"a\":[1]}]"), Ok(2));
    assert_eq!(count("{}\n\n{}\r\nnot json"), Ok(3));
    assert_eq!(count("not json\n{}"), Ok(2));
    assert_eq!(count("{\n \"a\": 1\n}"), Ok(1));
    assert_eq!(count("[]"), Ok(0));
    assert_eq!(count(""), Ok(0));
    assert_eq!(count("[{}"), Err(Code::InvalidJson));
}
