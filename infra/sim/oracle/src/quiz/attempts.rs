//! One learner's attempts at one question.

use std::collections::{BTreeMap, HashMap};

use crate::event::{Action, Answer, Event};

/// An equal answer within this of the one before is the same attempt.
const SAME_MILLIS: i64 = 5_000;
/// The whole of a score, in millionths.
pub(super) const MILLION: i64 = 1_000_000;

/// An attempt: the answer that its values come from.
pub(super) struct Attempt<'e>(&'e Answer);

/// In order: those with a number by that, then the others by their earliest time. `own` is in order.
pub(super) fn attempts<'e>(own: &[&'e Event]) -> Vec<Attempt<'e>> {
    let mut numbered: BTreeMap<u64, Vec<&Answer>> = BTreeMap::new();
    let mut others = Vec::new();
    for event in own {
        match answer(event) {
            Some(Answer { attempt: None, .. }) => others.push(*event),
            Some(answer) => numbered.entry(answer.attempt.unwrap_or_default()).or_default().push(answer),
            None => {}
        }
    }
    numbered.into_values().chain(submissions(&others)).filter_map(|answers| speaker(&answers)).map(Attempt).collect()
}

/// Answers without number: equal ones, each within 5 s of the equal one before, are one; one without time stands alone.
fn submissions<'e>(others: &[&'e Event]) -> Vec<Vec<&'e Answer>> {
    let mut submissions: Vec<Vec<&Answer>> = Vec::new();
    // Of each response: the submission that had it last, and when.
    let mut latest: HashMap<Option<&str>, (usize, i64)> = HashMap::new();
    for (event, answer) in others.iter().filter_map(|event| Some((event, answer(event)?))) {
        let response = answer.response.as_deref();
        let repeated = latest.get(&response).filter(|(_, before)| event.at() - before <= SAME_MILLIS);
        let place = match repeated.filter(|_| event.has_time()) {
            Some((place, _)) => *place,
            None => {
                submissions.push(Vec::new());
                submissions.len() - 1
            }
        };
        submissions[place].push(answer);
        if event.has_time() {
            latest.insert(response, (place, event.at()));
        }
    }
    submissions
}

/// Of answers in order: the last one with a score, else the last with a verdict, else the last.
fn speaker<'e>(answers: &[&'e Answer]) -> Option<&'e Answer> {
    let last = |speaks: fn(&Answer) -> bool| answers.iter().rev().find(|answer| speaks(answer)).copied();
    last(|answer| answer.share().is_some())
        .or_else(|| last(|answer| answer.correct.is_some()))
        .or_else(|| last(|_| true))
}

fn answer(event: &Event) -> Option<&Answer> {
    if let Action::Answer(answer) = &event.action { Some(answer) } else { None }
}

impl Attempt<'_> {
    /// s: by points, else by the verdict.
    pub(super) fn millionths(&self) -> Option<i64> {
        let by_verdict = || self.0.correct.map(|correct| if correct { MILLION } else { 0 });
        let by_points = |share: f64| ((share * 1e6 + 0.5).floor() as i64).clamp(0, MILLION);
        self.0.share().map(by_points).or_else(by_verdict)
    }

    /// The flag, else s = 1; what is unknown is not correct.
    pub(super) fn is_correct(&self) -> bool {
        self.0.correct.unwrap_or_else(|| self.millionths() == Some(MILLION))
    }

    pub(super) fn response(&self) -> Option<&str> {
        self.0.response.as_deref()
    }

    pub(super) fn elapsed_millis(&self) -> Option<i64> {
        self.0.elapsed_millis
    }
}

impl Answer {
    /// score / max_score, where there are points to be had.
    fn share(&self) -> Option<f64> {
        let (score, max_score) = self.score.zip(self.max_score)?;
        (max_score > 0.0).then(|| score / max_score)
    }
}
