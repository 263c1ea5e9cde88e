//! A map that forgets: two generations, the older dropped when the younger is full. What is used stays.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// A map that forgets.
pub struct Cache<K, V> {
    young: HashMap<K, V, RandomState>,
    old: HashMap<K, V, RandomState>,
    most_per_generation: usize,
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    /// Holds at least `most_per_generation` of the values used last, and at most twice as many.
    pub fn new(most_per_generation: usize) -> Cache<K, V> {
        Cache { young: HashMap::default(), old: HashMap::default(), most_per_generation }
    }

    /// A value, which counts as used.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.insert(key, value.clone());
        Some(value)
    }

    /// Holds a value in place of the one that was there.
    pub fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.most_per_generation && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Forgets a value.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let mut cache = Cache::new(10);
        for number in 0..1_000 {
            cache.insert(number, number);
            assert_eq!(cache.get(&0), Some(0), "after {number}");
            assert!(cache.young.len() + cache.old.len() <= 20);
        }
        assert_eq!(cache.get(&1), None);
        cache.insert(0, 7);
        assert_eq!(cache.get(&0), Some(7));
        cache.remove(&0);
        assert_eq!(cache.get(&0), None);
    }
}
