//! The manifest's port: which landing files count, up to where each shard has landed, and which generation of each
//! partition holds which of them.
//!
//! A landing file counts once a commit lists it, and until the generations that took its rows are published. Files that
//! nothing lists do not exist for compaction. Layout of the embedded one: `embedded`.

pub mod contract;
mod embedded;
mod memory;

use std::future::Future;
use std::ops::RangeInclusive;

use thiserror::Error;
use trilha_schemas::sequence::SequenceNumber;

pub use embedded::EmbeddedManifest;
pub use memory::MemoryManifest;

use crate::partition::Partition;

/// What one batch of one shard brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The shard, the stream's incarnation before it.
    pub shard: String,
    /// The watermark that must be there; [`SequenceNumber::ZERO`] when the shard has none.
    pub expected: SequenceNumber,
    /// The watermark after it: the last sequence number of the batch.
    pub watermark: SequenceNumber,
    /// The batch's file; `None` when no row of it was new.
    pub file: Option<LandingFile>,
}

/// A landing file as its commit lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingFile {
    /// Its name in the landing folder.
    pub name: String,
    /// How many rows it has of each partition, in the order in which they stand in the file.
    pub rows: Vec<(Partition, u32)>,
}

/// What a commit came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The watermark has moved and the file counts.
    Done,
    /// Another watermark was there, and nothing changed.
    Stale {
        /// The one that is there.
        watermark: SequenceNumber,
    },
}

/// Rows of one partition in one landing file that no generation has taken yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRows {
    /// The landing file's name.
    pub file: String,
    /// Where they begin in the file.
    pub first_row: u32,
    /// How many they are.
    pub rows: u32,
}

/// What waits to be compacted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many landing files are listed: those with pending rows, and those that are absorbed and not yet forgotten.
    pub files: usize,
    /// The partitions with pending rows, in order.
    pub dirty: Vec<Dirty>,
}

/// A partition with pending rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirty {
    /// Which.
    pub partition: Partition,
    /// How many rows are pending.
    pub pending_rows: u64,
    /// The number of its generation; 0 for none.
    pub generation: u64,
    /// How many rows that has.
    pub published_rows: u64,
}

/// One published state of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generation {
    /// From 1; 0 is the empty state before the first.
    pub number: u64,
    /// Its files.
    pub files: Vec<PublishedFile>,
    /// How many events were known to be beyond state when it was written; there may be other days' rows for some of them.
    pub beyond: u64,
}

/// One file of a generation: the events of some learner buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedFile {
    /// Its name in the partition's folder.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// Which learner buckets.
    pub buckets: RangeInclusive<u16>,
}

impl Generation {
    /// How many rows its files have.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// A new generation of one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Which partition.
    pub partition: Partition,
    /// The generation that must be there, 0 for none.
    pub previous: u64,
    /// The new one; its files are durable.
    pub generation: Generation,
    /// The landing files whose rows of this partition it holds.
    pub absorbed: Vec<String>,
}

/// What a publication came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The generation stands and its landing rows are no longer pending.
    Done,
    /// Another generation was there, and nothing changed.
    Stale {
        /// The one that is there.
        generation: u64,
    },
}

/// Why the manifest did not answer.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The call failed; its writes may or may not have happened. Read again, then try again.
    #[error("the lake's manifest is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read: written by a later version, or damaged. Trying again cannot help.
    #[error("the lake's manifest cannot be read: {0}")]
    Unreadable(String),
}

/// The record of what the lake holds. Every call is one transaction, durable before it answers.
pub trait Manifest: Send + Sync + 'static {
    /// A number that no call has returned before, for the names of a writer's files.
    fn next_writer(&self) -> impl Future<Output = Result<u64, ManifestError>> + Send;

    /// Up to where a shard has landed; [`SequenceNumber::ZERO`] before its first commit.
    fn watermark(&self, shard: &str) -> impl Future<Output = Result<SequenceNumber, ManifestError>> + Send;

    /// Every shard's watermark, in order of shard; those of [re-driven ranges](crate::LakeWriter::redrive) too.
    fn watermarks(&self) -> impl Future<Output = Result<Vec<(String, SequenceNumber)>, ManifestError>> + Send;

    /// Moves a shard's watermark and lists the batch's file, if the watermark is still the expected one.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Committed, ManifestError>> + Send;

    /// Whether a landing file is listed: committed and not yet forgotten.
    fn is_listed(&self, file: &str) -> impl Future<Output = Result<bool, ManifestError>> + Send;

    /// What waits to be compacted.
    fn backlog(&self) -> impl Future<Output = Result<Backlog, ManifestError>> + Send;

    /// Partitions with pending rows and how many, in order of partition.
    fn dirty(&self) -> impl Future<Output = Result<Vec<(Partition, u64)>, ManifestError>> + Send {
        async {
            let dirty = self.backlog().await?.dirty.into_iter();
            Ok(dirty.map(|dirty| (dirty.partition, dirty.pending_rows)).collect())
        }
    }

    /// The pending rows of one partition, in order of file name. Where there are very many, perhaps only the first of
    /// them: the others wait until these are published.
    fn pending(&self, partition: &Partition) -> impl Future<Output = Result<Vec<PendingRows>, ManifestError>> + Send;

    /// The generation of one partition; number 0 for none.
    fn generation(&self, partition: &Partition) -> impl Future<Output = Result<Generation, ManifestError>> + Send;

    /// Every partition that has a generation, with its number, in order of partition.
    fn generations(&self) -> impl Future<Output = Result<Vec<(Partition, u64)>, ManifestError>> + Send;

    /// The generations, in the same form, of which it is not noted that they are settled: readers may not see them yet,
    /// or something of the partition waits to be removed. A manifest whose storage is quick to look at may name all.
    fn unsettled(&self) -> impl Future<Output = Result<Vec<(Partition, u64)>, ManifestError>> + Send {
        self.generations()
    }

    /// Notes that a generation is settled, if it is still the partition's.
    fn note_settled(
        &self,
        partition: &Partition,
        generation: u64,
    ) -> impl Future<Output = Result<(), ManifestError>> + Send {
        let _ = (partition, generation);
        async { Ok(()) }
    }

    /// Publishes generations; each stands for itself, results in the order given. Absorbing what is not pending does
    /// nothing.
    fn publish(
        &self,
        publications: Vec<Publication>,
    ) -> impl Future<Output = Result<Vec<Published>, ManifestError>> + Send;

    /// Listed landing files with no pending rows left, in order of name: they can be deleted, then forgotten.
    fn absorbed(&self) -> impl Future<Output = Result<Vec<String>, ManifestError>> + Send;

    /// Takes absorbed files off the list. Others stay.
    fn forget(&self, files: Vec<String>) -> impl Future<Output = Result<(), ManifestError>> + Send;
}
