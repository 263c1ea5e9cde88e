//! The fold: what one event changes in what its learner did, and what that changes in a class's totals.
//!
//! ([`video::VideoItem`], [`quiz::QuizItem`], [`activity::ActivityItem`]) are learner items, one per learner and
//! object; a [`roster`] entry is what the last of them says of a learner in a course. Folding events into one yields
//! the signed change of its view ([`views`]); [`metrics`] reads numbers off merged views. What comes out depends on the
//! set of events, not on their order, grouping or repeats. Formulas: METRICS.md.
//!
//! Pure: no clock, no I/O, no randomness, no settings. It must not know where items are kept or how records travel.
//! Start at [`video::VideoItem::fold`] and [`keys`].

#![warn(missing_docs)]

pub mod keys;

pub mod video;

pub mod quiz;

pub mod activity;

pub mod roster;

pub mod views;

pub mod metrics;

mod ids;

mod limits;

mod sorted;

pub use ids::id_hash;

use trilha_schemas::ids::EventId;

/// The version of the fold, carried by every learner item and lake row. It changes when the same events come to give
/// other numbers.
pub const FOLD_VERSION: u32 = 1;

/// The most events that one learner item keeps; a new event beyond it goes to the lake alone.
pub const MAX_ITEM_EVENTS: usize = 4_096;

/// The most bytes that one learner item keeps, by the estimate that counts each event at its longest encoding.
pub const MAX_ITEM_BYTES: usize = 64 * 1024;

/// What an item's stored form takes beside its events, sessions, questions and titles, at most.
const ITEM_HEADER_BYTES: usize = 40;

/// What folding events into an item came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// Events that were new to the item and fit it.
    pub applied: u32,
    /// Events that the item had already.
    pub duplicates: u32,
    /// New events that the item has no room for: they go to the lake alone, flagged `beyond_state`.
    pub beyond: Vec<EventId>,
}

impl Folded {
    /// Whether the item has to be written.
    pub fn changed(&self) -> bool {
        self.applied > 0
    }

    /// How many events the item has no room for.
    pub fn beyond_state(&self) -> u32 {
        self.beyond.len() as u32
    }
}

impl std::ops::AddAssign for Folded {
    fn add_assign(&mut self, other: Folded) {
        self.applied += other.applied;
        self.duplicates += other.duplicates;
        self.beyond.extend(other.beyond);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_foldings_came_to_adds_up() {
        let beyond = |id: u8| vec![EventId([id; 16])];
        let mut folded = Folded { applied: 1, duplicates: 2, beyond: beyond(1) };
        folded += Folded { applied: 3, duplicates: 4, beyond: beyond(2) };
        let expected = Folded { applied: 4, duplicates: 6, beyond: [beyond(1), beyond(2)].concat() };
        assert_eq!((folded.beyond_state(), folded.changed()), (2, true));
        assert_eq!(folded, expected);
        assert!(!Folded { beyond: beyond(1), ..Folded::default() }.changed());
    }
}
