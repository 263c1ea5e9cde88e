//! Items that are kept in memory, by slot: a name is looked up once a batch, and what all of them take is known without
//! looking at them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use foldhash::fast::RandomState;
use trilha_live::port::Watermarks;

/// What a warm item takes beside its value and its name's texts.
const WARM_ITEM_BYTES: usize = 240;

/// An item in memory, as the table has it (`stored` is its watermark there; `None`: it is not there yet).
#[derive(Debug, Clone)]
pub(super) struct Warm<V> {
    pub value: V,
    pub stored: Option<Watermarks>,
}

/// What a value takes in memory, about.
pub(super) trait InMemory {
    fn memory_bytes(&self) -> usize;
}

/// A warm item's place; its name has it until the item is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(u32);

/// Warm items of one kind, by name.
#[derive(Debug)]
pub(super) struct Warmth<N, V> {
    slot_of: HashMap<N, Slot, RandomState>,
    places: Vec<Place<V>>,
    free: Vec<Slot>,
    /// What all items take.
    bytes: usize,
    batch: u64,
}

#[derive(Debug)]
struct Place<V> {
    /// `None`: its name is known, the item is not.
    warm: Option<Warm<V>>,
    bytes: usize,
    /// The last batch that looked at it, and the number that this batch gave it.
    batch: u64,
    number: u32,
}

impl<N, V> Default for Warmth<N, V> {
    fn default() -> Self {
        Warmth { slot_of: HashMap::default(), places: Vec::new(), free: Vec::new(), bytes: 0, batch: 0 }
    }
}

impl<N: Eq + Hash + Copy, V: InMemory> Warmth<N, V> {
    /// Another batch begins.
    pub(super) fn next_batch(&mut self) {
        self.batch += 1;
    }

    /// The slot of a name, and the number that the name has in this batch: the one that is offered, if it has none yet.
    pub(super) fn slot(&mut self, name: N, number: u32) -> (Slot, u32) {
        let slot = *self.slot_of.entry(name).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.places.push(Place { warm: None, bytes: 0, batch: 0, number: 0 });
                Slot(self.places.len() as u32 - 1)
            })
        });
        let place = &mut self.places[slot.0 as usize];
        if place.batch != self.batch {
            (place.batch, place.number) = (self.batch, number);
        }
        (slot, place.number)
    }

    /// The item, if it is warm.
    pub(super) fn get(&self, slot: Slot) -> Option<&Warm<V>> {
        self.places[slot.0 as usize].warm.as_ref()
    }

    /// The item, if it is warm; who changes it calls [`Warmth::measure`].
    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Warm<V>> {
        self.places[slot.0 as usize].warm.as_mut()
    }

    /// Keeps what was read.
    pub(super) fn insert(&mut self, slot: Slot, value: V, stored: Option<Watermarks>) {
        self.places[slot.0 as usize].warm = Some(Warm { value, stored });
        self.measure(slot);
    }

    /// Sees how much the item takes now.
    pub(super) fn measure(&mut self, slot: Slot) {
        let place = &mut self.places[slot.0 as usize];
        let bytes = place.warm.as_ref().map_or(0, |warm| WARM_ITEM_BYTES + warm.value.memory_bytes());
        self.bytes = self.bytes - place.bytes + bytes;
        place.bytes = bytes;
    }

    /// Forgets all items; their names keep their slots.
    pub(super) fn clear(&mut self) {
        self.places.iter_mut().for_each(|place| (place.warm, place.bytes) = (None, 0));
        self.bytes = 0;
    }

    /// What all items take in memory, about.
    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes
    }

    /// How much the items take that a batch was the last to look at, by batch.
    pub(super) fn bytes_by_batch(&self) -> impl Iterator<Item = (u64, usize)> {
        self.slot_of.values().map(|slot| &self.places[slot.0 as usize]).map(|place| (place.batch, place.bytes))
    }

    /// Forgets items that only batches up to this one looked at.
    pub(super) fn forget_up_to(&mut self, batch: u64) {
        let Warmth { slot_of, places, free, bytes, .. } = self;
        slot_of.retain(|_, slot| {
            let place = &mut places[slot.0 as usize];
            if place.batch > batch {
                return true;
            }
            *bytes -= place.bytes;
            (place.warm, place.bytes) = (None, 0);
            free.push(*slot);
            false
        });
    }
}

/// Up to which batch items have to be forgotten, so that the rest fit; those that were not looked at for longest go first.
pub(super) fn oldest_that_fit(items: impl Iterator<Item = (u64, usize)>, bytes: usize) -> Option<u64> {
    let mut by_batch: BTreeMap<Reverse<u64>, usize> = BTreeMap::new();
    items.for_each(|(batch, size)| *by_batch.entry(Reverse(batch)).or_default() += size);
    let mut total = 0;
    let too_old = by_batch.into_iter().find(|(_, size)| {
        total += size;
        total > bytes
    });
    too_old.map(|(Reverse(batch), _)| batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl InMemory for Vec<u8> {
        fn memory_bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn what_items_take_is_known_whatever_becomes_of_them() {
        let mut warmth = Warmth::<&str, Vec<u8>>::default();
        warmth.next_batch();
        let ((a, _), (b, _)) = (warmth.slot("a", 0), warmth.slot("b", 1));
        warmth.insert(a, vec![0; 10], None);
        warmth.insert(b, vec![0; 20], None);
        assert_eq!(warmth.memory_bytes(), 2 * WARM_ITEM_BYTES + 30);
        warmth.get_mut(a).expect("it is warm").value.truncate(3);
        warmth.measure(a);
        warmth.insert(b, vec![0; 5], None);
        assert_eq!(warmth.memory_bytes(), 2 * WARM_ITEM_BYTES + 8);
        warmth.next_batch();
        warmth.slot("b", 0);
        warmth.forget_up_to(1);
        assert_eq!(warmth.memory_bytes(), WARM_ITEM_BYTES + 5);
        warmth.clear();
        assert!(warmth.get(b).is_none());
        assert_eq!(warmth.memory_bytes(), 0);
    }

    #[test]
    fn a_name_has_one_number_a_batch_and_one_slot_until_it_is_forgotten() {
        let mut warmth = Warmth::<&str, Vec<u8>>::default();
        warmth.next_batch();
        let (a, _) = warmth.slot("a", 7);
        assert_eq!(warmth.slot("a", 8), (a, 7));
        warmth.next_batch();
        assert_eq!(warmth.slot("a", 8), (a, 8));
        warmth.insert(a, vec![1], None);
        warmth.next_batch();
        warmth.forget_up_to(2);
        let (b, _) = warmth.slot("b", 0);
        assert_eq!(b, a, "a slot is used again");
        assert!(warmth.get(b).is_none(), "and what it held is gone");
        assert_ne!(warmth.slot("a", 1).0, b);
    }

    #[test]
    fn those_go_first_that_were_not_looked_at_for_longest() {
        let items = || [(1, 10), (3, 10), (2, 10), (3, 5)].into_iter();
        assert_eq!(oldest_that_fit(items(), 35), None);
        assert_eq!(oldest_that_fit(items(), 34), Some(1));
        assert_eq!(oldest_that_fit(items(), 24), Some(2));
        assert_eq!(oldest_that_fit(items(), 14), Some(3));
    }
}
