use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::manifest::{Generation, ManifestError, MemoryManifest, PendingRows, Publication, Published};
use crate::rows::samples::{row, sequence};

/// A manifest whose next commits fail, before or after they took effect.
#[derive(Default)]
struct Failing {
    inner: MemoryManifest,
    plan: Mutex<Vec<Fault>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    Before,
    After,
}

impl Manifest for Failing {
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        self.inner.next_writer().await
    }
    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        self.inner.watermark(shard).await
    }
    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        self.inner.watermarks().await
    }
    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        let fault = self.plan.lock().unwrap().pop().unwrap_or(Fault::None);
        let failed = || ManifestError::Unavailable("as planned".to_string());
        if fault == Fault::Before {
            return Err(failed());
        }
        let committed = self.inner.commit(commit).await;
        if fault == Fault::After { Err(failed()) } else { committed }
    }
    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        self.inner.is_listed(file).await
    }
    async fn dirty(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.inner.dirty().await
    }
    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        self.inner.pending(partition).await
    }
    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        self.inner.generation(partition).await
    }
    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        self.inner.generations().await
    }
    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        self.inner.publish(publications).await
    }
    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        self.inner.absorbed().await
    }
    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        self.inner.forget(files).await
    }
}

struct Bench {
    folder: TempDir,
    manifest: Arc<Failing>,
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench { folder: tempfile::tempdir().unwrap(), manifest: Arc::default() };
        LakeFolder::create(bench.folder.path()).unwrap();
        bench
    }

    async fn writer(&self) -> LakeWriter<Failing> {
        let folder = LakeFolder::create(self.folder.path()).unwrap();
        LakeWriter::open(self.manifest.clone(), folder, 1).await.unwrap()
    }

    async fn landed_rows(&self) -> u64 {
        self.manifest.dirty().await.unwrap().iter().map(|(_, rows)| rows).sum()
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path().join("landing")).unwrap().count()
    }
}

fn batch(records: std::ops::RangeInclusive<u64>) -> Vec<LakeRow> {
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
    assert_eq!(bench.landed_rows().await, 14);
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
    assert_eq!((bench.landed_rows().await, bench.files()), (12, 3));
}

#[tokio::test]
async fn a_batch_without_rows_moves_the_watermark() {
    let bench = Bench::new();
    let writer = bench.writer().await;
    writer.append("a", Vec::new(), sequence(8)).await.unwrap();
    assert_eq!(bench.manifest.watermark("a").await.unwrap(), sequence(8));
    assert_eq!(bench.files(), 0);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_loses_and_doubles_nothing() {
    for fault in [Fault::Before, Fault::After] {
        let bench = Bench::new();
        let writer = bench.writer().await;
        writer.append("a", batch(1..=2), sequence(2)).await.unwrap();
        bench.manifest.plan.lock().unwrap().push(fault);
        assert!(writer.append("a", batch(3..=6), sequence(6)).await.is_err());
        writer.append("a", batch(3..=9), sequence(9)).await.unwrap();
        assert_eq!(bench.landed_rows().await, 9, "{fault:?}");
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
    assert_eq!((bench.landed_rows().await, bench.files()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Two writers, one of them a zombie, cut the same records at will; commits fail before or after their effect.
    #[test]
    fn however_records_are_cut_repeated_and_failed_each_lands_once(
        steps in proptest::collection::vec((any::<bool>(), 1..9u64, 0..4u64, 0..3u8), 1..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let writers = [bench.writer().await, bench.writer().await];
            for (zombie, length, overlap, fault) in steps {
                let fault = [Fault::None, Fault::Before, Fault::After][usize::from(fault)];
                bench.manifest.plan.lock().unwrap().push(fault);
                let stored = bench.manifest.watermark("a").await.unwrap().to_string().parse::<u64>().unwrap();
                let first = (stored + 1).saturating_sub(overlap).max(1);
                let last = first + length - 1;
                let writer = &writers[usize::from(zombie)];
                let _ = writer.append("a", batch(first..=last), sequence(last)).await;
            }
            let stored = bench.manifest.watermark("a").await.unwrap().to_string().parse::<u64>().unwrap();
            assert_eq!(bench.landed_rows().await, stored);
        });
    }
}
