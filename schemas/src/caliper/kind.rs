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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Events of this type with each of the actions on an object of this type, and what they come to.
    fn check(kind: &str, actions: &str, object: &str, expected: Option<Kind>) {
        for action in actions.split(' ') {
            let event = json!({"type": kind, "action": action, "object": {"id": "o", "type": object}});
            assert_eq!(of(&event).ok(), expected, "{kind} {action} {object}");
        }
    }

    #[test]
    fn media_events() {
        let media = |action| Some(Kind::Media(action));
        for (kind, object) in [("MediaEvent", "VideoObject"), ("MediaEvent", "MediaObject"), ("Event", "VideoObject")] {
            check(kind, "Started", object, media(VideoAction::Initialized));
            check(kind, "Resumed Restarted", object, media(VideoAction::Played));
            check(kind, "Paused", object, media(VideoAction::Paused));
            check(kind, "JumpedTo ForwardedTo Rewound", object, media(VideoAction::Seeked));
            check(kind, "Ended Completed", object, media(VideoAction::Completed));
            check(kind, "Abandoned Exited", object, media(VideoAction::Terminated));
            check(kind, "Muted", object, media(VideoAction::Interacted));
        }
        check("MediaEvent", "Started Paused", "AudioObject", None);
    }

    #[test]
    fn quiz_events() {
        let (started, submitted) = (QuizAction::Started, QuizAction::Submitted);
        for kind in ["AssessmentItemEvent", "Event"] {
            check(kind, "Started", "AssessmentItem", Some(Kind::Item(started)));
            check(kind, "Completed Submitted", "AssessmentItem", Some(Kind::Item(submitted)));
            check(kind, "Viewed", "AssessmentItem", Some(Kind::Viewed));
            check(kind, "Skipped Liked", "AssessmentItem", None);
        }
        for kind in ["AssessmentEvent", "AssignableEvent", "Event"] {
            check(kind, "Started Restarted", "Assessment", Some(Kind::Quiz(started)));
            check(kind, "Submitted Completed", "Assessment", Some(Kind::Quiz(submitted)));
            check(kind, "Viewed", "Assessment", Some(Kind::Viewed));
            check(kind, "Paused", "Assessment", None);
        }
        check("GradeEvent", "Graded", "Attempt", Some(Kind::Grade));
        check("OutcomeEvent", "Graded", "Attempt", Some(Kind::Grade));
        check("GradeEvent", "Viewed", "Attempt", None);
    }

    #[test]
    fn an_item_is_answered_where_there_is_a_response_or_a_verdict() {
        let completed = |generated: Value| {
            of(&json!({
                "type": "AssessmentItemEvent", "action": "Completed", "object": {"type": "AssessmentItem"},
                "generated": generated,
            }))
            .ok()
        };
        let answered = Some(Kind::Item(QuizAction::Answered));
        assert_eq!(completed(json!({"type": "FillinBlankResponse"})), answered);
        assert_eq!(completed(json!({"type": "Attempt", "extensions": {"success": false}})), answered);
        assert_eq!(completed(json!({"type": "Attempt"})), Some(Kind::Item(QuizAction::Submitted)));
    }

    #[test]
    fn views_and_rosters() {
        check("ViewEvent", "Viewed", "Page", Some(Kind::Viewed));
        check("NavigationEvent", "NavigatedTo", "Page", Some(Kind::Viewed));
        check("Event", "Viewed", "Page", Some(Kind::Viewed));
        for course in ["CourseOffering", "CourseSection"] {
            check("Event", "Activated", course, Some(Kind::Enrolled));
            check("Event", "Deactivated", course, Some(Kind::Unenrolled));
            check("Event", "Completed", course, Some(Kind::Completed));
        }
        check("Event", "Activated Deactivated Completed Liked", "Membership", None);
        check("AssignableEvent ForumEvent", "Viewed", "Forum", None);
    }

    #[test]
    fn what_is_not_measured_is_told_why() {
        for (event, code, field, part) in [
            (json!({}), Code::UnknownType, "type", "no Caliper event"),
            (json!({"type": "MediaEvent"}), Code::MissingField, "action", "the event has no action"),
            (json!({"type": "Person"}), Code::NotRelevant, "type", "an entity of type \"Person\""),
            (json!({"type": "Event", "action": "Skipped"}), Code::NotRelevant, "action", "what was skipped"),
            (
                json!({"type": "Event", "action": "Liked"}),
                Code::NotRelevant,
                "action",
                "an object without a type is no act",
            ),
            (
                json!({"type": "Event", "action": "Liked", "object": {"type": "AssessmentItem"}}),
                Code::NotRelevant,
                "action",
                "\"AssessmentItem\" is no start, answer",
            ),
            (
                json!({"type": "Event", "action": "Activated", "object": {"type": "Membership"}}),
                Code::NotRelevant,
                "action",
                "is no enrolment",
            ),
        ] {
            let refusal = of(&event).unwrap_err();
            assert!(
                refusal.code == code && refusal.field == field && refusal.message.contains(part),
                "{event}: {refusal:?}"
            );
        }
    }
}
