//! A whole lake on a stand-in for AWS: written, compacted in steps, read back, with calls that fail and processes that
//! race.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::lake::{HOUR, Lake, TestClock, ids, storage, wall_clock};
use common::proxy::{Fault, Proxy};
use common::rows::row;
use common::stand_in::{Retries, StandIn, StandInView};
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_lake::{LakeError, LakeRow};
use trilha_lake_s3::{Catalogue, Clock, DynamoManifest, GlueCatalogue, S3Storage};

type AwsLake = Lake<DynamoManifest, S3Storage<GlueCatalogue>>;

fn lake(view: &StandInView, grace: Duration, clock: Clock) -> AwsLake {
    let catalogue = Arc::new(view.catalogue());
    Lake::over(view.manifest(), storage(view.bucket(), &catalogue, grace, clock))
}

/// Three batches of two days, and of each event a copy in a later batch.
fn batches() -> Vec<Vec<LakeRow>> {
    let rows: Vec<LakeRow> = (0..90).map(|at| row(i64::from(at % 2), at % 60, u64::from(at) + 1)).collect();
    rows.chunks(30).map(<[LakeRow]>::to_vec).collect()
}

fn all() -> Vec<LakeRow> {
    batches().concat()
}

async fn check(lake: &AwsLake, view: &StandInView, case: &str) {
    assert_eq!(lake.events().await, ids(&all()), "{case}");
    assert!(lake.manifest.dirty().await.unwrap().is_empty(), "{case}");
    assert!(lake.storage.list_landing().await.unwrap().is_empty(), "{case}");
    for (partition, generation) in lake.manifest.generations().await.unwrap() {
        let folder = format!("{}/generation={generation}", partition.folder());
        assert_eq!(view.catalogue().location(&partition).await.unwrap(), Some(folder), "{case}");
    }
}

#[tokio::test]
async fn what_is_written_in_batches_and_compacted_by_steps_is_read_back_whole() {
    let Some(stand_in) = StandIn::new().await else { return };
    let (view, clock) = (stand_in.view(), TestClock::default());
    let lake = lake(&view, HOUR, clock.clock());
    for batch in batches() {
        lake.land(batch.clone()).await.unwrap();
        lake.land(batch).await.unwrap();
        lake.workflow().await.unwrap();
    }
    check(&lake, &view, "compacted").await;
    assert_eq!(lake.manifest.unsettled().await.unwrap().len(), 2, "generations before wait for their time");
    clock.pass(HOUR);
    lake.compactor().settle().await.unwrap();
    assert!(lake.manifest.unsettled().await.unwrap().is_empty());
    check(&lake, &view, "settled").await;
    assert_eq!(lake.compactor().sweep().await.unwrap(), 0);
    check(&lake, &view, "swept").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_compactions_at_once_lose_and_double_nothing() {
    let Some(stand_in) = StandIn::new().await else { return };
    let view = stand_in.view();
    for batch in batches() {
        lake(&view, HOUR, wall_clock()).land(batch).await.unwrap();
        let racing = (0..2).map(|_| lake(&view, HOUR, wall_clock()));
        let racing = racing.map(|lake| tokio::spawn(async move { lake.workflow().await.is_ok() }));
        let done = futures_util::future::join_all(racing).await;
        assert!(done.into_iter().any(|is_ok| is_ok.unwrap()), "one of them comes through");
    }
    let lake = lake(&view, HOUR, wall_clock());
    lake.workflow().await.unwrap();
    check(&lake, &view, "raced").await;
}

/// Lands the second and the third batch and compacts, by one process.
async fn work(lake: &AwsLake) -> Result<(), LakeError> {
    for batch in &batches()[1..] {
        lake.land(batch.clone()).await?;
    }
    lake.workflow().await
}

/// One batch is published; the next are landed and compacted with a fault at one call, by one process, and again by
/// another. False if the work ended before the call.
async fn strike(stand_in: &StandIn, retries: Retries, call: usize, fault: Fault) -> bool {
    let proxy = Proxy::before(&stand_in.clients.address).await;
    let behind = stand_in.through(&proxy.address, retries).await;
    let direct = lake(&stand_in.view(), HOUR, wall_clock());
    direct.land(batches()[0].clone()).await.unwrap();
    direct.workflow().await.unwrap();
    proxy.plan(call, fault);
    let done = work(&lake(&behind, HOUR, wall_clock())).await;
    let has_struck = proxy.has_struck();
    proxy.clear();
    let case = format!("{fault:?} at call {call}, {retries:?}: {done:?}");
    assert!(has_struck || done.is_ok(), "{case}");
    work(&direct).await.unwrap();
    direct.compactor().sweep().await.unwrap();
    check(&direct, &stand_in.view(), &case).await;
    has_struck
}

async fn strike_everywhere(retries: Retries, fault: Fault, step: usize) {
    for call in (0..).step_by(step) {
        let Some(stand_in) = StandIn::new().await else { return };
        if !strike(&stand_in, retries, call, fault).await {
            assert!(call > 30, "only {call} calls");
            return;
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_call_loses_and_doubles_nothing() {
    strike_everywhere(Retries::None, Fault::Crash, 1).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_at_any_call_loses_and_doubles_nothing() {
    strike_everywhere(Retries::None, Fault::AnswerLost, 1).await;
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_call_loses_and_doubles_nothing() {
    strike_everywhere(Retries::None, Fault::Cut, 3).await;
}

/// The libraries repeat what was done.
#[tokio::test]
async fn a_call_that_was_done_and_is_said_to_have_failed_may_be_repeated_by_its_library() {
    strike_everywhere(Retries::Library, Fault::DoneAndFailed, 2).await;
}

#[tokio::test]
async fn a_commit_that_its_library_repeats_is_known_as_done() {
    let Some(stand_in) = StandIn::new().await else { return };
    let proxy = Proxy::before(&stand_in.clients.address).await;
    let behind = stand_in.through(&proxy.address, Retries::Library).await.manifest();
    let file = trilha_lake::manifest::LandingFile { name: "f".into(), rows: Vec::new() };
    for file in [Some(file), None] {
        let shard = if file.is_some() { "with" } else { "without" };
        let commit = trilha_lake::manifest::Commit {
            shard: shard.into(),
            expected: common::rows::sequence(0),
            watermark: common::rows::sequence(5),
            file,
        };
        proxy.plan(0, Fault::DoneAndFailed);
        assert_eq!(behind.commit(commit).await.unwrap(), trilha_lake::manifest::Committed::Done, "{shard}");
        assert!(proxy.has_struck());
    }
}
