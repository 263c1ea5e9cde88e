//! The lake's storage, with the requests that S3 would be sent.

use std::sync::Mutex;

use bytes::Bytes;
use trilha_lake::storage::Storage;
use trilha_lake::{LakeError, Partition};

use super::lock;

/// Requests and bytes. What deletes is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageCounts {
    /// Landing files written.
    pub landing_puts: u64,
    /// Their bytes.
    pub landing_bytes: u64,
    /// Landing files read.
    pub landing_gets: u64,
    /// Part files of generations written.
    pub part_puts: u64,
    /// Their bytes.
    pub part_bytes: u64,
    /// Part files read.
    pub part_gets: u64,
    /// Bytes read, of landing and part files.
    pub read_bytes: u64,
    /// What moves a partition on to its next generation writes.
    pub pointer_puts: u64,
    /// … and reads.
    pub pointer_gets: u64,
}

/// A storage with a count.
#[derive(Debug, Default)]
pub struct CountingStorage<S> {
    inner: S,
    counts: Mutex<StorageCounts>,
}

impl StorageCounts {
    /// Adds what came since.
    pub(crate) fn add(&mut self, other: StorageCounts) {
        self.landing_puts += other.landing_puts;
        self.landing_bytes += other.landing_bytes;
        self.landing_gets += other.landing_gets;
        self.part_puts += other.part_puts;
        self.part_bytes += other.part_bytes;
        self.part_gets += other.part_gets;
        self.read_bytes += other.read_bytes;
        self.pointer_puts += other.pointer_puts;
        self.pointer_gets += other.pointer_gets;
    }
}

impl<S> CountingStorage<S> {
    /// Counts from zero.
    pub fn new(inner: S) -> CountingStorage<S> {
        CountingStorage { inner, counts: Mutex::default() }
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> StorageCounts {
        std::mem::take(&mut lock(&self.counts))
    }

    fn count(&self, count: impl FnOnce(&mut StorageCounts)) {
        count(&mut lock(&self.counts));
    }
}

impl<S: Storage> Storage for CountingStorage<S> {
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.count(|counts| {
            counts.landing_puts += 1;
            counts.landing_bytes += content.len() as u64;
        });
        self.inner.put_landing(name, content).await
    }

    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        let content = self.inner.get_landing(name).await?;
        self.count(|counts| {
            counts.landing_gets += 1;
            counts.read_bytes += content.len() as u64;
        });
        Ok(content)
    }

    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        self.count(|counts| counts.pointer_puts += 1);
        self.inner.list_landing().await
    }

    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        self.inner.remove_landing(name).await
    }

    /// The pointer is read, and replaced as it was read.
    async fn claim(&self, partition: &Partition, after: u64) -> Result<u64, LakeError> {
        self.count(|counts| {
            counts.pointer_gets += 1;
            counts.pointer_puts += 1;
        });
        self.inner.claim(partition, after).await
    }

    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.count(|counts| {
            counts.part_puts += 1;
            counts.part_bytes += content.len() as u64;
        });
        self.inner.put_part(partition, name, content).await
    }

    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        self.inner.make_durable(partition).await
    }

    /// The pointer is read, a part is looked for, the pointer is replaced.
    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        self.count(|counts| {
            counts.pointer_gets += 2;
            counts.pointer_puts += 1;
        });
        self.inner.show(partition, generation).await
    }

    /// One generation grows old for each that is shown: the pointer is read and replaced before and after its folder is
    /// listed and deleted.
    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        self.count(|counts| {
            counts.pointer_gets += 2;
            counts.pointer_puts += 3;
        });
        self.inner.remove_waiting(partition).await
    }

    async fn still_waits(&self, partition: &Partition) -> Result<bool, LakeError> {
        self.count(|counts| counts.pointer_gets += 1);
        self.inner.still_waits(partition).await
    }

    async fn remove_waste(&self) -> Result<(), LakeError> {
        self.count(|counts| counts.pointer_puts += 1);
        self.inner.remove_waste().await
    }

    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        let content = self.inner.get_part(partition, name).await?;
        self.count(|counts| {
            counts.part_gets += 1;
            counts.read_bytes += content.len() as u64;
        });
        Ok(content)
    }
}
