//! The stores, as the pipeline would use each.

use std::hint::black_box;
use std::path::Path;

use fjall::{Database as Fjall, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};
use redb::{Builder, ConcurrencyMode, Database as Redb, ReadableDatabase, TableDefinition};
use trilha_benches::Bench;

use crate::pattern::Commit;

/// How a store is opened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) cache_bytes: usize,
    /// redb's; fjall lets no other process in.
    pub(crate) mode: ConcurrencyMode,
}

/// redb with one file.
pub(crate) struct RedbStore(Redb);

impl RedbStore {
    pub(crate) fn open(folder: &Path, settings: Settings) -> Bench<RedbStore> {
        let mut builder = Builder::new();
        builder.set_cache_size(settings.cache_bytes).set_concurrency_mode(settings.mode);
        Ok(RedbStore(builder.create(folder.join("store.redb"))?))
    }

    /// Writes everything or nothing; durable when it returns.
    pub(crate) fn commit(&self, commit: &Commit) -> Bench {
        let transaction = self.0.begin_write()?;
        for writes in commit.chunk_by(|one, other| one.table == other.table) {
            let mut table = transaction.open_table(definition(writes[0].table))?;
            for write in writes {
                table.insert(write.key.as_slice(), write.value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Reads what a commit wrote, as one snapshot.
    pub(crate) fn read(&self, commit: &Commit) -> Bench {
        let transaction = self.0.begin_read()?;
        for writes in commit.chunk_by(|one, other| one.table == other.table) {
            let table = transaction.open_table(definition(writes[0].table))?;
            for write in writes {
                black_box(table.get(write.key.as_slice())?.ok_or("redb lost a key")?.value().to_vec());
            }
        }
        Ok(())
    }
}

fn definition(table: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(table)
}

/// fjall with its open tables.
pub(crate) struct FjallStore {
    database: Fjall,
    tables: Vec<(&'static str, Keyspace)>,
}

const TABLES: [&str; 4] = ["chunks", "index", "places", "items"];

impl FjallStore {
    pub(crate) fn open(folder: &Path, settings: Settings) -> Bench<FjallStore> {
        let database = Fjall::builder(folder.join("store.fjall")).cache_size(settings.cache_bytes as u64).open()?;
        let table = |name| Ok((name, database.keyspace(name, KeyspaceCreateOptions::default)?));
        let tables = TABLES.into_iter().map(table).collect::<Bench<_>>()?;
        Ok(FjallStore { database, tables })
    }

    /// Writes everything or nothing; durable when it returns.
    pub(crate) fn commit(&self, commit: &Commit) -> Bench {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for write in commit {
            batch.insert(self.table(write.table)?, write.key.as_slice(), write.value.as_slice());
        }
        Ok(batch.commit()?)
    }

    /// Reads what a commit wrote, as one snapshot.
    pub(crate) fn read(&self, commit: &Commit) -> Bench {
        let snapshot = self.database.snapshot();
        for write in commit {
            let value = snapshot.get(self.table(write.table)?, &write.key)?;
            black_box(value.ok_or("fjall lost a key")?.to_vec());
        }
        Ok(())
    }

    /// Moves what was written from memory to tables, where it stays.
    pub(crate) fn settle(&self) -> Bench {
        self.tables.iter().try_for_each(|(_, table)| Ok(table.rotate_memtable_and_wait()?))
    }

    fn table(&self, name: &str) -> Bench<&Keyspace> {
        let table = self.tables.iter().find(|(table, _)| *table == name);
        Ok(&table.ok_or("no such table")?.1)
    }
}
