//! Compactions that fail, stop or die, at every one of their calls.

use super::*;

type FaultyBench<M, S> = Bench<Faulty<M>, Faulty<S>>;

/// What is needed to open a lake again after its process has died.
struct Process<M, S> {
    faults: Arc<Faults>,
    bench: FaultyBench<M, S>,
}

impl<M: Manifest, S: Storage + Look> Process<M, S> {
    async fn over(manifest: M, storage: S) -> Process<M, S> {
        let faults = Arc::default();
        let bench = Bench::over(Faulty::new(manifest, &faults), Faulty::new(storage, &faults)).await;
        Process { faults, bench }
    }

    /// One published day of 20 rows; then 15 more rows of it have landed, and 15 of another day.
    async fn half_published(manifest: M, storage: S) -> Process<M, S> {
        let mut process = Process::over(manifest, storage).await;
        let bench = &mut process.bench;
        bench.land((0..20).map(|act| row(act as u8 * 11, act, 0)).collect()).await;
        bench.compactor().with_workers(1).run(&Beyond::new()).await.unwrap();
        bench.land((0..30).map(|act| at_day(row(act as u8 * 7, 100 + act, 0), i64::from(act % 2))).collect()).await;
        process
    }

    /// One worker, so that calls come in one order.
    fn compactor(&self, slice_rows: u64) -> Compactor<Faulty<M>, Faulty<S>> {
        self.bench.compactor().with_workers(1).with_slice_rows(slice_rows)
    }

    /// Does the work with a fault at one call; false if it ended before it.
    async fn strike<T>(&self, call: usize, fault: Fault, work: impl Future<Output = Result<T, LakeError>>) -> bool {
        self.faults.plan(call, fault);
        let is_done = tokio::select! {
            done = work => done.is_ok(),
            () = self.faults.silent.notified() => false,
        };
        let has_struck = self.faults.have_struck();
        assert_eq!(is_done, !has_struck, "{fault:?} at call {call}");
        self.faults.clear();
        has_struck
    }

    /// A reader sees whole days, whatever happens; answers how many rows.
    fn seen(&self, call: usize) -> usize {
        let seen = self.bench.published().len();
        assert!([20, 35, 50].contains(&seen), "call {call}: a reader sees {seen} rows");
        seen
    }

    /// Recovers, ends the compaction, and finds every event once and nothing else.
    async fn check_recovery(&self, seen: usize, slice_rows: u64, call: usize) {
        for _ in 0..2 {
            self.compactor(slice_rows).recover().await.unwrap();
            assert_eq!(self.bench.waiting(), 0, "call {call}");
            assert!(self.bench.published().len() >= seen, "call {call}");
        }
        self.compactor(slice_rows).run(&Beyond::new()).await.unwrap();
        self.check(50, call);
    }

    fn check(&self, events: usize, call: usize) {
        let mut ids: Vec<_> = self.bench.published().into_iter().map(|(_, row)| row.event.id).collect();
        assert_eq!(ids.len(), events, "call {call}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), events, "call {call}");
        assert_eq!((self.bench.landing_files(), self.bench.waiting()), (0, 0), "call {call}");
    }
}

#[tokio::test]
async fn a_crash_at_any_call_loses_and_doubles_nothing() {
    for slice_rows in [250_000, 10] {
        for call in 0.. {
            let process = Process::half_published(MemoryManifest::default(), MemoryStorage::default()).await;
            let run = process.compactor(slice_rows);
            let has_struck = process.strike(call, Fault::Crash, run.run(&Beyond::new())).await;
            process.bench.storage.inner.lose_power();
            let seen = process.seen(call);
            process.check_recovery(seen, slice_rows, call).await;
            if !has_struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_crash_while_a_crash_is_repaired_loses_and_doubles_nothing() {
    // Before anything is published there is only waste to remove.
    let process = Process::half_published(MemoryManifest::default(), MemoryStorage::default()).await;
    process.faults.clear();
    process.compactor(250_000).run(&Beyond::new()).await.unwrap();
    let publish = process.faults.calls().iter().position(|call| call == "publish").unwrap();
    for call in publish.. {
        let mut repair = 0;
        while crash_twice(call, repair).await {
            repair += 1;
        }
        if repair == 0 {
            break;
        }
    }
}

/// False once there is no such call any more.
async fn crash_twice(call: usize, repair: usize) -> bool {
    let process = Process::half_published(MemoryManifest::default(), MemoryStorage::default()).await;
    let has_struck = process.strike(call, Fault::Crash, process.compactor(250_000).run(&Beyond::new())).await;
    process.bench.storage.inner.lose_power();
    let seen = process.seen(call);
    let has_struck = process.strike(repair, Fault::Crash, process.compactor(250_000).recover()).await && has_struck;
    process.bench.storage.inner.lose_power();
    assert!(process.seen(call) >= seen, "calls {call}, {repair}");
    process.check_recovery(seen, 250_000, call).await;
    has_struck
}

#[tokio::test]
async fn a_crash_at_any_call_is_repaired_when_the_folder_is_opened_again() {
    for call in 0.. {
        let root = tempfile::tempdir().unwrap();
        let open = async || {
            let manifest = EmbeddedManifest::open(&root.path().join("manifest.redb")).await.unwrap();
            (manifest, LakeFolder::create(root.path()).unwrap())
        };
        let (manifest, folder) = open().await;
        let process = Process::half_published(manifest, folder).await;
        let has_struck = process.strike(call, Fault::Crash, process.compactor(250_000).run(&Beyond::new())).await;
        let seen = process.seen(call);
        drop(process);
        let (manifest, folder) = open().await;
        Process::over(manifest, folder).await.check_recovery(seen, 250_000, call).await;
        if !has_struck {
            break;
        }
    }
}

#[tokio::test]
async fn a_compaction_that_fails_or_is_dropped_is_repaired_by_the_next_without_opening_again() {
    for fault in [Fault::Before, Fault::After, Fault::Silence] {
        for call in 0.. {
            let mut process = Process::half_published(MemoryManifest::default(), MemoryStorage::default()).await;
            let compactor = process.compactor(10);
            let has_struck = process.strike(call, fault, compactor.run(&Beyond::new())).await;
            process.seen(call);
            process.bench.land(vec![row(3, 999, 0)]).await;
            compactor.run(&Beyond::new()).await.unwrap();
            process.check(51, call);
            if !has_struck {
                break;
            }
        }
    }
}

#[tokio::test]
async fn two_lakes_with_the_same_past_make_the_same_calls_and_the_same_files() {
    let mut lakes = Vec::new();
    for _ in 0..2 {
        let process = Process::half_published(MemoryManifest::default(), MemoryStorage::default()).await;
        let partition = |day| Partition { tenant: "acme".into(), day };
        let ids = |acts: std::ops::Range<u8>| acts.map(|act| row(act * 11, u16::from(act), 0).event.id).collect();
        let beyond = Beyond::from([(partition(crate::Day::of(&row(0, 0, 0).event)), ids(0..9))]);
        process.faults.clear();
        process.compactor(10).run(&beyond).await.unwrap();
        process.compactor(10).recover().await.unwrap();
        lakes.push((process.faults.calls(), process.bench.storage.inner.published()));
    }
    assert_eq!(lakes[0], lakes[1]);
    let steps: Vec<&str> = lakes[0].0.iter().filter_map(|call| call.split(' ').next()).collect();
    let first = |step: &str| steps.iter().position(|of| *of == step).unwrap();
    let order =
        ["get_landing", "put_part", "make_durable", "publish", "show", "remove_landing", "forget", "remove_waste"];
    assert!(order.map(first)[..4].is_sorted(), "{steps:?}");
    assert!(order.map(first)[5..].is_sorted(), "{steps:?}");
}

#[tokio::test]
async fn an_exchange_cut_in_its_middle_is_ended() {
    let root = tempfile::tempdir().unwrap();
    let mut process = Process::over(MemoryManifest::default(), LakeFolder::create(root.path()).unwrap()).await;
    process.bench.land(vec![row(1, 1, 0)]).await;
    process.compactor(10).run(&Beyond::new()).await.unwrap();
    process.bench.land(vec![row(1, 2, 0)]).await;
    process.faults.clear();
    for call in 0.. {
        process.strike(call, Fault::Crash, process.compactor(10).run(&Beyond::new())).await;
        if process.bench.manifest.generations().await.unwrap()[0].1 == 2 {
            break;
        }
    }
    let folder = &process.bench.storage.inner;
    let partition = process.bench.manifest.generations().await.unwrap().remove(0).0;
    let waiting = folder.waiting(&partition);
    fs::rename(folder.published(&partition), waiting.with_extension("old")).unwrap();
    process.compactor(10).recover().await.unwrap();
    assert_eq!((process.bench.published().len(), process.bench.waiting()), (2, 0));
}

#[tokio::test]
async fn a_generation_that_someone_deleted_is_an_error_and_not_an_empty_day() {
    let root = tempfile::tempdir().unwrap();
    let mut bench = Bench::over(Arc::<MemoryManifest>::default(), folder(&root)).await;
    bench.land(vec![row(1, 1, 0)]).await;
    bench.compactor().run(&Beyond::new()).await.unwrap();
    fs::remove_dir_all(bench.storage.events().join("tenant=acme")).unwrap();
    let error = bench.compactor().recover().await.unwrap_err();
    assert!(matches!(error, LakeError::GenerationLost { generation: 1, .. }), "{error}");
}
