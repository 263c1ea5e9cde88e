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
    let is_profile = |id: &str| id.trim_end_matches('/').ends_with("w3id.org/xapi/video");
    activity::in_context(statement, "category").iter().filter_map(activity::id).any(is_profile)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ADL: &str = "http://adlnet.gov/expapi/verbs/";

    fn kind(verb: &str, object: Value, result: Value) -> Option<Kind> {
        let verb = if verb.contains('/') { verb.to_string() } else { format!("{ADL}{verb}") };
        of(&json!({"verb": {"id": verb}, "object": object, "result": result})).ok()
    }

    /// The verbs, each on an object of each of the types, and what they come to.
    fn check(verbs: &str, types: &str, expected: Option<Kind>) {
        for (verb, object) in verbs.split(' ').flat_map(|verb| types.split(' ').map(move |object| (verb, object))) {
            let typed = json!({"id": "o", "definition": {"type": format!("http://x.test/{object}")}});
            assert_eq!(kind(verb, typed, Value::Null), expected, "{verb} {object}");
        }
    }

    const STARTS: &str = "attempted initialized start started";
    const ENDS: &str = "completed finished passed failed scored graded";
    const VIEWS: &str = "viewed view experienced navigated accessed read opened downloaded";
    const QUESTIONS: &str = "cmi.interaction interaction question";
    const QUIZZES: &str = "assessment quiz exam test survey questionnaire feedback attempt final-assessment";

    #[test]
    fn verbs_on_videos() {
        let video = |action| Some(Kind::Video(action));
        check("initialized", "video", video(VideoAction::Initialized));
        check("played play resumed", "video", video(VideoAction::Played));
        check("paused pause suspended", "video", video(VideoAction::Paused));
        check("seeked seek", "video", video(VideoAction::Seeked));
        check("completed complete", "video", video(VideoAction::Completed));
        check("terminated exited abandoned", "video", video(VideoAction::Terminated));
        check("answered responded", "video", Some(Kind::Quiz(QuizAction::Answered)));
        check("downloaded liked", "video", video(VideoAction::Interacted));
        check("played play", "media", video(VideoAction::Played));
        check("paused pause", "media", video(VideoAction::Paused));
        check("seeked seek", "media", video(VideoAction::Seeked));
        check("completed initialized", "media", None);
        check("https://w3id.org/xapi/video/verbs/initialized", "clip media", video(VideoAction::Initialized));
        check("https://w3id.org/xapi/video/verbs/initialized", "audio", None);
    }

    #[test]
    fn the_video_profile_among_the_categories_makes_a_video() {
        let with = |category: Value, object: Value| {
            let verb = json!({"id": format!("{ADL}completed")});
            let context = json!({"contextActivities": {"category": category}});
            of(&json!({"verb": verb, "object": object, "context": context})).ok()
        };
        let completed = Some(Kind::Video(VideoAction::Completed));
        let media = json!({"definition": {"type": "x/media"}});
        for profile in ["https://w3id.org/xapi/video", "https://w3id.org/xapi/video/"] {
            assert_eq!(with(json!([{"id": "x"}, {"id": profile}]), json!({})), completed);
            assert_eq!(with(json!([{"id": profile}]), media.clone()), completed);
            assert_eq!(with(json!({"id": profile}), media.clone()), completed, "an activity without its list");
            assert_eq!(with(json!([{"id": profile}]), json!({"definition": {"type": "x/page"}})), None);
        }
        assert_eq!(with(json!([{"id": "https://w3id.org/xapi/audio"}]), media), None);
    }

    #[test]
    fn verbs_on_questions_and_quizzes() {
        let (started, answered, submitted) = (QuizAction::Started, QuizAction::Answered, QuizAction::Submitted);
        let quiz = |action| Some(Kind::Quiz(action));
        check("answered answer evaluated responded submit submitted", QUESTIONS, quiz(answered));
        check("answered answer evaluated responded submit submitted", QUIZZES, quiz(submitted));
        for types in [QUESTIONS, QUIZZES] {
            check(STARTS, types, quiz(started));
            check("launched", types, quiz(started));
            check(ENDS, types, quiz(submitted));
            check(VIEWS, types, Some(Kind::Viewed));
            check("skipped assessed liked", types, None);
        }
        let untyped = json!({"definition": {"interactionType": "choice"}});
        assert_eq!(kind("completed", untyped, Value::Null), quiz(submitted));
        let group = json!({"objectType": "GroupActivity", "definition": {"type": "x/question"}});
        assert_eq!(kind("answered", group, Value::Null), quiz(submitted));
    }

    #[test]
    fn verbs_on_courses_and_what_else_there_is() {
        check("registered enrolled", "course", Some(Kind::Enrolled));
        check("unregistered unenrolled withdrawn withdrew", "course", Some(Kind::Unenrolled));
        check("completed", "course", Some(Kind::Completed));
        check(VIEWS, "course page", Some(Kind::Viewed));
        check("launched", "course page", Some(Kind::Viewed));
        check("answered evaluated", "page", Some(Kind::Quiz(QuizAction::Answered)));
        check("answered passed", "course", None);
        check("completed registered liked", "page", None);
    }

    #[test]
    fn a_course_within_another_is_a_page() {
        let within = |verb: &str, course: &str| {
            let course_of = |id: &str| json!({"id": id, "definition": {"type": "x/course"}});
            let context = json!({"contextActivities": {"parent": [course_of(course)]}});
            of(&json!({"verb": {"id": verb}, "object": course_of("o"), "context": context})).ok()
        };
        assert_eq!(within("x/completed", "o"), Some(Kind::Completed));
        assert_eq!((within("x/completed", "c"), within("x/viewed", "c")), (None, Some(Kind::Viewed)));
    }

    #[test]
    fn without_a_type_a_result_tells_the_end_of_a_quiz() {
        let submitted = Some(Kind::Quiz(QuizAction::Submitted));
        for (verb, fields, expected) in [
            ("passed failed scored", "response success score", submitted),
            ("passed failed scored", "duration", None),
            ("completed", "score", submitted),
            ("completed", "response success duration", None),
            ("answered", "score", Some(Kind::Quiz(QuizAction::Answered))),
            ("viewed", "score", Some(Kind::Viewed)),
        ] {
            for (verb, field) in verb.split(' ').flat_map(|verb| fields.split(' ').map(move |field| (verb, field))) {
                assert_eq!(kind(verb, json!({"id": "o"}), json!({field: 1})), expected, "{verb} {field}");
            }
        }
    }

    #[test]
    fn what_is_not_measured_is_told_why() {
        for (verb, object, field, part) in [
            ("", json!({}), "verb.id", "the verb has no id"),
            ("x/viewed", Value::Null, "object", "the statement has no object"),
            ("x/voided", json!({"objectType": "StatementRef"}), "object.objectType", "a voiding statement"),
            ("x/answered", json!({"objectType": "Agent"}), "object.objectType", "no activity"),
            ("x/skipped", json!({}), "verb.id", "what was skipped"),
            ("x/assessed", json!({}), "verb.id", "a grade given by hand"),
            ("x/scored", json!({}), "verb.id", "a score of something that is no quiz"),
            ("x/liked", json!({}), "verb.id", "an object without a type is no act on a video"),
            ("x/liked", json!({"definition": {"type": "x/course"}}), "verb.id", "is no enrolment in a course"),
            ("x/liked", json!({"definition": {"type": "x/quiz"}}), "verb.id", "is no start, answer, submission"),
            ("x/liked", json!({"objectType": "GroupActivity"}), "verb.id", "is no start, answer, submission"),
            ("x/liked", json!({"definition": {"type": "x/page"}}), "verb.id", "an object of type \"x/page\""),
        ] {
            let refusal = of(&json!({"verb": {"id": verb}, "object": object})).unwrap_err();
            assert!(refusal.field == field && refusal.message.contains(part), "{verb} {object}: {refusal:?}");
        }
    }
}
