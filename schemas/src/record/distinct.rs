//! Values that are written once and pointed to.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// So many values are looked through; beyond that a map finds them. Most records have no more.
const FEW: usize = 8;

/// Distinct values in the order in which they come.
pub(super) struct Distinct<V> {
    values: Vec<V>,
    /// All of them, once they are more than a few.
    places: HashMap<V, usize, RandomState>,
}

impl<V> Default for Distinct<V> {
    fn default() -> Self {
        Distinct { values: Vec::new(), places: HashMap::default() }
    }
}

impl<V: Copy + Eq + Hash> Distinct<V> {
    pub(super) fn values(&self) -> &[V] {
        &self.values
    }

    /// A value's place among them.
    pub(super) fn place(&mut self, value: V) -> usize {
        let next = self.values.len();
        let known = if self.values.last() == Some(&value) {
            Some(next - 1)
        } else if next <= FEW {
            self.values.iter().position(|known| *known == value)
        } else {
            self.places.get(&value).copied()
        };
        known.unwrap_or_else(|| self.push(value))
    }

    fn push(&mut self, value: V) -> usize {
        let place = self.values.len();
        self.values.push(value);
        match place.cmp(&FEW) {
            Ordering::Less => {}
            Ordering::Equal => self.places.extend(self.values.iter().copied().zip(0..)),
            Ordering::Greater => _ = self.places.insert(value, place),
        }
        place
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_place_however_many_there_are() {
        let mut distinct = Distinct::default();
        for count in [3, FEW, FEW + 1, FEW + 2, 4 * FEW] {
            distinct.clear();
            let twice = (0..count).chain((0..count).rev());
            let places: Vec<usize> = twice.clone().map(|value| distinct.place(value * 7)).collect();
            assert_eq!(places, twice.collect::<Vec<_>>());
            assert_eq!(distinct.values(), (0..count).map(|value| value * 7).collect::<Vec<_>>());
        }
    }
}
