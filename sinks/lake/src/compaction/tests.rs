use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::manifest::{EmbeddedManifest, MemoryManifest};
use crate::rows::samples::{MONDAY_MILLIS, row, sequence};
use crate::rows::{LakeRow, from_batch};
use crate::writer::LakeWriter;

struct Bench<M> {
    folder: TempDir,
    manifest: Arc<M>,
    writer: LakeWriter<M>,
    last: u64,
}

impl Bench<MemoryManifest> {
    async fn new() -> Bench<MemoryManifest> {
        let folder = tempfile::tempdir().unwrap();
        Bench::over(folder, MemoryManifest::default()).await
    }
}

impl<M: Manifest> Bench<M> {
    async fn over(folder: TempDir, manifest: M) -> Bench<M> {
        let manifest = Arc::new(manifest);
        let parts = LakeFolder::create(folder.path()).unwrap();
        let writer = LakeWriter::open(manifest.clone(), parts, 1).await.unwrap();
        Bench { folder, manifest, writer, last: 0 }
    }

    fn compactor(&self) -> Compactor<M> {
        Compactor::new(self.manifest.clone(), LakeFolder::create(self.folder.path()).unwrap())
    }

    /// Appends rows as the next records of their shard.
    async fn land(&mut self, mut rows: Vec<LakeRow>) {
        for row in &mut rows {
            self.last += 1;
            row.sequence_number = sequence(self.last);
        }
        self.writer.append("a", rows, sequence(self.last)).await.unwrap();
    }

    fn published(&self) -> Vec<(String, LakeRow)> {
        published(&self.folder.path().join("events"))
    }

    fn landing_files(&self) -> usize {
        fs::read_dir(self.folder.path().join("landing")).unwrap().count()
    }

    /// Folders in which something waits.
    fn waiting(&self) -> usize {
        let tenants = fs::read_dir(self.folder.path().join("next")).unwrap();
        tenants.map(|tenant| fs::read_dir(tenant.unwrap().path()).unwrap().count()).sum()
    }
}

/// Every row that a reader of the folder sees, with its partition's folder, in order of folder, file and row.
fn published(events: &Path) -> Vec<(String, LakeRow)> {
    let mut rows = Vec::new();
    for tenant in sorted(events) {
        for day in sorted(&events.join(&tenant)) {
            let folder = format!("{tenant}/{day}");
            for file in sorted(&events.join(&folder)) {
                let file = File::open(events.join(&folder).join(file)).unwrap();
                for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
                    let found = from_batch(&"acme".into(), &batch.unwrap()).unwrap();
                    rows.extend(found.into_iter().map(|row| (folder.clone(), row)));
                }
            }
        }
    }
    rows
}

fn sorted(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn acts(published: &[(String, LakeRow)]) -> Vec<(u8, i64)> {
    let act = |(_, row): &(String, LakeRow)| (row.event.learner.0[0], row.event.time_millis.unwrap_or(0));
    let mut acts: Vec<(u8, i64)> = published.iter().map(act).collect();
    acts.sort_unstable();
    acts
}

fn at_day(mut row: LakeRow, day: i64) -> LakeRow {
    row.event.time_millis = Some(MONDAY_MILLIS + day * 86_400_000);
    row
}

#[tokio::test]
async fn what_landed_is_published_whole_and_landing_is_empty() {
    let mut bench = Bench::new().await;
    let rows: Vec<LakeRow> = (0..40).map(|act| row((act % 7) as u8 * 30, act, 0)).collect();
    bench.land(rows[..25].to_vec()).await;
    bench.land(rows[25..].to_vec()).await;
    let compacted = bench.compactor().run(&Beyond::new()).await.unwrap();
    assert_eq!(compacted, Compacted { partitions: 1, landed_rows: 40, published_rows: 40 });
    let mut published: Vec<LakeRow> = bench.published().into_iter().map(|(_, row)| row).collect();
    published.sort_by_key(|row| row.sequence_number);
    let events = |rows: &[LakeRow]| rows.iter().map(|row| row.event.clone()).collect::<Vec<_>>();
    assert_eq!(events(&published), events(&rows));
    assert_eq!((bench.landing_files(), bench.waiting()), (0, 0));
    assert_eq!(bench.compactor().run(&Beyond::new()).await.unwrap(), Compacted::default());
}

#[tokio::test]
async fn events_beyond_state_are_flagged_whether_known_before_or_after_they_are_published() {
    let mut bench = Bench::new().await;
    let rows: Vec<LakeRow> = (0..6).map(|act| at_day(row(act as u8, act, 0), i64::from(act / 3))).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.event.id).collect();
    let day = |at: usize| crate::Partition { tenant: "acme".into(), day: crate::Day::of(&rows[at].event) };
    let flagged = |bench: &Bench<MemoryManifest>| -> Vec<usize> {
        let flagged = bench.published().into_iter().filter(|(_, row)| row.beyond_state);
        let mut at: Vec<usize> =
            flagged.map(|(_, row)| ids.iter().position(|id| *id == row.event.id).unwrap()).collect();
        at.sort_unstable();
        at
    };
    bench.land(rows[..4].to_vec()).await;
    let mut beyond = Beyond::from([(day(0), [ids[1]].into())]);
    bench.compactor().run(&beyond).await.unwrap();
    assert_eq!(flagged(&bench), [1]);
    // Known after its day was published, and before it landed.
    beyond.entry(day(3)).or_default().extend([ids[3], ids[5]]);
    assert_eq!(bench.compactor().run(&beyond).await.unwrap().partitions, 1);
    assert_eq!(flagged(&bench), [1, 3]);
    assert_eq!(bench.compactor().run(&beyond).await.unwrap(), Compacted::default(), "nothing is new");
    bench.land(rows[4..].to_vec()).await;
    bench.compactor().run(&beyond).await.unwrap();
    assert_eq!(flagged(&bench), [1, 3, 5]);
    // A day of which nothing has landed is left alone.
    let elsewhere = Partition { tenant: "acme".into(), day: crate::Day::Unknown };
    beyond.insert(elsewhere, [ids[0]].into());
    assert_eq!(bench.compactor().run(&beyond).await.unwrap(), Compacted::default());
    assert_eq!(bench.published().len(), 6);
}

#[tokio::test]
async fn rows_are_sorted_by_course_type_object_learner_time_and_id() {
    let mut bench = Bench::new().await;
    bench.land((0..60).map(|act| row((act * 37 % 11) as u8 * 20, act, 0)).collect()).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let key = |(_, row): &(String, LakeRow)| {
        let event = &row.event;
        (event.course.clone(), event.body.object().to_string(), event.learner, event.time_millis, event.id)
    };
    let keys: Vec<_> = bench.published().iter().map(key).collect();
    assert!(keys.is_sorted());
}

#[tokio::test]
async fn of_two_copies_the_first_in_the_stream_stays_whenever_it_lands() {
    let mut bench = Bench::new().await;
    let copy = |title: &str| {
        let mut copy = row(1, 1, 0);
        copy.event.title = Some(title.to_string());
        copy
    };
    bench.land(vec![copy("first"), row(2, 2, 0), copy("second")]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    bench.land(vec![copy("third")]).await;
    let compacted = bench.compactor().run(&Beyond::new()).await.unwrap();
    assert_eq!(compacted.published_rows, 2);
    let mut other = copy("shard b is after a");
    (other.shard, other.sequence_number) = ("b".into(), sequence(1));
    bench.writer.append("b", vec![other], sequence(1)).await.unwrap();
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let titles: Vec<_> = bench.published().into_iter().filter_map(|(_, row)| row.event.title).collect();
    assert_eq!(titles, ["first"]);
    let mut earlier = copy("shard A is before a");
    (earlier.shard, earlier.sequence_number) = ("A".into(), sequence(900));
    bench.writer.append("A", vec![earlier], sequence(900)).await.unwrap();
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let titles: Vec<_> = bench.published().into_iter().filter_map(|(_, row)| row.event.title).collect();
    assert_eq!(titles, ["shard A is before a"]);
}

#[tokio::test]
async fn sequence_numbers_compare_as_numbers() {
    let mut bench = Bench::new().await;
    bench.last = 8;
    let mut copies = vec![row(1, 1, 0), row(1, 1, 0)];
    copies[0].event.title = Some("nine".to_string());
    bench.land(copies).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    assert_eq!(bench.published()[0].1.event.title.as_deref(), Some("nine"));
}

#[tokio::test]
async fn late_rows_reach_a_published_day_and_leave_other_days_alone() {
    let mut bench = Bench::new().await;
    bench.land(vec![at_day(row(1, 1, 0), 0), at_day(row(1, 2, 0), 1)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    bench.land(vec![at_day(row(1, 3, 0), 0)]).await;
    assert_eq!(bench.compactor().run(&Beyond::new()).await.unwrap().partitions, 1);
    let events = bench.folder.path().join("events/tenant=acme");
    assert_eq!(sorted(&events.join("day=2026-11-23")), ["part-2-0.parquet"]);
    assert_eq!(sorted(&events.join("day=2026-11-24")), ["part-1-0.parquet"]);
    assert_eq!(bench.published().len(), 3);
}

#[tokio::test]
async fn odd_times_and_odd_tenants_have_their_folders() {
    let mut bench = Bench::new().await;
    let mut rows = vec![row(1, 1, 0), row(1, 2, 0), row(1, 3, 0), row(1, 4, 0)];
    rows[0].event.time_millis = None;
    rows[1].event.time_millis = Some(i64::MAX);
    rows[2].tenant = "../up".into();
    rows[3].tenant = "são/paulo=1 %".into();
    bench.land(rows).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let mut folders: Vec<String> = bench.published().into_iter().map(|(folder, _)| folder).collect();
    folders.dedup();
    let expected = [
        "tenant=%2E%2E%2Fup/day=2026-11-23",
        "tenant=acme/day=unknown",
        "tenant=s%C3%A3o%2Fpaulo%3D1%20%25/day=2026-11-23",
    ];
    assert_eq!(folders, expected);
    assert_eq!(bench.published().len(), 4);
}

#[tokio::test]
async fn slices_hold_what_one_piece_would_and_grow_with_the_day() {
    let mut bench = Bench::new().await;
    let mut expected = Vec::new();
    for part in 0..4u16 {
        let rows: Vec<LakeRow> = (0..40).map(|act| row((act * 13 % 256) as u8, part * 30 + act, 0)).collect();
        expected.extend(rows.iter().map(|row| (row.event.learner.0[0], row.event.time_millis.unwrap())));
        bench.land(rows).await;
        bench.compactor().with_slice_rows(25).run(&Beyond::new()).await.unwrap();
    }
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(acts(&bench.published()), expected);
    let files = sorted(&bench.folder.path().join("events/tenant=acme/day=2026-11-23"));
    assert_eq!(files.len(), 8, "{files:?}");
    assert!(files.iter().all(|file| file.starts_with("part-4-")));
}

#[tokio::test]
async fn appending_while_compacting_loses_nothing() {
    let mut bench = Bench::new().await;
    bench.land((0..50).map(|act| row(act as u8, act, 0)).collect()).await;
    let compactor = bench.compactor().with_slice_rows(20);
    let run = tokio::spawn(async move {
        for _ in 0..5 {
            compactor.run(&Beyond::new()).await.unwrap();
        }
    });
    for part in 1..10u16 {
        bench.land((0..10).map(|act| row(act as u8, part * 50 + act, 0)).collect()).await;
    }
    run.await.unwrap();
    bench.compactor().run(&Beyond::new()).await.unwrap();
    assert_eq!(bench.published().len(), 140);
    assert_eq!(bench.landing_files(), 0);
}

const STEPS: [Step; 7] = [
    Step::Prepared,
    Step::SliceWritten,
    Step::Published,
    Step::Exchanged,
    Step::OldRemoved,
    Step::LandingRemoved,
    Step::Forgotten,
];

/// Stops at the n-th time that the step is reached.
fn stop_after(step: Step, times: usize) -> (AfterStep, Arc<AtomicBool>) {
    let (left, stopped) = (std::sync::atomic::AtomicUsize::new(times), Arc::new(AtomicBool::new(false)));
    let seen = stopped.clone();
    let stop = move |reached: Step| {
        if reached == step && left.fetch_sub(1, Ordering::SeqCst) == 1 {
            seen.store(true, Ordering::SeqCst);
        }
        // A process that is gone does nothing more.
        let gone = seen.load(Ordering::SeqCst);
        if gone { Err(LakeError::Tenant("stopped here".to_string())) } else { Ok(()) }
    };
    (Arc::new(stop), stopped)
}

/// One published day, then a crash while the next rows of it and of another day are compacted.
async fn crash(step: Step, times: usize, slice_rows: u64) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manifest.redb");
    let manifest = EmbeddedManifest::open(&file).await.unwrap();
    let mut bench = Bench::over(folder, manifest).await;
    bench.land((0..20).map(|act| row(act as u8 * 11, act, 0)).collect()).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    bench.land((0..30).map(|act| at_day(row(act as u8 * 7, 100 + act, 0), i64::from(act % 2))).collect()).await;
    let (hook, stopped) = stop_after(step, times);
    let crashed = bench.compactor().with_slice_rows(slice_rows).with_after_step(hook).run(&Beyond::new()).await;
    assert_eq!(crashed.is_err(), stopped.load(Ordering::SeqCst), "{step:?}");
    let seen = bench.published().len();
    assert!([20, 35, 50].contains(&seen), "{step:?}: a reader sees {seen} rows");

    let Bench { folder, manifest, writer, .. } = bench;
    drop((writer, Arc::into_inner(manifest)));
    let bench = Bench::over(folder, EmbeddedManifest::open(&file).await.unwrap()).await;
    for _ in 0..2 {
        bench.compactor().recover().await.unwrap();
        assert_eq!(bench.waiting(), 0, "{step:?}");
        assert!(bench.published().len() >= seen, "{step:?}");
    }
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let mut ids = BTreeMap::new();
    for (_, row) in bench.published() {
        *ids.entry(row.event.id).or_insert(0) += 1;
    }
    assert_eq!((ids.len(), ids.values().sum::<i32>()), (50, 50), "{step:?}");
    assert_eq!(bench.landing_files(), 0, "{step:?}");
}

#[tokio::test]
async fn a_crash_after_any_step_loses_and_doubles_nothing() {
    for step in STEPS {
        for times in [1, 2] {
            crash(step, times, 250_000).await;
            crash(step, times, 10).await;
        }
    }
}

#[tokio::test]
async fn a_failed_compaction_is_repaired_by_the_next_without_opening_again() {
    for step in STEPS {
        let mut bench = Bench::new().await;
        bench.land((0..20).map(|act| row(act as u8 * 11, act, 0)).collect()).await;
        bench.compactor().run(&Beyond::new()).await.unwrap();
        bench.land((0..20).map(|act| row(act as u8 * 11, 50 + act, 0)).collect()).await;
        let (hook, _) = stop_after(step, 1);
        assert!(bench.compactor().with_after_step(hook).run(&Beyond::new()).await.is_err());
        bench.land(vec![row(3, 99, 0)]).await;
        bench.compactor().run(&Beyond::new()).await.unwrap();
        assert_eq!(bench.published().len(), 41, "{step:?}");
    }
}

#[tokio::test]
async fn an_exchange_cut_in_its_middle_is_ended() {
    let mut bench = Bench::new().await;
    bench.land(vec![row(1, 1, 0)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    bench.land(vec![row(1, 2, 0)]).await;
    let (hook, _) = stop_after(Step::Published, 1);
    bench.compactor().with_after_step(hook).run(&Beyond::new()).await.unwrap_err();
    let folder = LakeFolder::create(bench.folder.path()).unwrap();
    let partition = bench.manifest.generations().await.unwrap().remove(0).0;
    let waiting = folder.waiting(&partition);
    fs::rename(folder.published(&partition), waiting.with_extension("old")).unwrap();
    bench.compactor().recover().await.unwrap();
    assert_eq!((bench.published().len(), bench.waiting()), (2, 0));
}

#[tokio::test]
async fn a_generation_that_someone_deleted_is_an_error_and_not_an_empty_day() {
    let mut bench = Bench::new().await;
    bench.land(vec![row(1, 1, 0)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    fs::remove_dir_all(bench.folder.path().join("events/tenant=acme")).unwrap();
    let error = bench.compactor().recover().await.unwrap_err();
    assert!(matches!(error, LakeError::GenerationLost { generation: 1, .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Any events, repeated, in any order, in any cuts, over any number of compactions: the same rows.
    #[test]
    fn order_repeats_and_cuts_do_not_show(
        acts in proptest::collection::vec((0..6u8, 0..20u16, 0..3i64), 1..60),
        cut in 1..20usize,
        slice_rows in 3..40u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let rows: Vec<LakeRow> = acts.iter().map(|(learner, act, day)| {
            let mut row = at_day(row(*learner * 40, *act, 0), *day);
            row.event.id.0[2] = *day as u8;
            row
        }).collect();
        let mut expected: Vec<_> = rows.iter().map(|row| row.event.id).collect();
        expected.sort_unstable();
        expected.dedup();
        let found = runtime.block_on(async {
            let mut bench = Bench::new().await;
            for (at, cut) in rows.chunks(cut).enumerate() {
                bench.land(cut.to_vec()).await;
                if at % 2 == 0 {
                    bench.compactor().with_slice_rows(slice_rows).run(&Beyond::new()).await.unwrap();
                }
            }
            bench.compactor().with_slice_rows(slice_rows).run(&Beyond::new()).await.unwrap();
            bench.published()
        });
        let mut found: Vec<_> = found.into_iter().map(|(_, row)| row.event.id).collect();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}
