//! The manifest in memory, for tests: the plainest reading of the port.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use trilha_schemas::sequence::SequenceNumber;

use super::{
    Backlog, Commit, Committed, Dirty, Generation, LandingFile, Manifest, ManifestError, PendingRows, Publication,
    Published,
};
use crate::partition::Partition;

/// A manifest that is gone with the process.
#[derive(Debug, Default)]
pub struct MemoryManifest(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    writers: u64,
    watermarks: BTreeMap<String, SequenceNumber>,
    files: BTreeSet<String>,
    pending: BTreeMap<(Partition, String), (u32, u32)>,
    generations: BTreeMap<Partition, Generation>,
    settled: BTreeMap<Partition, u64>,
}

impl State {
    fn watermark(&self, shard: &str) -> SequenceNumber {
        self.watermarks.get(shard).copied().unwrap_or(SequenceNumber::ZERO)
    }

    fn list(&mut self, file: LandingFile) {
        let mut first_row = 0;
        for (partition, rows) in file.rows {
            self.pending.insert((partition, file.name.clone()), (first_row, rows));
            first_row += rows;
        }
        self.files.insert(file.name);
    }

    fn publish(&mut self, publication: Publication) -> Published {
        let generation = self.generations.get(&publication.partition).map_or(0, |generation| generation.number);
        if generation != publication.previous {
            return Published::Stale { generation };
        }
        for file in publication.absorbed {
            self.pending.remove(&(publication.partition.clone(), file));
        }
        self.generations.insert(publication.partition, publication.generation);
        Published::Done
    }

    fn absorbed(&self) -> Vec<String> {
        let pending: BTreeSet<&String> = self.pending.keys().map(|(_, file)| file).collect();
        self.files.iter().filter(|file| !pending.contains(file)).cloned().collect()
    }
}

impl MemoryManifest {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Manifest for MemoryManifest {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        let mut state = self.state();
        state.writers += 1;
        Ok(state.writers)
    }

    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        Ok(self.state().watermark(shard))
    }

    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        Ok(self.state().watermarks.iter().map(|(shard, number)| (shard.clone(), *number)).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        let mut state = self.state();
        let watermark = state.watermark(&commit.shard);
        if watermark != commit.expected {
            return Ok(Committed::Stale { watermark });
        }
        state.watermarks.insert(commit.shard, commit.watermark);
        if let Some(file) = commit.file {
            state.list(file);
        }
        Ok(Committed::Done)
    }

    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        Ok(self.state().files.contains(file))
    }

    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        let state = self.state();
        let mut pending = BTreeMap::<&Partition, u64>::new();
        for ((partition, _), (_, rows)) in &state.pending {
            *pending.entry(partition).or_default() += u64::from(*rows);
        }
        let dirty = |(partition, pending_rows): (&Partition, u64)| {
            let base = state.generations.get(partition);
            let (generation, published_rows) = base.map_or((0, 0), |base| (base.number, base.rows()));
            Dirty { partition: partition.clone(), pending_rows, generation, published_rows }
        };
        Ok(Backlog { files: state.files.len(), dirty: pending.into_iter().map(dirty).collect() })
    }

    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        let state = self.state();
        let of_partition = state.pending.iter().filter(|((of, _), _)| of == partition);
        let rows = |((_, file), (first_row, rows)): (&(Partition, String), &(u32, u32))| PendingRows {
            file: file.clone(),
            first_row: *first_row,
            rows: *rows,
        };
        Ok(of_partition.map(rows).collect())
    }

    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        Ok(self.state().generations.get(partition).cloned().unwrap_or_default())
    }

    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        Ok(self.state().generations.iter().map(|(partition, of)| (partition.clone(), of.number)).collect())
    }

    async fn unsettled(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        let state = self.state();
        let unsettled = state.generations.iter().filter(|(of, now)| state.settled.get(*of) != Some(&now.number));
        Ok(unsettled.map(|(partition, of)| (partition.clone(), of.number)).collect())
    }

    async fn note_settled(&self, partition: &Partition, generation: u64) -> Result<(), ManifestError> {
        let state = &mut *self.state();
        if state.generations.get(partition).is_some_and(|now| now.number == generation) {
            state.settled.insert(partition.clone(), generation);
        }
        Ok(())
    }

    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        let mut state = self.state();
        Ok(publications.into_iter().map(|publication| state.publish(publication)).collect())
    }

    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        Ok(self.state().absorbed())
    }

    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        let mut state = self.state();
        let absorbed = state.absorbed();
        for file in files.iter().filter(|file| absorbed.contains(file)) {
            state.files.remove(file);
        }
        Ok(())
    }
}
