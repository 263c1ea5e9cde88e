//! What one learner's attempts on one question count for.

use trilha_schemas::event::Score;

use super::attempts::Change;
use super::{Answer, Question};
use crate::views::QuestionView;

/// Which answers count, and how many attempts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    attempts: i64,
    /// Ids of the answers that speak for the first attempt and for the last.
    first: u64,
    last: u64,
}

impl Question {
    /// `None` while nothing is answered.
    pub(super) fn standing(&self) -> Option<Standing> {
        let (first, last) = self.ends()?;
        Some(Standing { attempts: self.attempts.len() as i64, first: first.id, last: last.id })
    }

    /// Moves it in the class's totals from where it stood; all but the title, and what attempts count for themselves
    /// ([`Change::add_to`]).
    pub(super) fn shift(&self, before: Option<Standing>, after: Option<Standing>, view: &mut QuestionView) {
        let attempts = |standing: Option<Standing>| standing.map(|standing| standing.attempts);
        let (first, last) = (|standing: Standing| standing.first, |standing: Standing| standing.last);
        view.learners += i64::from(after.is_some()) - i64::from(before.is_some());
        view.attempts += attempts(after).unwrap_or(0) - attempts(before).unwrap_or(0);
        view.attempts_per_learner.shift(attempts(before).as_ref(), attempts(after).as_ref());
        for (standing, other, sign) in [(before, after, -1), (after, before, 1)] {
            // An answer that counts as it did before is not taken off first.
            let first = standing.map(first).filter(|id| Some(*id) != other.map(first));
            let last = standing.map(last).filter(|id| Some(*id) != other.map(last));
            self.answer(first).into_iter().for_each(|answer| answer.add_first_to(view, sign));
            self.answer(last).into_iter().for_each(|answer| answer.add_last_to(view, sign));
        }
    }

    fn answer(&self, id: Option<u64>) -> Option<&Answer> {
        self.answers.iter().find(|answer| Some(answer.id) == id)
    }

    /// Takes all of it off the class's totals.
    pub(super) fn take_off(&self, view: &mut QuestionView) {
        self.shift(self.standing(), None, view);
        self.title.iter().for_each(|(_, _, title)| view.titles.add(title, -1));
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
    fn add_first_to(&self, view: &mut QuestionView, sign: i64) {
        view.first_millionths += sign * self.millionths().unwrap_or(0);
        view.first_scored += sign * i64::from(self.millionths().is_some());
        view.first_correct += sign * i64::from(self.correct == Some(true));
        self.response.iter().for_each(|response| view.responses_first.add(response, sign));
    }

    fn add_last_to(&self, view: &mut QuestionView, sign: i64) {
        view.last_millionths += sign * self.millionths().unwrap_or(0);
        view.last_scored += sign * i64::from(self.millionths().is_some());
        self.response.iter().for_each(|response| view.responses_last.add(response, sign));
    }

    pub(super) fn millionths(&self) -> Option<i64> {
        match self.score {
            Score::None => None,
            Score::ByCorrect(millionths) | Score::ByPoints(millionths) => Some(millionths.into()),
        }
    }
}
