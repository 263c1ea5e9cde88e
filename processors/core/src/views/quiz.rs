//! A quiz's totals, by question.

use std::collections::BTreeMap;

use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};

use super::counts::{read_number, read_text, write_number, write_text};
use super::{Counts, View, version, versioned};

/// One question's totals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuestionView {
    /// Learners with an attempt.
    pub learners: i64,
    /// Attempts in all.
    pub attempts: i64,
    /// Σ s of first attempts that have one, in millionths.
    pub first_millionths: i64,
    /// First attempts that have a score.
    pub first_scored: i64,
    /// Σ s of last attempts that have one, in millionths.
    pub last_millionths: i64,
    /// Last attempts that have a score.
    pub last_scored: i64,
    /// Learners whose first attempt is known correct.
    pub first_correct: i64,
    /// Learners by number of attempts.
    pub attempts_per_learner: Counts<i64>,
    /// Learners by the response of their first attempt.
    pub responses_first: Counts<String>,
    /// Learners by the response of their last attempt.
    pub responses_last: Counts<String>,
    /// Attempts by whole seconds taken, at most 3,600.
    pub elapsed: Counts<i64>,
    /// Learners by the title they saw last.
    pub titles: Counts<String>,
}

impl QuestionView {
    fn totals(&mut self) -> [&mut i64; 7] {
        [
            &mut self.learners,
            &mut self.attempts,
            &mut self.first_millionths,
            &mut self.first_scored,
            &mut self.last_millionths,
            &mut self.last_scored,
            &mut self.first_correct,
        ]
    }

    fn read_totals(&self) -> [i64; 7] {
        [
            self.learners,
            self.attempts,
            self.first_millionths,
            self.first_scored,
            self.last_millionths,
            self.last_scored,
            self.first_correct,
        ]
    }

    fn is_zero(&self) -> bool {
        let by_number = [&self.attempts_per_learner, &self.elapsed];
        let by_text = [&self.responses_first, &self.responses_last, &self.titles];
        self.read_totals() == [0; 7]
            && by_number.iter().all(|counts| counts.is_empty())
            && by_text.iter().all(|counts| counts.is_empty())
    }

    pub(crate) fn add(&mut self, other: &QuestionView) {
        for (total, other) in self.totals().into_iter().zip(other.read_totals()) {
            *total += other;
        }
        self.attempts_per_learner.merge(&other.attempts_per_learner);
        self.responses_first.merge(&other.responses_first);
        self.responses_last.merge(&other.responses_last);
        self.elapsed.merge(&other.elapsed);
        self.titles.merge(&other.titles);
    }

    /// Takes half of everything that is counted by key out.
    fn split_off_half(&mut self) -> QuestionView {
        QuestionView {
            attempts_per_learner: self.attempts_per_learner.split_off_half(),
            responses_first: self.responses_first.split_off_half(),
            responses_last: self.responses_last.split_off_half(),
            elapsed: self.elapsed.split_off_half(),
            titles: self.titles.split_off_half(),
            ..QuestionView::default()
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        self.read_totals().into_iter().for_each(|total| zigzag(out, total));
        self.attempts_per_learner.encode(out, write_number);
        self.responses_first.encode(out, write_text);
        self.responses_last.encode(out, write_text);
        self.elapsed.encode(out, write_number);
        self.titles.encode(out, write_text);
    }

    fn decode(input: &mut Input<'_>) -> Result<QuestionView, Damaged> {
        let mut view = QuestionView::default();
        for total in view.totals() {
            *total = input.zigzag()?;
        }
        view.attempts_per_learner = Counts::decode(input, read_number)?;
        view.responses_first = Counts::decode(input, read_text)?;
        view.responses_last = Counts::decode(input, read_text)?;
        view.elapsed = Counts::decode(input, read_number)?;
        view.titles = Counts::decode(input, read_text)?;
        Ok(view)
    }
}

/// A quiz's totals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuizView {
    /// Events that a learner item had no room for.
    pub beyond_state: i64,
    /// By question; none that is all zero.
    questions: BTreeMap<String, QuestionView>,
}

impl QuizView {
    /// Questions and their totals, in byte order of the question's id.
    pub fn questions(&self) -> impl Iterator<Item = (&str, &QuestionView)> {
        self.questions.iter().map(|(question, view)| (question.as_str(), view))
    }

    /// Changes one question's totals.
    pub(crate) fn change(&mut self, question: &str, change: impl FnOnce(&mut QuestionView)) {
        if let Some(view) = self.questions.get_mut(question) {
            change(view);
            if view.is_zero() {
                self.questions.remove(question);
            }
        } else {
            let mut view = QuestionView::default();
            change(&mut view);
            if !view.is_zero() {
                self.questions.insert(question.to_string(), view);
            }
        }
    }
}

impl View for QuizView {
    fn add(&mut self, other: &Self) {
        self.beyond_state += other.beyond_state;
        for (question, view) in &other.questions {
            self.change(question, |there| there.add(view));
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = version();
        zigzag(&mut out, self.beyond_state);
        varint(&mut out, self.questions.len() as u64);
        for (question, view) in &self.questions {
            bytes(&mut out, question.as_bytes());
            view.encode(&mut out);
        }
        out
    }

    fn decode(stored: &[u8]) -> Result<Self, Damaged> {
        let mut input = versioned(stored)?;
        let beyond_state = input.zigzag()?;
        let count = input.count(8)?;
        let question = |_| Ok((read_text(&mut input)?, QuestionView::decode(&mut input)?));
        Ok(QuizView { beyond_state, questions: (0..count).map(question).collect::<Result<_, Damaged>>()? })
    }

    fn halves(mut self) -> Option<(Self, Self)> {
        let other = match self.questions.keys().nth(self.questions.len().div_ceil(2)).cloned() {
            Some(middle) => self.questions.split_off(&middle),
            None => {
                let (name, question) = self.questions.iter_mut().next()?;
                let half = question.split_off_half();
                (half != QuestionView::default()).then(|| BTreeMap::from([(name.clone(), half)]))?
            }
        };
        Some((self, QuizView { beyond_state: 0, questions: other }))
    }
}
