//! The steps of a compaction as calls of their own, for a workflow that makes them from several processes.

use std::sync::Arc;

use super::plan::into_tasks;
use super::{Compactor, Take, Then, settle};
use crate::beyond::{Beyond, ids_of};
use crate::error::LakeError;
use crate::landing::sweep;
use crate::manifest::Manifest;
use crate::partition::Partition;
use crate::storage::Storage;

/// What the compaction of one partition came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionCompacted {
    /// The generation that the manifest names now.
    pub generation: u64,
    /// How many landed rows this call put into it: none if there were none, or if another call was faster.
    pub landed_rows: u64,
    /// How many rows it has now, if this call published it.
    pub published_rows: u64,
}

impl<M: Manifest, S: Storage> Compactor<M, S> {
    /// Ends what a crash cut short, and removes what waited for its time: every generation that is not settled is shown,
    /// and what else waits of its partition goes. What fails of one partition leaves the others alone; the first failure is
    /// the answer.
    pub async fn settle(&self) -> Result<(), LakeError> {
        let _running = self.running.lock().await;
        self.settle_unsettled().await
    }

    async fn settle_unsettled(&self) -> Result<(), LakeError> {
        let mut settled = Ok(());
        for (partition, generation) in self.manifest.unsettled().await? {
            let done = self.settle_one(&partition, generation).await;
            settled = settled.and(done);
        }
        settled
    }

    async fn settle_one(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        settle(&*self.storage, partition, generation).await?;
        if !self.storage.still_waits(partition).await? {
            self.manifest.note_settled(partition, generation).await?;
        }
        Ok(())
    }

    /// The partitions that want a new generation and need not wait for it, in order: rows of them are pending, or more of
    /// their events have come to be known as beyond state.
    pub async fn plan(&self, beyond: &Beyond, take: Take) -> Result<Vec<Partition>, LakeError> {
        let mut wanted = take.of(&self.manifest.backlog().await?);
        for partition in beyond.keys().filter(|partition| !take.leaves_flags(partition)) {
            let ids = ids_of(beyond, partition).len() as u64;
            let base = self.manifest.generation(partition).await?;
            if base.number > 0 && base.beyond != ids {
                wanted.push(partition.clone());
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        Ok(wanted)
    }

    /// Writes a partition's next generation and publishes it in the manifest. Readers see it after
    /// [`Compactor::show_partition`].
    pub async fn compact_partition(
        &self,
        partition: &Partition,
        beyond: &Beyond,
    ) -> Result<PartitionCompacted, LakeError> {
        let _running = self.running.lock().await;
        let Some(plan) = self.plan_of(partition, beyond).await? else {
            return self.left_alone(partition).await;
        };
        let tasks = into_tasks(vec![Arc::clone(&plan)], self.slice_rows);
        let compacted = self.work_off(tasks.into(), Then::Wait).await?;
        if compacted.partitions == 0 {
            return self.left_alone(partition).await;
        }
        let (landed_rows, published_rows) = (compacted.landed_rows, compacted.published_rows);
        Ok(PartitionCompacted { generation: plan.generation, landed_rows, published_rows })
    }

    async fn left_alone(&self, partition: &Partition) -> Result<PartitionCompacted, LakeError> {
        let generation = self.manifest.generation(partition).await?.number;
        Ok(PartitionCompacted { generation, landed_rows: 0, published_rows: 0 })
    }

    /// Lets readers see the generation that the manifest names, and answers which that is: 0 for none.
    pub async fn show_partition(&self, partition: &Partition) -> Result<u64, LakeError> {
        let generation = self.manifest.generation(partition).await?.number;
        if generation > 0 {
            self.storage.show(partition, generation).await?;
        }
        Ok(generation)
    }

    /// Deletes the landing files whose rows are all published; answers how many.
    pub async fn finish(&self) -> Result<usize, LakeError> {
        let _running = self.running.lock().await;
        self.remove_absorbed().await
    }

    /// Deletes what nothing names: files of generations that came to nothing, and landing files that were never committed.
    /// It lists the whole lake, and is for now and then. Answers how many landing files went.
    pub async fn sweep(&self) -> Result<usize, LakeError> {
        let _running = self.running.lock().await;
        self.settle_unsettled().await?;
        self.storage.remove_waste().await?;
        sweep(&*self.storage, &*self.manifest).await
    }
}
