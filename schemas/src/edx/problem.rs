//! The server's `problem_check`: one graded submission of a problem, with one entry per question.

use serde_json::Value;

use super::required;
use crate::event::{QuizAction, QuizEvent};
use crate::loose::{self, at, str_at};
use crate::reader::{Code, Refusal};

/// One question of a submission.
pub(super) struct Answer {
    pub(super) event: QuizEvent,
    /// The question's text, where the line has it.
    pub(super) title: Option<String>,
}

/// One answer per key of `correct_map`.
pub(super) fn answers(payload: &Value) -> Result<Vec<Answer>, Refusal> {
    let problem = required(payload, "problem_id")?;
    // Each question names it again.
    loose::check_length("event.problem_id", problem)?;
    let graded = at(payload, &["correct_map"]).and_then(Value::as_object).filter(|map| !map.is_empty());
    let graded = graded.ok_or_else(|| {
        Refusal::new(Code::MissingField, "event.correct_map", "correct_map is absent or empty: no question was graded")
    })?;
    let (attempt, _) = loose::attempt(at(payload, &["attempts"]));
    let answer = |(question, grade): (&String, &Value)| Answer {
        event: QuizEvent {
            action: QuizAction::Answered,
            quiz: problem.to_string(),
            question: Some(question.clone()),
            attempt,
            response: response(payload, question),
            correct: Some(str_at(grade, &["correctness"]) == Some("correct")),
            score: Some(score(grade)),
            max_score: Some(1.0),
            ..QuizEvent::default()
        },
        title: str_at(payload, &["submission", question, "question"])
            .filter(|t| !t.trim().is_empty())
            .map(str::to_string),
    };
    Ok(graded.iter().map(answer).collect())
}

/// 1 when correct, 0 when not; in between the points that the grader gave, else a half.
fn score(grade: &Value) -> f64 {
    match str_at(grade, &["correctness"]) {
        Some("correct") => 1.0,
        Some("partially-correct") => at(grade, &["npoints"]).and_then(loose::float).unwrap_or(0.5),
        _ => 0.0,
    }
}

/// The answer as the learner saw it, else the id of the choice.
fn response(payload: &Value, question: &str) -> Option<String> {
    let seen = at(payload, &["submission", question, "answer"]);
    seen.or_else(|| at(payload, &["answers", question])).and_then(loose::response)
}
