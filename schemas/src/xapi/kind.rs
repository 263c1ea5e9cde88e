//! What a statement is about, from its verb and the type of its object.

use serde_json::Value;

use super::activity::{self, Activities, is_course, is_question_group, type_tail};
use crate::event::{QuizAction, VideoAction};
use crate::loose::{at, quoted, str_at, tail};
use crate::reader::{Code, Refusal};

/// What a statement comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video(VideoAction),
    Quiz(QuizAction),
    Viewed,
    Enrolled,
    Unenrolled,
    Completed,
}

/// What the object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Video,
    Question,
    /// The parent of per-question statements: it stands for the quiz.
    QuestionGroup,
    Quiz,
    Course,
    Untyped,
    Other,
}

/// Tells the kind, or why the statement is about nothing that Trilha measures.
pub(super) fn of(statement: &Value) -> Result<Kind, Refusal> {
    let verb = str_at(statement, &["verb", "id"]).filter(|verb| !verb.is_empty());
    let verb = verb.ok_or_else(|| Refusal::new(Code::MissingField, "verb.id", "the verb has no id"))?;
    let object = at(statement, &["object"]);
    let object = object.ok_or_else(|| Refusal::new(Code::MissingField, "object", "the statement has no object"))?;
    refuse_statements_on_no_activity(verb, object)?;
    let about = object_kind(statement, verb, object);
    let kind = match about {
        Object::Video => on_video(tail(verb)),
        Object::Question => on_question(tail(verb)),
        Object::QuestionGroup | Object::Quiz => on_quiz(tail(verb)),
        Object::Course => on_course(tail(verb)),
        Object::Untyped => on_untyped(statement, tail(verb)),
        Object::Other => on_other(tail(verb)),
    };
    kind.ok_or_else(|| not_measured(verb, about, object))
}

fn refuse_statements_on_no_activity(verb: &str, object: &Value) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::new(Code::NotRelevant, "object.objectType", message));
    if tail(verb) == "voided" {
        return refuse("a voiding statement; what was counted is not taken back");
    }
    match str_at(object, &["objectType"]) {
        None | Some("Activity" | "GroupActivity") => Ok(()),
        Some(_) => refuse("the object is no activity but an agent, a group or another statement"),
    }
}

fn object_kind(statement: &Value, verb: &str, object: &Value) -> Object {
    match type_tail(object) {
        _ if is_question_group(object) => Object::QuestionGroup,
        _ if is_course(object) => {
            if is_part_of_another_course(statement, object) {
                Object::Other
            } else {
                Object::Course
            }
        }
        "video" => Object::Video,
        "audio" => Object::Other,
        "cmi.interaction" | "interaction" | "question" => Object::Question,
        "assessment" | "quiz" | "exam" | "test" | "survey" | "questionnaire" | "feedback" | "attempt" => Object::Quiz,
        other if other.ends_with("-assessment") => Object::Quiz,
        _ if verb.contains("/video/verbs/") => Object::Video,
        "" | "media" if is_of_video_profile(statement) => Object::Video,
        "media" if is_player_verb(tail(verb)) => Object::Video,
        "" if at(object, &["definition", "interactionType"]).is_some() => Object::Question,
        "" => Object::Untyped,
        _ => Object::Other,
    }
}

/// Some platforms give a package within their course the type of a course.
fn is_part_of_another_course(statement: &Value, object: &Value) -> bool {
    Activities::of(statement).first_course().is_some_and(|course| activity::id(object) != Some(course))
}

fn is_of_video_profile(statement: &Value) -> bool {
    let categories = at(statement, &["context", "contextActivities", "category"]).and_then(Value::as_array);
    let is_profile = |id: &str| id.trim_end_matches('/').ends_with("w3id.org/xapi/video");
    categories.is_some_and(|list| list.iter().any(|category| str_at(category, &["id"]).is_some_and(is_profile)))
}

/// What one does to a player and to nothing else that is called a medium.
fn is_player_verb(verb: &str) -> bool {
    matches!(verb, "played" | "play" | "paused" | "pause" | "seeked" | "seek")
}

/// Any act on a video is told, for it may carry the length and shows that the learner is there; a question asked
/// inside a video is a question.
fn on_video(verb: &str) -> Option<Kind> {
    let action = match verb {
        "initialized" => VideoAction::Initialized,
        "played" | "play" | "resumed" => VideoAction::Played,
        "paused" | "pause" | "suspended" => VideoAction::Paused,
        "seeked" | "seek" => VideoAction::Seeked,
        "completed" | "complete" => VideoAction::Completed,
        "terminated" | "exited" | "abandoned" => VideoAction::Terminated,
        verb if is_answer(verb) => return Some(Kind::Quiz(QuizAction::Answered)),
        _ => VideoAction::Interacted,
    };
    Some(Kind::Video(action))
}

/// A question that was begun, completed or scored was not thereby answered, whatever result comes along: systems that
/// send such statements send the answer too, and both would be counted.
fn on_question(verb: &str) -> Option<Kind> {
    let answered = is_answer(verb) || matches!(verb, "submit" | "submitted");
    if answered { Some(Kind::Quiz(QuizAction::Answered)) } else { on_quiz(verb) }
}

fn on_quiz(verb: &str) -> Option<Kind> {
    if is_start(verb) {
        return Some(Kind::Quiz(QuizAction::Started));
    }
    if is_answer(verb) || is_end(verb) { Some(Kind::Quiz(QuizAction::Submitted)) } else { viewed(verb) }
}

fn on_course(verb: &str) -> Option<Kind> {
    match verb {
        "registered" | "enrolled" => Some(Kind::Enrolled),
        "unregistered" | "unenrolled" | "withdrawn" | "withdrew" => Some(Kind::Unenrolled),
        "completed" => Some(Kind::Completed),
        _ => viewed(verb),
    }
}

/// Without a type, an answer is one by its verb; passing or failing with a result, or completing with a score, ends a
/// quiz.
fn on_untyped(statement: &Value, verb: &str) -> Option<Kind> {
    let has = |fields: &[&str]| fields.iter().any(|field| at(statement, &["result", field]).is_some());
    let ends_a_quiz = match verb {
        "passed" | "failed" | "scored" => has(&["response", "success", "score"]),
        "completed" => has(&["score"]),
        _ => false,
    };
    if ends_a_quiz { Some(Kind::Quiz(QuizAction::Submitted)) } else { on_other(verb) }
}

fn on_other(verb: &str) -> Option<Kind> {
    if is_answer(verb) { Some(Kind::Quiz(QuizAction::Answered)) } else { viewed(verb) }
}

fn is_answer(verb: &str) -> bool {
    matches!(verb, "answered" | "answer" | "evaluated" | "responded")
}

fn is_start(verb: &str) -> bool {
    matches!(verb, "attempted" | "initialized" | "start" | "started" | "launched")
}

fn is_end(verb: &str) -> bool {
    matches!(verb, "submit" | "submitted" | "completed" | "finished" | "passed" | "failed" | "scored" | "graded")
}

fn viewed(verb: &str) -> Option<Kind> {
    let looks = ["viewed", "view", "experienced", "launched", "navigated", "accessed", "read", "opened", "downloaded"];
    looks.contains(&verb).then_some(Kind::Viewed)
}

fn not_measured(verb: &str, about: Object, object: &Value) -> Refusal {
    if let Some(message) = known_reason(tail(verb)) {
        return Refusal::new(Code::NotRelevant, "verb.id", message);
    }
    let kind = match str_at(object, &["definition", "type"]) {
        Some(kind) => format!("an object of type {}", quoted(kind)),
        None => "an object without a type".to_string(),
    };
    let missed = match about {
        Object::Question | Object::QuestionGroup | Object::Quiz => "no start, answer, submission or score of a quiz",
        Object::Course => "no enrolment in a course, nor its end, completion or view",
        _ => "no act on a video, a quiz, a page or a roster",
    };
    Refusal::new(Code::NotRelevant, "verb.id", format!("{} on {kind} is {missed}", quoted(verb)))
}

fn known_reason(verb: &str) -> Option<&'static str> {
    match verb {
        "skipped" => Some("what was skipped was not answered"),
        "assessed" => Some("a grade given by hand: the actor is who graded, not who answered"),
        "scored" => Some("a score of something that is no quiz and no question"),
        _ => None,
    }
}
