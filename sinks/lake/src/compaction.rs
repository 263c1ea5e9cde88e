//! Compaction: what landed becomes published days, each event once, each day whole.
//!
//! A partition goes through these steps, and the order makes a crash after any of them harmless:
//!
//! 1. The next generation is written, whole and durable, into the waiting folder. Until step 2 it is waste.
//! 2. The manifest publishes it: one transaction {generation g → g + 1, its landing rows no longer pending}. From here it is
//!    the truth, though readers do not see it yet: nothing but [`settle`](publish::settle) touches the waiting folder.
//! 3. The waiting and the published folder change places. Opening the lake, or compacting the partition again, does so
//!    if a crash came before.
//! 4. The old generation, now in the waiting folder, is deleted.
//! 5. Landing files with no pending rows are deleted, then forgotten.
//!
//! Memory is bounded whatever the size of a day: a day is worked on in slices of learner buckets, and small days together.

mod order;
mod plan;
mod publish;
mod read;
mod slice;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinSet;

use crate::beyond::{Beyond, ids_of};
use crate::error::{LakeError, blocking};
use crate::folder::{LakeFolder, remove_file};
use crate::landing::sweep;
use crate::manifest::{Manifest, Published};
use crate::partition::Partition;
use plan::{PartitionPlan, Task, Unit, into_tasks};

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

/// Publishes what landed.
pub struct Compactor<M> {
    manifest: Arc<M>,
    folder: LakeFolder,
    slice_rows: u64,
    workers: usize,
    /// One compaction at a time; workers keep it locked until the last of them is done, even when the caller is gone.
    running: Arc<Mutex<()>>,
    after_step: Option<AfterStep>,
}

/// What a partition's compaction has done so far; tests stop after each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Prepared,
    SliceWritten,
    Published,
    Exchanged,
    OldRemoved,
    LandingRemoved,
    Forgotten,
}

pub(crate) type AfterStep = Arc<dyn Fn(Step) -> Result<(), LakeError> + Send + Sync>;

impl<M: Manifest> Compactor<M> {
    /// A compactor of a lake; call [`Compactor::recover`] before anything else when the lake has just been opened.
    pub fn new(manifest: Arc<M>, folder: LakeFolder) -> Compactor<M> {
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_WORKERS));
        let running = Arc::new(Mutex::new(()));
        Compactor { manifest, folder, slice_rows: SLICE_ROWS, workers, running, after_step: None }
    }

    #[cfg(test)]
    pub(crate) fn with_slice_rows(mut self, slice_rows: u64) -> Compactor<M> {
        self.slice_rows = slice_rows;
        self
    }

    #[cfg(test)]
    pub(crate) fn with_after_step(mut self, after_step: AfterStep) -> Compactor<M> {
        self.after_step = Some(after_step);
        self
    }

    /// Ends what a crash cut short: shows generations that are published but not seen yet, deletes what nothing lists.
    pub async fn recover(&self) -> Result<(), LakeError> {
        let _running = self.running.lock().await;
        for (partition, generation) in self.manifest.generations().await? {
            let folder = self.folder.clone();
            blocking(move || publish::settle(&folder, &partition, generation)).await?;
        }
        let folder = self.folder.clone();
        blocking(move || publish::remove_waste(&folder)).await?;
        self.remove_absorbed().await?;
        let swept = sweep(&self.folder.landing(), &*self.manifest).await?;
        if swept > 0 {
            tracing::info!(files = swept, "deleted landing files that were never committed");
        }
        Ok(())
    }

    /// Publishes every partition that has pending rows, or of which more events have come to be known as beyond state. What
    /// lands meanwhile waits for the next time. After a failure call it again: partitions that were done stay done.
    pub async fn run(&self, beyond: &Beyond) -> Result<Compacted, LakeError> {
        let running = Arc::new(self.running.clone().lock_owned().await);
        let mut tasks = VecDeque::from(into_tasks(self.plan(beyond).await?, self.slice_rows));
        let (mut workers, mut compacted, mut result) = (JoinSet::new(), Compacted::default(), Ok(()));
        loop {
            while result.is_ok() && workers.len() < self.workers {
                let Some(task) = tasks.pop_front() else { break };
                self.start(&mut workers, task, running.clone());
            }
            let Some(done) = workers.join_next().await else { break };
            // After a failure the other workers are awaited, so that none writes behind the caller's back.
            if let Err(error) = self.finish(done.map_err(LakeError::from).flatten(), &mut compacted).await {
                result = result.and(Err(error));
            }
        }
        result?;
        self.remove_absorbed().await?;
        Ok(compacted)
    }

    async fn plan(&self, beyond: &Beyond) -> Result<Vec<Arc<PartitionPlan>>, LakeError> {
        let dirty = self.manifest.dirty().await?.into_iter().map(|(partition, _)| partition);
        let partitions: BTreeSet<Partition> = dirty.chain(beyond.keys().cloned()).collect();
        let mut plans = Vec::new();
        for partition in partitions {
            let base = self.manifest.generation(&partition).await?;
            let pending = self.manifest.pending(&partition).await?;
            let beyond = ids_of(beyond, &partition);
            let is_flagged = base.number == 0 || base.beyond == beyond.len() as u64;
            if !pending.is_empty() || !is_flagged {
                plans.push(Arc::new(PartitionPlan::new(partition, base, pending, beyond, self.slice_rows)));
            }
        }
        let (folder, prepared) = (self.folder.clone(), plans.clone());
        blocking(move || prepared.iter().try_for_each(|plan| publish::prepare(&folder, plan))).await?;
        self.reached(Step::Prepared)?;
        Ok(plans)
    }

    fn start(&self, workers: &mut JoinSet<Result<Task, LakeError>>, task: Task, running: Arc<OwnedMutexGuard<()>>) {
        let (folder, after_step) = (self.folder.clone(), self.after_step.clone());
        workers.spawn_blocking(move || {
            let _running = running;
            slice::write(&folder, &task)?;
            after_step.map_or(Ok(()), |after_step| after_step(Step::SliceWritten))?;
            Ok(task)
        });
    }

    /// Publishes the partitions whose last slice this was, and lets readers see them.
    async fn finish(&self, task: Result<Task, LakeError>, compacted: &mut Compacted) -> Result<(), LakeError> {
        let units = task?.units.into_iter().filter(Unit::completes_its_partition);
        let plans: Vec<Arc<PartitionPlan>> = units.map(|unit| unit.plan).collect();
        let (folder, complete) = (self.folder.clone(), plans.clone());
        blocking(move || complete.iter().try_for_each(|plan| publish::make_durable(&folder, plan))).await?;
        let published = self.manifest.publish(plans.iter().map(|plan| plan.publication()).collect()).await?;
        self.reached(Step::Published)?;
        let published = plans.into_iter().zip(published).filter(|(_, published)| *published == Published::Done);
        let plans: Vec<Arc<PartitionPlan>> = published.map(|(plan, _)| plan).collect();
        plans.iter().for_each(|plan| compacted.add(plan));
        self.show(plans).await
    }

    async fn show(&self, plans: Vec<Arc<PartitionPlan>>) -> Result<(), LakeError> {
        let plans = Arc::new(plans);
        let (folder, shown) = (self.folder.clone(), plans.clone());
        blocking(move || shown.iter().try_for_each(|plan| publish::exchange(&folder, plan))).await?;
        self.reached(Step::Exchanged)?;
        let folder = self.folder.clone();
        blocking(move || plans.iter().try_for_each(|plan| publish::remove_old(&folder, &plan.partition))).await?;
        self.reached(Step::OldRemoved)
    }

    async fn remove_absorbed(&self) -> Result<(), LakeError> {
        let files = self.manifest.absorbed().await?;
        if files.is_empty() {
            return Ok(());
        }
        let paths: Vec<_> = files.iter().map(|file| self.folder.landing().join(file)).collect();
        blocking(move || paths.iter().try_for_each(|path| remove_file(path))).await?;
        self.reached(Step::LandingRemoved)?;
        self.manifest.forget(files).await?;
        self.reached(Step::Forgotten)
    }

    fn reached(&self, step: Step) -> Result<(), LakeError> {
        self.after_step.as_ref().map_or(Ok(()), |after_step| after_step(step))
    }
}

impl Compacted {
    fn add(&mut self, plan: &PartitionPlan) {
        self.partitions += 1;
        self.landed_rows += plan.pending.iter().map(|pending| u64::from(pending.rows)).sum::<u64>();
        self.published_rows += plan.publication().generation.files.iter().map(|file| file.rows).sum::<u64>();
    }
}

#[cfg(test)]
mod tests;
