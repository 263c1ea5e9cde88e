//! METRICS.md read anew, without a thought for speed: every number from scratch, from all events at once. It shares no
//! code with the fold. Where METRICS.md is open it takes the readings of `tests/oracle/README.md`; and of two
//! `played-segments` that agree in all that METRICS.md compares, the one with the greater pairs.
#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

pub mod activity;
pub mod quiz;
pub mod video;

use std::collections::BTreeMap;

use trilha_schemas::event::Event;
use trilha_schemas::flags::Flags;

/// (time for the views, event id): "before", "next" and "first".
pub fn order(event: &Event) -> (i64, [u8; 16]) {
    (time(event), event.id.0)
}

/// As sent; the arrival where none was sent, or one in the future.
pub fn time(event: &Event) -> i64 {
    match event.time_millis {
        Some(time) if !event.flags.contains(Flags::FUTURE_TIME) => time,
        _ => event.arrival_millis,
    }
}

/// Events by learner, each learner's in order.
pub fn by_learner(events: &[Event]) -> Vec<Vec<&Event>> {
    let mut learners: BTreeMap<[u8; 16], Vec<&Event>> = BTreeMap::new();
    events.iter().for_each(|event| learners.entry(event.learner.0).or_default().push(event));
    let mut learners: Vec<_> = learners.into_values().collect();
    learners.iter_mut().for_each(|own| own.sort_by_key(|event| order(event)));
    learners
}

/// How often each value is there, in order of value.
pub fn tally<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<(T, i64)> {
    let mut counts = BTreeMap::new();
    values.into_iter().for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().collect()
}
