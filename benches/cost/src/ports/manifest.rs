//! The lake's manifest, with the units that its table would charge.

use std::sync::Mutex;

use trilha_lake::Partition;
use trilha_lake::manifest::{
    Backlog, Commit, Committed, Generation, LandingFile, Manifest, ManifestError, PendingRows, Publication, Published,
};
use trilha_schemas::sequence::SequenceNumber;

use super::lock;
use crate::billing::{half_read_units, write_units};

/// What the names of an item's attributes and its numbers take.
const ITEM_BYTES: u64 = 64;
/// A transaction writes each item twice.
const TRANSACTED: u64 = 2;

/// What the manifest cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ManifestCounts {
    /// Commits of landing files.
    pub commits: u64,
    /// Write units of commits.
    pub commit_write_units: u64,
    /// Write units of all else.
    pub write_units: u64,
    /// Read units, in halves.
    pub half_read_units: u64,
}

/// What is listed, as sizes of items.
#[derive(Debug, Default)]
struct Listed {
    files: Vec<(String, u64)>,
    generations: u64,
    /// All files so far: how many, their bytes, those of their names.
    committed: (u64, u64, u64),
    held: u64,
}

impl Listed {
    /// Bytes of the items of files that are held, and of their names in a generation.
    fn held_bytes(&self) -> (u64, u64) {
        let (files, bytes, names) = self.committed;
        let held = |bytes: u64| self.held * bytes / files.max(1);
        (held(bytes), held(names))
    }
}

/// A manifest with a count. It stands for one whose files hold rows of more partitions than those that are here.
#[derive(Debug)]
pub struct CountingManifest<M> {
    inner: M,
    /// So many partitions stand for each one.
    partitions: u64,
    counts: Mutex<ManifestCounts>,
    listed: Mutex<Listed>,
}

impl ManifestCounts {
    /// Adds what came since.
    pub(crate) fn add(&mut self, other: ManifestCounts) {
        self.commits += other.commits;
        self.commit_write_units += other.commit_write_units;
        self.write_units += other.write_units;
        self.half_read_units += other.half_read_units;
    }
}

impl<M> CountingManifest<M> {
    /// Counts from zero over a manifest that is empty; each partition stands for so many.
    pub fn new(inner: M, partitions: u64) -> CountingManifest<M> {
        let partitions = partitions.max(1);
        CountingManifest { inner, partitions, counts: Mutex::default(), listed: Mutex::default() }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> ManifestCounts {
        std::mem::take(&mut lock(&self.counts))
    }

    /// From now on so many files more are listed, each as large as those that were committed, and named by each generation.
    pub fn hold(&self, files: u64) {
        lock(&self.listed).held = files;
    }

    fn file_bytes(&self, file: &LandingFile) -> u64 {
        let entry = |(partition, rows): &(Partition, u32)| (partition.folder().len() + digits(*rows) + 2) as u64;
        let entries: u64 = file.rows.iter().map(entry).sum();
        ITEM_BYTES + file.name.len() as u64 + entries * self.partitions
    }

    fn generation_bytes(&self, generation: &Generation, absorbed: u64) -> u64 {
        let files: u64 = generation.files.iter().map(|file| file.name.len() as u64 + 20).sum();
        ITEM_BYTES + files + absorbed + lock(&self.listed).held_bytes().1
    }

    fn read(&self, bytes: u64) {
        lock(&self.counts).half_read_units += half_read_units(bytes, true);
    }

    /// The list of files is read whole.
    fn read_files(&self) {
        let listed = lock(&self.listed);
        let bytes = listed.files.iter().map(|(_, bytes)| bytes).sum::<u64>() + listed.held_bytes().0;
        drop(listed);
        self.read(bytes);
    }

    /// A generation names the files that it took, until they are forgotten.
    fn read_generations(&self) {
        let listed = lock(&self.listed);
        let bytes = listed.generations + listed.held_bytes().1;
        drop(listed);
        self.read(bytes * self.partitions);
    }

    fn write(&self, bytes: u64) {
        lock(&self.counts).write_units += write_units(bytes);
    }
}

impl<M: Manifest> Manifest for CountingManifest<M> {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        self.write(ITEM_BYTES);
        self.inner.next_writer().await
    }

    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        self.read(ITEM_BYTES);
        self.inner.watermark(shard).await
    }

    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        self.read(ITEM_BYTES);
        self.inner.watermarks().await
    }

    /// The shard's watermark with the file's name, and the file with its rows, in one transaction.
    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        let file = commit.file.clone();
        let name = file.as_ref().map_or(0, |file| file.name.len() as u64);
        let watermark = write_units(ITEM_BYTES + commit.shard.len() as u64 + name);
        let committed = self.inner.commit(commit).await?;
        let units =
            file.as_ref().map_or(watermark, |file| TRANSACTED * (watermark + write_units(self.file_bytes(file))));
        let mut counts = lock(&self.counts);
        counts.commits += 1;
        counts.commit_write_units += units;
        if let (Some(file), Committed::Done) = (file, committed) {
            let (bytes, mut listed) = (self.file_bytes(&file), lock(&self.listed));
            let (files, all_bytes, names) = listed.committed;
            listed.committed = (files + 1, all_bytes + bytes, names + file.name.len() as u64 + 1);
            listed.files.push((file.name, bytes));
        }
        Ok(committed)
    }

    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        self.read(ITEM_BYTES);
        self.inner.is_listed(file).await
    }

    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        self.read_generations();
        self.read_files();
        self.inner.backlog().await
    }

    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        let generation = self.inner.generation(partition).await?;
        self.read(self.generation_bytes(&generation, 0));
        self.read_files();
        self.inner.pending(partition).await
    }

    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        let generation = self.inner.generation(partition).await?;
        self.read(self.generation_bytes(&generation, 0));
        Ok(generation)
    }

    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.read_generations();
        self.inner.generations().await
    }

    async fn unsettled(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.read_generations();
        self.inner.unsettled().await
    }

    async fn note_settled(&self, partition: &Partition, generation: u64) -> Result<(), ManifestError> {
        self.write(ITEM_BYTES);
        self.inner.note_settled(partition, generation).await
    }

    /// The list of files is read once, each partition's generation is read and replaced.
    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        self.read_files();
        for publication in &publications {
            let absorbed = publication.absorbed.iter().map(|file| file.len() as u64 + 1).sum();
            let bytes = self.generation_bytes(&publication.generation, absorbed);
            self.read(bytes);
            self.write(bytes);
            lock(&self.listed).generations += absorbed;
        }
        self.inner.publish(publications).await
    }

    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        self.read_generations();
        self.read_files();
        self.inner.absorbed().await
    }

    /// What is absorbed is looked up again, then each file's item is deleted.
    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        self.read_generations();
        self.read_files();
        for file in &files {
            let mut listed = lock(&self.listed);
            let at = listed.files.iter().position(|(name, _)| name == file);
            let bytes = at.map_or(0, |at| listed.files.swap_remove(at).1);
            listed.generations = listed.generations.saturating_sub(file.len() as u64 + 1);
            drop(listed);
            self.write(bytes);
        }
        self.inner.forget(files).await
    }
}

fn digits(number: u32) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}
