//! What events come in (lists, envelopes, wrappings, lines of a log), and how long and how deep they may be.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use serde_json::{Value, json};
use trilha_schemas::event::SourceId;
use trilha_schemas::reader::{Code, Read};
use trilha_schemas::{caliper, edx, xapi};

mod support;

use support::events::{code, log_line, media, one, refusal, video, xapi_quiz};

#[test]
fn an_envelope_may_hold_its_one_event_without_a_list() {
    let event = media("Paused", json!({"currentTime": "PT1M1.5S"}));
    for envelope in [
        json!({"sensor": "s", "data": event}),
        json!({"sensor": "s", "data": [event]}),
        json!({"@type": "http://purl.imsglobal.org/caliper/v1/Envelope", "data": [event]}),
        json!([{"sensor": "s", "data": [event]}]),
    ] {
        assert_eq!(video(&one(caliper::read(&envelope))).position_millis, Some(61_500), "{envelope}");
    }
    assert!(caliper::read(&json!({"sensor": "s", "data": []})).is_empty());
}

#[test]
fn an_id_names_an_event_unless_it_repeats_within_its_envelope_or_list() {
    let with_id = |id: &str| {
        let mut event = media("Paused", json!({"currentTime": 1}));
        event["id"] = json!(id);
        event
    };
    let given = |document: Value| -> Vec<bool> {
        let read = caliper::read(&document).into_iter();
        read.map(|event| matches!(event.unwrap().source_id, SourceId::Given(_))).collect()
    };
    for events in [json!([with_id("a"), with_id("b"), with_id("a")]), json!([with_id("a"), with_id("b"), with_id("c")])]
    {
        let expected = if events[0]["id"] == events[2]["id"] { [false, true, false] } else { [true; 3] };
        assert_eq!(given(events.clone()), expected);
        assert_eq!(given(json!({"sensor": "s", "data": events})), expected);
    }
    // An event may have data of its own.
    let mut event = with_id("a");
    for data in [json!([]), json!({"id": "x"})] {
        event["data"] = data;
        assert_eq!(given(event.clone()), [true]);
    }
    let without_action = json!({"type": "MediaEvent", "data": {"id": "x"}});
    assert_eq!(code(caliper::read(&without_action)), Code::MissingField);
}

#[test]
fn lists_and_wrappings_of_statements_and_lines_are_opened() {
    let statement = || xapi_quiz("http://adlnet.gov/expapi/verbs/answered", json!({"success": true}));
    let count = |read: Read| read.into_iter().filter(Result::is_ok).count();
    assert_eq!(count(xapi::read(&json!([statement(), statement()]))), 2);
    assert_eq!(count(xapi::read(&json!({"statements": [statement(), statement()], "more": ""}))), 2);
    assert_eq!(count(xapi::read(&json!({"statement": statement(), "stored": "2026-03-02T19:30:00Z"}))), 1);
    // A statement is one whatever else it has.
    let mut odd = statement();
    (odd["statements"], odd["statement"]) = (json!([1, 2]), json!({}));
    assert_eq!(count(xapi::read(&odd)), 1);
    assert_eq!(refusal(xapi::read(&json!({"statement": "x"}))).field, "verb.id");
    let line = || log_line("pause_video", "browser", json!(r#"{"id": "v", "code": "c", "currentTime": 1}"#));
    assert_eq!(count(edx::read_value(&json!([line(), line()]))), 2);
}

#[test]
fn ids_of_what_it_is_about_are_as_long_as_the_limit_and_no_longer() {
    let answered = |object: usize, parent: usize| {
        let mut statement = xapi_quiz("http://adlnet.gov/expapi/verbs/answered", json!({}));
        statement["object"]["id"] = json!("o".repeat(object));
        statement["context"]["contextActivities"] = json!({
            "parent": [{"id": "z".repeat(parent)}],
            "grouping": [{"id": "c", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}],
        });
        xapi::read(&statement)
    };
    assert_eq!(one(answered(500, 500)).course, "c");
    for (object, parent, field) in [(501, 1, "object"), (1, 501, "quiz")] {
        let refused = refusal(answered(object, parent));
        assert_eq!((refused.code, refused.field.as_str()), (Code::TooLong, field));
    }
}

#[test]
fn a_line_of_a_log_is_read_whatever_a_shipper_wrote_before_it() {
    let value = log_line("pause_video", "browser", json!({"id": "v", "code": "html5", "currentTime": 7.5}));
    let event = one(edx::read_value(&value));
    assert_eq!(video(&event).position_millis, Some(7_500));
    for before in ["", " ", "Mar  2 19:30:00 host [tracking] 42 logger.py:41 - "] {
        assert_eq!(one(edx::read(&format!("{before}{value}"))), event, "after {before:?}");
    }
    for broken in ["", "no object", "{\"event_type\": ", &format!("{value},")] {
        let refusal = refusal(edx::read(broken));
        assert!(
            refusal.code == Code::InvalidJson && refusal.message.starts_with("not JSON: "),
            "{broken}: {refusal:?}"
        );
    }
}

#[test]
fn a_line_is_as_deep_as_the_limit_and_no_deeper() {
    let nested = |levels: usize| {
        let list = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let line = log_line("pause_video", "browser", json!({"id": "v", "currentTime": 1}));
        line.to_string().replace("\"username\"", &format!("\"odd\":{list},\"username\""))
    };
    // The line itself is a level.
    assert!(edx::read(&nested(31))[0].is_ok());
    assert_eq!(code(edx::read(&nested(32))), Code::TooDeep);
    // So deep that a reader that builds the value first would run out of stack.
    assert_eq!(code(edx::read(&nested(100_000))), Code::TooDeep);
}
