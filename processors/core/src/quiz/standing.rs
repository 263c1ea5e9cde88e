//! What one learner's attempts on one question count for.

use trilha_schemas::event::Score;

use super::attempts::Change;
use super::{Answer, Question};
use crate::views::QuestionView;

impl Question {
    /// Adds it to (or with −1 takes it off) the class's totals, all but the attempts' own; see [`Change::add_to`].
    pub(super) fn add_to(&self, view: &mut QuestionView, sign: i64) {
        let Some((first, last)) = self.ends() else { return };
        let attempts = self.attempts.len() as i64;
        view.learners += sign;
        view.attempts += sign * attempts;
        view.attempts_per_learner.add(&attempts, sign);
        view.first_millionths += sign * first.millionths().unwrap_or(0);
        view.first_scored += sign * i64::from(first.millionths().is_some());
        view.last_millionths += sign * last.millionths().unwrap_or(0);
        view.last_scored += sign * i64::from(last.millionths().is_some());
        view.first_correct += sign * i64::from(first.correct == Some(true));
        first.response.iter().for_each(|response| view.responses_first.add(response, sign));
        last.response.iter().for_each(|response| view.responses_last.add(response, sign));
        self.title.iter().for_each(|(_, _, title)| view.titles.add(title, sign));
    }

    /// Takes all of it off the class's totals.
    pub(super) fn take_off(&self, view: &mut QuestionView) {
        self.add_to(view, -1);
        self.speakers()
            .filter_map(|attempt| attempt.elapsed_seconds)
            .for_each(|seconds| view.elapsed.add(&seconds, -1));
    }
}

impl Change<'_> {
    /// What every attempt counts for in the class's totals, not the first or the last alone.
    pub(super) fn add_to(&self, view: &mut QuestionView) {
        let gone = self.before.iter().flatten().filter_map(|attempt| attempt.elapsed_seconds);
        gone.for_each(|seconds| view.elapsed.add(&seconds, -1));
        self.after.elapsed_seconds.iter().for_each(|seconds| view.elapsed.add(seconds, 1));
    }
}

impl Answer {
    pub(super) fn millionths(&self) -> Option<i64> {
        match self.score {
            Score::None => None,
            Score::ByCorrect(millionths) | Score::ByPoints(millionths) => Some(millionths.into()),
        }
    }
}
