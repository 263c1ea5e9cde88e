//! What a storage that several processes share adds: claims, a grace time, readers that only go on. In a bucket in memory.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::lake::{HOUR, Lake, TestClock, ids, storage};
use common::rows::row;
use futures_util::TryStreamExt;
use object_store::memory::InMemory;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use object_store::{ObjectStore, ObjectStoreExt};
use trilha_lake::manifest::{Manifest, MemoryManifest};
use trilha_lake::storage::{Storage, part_name};
use trilha_lake::{Beyond, Day, LakeError, LakeRow, Partition};
use trilha_lake_s3::{Catalogue, MemoryCatalogue, S3Storage};

type Shared = S3Storage<MemoryCatalogue>;

/// A bucket and what several processes have of it.
struct World {
    bucket: Arc<InMemory>,
    catalogue: Arc<MemoryCatalogue>,
    clock: TestClock,
    partition: Partition,
}

impl World {
    fn new() -> World {
        let partition = Partition { tenant: "acme".into(), day: Day::of(&row(0, 0, 1).event) };
        // Objects in memory are as young as the wall clock says; this clock is far behind.
        World { bucket: Arc::new(InMemory::new()), catalogue: Arc::default(), clock: TestClock::default(), partition }
    }

    fn process(&self) -> Shared {
        storage(self.bucket.clone(), &self.catalogue, HOUR, self.clock.clock())
    }

    async fn write(&self, process: &Shared, generation: u64) {
        for part in 0..2 {
            let name = part_name(generation, part);
            process.put_part(&self.partition, &name, Bytes::from(name.clone())).await.unwrap();
        }
        process.make_durable(&self.partition).await.unwrap();
    }

    async fn location(&self) -> String {
        self.catalogue.location(&self.partition).await.unwrap().unwrap_or_default()
    }

    fn folder(&self, generation: u64) -> String {
        format!("{}/generation={generation}", self.partition.folder())
    }

    async fn objects(&self) -> Vec<String> {
        let objects: Vec<_> = self.bucket.list(None).try_collect().await.unwrap();
        let mut names: Vec<String> = objects.into_iter().map(|object| object.location.to_string()).collect();
        names.sort();
        names
    }

    async fn has(&self, generation: u64) -> bool {
        self.objects().await.iter().any(|name| name.contains(&format!("/generation={generation}/")))
    }
}

fn is_lost(shown: &Result<(), LakeError>) -> bool {
    matches!(shown, Err(LakeError::GenerationLost { .. }))
}

#[tokio::test]
async fn two_processes_write_no_generation_of_one_number() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    let claims = [one.claim(&world.partition, 0).await.unwrap(), other.claim(&world.partition, 0).await.unwrap()];
    assert_eq!(claims, [1, 2]);
    world.write(&other, 2).await;
    other.show(&world.partition, 2).await.unwrap();
    // The slower one writes on, and asks for its own to be shown.
    world.write(&one, 1).await;
    one.show(&world.partition, 1).await.unwrap();
    assert_eq!(world.location().await, world.folder(2));
    let part = part_name(2, 0);
    assert_eq!(one.get_part(&world.partition, &part).await.unwrap(), Bytes::from(part.clone()));
}

#[tokio::test]
async fn many_claims_at_once_are_all_different() {
    let world = World::new();
    // Writing takes so long that all of them have read before the first one has written.
    let config = ThrottleConfig { wait_put_per_call: Duration::from_millis(2), ..ThrottleConfig::default() };
    let bucket = Arc::new(ThrottledStore::new(InMemory::new(), config));
    let process = || storage(bucket.clone(), &world.catalogue, HOUR, world.clock.clock());
    let claims = (0..12).map(|_| async { process().claim(&world.partition, 3).await.unwrap() });
    let mut claims: Vec<u64> = futures_util::future::join_all(claims).await;
    claims.sort_unstable();
    assert_eq!(claims, (4..16).collect::<Vec<u64>>());
}

#[tokio::test]
async fn everything_lies_where_it_is_said_to() {
    let world = World::new();
    let process = world.process();
    world.write(&process, 1).await;
    process.show(&world.partition, 1).await.unwrap();
    process.put_landing("f.parquet", Bytes::new()).await.unwrap();
    let day = "tenant=acme/day=2026-11-23";
    let expected = [
        format!("lake/events/{day}/generation=1/part-1-0.parquet"),
        format!("lake/events/{day}/generation=1/part-1-1.parquet"),
        "lake/landing/f.parquet".to_string(),
        format!("lake/pointers/{day}.json"),
    ];
    assert_eq!(world.objects().await, expected);
}

#[tokio::test]
async fn a_superseded_generation_stays_for_the_grace_time() {
    let world = World::new();
    let process = world.process();
    for generation in [1, 2] {
        world.write(&process, generation).await;
        process.show(&world.partition, generation).await.unwrap();
        world.clock.pass(HOUR / 2);
    }
    world.clock.pass(HOUR / 2 - Duration::from_millis(1));
    process.remove_waiting(&world.partition).await.unwrap();
    assert!(process.still_waits(&world.partition).await.unwrap() && world.has(1).await);
    world.clock.pass(Duration::from_millis(1));
    process.remove_waiting(&world.partition).await.unwrap();
    assert!(!process.still_waits(&world.partition).await.unwrap() && !world.has(1).await);
    assert!(world.has(2).await && is_lost(&process.show(&world.partition, 1).await));
}

#[tokio::test]
async fn a_generation_whose_first_part_is_gone_is_not_shown() {
    let world = World::new();
    let process = world.process();
    world.write(&process, 1).await;
    process.show(&world.partition, 1).await.unwrap();
    process.put_part(&world.partition, &part_name(2, 1), Bytes::new()).await.unwrap();
    assert!(is_lost(&process.show(&world.partition, 2).await));
    assert_eq!(world.location().await, world.folder(1));
}

#[tokio::test]
async fn a_crash_between_catalogue_and_pointer_is_repaired_by_showing_again() {
    let world = World::new();
    let process = world.process();
    for generation in [1, 2] {
        world.write(&process, generation).await;
    }
    process.show(&world.partition, 1).await.unwrap();
    // The catalogue had moved; nobody came to write the pointer.
    world.catalogue.move_to(&world.partition, &world.folder(2)).await.unwrap();
    world.process().show(&world.partition, 2).await.unwrap();
    assert!(world.process().get_part(&world.partition, &part_name(2, 0)).await.is_ok());
    // Somebody late had moved it back.
    world.catalogue.move_to(&world.partition, &world.folder(1)).await.unwrap();
    world.process().show(&world.partition, 2).await.unwrap();
    assert_eq!(world.location().await, world.folder(2));
}

#[tokio::test]
async fn whoever_writes_for_longer_than_the_grace_time_is_told_before_it_publishes() {
    let world = World::new();
    let slow = world.process();
    world.write(&slow, 1).await;
    world.clock.pass(HOUR);
    world.process().remove_waiting(&world.partition).await.unwrap();
    assert!(!world.has(1).await);
    assert!(slow.make_durable(&world.partition).await.is_err());
}

#[tokio::test]
async fn what_is_made_durable_waits_anew() {
    let world = World::new();
    let slow = world.process();
    world.write(&slow, 1).await;
    world.clock.pass(HOUR - Duration::from_millis(1));
    slow.make_durable(&world.partition).await.unwrap();
    world.clock.pass(HOUR / 2);
    world.process().remove_waiting(&world.partition).await.unwrap();
    slow.show(&world.partition, 1).await.unwrap();
    assert!(world.has(1).await);
}

#[tokio::test]
async fn files_that_come_after_their_generation_was_removed_are_swept() {
    let world = World::new();
    let zombie = world.process();
    world.write(&zombie, 1).await;
    world.clock.pass(HOUR);
    world.process().remove_waiting(&world.partition).await.unwrap();
    zombie.put_part(&world.partition, &part_name(1, 3), Bytes::new()).await.unwrap();
    // Even if its note in the pointer is gone.
    let pointer = world.objects().await.into_iter().find(|name| name.contains("pointers")).unwrap();
    world.bucket.delete(&object_store::path::Path::parse(pointer).unwrap()).await.unwrap();
    world.process().remove_waste().await.unwrap();
    assert!(world.has(1).await, "it may be younger than the pointer that was read");
    world.clock.pass(Duration::from_secs(4_000_000_000));
    world.process().remove_waste().await.unwrap();
    assert!(!world.has(1).await);
}

#[tokio::test]
async fn a_pointer_of_a_later_version_is_left_alone() {
    let world = World::new();
    let at = object_store::path::Path::parse(format!("lake/pointers/{}.json", world.partition.folder())).unwrap();
    let later = br#"{"version":2,"published":1,"last":1,"waiting":[]}"#.as_slice();
    world.bucket.put(&at, later.into()).await.unwrap();
    assert!(world.process().claim(&world.partition, 0).await.is_err());
    assert!(world.process().show(&world.partition, 1).await.is_err());
    assert_eq!(world.bucket.get(&at).await.unwrap().bytes().await.unwrap(), later);
}

/// Compactors that know nothing of each other, in the same steps at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn compactions_that_race_lose_and_double_nothing() {
    let world = World::new();
    let manifest = Arc::<MemoryManifest>::default();
    let lake = |_| Lake { manifest: manifest.clone(), storage: Arc::new(world.process()) };
    let rows: Vec<LakeRow> = (0..300).map(|at| row(i64::from(at % 2), at / 3, u64::from(at) + 1)).collect();
    for batch in rows.chunks(30) {
        lake(0).land(batch.to_vec()).await.unwrap();
        let racing = (0..3).map(lake).map(|lake| tokio::spawn(async move { lake.workflow().await.is_ok() }));
        let done = futures_util::future::join_all(racing).await;
        assert!(done.into_iter().any(|is_ok| is_ok.unwrap()), "one of them at least comes through");
    }
    let lake = lake(0);
    lake.workflow().await.unwrap();
    assert_eq!(lake.events().await, ids(&rows));
    assert!(manifest.dirty().await.unwrap().is_empty());
    for (partition, generation) in manifest.generations().await.unwrap() {
        let folder = format!("{}/generation={generation}", partition.folder());
        assert_eq!(world.catalogue.location(&partition).await.unwrap(), Some(folder));
    }
    // All but what readers see goes, in time.
    world.clock.pass(HOUR);
    lake.compactor().settle().await.unwrap();
    assert!(manifest.unsettled().await.unwrap().is_empty());
    let parts = world.objects().await.into_iter().filter(|name| name.contains("/part-")).count();
    let mut named = 0;
    for (partition, _) in manifest.generations().await.unwrap() {
        named += manifest.generation(&partition).await.unwrap().files.len();
    }
    assert_eq!(parts, named);
}

#[tokio::test]
async fn a_compactor_that_planned_before_another_published_changes_nothing() {
    let world = World::new();
    let manifest = Arc::<MemoryManifest>::default();
    let lake = Lake { manifest: manifest.clone(), storage: Arc::new(world.process()) };
    let first: Vec<LakeRow> = (0..20).map(|at| row(0, at, u64::from(at) + 1)).collect();
    lake.land(first.clone()).await.unwrap();
    let slow = world.process();
    let claimed = slow.claim(&world.partition, 0).await.unwrap();
    world.write(&slow, claimed).await;
    lake.workflow().await.unwrap();
    world.write(&slow, claimed).await;
    slow.show(&world.partition, claimed).await.unwrap();
    assert_eq!(lake.events().await, ids(&first));
    assert_eq!(lake.compactor().run(&Beyond::new()).await.unwrap().partitions, 0);
}
