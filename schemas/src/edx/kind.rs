//! What a line of a tracking log is about, from its name and its source.

use serde_json::Value;

use crate::event::{QuizAction, VideoAction};
use crate::loose::{at, quoted, str_at};
use crate::reader::{Code, Refusal};

/// What a line comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Video(VideoAction),
    ProblemCheck,
    Exam(QuizAction),
    /// Something was opened: what, says this member of the payload.
    Viewed(&'static str),
    Enrolled,
    Unenrolled,
}

/// Tells the kind, or why the line is about nothing that counts.
pub(super) fn of(line: &Value, payload: &Value) -> Result<Kind, Refusal> {
    let full = |name: &&str| !name.is_empty();
    let name = str_at(line, &["event_type"]).filter(full).or_else(|| str_at(line, &["name"]).filter(full));
    let name = name.ok_or_else(|| {
        Refusal::new(Code::MissingField, "event_type", "neither event_type nor name says what happened")
    })?;
    if name == "problem_check" {
        return problem_check(line, payload);
    }
    video(name).or_else(|| other(name)).ok_or_else(|| refusal(name))
}

/// Only the server knows how a submission was graded.
fn problem_check(line: &Value, payload: &Value) -> Result<Kind, Refusal> {
    let source = str_at(line, &["event_source"]).or_else(|| str_at(line, &["context", "event_source"]));
    let graded = at(payload, &["correct_map"]).is_some();
    match source {
        Some("server") => Ok(Kind::ProblemCheck),
        None if graded => Ok(Kind::ProblemCheck),
        _ => Err(redundant("the browser's word of a submission; the server's problem_check tells its result")),
    }
}

/// `stop_video` is what the player writes when the video has ended. `complete_video` it writes while the video goes
/// on, once most of it (95 %, as a rule) has played: an interaction, for it closes no segment.
fn video(name: &str) -> Option<Kind> {
    let action = match name {
        "play_video" | "edx.video.played" => VideoAction::Played,
        "pause_video" | "edx.video.paused" => VideoAction::Paused,
        "seek_video" | "edx.video.position.changed" => VideoAction::Seeked,
        "stop_video" | "edx.video.stopped" => VideoAction::Completed,
        "load_video" | "edx.video.loaded" => VideoAction::Initialized,
        "complete_video" | "speed_change_video" | "show_transcript" | "hide_transcript" => VideoAction::Interacted,
        "video_show_cc_menu" | "video_hide_cc_menu" | "fullscreen" | "not_fullscreen" => VideoAction::Interacted,
        _ if name.starts_with("edx.video.bumper.") => return None,
        _ if name.starts_with("edx.video.") => VideoAction::Interacted,
        _ => return None,
    };
    Some(Kind::Video(action))
}

fn other(name: &str) -> Option<Kind> {
    let kind = match name {
        "edx.course.enrollment.activated" => Kind::Enrolled,
        "edx.course.enrollment.deactivated" => Kind::Unenrolled,
        "seq_goto" | "seq_next" | "seq_prev" | "edx.forum.thread.viewed" => Kind::Viewed("id"),
        "edx.ui.lms.sequence.next_selected" | "edx.ui.lms.sequence.previous_selected" => Kind::Viewed("id"),
        "edx.ui.lms.sequence.tab_selected" => Kind::Viewed("id"),
        "edx.ui.lms.link_clicked" | "edx.ui.lms.outline.selected" => Kind::Viewed("target_url"),
        "book" | "textbook.pdf.chapter.navigated" | "textbook.pdf.page.navigated" | "textbook.pdf.page.scrolled" => {
            Kind::Viewed("chapter")
        }
        _ if name.starts_with("edx.special_exam.") => match name.rsplit_once(".attempt.")?.1 {
            "created" => Kind::Exam(QuizAction::Started),
            "submitted" => Kind::Exam(QuizAction::Submitted),
            _ => return None,
        },
        _ => return None,
    };
    Some(kind)
}

fn refusal(name: &str) -> Refusal {
    match name {
        "problem_graded" => redundant("the browser's word of a grade; the server's problem_check tells it"),
        "save_problem_check" => {
            not_relevant("the name of a graded submission in the first logs; only the server's problem_check counts")
        }
        "problem_rescore" | "edx.grades.problem.rescored" | "edx.grades.problem.score_overridden" => {
            not_relevant("a later change of a grade; of a log, only the server's problem_check counts")
        }
        "edx.problem.completed" => redundant("a grade worked out from answers that problem_check tells one by one"),
        _ if name.starts_with("edx.grades.") => {
            redundant("a grade worked out from answers that problem_check tells one by one")
        }
        _ if is_about_a_problem(name) => not_relevant("it is about a problem, but no answer of it was graded"),
        _ if is_other_exercise(name) => {
            not_relevant("an exercise of another kind; of exercises, graded problems are read")
        }
        _ if name.starts_with("edx.special_exam.") => {
            not_relevant("of an exam, the creation and the submission of an attempt are read")
        }
        _ if name.starts_with("edx.video.bumper.") => {
            not_relevant("a bumper runs before videos of the course and is none of them")
        }
        _ if name.starts_with('/') => not_relevant("a request to the server; what it did has lines of its own"),
        _ => not_relevant(&format!("{} is no act on a video, a problem, a page or a roster", quoted(name))),
    }
}

fn is_about_a_problem(name: &str) -> bool {
    name.starts_with("problem_")
        || name.starts_with("edx.problem.")
        || ["reset_problem", "reset_problem_fail", "showanswer", "show_answer"].contains(&name)
        || ["save_problem_check", "save_problem_fail", "save_problem_success"].contains(&name)
}

fn is_other_exercise(name: &str) -> bool {
    [
        "openassessmentblock.",
        "xblock.poll.",
        "xblock.survey.",
        "ubc.peer_instruction.",
        "edx.drag_and_drop_v2.",
        "oppia.",
    ]
    .iter()
    .any(|kind| name.starts_with(kind))
}

fn redundant(message: &str) -> Refusal {
    Refusal::new(Code::Redundant, "event_type", message)
}

fn not_relevant(message: &str) -> Refusal {
    Refusal::new(Code::NotRelevant, "event_type", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(line: Value, payload: Value) -> Result<Kind, (Code, String)> {
        of(&line, &payload).map_err(|refusal| (refusal.code, refusal.message))
    }

    #[test]
    fn every_name_that_counts_comes_to_its_kind() {
        use VideoAction::{Completed, Initialized, Interacted, Paused, Played, Seeked};
        let exam = "edx.special_exam.proctored.attempt.";
        for (names, kind) in [
            ("play_video edx.video.played", Kind::Video(Played)),
            ("pause_video edx.video.paused", Kind::Video(Paused)),
            ("seek_video edx.video.position.changed", Kind::Video(Seeked)),
            ("stop_video edx.video.stopped", Kind::Video(Completed)),
            ("load_video edx.video.loaded", Kind::Video(Initialized)),
            ("complete_video speed_change_video show_transcript hide_transcript", Kind::Video(Interacted)),
            ("video_show_cc_menu video_hide_cc_menu fullscreen not_fullscreen", Kind::Video(Interacted)),
            ("edx.video.transcript.shown", Kind::Video(Interacted)),
            ("edx.course.enrollment.activated", Kind::Enrolled),
            ("edx.course.enrollment.deactivated", Kind::Unenrolled),
            ("seq_goto seq_next seq_prev edx.forum.thread.viewed", Kind::Viewed("id")),
            ("edx.ui.lms.sequence.next_selected edx.ui.lms.sequence.previous_selected", Kind::Viewed("id")),
            ("edx.ui.lms.sequence.tab_selected", Kind::Viewed("id")),
            ("edx.ui.lms.link_clicked edx.ui.lms.outline.selected", Kind::Viewed("target_url")),
            ("book textbook.pdf.chapter.navigated", Kind::Viewed("chapter")),
            ("textbook.pdf.page.navigated textbook.pdf.page.scrolled", Kind::Viewed("chapter")),
            (&format!("{exam}created"), Kind::Exam(QuizAction::Started)),
            (&format!("{exam}submitted"), Kind::Exam(QuizAction::Submitted)),
        ] {
            for name in names.split(' ') {
                assert_eq!(told(json!({"event_type": name}), Value::Null), Ok(kind), "{name}");
                assert_eq!(told(json!({"event_type": "", "name": name}), Value::Null), Ok(kind), "{name}");
            }
        }
        assert_eq!(told(json!({"name": ""}), Value::Null).unwrap_err().0, Code::MissingField);
    }

    #[test]
    fn every_other_name_is_refused_with_its_reason() {
        let (redundant, not_relevant) = (Code::Redundant, Code::NotRelevant);
        for (names, code, part) in [
            ("problem_graded", redundant, "the browser's word of a grade"),
            ("edx.problem.completed edx.grades.subsection.grade_calculated", redundant, "a grade worked out"),
            ("save_problem_check", not_relevant, "the first logs"),
            ("problem_rescore edx.grades.problem.rescored", not_relevant, "a later change of a grade"),
            ("edx.grades.problem.score_overridden", not_relevant, "a later change of a grade"),
            ("problem_show edx.problem.hint.demandhint_displayed", not_relevant, "no answer of it was graded"),
            ("reset_problem reset_problem_fail showanswer show_answer", not_relevant, "no answer of it was graded"),
            ("save_problem_fail save_problem_success", not_relevant, "no answer of it was graded"),
            ("openassessmentblock.peer_assess xblock.poll.submitted", not_relevant, "an exercise of another kind"),
            ("xblock.survey.submitted ubc.peer_instruction.accessed", not_relevant, "an exercise of another kind"),
            ("edx.drag_and_drop_v2.loaded oppia.exploration.completed", not_relevant, "an exercise of another kind"),
            ("edx.special_exam.timed.attempt.started edx.special_exam.x", not_relevant, "of an exam"),
            ("edx.video.bumper.played", not_relevant, "a bumper"),
            ("/courses/x", not_relevant, "a request to the server"),
            ("page_close", not_relevant, "\"page_close\" is no act"),
            ("x.attempt.created", not_relevant, "\"x.attempt.created\" is no act"),
        ] {
            for name in names.split(' ') {
                let (found, message) = told(json!({"event_type": name}), Value::Null).unwrap_err();
                assert!(found == code && message.contains(part), "{name}: {found} {message}");
            }
        }
    }

    #[test]
    fn a_submission_counts_as_the_server_graded_it() {
        let graded = json!({"correct_map": {}});
        let counts = |line: Value, payload: &Value| {
            let mut line = line;
            line["event_type"] = json!("problem_check");
            told(line, payload.clone()).map_err(|(code, _)| code)
        };
        for payload in [&graded, &Value::Null] {
            assert_eq!(counts(json!({"event_source": "server"}), payload), Ok(Kind::ProblemCheck));
            assert_eq!(counts(json!({"context": {"event_source": "server"}}), payload), Ok(Kind::ProblemCheck));
            assert_eq!(counts(json!({"event_source": "browser"}), payload), Err(Code::Redundant));
        }
        assert_eq!(counts(json!({}), &graded), Ok(Kind::ProblemCheck));
        assert_eq!(counts(json!({}), &Value::Null), Err(Code::Redundant));
    }
}
