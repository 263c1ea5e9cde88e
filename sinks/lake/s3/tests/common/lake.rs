//! A lake over any ports, its workflow, and what readers find in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use object_store::ObjectStore;
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_lake::{Beyond, Compactor, LakeError, LakeRow, LakeWriter, Take, rows_of};
use trilha_lake_s3::{Catalogue, Clock, S3Storage};
use trilha_schemas::ids::EventId;

use super::rows::sequence;

/// A clock that stands still until it is told.
#[derive(Clone, Default)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub fn clock(&self) -> Clock {
        let now = self.0.clone();
        Arc::new(move || now.load(Ordering::SeqCst))
    }

    pub fn pass(&self, time: Duration) {
        self.0.fetch_add(time.as_millis() as i64, Ordering::SeqCst);
    }
}

pub const HOUR: Duration = Duration::from_secs(3600);

pub fn storage<C: Catalogue>(
    bucket: Arc<dyn ObjectStore>,
    catalogue: &Arc<C>,
    grace: Duration,
    clock: Clock,
) -> S3Storage<C> {
    S3Storage::new(bucket, "lake", catalogue.clone(), grace, clock)
}

/// Now, as the stand-in's objects have it.
pub fn wall_clock() -> Clock {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    Arc::new(now)
}

pub struct Lake<M, S> {
    pub manifest: Arc<M>,
    pub storage: Arc<S>,
}

impl<M: Manifest, S: Storage> Lake<M, S> {
    pub fn over(manifest: M, storage: S) -> Lake<M, S> {
        Lake { manifest: Arc::new(manifest), storage: Arc::new(storage) }
    }

    pub fn compactor(&self) -> Compactor<M, S> {
        Compactor::new(self.manifest.clone(), self.storage.clone()).with_workers(1).with_slice_rows(20)
    }

    /// Lands rows as one batch after the shard's watermark, by a writer of its own.
    pub async fn land(&self, rows: Vec<LakeRow>) -> Result<(), LakeError> {
        let last = rows.iter().map(|row| row.sequence_number).max().unwrap_or(sequence(1));
        let writer = LakeWriter::open(self.manifest.clone(), self.storage.clone(), 1).await?;
        writer.append("a", rows, last).await.map(drop)
    }

    /// All steps, each by a process of its own.
    pub async fn workflow(&self) -> Result<(), LakeError> {
        self.compactor().settle().await?;
        for partition in self.compactor().plan(&Beyond::new(), Take::All).await? {
            self.compactor().compact_partition(&partition, &Beyond::new()).await?;
            self.compactor().show_partition(&partition).await?;
        }
        self.compactor().finish().await?;
        Ok(())
    }

    /// The ids of all events in the generations that the manifest names and the storage shows, in order.
    pub async fn events(&self) -> Vec<EventId> {
        let mut events = Vec::new();
        for (partition, number) in self.manifest.generations().await.unwrap() {
            let generation = self.manifest.generation(&partition).await.unwrap();
            assert_eq!(generation.number, number);
            for file in generation.files {
                let content = self.storage.get_part(&partition, &file.name).await.unwrap();
                let rows = rows_of(&partition.tenant.as_str().into(), &content).unwrap();
                assert_eq!(rows.len() as u64, file.rows, "{}", file.name);
                events.extend(rows.into_iter().map(|row| row.event.id));
            }
        }
        events.sort_unstable();
        events
    }
}

/// The ids of rows, each once, in order.
pub fn ids(rows: &[LakeRow]) -> Vec<EventId> {
    let mut ids: Vec<EventId> = rows.iter().map(|row| row.event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
