//! One redb file and the thread that writes it: whatever waits is written in one transaction and answered after its
//! commit.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redb::{
    ConcurrencyMode, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, TableDefinition,
    WriteTransaction,
};
use thiserror::Error;
use tokio::sync::oneshot;
use trilha_disk::make_whole;

/// Every table's keys and values are bytes.
pub(super) type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

pub(super) const IDENTITIES: Table = TableDefinition::new("identities.1");
pub(super) const QUARANTINE: Table = TableDefinition::new("quarantine.1");
pub(super) const QUARANTINE_BY_ARRIVAL: Table = TableDefinition::new("quarantine_by_arrival.1");
pub(super) const QUARANTINE_BY_LEARNER: Table = TableDefinition::new("quarantine_by_learner.1");
pub(super) const SETTINGS: Table = TableDefinition::new("settings.1");
pub(super) const SETTINGS_LOG: Table = TableDefinition::new("settings_log.1");
const TABLES: [Table; 6] =
    [IDENTITIES, QUARANTINE, QUARANTINE_BY_ARRIVAL, QUARANTINE_BY_LEARNER, SETTINGS, SETTINGS_LOG];

/// What redb keeps of the file in memory.
const CACHE_BYTES: usize = 32 * 1024 * 1024;
/// The most writes in one transaction.
const MOST_WRITES: usize = 1_024;

/// Why the file did not do what was asked.
#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub struct StoreError(String);

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> StoreError {
        StoreError(error.to_string())
    }
}

/// What one write does.
type Run = Box<dyn FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send>;

/// One write, and who hears of the commit.
struct Write {
    run: Run,
    done: oneshot::Sender<Result<(), StoreError>>,
}

enum File {
    Writable { database: Arc<Database>, writer: Writer },
    ReadOnly(ReadOnlyDatabase),
}

/// Ends its thread, and with it the file's lock, when dropped.
struct Writer {
    writes: Mutex<Option<Sender<Write>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A handle on the file; clones share it.
#[derive(Clone)]
pub(super) struct Store {
    file: Arc<File>,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Store, StoreError> {
        // Whole is a file that readers find the tables in.
        let made = make_whole(path, |new| {
            let database = open(new).map_err(io::Error::other)?;
            make_tables(&database).map_err(io::Error::other)
        });
        made.map_err(redb::Error::from)?;
        let database = open(path).map_err(redb::Error::from)?;
        make_tables(&database)?;
        let database = Arc::new(database);
        let writer = Writer::start(database.clone())?;
        Ok(Store { file: Arc::new(File::Writable { database, writer }) })
    }

    pub(super) fn open_read_only(path: &Path) -> Result<Store, StoreError> {
        let open_read_only = || {
            let mut builder = redb::Builder::new();
            builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter).open_read_only(path)
        };
        let database = match open_read_only() {
            // A crash left it so; opening it for writing repairs it, if no process has it open.
            Err(DatabaseError::RepairAborted) => open(path).and_then(|writable| {
                drop(writable);
                open_read_only()
            }),
            opened => opened,
        };
        Ok(Store { file: Arc::new(File::ReadOnly(database.map_err(redb::Error::from)?)) })
    }

    /// Reads one snapshot. Short: it runs where it is called.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let transaction = match &*self.file {
            File::Writable { database, .. } => database.begin_read(),
            File::ReadOnly(database) => database.begin_read(),
        };
        Ok(read(&transaction.map_err(redb::Error::from)?)?)
    }

    /// Writes, in one transaction with whatever else waits; answers when it is durable.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let File::Writable { writer, .. } = &*self.file else {
            return Err(StoreError("the file is open for reading only".to_string()));
        };
        let (done, committed) = oneshot::channel();
        let (answer, mut answered) = oneshot::channel();
        let run = Box::new(move |transaction: &WriteTransaction| {
            // Who asked may be gone; what they asked for is written all the same.
            let _ = answer.send(write(transaction)?);
            Ok(())
        });
        writer.send(Write { run, done })?;
        committed.await.map_err(|_| stopped())??;
        answered.try_recv().map_err(|_| stopped())
    }
}

impl Writer {
    fn start(database: Arc<Database>) -> Result<Writer, StoreError> {
        let (writes, waiting) = channel();
        let run = move || write_until_closed(&database, &waiting);
        let thread = std::thread::Builder::new().name("collector-store".to_string()).spawn(run);
        let thread = thread.map_err(|error| StoreError(error.to_string()))?;
        Ok(Writer { writes: Mutex::new(Some(writes)), thread: Mutex::new(Some(thread)) })
    }

    fn send(&self, write: Write) -> Result<(), StoreError> {
        let writes = self.writes.lock().unwrap_or_else(PoisonError::into_inner);
        writes.as_ref().and_then(|writes| writes.send(write).ok()).ok_or_else(stopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(_)) = thread.map(JoinHandle::join) {
            tracing::error!("the collector's store thread had panicked");
        }
    }
}

fn stopped() -> StoreError {
    StoreError("the store's writer has stopped".to_string())
}

fn open(path: &Path) -> Result<Database, DatabaseError> {
    redb::Builder::new().set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter).create(path)
}

/// So that readers find each table.
fn make_tables(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    for table in TABLES {
        transaction.open_table(table)?;
    }
    Ok(transaction.commit()?)
}

fn write_until_closed(database: &Database, waiting: &Receiver<Write>) {
    while let Ok(first) = waiting.recv() {
        let writes: Vec<_> = std::iter::once(first).chain(waiting.try_iter().take(MOST_WRITES - 1)).collect();
        let (runs, dones): (Vec<_>, Vec<_>) = writes.into_iter().map(|write| (write.run, write.done)).unzip();
        let result = write_all(database, runs).map_err(StoreError::from);
        for done in dones {
            // Who asked may be gone.
            let _ = done.send(result.clone());
        }
    }
}

/// All or nothing: a transaction that is dropped is rolled back.
fn write_all(database: &Database, runs: Vec<Run>) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    for run in runs {
        run(&transaction)?;
    }
    Ok(transaction.commit()?)
}
