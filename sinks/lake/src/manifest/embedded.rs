//! The manifest in one embedded database file.
//!
//! | table | key | value |
//! | --- | --- | --- |
//! | `numbers` | `format`, `writers` | the layout's version (1); the last writer's number |
//! | `watermarks` | shard | sequence number, big-endian without leading zeros |
//! | `files` | landing file | how many of its partitions are pending |
//! | `pending` | tenant, day, landing file | first row, rows |
//! | `generations` | tenant, day | number, events beyond state, its files as (name, rows, first bucket, last bucket) |
//!
//! A day is a count from 1970-01-01, the greatest `i32` the unknown day.

use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use trilha_disk::make_whole;
use trilha_schemas::sequence::SequenceNumber;

use super::{
    Backlog, Commit, Committed, Dirty, Generation, LandingFile, Manifest, ManifestError, PendingRows, Publication,
    Published, PublishedFile,
};
use crate::partition::{Day, Partition};

type StoredGeneration = (u64, u64, Vec<(String, u64, u16, u16)>);

const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
const WATERMARKS: TableDefinition<&str, &[u8]> = TableDefinition::new("watermarks");
const FILES: TableDefinition<&str, u32> = TableDefinition::new("files");
const PENDING: TableDefinition<(&str, i32, &str), (u32, u32)> = TableDefinition::new("pending");
const GENERATIONS: TableDefinition<(&str, i32), StoredGeneration> = TableDefinition::new("generations");

const FORMAT: u64 = 1;

/// A manifest in one file, for one process at a time.
#[derive(Clone)]
pub struct EmbeddedManifest(Arc<Database>);

impl EmbeddedManifest {
    /// Opens the file, or makes it.
    pub async fn open(file: &Path) -> Result<EmbeddedManifest, ManifestError> {
        let file = file.to_path_buf();
        let opened = tokio::task::spawn_blocking(move || open(&file)).await;
        opened.map_err(unavailable)?.map(|database| EmbeddedManifest(Arc::new(database)))
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, ManifestError> {
        let database = self.0.clone();
        let read = move || work(&database.begin_read()?);
        tokio::task::spawn_blocking(read).await.map_err(unavailable)?.map_err(|Failure(error)| error)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, ManifestError> {
        let database = self.0.clone();
        let write = move || {
            let transaction = database.begin_write()?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        tokio::task::spawn_blocking(write).await.map_err(unavailable)?.map_err(|Failure(error)| error)
    }
}

impl Manifest for EmbeddedManifest {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        self.write(|transaction| {
            let mut numbers = transaction.open_table(NUMBERS)?;
            let writer = numbers.get("writers")?.map_or(0, |number| number.value()) + 1;
            numbers.insert("writers", writer)?;
            Ok(writer)
        })
        .await
    }

    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        let shard = shard.to_string();
        self.read(move |transaction| watermark(&transaction.open_table(WATERMARKS)?, &shard)).await
    }

    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        self.read(|transaction| {
            let table = transaction.open_table(WATERMARKS)?;
            let entries = table.iter()?.map(|entry| {
                let (shard, number) = entry?;
                Ok((shard.value().to_string(), sequence_number(number.value())?))
            });
            entries.collect()
        })
        .await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        self.write(move |transaction| {
            let mut watermarks = transaction.open_table(WATERMARKS)?;
            let watermark = watermark(&watermarks, &commit.shard)?;
            if watermark != commit.expected {
                return Ok(Committed::Stale { watermark });
            }
            watermarks.insert(commit.shard.as_str(), commit.watermark.to_stored())?;
            commit.file.map_or(Ok(()), |file| list(transaction, &file))?;
            Ok(Committed::Done)
        })
        .await
    }

    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        let file = file.to_string();
        self.read(move |transaction| Ok(transaction.open_table(FILES)?.get(file.as_str())?.is_some())).await
    }

    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        self.read(|transaction| {
            let mut dirty: Vec<Dirty> = Vec::new();
            let generations = transaction.open_table(GENERATIONS)?;
            for entry in transaction.open_table(PENDING)?.iter()? {
                let (key, value) = entry?;
                let (tenant, day, _) = key.value();
                let rows = u64::from(value.value().1);
                match dirty.last_mut() {
                    Some(Dirty { partition: last, pending_rows, .. })
                        if last.tenant == tenant && last.day.code() == day =>
                    {
                        *pending_rows += rows;
                    }
                    _ => {
                        let base = generations.get((tenant, day))?.map(|stored| generation(stored.value()));
                        let (generation, published_rows) = base.map_or((0, 0), |base| (base.number, base.rows()));
                        let partition = partition(tenant, day);
                        dirty.push(Dirty { partition, pending_rows: rows, generation, published_rows });
                    }
                }
            }
            Ok(Backlog { files: transaction.open_table(FILES)?.len()? as usize, dirty })
        })
        .await
    }

    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        let of = partition.clone();
        self.read(move |transaction| {
            let table = transaction.open_table(PENDING)?;
            let mut pending = Vec::new();
            for entry in table.range((of.tenant.as_str(), of.day.code(), "")..)? {
                let (key, value) = entry?;
                let (tenant, day, file) = key.value();
                if tenant != of.tenant || day != of.day.code() {
                    break;
                }
                let (first_row, rows) = value.value();
                pending.push(PendingRows { file: file.to_string(), first_row, rows });
            }
            Ok(pending)
        })
        .await
    }

    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        let of = partition.clone();
        self.read(move |transaction| {
            let table = transaction.open_table(GENERATIONS)?;
            let stored = table.get((of.tenant.as_str(), of.day.code()))?;
            Ok(stored.map(|stored| generation(stored.value())).unwrap_or_default())
        })
        .await
    }

    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.read(|transaction| {
            let table = transaction.open_table(GENERATIONS)?;
            let entries = table.iter()?.map(|entry| {
                let (key, stored) = entry?;
                let (tenant, day) = key.value();
                Ok((partition(tenant, day), stored.value().0))
            });
            entries.collect()
        })
        .await
    }

    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        self.write(move |transaction| publications.iter().map(|one| publish(transaction, one)).collect()).await
    }

    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        self.read(|transaction| {
            let mut absorbed = Vec::new();
            for entry in transaction.open_table(FILES)?.iter()? {
                let (file, partitions) = entry?;
                if partitions.value() == 0 {
                    absorbed.push(file.value().to_string());
                }
            }
            Ok(absorbed)
        })
        .await
    }

    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        self.write(move |transaction| {
            let mut table = transaction.open_table(FILES)?;
            for file in &files {
                let is_absorbed = table.get(file.as_str())?.is_some_and(|partitions| partitions.value() == 0);
                if is_absorbed {
                    table.remove(file.as_str())?;
                }
            }
            Ok(())
        })
        .await
    }
}

fn open(file: &Path) -> Result<Database, ManifestError> {
    let made = make_whole(file, |new| Database::create(new).map(drop).map_err(io::Error::other));
    made.map_err(unavailable)?;
    let database = Database::create(file).map_err(unavailable)?;
    let format = prepare(&database).map_err(|Failure(error)| error)?;
    if format != FORMAT {
        return Err(ManifestError::Unreadable(format!("its layout is {format}, this program knows {FORMAT}")));
    }
    Ok(database)
}

/// Makes the tables, so that reading finds them; answers the layout's version.
fn prepare(database: &Database) -> Result<u64, Failure> {
    let transaction = database.begin_write()?;
    let format = {
        transaction.open_table(WATERMARKS)?;
        transaction.open_table(FILES)?;
        transaction.open_table(PENDING)?;
        transaction.open_table(GENERATIONS)?;
        let mut numbers = transaction.open_table(NUMBERS)?;
        let stored = numbers.get("format")?.map(|format| format.value());
        if stored.is_none() {
            numbers.insert("format", FORMAT)?;
        }
        stored.unwrap_or(FORMAT)
    };
    transaction.commit()?;
    Ok(format)
}

fn watermark(table: &impl ReadableTable<&'static str, &'static [u8]>, shard: &str) -> Result<SequenceNumber, Failure> {
    table.get(shard)?.map_or(Ok(SequenceNumber::ZERO), |stored| sequence_number(stored.value()))
}

fn list(transaction: &WriteTransaction, file: &LandingFile) -> Result<(), Failure> {
    let mut pending = transaction.open_table(PENDING)?;
    let mut first_row = 0;
    for (of, rows) in &file.rows {
        pending.insert((of.tenant.as_str(), of.day.code(), file.name.as_str()), (first_row, *rows))?;
        first_row += rows;
    }
    transaction.open_table(FILES)?.insert(file.name.as_str(), file.rows.len() as u32)?;
    Ok(())
}

fn publish(transaction: &WriteTransaction, publication: &Publication) -> Result<Published, Failure> {
    let key = (publication.partition.tenant.as_str(), publication.partition.day.code());
    let mut generations = transaction.open_table(GENERATIONS)?;
    let generation = generations.get(key)?.map_or(0, |stored| stored.value().0);
    if generation != publication.previous {
        return Ok(Published::Stale { generation });
    }
    generations.insert(key, stored(&publication.generation))?;
    let mut pending = transaction.open_table(PENDING)?;
    let mut files = transaction.open_table(FILES)?;
    for file in &publication.absorbed {
        if pending.remove((key.0, key.1, file.as_str()))?.is_some() {
            let left = files.get(file.as_str())?.map_or(0, |partitions| partitions.value());
            files.insert(file.as_str(), left.saturating_sub(1))?;
        }
    }
    Ok(Published::Done)
}

fn partition(tenant: &str, day: i32) -> Partition {
    Partition { tenant: tenant.to_string(), day: Day::from_code(day) }
}

fn stored(generation: &Generation) -> StoredGeneration {
    let file = |file: &PublishedFile| (file.name.clone(), file.rows, *file.buckets.start(), *file.buckets.end());
    (generation.number, generation.beyond, generation.files.iter().map(file).collect())
}

fn generation((number, beyond, files): StoredGeneration) -> Generation {
    let file = |(name, rows, first, last)| PublishedFile { name, rows, buckets: first..=last };
    Generation { number, beyond, files: files.into_iter().map(file).collect() }
}

fn sequence_number(stored: &[u8]) -> Result<SequenceNumber, Failure> {
    let too_long = || Failure(ManifestError::Unreadable("a sequence number is too long".to_string()));
    SequenceNumber::from_stored(stored).ok_or_else(too_long)
}

/// What the database says, as the port says it.
struct Failure(ManifestError);

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(unavailable(error.into()))
    }
}

fn unavailable(error: impl std::fmt::Display) -> ManifestError {
    ManifestError::Unavailable(error.to_string())
}
