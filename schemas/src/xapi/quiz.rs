//! Statements about questions and quizzes, in their many dialects.

use serde_json::Value;

use super::activity::{self, Activities, extension, type_tail};
use crate::event::{Body, QuizAction, QuizEvent};
use crate::loose::{self, Draft, at};

/// The quiz is the first parent that is neither a course nor an attempt; without one, a question is its own quiz.
pub(super) fn event(
    draft: &mut Draft,
    statement: &Value,
    action: QuizAction,
    object: &str,
    activities: &Activities,
) -> Body {
    let is_group = activity::is_question_group(&statement["object"]);
    let parent = activities.first_quiz().unwrap_or(object);
    let is_part = matches!(type_tail(&statement["object"]), "cmi.interaction" | "interaction" | "question" | "attempt");
    let answered = action == QuizAction::Answered;
    let quiz = if answered || (is_part && !is_group) { parent } else { object };
    let (attempt, attempt_id) = attempt(statement, activities);
    let result = |path: &[&str]| at(statement, &["result"]).and_then(|result| at(result, path));
    let number = |field: &str| result(&["score", field]).and_then(loose::float);
    draft.quiz(QuizEvent {
        action,
        quiz: quiz.to_string(),
        question: answered.then(|| object.to_string()),
        attempt,
        attempt_id,
        response: result(&["response"]).and_then(loose::response),
        correct: result(&["success"]).and_then(loose::boolean),
        score: number("raw"),
        max_score: number("max"),
        scaled: number("scaled"),
        elapsed_millis: loose::elapsed_millis(result(&["duration"])),
    })
}

/// The `attempt-id` of the object; else the attempt that is the object or the context's: its `attempt-id`, else its id.
fn attempt(statement: &Value, activities: &Activities) -> (Option<u32>, Option<String>) {
    let object = &statement["object"];
    let named = |activity| extension(at(activity, &["definition", "extensions"]), "attempt-id");
    if let Some(value) = named(object) {
        return loose::attempt(Some(value));
    }
    let itself = (type_tail(object) == "attempt").then_some(object);
    let Some(activity) = itself.or_else(|| activities.first_attempt()) else { return (None, None) };
    match named(activity) {
        Some(value) => loose::attempt(Some(value)),
        None => (None, activity::id(activity).map(str::to_string)),
    }
}
