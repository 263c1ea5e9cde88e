//! The database. Tables:
//!
//! - `chunks`: (shard, place of the first record) to the chunk's stored form;
//! - `index`: the same key to (records, arrival in milliseconds, bytes), so that opening reads no chunk;
//! - `places`: shard to the place of the next record, so that none is used twice though all are trimmed;
//! - `checkpoints`: (mapping, shard id) to the stored form of a sequence number;
//! - `about`: `incarnation`, fixed when the database is made.

use std::io;
use std::path::Path;

use bytes::Bytes;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use trilha_disk::make_whole;
use trilha_schemas::sequence::SequenceNumber;

use super::chunk::Chunk;
use super::index::{Entry, ShardIndex};

const CHUNKS: TableDefinition<(u32, u64), &[u8]> = TableDefinition::new("chunks");
const INDEX: TableDefinition<(u32, u64), (u64, i64, u64)> = TableDefinition::new("index");
const PLACES: TableDefinition<u32, u64> = TableDefinition::new("places");
const CHECKPOINTS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("checkpoints");
const ABOUT: TableDefinition<&str, &str> = TableDefinition::new("about");

/// What redb may keep in memory, in bytes.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// A checkpoint: mapping, shard id, what is done.
pub(super) type Checkpoint = (String, String, SequenceNumber);

/// What a database holds when it is opened.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) incarnation: String,
    pub(super) shards: Vec<ShardIndex>,
    pub(super) checkpoints: Vec<Checkpoint>,
}

/// What one transaction changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) chunks: Vec<(u32, Entry, Chunk)>,
    pub(super) next_places: Vec<(u32, u64)>,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Chunks of a shard that start before a place go.
    pub(super) trimmed: Vec<(u32, u64)>,
}

#[derive(Debug)]
pub(super) struct Store(Database);

impl Store {
    pub(super) fn open(file: &Path) -> Result<Store, redb::Error> {
        make_whole(file, |new| create(new).map(drop).map_err(io::Error::other))?;
        Ok(Store(create(file)?))
    }

    /// Reads everything but the records. A new database takes the incarnation and the number of shards.
    pub(super) fn load(&self, new_incarnation: &str, new_shards: u32) -> Result<Loaded, redb::Error> {
        let transaction = self.0.begin_write()?;
        transaction.open_table(CHUNKS)?;
        let incarnation = {
            let mut about = transaction.open_table(ABOUT)?;
            let stored = about.get("incarnation")?.map(|incarnation| incarnation.value().to_string());
            if stored.is_none() {
                about.insert("incarnation", new_incarnation)?;
                let mut places = transaction.open_table(PLACES)?;
                (0..new_shards.max(1)).try_for_each(|shard| places.insert(shard, 0).map(drop))?;
            }
            stored.unwrap_or_else(|| new_incarnation.to_string())
        };
        let shards = load_shards(&transaction.open_table(PLACES)?, &transaction.open_table(INDEX)?)?;
        let checkpoints = load_checkpoints(&transaction.open_table(CHECKPOINTS)?)?;
        transaction.commit()?;
        Ok(Loaded { incarnation, shards, checkpoints })
    }

    /// Changes everything or nothing; durable when it returns.
    pub(super) fn write(&self, changes: &Changes) -> Result<(), redb::Error> {
        let transaction = self.0.begin_write()?;
        {
            let (mut chunks, mut index) = (transaction.open_table(CHUNKS)?, transaction.open_table(INDEX)?);
            for (shard, entry, chunk) in &changes.chunks {
                chunks.insert((*shard, chunk.first), chunk.bytes.as_slice())?;
                index.insert((*shard, chunk.first), (entry.count, entry.arrival_millis, entry.bytes))?;
            }
            for (shard, place) in &changes.trimmed {
                chunks.retain_in((*shard, 0)..(*shard, *place), |_, _| false)?;
                index.retain_in((*shard, 0)..(*shard, *place), |_, _| false)?;
            }
            let mut places = transaction.open_table(PLACES)?;
            changes.next_places.iter().try_for_each(|(shard, place)| places.insert(shard, place).map(drop))?;
            let mut checkpoints = transaction.open_table(CHECKPOINTS)?;
            for (mapping, shard_id, done) in &changes.checkpoints {
                checkpoints.insert((mapping.as_str(), shard_id.as_str()), done.to_stored())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// The stored forms of the chunks that start at these places; `None` where one has been trimmed meanwhile.
    pub(super) fn chunks(&self, shard: u32, firsts: &[u64]) -> Result<Vec<Option<Bytes>>, redb::Error> {
        let table = self.0.begin_read()?.open_table(CHUNKS)?;
        let chunk = |first: &u64| Ok(table.get((shard, *first))?.map(|chunk| Bytes::copy_from_slice(chunk.value())));
        firsts.iter().map(chunk).collect()
    }
}

fn create(file: &Path) -> Result<Database, DatabaseError> {
    Builder::new().set_cache_size(CACHE_BYTES).create(file)
}

fn load_shards(
    places: &impl ReadableTable<u32, u64>,
    index: &impl ReadableTable<(u32, u64), (u64, i64, u64)>,
) -> Result<Vec<ShardIndex>, redb::Error> {
    let mut shards = Vec::new();
    for place in places.iter()? {
        let (shard, next_place) = place?;
        let mut entries = Vec::new();
        for entry in index.range((shard.value(), 0)..=(shard.value(), u64::MAX))? {
            let (key, entry) = entry?;
            let (count, arrival_millis, bytes) = entry.value();
            entries.push(Entry { first: key.value().1, count, arrival_millis, bytes });
        }
        shards.push(ShardIndex::new(next_place.value(), entries));
    }
    Ok(shards)
}

fn load_checkpoints(
    table: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
) -> Result<Vec<Checkpoint>, redb::Error> {
    let mut checkpoints = Vec::new();
    for entry in table.iter()? {
        let (key, stored) = entry?;
        let (mapping, shard_id) = key.value();
        let done = SequenceNumber::from_stored(stored.value());
        let done = done.ok_or_else(|| redb::Error::Corrupted(format!("the checkpoint of {mapping} in {shard_id}")))?;
        checkpoints.push((mapping.to_string(), shard_id.to_string(), done));
    }
    Ok(checkpoints)
}
