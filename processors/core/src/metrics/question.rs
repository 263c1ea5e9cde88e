//! A question's metrics (METRICS.md, Quiz).

use super::{MILLION, ratio};
use crate::views::{Counts, QuestionView};

/// Responses shown by themselves.
const RESPONSES_SHOWN: usize = 50;
/// Facility reads well between these.
const FACILITY_BAND: (f64, f64) = (0.30, 0.70);

/// Learners who gave one response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The response, cut to 200 characters.
    pub response: String,
    /// How many gave it.
    pub learners: i64,
}

/// Responses and those who gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Responses {
    /// The 50 with most learners, most first; ties in byte order.
    pub shown: Vec<Response>,
    /// Learners who gave any other.
    pub other: i64,
}

/// What is outside its reading band, and by how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// Too hard, or its key is wrong.
    FacilityLow {
        /// The facility.
        value: f64,
        /// The band's lower end.
        limit: f64,
    },
    /// Too easy to tell learners apart.
    FacilityHigh {
        /// The facility.
        value: f64,
        /// The band's upper end.
        limit: f64,
    },
}

/// A question's metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct QuestionMetrics {
    /// Learners with an attempt.
    pub learners: i64,
    /// Attempts in all.
    pub attempts: i64,
    /// (attempts, learners with so many), ascending.
    pub attempts_per_learner: Vec<(i64, i64)>,
    /// Mean s of first attempts that have one.
    pub facility: Option<f64>,
    /// Mean s of last attempts that have one.
    pub final_facility: Option<f64>,
    /// Learners whose first attempt is known correct / learners.
    pub correct_first_attempt: Option<f64>,
    /// Responses of first attempts.
    pub responses_first: Responses,
    /// Responses of last attempts.
    pub responses_last: Responses,
    /// The lower median of whole seconds taken.
    pub elapsed_median_seconds: Option<i64>,
    /// (whole seconds, attempts), ascending.
    pub elapsed: Vec<(i64, i64)>,
    /// What is outside its reading band.
    pub marks: Vec<Mark>,
}

/// Reads a question's metrics.
pub fn question(view: &QuestionView) -> QuestionMetrics {
    let facility = ratio(view.first_millionths, MILLION * view.first_scored);
    QuestionMetrics {
        learners: view.learners,
        attempts: view.attempts,
        attempts_per_learner: pairs(&view.attempts_per_learner),
        facility,
        final_facility: ratio(view.last_millionths, MILLION * view.last_scored),
        correct_first_attempt: ratio(view.first_correct, view.learners),
        responses_first: responses(&view.responses_first),
        responses_last: responses(&view.responses_last),
        elapsed_median_seconds: lower_median(&view.elapsed),
        elapsed: pairs(&view.elapsed),
        marks: facility.and_then(mark).into_iter().collect(),
    }
}

fn pairs(counts: &Counts<i64>) -> Vec<(i64, i64)> {
    counts.iter().map(|(key, count)| (*key, count)).collect()
}

fn responses(counts: &Counts<String>) -> Responses {
    let mut all: Vec<_> = counts.iter().collect();
    all.sort_by_key(|(response, learners)| (std::cmp::Reverse(*learners), *response));
    let rest = all.split_off(all.len().min(RESPONSES_SHOWN));
    let shown = all.into_iter().map(|(response, learners)| Response { response: response.clone(), learners }).collect();
    Responses { shown, other: rest.iter().map(|(_, learners)| learners).sum() }
}

fn lower_median(counts: &Counts<i64>) -> Option<i64> {
    let middle = (counts.total() - 1).div_euclid(2);
    let mut before = 0;
    counts.iter().find_map(|(seconds, attempts)| {
        before += attempts;
        (before > middle).then_some(*seconds)
    })
}

fn mark(facility: f64) -> Option<Mark> {
    let (low, high) = FACILITY_BAND;
    if facility < low {
        Some(Mark::FacilityLow { value: facility, limit: low })
    } else if facility > high {
        Some(Mark::FacilityHigh { value: facility, limit: high })
    } else {
        None
    }
}
