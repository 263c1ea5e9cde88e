//! A live table in one file: a redb database behind the puts that are not durable yet.
//!
//! A put answers from memory; one thread writes what is pending, all of it in one transaction with one sync, when a
//! caller asks for durability or much is pending. So an item that is replaced many times between two syncs is written
//! once, concurrent durable calls share a sync, and what is on disk is always every put up to some moment.
//!
//! One process writes. Others read what is durable, beside it (redb's single-writer mode).

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redb::{Builder, ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};
use trilha_disk::make_whole;

use crate::codec::Content;
use crate::limits;
use crate::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

mod items;
mod pending;
mod store;
mod writer;

use pending::Pending;

/// What redb may keep in memory, in bytes.
const CACHE_BYTES: usize = 128 * 1024 * 1024;

/// A table in one file. Dropping it writes what is pending.
#[derive(Debug)]
pub struct EmbeddedTable {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    database: Opened,
    pending: Pending,
    /// Held while conditions are checked and their puts made pending: writers come one after the other.
    writing: Mutex<()>,
}

enum Opened {
    Writer(Database),
    Reader(ReadOnlyDatabase),
}

impl EmbeddedTable {
    /// Opens the table in a file, makes it where there is none, repairs it after a crash. One writer at a time: while
    /// another process has it open for writing this fails.
    pub fn open(path: &Path) -> Result<EmbeddedTable, LiveError> {
        // Whole is a file that readers find the table in.
        let made = make_whole(path, |new| {
            let database = builder().create(new).map_err(io::Error::other)?;
            store::create(&database).map_err(io::Error::other)
        });
        made.map_err(unavailable)?;
        let database = builder().create(path).map_err(unavailable)?;
        store::create(&database).map_err(unavailable)?;
        let shared = Arc::new(Shared::new(Opened::Writer(database)));
        let writer = writer::start(shared.clone()).map_err(unavailable)?;
        Ok(EmbeddedTable { shared, writer: Some(writer) })
    }

    /// Opens the table for reading, whether or not another process is writing it; reads see what is durable by then.
    /// A file that a crash left in need of repair is repaired first, if no process has it open.
    pub fn open_read_only(path: &Path) -> Result<EmbeddedTable, LiveError> {
        let database = match builder().open_read_only(path) {
            Err(DatabaseError::RepairAborted) => repaired(path),
            opened => opened,
        };
        let database = database.map_err(unavailable)?;
        Ok(EmbeddedTable { shared: Arc::new(Shared::new(Opened::Reader(database))), writer: None })
    }
}

impl Drop for EmbeddedTable {
    fn drop(&mut self) {
        self.shared.pending.close();
        if let Some(writer) = self.writer.take() {
            // The thread has told of a failed write already; there is nobody left to answer.
            let _ = writer.join();
        }
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

/// A writer repairs as it opens. Where one has just started, it does.
fn repaired(path: &Path) -> Result<ReadOnlyDatabase, DatabaseError> {
    match builder().open(path) {
        Ok(_) | Err(DatabaseError::DatabaseAlreadyOpen) => builder().open_read_only(path),
        Err(error) => Err(error),
    }
}

fn unavailable(error: impl std::fmt::Display) -> LiveError {
    LiveError::Unavailable(error.to_string())
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Opened::Writer(_)) { "Writer" } else { "Reader" })
    }
}

impl Shared {
    fn new(database: Opened) -> Shared {
        Shared { database, pending: Pending::default(), writing: Mutex::default() }
    }

    fn begin_read(&self) -> Result<ReadTransaction, LiveError> {
        match &self.database {
            Opened::Writer(database) => database.begin_read(),
            Opened::Reader(database) => database.begin_read(),
        }
        .map_err(unavailable)
    }

    /// The items of some keys. What is pending is looked up first: it leaves memory only after it is on disk.
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Item>>, LiveError> {
        let pending = self.pending.find(&keys);
        let stored = self.stored(keys.iter().zip(&pending).map(|(key, found)| found.is_none().then_some(key)))?;
        let contents = pending.into_iter().zip(stored).map(|(pending, stored)| pending.or(stored));
        Ok(keys.into_iter().zip(contents).map(|(key, content)| Some(content?.with(key))).collect())
    }

    /// What is on disk of the keys that are given.
    fn stored<'a>(&self, keys: impl Iterator<Item = Option<&'a Key>>) -> Result<Vec<Option<Content>>, LiveError> {
        let reader = store::Reader::new(&self.begin_read()?)?;
        keys.map(|key| key.map_or(Ok(None), |key| reader.get(key))).collect()
    }

    fn query(&self, partition: &str, sort_prefix: &str) -> Result<Vec<Item>, LiveError> {
        let pending = self.pending.query(partition, sort_prefix);
        let mut items = store::Reader::new(&self.begin_read()?)?.query(partition, sort_prefix)?;
        items.extend(pending);
        Ok(items
            .into_iter()
            .map(|(sort, content)| content.with(Key { partition: partition.to_string(), sort }))
            .collect())
    }

    /// Checks and puts, then waits as long as durability, or room, takes.
    fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        if let Opened::Reader(_) = self.database {
            return Err(unavailable("it is open for reading only"));
        }
        limits::check(&replacements)?;
        let (results, ticket) = {
            let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let before = self.pending.before(&replacements);
            let unknown = replacements.iter().zip(&before.pending);
            let stored = self.stored(unknown.map(|(put, pending)| (!pending).then_some(&put.item.key)))?;
            self.pending.put(replacements, &before, stored)
        };
        self.pending.wait(ticket, durable).map_err(unavailable)?;
        Ok(results)
    }

    /// Rare: nothing is pending while it works, so that what is deleted is nowhere but on disk.
    fn remove(&self, removals: &[(Key, Watermarks)]) -> Result<Vec<bool>, LiveError> {
        let Opened::Writer(database) = &self.database else { return Err(unavailable("it is open for reading only")) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.pending.flush().map_err(unavailable)?;
        store::remove(database, removals)
    }
}

/// Runs what may block where it may.
async fn blocking<R: Send + 'static>(
    shared: &Arc<Shared>,
    act: impl FnOnce(&Shared) -> Result<R, LiveError> + Send + 'static,
) -> Result<R, LiveError> {
    let shared = shared.clone();
    tokio::task::spawn_blocking(move || act(&shared)).await.map_err(unavailable)?
}

impl LiveTable for EmbeddedTable {
    async fn get(&self, keys: Vec<Key>, _consistency: Consistency) -> Result<Vec<Option<Item>>, LiveError> {
        blocking(&self.shared, |shared| shared.get(keys)).await
    }

    async fn replace(&self, replacements: Vec<Replacement>, durable: bool) -> Result<Vec<Replaced>, LiveError> {
        blocking(&self.shared, move |shared| shared.replace(replacements, durable)).await
    }

    async fn remove(&self, removals: Vec<(Key, Watermarks)>) -> Result<Vec<bool>, LiveError> {
        blocking(&self.shared, move |shared| shared.remove(&removals)).await
    }

    async fn query(
        &self,
        partition: &str,
        sort_prefix: &str,
        _consistency: Consistency,
    ) -> Result<Vec<Item>, LiveError> {
        let (partition, sort_prefix) = (partition.to_string(), sort_prefix.to_string());
        blocking(&self.shared, move |shared| shared.query(&partition, &sort_prefix)).await
    }
}

#[cfg(test)]
mod tests {
    use super::EmbeddedTable;

    fn fresh() -> (tempfile::TempDir, EmbeddedTable) {
        let folder = tempfile::tempdir().unwrap();
        let table = EmbeddedTable::open(&folder.path().join("live.redb")).unwrap();
        (folder, table)
    }

    crate::live_table_contract!(fresh());
}
