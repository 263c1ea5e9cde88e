//! Open edX tracking logs: what the server and the player in the browser wrote, one JSON object a line.
//!
//! Two envelopes are read: the log's (`event_type`, `time`, `event`) and the one that Open edX hands around in its own
//! process (`name`, `timestamp`, `data`).

mod kind;
mod problem;
mod video;

use std::borrow::Cow;

use serde_json::Value;

use crate::event::{Body, QuizAction, QuizEvent, SentEvent, SourceId};
use crate::loose::{self, Draft, Names, at, str_at};
use crate::reader::{Code, Read, Refusal, content_hash, read_each};
use kind::Kind;

const NAMES: Names = Names {
    learner: "context.user_id",
    course: "context.course_id",
    no_course: "no course: context.course_id is absent or empty",
};

/// Reads one line of a log; what a log shipper wrote before the JSON is left out.
pub fn read(line: &str) -> Read {
    let json = line.find('{').map_or(line, |start| &line[start..]);
    if crate::native::depth(json) > crate::reader::MAX_DEPTH {
        return vec![Err(loose::deep_refusal())];
    }
    match serde_json::from_str(json) {
        Ok(document) => read_value(&document),
        Err(error) => vec![Err(Refusal::new(Code::InvalidJson, "", format!("not JSON: {error}")))],
    }
}

/// Reads one event, or an array of them. A `problem_check` makes one event per question.
pub fn read_value(document: &Value) -> Read {
    if loose::too_deep(document) {
        return vec![Err(loose::deep_refusal())];
    }
    match document {
        Value::Array(lines) => read_each(lines, line),
        _ => line(document),
    }
}

fn line(document: &Value) -> Read {
    if !document.is_object() {
        return vec![Err(Refusal::new(Code::NotAnObject, "", "a line of a tracking log is a JSON object"))];
    }
    events(document).unwrap_or_else(|refusal| vec![Err(refusal)])
}

fn events(line: &Value) -> Result<Read, Refusal> {
    let payload = payload(line);
    let payload = payload.as_ref();
    if loose::too_deep(payload) {
        return Err(loose::deep_refusal());
    }
    let kind = kind::of(line, payload)?;
    let mut draft = draft(line, payload, kind)?;
    let source = SourceId::Content(content_hash(line));
    let body = match kind {
        Kind::ProblemCheck => {
            draft.bound(&NAMES)?;
            return Ok(questions(&draft, payload, &source)?.collect());
        }
        Kind::Video(action) => Body::Video(video::event(&mut draft, action, payload)?),
        Kind::Exam(action) => exam(&mut draft, action, payload)?,
        Kind::Viewed(field) => Body::Viewed { object: required(payload, field)?.to_string() },
        Kind::Enrolled => Body::Enrolled,
        Kind::Unenrolled => Body::Unenrolled,
    };
    Ok(vec![draft.finish(&NAMES, source, body)])
}

/// One event per question; a question's own text is a better title than the problem's name.
fn questions<'a>(
    problem: &'a Draft,
    payload: &'a Value,
    source: &'a SourceId,
) -> Result<impl Iterator<Item = Result<SentEvent, Refusal>> + 'a, Refusal> {
    let answers = problem::answers(payload)?;
    Ok(answers.into_iter().map(|answer| {
        let mut draft = problem.clone();
        draft.title = answer.title.or(draft.title);
        let body = draft.quiz(answer.event);
        draft.finish(&NAMES, source.clone(), body)
    }))
}

/// What a line says besides its act. An enrolment is of the user and the course that it names, whoever made it.
fn draft(line: &Value, payload: &Value, kind: Kind) -> Result<Draft, Refusal> {
    let of_payload = |field: &str| {
        let roster = matches!(kind, Kind::Enrolled | Kind::Unenrolled);
        at(payload, &[field]).filter(|_| roster).and_then(loose::text)
    };
    let mut draft = Draft {
        learner: of_payload("user_id").or_else(|| learner(line)).or_else(|| of_payload("username")),
        course: of_payload("course_id").or_else(|| at(line, &["context", "course_id"]).and_then(loose::text)),
        session: either(line, "session").map(str::to_string),
        title: str_at(line, &["context", "module", "display_name"]).map(str::to_string),
        ..Draft::default()
    };
    draft.take_time("time", loose::first_full(line, &["time", "timestamp"]))?;
    Ok(draft)
}

/// The user's number as text, else the user's name.
fn learner(line: &Value) -> Option<String> {
    let user_id = at(line, &["context", "user_id"]).and_then(loose::text);
    user_id.or_else(|| either(line, "username").map(str::to_string))
}

/// A text of the line, else of its context, unless it is empty.
fn either<'a>(line: &'a Value, field: &str) -> Option<&'a str> {
    let full = |text: &&str| !text.is_empty();
    str_at(line, &[field]).filter(full).or_else(|| str_at(line, &["context", field]).filter(full))
}

/// The act's own members: an object, or JSON in a string, once or twice over. Null when it is none of these.
fn payload(line: &Value) -> Cow<'_, Value> {
    let Some(event) = at(line, &["event"]).or_else(|| at(line, &["data"])) else { return Cow::Owned(Value::Null) };
    let Value::String(text) = event else { return Cow::Borrowed(event) };
    let once = unpacked(text);
    Cow::Owned(match &once {
        Value::String(text) => unpacked(text),
        _ => once,
    })
}

fn unpacked(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A timed exam as a whole.
fn exam(draft: &mut Draft, action: QuizAction, payload: &Value) -> Result<Body, Refusal> {
    let quiz = required(payload, "exam_content_id")?.to_string();
    draft.title = str_at(payload, &["exam_name"]).map(str::to_string);
    let submitted = action == QuizAction::Submitted;
    let elapsed = at(payload, &["attempt_event_elapsed_time_secs"]).filter(|_| submitted);
    let attempt_id = at(payload, &["attempt_id"]).and_then(loose::text);
    let elapsed_millis = loose::elapsed_millis(elapsed);
    Ok(draft.quiz(QuizEvent { action, quiz, attempt_id, elapsed_millis, ..QuizEvent::default() }))
}

fn required<'a>(payload: &'a Value, field: &str) -> Result<&'a str, Refusal> {
    if !payload.is_object() {
        let message = "event is no JSON object, nor one in a text, so that it is not known what was acted on";
        return Err(Refusal::new(Code::MissingField, "event", message));
    }
    let value = str_at(payload, &[field]).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| {
        let field = format!("event.{field}");
        let message = format!("{field} is absent, so that it is not known what was acted on");
        Refusal::new(Code::MissingField, field, message)
    })
}
