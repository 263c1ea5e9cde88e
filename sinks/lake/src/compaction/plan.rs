//! What to read and write: partitions cut into slices of learner buckets, small partitions put together.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use tokio::sync::OnceCell;
use trilha_schemas::ids::Bucket;

use crate::beyond::Ids;
use crate::manifest::{Generation, PendingRows, Publication, PublishedFile};
use crate::partition::Partition;
use crate::storage::part_name;

/// One partition's way to its next generation.
pub(crate) struct PartitionPlan {
    pub(crate) partition: Partition,
    /// The generation that is published.
    pub(crate) base: Generation,
    /// What landed since.
    pub(crate) pending: Vec<PendingRows>,
    /// The events that are beyond state.
    pub(crate) beyond: Ids,
    /// The next generation's number.
    pub(crate) generation: u64,
    /// The learner buckets of each slice. An event has one learner, so all its copies meet in one slice.
    slices: Vec<RangeInclusive<u16>>,
    slices_left: AtomicUsize,
    /// The pending rows, where the first slice reads them for all.
    pub(crate) landed: OnceCell<Vec<RecordBatch>>,
    is_read_once: bool,
    written: Mutex<Vec<PublishedFile>>,
}

/// Work for one worker: about [`super::SLICE_ROWS`] rows, in one pass over the landing files.
pub(crate) struct Task {
    pub(crate) units: Vec<Unit>,
}

/// One slice of one partition: one file of the new generation.
pub(crate) struct Unit {
    pub(crate) plan: Arc<PartitionPlan>,
    slice: usize,
}

impl PartitionPlan {
    pub(crate) fn new(
        partition: Partition,
        base: Generation,
        generation: u64,
        pending: Vec<PendingRows>,
        beyond: Ids,
        slice_rows: u64,
    ) -> PartitionPlan {
        let slices = slices(rows(&base, &pending).div_ceil(slice_rows));
        let slices_left = AtomicUsize::new(slices.len());
        let is_read_once = slices.len() > 1 && pending_rows(&pending) <= slice_rows;
        let (landed, written) = (OnceCell::new(), Mutex::default());
        PartitionPlan {
            partition,
            base,
            pending,
            beyond,
            generation,
            slices,
            slices_left,
            landed,
            is_read_once,
            written,
        }
    }

    /// Whether what landed is read once for all slices, not by each: the day is cut, and what landed of it is no more than a
    /// slice. So a day of which a little has landed costs one read of each landing file.
    pub(crate) fn is_read_once(&self) -> bool {
        self.is_read_once
    }

    /// The finished generation.
    pub(crate) fn publication(&self) -> Publication {
        let mut files = self.written.lock().unwrap_or_else(PoisonError::into_inner).clone();
        files.sort_by_key(|file| *file.buckets.start());
        Publication {
            partition: self.partition.clone(),
            previous: self.base.number,
            generation: Generation { number: self.generation, files, beyond: self.beyond.len() as u64 },
            absorbed: self.pending.iter().map(|pending| pending.file.clone()).collect(),
        }
    }
}

fn rows(base: &Generation, pending: &[PendingRows]) -> u64 {
    base.rows() + pending_rows(pending)
}

fn pending_rows(pending: &[PendingRows]) -> u64 {
    pending.iter().map(|pending| u64::from(pending.rows)).sum()
}

/// At least so many slices of equal width; a power of two, so that a file of one generation is never cut by two slices of a
/// later one but in halves.
fn slices(at_least: u64) -> Vec<RangeInclusive<u16>> {
    let count = at_least.clamp(1, u64::from(Bucket::COUNT)).next_power_of_two() as u16;
    let width = Bucket::COUNT / count;
    (0..count).map(|slice| slice * width..=slice * width + (width - 1)).collect()
}

impl Unit {
    pub(crate) fn buckets(&self) -> RangeInclusive<u16> {
        self.plan.slices[self.slice].clone()
    }

    /// Whether its partition is not cut.
    pub(crate) fn is_whole_partition(&self) -> bool {
        self.plan.slices.len() == 1
    }

    /// The file's name.
    pub(crate) fn file_name(&self) -> String {
        part_name(self.plan.generation, self.slice)
    }

    /// Notes that the file is written, with so many rows.
    pub(crate) fn written(&self, rows: u64) {
        let file = PublishedFile { name: self.file_name(), rows, buckets: self.buckets() };
        self.plan.written.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }

    /// Counts the slice as done; true for the last one of its partition.
    pub(crate) fn completes_its_partition(&self) -> bool {
        self.plan.slices_left.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

/// Each slice of a large partition for itself; small partitions together, up to so many rows.
pub(crate) fn into_tasks(plans: Vec<Arc<PartitionPlan>>, slice_rows: u64) -> Vec<Task> {
    let mut tasks = Vec::new();
    let (mut small, mut small_rows) = (Vec::new(), 0);
    for plan in plans {
        if plan.slices.len() > 1 {
            let unit = |slice| Task { units: vec![Unit { plan: plan.clone(), slice }] };
            tasks.extend((0..plan.slices.len()).map(unit));
            continue;
        }
        let rows = rows(&plan.base, &plan.pending);
        if small_rows + rows > slice_rows && !small.is_empty() {
            tasks.push(Task { units: std::mem::take(&mut small) });
            small_rows = 0;
        }
        small_rows += rows;
        small.push(Unit { plan, slice: 0 });
    }
    if !small.is_empty() {
        tasks.push(Task { units: small });
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::Day;

    fn plan(day: i32, rows: u32) -> Arc<PartitionPlan> {
        let pending = vec![PendingRows { file: "f".to_string(), first_row: 0, rows }];
        let partition = Partition { tenant: "a".to_string(), day: Day::Date(day) };
        Arc::new(PartitionPlan::new(partition, Generation::default(), 1, pending, Ids::new(), 100))
    }

    #[test]
    fn slices_cover_every_bucket_once() {
        for at_least in [0, 1, 2, 3, 100, 4096, 1_000_000] {
            let slices = slices(at_least);
            assert!(slices.len() as u64 >= at_least.min(4096));
            let buckets: Vec<u16> = slices.into_iter().flatten().collect();
            assert_eq!(buckets, (0..4096).collect::<Vec<u16>>());
        }
    }

    #[test]
    fn large_days_are_cut_and_small_ones_put_together() {
        let tasks = into_tasks(vec![plan(1, 60), plan(2, 250), plan(3, 30), plan(4, 20)], 100);
        let days: Vec<Vec<Day>> =
            tasks.iter().map(|task| task.units.iter().map(|unit| unit.plan.partition.day).collect()).collect();
        let day = Day::Date;
        let (cut, together) = ([vec![day(2)], vec![day(2)], vec![day(2)], vec![day(2)]], [vec![day(1), day(3)]]);
        assert_eq!(days, [&cut[..], &together[..], &[vec![day(4)]]].concat());
    }

    #[test]
    fn a_partition_is_complete_with_its_last_slice_alone() {
        let tasks = into_tasks(vec![plan(2, 250)], 100);
        let complete: Vec<bool> = tasks.iter().map(|task| task.units[0].completes_its_partition()).collect();
        assert_eq!(complete, [false, false, false, true]);
    }
}
