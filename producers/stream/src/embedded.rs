//! A durable stream in one file: a redb database behind one writing thread.
//!
//! Puts that wait are written together, one transaction and one sync of the disk for all of them, and answered after it.
//! So a call costs a share of a sync, and what was answered survives the process. Consumers' checkpoints ride along.
//!
//! Its shards are never split. What is not consumed is never trimmed: when too much of it is kept, puts are throttled.

mod chunk;
mod index;
mod store;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};
use trilha_schemas::sequence::SequenceNumber;

use crate::checkpoints::{CheckpointError, Checkpoints};
use crate::clock::Clock;
use crate::hash::{even_shards, hash_key, shard_id};
use crate::limits;
use crate::number::first_place_after;
use crate::port::{PutEntry, PutFailure, Record, Records, Shard, Stored, Stream, StreamError};
use index::ShardIndex;
use store::Store;
use writer::Order;

/// How long records are kept at least, in milliseconds: 24 h, as Kinesis.
const RETENTION_MILLIS: i64 = 24 * 3_600_000;
/// Puts are throttled while more bytes than this are not consumed.
const MAX_BACKLOG_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A stream in a folder. Dropping it writes what is pending.
pub struct EmbeddedStream {
    shared: Arc<Shared>,
    orders: Option<Sender<Order>>,
    writer: Option<JoinHandle<()>>,
}

struct Shared {
    store: Store,
    incarnation: String,
    shards: Vec<Shard>,
    state: Mutex<State>,
    /// Counts transactions, for those who wait for records.
    written: watch::Sender<u64>,
    clock: Clock,
    max_backlog_bytes: u64,
}

/// What is known without reading records.
struct State {
    shards: Vec<ShardIndex>,
    checkpoints: BTreeMap<(String, String), SequenceNumber>,
    /// Checkpoints that are not on disk yet.
    dirty: BTreeSet<(String, String)>,
    /// Mappings that read this stream: what one of them has not done is not consumed.
    mappings: BTreeSet<String>,
}

type PutResults = Vec<Result<Stored, PutFailure>>;

impl EmbeddedStream {
    /// Opens the stream in a folder, made with so many shards and with this name for its life if absent. One process at
    /// a time.
    ///
    /// # Errors
    /// [`StreamError::Unavailable`] when the folder cannot be used or another process has it open.
    pub fn open(
        folder: &Path,
        shard_count: u32,
        new_incarnation: [u8; 16],
        clock: Clock,
    ) -> Result<EmbeddedStream, StreamError> {
        EmbeddedStream::open_with(folder, shard_count, new_incarnation, clock, MAX_BACKLOG_BYTES)
    }

    /// [`EmbeddedStream::open`] with another bound on what is not consumed.
    ///
    /// # Errors
    /// As [`EmbeddedStream::open`].
    pub fn open_with(
        folder: &Path,
        shard_count: u32,
        new_incarnation: [u8; 16],
        clock: Clock,
        max_backlog_bytes: u64,
    ) -> Result<EmbeddedStream, StreamError> {
        fs::create_dir_all(folder).map_err(unavailable)?;
        let store = Store::open(&folder.join("records.redb")).map_err(unavailable)?;
        let name: String = new_incarnation.iter().map(|byte| format!("{byte:02x}")).collect();
        let loaded = store.load(&name, shard_count).map_err(unavailable)?;
        let checkpoints = loaded.checkpoints.into_iter().map(|(mapping, shard, done)| ((mapping, shard), done));
        let state = State {
            checkpoints: checkpoints.collect(),
            dirty: BTreeSet::new(),
            mappings: BTreeSet::new(),
            shards: loaded.shards,
        };
        let shared = Arc::new(Shared {
            shards: even_shards(state.shards.len() as u32),
            store,
            incarnation: loaded.incarnation,
            state: Mutex::new(state),
            written: watch::channel(0).0,
            clock,
            max_backlog_bytes,
        });
        let (orders, queue) = channel();
        let writer = writer::start(Arc::clone(&shared), queue).map_err(unavailable)?;
        Ok(EmbeddedStream { shared, orders: Some(orders), writer: Some(writer) })
    }

    /// The checkpoints of this stream's mappings, kept in the same file.
    pub fn checkpoints(&self) -> EmbeddedCheckpoints {
        EmbeddedCheckpoints(Arc::clone(&self.shared))
    }

    /// Drops records older than the retention that every mapping has done.
    ///
    /// # Errors
    /// [`StreamError::Unavailable`] when the file cannot be written.
    pub async fn trim(&self, now_millis: i64) -> Result<(), StreamError> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Trim { before_millis: now_millis - RETENTION_MILLIS, answer })?;
        answered.await.map_err(unavailable)?
    }

    fn order(&self, order: Order) -> Result<(), StreamError> {
        let sent = self.orders.as_ref().map(|orders| orders.send(order).is_ok());
        if sent == Some(true) { Ok(()) } else { Err(StreamError::Unavailable("the writer has ended".into())) }
    }
}

impl Drop for EmbeddedStream {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(writer) = self.writer.take() {
            // The thread has told of a failed write already; there is nobody left to answer.
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number_of(&self, id: &str) -> Result<u32, StreamError> {
        let at = self.shards.iter().position(|shard| shard.shard_id == id);
        at.map(|at| at as u32).ok_or_else(|| StreamError::NoSuchShard(id.to_string()))
    }

    fn shard_of(&self, entry: &PutEntry) -> u32 {
        let key = hash_key(&entry.partition_key);
        self.shards.partition_point(|shard| shard.last_hash_key < key) as u32
    }

    fn read(&self, shard: u32, place: u64, most_records: usize, most_bytes: usize) -> Result<Vec<Record>, StreamError> {
        let chunks = self.chunks_from(shard, place, most_records, most_bytes);
        let stored = self.store.chunks(shard, &chunks).map_err(unavailable)?;
        let first = crate::number::sequence_number(shard, place);
        let (mut records, mut bytes) = (Vec::new(), 0);
        for (at, chunk) in chunks.iter().zip(stored) {
            // One that was trimmed meanwhile is gone for good.
            let Some(chunk) = chunk else { continue };
            let decoded = chunk::decode(shard, *at, chunk);
            let decoded = decoded.ok_or_else(|| StreamError::Unavailable(format!("the chunk at {at} is damaged")))?;
            for record in decoded.into_iter().filter(|record| record.sequence_number >= first) {
                bytes += record.data.len();
                if records.len() == most_records || (!records.is_empty() && bytes > most_bytes) {
                    return Ok(records);
                }
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The chunks that a read needs at most.
    fn chunks_from(&self, shard: u32, place: u64, most_records: usize, most_bytes: usize) -> Vec<u64> {
        let (mut records, mut bytes) = (0, 0);
        let mut chunks = Vec::new();
        let state = self.lock();
        for entry in state.shards[shard as usize].from(place) {
            chunks.push(entry.first);
            records += entry.first + entry.count - entry.first.max(place);
            bytes += entry.bytes;
            if records >= most_records as u64 || bytes >= (most_bytes as u64).saturating_add(entry.bytes) {
                break;
            }
        }
        chunks
    }
}

impl Stream for EmbeddedStream {
    fn incarnation(&self) -> &str {
        &self.shared.incarnation
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<PutResults, StreamError> {
        limits::check(&entries)?;
        let entries = entries.into_iter().map(|entry| (self.shared.shard_of(&entry), entry)).collect();
        let (answer, answered) = oneshot::channel();
        self.order(Order::Put { entries, answer })?;
        answered.await.map_err(unavailable)?
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        Ok(self.shared.shards.clone())
    }

    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        let shard = self.shared.number_of(shard_id)?;
        let place = first_place_after(shard, after);
        let records = place.map(|place| self.shared.read(shard, place, most_records, most_bytes)).transpose()?;
        Ok(Records { records: records.unwrap_or_default(), ended: false })
    }

    async fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) {
        let Ok(shard) = self.shared.number_of(shard_id) else { return };
        let mut written = self.shared.written.subscribe();
        let place = first_place_after(shard, after);
        loop {
            let end = self.shared.lock().shards[shard as usize].end();
            if end.zip(place).is_some_and(|(end, place)| end > place) || written.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Checkpoints in the stream's own file. They are on disk a moment after they are set, with the next records at the
/// latest.
pub struct EmbeddedCheckpoints(Arc<Shared>);

impl Checkpoints for EmbeddedCheckpoints {
    async fn get(&self, mapping: &str, shard: &str) -> Result<Option<SequenceNumber>, CheckpointError> {
        let mut state = self.0.lock();
        state.mappings.insert(mapping.to_string());
        let done = state.checkpoints.get(&(mapping.to_string(), shard.to_string())).copied();
        state.consume();
        Ok(done)
    }

    async fn set(&self, mapping: &str, shard: &str, done: SequenceNumber) -> Result<(), CheckpointError> {
        let mut state = self.0.lock();
        let key = (mapping.to_string(), shard.to_string());
        state.mappings.insert(mapping.to_string());
        state.checkpoints.insert(key.clone(), done);
        state.dirty.insert(key);
        state.consume();
        Ok(())
    }
}

impl State {
    /// Consumed is what every mapping has done.
    fn consume(&mut self) {
        for (number, index) in self.shards.iter_mut().enumerate() {
            let id = shard_id(number as u32);
            let place = |mapping: &String| {
                let done = self.checkpoints.get(&(mapping.clone(), id.clone())).copied();
                done.and_then(|done| first_place_after(number as u32, Some(done))).unwrap_or(0)
            };
            index.consume(self.mappings.iter().map(place).min().unwrap_or(0));
        }
    }
}

fn unavailable(error: impl std::fmt::Display) -> StreamError {
    StreamError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests;
