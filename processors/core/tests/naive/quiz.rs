//! METRICS.md, Quiz.

use std::collections::BTreeMap;

use trilha_schemas::event::{Body, Event, Protocol, QuizAction, QuizEvent};

use super::{by_learner, order, tally, time};

/// A question's totals.
#[derive(Debug, PartialEq, Default)]
pub struct Question {
    pub learners: i64,
    pub attempts: i64,
    pub first_millionths: i64,
    pub first_scored: i64,
    pub last_millionths: i64,
    pub last_scored: i64,
    pub first_correct: i64,
    pub attempts_per_learner: Vec<(i64, i64)>,
    pub responses_first: Vec<(String, i64)>,
    pub responses_last: Vec<(String, i64)>,
    pub elapsed: Vec<(i64, i64)>,
    pub titles: Vec<(String, i64)>,
}

pub fn quiz(events: &[Event]) -> BTreeMap<String, Question> {
    let mut questions: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let counts = |event: &&Event| body(event).action == QuizAction::Answered && !has_children(event, events);
    for event in events.iter().filter(counts) {
        let question = body(event).question.clone().expect("an answer has a question");
        questions.entry(question).or_default().push(event.clone());
    }
    questions.into_iter().map(|(name, events)| (name, question(&events))).collect()
}

/// An xAPI statement on the quiz itself, of whose questions the same learner has statements too.
fn has_children(parent: &Event, events: &[Event]) -> bool {
    let is_parent = parent.protocol == Protocol::Xapi && body(parent).question.as_ref() == Some(&body(parent).quiz);
    let is_child = |event: &&Event| {
        let answered = body(event).action == QuizAction::Answered;
        answered && event.learner == parent.learner && body(event).question != body(parent).question
    };
    is_parent && events.iter().any(|event| is_child(&event))
}

fn question(events: &[Event]) -> Question {
    let learners = by_learner(events);
    let attempts: Vec<Vec<&Event>> = learners.iter().map(|own| attempts(own)).collect();
    let first: Vec<&Event> = attempts.iter().map(|own| own[0]).collect();
    let last: Vec<&Event> = attempts.iter().map(|own| own[own.len() - 1]).collect();
    let scores = |events: &[&Event]| -> Vec<i64> { events.iter().filter_map(|event| score(body(event))).collect() };
    let responses = |events: &[&Event]| {
        tally(events.iter().filter_map(|event| Some(body(event).response.as_ref()?.chars().take(200).collect())))
    };
    Question {
        learners: learners.len() as i64,
        attempts: attempts.iter().map(|own| own.len() as i64).sum(),
        first_millionths: scores(&first).iter().sum(),
        first_scored: scores(&first).len() as i64,
        last_millionths: scores(&last).iter().sum(),
        last_scored: scores(&last).len() as i64,
        first_correct: first.iter().filter(|event| is_correct(body(event))).count() as i64,
        attempts_per_learner: tally(attempts.iter().map(|own| own.len() as i64)),
        responses_first: responses(&first),
        responses_last: responses(&last),
        elapsed: tally(attempts.iter().flatten().filter_map(|event| elapsed(body(event)))),
        titles: tally(learners.iter().filter_map(|own| own.iter().rev().find_map(|event| event.title.clone()))),
    }
}

fn body(event: &Event) -> &QuizEvent {
    match &event.body {
        Body::Quiz(quiz) => quiz,
        other => panic!("{other:?} is no quiz event"),
    }
}

/// Who speaks for each attempt of a learner, attempts in order.
fn attempts<'e>(own: &[&'e Event]) -> Vec<&'e Event> {
    let mut groups: Vec<(Option<u32>, String, Vec<&Event>)> = Vec::new();
    for event in own {
        let (number, key) = key(event, &groups);
        match groups.iter_mut().find(|(other, name, _)| (*other, name.as_str()) == (number, key.as_str())) {
            Some((_, _, group)) => group.push(event),
            None => groups.push((number, key, vec![event])),
        }
    }
    groups.sort_by_key(|(number, key, group)| (number.is_none(), *number, time(group[0]), key.clone()));
    groups.into_iter().map(|(_, _, group)| speaker(group)).collect()
}

/// The attempt's number, and the text by which it is told apart.
fn key(event: &Event, groups: &[(Option<u32>, String, Vec<&Event>)]) -> (Option<u32>, String) {
    let quiz = body(event);
    match (quiz.attempt, &quiz.attempt_id) {
        (Some(number), _) => return (Some(number), String::new()),
        (None, Some(id)) => return (None, format!("by id {id}")),
        (None, None) => {}
    }
    let equal = |before: &&&Event| before.time_millis.is_some() && body(before).response == quiz.response;
    let submission = groups.iter().filter(|(_, key, _)| key.starts_with("by itself")).find(|(_, _, group)| {
        let soon = |before: &&Event| time(event) - time(before) <= 5_000;
        event.time_millis.is_some() && group.iter().rev().find(equal).is_some_and(soon)
    });
    let own = || format!("by itself {}", event.id);
    (None, submission.map_or_else(own, |(_, key, _)| key.clone()))
}

fn speaker(group: Vec<&Event>) -> &Event {
    let says = |event: &Event| {
        let quiz = body(event);
        match (ratio(quiz), quiz.correct, scaled(quiz)) {
            (Some(_), _, _) | (None, None, Some(_)) => 2,
            (None, Some(_), _) => 1,
            (None, None, None) => 0,
        }
    };
    group.into_iter().max_by_key(|event| (says(event), order(event))).expect("an attempt has an event")
}

fn ratio(quiz: &QuizEvent) -> Option<f64> {
    let (score, max) = (quiz.score?, quiz.max_score?);
    (max > 0.0).then(|| score / max)
}

/// Only when it is all there is: points out of a senseless maximum are something else.
fn scaled(quiz: &QuizEvent) -> Option<f64> {
    quiz.scaled.filter(|_| quiz.score.is_none() || quiz.max_score.is_none())
}

fn score(quiz: &QuizEvent) -> Option<i64> {
    let of_verdict = quiz.correct.map(|correct| if correct { 1.0 } else { 0.0 });
    let share = ratio(quiz).or(of_verdict).or(scaled(quiz))?;
    Some(((share * 1_000_000.0 + 0.5).floor() as i64).clamp(0, 1_000_000))
}

fn is_correct(quiz: &QuizEvent) -> bool {
    quiz.correct.unwrap_or(score(quiz) == Some(1_000_000))
}

fn elapsed(quiz: &QuizEvent) -> Option<i64> {
    quiz.elapsed_millis.filter(|millis| *millis >= 0).map(|millis| (millis / 1000).min(3_600))
}
