//! What an event is about, from its type, its action and the type of its object.

use serde_json::Value;

use super::entity::{extension, is_course, type_tail};
use super::quiz::subject;
use crate::event::{QuizAction, VideoAction};
use crate::loose::{at, quoted, str_at, tail};
use crate::reader::{Code, Refusal};

/// What an event comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Media(VideoAction),
    /// About one question.
    Item(QuizAction),
    /// About a quiz.
    Quiz(QuizAction),
    Grade,
    Viewed,
    Enrolled,
    Unenrolled,
    Completed,
}

/// Tells the kind, or why the event is about nothing that Trilha measures.
pub(super) fn of(event: &Value) -> Result<Kind, Refusal> {
    let Some(action) = str_at(event, &["action"]).map(tail) else { return Err(without_action(event)) };
    let kind = type_tail(event);
    let about = type_tail(subject(event));
    let found = match (kind, about) {
        ("ViewEvent" | "NavigationEvent", _) => Some(Kind::Viewed),
        ("GradeEvent" | "OutcomeEvent", _) => (action == "Graded").then_some(Kind::Grade),
        ("MediaEvent", "AudioObject") => None,
        ("MediaEvent", _) | ("Event", "VideoObject") => Some(Kind::Media(media(event, action))),
        ("AssessmentItemEvent", _) | ("Event", "AssessmentItem") => item(event, action),
        ("AssessmentEvent", _) | ("Event" | "AssignableEvent", "Assessment") => assessment(action),
        ("Event", _) => basic(event, action),
        _ => None,
    };
    found.ok_or_else(|| not_measured(kind, action, about))
}

/// Some bridges send `Started` when the player is ready, without a position, and `Resumed` for each play.
fn media(event: &Value, action: &str) -> VideoAction {
    let has_position = at(event, &["target", "currentTime"]).is_some();
    match action {
        "Started" if !has_position => VideoAction::Initialized,
        "Started" | "Resumed" | "Restarted" => VideoAction::Played,
        "Paused" => VideoAction::Paused,
        "JumpedTo" | "ForwardedTo" | "Rewound" => VideoAction::Seeked,
        "Ended" | "Completed" => VideoAction::Completed,
        "Abandoned" | "Exited" => VideoAction::Terminated,
        _ => VideoAction::Interacted,
    }
}

/// Without a response or a verdict, a question that was completed is no attempt at it; nor is a skipped one.
fn item(event: &Value, action: &str) -> Option<Kind> {
    let responded = at(event, &["generated"]).is_some_and(|generated| type_tail(generated) != "Attempt");
    let answered = responded || extension(event, &["success"]).is_some();
    match action {
        "Started" => Some(Kind::Item(QuizAction::Started)),
        "Completed" | "Submitted" if answered => Some(Kind::Item(QuizAction::Answered)),
        "Completed" | "Submitted" => Some(Kind::Item(QuizAction::Submitted)),
        "Viewed" => Some(Kind::Viewed),
        _ => None,
    }
}

fn assessment(action: &str) -> Option<Kind> {
    match action {
        "Started" | "Restarted" => Some(Kind::Quiz(QuizAction::Started)),
        "Submitted" | "Completed" => Some(Kind::Quiz(QuizAction::Submitted)),
        "Viewed" => Some(Kind::Viewed),
        _ => None,
    }
}

fn basic(event: &Value, action: &str) -> Option<Kind> {
    let on_course = at(event, &["object"]).is_some_and(is_course);
    match action {
        "Viewed" => Some(Kind::Viewed),
        "Activated" if on_course => Some(Kind::Enrolled),
        "Deactivated" if on_course => Some(Kind::Unenrolled),
        "Completed" if on_course => Some(Kind::Completed),
        _ => None,
    }
}

fn without_action(event: &Value) -> Refusal {
    match type_tail(event) {
        "" => Refusal::new(Code::UnknownType, "type", "neither a type nor an action: no Caliper event"),
        kind if kind.ends_with("Event") => Refusal::new(Code::MissingField, "action", "the event has no action"),
        kind => {
            let message = format!("an entity of type {}, not an event", quoted(kind));
            Refusal::new(Code::NotRelevant, "type", message)
        }
    }
}

fn not_measured(kind: &str, action: &str, about: &str) -> Refusal {
    if action == "Skipped" {
        return Refusal::new(Code::NotRelevant, "action", "what was skipped was not answered");
    }
    let missed = match about {
        "Assessment" | "AssessmentItem" => "no start, answer, submission or grade of a quiz",
        "Membership" => "no enrolment: of rosters, what happens to a course is read",
        _ => "no act on a video, a quiz, a page or a roster",
    };
    let about = if about.is_empty() { "an object without a type".to_string() } else { quoted(about) };
    Refusal::new(Code::NotRelevant, "action", format!("{} {} on {about} is {missed}", quoted(kind), quoted(action)))
}
