//! Numbers in order, each with a value, in one piece of memory: most that come are the last there is, or come after it.

use std::ops::RangeInclusive;

/// Distinct numbers in order, each with a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sorted<V>(Vec<(i64, V)>);

impl<V: Default> Sorted<V> {
    /// The number's value; of one that is not there yet, the default, with which it is there from now on.
    pub(crate) fn entry(&mut self, number: i64) -> &mut V {
        let at = self.place(number).unwrap_or_else(|at| {
            self.0.insert(at, (number, V::default()));
            at
        });
        &mut self.0[at].1
    }
}

impl<V> Sorted<V> {
    fn place(&self, number: i64) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last > number => self.0.binary_search_by_key(&number, |(there, _)| *there),
            Some((last, _)) if *last == number => Ok(self.0.len() - 1),
            _ => Err(self.0.len()),
        }
    }

    pub(crate) fn get(&self, number: i64) -> Option<&V> {
        self.place(number).ok().map(|at| &self.0[at].1)
    }

    pub(crate) fn contains(&self, number: i64) -> bool {
        self.place(number).is_ok()
    }

    /// Whether any number lies in a range.
    pub(crate) fn any_within(&self, numbers: RangeInclusive<i64>) -> bool {
        let first = self.place(*numbers.start()).unwrap_or_else(|at| at);
        self.0.get(first).is_some_and(|(number, _)| numbers.contains(number))
    }

    pub(crate) fn remove(&mut self, number: i64) {
        if let Ok(at) = self.place(number) {
            self.0.remove(at);
        }
    }

    pub(crate) fn first(&self) -> Option<i64> {
        self.0.first().map(|(number, _)| *number)
    }

    pub(crate) fn last(&self) -> Option<i64> {
        self.0.last().map(|(number, _)| *number)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (i64, V)> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_order_however_they_come() {
        let mut sorted = Sorted::<u32>::default();
        for number in [5, 9, 5, 7, 2, 9, 11] {
            *sorted.entry(number) += 1;
        }
        assert_eq!(Vec::from_iter(sorted.iter().copied()), [(2, 1), (5, 2), (7, 1), (9, 2), (11, 1)]);
        assert_eq!((sorted.first(), sorted.last(), sorted.len()), (Some(2), Some(11), 5));
        assert_eq!([2, 9, 11].map(|number| sorted.get(number).copied()), [Some(1), Some(2), Some(1)]);
        assert_eq!([1, 3, 12].map(|number| sorted.contains(number)), [false; 3]);
        sorted.remove(7);
        sorted.remove(8);
        assert_eq!(Vec::from_iter(sorted.iter().map(|(number, _)| *number)), [2, 5, 9, 11]);
    }

    #[test]
    fn a_range_has_a_number_where_one_lies_in_it_its_ends_included() {
        let mut sorted = Sorted::<()>::default();
        assert!(!sorted.any_within(0..=9));
        sorted.entry(4);
        sorted.entry(8);
        for (range, any) in
            [(0..=3, false), (0..=4, true), (4..=4, true), (5..=7, false), (8..=9, true), (9..=12, false)]
        {
            assert_eq!(sorted.any_within(range.clone()), any, "{range:?}");
        }
    }
}
