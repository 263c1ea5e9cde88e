//! What is written, transaction by transaction.

use crate::stores::Settings;

/// One write: of a table, under a key, a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) table: &'static str,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// The writes of one transaction.
pub(crate) type Commit = Vec<Write>;

/// A store's part in the pipeline.
pub(crate) struct Pattern {
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
    pub(crate) commits: Vec<Commit>,
}

impl Pattern {
    pub(crate) fn new(name: &'static str, settings: Settings, commits: Vec<Commit>) -> Pattern {
        Pattern { name, settings, commits }
    }

    /// The same commits in an order that looks random: what they wrote is read together, from all over the store.
    pub(crate) fn reads(&self) -> Vec<&Commit> {
        let mut reads: Vec<(usize, &Commit)> = self.commits.iter().enumerate().collect();
        reads.sort_by_key(|(at, _)| at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        reads.into_iter().map(|(_, commit)| commit).collect()
    }
}
