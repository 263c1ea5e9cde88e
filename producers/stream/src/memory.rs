//! A stream in memory, for tests and simulations: shards split and merge, records expire, calls fail as they are told.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use trilha_schemas::sequence::SequenceNumber;

use crate::clock::Clock;
use crate::hash::{even_shards, hash_key, shard_id};
use crate::limits;
use crate::number::sequence_number;
use crate::port::{PutEntry, PutFailure, Record, Records, Shard, Stored, Stream, StreamError};

/// How a whole call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFault {
    /// Before it does anything.
    Before,
    /// After it has done everything, as when its answer is lost.
    After,
}

type EntryFaults = Box<dyn FnMut(&PutEntry) -> Option<PutFailure> + Send>;

/// A stream in memory.
pub struct MemoryStream {
    incarnation: String,
    clock: Clock,
    state: Mutex<State>,
    /// Changes whenever a shard does.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    shards: Vec<MemoryShard>,
    entry_faults: Option<EntryFaults>,
    put_faults: VecDeque<CallFault>,
    read_faults: usize,
}

struct MemoryShard {
    listed: Shard,
    records: VecDeque<Record>,
    next_place: u64,
}

impl MemoryStream {
    /// A stream of some open shards, which share the hash keys evenly.
    pub fn new(shard_count: u32, incarnation: &str, clock: Clock) -> MemoryStream {
        let shards = even_shards(shard_count).into_iter().map(MemoryShard::new).collect();
        let state = Mutex::new(State { shards, ..State::default() });
        MemoryStream { incarnation: incarnation.to_string(), clock, state, changes: watch::Sender::new(0) }
    }

    /// Closes a shard and opens two that share its hash keys; answers their ids.
    pub fn split(&self, parent: &str) -> Result<[String; 2], StreamError> {
        let mut state = self.lock();
        let parent = state.close(parent)?;
        let middle = parent.first_hash_key + (parent.last_hash_key - parent.first_hash_key) / 2;
        let low = state.open(vec![parent.shard_id.clone()], parent.first_hash_key, middle);
        let high = state.open(vec![parent.shard_id], middle + 1, parent.last_hash_key);
        drop(state);
        self.changed();
        Ok([low, high])
    }

    /// Closes two shards of adjacent hash keys, the lower one first, and opens one for both; answers its id.
    pub fn merge(&self, low: &str, high: &str) -> Result<String, StreamError> {
        let mut state = self.lock();
        let (first, second) = (state.shard(low)?.listed.clone(), state.shard(high)?.listed.clone());
        if first.last_hash_key.checked_add(1) != Some(second.first_hash_key) {
            return Err(StreamError::Invalid(format!("{low} and {high} are not adjacent")));
        }
        state.close(low)?;
        state.close(high)?;
        let merged = state.open(vec![first.shard_id, second.shard_id], first.first_hash_key, second.last_hash_key);
        drop(state);
        self.changed();
        Ok(merged)
    }

    /// Asks a function about every entry from now on; what it answers is that entry's failure.
    pub fn fail_entries(&self, faults: impl FnMut(&PutEntry) -> Option<PutFailure> + Send + 'static) {
        self.lock().entry_faults = Some(Box::new(faults));
    }

    /// Fails the next call that puts, after those already told to.
    pub fn fail_next_put(&self, fault: CallFault) {
        self.lock().put_faults.push_back(fault);
    }

    /// Fails the next calls that list shards or read records.
    pub fn fail_next_reads(&self, calls: usize) {
        self.lock().read_faults = calls;
    }

    /// Forgets the records that arrived before a time, and closed shards without records. A shard outlives those that it
    /// came from: they were closed before it.
    pub fn expire(&self, before_millis: i64) {
        let mut state = self.lock();
        for shard in &mut state.shards {
            let kept = shard.records.partition_point(|record| record.arrival_millis < before_millis);
            shard.records.drain(..kept);
        }
        let mut kept = BTreeSet::new();
        state.shards.retain(|shard| {
            let is_kept = shard.listed.open
                || !shard.records.is_empty()
                || shard.listed.parents.iter().any(|parent| kept.contains(parent));
            if is_kept {
                kept.insert(shard.listed.shard_id.clone());
            }
            is_kept
        });
        drop(state);
        self.changed();
    }

    /// The last sequence number of every shard that holds records.
    pub fn tips(&self) -> Vec<(String, SequenceNumber)> {
        let state = self.lock();
        let tip = |shard: &MemoryShard| Some((shard.listed.shard_id.clone(), shard.records.back()?.sequence_number));
        state.shards.iter().filter_map(tip).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

impl fmt::Debug for MemoryStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStream").field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

impl MemoryShard {
    fn new(listed: Shard) -> MemoryShard {
        MemoryShard { listed, records: VecDeque::new(), next_place: 0 }
    }
}

impl State {
    fn shard(&self, shard_id: &str) -> Result<&MemoryShard, StreamError> {
        let found = self.shards.iter().find(|shard| shard.listed.shard_id == shard_id);
        found.ok_or_else(|| StreamError::NoSuchShard(shard_id.to_string()))
    }

    fn close(&mut self, shard_id: &str) -> Result<Shard, StreamError> {
        if !self.shard(shard_id)?.listed.open {
            return Err(StreamError::Invalid(format!("{shard_id} is closed")));
        }
        let closing = self.shards.iter_mut().find(|shard| shard.listed.shard_id == shard_id);
        let shard = closing.ok_or_else(|| StreamError::NoSuchShard(shard_id.to_string()))?;
        shard.listed.open = false;
        Ok(shard.listed.clone())
    }

    fn open(&mut self, parents: Vec<String>, first_hash_key: u128, last_hash_key: u128) -> String {
        let number = self.shards.iter().map(|shard| shard_number(&shard.listed.shard_id) + 1).max().unwrap_or(0);
        let shard_id = shard_id(number);
        let listed = Shard { shard_id: shard_id.clone(), parents, first_hash_key, last_hash_key, open: true };
        self.shards.push(MemoryShard::new(listed));
        shard_id
    }

    fn put(&mut self, entry: PutEntry, arrival_millis: i64) -> Result<Stored, PutFailure> {
        if let Some(failure) = self.entry_faults.as_mut().and_then(|faults| faults(&entry)) {
            return Err(failure);
        }
        let hash = hash_key(&entry.partition_key);
        let takes = |shard: &Shard| shard.open && (shard.first_hash_key..=shard.last_hash_key).contains(&hash);
        let shard = self.shards.iter_mut().find(|shard| takes(&shard.listed)).ok_or(PutFailure::Internal)?;
        let sequence_number = sequence_number(shard_number(&shard.listed.shard_id), shard.next_place);
        shard.next_place += 1;
        let PutEntry { partition_key, data } = entry;
        shard.records.push_back(Record { sequence_number, partition_key, arrival_millis, data });
        Ok(Stored { shard_id: shard.listed.shard_id.clone(), sequence_number })
    }

    fn fails_read(&mut self) -> Result<(), StreamError> {
        if self.read_faults == 0 {
            return Ok(());
        }
        self.read_faults -= 1;
        Err(StreamError::Unavailable("told to fail".to_string()))
    }
}

fn shard_number(shard_id: &str) -> u32 {
    shard_id.trim_start_matches("shardId-").parse().expect("the stream names its shards itself")
}

impl Stream for MemoryStream {
    fn incarnation(&self) -> &str {
        &self.incarnation
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        limits::check(&entries)?;
        let mut state = self.lock();
        let fault = state.put_faults.pop_front();
        if fault == Some(CallFault::Before) {
            return Err(StreamError::Unavailable("told to fail before the put".to_string()));
        }
        let now = (self.clock)();
        let results = entries.into_iter().map(|entry| state.put(entry, now)).collect();
        drop(state);
        self.changed();
        match fault {
            Some(_) => Err(StreamError::Unavailable("told to fail after the put".to_string())),
            None => Ok(results),
        }
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        let mut state = self.lock();
        state.fails_read()?;
        Ok(state.shards.iter().map(|shard| shard.listed.clone()).collect())
    }

    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        let mut state = self.lock();
        state.fails_read()?;
        let shard = state.shard(shard_id)?;
        let first = shard.records.partition_point(|record| Some(record.sequence_number) <= after);
        let mut bytes = 0;
        let fits = |(at, record): &(usize, &Record)| {
            bytes += record.data.len();
            *at == 0 || bytes <= most_bytes
        };
        let following = shard.records.range(first..).take(most_records).enumerate();
        let records: Vec<Record> = following.take_while(fits).map(|(_, record)| record.clone()).collect();
        let ended = !shard.listed.open && first + records.len() == shard.records.len();
        Ok(Records { records, ended })
    }

    async fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) {
        let mut changes = self.changes.subscribe();
        let may_hold = |state: MutexGuard<'_, State>| {
            let Ok(shard) = state.shard(shard_id) else { return true };
            !shard.listed.open || shard.records.back().map(|record| record.sequence_number) > after
        };
        while !may_hold(self.lock()) && changes.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests;
