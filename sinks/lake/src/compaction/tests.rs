use std::fs;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use trilha_schemas::event::{Body, Event};

use super::*;
use crate::faults::{Fault, Faults, Faulty};
use crate::manifest::{EmbeddedManifest, MemoryManifest};
use crate::parquet_files::{LakeFile, rows_of};
use crate::rows::LakeRow;
use crate::rows::samples::{MONDAY_MILLIS, row, sequence};
use crate::storage::{LakeFolder, MemoryStorage};
use crate::writer::LakeWriter;

mod faults;
mod steps;

struct Bench<M, S> {
    manifest: Arc<M>,
    storage: Arc<S>,
    writer: LakeWriter<M, S>,
    last: u64,
}

type MemoryBench = Bench<MemoryManifest, MemoryStorage>;

impl MemoryBench {
    async fn new() -> MemoryBench {
        Bench::over(Arc::default(), Arc::default()).await
    }
}

impl<M: Manifest, S: Storage + Look> Bench<M, S> {
    async fn over(manifest: Arc<M>, storage: Arc<S>) -> Bench<M, S> {
        let writer = LakeWriter::open(manifest.clone(), storage.clone(), 1).await.unwrap();
        Bench { manifest, storage, writer, last: 0 }
    }

    fn compactor(&self) -> Compactor<M, S> {
        Compactor::new(self.manifest.clone(), self.storage.clone())
    }

    /// Appends rows as the next records of their shard.
    async fn land(&mut self, mut rows: Vec<LakeRow>) {
        for row in &mut rows {
            self.last += 1;
            row.sequence_number = sequence(self.last);
        }
        self.writer.append("a", rows, sequence(self.last)).await.unwrap();
    }

    /// Every row that a reader sees, with its partition's folder, in order of folder, file and row.
    fn published(&self) -> Vec<(String, LakeRow)> {
        let rows = |(folder, _, content): (String, String, Bytes)| {
            let rows = rows_of(&"acme".into(), &content).unwrap().into_iter();
            rows.map(move |row| (folder.clone(), row))
        };
        self.storage.published_files().into_iter().flat_map(rows).collect()
    }

    /// Of each row that a reader sees its act and learner, as its id begins, and its place among those of its time.
    fn tie_breaks(&self) -> Vec<(String, i32)> {
        let mut places = Vec::new();
        for (_, _, content) in self.storage.published_files() {
            for batch in LakeFile::open(content).unwrap().read_all().unwrap() {
                let ids = batch.column_by_name("event_id").unwrap().as_string::<i32>();
                let tie_breaks = batch.column_by_name("tie_break").unwrap().as_primitive::<Int32Type>();
                places.extend(ids.iter().zip(tie_breaks).map(|(id, place)| (id.unwrap()[..6].into(), place.unwrap())));
            }
        }
        places.sort();
        places
    }

    /// The names of the files that a reader sees in one folder.
    fn files(&self, folder: &str) -> Vec<String> {
        let files = self.storage.published_files().into_iter();
        files.filter(|(of, _, _)| of == folder).map(|(_, file, _)| file).collect()
    }

    fn landing_files(&self) -> usize {
        self.storage.landing_files()
    }

    fn waiting(&self) -> usize {
        self.storage.waiting_partitions()
    }
}

/// What a test sees of a storage.
trait Look {
    /// Folder of the partition, file and content, in order.
    fn published_files(&self) -> Vec<(String, String, Bytes)>;
    fn landing_files(&self) -> usize;
    fn waiting_partitions(&self) -> usize;
}

impl Look for MemoryStorage {
    fn published_files(&self) -> Vec<(String, String, Bytes)> {
        let file = |of: &Partition, (name, content)| (of.folder(), name, content);
        let files = |(of, parts): (Partition, Vec<_>)| parts.into_iter().map(move |part| file(&of, part));
        let mut files: Vec<_> = self.published().into_iter().flat_map(files).collect();
        files.sort();
        files
    }
    fn landing_files(&self) -> usize {
        self.landing_names().len()
    }
    fn waiting_partitions(&self) -> usize {
        self.waiting().len()
    }
}

impl Look for LakeFolder {
    fn published_files(&self) -> Vec<(String, String, Bytes)> {
        let mut files = Vec::new();
        for folder in days(&self.events()) {
            for name in sorted(&self.events().join(&folder)) {
                let content = fs::read(self.events().join(&folder).join(&name)).unwrap();
                files.push((folder.clone(), name, content.into()));
            }
        }
        files
    }
    fn landing_files(&self) -> usize {
        sorted(&self.landing()).len()
    }
    fn waiting_partitions(&self) -> usize {
        days(&self.next()).len()
    }
}

impl<S: Look> Look for Faulty<S> {
    fn published_files(&self) -> Vec<(String, String, Bytes)> {
        self.inner.published_files()
    }
    fn landing_files(&self) -> usize {
        self.inner.landing_files()
    }
    fn waiting_partitions(&self) -> usize {
        self.inner.waiting_partitions()
    }
}

fn folder(root: &TempDir) -> Arc<LakeFolder> {
    Arc::new(LakeFolder::create(root.path()).unwrap())
}

fn days(folder: &Path) -> Vec<String> {
    let of_tenant = |tenant: String| -> Vec<String> {
        sorted(&folder.join(&tenant)).into_iter().map(|day| format!("{tenant}/{day}")).collect()
    };
    sorted(folder).into_iter().flat_map(of_tenant).collect()
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
    let root = tempfile::tempdir().unwrap();
    check_publishing(MemoryBench::new().await).await;
    check_publishing(Bench::over(Arc::<MemoryManifest>::default(), folder(&root)).await).await;
}

async fn check_publishing<M: Manifest, S: Storage + Look>(mut bench: Bench<M, S>) {
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
    let mut bench = MemoryBench::new().await;
    let rows: Vec<LakeRow> = (0..6).map(|act| at_day(row(act as u8, act, 0), i64::from(act / 3))).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.event.id).collect();
    let day = |at: usize| crate::Partition { tenant: "acme".into(), day: crate::Day::of(&rows[at].event) };
    let flagged = |bench: &MemoryBench| -> Vec<usize> {
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
async fn rows_are_sorted_by_type_course_object_learner_time_and_id() {
    let mut bench = MemoryBench::new().await;
    let any = |act: u16| {
        let mut row = row((act * 37 % 11) as u8 * 20, act, 0);
        row.event.course = format!("c{}", act % 4);
        if act.is_multiple_of(3) {
            row.event.body = Body::Completed;
        }
        row
    };
    bench.land((0..60).map(any).collect()).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let key = |(_, row): &(String, LakeRow)| {
        let (event, body) = (&row.event, &row.event.body);
        let about = (body.type_name(), event.course.clone(), body.object().to_string());
        (about, event.learner, event.time_millis, event.id)
    };
    let keys: Vec<_> = bench.published().iter().map(key).collect();
    assert_eq!(keys.len(), 60);
    assert!(keys.is_sorted());
}

#[tokio::test]
async fn of_a_learners_events_of_one_time_each_has_its_place_by_id_whatever_they_are_about() {
    let mut bench = MemoryBench::new().await;
    let about = |body: Body, row: LakeRow| LakeRow { event: Event { body, ..row.event.clone() }, ..row };
    let timeless = |mut row: LakeRow| {
        row.event.time_millis = None;
        row
    };
    let at_once = |learner, act| at_day(row(learner, act, 0), 0);
    let other_time = at_day(row(1, 1, 0), 0).event.time_millis.map(|millis| millis + 1);
    let mut later = row(1, 1, 0);
    later.event.time_millis = other_time;
    bench.land(vec![at_once(1, 9), about(Body::Completed, at_once(1, 4)), at_once(2, 3), later]).await;
    bench.land(vec![at_once(1, 9), timeless(row(1, 8, 0)), timeless(row(1, 7, 0))]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let expected = [("000101", 0), ("000302", 0), ("000401", 0), ("000701", 0), ("000801", 1), ("000901", 1)];
    assert_eq!(bench.tie_breaks(), expected.map(|(id, place)| (id.to_string(), place)));
    bench.land(vec![at_once(1, 2)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let expected =
        [("000101", 0), ("000201", 0), ("000302", 0), ("000401", 1), ("000701", 0), ("000801", 1), ("000901", 2)];
    assert_eq!(bench.tie_breaks(), expected.map(|(id, place)| (id.to_string(), place)));
}

#[tokio::test]
async fn of_two_copies_the_first_in_the_stream_stays_whenever_it_lands() {
    let mut bench = MemoryBench::new().await;
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
    let mut bench = MemoryBench::new().await;
    bench.last = 8;
    let mut copies = vec![row(1, 1, 0), row(1, 1, 0)];
    copies[0].event.title = Some("nine".to_string());
    bench.land(copies).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    assert_eq!(bench.published()[0].1.event.title.as_deref(), Some("nine"));
}

#[tokio::test]
async fn of_two_copies_in_one_record_the_first_by_index_stays() {
    let bench = MemoryBench::new().await;
    let copy = |index: u32, title: &str| {
        let mut copy = row(1, 1, 1);
        copy.record_index = index;
        copy.event.title = Some(title.to_string());
        copy
    };
    let rows = vec![copy(10, "tenth"), copy(9, "ninth"), copy(100, "hundredth")];
    bench.writer.append("a", rows, sequence(1)).await.unwrap();
    bench.compactor().run(&Beyond::new()).await.unwrap();
    let published = bench.published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].1.event.title.as_deref(), Some("ninth"));
}

#[tokio::test]
async fn many_small_batches_come_to_one_file_a_day_however_often_they_are_compacted() {
    let mut bench = MemoryBench::new().await;
    let landed = |bench: &MemoryBench| bench.landing_files();
    for part in 0..20u16 {
        bench.land((0..6).map(|act| at_day(row(act as u8, 10 * part + act, 0), i64::from(act % 3))).collect()).await;
        if part % 4 == 3 {
            assert_eq!(landed(&bench), 4);
            bench.compactor().run(&Beyond::new()).await.unwrap();
            assert_eq!(landed(&bench), 0);
        }
    }
    for day in ["2026-11-23", "2026-11-24", "2026-11-25"] {
        assert_eq!(bench.files(&format!("tenant=acme/day={day}")).len(), 1, "{day}");
    }
    assert_eq!(bench.published().len(), 120);
}

#[tokio::test]
async fn files_of_a_large_day_are_half_full_at_least_in_the_median() {
    const SLICE_ROWS: usize = 100;
    for rows in [99, 101, 399, 401, 2_000] {
        let mut bench = MemoryBench::new().await;
        let spread = |act: usize| row((act * 37 % 256) as u8, act as u16, 0);
        bench.land((0..rows).map(spread).collect()).await;
        bench.compactor().with_slice_rows(SLICE_ROWS as u64).run(&Beyond::new()).await.unwrap();
        let files = bench.storage.published_files().into_iter();
        let mut sizes: Vec<usize> =
            files.map(|(_, _, content)| rows_of(&"acme".into(), &content).unwrap().len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes.iter().sum::<usize>(), rows);
        assert!(sizes.len() <= rows.div_ceil(SLICE_ROWS).next_power_of_two(), "{sizes:?}");
        let least = if rows < SLICE_ROWS { rows } else { 4 * SLICE_ROWS / 10 };
        assert!(sizes[sizes.len() / 2] >= least, "{rows}: {sizes:?}");
        assert!(sizes[sizes.len() - 1] <= 2 * SLICE_ROWS, "{rows}: {sizes:?}");
    }
}

#[tokio::test]
async fn late_rows_reach_a_published_day_and_leave_other_days_alone() {
    let mut bench = MemoryBench::new().await;
    bench.land(vec![at_day(row(1, 1, 0), 0), at_day(row(1, 2, 0), 1)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    bench.land(vec![at_day(row(1, 3, 0), 0)]).await;
    assert_eq!(bench.compactor().run(&Beyond::new()).await.unwrap().partitions, 1);
    assert_eq!(bench.files("tenant=acme/day=2026-11-23"), ["part-2-0.parquet"]);
    assert_eq!(bench.files("tenant=acme/day=2026-11-24"), ["part-1-0.parquet"]);
    assert_eq!(bench.published().len(), 3);
}

#[tokio::test]
async fn odd_times_and_odd_tenants_have_their_folders() {
    let root = tempfile::tempdir().unwrap();
    let mut bench = Bench::over(Arc::<MemoryManifest>::default(), folder(&root)).await;
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
    let root = tempfile::tempdir().unwrap();
    check_slices(MemoryBench::new().await).await;
    check_slices(Bench::over(Arc::<MemoryManifest>::default(), folder(&root)).await).await;
}

async fn check_slices<M: Manifest, S: Storage + Look>(mut bench: Bench<M, S>) {
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
    let files = bench.files("tenant=acme/day=2026-11-23");
    assert_eq!(files.len(), 8, "{files:?}");
    assert!(files.iter().all(|file| file.starts_with("part-4-")));
}

#[tokio::test]
async fn appending_while_compacting_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    check_appending(MemoryBench::new().await).await;
    check_appending(Bench::over(Arc::<MemoryManifest>::default(), folder(&root)).await).await;
}

async fn check_appending<M: Manifest, S: Storage + Look>(mut bench: Bench<M, S>) {
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

#[tokio::test]
async fn the_number_of_workers_does_not_show() {
    let mut published = Vec::new();
    for workers in [1, 4] {
        let mut bench = MemoryBench::new().await;
        for part in 0..3u16 {
            bench
                .land((0..60).map(|act| at_day(row(act as u8 * 4, part * 60 + act, 0), i64::from(act % 3))).collect())
                .await;
            bench.compactor().with_workers(workers).with_slice_rows(9).run(&Beyond::new()).await.unwrap();
        }
        published.push(bench.storage.published());
    }
    assert_eq!(published[0], published[1]);
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
            let mut bench = MemoryBench::new().await;
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
