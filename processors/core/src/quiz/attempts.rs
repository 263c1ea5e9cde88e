//! From answers to attempts, and what a learner's attempts count for (METRICS.md, Quiz).

use std::collections::{BTreeMap, HashMap};

use trilha_schemas::event::Score;

use super::Answer;
use crate::views::QuestionView;

/// Answers without attempt number and id continue the one before within this.
const SAME_ATTEMPT_WITHIN_MILLIS: i64 = 5_000;

/// What one learner's attempts on one question count for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Standing<'a> {
    /// In order: numbers ascending, then earliest time, then key. The values come from each one's speaking answer.
    attempts: Vec<&'a Answer>,
    title: Option<&'a str>,
}

/// Attempts are told apart by number, else id, else the first event; and in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum AttemptKey<'a> {
    Number(u32),
    Id(&'a str),
    Event(u64),
}

pub(super) fn standing<'a>(answers: &'a [Answer], title: Option<&'a str>) -> Standing<'a> {
    let mut attempts: BTreeMap<AttemptKey<'a>, Vec<&'a Answer>> = BTreeMap::new();
    let mut keyless: HashMap<Option<&str>, (AttemptKey<'a>, &'a Answer)> = HashMap::new();
    for answer in answers {
        let key = answer.key().unwrap_or_else(|| {
            let key = match keyless.get(&answer.response.as_deref()) {
                Some((key, before)) if answer.continues(before) => *key,
                _ => AttemptKey::Event(answer.id),
            };
            if !answer.timeless {
                keyless.insert(answer.response.as_deref(), (key, answer));
            }
            key
        });
        attempts.entry(key).or_default().push(answer);
    }
    Standing { attempts: in_order(attempts), title }
}

fn in_order<'a>(attempts: BTreeMap<AttemptKey<'a>, Vec<&'a Answer>>) -> Vec<&'a Answer> {
    let mut attempts: Vec<_> = attempts.into_iter().collect();
    attempts.sort_by_key(|(key, answers)| {
        let number = if let AttemptKey::Number(number) = key { *number } else { u32::MAX };
        (number, answers.first().map(|first| first.time_millis), *key)
    });
    attempts.iter().filter_map(|(_, answers)| answers.iter().copied().max_by_key(|answer| answer.says())).collect()
}

impl Answer {
    fn key(&self) -> Option<AttemptKey<'_>> {
        self.attempt.map(AttemptKey::Number).or(self.attempt_id.as_deref().map(AttemptKey::Id))
    }

    /// Whether it is the same attempt as the timed answer before it with the same response.
    fn continues(&self, before: &Answer) -> bool {
        !self.timeless && self.time_millis - before.time_millis <= SAME_ATTEMPT_WITHIN_MILLIS
    }

    /// Who speaks for an attempt: an answer with a score, else with a verdict, else any; then the latest; then the
    /// greatest id.
    fn says(&self) -> (u8, i64, u64) {
        let rank = match (self.score, self.correct) {
            (Score::ByPoints(_), _) => 2,
            (_, Some(_)) => 1,
            _ => 0,
        };
        (rank, self.time_millis, self.id)
    }

    fn millionths(&self) -> Option<i64> {
        match self.score {
            Score::None => None,
            Score::ByCorrect(millionths) | Score::ByPoints(millionths) => Some(millionths.into()),
        }
    }
}

impl Standing<'_> {
    /// Adds it to (or with −1 takes it off) the class's totals.
    pub(super) fn add_to(&self, view: &mut QuestionView, sign: i64) {
        let (Some(first), Some(last)) = (self.attempts.first(), self.attempts.last()) else { return };
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
        self.attempts.iter().filter_map(|attempt| attempt.elapsed_seconds).for_each(|s| view.elapsed.add(&s, sign));
        self.title.iter().for_each(|title| view.titles.add(&(*title).to_string(), sign));
    }
}
