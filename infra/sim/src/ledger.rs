//! What became of what learners did, as their clients know it.

use std::collections::BTreeMap;

use crate::learners::{Act, Name};

/// What clients know of an event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fact {
    /// It was sent, whatever came back.
    pub sent: bool,
    /// Somebody said that it is on the stream.
    pub acknowledged: bool,
    /// Somebody said that it will never be.
    pub refused: bool,
}

/// All events of a run, and what became of each.
#[derive(Debug)]
pub struct Ledger {
    /// The events.
    pub acts: Vec<Act>,
    /// What is known of each.
    pub facts: Vec<Fact>,
    /// Records that hold nothing: by shard and sequence number, and their bytes.
    pub garbage: Vec<(String, Vec<u8>)>,
    by_name: BTreeMap<Name, usize>,
}

impl Ledger {
    /// Nothing has been sent yet.
    pub fn new(acts: Vec<Act>) -> Ledger {
        let by_name = acts.iter().enumerate().map(|(at, act)| (act.name.clone(), at)).collect();
        Ledger { facts: vec![Fact::default(); acts.len()], garbage: Vec::new(), by_name, acts }
    }

    /// The event of a name.
    pub fn find(&self, name: &Name) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}
