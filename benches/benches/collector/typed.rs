//! Typed parsing and nothing else: what any reader of these bytes has to do, as fast as the JSON crates do it.

use std::hint::black_box;

use serde::Deserialize;

/// An event's fields, its texts of their own.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and dropped")]
pub(crate) struct Owned {
    id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    time: Option<String>,
    learner: Option<String>,
    course: Option<String>,
    session: Option<String>,
    role: Option<String>,
    title: Option<String>,
    video: Option<String>,
    position: Option<f64>,
    from: Option<f64>,
    to: Option<f64>,
    length: Option<f64>,
    rate: Option<f64>,
    quiz: Option<String>,
    question: Option<String>,
    attempt: Option<f64>,
    response: Option<OwnedResponse>,
    correct: Option<bool>,
    score: Option<f64>,
    max_score: Option<f64>,
    elapsed: Option<f64>,
    object: Option<String>,
    section: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "parsed and dropped")]
enum OwnedResponse {
    Text(String),
    List(Vec<String>),
}

/// The same, its texts where they stand in the body: the class sends none with escapes.
#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed and dropped")]
pub(crate) struct Borrowed<'a> {
    id: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    time: Option<&'a str>,
    learner: Option<&'a str>,
    course: Option<&'a str>,
    session: Option<&'a str>,
    role: Option<&'a str>,
    title: Option<&'a str>,
    video: Option<&'a str>,
    position: Option<f64>,
    from: Option<f64>,
    to: Option<f64>,
    length: Option<f64>,
    rate: Option<f64>,
    quiz: Option<&'a str>,
    question: Option<&'a str>,
    attempt: Option<f64>,
    response: Option<OwnedResponse>,
    correct: Option<bool>,
    score: Option<f64>,
    max_score: Option<f64>,
    elapsed: Option<f64>,
    object: Option<&'a str>,
    section: Option<&'a str>,
    url: Option<&'a str>,
}

pub(crate) fn sonic<'a, T: Deserialize<'a>>(body: &'a str) -> usize {
    if body.starts_with('[') {
        return black_box(sonic_rs::from_str::<Vec<T>>(body).expect("an array of events")).len();
    }
    let line = |line| drop(black_box(sonic_rs::from_str::<T>(line).expect("an event")));
    body.lines().map(line).count()
}

pub(crate) fn serde<'a, T: Deserialize<'a>>(body: &'a str) -> usize {
    if body.starts_with('[') {
        return black_box(serde_json::from_str::<Vec<T>>(body).expect("an array of events")).len();
    }
    let line = |line| drop(black_box(serde_json::from_str::<T>(line).expect("an event")));
    body.lines().map(line).count()
}
