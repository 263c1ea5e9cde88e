//! The live tables' port: items with watermarks, replaced only by who knows the watermark.

use std::future::Future;
use std::sync::Arc;

use thiserror::Error;
use trilha_schemas::sequence::SequenceNumber;

/// Names one item: items of one partition are read together, in order of their sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The partition key; at most 2,048 bytes.
    pub partition: String,
    /// The sort key; at most 1,024 bytes.
    pub sort: String,
}

/// Per shard (incarnation and shard id), the last sequence number applied to an item. Sorted by shard; compared whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Watermarks(Vec<(Arc<str>, SequenceNumber)>);

impl Watermarks {
    /// The last sequence number of a shard that is applied; `None` when none is.
    pub fn of(&self, shard: &str) -> Option<SequenceNumber> {
        let at = self.0.binary_search_by(|(name, _)| (**name).cmp(shard)).ok()?;
        Some(self.0[at].1)
    }

    /// Sets a shard's last applied sequence number.
    pub fn set(&mut self, shard: &str, sequence_number: SequenceNumber) {
        match self.0.binary_search_by(|(name, _)| (**name).cmp(shard)) {
            Ok(at) => self.0[at].1 = sequence_number,
            Err(at) => self.0.insert(at, (shard.into(), sequence_number)),
        }
    }

    /// Drops every shard that is not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(shard, _)| keep(shard));
    }

    /// Every shard with its sequence number, in order of shard.
    pub fn iter(&self) -> impl Iterator<Item = (&str, SequenceNumber)> {
        self.0.iter().map(|(shard, number)| (&**shard, *number))
    }
}

impl FromIterator<(String, SequenceNumber)> for Watermarks {
    fn from_iter<I: IntoIterator<Item = (String, SequenceNumber)>>(entries: I) -> Self {
        let mut watermarks = Watermarks::default();
        entries.into_iter().for_each(|(shard, number)| watermarks.set(&shard, number));
        watermarks
    }
}

/// One stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: Key,
    /// What it holds the effect of.
    pub watermarks: Watermarks,
    /// Its content, opaque here.
    pub value: Vec<u8>,
}

/// One conditional put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The item to write.
    pub item: Item,
    /// The whole watermark that the stored item must have; `None`: there must be no such item.
    pub expected: Option<Watermarks>,
}

/// What one conditional put came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// The item is written.
    Written,
    /// The condition failed and nothing changed; the item that is there, if any.
    Conflict(Option<Item>),
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The table refuses for now: try again later.
    #[error("the live table is throttled")]
    Throttled,
    /// The call failed; its writes may or may not have happened. Read again, then try again.
    #[error("the live table is unavailable: {0}")]
    Unavailable(String),
    /// A key or an item is larger than the table takes; trying again cannot help.
    #[error("item {key:?} cannot be stored: {reason}")]
    Unstorable {
        /// Which item.
        key: Key,
        /// What limit it breaks.
        reason: String,
    },
}

/// What a read has to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// Every put that was answered before the read. Whoever writes what it read needs this.
    Strong,
    /// Some moment of each item in the last seconds: half the price on DynamoDB, enough for who only shows it. A table may
    /// give more than is asked for.
    Eventual,
}

/// Items that one writer each replaces and anyone reads.
pub trait LiveTable: Send + Sync + 'static {
    /// Reads items, in the order of the keys; `None` where there is none.
    fn get(
        &self,
        keys: Vec<Key>,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Vec<Option<Item>>, LiveError>> + Send;

    /// Puts each item whose condition holds; each put stands for itself, results in the order given. Puts of one call may
    /// happen side by side, in any order; those of one key happen in the order given. What must come first goes into a
    /// call of its own: no put is durable before every put of the calls that were answered before its own began.
    /// `durable` makes this and everything before it durable before the answer (else the table may take its time).
    ///
    /// Of a call that fails, any put may have happened, and any may still happen while its condition holds.
    fn replace(
        &self,
        replacements: Vec<Replacement>,
        durable: bool,
    ) -> impl Future<Output = Result<Vec<Replaced>, LiveError>> + Send;

    /// Deletes each item whose whole watermark is this one, after every put of the calls that were answered before; durable
    /// when it answers. Says of each whether it did; one that is gone already may have been deleted by this very call, where
    /// the table asks twice by itself.
    fn remove(&self, removals: Vec<(Key, Watermarks)>) -> impl Future<Output = Result<Vec<bool>, LiveError>> + Send;

    /// Every item of a partition whose sort key starts with a prefix, in order of sort key.
    fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> impl Future<Output = Result<Vec<Item>, LiveError>> + Send;
}
