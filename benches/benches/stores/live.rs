//! What the embedded live table writes: the items that the live processor put, a commit for each durable put.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use trilha_benches::{Bench, FrontDoor, REQUEST_EVENTS, into_live_table};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_simulator::SimulatedEvent;

use crate::pattern::{Commit, Write};

/// So long that what is sent together is one batch of each shard.
const WINDOW: Duration = Duration::from_millis(50);

/// So many requests are applied before the next are sent: a commit a batch of a shard. (The embedded table writes
/// together what the shards ask for at the same time.)
pub(crate) async fn commits(class: &[SimulatedEvent], requests: usize) -> Bench<Vec<Commit>> {
    let (door, table) = (FrontDoor::new()?, Arc::new(RecordingTable::default()));
    let mapping = into_live_table(&door.stream, Arc::clone(&table), WINDOW);
    for together in class.chunks(requests * REQUEST_EVENTS) {
        for request in together.chunks(REQUEST_EVENTS) {
            door.take(request).await?;
        }
        mapping.drained().await?;
    }
    mapping.stop().await;
    let mut written = table.written.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut written.commits))
}

/// A table in memory that remembers what was put.
#[derive(Default)]
struct RecordingTable {
    table: MemoryTable,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    /// Of each item the last value: what is put twice before it must be durable is written once.
    open: BTreeMap<Key, Vec<u8>>,
    commits: Vec<Commit>,
}

impl Written {
    fn put(&mut self, replacements: &[Replacement], durable: bool) {
        let items = replacements.iter().map(|replacement| &replacement.item);
        self.open.extend(items.map(|item| (item.key.clone(), item.value.clone())));
        if durable {
            self.commits.push(std::mem::take(&mut self.open).into_iter().map(write).collect());
        }
    }
}

fn write((key, value): (Key, Vec<u8>)) -> Write {
    let key = [key.partition.as_bytes(), &[0], key.sort.as_bytes()].concat();
    Write { table: "items", key, value }
}

impl LiveTable for RecordingTable {
    async fn get(&self, keys: Vec<Key>, consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        self.table.get(keys, consistency).await
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).put(&replacements, durable);
        self.table.replace(replacements, durable).await
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        self.table.remove(removals).await
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        self.table.query(partition, sort_prefix, consistency).await
    }
}
