//! A stream whose puts fail by entry, answer late or never, keep no order, and now and then write a record under another key
//! or damage it. It keeps a list of what it has, by which a run is judged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use trilha_core::keys;
use trilha_schemas::event::Event;
use trilha_schemas::record;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::hash::hash_key;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

use crate::world::{Process, World};

/// The hash keys of every shard that ever was, by its name with the incarnation.
#[derive(Default)]
pub struct Ranges(Mutex<BTreeMap<String, (u128, u128)>>);

impl Ranges {
    /// Whether a shard takes a partition key.
    pub fn holds(&self, shard: &str, partition_key: &str) -> bool {
        let ranges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hash_key(partition_key);
        ranges.get(shard).is_some_and(|(first, last)| (first..=last).contains(&&hash))
    }

    fn note(&self, shard: String, range: (u128, u128)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(shard, range);
    }
}

/// Where a copy of an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The shard, incarnation first.
    pub shard: String,
    /// The record.
    pub sequence_number: SequenceNumber,
    /// The event's index in it.
    pub index: usize,
}

/// A copy of an event on the stream.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Whose.
    pub tenant: String,
    /// As a consumer decodes it.
    pub event: Event,
    /// Where it stands.
    pub place: Place,
    /// The record can be folded where it stands: it is whole, and under its key.
    pub foldable: bool,
    /// The record is damaged: nobody can read it.
    pub damaged: bool,
}

/// What all processes share of the stream.
pub struct StreamState {
    /// The stream itself.
    pub memory: MemoryStream,
    /// The hash keys of its shards.
    pub ranges: Arc<Ranges>,
    copies: Mutex<Vec<Copy>>,
    /// Until when entries of a partition key are refused.
    throttled: Mutex<BTreeMap<String, i64>>,
}

impl StreamState {
    /// A stream of some shards.
    pub fn new(world: &Arc<World>, shards: u32, incarnation: &str) -> StreamState {
        let clock = Arc::clone(world);
        let memory = MemoryStream::new(shards, incarnation, Arc::new(move || clock.now_millis()));
        StreamState { memory, ranges: Arc::default(), copies: Mutex::default(), throttled: Mutex::default() }
    }

    /// Notes the hash keys of the shards that are there now.
    pub async fn note_ranges(&self) {
        for shard in self.memory.shards().await.unwrap_or_default() {
            let name = keys::shard(self.memory.incarnation(), &shard.shard_id);
            self.ranges.note(name, (shard.first_hash_key, shard.last_hash_key));
        }
    }

    /// Refuses a partition key's entries from now on, longer than a collector tries.
    fn throttle(&self, partition_key: &str, until_millis: i64) {
        let mut throttled = self.throttled.lock().unwrap_or_else(PoisonError::into_inner);
        throttled.insert(partition_key.to_string(), until_millis);
    }

    fn is_throttled(&self, partition_key: &str, now_millis: i64) -> bool {
        let throttled = self.throttled.lock().unwrap_or_else(PoisonError::into_inner);
        throttled.get(partition_key).is_some_and(|until| now_millis < *until)
    }

    /// Every copy that was put, in order.
    pub fn copies(&self) -> MutexGuard<'_, Vec<Copy>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream as one process sees it.
#[derive(Clone)]
pub struct SimStream {
    process: Process,
    state: Arc<StreamState>,
}

impl SimStream {
    /// The stream as a process sees it.
    pub fn new(process: &Process, state: &Arc<StreamState>) -> SimStream {
        SimStream { process: process.clone(), state: Arc::clone(state) }
    }

    fn world(&self) -> &World {
        &self.process.world
    }

    /// Puts entries that do not fail, in any order.
    async fn put(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        if self.world().is_chaotic() {
            self.world().roll(|dice| dice.shuffle(&mut order));
        }
        let mut results: Vec<Option<Result<Stored, PutFailure>>> = vec![None; entries.len()];
        for at in order {
            results[at] = Some(self.put_one(entries[at].clone()).await?);
        }
        self.world().changed();
        Ok(results.into_iter().flatten().collect())
    }

    async fn put_one(&self, entry: PutEntry) -> Result<Result<Stored, PutFailure>, StreamError> {
        let now = self.world().now_millis();
        if self.world().is_chaotic() && self.state.is_throttled(&entry.partition_key, now) {
            return Ok(Err(PutFailure::Throttled));
        }
        if self.world().fault("put entry throttled", 15) {
            if self.world().roll(|dice| dice.chance(300)) {
                self.state.throttle(&entry.partition_key, now + 2_000);
            }
            return Ok(Err(PutFailure::Throttled));
        }
        if self.world().fault("put entry failed", 15) {
            return Ok(Err(PutFailure::Internal));
        }
        let original = record::decode(&entry.data).ok();
        let damaged = original.is_some() && self.world().fault("record damaged", 4);
        let misplaced = original.is_some() && !damaged && self.world().fault("record under another key", 8);
        let mut put = entry;
        if damaged {
            put.data = damage(&put.data, self.world());
        }
        if misplaced {
            put.partition_key = format!("{:03x}", self.world().roll(|dice| dice.roll(4096)));
        }
        let key = put.partition_key.clone();
        let stored = match self.state.memory.put_records(vec![put]).await?.remove(0) {
            Ok(stored) => stored,
            Err(failure) => return Ok(Err(failure)),
        };
        let shard = keys::shard(self.state.memory.incarnation(), &stored.shard_id);
        self.process.note(|| format!("record {shard}@{} under {key}", stored.sequence_number));
        for (index, event) in original.iter().flat_map(|decoded| decoded.events.iter().enumerate()) {
            let in_place = event.learner.bucket().partition_key() == key;
            let place = Place { shard: shard.clone(), sequence_number: stored.sequence_number, index };
            let tenant = original.as_ref().map(|decoded| decoded.tenant.clone()).unwrap_or_default();
            let copy = Copy { tenant, event: event.clone(), place, foldable: in_place && !damaged, damaged };
            self.state.copies().push(copy);
        }
        Ok(Ok(stored))
    }
}

/// Flips a bit after the magic bytes, or cuts the end off.
fn damage(data: &Bytes, world: &World) -> Bytes {
    let mut bytes = data.to_vec();
    world.roll(|dice| match dice.roll(3) {
        0 => bytes.truncate(4 + dice.roll(bytes.len() - 4)),
        _ => {
            let at = 4 + dice.roll(bytes.len() - 4);
            bytes[at] ^= 1 << dice.roll(8);
        }
    });
    Bytes::from(bytes)
}

impl Stream for SimStream {
    fn incarnation(&self) -> &str {
        self.state.memory.incarnation()
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        self.process.turn().await;
        if self.world().fault("put timed out before", 15) {
            return Err(StreamError::Unavailable("the put timed out".into()));
        }
        if self.world().fault("put timed out after a part", 10) {
            let part = self.world().roll(|dice| dice.roll(entries.len() + 1));
            self.put(entries[..part].to_vec()).await?;
            return Err(StreamError::Unavailable("the connection broke".into()));
        }
        let results = self.put(entries).await?;
        if self.world().fault("put timed out after", 15) {
            return Err(StreamError::Unavailable("the answer was lost".into()));
        }
        // Late: others go on between the put and its answer.
        self.process.turn().await;
        Ok(results)
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        self.process.turn().await;
        self.state.memory.shards().await
    }

    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        self.process.turn().await;
        self.state.memory.records(shard_id, after, most_records, most_bytes).await
    }

    async fn wait_for_records(&self, _shard_id: &str, _after: Option<SequenceNumber>) {
        self.process.turn().await;
    }
}
