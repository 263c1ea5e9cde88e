use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;
use crate::faults::{Fault, Faults, Faulty};
use crate::manifest::MemoryManifest;
use crate::parquet_files::rows_of;
use crate::rows::samples::{row, sequence};
use crate::storage::MemoryStorage;

type FaultyWriter = LakeWriter<Faulty<MemoryManifest>, Faulty<MemoryStorage>>;

struct Bench {
    faults: Arc<Faults>,
    manifest: Arc<Faulty<MemoryManifest>>,
    storage: Arc<Faulty<MemoryStorage>>,
}

impl Bench {
    fn new() -> Bench {
        let faults = Arc::default();
        let manifest = Faulty::new(MemoryManifest::default(), &faults);
        let storage = Faulty::new(MemoryStorage::default(), &faults);
        Bench { faults, manifest, storage }
    }

    async fn writer(&self) -> FaultyWriter {
        LakeWriter::open(self.manifest.clone(), self.storage.clone(), 1).await.unwrap()
    }

    /// The records of every listed file, as a compaction would find them.
    async fn landed(&self) -> Vec<u64> {
        let (manifest, storage) = (&self.manifest.inner, &self.storage.inner);
        let mut landed = Vec::new();
        for (partition, _) in manifest.dirty().await.unwrap() {
            for pending in manifest.pending(&partition).await.unwrap() {
                let rows = rows_of(&"acme".into(), &storage.get_landing(&pending.file).await.unwrap()).unwrap();
                assert_eq!((pending.first_row, pending.rows as usize), (0, rows.len()));
                landed.extend(rows.iter().map(|row| number(row.sequence_number)));
            }
        }
        landed.sort_unstable();
        landed
    }

    fn files(&self) -> usize {
        self.storage.inner.landing_names().len()
    }
}

fn number(sequence_number: SequenceNumber) -> u64 {
    sequence_number.to_string().parse().unwrap()
}

fn batch(records: RangeInclusive<u64>) -> Vec<LakeRow> {
    records.map(|number| row(1, number as u16, number)).collect()
}

#[tokio::test]
async fn a_batch_that_comes_again_in_other_cuts_lands_once() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    let appended = writer.append("a", batch(1..=10), sequence(10)).await.unwrap();
    assert_eq!(appended, Appended { rows: 10, watermark: sequence(10) });
    assert_eq!(writer.append("a", batch(1..=7), sequence(7)).await.unwrap().rows, 0);
    let appended = writer.append("a", batch(5..=14), sequence(14)).await.unwrap();
    assert_eq!(appended, Appended { rows: 4, watermark: sequence(14) });
    assert_eq!(bench.landed().await, (1..=14).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_zombie_lands_nothing_twice_and_leaves_no_file() {
    let bench = Bench::new();
    let (zombie, writer) = (bench.writer().await, bench.writer().await);
    zombie.append("a", batch(1..=5), sequence(5)).await.unwrap();
    writer.append("a", batch(6..=9), sequence(9)).await.unwrap();
    let appended = zombie.append("a", batch(6..=12), sequence(12)).await.unwrap();
    assert_eq!(appended.rows, 3);
    let late = writer.append("a", batch(6..=11), sequence(11)).await.unwrap();
    assert_eq!(late, Appended { rows: 0, watermark: sequence(12) });
    assert_eq!((bench.landed().await, bench.files()), ((1..=12).collect(), 3));
}

#[tokio::test]
async fn a_batch_without_rows_moves_the_watermark() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    writer.append("a", Vec::new(), sequence(8)).await.unwrap();
    assert_eq!(bench.manifest.watermark("a").await.unwrap(), sequence(8));
    assert_eq!(bench.files(), 0);
}

/// Appends with a fault at one call; false if the append ended before it.
async fn append_with_fault(bench: &Bench, writer: &FaultyWriter, call: usize, fault: Fault) -> bool {
    bench.faults.plan(call, fault);
    let appended = tokio::select! {
        appended = writer.append("a", batch(3..=6), sequence(6)) => appended.is_ok(),
        () = bench.faults.silent.notified() => false,
    };
    let has_struck = bench.faults.have_struck();
    assert_eq!(appended, !has_struck, "call {call}, {fault:?}");
    bench.faults.clear();
    has_struck
}

/// The batch comes again up to `again`. The zombie knows the watermark before the other's batch, so that its commit is
/// stale.
async fn check_append(fault: Fault, is_zombie: bool, again: u64) {
    for call in 0.. {
        let bench = Bench::new();
        let (writer, other) = (bench.writer().await, bench.writer().await);
        writer.append("a", batch(1..=2), sequence(2)).await.unwrap();
        if is_zombie {
            other.append("a", batch(3..=4), sequence(4)).await.unwrap();
        }
        let has_struck = append_with_fault(&bench, &writer, call, fault).await;
        writer.append("a", batch(3..=again), sequence(again)).await.unwrap();
        assert_eq!(bench.landed().await, (1..=again).collect::<Vec<_>>(), "call {call}, {fault:?}");
        other.append("a", batch(1..=10), sequence(10)).await.unwrap();
        assert_eq!(bench.landed().await, (1..=10).collect::<Vec<_>>(), "call {call}, {fault:?}");
        if !has_struck {
            assert_eq!(call, if is_zombie { 8 } else { 3 });
            return;
        }
    }
}

#[tokio::test]
async fn an_append_that_fails_at_any_call_loses_and_doubles_nothing() {
    for fault in [Fault::Before, Fault::After, Fault::Silence] {
        for again in [6, 9] {
            check_append(fault, false, again).await;
            check_append(fault, true, again).await;
        }
    }
}

#[tokio::test]
async fn rows_that_belong_elsewhere_are_refused() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    let refused = writer.append("b", batch(1..=2), sequence(2)).await.unwrap_err();
    assert!(matches!(refused, LakeError::Batch { .. }), "{refused}");
    let refused = writer.append("a", batch(1..=2), sequence(1)).await.unwrap_err();
    assert!(matches!(refused, LakeError::Batch { .. }), "{refused}");
    let mut rows = batch(1..=1);
    rows[0].tenant = "".into();
    let refused = writer.append("a", rows, sequence(1)).await.unwrap_err();
    assert!(matches!(refused, LakeError::Tenant(_)), "{refused}");
    assert_eq!((bench.landed().await, bench.files()), (Vec::new(), 0));
}

#[tokio::test]
async fn a_range_that_was_discarded_lands_once_though_its_shard_has_gone_on() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    writer.append("a", batch(8..=9), sequence(9)).await.unwrap();
    for (writer, landed) in [(&writer, 4), (&writer, 0), (&bench.writer().await, 0)] {
        let appended = writer.redrive("a", batch(3..=6), sequence(2), sequence(7)).await.unwrap();
        assert_eq!(appended, Appended { rows: landed, watermark: sequence(7) });
    }
    assert_eq!((bench.landed().await, bench.files()), (vec![3, 4, 5, 6, 8, 9], 2));
    assert_eq!(bench.manifest.watermark("a").await.unwrap(), sequence(9));
    // A range without rows is done, too.
    writer.redrive("a", Vec::new(), sequence(1), sequence(1)).await.unwrap();
    assert_eq!(bench.files(), 2);
}

#[tokio::test]
async fn readers_see_each_event_of_ranges_that_overlap_once() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    writer.append("a", batch(5..=9), sequence(9)).await.unwrap();
    writer.redrive("a", batch(1..=4), sequence(1), sequence(4)).await.unwrap();
    writer.redrive("a", batch(2..=6), sequence(2), sequence(6)).await.unwrap();
    assert_eq!(bench.landed().await, [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9]);
    assert_eq!(compacted(&bench).await, (1..=9).collect::<Vec<_>>());
    let before = bench.storage.inner.published();
    writer.redrive("a", batch(3..=3), sequence(3), sequence(3)).await.unwrap();
    assert_eq!(compacted(&bench).await, (1..=9).collect::<Vec<_>>());
    let parts = |published: &[(Partition, Vec<(String, bytes::Bytes)>)]| published[0].1[0].1.clone();
    assert_eq!(parts(&before), parts(&bench.storage.inner.published()), "byte for byte");
}

/// Compacts; answers the records that readers see then.
async fn compacted(bench: &Bench) -> Vec<u64> {
    let compactor = crate::Compactor::new(bench.manifest.clone(), bench.storage.clone()).with_workers(1);
    compactor.run(&crate::Beyond::new()).await.unwrap();
    let parts = bench.storage.inner.published().into_iter().flat_map(|(_, parts)| parts);
    let rows = parts.flat_map(|(_, content)| rows_of(&"acme".into(), &content).unwrap());
    let mut seen: Vec<u64> = rows.map(|row| number(row.sequence_number)).collect();
    seen.sort_unstable();
    seen
}

#[tokio::test]
async fn a_range_that_fails_at_any_call_is_driven_again() {
    for fault in [Fault::Before, Fault::After] {
        for call in 0.. {
            let bench = Bench::new();
            let writer = bench.writer().await;
            writer.append("a", batch(7..=9), sequence(9)).await.unwrap();
            bench.faults.plan(call, fault);
            let _ = writer.redrive("a", batch(3..=6), sequence(3), sequence(6)).await;
            let has_struck = bench.faults.have_struck();
            bench.faults.clear();
            writer.redrive("a", batch(3..=6), sequence(3), sequence(6)).await.unwrap();
            assert_eq!(bench.landed().await, (3..=9).collect::<Vec<_>>(), "call {call}, {fault:?}");
            crate::Compactor::new(bench.manifest.clone(), bench.storage.clone()).sweep().await.unwrap();
            assert_eq!(bench.files(), 2, "call {call}, {fault:?}");
            if !has_struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_row_outside_of_its_range_is_refused() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    for (first, last) in [(3, 6), (1, 4)] {
        let refused = writer.redrive("a", batch(2..=5), sequence(first), sequence(last)).await.unwrap_err();
        assert!(matches!(refused, LakeError::Batch { .. }), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Two writers, one of them a zombie, cut the same records at will; calls fail before or after their effect.
    #[test]
    fn however_records_are_cut_repeated_and_failed_each_lands_once(
        steps in proptest::collection::vec((any::<bool>(), 1..9u64, 0..4u64, 0..10usize, any::<bool>()), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let writers = [bench.writer().await, bench.writer().await];
            for (zombie, length, overlap, call, has_happened) in steps {
                let first = (stored(&bench).await + 1).saturating_sub(overlap).max(1);
                let last = first + length - 1;
                bench.faults.plan(call, if has_happened { Fault::After } else { Fault::Before });
                let _ = writers[usize::from(zombie)].append("a", batch(first..=last), sequence(last)).await;
                bench.faults.clear();
            }
            assert_eq!(bench.landed().await, (1..=stored(&bench).await).collect::<Vec<_>>());
        });
    }
}

async fn stored(bench: &Bench) -> u64 {
    number(bench.manifest.inner.watermark("a").await.unwrap())
}
