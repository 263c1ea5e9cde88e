//! The writing thread: what waits is written in one transaction, then answered.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::chunk::Chunk;
use super::index::Entry;
use super::store::Changes;
use super::{PutResults, Shared, unavailable};
use crate::number::sequence_number;
use crate::port::{PutEntry, PutFailure, Stored, StreamError};

/// The most records in one transaction.
const MOST_RECORDS: usize = 50_000;
/// How long a checkpoint waits for records to ride along with.
const CHECKPOINT_WITHIN: Duration = Duration::from_millis(250);

/// What the thread is asked for.
pub(super) enum Order {
    Put { entries: Vec<(u32, PutEntry)>, answer: oneshot::Sender<Result<PutResults, StreamError>> },
    Trim { before_millis: i64, answer: oneshot::Sender<Result<(), StreamError>> },
}

type Put = (Vec<(u32, PutEntry)>, oneshot::Sender<Result<PutResults, StreamError>>);

pub(super) fn start(shared: Arc<Shared>, orders: Receiver<Order>) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("stream-writer".into()).spawn(move || run(&shared, &orders))
}

fn run(shared: &Shared, orders: &Receiver<Order>) {
    loop {
        match orders.recv_timeout(CHECKPOINT_WITHIN) {
            Ok(first) => write_waiting(shared, first, orders),
            Err(RecvTimeoutError::Timeout) => write_checkpoints(shared),
            Err(RecvTimeoutError::Disconnected) => return write_checkpoints(shared),
        }
    }
}

/// Writes an order and all those that wait behind it.
fn write_waiting(shared: &Shared, first: Order, orders: &Receiver<Order>) {
    let (mut puts, mut records): (Vec<Put>, usize) = (Vec::new(), 0);
    let mut next = Some(first);
    while let Some(order) = next {
        match order {
            Order::Put { entries, answer } => {
                records += entries.len();
                puts.push((entries, answer));
            }
            Order::Trim { before_millis, answer } => {
                let _ = answer.send(trim(shared, before_millis));
            }
        }
        next = if records < MOST_RECORDS { orders.try_recv().ok() } else { None };
    }
    if !puts.is_empty() {
        write_puts(shared, puts);
    }
}

fn write_puts(shared: &Shared, puts: Vec<Put>) {
    if is_full(shared) {
        for (entries, answer) in puts {
            let _ = answer.send(Ok(vec![Err(PutFailure::Throttled); entries.len()]));
        }
        return;
    }
    let mut making = Making::new(shared);
    let results: Vec<PutResults> = puts
        .iter()
        .map(|(entries, _)| entries.iter().map(|(shard, entry)| Ok(making.put(*shard, entry))).collect())
        .collect();
    let written = making.write(shared);
    for ((_, answer), results) in puts.into_iter().zip(results) {
        let answered = written.as_ref().map(|()| results).map_err(|error| StreamError::Unavailable(error.clone()));
        let _ = answer.send(answered);
    }
}

fn is_full(shared: &Shared) -> bool {
    let state = shared.lock();
    state.shards.iter().map(|shard| shard.backlog_bytes()).sum::<u64>() > shared.max_backlog_bytes
}

/// The chunks of one transaction, as they are made.
struct Making {
    arrival_millis: i64,
    places: BTreeMap<u32, u64>,
    open: BTreeMap<u32, Chunk>,
    changes: Changes,
}

impl Making {
    fn new(shared: &Shared) -> Making {
        let state = shared.lock();
        let places = state.shards.iter().enumerate().map(|(shard, index)| (shard as u32, index.next_place));
        let places = places.collect();
        let arrival_millis = (shared.clock)();
        Making { arrival_millis, places, open: BTreeMap::new(), changes: Changes::default() }
    }

    fn put(&mut self, shard: u32, entry: &PutEntry) -> Stored {
        let place = self.places.entry(shard).or_default();
        let at = *place;
        *place += 1;
        let arrival_millis = self.arrival_millis;
        let chunk = self.open.entry(shard).or_insert_with(|| Chunk::new(at, arrival_millis));
        if !chunk.takes(entry) {
            let full = std::mem::replace(chunk, Chunk::new(at, arrival_millis));
            self.changes.chunks.push(full.with_entry(shard, arrival_millis));
        }
        if let Some(chunk) = self.open.get_mut(&shard) {
            chunk.push(entry);
        }
        Stored { shard_id: crate::hash::shard_id(shard), sequence_number: sequence_number(shard, at) }
    }

    /// Writes everything, checkpoints along. Places are never used again, written or not.
    fn write(mut self, shared: &Shared) -> Result<(), String> {
        let open = std::mem::take(&mut self.open);
        self.changes.chunks.extend(open.into_iter().map(|(shard, chunk)| chunk.with_entry(shard, self.arrival_millis)));
        self.changes.next_places = self.places.iter().map(|(shard, place)| (*shard, *place)).collect();
        let dirty = take_dirty(shared, &mut self.changes);
        let written = shared.store.write(&self.changes);
        let mut state = shared.lock();
        for (shard, place) in self.places {
            state.shards[shard as usize].next_place = place;
        }
        match written {
            Ok(()) => {
                self.changes.chunks.iter().for_each(|(shard, entry, _)| state.shards[*shard as usize].push(*entry))
            }
            Err(_) => state.dirty.extend(dirty),
        }
        drop(state);
        shared.written.send_modify(|count| *count += 1);
        written.map_err(|error| {
            tracing::error!(%error, "the stream cannot be written");
            error.to_string()
        })
    }
}

impl Chunk {
    fn with_entry(self, shard: u32, arrival_millis: i64) -> (u32, Entry, Chunk) {
        let bytes = self.bytes.len() as u64;
        (shard, Entry { first: self.first, count: self.count, arrival_millis, bytes }, self)
    }
}

/// Moves checkpoints that are not on disk into the changes.
fn take_dirty(shared: &Shared, changes: &mut Changes) -> Vec<(String, String)> {
    let mut state = shared.lock();
    let dirty: Vec<_> = std::mem::take(&mut state.dirty).into_iter().collect();
    for key in &dirty {
        if let Some(done) = state.checkpoints.get(key) {
            changes.checkpoints.push((key.0.clone(), key.1.clone(), *done));
        }
    }
    dirty
}

fn write_checkpoints(shared: &Shared) {
    let mut changes = Changes::default();
    let dirty = take_dirty(shared, &mut changes);
    if dirty.is_empty() {
        return;
    }
    if let Err(error) = shared.store.write(&changes) {
        tracing::warn!(%error, "checkpoints cannot be written");
        shared.lock().dirty.extend(dirty);
    }
}

fn trim(shared: &Shared, before_millis: i64) -> Result<(), StreamError> {
    let kept_from = |(shard, index): (usize, &super::ShardIndex)| (shard as u32, index.kept_from(before_millis, true));
    let trimmed: Vec<_> =
        shared.lock().shards.iter().enumerate().map(kept_from).filter(|(_, place)| *place > 0).collect();
    if trimmed.is_empty() {
        return Ok(());
    }
    let changes = Changes { trimmed: trimmed.clone(), ..Changes::default() };
    shared.store.write(&changes).map_err(unavailable)?;
    let mut state = shared.lock();
    trimmed.iter().for_each(|(shard, place)| state.shards[*shard as usize].trim(*place));
    Ok(())
}
