//! The steps as calls of their own, made by a new process each.

use super::*;
use crate::compaction::PartitionCompacted;

type FaultyBench = Bench<Faulty<MemoryManifest>, Faulty<MemoryStorage>>;

struct Workflow {
    faults: Arc<Faults>,
    bench: FaultyBench,
}

impl Workflow {
    /// One published day of 20 rows; then 15 more rows of it have landed, and 15 of another day.
    async fn half_published() -> Workflow {
        let faults = Arc::default();
        let manifest = Faulty::new(MemoryManifest::default(), &faults);
        let bench = Bench::over(manifest, Faulty::new(MemoryStorage::default(), &faults)).await;
        let mut workflow = Workflow { faults, bench };
        workflow.bench.land((0..20).map(|act| row(act as u8 * 11, act, 0)).collect()).await;
        workflow.run().await.unwrap();
        let late = (0..30).map(|act| at_day(row(act as u8 * 7, 100 + act, 0), i64::from(act % 2)));
        workflow.bench.land(late.collect()).await;
        workflow
    }

    fn process(&self) -> Compactor<Faulty<MemoryManifest>, Faulty<MemoryStorage>> {
        self.bench.compactor().with_workers(1).with_slice_rows(10)
    }

    async fn run(&self) -> Result<(), LakeError> {
        self.process().settle().await?;
        for partition in self.process().plan(&Beyond::new(), Take::All).await? {
            self.process().compact_partition(&partition, &Beyond::new()).await?;
            self.process().show_partition(&partition).await?;
        }
        self.process().finish().await?;
        Ok(())
    }

    fn check(&self, events: usize, case: &str) {
        let mut ids: Vec<_> = self.bench.published().into_iter().map(|(_, row)| row.event.id).collect();
        assert_eq!(ids.len(), events, "{case}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), self.bench.landing_files(), self.bench.waiting()), (events, 0, 0), "{case}");
    }
}

fn monday() -> Partition {
    Partition { tenant: "acme".into(), day: crate::Day::of(&row(0, 0, 0).event) }
}

#[tokio::test]
async fn the_steps_one_after_the_other_do_what_a_run_does() {
    let workflow = Workflow::half_published().await;
    let process = workflow.process();
    let planned = process.plan(&Beyond::new(), Take::All).await.unwrap();
    assert_eq!(planned.len(), 2);
    let compacted = process.compact_partition(&planned[0], &Beyond::new()).await.unwrap();
    assert_eq!(compacted, PartitionCompacted { generation: 2, landed_rows: 15, published_rows: 35 });
    assert_eq!(workflow.bench.published().len(), 20, "it is published, and not shown yet");
    assert_eq!(process.show_partition(&planned[0]).await.unwrap(), 2);
    assert_eq!(workflow.bench.published().len(), 35);
    let again = process.compact_partition(&planned[0], &Beyond::new()).await.unwrap();
    assert_eq!(again, PartitionCompacted { generation: 2, landed_rows: 0, published_rows: 0 });
    assert_eq!(process.finish().await.unwrap(), 0, "the file has rows of the other day");
    process.compact_partition(&planned[1], &Beyond::new()).await.unwrap();
    process.show_partition(&planned[1]).await.unwrap();
    assert_eq!(process.finish().await.unwrap(), 1);
    assert!(process.plan(&Beyond::new(), Take::All).await.unwrap().is_empty());
    process.settle().await.unwrap();
    workflow.check(50, "steps");
    assert!(workflow.bench.manifest.inner.unsettled().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_published_and_not_shown_is_shown_by_the_next_settling() {
    let workflow = Workflow::half_published().await;
    let process = workflow.process();
    process.compact_partition(&monday(), &Beyond::new()).await.unwrap();
    workflow.process().settle().await.unwrap();
    assert_eq!(workflow.bench.published().len(), 35);
}

#[tokio::test]
async fn a_partition_is_planned_when_more_of_its_events_are_known_beyond_state() {
    let workflow = Workflow::half_published().await;
    workflow.run().await.unwrap();
    let beyond = Beyond::from([(monday(), [row(11, 1, 0).event.id].into())]);
    assert_eq!(workflow.process().plan(&beyond, Take::All).await.unwrap(), [monday()]);
    workflow.process().compact_partition(&monday(), &beyond).await.unwrap();
    assert!(workflow.process().plan(&beyond, Take::All).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_late_of_a_day_that_is_over_waits_and_keeps_its_landing_file() {
    let mut workflow = Workflow::half_published().await;
    workflow.run().await.unwrap();
    let late = (0..2).map(|act| at_day(row(act as u8 * 9, 200 + act, 0), i64::from(act)));
    workflow.bench.land(late.collect()).await;
    let beyond = Beyond::from([(monday(), [row(11, 1, 0).event.id].into())]);
    let at = |days: i64, hours: i64| Take::Due { now_millis: MONDAY_MILLIS + (24 * days + hours) * 3_600_000 };
    let days = workflow.process().plan(&beyond, Take::All).await.unwrap();
    assert_eq!(days.len(), 2);
    assert_eq!(workflow.process().plan(&beyond, at(1, 1)).await.unwrap(), days);
    assert_eq!(workflow.process().plan(&beyond, at(1, 2)).await.unwrap(), days[1..], "Monday is over");
    workflow.process().compact_partition(&days[1], &Beyond::new()).await.unwrap();
    workflow.process().show_partition(&days[1]).await.unwrap();
    workflow.process().finish().await.unwrap();
    assert_eq!((workflow.bench.published().len(), workflow.bench.landing_files()), (51, 1));
    assert!(workflow.process().plan(&beyond, at(3, 0)).await.unwrap().is_empty());
    workflow.run().await.unwrap();
    workflow.process().settle().await.unwrap();
    workflow.check(52, "a run that takes all");
}

/// 35 rows of the day are published, and a slice has 10.
#[tokio::test]
async fn of_a_day_that_is_cut_a_little_that_landed_is_read_once_for_all_slices() {
    for (files, rows, gets) in [(2, 5, 2), (2, 6, 2 * 8)] {
        let mut workflow = Workflow::half_published().await;
        workflow.run().await.unwrap();
        for file in 0..files {
            // The first of them is there already.
            let new = (1..rows).map(|act| row(act as u8 * 41, 300 + 10 * file + act, 0));
            workflow.bench.land(std::iter::once(row(0, 0, 0)).chain(new).collect()).await;
        }
        workflow.faults.clear();
        workflow.run().await.unwrap();
        let calls = workflow.faults.calls();
        let count = |call: &str| calls.iter().filter(|made| made.starts_with(call)).count();
        assert_eq!((count("get_landing"), count("put_part")), (gets, 8), "{rows} rows");
        workflow.process().settle().await.unwrap();
        workflow.check(50 + usize::from(files * (rows - 1)), "read once");
    }
}

#[tokio::test]
async fn steps_that_fail_or_die_at_any_call_lose_and_double_nothing() {
    for fault in [Fault::Before, Fault::After, Fault::Crash, Fault::Silence] {
        for call in 0.. {
            let workflow = Workflow::half_published().await;
            workflow.faults.plan(call, fault);
            tokio::select! {
                _ = workflow.run() => (),
                () = workflow.faults.silent.notified() => (),
            }
            let has_struck = workflow.faults.have_struck();
            workflow.faults.clear();
            workflow.bench.storage.inner.lose_power();
            let seen = workflow.bench.published().len();
            assert!([20, 35, 50].contains(&seen), "{fault:?} at call {call}: a reader sees {seen} rows");
            workflow.run().await.unwrap();
            workflow.process().settle().await.unwrap();
            workflow.check(50, &format!("{fault:?} at call {call}"));
            if !has_struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_partition_that_is_lost_leaves_the_others_alone() {
    let workflow = Workflow::half_published().await;
    for partition in workflow.process().plan(&Beyond::new(), Take::All).await.unwrap() {
        workflow.process().compact_partition(&partition, &Beyond::new()).await.unwrap();
    }
    workflow.bench.storage.inner.remove_waiting(&monday()).await.unwrap();
    let settled = workflow.process().settle().await;
    assert!(matches!(settled, Err(LakeError::GenerationLost { generation: 2, .. })), "{settled:?}");
    assert_eq!(workflow.bench.published().len(), 20 + 15);
}

#[tokio::test]
async fn pending_files_that_a_generation_has_no_room_for_wait_for_the_next() {
    let faults = Arc::default();
    let mut manifest = Faulty::new(MemoryManifest::default(), &faults);
    Arc::get_mut(&mut manifest).unwrap().most_pending = Some(3);
    let mut bench = Bench::over(manifest, Faulty::new(MemoryStorage::default(), &faults)).await;
    // Each event three times, its copies in files far apart.
    for part in 0..12u16 {
        bench.land((0..5).map(|act| row(act as u8, 5 * (part % 4) + act, 0)).collect()).await;
    }
    let workflow = Workflow { faults, bench };
    let mut rows = 0;
    for _ in 0..4 {
        let compacted = workflow.process().compact_partition(&monday(), &Beyond::new()).await.unwrap();
        rows += compacted.landed_rows;
        workflow.process().show_partition(&monday()).await.unwrap();
        workflow.process().finish().await.unwrap();
    }
    assert_eq!(rows, 60);
    workflow.process().settle().await.unwrap();
    workflow.check(20, "few at a time");
    let first_copies = workflow.bench.published().into_iter().all(|(_, row)| row.sequence_number <= sequence(20));
    assert!(first_copies);
}
