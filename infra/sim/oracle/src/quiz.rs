//! METRICS.md, "Quiz": one question's attempts, and the numbers that they come to.

mod attempts;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::catalogue::{Catalogue, by_learner};
use crate::event::{Action, Event, first_chars};
use crate::video::ratio;
use attempts::{Attempt, MILLION, attempts};

/// A response counts by so many characters.
const RESPONSE_CHARS: usize = 200;
const RESPONSES_SHOWN: usize = 50;
const LONGEST_SECONDS: i64 = 3_600;
/// The reading band of the facility.
const BAND: (f64, f64) = (0.30, 0.70);

/// The numbers of one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The quiz's id.
    pub quiz: String,
    /// What its latest description calls the quiz.
    pub quiz_title: Option<String>,
    /// The question's id.
    pub question: String,
    /// Of its latest description, else what most learners saw last.
    pub title: Option<String>,
    /// Learners with an attempt.
    pub learners: i64,
    /// Attempts in all.
    pub attempts: i64,
    /// Fewest attempts first.
    pub attempts_per_learner: Vec<AttemptsPerLearner>,
    /// Mean score of the first attempts that have one.
    pub facility: Option<f64>,
    /// Mean score of the last attempts that have one.
    pub final_facility: Option<f64>,
    /// Learners whose first attempt is known correct / learners.
    pub correct_first_attempt: Option<f64>,
    /// Of first attempts.
    pub responses_first: Responses,
    /// Of last attempts.
    pub responses_last: Responses,
    /// How long attempts took.
    pub elapsed: Elapsed,
    /// Why it is marked.
    pub marks: Vec<Mark>,
}

/// How many learners made so many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptsPerLearner {
    /// A number of attempts.
    pub attempts: i64,
    /// Learners with that number.
    pub learners: i64,
}

/// Learners by response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Responses {
    /// The 50 with most learners, most first; ties in byte order.
    pub shown: Vec<Response>,
    /// Learners with any other response.
    pub other: i64,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its first 200 characters.
    pub response: String,
    /// Who gave it.
    pub learners: i64,
}

/// How long attempts took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elapsed {
    /// The lower median, in seconds.
    pub median: Option<i64>,
    /// Whole seconds that occur, ascending.
    pub histogram: Vec<ElapsedCount>,
}

/// How many attempts took so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElapsedCount {
    /// Whole seconds, 3,600 for all that is more.
    pub seconds: i64,
    /// Attempts that took them.
    pub attempts: i64,
}

/// Why a question is marked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// `facility_low` or `facility_high`.
    pub code: &'static str,
    /// The facility.
    pub value: f64,
    /// The end of the band that it lies beyond.
    pub limit: f64,
}

/// The questions of a course, from all that its learners did.
pub(crate) fn questions(acts: &[&Event], catalogue: &Catalogue<'_>) -> Vec<Question> {
    let mut by_question: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in acts.iter().filter(|event| matches!(event.action, Action::Answer(_))) {
        let question = event.identity.question.as_deref().unwrap_or_default();
        by_question.entry((&event.identity.object, question)).or_default().push(event);
    }
    by_question.into_iter().map(|(name, answers)| one_question(name, &answers, catalogue)).collect()
}

fn one_question((quiz, question): (&str, &str), answers: &[&Event], catalogue: &Catalogue<'_>) -> Question {
    let by_learner = by_learner(answers);
    let attempts: Vec<Vec<Attempt<'_>>> = by_learner.values().map(|own| attempts(own)).collect();
    let first: Vec<&Attempt<'_>> = attempts.iter().filter_map(|own| own.first()).collect();
    let last: Vec<&Attempt<'_>> = attempts.iter().filter_map(|own| own.last()).collect();
    let learners = attempts.len() as i64;
    let facility = mean_score(&first);
    Question {
        quiz: quiz.to_string(),
        quiz_title: catalogue.title(quiz),
        question: question.to_string(),
        title: catalogue.title_or_seen(question, &by_learner),
        learners,
        attempts: attempts.iter().map(|own| own.len() as i64).sum(),
        attempts_per_learner: counts(attempts.iter().map(|own| own.len() as i64))
            .map(|(attempts, learners)| AttemptsPerLearner { attempts, learners })
            .collect(),
        facility,
        final_facility: mean_score(&last),
        correct_first_attempt: ratio(first.iter().filter(|attempt| attempt.is_correct()).count() as i64, learners),
        responses_first: responses(&first),
        responses_last: responses(&last),
        elapsed: elapsed(attempts.iter().flatten()),
        marks: facility.and_then(mark).into_iter().collect(),
    }
}

fn mean_score(attempts: &[&Attempt<'_>]) -> Option<f64> {
    let scores: Vec<i64> = attempts.iter().filter_map(|attempt| attempt.millionths()).collect();
    ratio(scores.iter().sum(), scores.len() as i64 * MILLION)
}

fn responses(attempts: &[&Attempt<'_>]) -> Responses {
    let given = attempts.iter().filter_map(|attempt| attempt.response());
    let mut ranked: Vec<Response> = counts(given.map(|response| first_chars(response, RESPONSE_CHARS)))
        .map(|(response, learners)| Response { response, learners })
        .collect();
    // The sort is stable, and the counts are in byte order.
    ranked.sort_by_key(|response| Reverse(response.learners));
    let rest = ranked.split_off(ranked.len().min(RESPONSES_SHOWN));
    Responses { shown: ranked, other: rest.iter().map(|response| response.learners).sum() }
}

fn elapsed<'a>(attempts: impl Iterator<Item = &'a Attempt<'a>>) -> Elapsed {
    let whole_seconds = |attempt: &Attempt<'_>| Some((attempt.elapsed_millis()? / 1000).min(LONGEST_SECONDS));
    let mut seconds: Vec<i64> = attempts.filter_map(whole_seconds).collect();
    seconds.sort();
    let median = seconds.len().checked_sub(1).map(|last| seconds[last / 2]);
    let histogram = counts(seconds.into_iter()).map(|(seconds, attempts)| ElapsedCount { seconds, attempts }).collect();
    Elapsed { median, histogram }
}

fn mark(facility: f64) -> Option<Mark> {
    let (low, high) = BAND;
    let mark = |code, limit| Some(Mark { code, value: facility, limit });
    match facility {
        facility if facility < low => mark("facility_low", low),
        facility if facility > high => mark("facility_high", high),
        _ => None,
    }
}

/// Values and how often each comes, ascending.
fn counts<T: Ord>(values: impl Iterator<Item = T>) -> impl Iterator<Item = (T, i64)> {
    let mut counts: BTreeMap<T, i64> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts.into_iter()
}
