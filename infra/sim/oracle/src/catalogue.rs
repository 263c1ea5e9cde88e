//! What things are called.

use std::collections::BTreeMap;

use crate::event::Event;

/// The latest description of each object.
pub(crate) struct Catalogue<'e> {
    latest: BTreeMap<&'e str, &'e Event>,
}

impl<'e> Catalogue<'e> {
    /// Of a course's descriptions.
    pub(crate) fn of(described: &[&'e Event]) -> Catalogue<'e> {
        let mut in_order = described.to_vec();
        in_order.sort_by_key(|event| event.order());
        Catalogue { latest: in_order.into_iter().map(|event| (event.identity.object.as_str(), event)).collect() }
    }

    /// What its latest description calls an object.
    pub(crate) fn title(&self, object: &str) -> Option<String> {
        self.latest.get(object)?.title.clone()
    }

    /// The same; where it has none, what most learners saw last, each one's events being in order.
    pub(crate) fn title_or_seen(&self, object: &str, by_learner: &BTreeMap<&str, Vec<&Event>>) -> Option<String> {
        let last_seen = |own: &Vec<&'_ Event>| own.iter().rev().find_map(|event| event.title.clone());
        self.title(object).or_else(|| most(by_learner.values().filter_map(last_seen)))
    }
}

/// The value that comes most often; of equals the greatest.
pub(crate) fn most<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    counts
        .into_iter()
        .max_by(|(value, count), (other, others)| (count, value).cmp(&(others, other)))
        .map(|(value, _)| value)
}

/// A learner's events each, in order.
pub(crate) fn by_learner<'e>(events: &[&'e Event]) -> BTreeMap<&'e str, Vec<&'e Event>> {
    let mut by_learner: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    events.iter().for_each(|event| by_learner.entry(event.learner()).or_default().push(event));
    by_learner.values_mut().for_each(|own| own.sort_by_key(|event| event.order()));
    by_learner
}
