//! Compaction: what landed becomes published days, each event once, each day whole.
//!
//! A partition goes through these steps, and the order makes a crash after any of them harmless:
//!
//! 1. The next generation is written, whole and durable, to where it waits. Until step 2 it is waste.
//! 2. The manifest publishes it: one transaction {generation g → g + 1, its landing rows no longer pending}. From here it is
//!    the truth, though readers do not see it yet: nothing but [`settle`] touches what waits.
//! 3. The waiting and the published generation change places. Opening the lake, or compacting again, does so if a crash
//!    or a failure came before.
//! 4. The old generation, now the one that waits, is deleted.
//! 5. Landing files with no pending rows are deleted, then forgotten.
//!
//! Memory is bounded whatever the size of a day: a day is worked on in slices of learner buckets, and small days together.
//!
//! [`Compactor::run`] does all of it in one go, of whatever is pending. Where each step is a call of its own, by a workflow
//! that calls them from several processes, they are `settle`, `plan`, then for each partition `compact_partition` and
//! `show_partition`, and `finish`. Each may be repeated, and two workflows may meet: of two generations on the same base one
//! is published. A plan may leave late rows of past days for a later one ([`Take`]), where rewriting a day costs money.

mod order;
mod plan;
mod slice;
mod steps;
mod take;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Mutex;

use crate::beyond::{Beyond, ids_of};
use crate::error::LakeError;
use crate::landing::sweep;
use crate::manifest::{Manifest, Published};
use crate::partition::Partition;
use crate::storage::Storage;
use plan::{PartitionPlan, Task, into_tasks};

pub use steps::PartitionCompacted;
pub use take::Take;

/// So many rows are worked on at once by one worker: about 75 MB.
const SLICE_ROWS: u64 = 125_000;
const MAX_WORKERS: usize = 4;

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// How many partitions have a new generation.
    pub partitions: usize,
    /// How many landed rows they took.
    pub landed_rows: u64,
    /// How many rows their generations have now, each event once.
    pub published_rows: u64,
}

/// What follows when a generation is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Readers see it at once.
    Show,
    /// Somebody else shows it.
    Wait,
}

/// Publishes what landed.
pub struct Compactor<M, S> {
    manifest: Arc<M>,
    storage: Arc<S>,
    slice_rows: u64,
    workers: usize,
    /// One compaction at a time.
    running: Mutex<()>,
    /// The last one failed or was dropped: it may have published what it did not show.
    was_cut_short: AtomicBool,
}

impl<M: Manifest, S: Storage> Compactor<M, S> {
    /// A compactor of a lake; call [`Compactor::recover`] before anything else when the lake has just been opened.
    pub fn new(manifest: Arc<M>, storage: Arc<S>) -> Compactor<M, S> {
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_WORKERS));
        let (running, was_cut_short) = (Mutex::default(), AtomicBool::new(false));
        Compactor { manifest, storage, slice_rows: SLICE_ROWS, workers, running, was_cut_short }
    }

    /// So many tasks are worked on at once. With one, calls to the manifest and the storage come one at a time, in an
    /// order that depends on what the lake holds alone.
    pub fn with_workers(mut self, workers: usize) -> Compactor<M, S> {
        self.workers = workers.max(1);
        self
    }

    /// A worker holds about so many rows at once; a larger day is cut into slices.
    pub fn with_slice_rows(mut self, slice_rows: u64) -> Compactor<M, S> {
        self.slice_rows = slice_rows.max(1);
        self
    }

    /// Ends what a crash cut short: shows generations that are published but not seen yet, deletes what nothing lists.
    pub async fn recover(&self) -> Result<(), LakeError> {
        let _running = self.running.lock().await;
        self.settle_all().await?;
        self.storage.remove_waste().await?;
        self.remove_absorbed().await?;
        let swept = sweep(&*self.storage, &*self.manifest).await?;
        if swept > 0 {
            tracing::info!(files = swept, "deleted landing files that were never committed");
        }
        Ok(())
    }

    /// Publishes every partition that has pending rows, or of which more events have come to be known as beyond state.
    /// What lands meanwhile waits for the next time. After a failure call it again: partitions that were done stay done.
    /// Once this is dropped, no further call is made.
    pub async fn run(&self, beyond: &Beyond) -> Result<Compacted, LakeError> {
        let _running = self.running.lock().await;
        if self.was_cut_short.swap(true, Ordering::AcqRel) {
            self.settle_all().await?;
        }
        let tasks = into_tasks(self.plan_all(beyond).await?, self.slice_rows);
        let compacted = self.work_off(tasks.into(), Then::Show).await?;
        self.was_cut_short.store(false, Ordering::Release);
        self.remove_absorbed().await?;
        Ok(compacted)
    }

    /// Some tasks at a time. After a failure none is begun any more, and those under way are awaited.
    async fn work_off(&self, mut tasks: VecDeque<Task>, then: Then) -> Result<Compacted, LakeError> {
        let (mut workers, mut compacted) = (FuturesUnordered::new(), Ok(Compacted::default()));
        loop {
            while compacted.is_ok() && workers.len() < self.workers {
                let Some(task) = tasks.pop_front() else { break };
                workers.push(self.work(task, then));
            }
            let Some(done) = workers.next().await else { return compacted };
            compacted = compacted.and_then(|before| Ok(before.and(done?)));
        }
    }

    async fn settle_all(&self) -> Result<(), LakeError> {
        for (partition, generation) in self.manifest.generations().await? {
            settle(&*self.storage, &partition, generation).await?;
        }
        Ok(())
    }

    async fn plan_all(&self, beyond: &Beyond) -> Result<Vec<Arc<PartitionPlan>>, LakeError> {
        let dirty = self.manifest.dirty().await?.into_iter().map(|(partition, _)| partition);
        let partitions: BTreeSet<Partition> = dirty.chain(beyond.keys().cloned()).collect();
        let mut plans = Vec::new();
        for partition in partitions {
            plans.extend(self.plan_of(&partition, beyond).await?);
        }
        Ok(plans)
    }

    /// `None` if nothing of the partition is to be done.
    async fn plan_of(&self, partition: &Partition, beyond: &Beyond) -> Result<Option<Arc<PartitionPlan>>, LakeError> {
        // The base first: what is pending may only be newer, and the publication fails if the base is.
        let base = self.manifest.generation(partition).await?;
        let pending = self.manifest.pending(partition).await?;
        let beyond = ids_of(beyond, partition);
        if pending.is_empty() && (base.number == 0 || base.beyond == beyond.len() as u64) {
            return Ok(None);
        }
        settle(&*self.storage, partition, base.number).await?;
        let generation = self.storage.claim(partition, base.number).await?;
        let plan = PartitionPlan::new(partition.clone(), base, generation, pending, beyond, self.slice_rows);
        Ok(Some(Arc::new(plan)))
    }

    /// Writes the task's slices, publishes the partitions whose last slice this was, and lets readers see them.
    async fn work(&self, task: Task, then: Then) -> Result<Compacted, LakeError> {
        let task = Arc::new(task);
        slice::write(&*self.storage, &task, self.workers).await?;
        let complete = task.units.iter().filter(|unit| unit.completes_its_partition());
        let plans: Vec<&PartitionPlan> = complete.map(|unit| &*unit.plan).collect();
        if plans.is_empty() { Ok(Compacted::default()) } else { self.publish(plans, then).await }
    }

    async fn publish(&self, plans: Vec<&PartitionPlan>, then: Then) -> Result<Compacted, LakeError> {
        for plan in &plans {
            self.storage.make_durable(&plan.partition).await?;
        }
        let published = self.manifest.publish(plans.iter().map(|plan| plan.publication()).collect()).await?;
        let published = plans.into_iter().zip(published).filter(|(_, published)| *published == Published::Done);
        let plans: Vec<&PartitionPlan> = published.map(|(plan, _)| plan).collect();
        if then == Then::Show {
            self.show(&plans).await?;
        }
        Ok(plans.into_iter().map(Compacted::of).fold(Compacted::default(), Compacted::and))
    }

    async fn show(&self, plans: &[&PartitionPlan]) -> Result<(), LakeError> {
        for plan in plans {
            self.storage.show(&plan.partition, plan.generation).await?;
        }
        for plan in plans {
            self.storage.remove_waiting(&plan.partition).await?;
        }
        Ok(())
    }

    /// Answers how many.
    async fn remove_absorbed(&self) -> Result<usize, LakeError> {
        let files = self.manifest.absorbed().await?;
        if files.is_empty() {
            return Ok(0);
        }
        for file in &files {
            self.storage.remove_landing(file).await?;
        }
        let removed = files.len();
        self.manifest.forget(files).await?;
        Ok(removed)
    }
}

/// Makes the storage say what the manifest says: shows the generation if it is still waiting, and deletes whatever else
/// waits. Doing it again changes nothing.
async fn settle(storage: &impl Storage, partition: &Partition, generation: u64) -> Result<(), LakeError> {
    if generation > 0 {
        storage.show(partition, generation).await?;
    }
    storage.remove_waiting(partition).await
}

impl Compacted {
    fn of(plan: &PartitionPlan) -> Compacted {
        Compacted {
            partitions: 1,
            landed_rows: plan.pending.iter().map(|pending| u64::from(pending.rows)).sum(),
            published_rows: plan.publication().generation.rows(),
        }
    }

    fn and(self, other: Compacted) -> Compacted {
        Compacted {
            partitions: self.partitions + other.partitions,
            landed_rows: self.landed_rows + other.landed_rows,
            published_rows: self.published_rows + other.published_rows,
        }
    }
}

#[cfg(test)]
mod tests;
