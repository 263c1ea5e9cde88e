//! Items in memory: found by key without comparing long keys, queried by partition.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use crate::codec::Content;
use crate::port::Key;

/// Contents by partition key, then by sort key.
#[derive(Debug, Clone, Default)]
pub(super) struct Items(HashMap<String, BTreeMap<String, Content>>);

impl Items {
    pub(super) fn get(&self, key: &Key) -> Option<&Content> {
        self.0.get(&key.partition)?.get(&key.sort)
    }

    pub(super) fn insert(&mut self, key: Key, content: Content) {
        match self.0.get_mut(&key.partition) {
            Some(sorts) => sorts.insert(key.sort, content),
            None => self.0.entry(key.partition).or_default().insert(key.sort, content),
        };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the items of another in place of those here.
    pub(super) fn overlay(&mut self, above: Items) {
        for (partition, mut sorts) in above.0 {
            self.0.entry(partition).or_default().append(&mut sorts);
        }
    }

    /// What of a partition has a prefix, in order of sort key.
    pub(super) fn with_prefix(&self, partition: &str, prefix: &str) -> impl Iterator<Item = (&String, &Content)> {
        let from_prefix = (Bound::Included(prefix), Bound::Unbounded);
        let sorts = self.0.get(partition).into_iter().flat_map(move |sorts| sorts.range::<str, _>(from_prefix));
        sorts.take_while(move |(sort, _)| sort.starts_with(prefix))
    }

    /// Every item as (partition key, sort key, content), in order of key.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&str, &str, &Content)> {
        let mut partitions: Vec<_> = self.0.iter().collect();
        partitions.sort_unstable_by_key(|(partition, _)| *partition);
        partitions.into_iter().flat_map(|(partition, sorts)| {
            sorts.iter().map(move |(sort, content)| (partition.as_str(), sort.as_str(), content))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Watermarks;

    fn items(entries: &[(&str, &str, u8)]) -> Items {
        let mut items = Items::default();
        for (partition, sort, value) in entries {
            let key = Key { partition: partition.to_string(), sort: sort.to_string() };
            items.insert(key, Content { watermarks: Watermarks::default(), value: vec![*value] });
        }
        items
    }

    #[test]
    fn what_lies_above_hides_what_lies_beneath() {
        let mut beneath = items(&[("p", "b", 1), ("p", "a", 1), ("o", "z", 1)]);
        beneath.overlay(items(&[("p", "b", 2), ("q", "a", 2)]));
        let order: Vec<_> = beneath.in_order().map(|(partition, sort, it)| (partition, sort, it.value[0])).collect();
        assert_eq!(order, [("o", "z", 1), ("p", "a", 1), ("p", "b", 2), ("q", "a", 2)]);
    }
}
