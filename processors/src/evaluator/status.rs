//! What the evaluator knows of courses and learners: what it told, and what it read, so that it need not read it again.
//!
//! Ids of videos, quizzes and questions stand as 8-byte hashes.

mod stored;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use sha2::{Digest, Sha256};
use thiserror::Error;
use trilha_core::roster::RosterEntry;

use super::event::QuestionCode;

pub use table::TableStatus;

/// A status item, its content opaque to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusItem {
    /// Its name within its course.
    pub name: String,
    /// From 1, one more with each put.
    pub revision: u64,
    /// Its content.
    pub value: Vec<u8>,
}

/// The store failed; its puts may or may not have happened. Read again, then try again.
#[derive(Debug, Error)]
#[error("the evaluator's status is unavailable: {0}")]
pub struct StatusError(pub String);

/// Keeps status items, by course.
pub trait StatusStore: Send + Sync + 'static {
    /// A course's items whose names start with a prefix, in order of name: every put that was answered before.
    fn page(
        &self,
        tenant: &str,
        course: &str,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<StatusItem>, StatusError>> + Send;

    /// Puts each item whose stored revision is the one before its own (before the first there is no item). Durable when
    /// it answers; says of each whether it did.
    fn put(
        &self,
        tenant: &str,
        course: &str,
        items: Vec<StatusItem>,
    ) -> impl Future<Output = Result<Vec<bool>, StatusError>> + Send;
}

/// Something that is so or is not, and is told of when that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transitions {
    /// Whether it is so, as far as is known.
    pub is_on: bool,
    /// Whether the last that was told is that it is so.
    pub told: bool,
    /// How many transitions were told.
    pub count: u32,
    /// The day of the last that was told.
    pub day: i64,
}

impl Transitions {
    /// Notes how it is now; answers the number of the transition that is to be told, if one is.
    ///
    /// One that does not follow from news is noted in silence. The end of what was told is always told: it closes what
    /// is open. There is one a day at most, so that who is on the edge of a bound makes no noise; what comes after it
    /// waits for the next.
    pub fn note(&mut self, is_on: bool, is_news: bool, today: i64) -> Option<u32> {
        if is_on == self.is_on {
            return None;
        }
        let is_told = if is_on { is_news } else { self.told };
        if is_told && self.count > 0 && self.day == today {
            return None;
        }
        self.is_on = is_on;
        if !is_told {
            return None;
        }
        (self.told, self.count, self.day) = (is_on, self.count + 1, today);
        Some(self.count)
    }
}

/// What a learner did in a course, as far as the rules ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// n by video: distinct seconds watched, over 0.
    pub videos: BTreeMap<u64, i64>,
    /// By quiz.
    pub quizzes: BTreeMap<u64, QuizSummary>,
}

/// What a learner did in a quiz.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuizSummary {
    /// When they answered last, in milliseconds since 1970 UTC.
    pub last_millis: i64,
    /// Scores of first attempts by question, in millionths.
    pub scores: BTreeMap<u64, i64>,
}

/// What is known of a learner in a course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LearnerStatus {
    /// What the roster said when their items were read.
    pub entry: RosterEntry,
    /// What was read last is new and does not follow from news: the next decision is noted in silence.
    pub is_quiet: bool,
    /// What their items said.
    pub summary: Summary,
    /// Videos of which it is noted that they were completed.
    pub completed: BTreeSet<u64>,
    /// Whether they are at risk.
    pub risk: Transitions,
}

/// What is known of a question.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuestionStatus {
    /// What was outside its band.
    pub out: BTreeSet<QuestionCode>,
    /// How many transitions were told.
    pub count: u32,
    /// The day of the last.
    pub day: i64,
}

/// What is known of a course.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CourseStatus {
    /// Stands for what the last evaluation read; 0 when the next must read again.
    pub seen: u64,
    /// The last day on which the items of all learners were read of whom something late may have come.
    pub swept_day: Option<i64>,
    /// Whether its activity has dropped.
    pub dropped: Transitions,
    /// By [`name_hash`] of quiz and question.
    pub questions: BTreeMap<u64, QuestionStatus>,
}

/// Stands for an id, or several, in a status.
pub fn name_hash(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_are_told_once_and_numbered() {
        let mut risk = Transitions::default();
        assert_eq!(risk.note(false, true, 1), None);
        assert_eq!(risk.note(true, true, 1), Some(1));
        assert_eq!(risk.note(true, true, 2), None);
        assert_eq!(risk.note(false, true, 2), Some(2));
        assert_eq!(risk.note(true, true, 3), Some(3));
    }

    #[test]
    fn there_is_one_transition_a_day_and_the_next_waits() {
        let mut risk = Transitions::default();
        assert_eq!(risk.note(true, true, 5), Some(1));
        assert_eq!(risk.note(false, true, 5), None);
        assert_eq!(risk.note(true, true, 5), None, "it is as it was told");
        assert_eq!(risk.note(false, true, 6), Some(2));
    }

    #[test]
    fn what_is_old_is_noted_in_silence_and_what_was_told_is_closed() {
        let mut risk = Transitions::default();
        assert_eq!(risk.note(true, false, 1), None);
        assert_eq!(risk.note(true, true, 1), None, "it is not told later either");
        assert_eq!(risk.note(false, true, 1), None, "nobody was told of its beginning");
        assert_eq!(risk.note(true, true, 1), Some(1));
        assert_eq!(risk.note(false, false, 2), Some(2));
    }
}
