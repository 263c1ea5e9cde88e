//! Events of our own, to be varied by the tests.

use serde_json::{Value, json};
use trilha_schemas::event::{Body, QuizEvent, SentEvent, VideoEvent};
use trilha_schemas::reader::{Code, Read, Refusal};

/// Where the extensions of the Video Profile live.
pub const VIDEO: &str = "https://w3id.org/xapi/video/extensions/";

/// The only event of a document.
pub fn one(read: Read) -> SentEvent {
    assert_eq!(read.len(), 1);
    read.into_iter().next().unwrap().unwrap()
}

/// The only refusal of a document.
pub fn refusal(read: Read) -> Refusal {
    assert_eq!(read.len(), 1);
    read.into_iter().next().unwrap().unwrap_err()
}

/// Why the only event of a document was refused.
pub fn code(read: Read) -> Code {
    refusal(read).code
}

/// Its video part.
pub fn video(event: &SentEvent) -> &VideoEvent {
    match &event.body {
        Body::Video(video) => video,
        other => panic!("{other:?}"),
    }
}

/// Its quiz part.
pub fn quiz(event: &SentEvent) -> &QuizEvent {
    match &event.body {
        Body::Quiz(quiz) => quiz,
        other => panic!("{other:?}"),
    }
}

/// Context activities with a course.
pub fn course() -> Value {
    json!({"parent": [{"id": "c", "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}]})
}

/// A statement of the Video Profile with these extensions of the result and the context.
pub fn xapi_video(verb: &str, result: Value, context: Value) -> Value {
    let prefixed = |fields: Value| -> Value {
        fields.as_object().unwrap().iter().map(|(name, value)| (format!("{VIDEO}{name}"), value.clone())).collect()
    };
    json!({
        "id": "i",
        "actor": {"mbox": "mailto:a@b.test"},
        "verb": {"id": format!("https://w3id.org/xapi/video/verbs/{verb}")},
        "object": {"id": "v", "definition": {"type": "https://w3id.org/xapi/video/activity-type/video"}},
        "result": {"extensions": prefixed(result)},
        "context": {"contextActivities": course(), "extensions": prefixed(context)},
        "timestamp": "2026-03-02T19:30:00Z",
    })
}

/// A statement on a question with this verb and result.
pub fn xapi_quiz(verb: &str, result: Value) -> Value {
    json!({
        "actor": {"mbox": "mailto:a@b.test"},
        "verb": {"id": verb},
        "object": {"id": "q", "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"}},
        "result": result,
        "context": {"contextActivities": course()},
    })
}

/// A Caliper media event.
pub fn media(action: &str, target: Value) -> Value {
    json!({
        "id": "urn:uuid:1", "type": "MediaEvent", "actor": "u", "action": action, "target": target,
        "object": {"id": "v", "type": "VideoObject", "duration": "PT10M"},
        "eventTime": "2026-03-02T19:30:00Z", "group": "c",
    })
}

/// A line of a tracking log.
pub fn log_line(event_type: &str, source: &str, event: Value) -> Value {
    json!({
        "username": "ana", "event_source": source, "event_type": event_type, "time": "2026-03-02T19:30:00+00:00",
        "context": {"user_id": 7, "course_id": "course-v1:T+M1+2026"}, "event": event,
    })
}

/// The server's word of a graded submission.
pub fn problem_check(correct_map: Value, submission: Value, answers: Value) -> Value {
    let event = json!({
        "problem_id": "p", "attempts": 2, "correct_map": correct_map, "submission": submission, "answers": answers,
    });
    log_line("problem_check", "server", event)
}
