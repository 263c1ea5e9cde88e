//! Signed counts by key, none of them zero.

use std::collections::BTreeMap;

use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};

/// Signed counts by key; a count of zero is not kept, so that equal contents are equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts<K: Ord>(BTreeMap<K, i64>);

impl<K: Ord> Default for Counts<K> {
    fn default() -> Self {
        Counts(BTreeMap::new())
    }
}

impl<K: Ord + Clone> Counts<K> {
    /// Adds to one key's count.
    pub fn add(&mut self, key: &K, count: i64) {
        if count == 0 {
            return;
        }
        match self.0.get_mut(key) {
            Some(there) if *there + count == 0 => {
                self.0.remove(key);
            }
            Some(there) => *there += count,
            None => {
                self.0.insert(key.clone(), count);
            }
        }
    }

    /// Moves one from a key to another; `None` is nowhere.
    pub fn shift(&mut self, from: Option<&K>, to: Option<&K>) {
        if from != to {
            from.into_iter().for_each(|key| self.add(key, -1));
            to.into_iter().for_each(|key| self.add(key, 1));
        }
    }

    /// Adds every count of another.
    pub fn merge(&mut self, other: &Counts<K>) {
        other.0.iter().for_each(|(key, count)| self.add(key, *count));
    }

    /// Takes the upper half of the keys out.
    pub(crate) fn split_off_half(&mut self) -> Counts<K> {
        let middle = self.0.keys().nth(self.0.len().div_ceil(2)).cloned();
        middle.map_or_else(Counts::default, |middle| Counts(self.0.split_off(&middle)))
    }

    /// Keys and counts, in order of key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, i64)> {
        self.0.iter().map(|(key, count)| (key, *count))
    }

    /// How many keys have a count.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no key has a count.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of all counts.
    pub fn total(&self) -> i64 {
        self.0.values().sum()
    }

    /// The key with the greatest positive count; of equals the greatest key.
    pub fn most(&self) -> Option<&K> {
        self.0.iter().filter(|(_, count)| **count > 0).max_by_key(|(key, count)| (**count, *key)).map(|(key, _)| key)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>, write: impl Fn(&mut Vec<u8>, &K)) {
        varint(out, self.0.len() as u64);
        for (key, count) in &self.0 {
            write(out, key);
            zigzag(out, *count);
        }
    }

    pub(crate) fn decode<'a>(
        input: &mut Input<'a>,
        read: impl Fn(&mut Input<'a>) -> Result<K, Damaged>,
    ) -> Result<Counts<K>, Damaged> {
        let count = input.count(2)?;
        (0..count).map(|_| Ok((read(input)?, input.zigzag()?))).collect::<Result<_, _>>().map(Counts)
    }
}

pub(crate) fn write_text(out: &mut Vec<u8>, text: &String) {
    bytes(out, text.as_bytes());
}

pub(crate) fn read_text(input: &mut Input<'_>) -> Result<String, Damaged> {
    input.text().map(str::to_string)
}

pub(crate) fn write_number(out: &mut Vec<u8>, number: &i64) {
    zigzag(out, *number);
}

pub(crate) fn read_number(input: &mut Input<'_>) -> Result<i64, Damaged> {
    input.zigzag()
}
