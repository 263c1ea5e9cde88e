//! Puts that are not durable yet.
//!
//! Each call of `replace` draws a ticket. The writer thread takes everything that is open at once, together with the
//! last ticket in it; while it writes, these items stay readable as `writing`, beneath what is put meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::items::Items;
use crate::codec::Content;
use crate::memory::holds;
use crate::port::{Item, Key, Replaced, Replacement};

/// So much pending is written though nobody asked, in bytes.
const WRITE_AT_BYTES: usize = 32 * 1024 * 1024;
/// With so much pending a put waits until it is written, in bytes.
const WAIT_AT_BYTES: usize = 2 * WRITE_AT_BYTES;
/// What an item takes in memory beside its bytes, roughly.
const ITEM_OVERHEAD_BYTES: usize = 200;

/// Names a call of `replace`, greater than that of every call before.
pub(super) type Ticket = u64;

#[derive(Debug, Default)]
pub(super) struct Pending {
    state: Mutex<State>,
    /// Something for the writer thread to do.
    wanted: Condvar,
    /// A write has come to an end.
    written: Condvar,
}

#[derive(Debug, Default)]
struct State {
    open: Items,
    open_bytes: usize,
    writing: Arc<Items>,
    last: Ticket,
    /// The last ticket that somebody waits for.
    wanted: Ticket,
    /// Every ticket up to this one is durable.
    durable: Ticket,
    /// The last ticket that a write failed with, and why.
    failed: Option<(Ticket, String)>,
    closed: bool,
}

/// What the writer thread writes at once.
pub(super) struct Batch {
    pub(super) items: Arc<Items>,
    last: Ticket,
}

/// What was pending when a call of `replace` began.
pub(super) struct Before {
    /// Of each replacement, whether its item was.
    pub(super) pending: Vec<bool>,
    writing: Arc<Items>,
}

impl Content {
    pub(super) fn with(self, key: Key) -> Item {
        Item { key, watermarks: self.watermarks, value: self.value }
    }
}

impl State {
    fn find(&self, key: &Key) -> Option<&Content> {
        self.open.get(key).or_else(|| self.writing.get(key))
    }

    fn put(&mut self, replacement: Replacement, before: &Before, stored: Option<Content>) -> Replaced {
        let Replacement { item: Item { key, watermarks, value }, expected } = replacement;
        let there = self.find(&key).or_else(|| before.writing.get(&key)).or(stored.as_ref());
        if !holds(there.map(|content| &content.watermarks), &expected) {
            return Replaced::Conflict(there.cloned().map(|content| content.with(key)));
        }
        self.open_bytes += key.partition.len() + key.sort.len() + value.len() + ITEM_OVERHEAD_BYTES;
        self.open.insert(key, Content { watermarks, value });
        Replaced::Written
    }

    fn has_work(&self) -> bool {
        let asked = self.wanted > self.durable.max(self.failed_ticket());
        asked || self.open_bytes >= WRITE_AT_BYTES || (self.closed && self.last > self.durable)
    }

    fn failed_ticket(&self) -> Ticket {
        self.failed.as_ref().map_or(0, |(ticket, _)| *ticket)
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, keys: &[Key]) -> Vec<Option<Content>> {
        let state = self.lock();
        keys.iter().map(|key| state.find(key).cloned()).collect()
    }

    /// What is pending of a partition with a prefix, the latest of each item.
    pub(super) fn query(&self, partition: &str, sort_prefix: &str) -> BTreeMap<String, Content> {
        let state = self.lock();
        let beneath = state.writing.with_prefix(partition, sort_prefix);
        let items = beneath.chain(state.open.with_prefix(partition, sort_prefix));
        items.map(|(sort, content)| (sort.clone(), content.clone())).collect()
    }

    /// Which of some items are pending. Held with [`Pending::put`], it stays true although the writer goes on.
    pub(super) fn before(&self, replacements: &[Replacement]) -> Before {
        let state = self.lock();
        let pending = replacements.iter().map(|replacement| state.find(&replacement.item.key).is_some()).collect();
        Before { pending, writing: state.writing.clone() }
    }

    /// Makes pending what may be put, given what is stored of the items that were not pending before the call. Calls
    /// come one after the other.
    pub(super) fn put(
        &self,
        replacements: Vec<Replacement>,
        before: &Before,
        stored: Vec<Option<Content>>,
    ) -> (Vec<Replaced>, Ticket) {
        let mut state = self.lock();
        state.last += 1;
        let puts = replacements.into_iter().zip(stored);
        let results = puts.map(|(replacement, stored)| state.put(replacement, before, stored)).collect();
        (results, state.last)
    }

    /// Wakes the writer when there is enough to write; waits for it when asked to, or when there is far too much.
    pub(super) fn wait(&self, ticket: Ticket, durable: bool) -> Result<(), String> {
        let mut state = self.lock();
        let waits = durable || state.open_bytes >= WAIT_AT_BYTES;
        if waits {
            state.wanted = state.wanted.max(ticket);
        }
        if state.has_work() {
            self.wanted.notify_one();
        }
        while waits && state.durable < ticket {
            if let Some((_, reason)) = state.failed.as_ref().filter(|(failed, _)| *failed >= ticket) {
                return Err(reason.clone());
            }
            state = self.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Waits until nothing is pending; for who keeps others from putting meanwhile.
    pub(super) fn flush(&self) -> Result<(), String> {
        let last = self.lock().last;
        self.wait(last, true)
    }

    /// Lets the writer thread write what is left, then end.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wanted.notify_one();
    }

    /// The next batch to write, once there is one; `None` when closed and nothing is left.
    pub(super) fn next_batch(&self) -> Option<Batch> {
        let mut state = self.lock();
        while !state.has_work() {
            if state.closed {
                return None;
            }
            state = self.wanted.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.open_bytes = 0;
        state.writing = Arc::new(std::mem::take(&mut state.open));
        Some(Batch { items: state.writing.clone(), last: state.last })
    }

    /// Reports how writing went. Items that could not be written are pending again, beneath what was put since.
    /// False when there is nothing more to try.
    pub(super) fn done(&self, batch: Batch, result: Result<(), String>) -> bool {
        let Batch { items, last } = batch;
        let mut state = self.lock();
        state.writing = Arc::default();
        match result {
            Ok(()) => state.durable = last,
            Err(reason) => {
                let mut restored = Arc::unwrap_or_clone(items);
                restored.overlay(std::mem::take(&mut state.open));
                state.open = restored;
                state.failed = Some((last, reason));
            }
        }
        self.written.notify_all();
        !(state.closed && state.failed_ticket() == last)
    }
}
