//! Assessment, item and grade events.

use serde_json::Value;

use super::entity::{extension, iri, type_tail};
use crate::event::{Body, QuizAction, QuizEvent};
use crate::loose::{self, Draft, at};
use crate::reader::{Code, Refusal};

static NOTHING: Value = Value::Null;

/// What an event is about: the object, or when that is an attempt, what was attempted.
pub(super) fn subject(event: &Value) -> &Value {
    let object = event.get("object").unwrap_or(&NOTHING);
    at(object, &["assignable"]).unwrap_or(object)
}

/// Whose attempt was graded.
pub(super) fn assignee(event: &Value) -> Option<&Value> {
    let paths: [&[&str]; 4] = [
        &["object", "assignee"],
        &["generated", "attempt", "assignee"],
        &["generated", "assignee"],
        &["object", "actor"],
    ];
    paths.iter().find_map(|path| at(event, path))
}

/// A question answered or opened, or a quiz opened or handed in.
pub(super) fn event(draft: &mut Draft, event: &Value, action: QuizAction) -> Result<Body, Refusal> {
    let (attempt, attempt_id) = attempt(event);
    let generated = event.get("generated").unwrap_or(&NOTHING);
    let response = at(generated, &["value"]).or_else(|| at(generated, &["values"]));
    Ok(draft.quiz(QuizEvent {
        attempt,
        attempt_id,
        response: response.and_then(loose::response),
        correct: extension(event, &["success"]).and_then(loose::boolean),
        score: at(generated, &["scoreGiven"]).and_then(loose::float),
        max_score: at(generated, &["maxScore"]).and_then(loose::float),
        elapsed_millis: elapsed_millis(event),
        ..about(event, action)?
    }))
}

/// The score of an attempt: at one question, or else at a quiz.
pub(super) fn grade(draft: &mut Draft, event: &Value) -> Result<Body, Refusal> {
    let is_item = type_tail(subject(event)) == "AssessmentItem";
    let action = if is_item { QuizAction::Answered } else { QuizAction::Submitted };
    let (attempt, attempt_id) = attempt(event);
    let number = |name: &str| at(event, &["generated", name]).and_then(loose::float);
    let most = || at(subject(event), &["maxScore"]).and_then(loose::float);
    Ok(draft.quiz(QuizEvent {
        attempt,
        attempt_id,
        correct: extension(event, &["success"]).and_then(loose::boolean),
        score: number("scoreGiven").or_else(|| number("totalScore")).or_else(|| number("normalScore")),
        max_score: number("maxScore").or_else(most),
        elapsed_millis: elapsed_millis(event),
        ..about(event, action)?
    }))
}

/// The quiz is what the item is part of; an item that is part of nothing is its own quiz.
fn about(event: &Value, action: QuizAction) -> Result<QuizEvent, Refusal> {
    let subject = subject(event);
    let is_bare_attempt = type_tail(subject) == "Attempt";
    let id = iri(subject).filter(|_| !is_bare_attempt);
    let id = id.ok_or_else(|| Refusal::new(Code::MissingField, "object.id", "no quiz or question is named"))?;
    let is_item = action == QuizAction::Answered || matches!(type_tail(subject), "AssessmentItem");
    let whole = at(subject, &["isPartOf"]).filter(|_| is_item).and_then(iri);
    let question = (action == QuizAction::Answered).then(|| id.to_string());
    Ok(QuizEvent { action, quiz: whole.unwrap_or(id).to_string(), question, ..QuizEvent::default() })
}

/// The attempt's count, else its id, from what was generated, else from the object.
fn attempt(event: &Value) -> (Option<u32>, Option<String>) {
    let paths: [&[&str]; 3] = [&["generated", "count"], &["generated", "attempt", "count"], &["object", "count"]];
    let count = paths.iter().find_map(|path| loose::attempt(at(event, path)).0);
    if count.is_some() {
        return (count, None);
    }
    let is_attempt = |entity: &&Value| type_tail(entity) == "Attempt";
    let generated = at(event, &["generated"]).filter(is_attempt).or_else(|| at(event, &["generated", "attempt"]));
    let entity = generated.or_else(|| at(event, &["object"]).filter(is_attempt));
    (None, entity.and_then(iri).map(str::to_string))
}

fn elapsed_millis(event: &Value) -> Option<i64> {
    let of_object = || at(event, &["object", "duration"]);
    let generated = at(event, &["generated", "duration"]).or_else(|| at(event, &["generated", "attempt", "duration"]));
    loose::elapsed_millis(generated.or_else(of_object))
}
