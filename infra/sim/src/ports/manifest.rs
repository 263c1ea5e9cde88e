//! A manifest whose calls fail before or after they have done their work.

use std::sync::Arc;

use trilha_lake::Partition;
use trilha_lake::manifest::{
    Backlog, Commit, Committed, Generation, Manifest, ManifestError, MemoryManifest, PendingRows, Publication,
    Published,
};
use trilha_schemas::sequence::SequenceNumber;

use crate::world::Process;

/// The manifest as one process sees it.
#[derive(Clone)]
pub struct SimManifest {
    process: Process,
    memory: Arc<MemoryManifest>,
}

impl SimManifest {
    /// The manifest as a process sees it.
    pub fn new(process: &Process, memory: &Arc<MemoryManifest>) -> SimManifest {
        SimManifest { process: process.clone(), memory: Arc::clone(memory) }
    }

    async fn before(&self) -> Result<(), ManifestError> {
        self.process.turn().await;
        let fails = self.process.world.fault("manifest failed before", 5);
        if fails { Err(ManifestError::Unavailable("the call timed out".into())) } else { Ok(()) }
    }

    fn after<T>(&self, kind: &'static str, result: T) -> Result<T, ManifestError> {
        let fails = self.process.world.fault(kind, 15);
        if fails { Err(ManifestError::Unavailable("the answer was lost".into())) } else { Ok(result) }
    }
}

impl Manifest for SimManifest {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        self.before().await?;
        self.memory.next_writer().await
    }

    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        self.before().await?;
        self.memory.watermark(shard).await
    }

    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        self.before().await?;
        self.memory.watermarks().await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        self.before().await?;
        let line = format!("{} {} to {}", commit.shard, commit.expected, commit.watermark);
        let mut committed = self.memory.commit(commit.clone()).await?;
        if self.process.world.fault("commit repeated by its library", 10) {
            committed = self.memory.commit(commit).await?;
        }
        self.process.note(|| format!("commit {line}: {committed:?}"));
        self.after("commit's answer lost", committed)
    }

    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        self.before().await?;
        self.memory.is_listed(file).await
    }

    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        self.before().await?;
        self.memory.backlog().await
    }

    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        self.before().await?;
        self.memory.pending(partition).await
    }

    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        self.before().await?;
        self.memory.generation(partition).await
    }

    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.before().await?;
        self.memory.generations().await
    }

    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        self.before().await?;
        let published = self.memory.publish(publications).await?;
        self.process.note(|| format!("publish {published:?}"));
        self.after("publication's answer lost", published)
    }

    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        self.before().await?;
        self.memory.absorbed().await
    }

    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        self.before().await?;
        self.memory.forget(files).await?;
        self.after("forgetting's answer lost", ())
    }
}
