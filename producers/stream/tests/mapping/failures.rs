//! What a handler's answer does.

use std::time::Duration;

use tokio::time::Instant;
use trilha_stream::checkpoints::Checkpoints;
use trilha_stream::mapping::MappingConfig;

use crate::support::{Answer, World, config, done, failed, named, partial};

async fn check_whole_batch_comes_again(answer: impl FnOnce(Vec<String>) -> Answer + Send + 'static) {
    let mut world = World::new(1);
    world.put(&["1", "2", "3"]).await;
    world.answer(|event| answer(event.records.iter().map(|record| record.kinesis.sequence_number.clone()).collect()));
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["1", "2", "3"]);
    assert_eq!(world.next().await, ["1", "2", "3"]);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_fails_the_whole_batch() {
    check_whole_batch_comes_again(|_| failed()).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_the_whole_batch() {
    check_whole_batch_comes_again(|_| panic!("told to panic")).await;
}

#[tokio::test(start_paused = true)]
async fn an_identifier_that_names_no_record_fails_the_whole_batch() {
    check_whole_batch_comes_again(|_| named([None])).await;
    check_whole_batch_comes_again(|_| named([Some(String::new())])).await;
    check_whole_batch_comes_again(|_| named([Some("17".to_string())])).await;
    check_whole_batch_comes_again(|ids| named([Some(format!("shardId-000000000000:{}", ids[1]))])).await;
    check_whole_batch_comes_again(|ids| named([Some(ids[2].clone()), None])).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_is_success() {
    let mut world = World::new(1);
    world.put(&["1", "2"]).await;
    world.answer(|_| named([]));
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["1", "2"]);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn the_lowest_number_becomes_the_checkpoint_and_everything_from_it_comes_again() {
    let mut world = World::new(1);
    let stored = world.put(&["1", "2", "3", "4", "5"]).await;
    let checkpoints = world.checkpoints.clone();
    world.answer(partial(&[3, 1]));
    let mapping = world.start(config());
    assert_eq!(world.next().await, ["1", "2", "3", "4", "5"]);
    assert_eq!(world.next().await, ["2", "3", "4", "5"]);
    mapping.drained().await.unwrap();
    let shard = &stored[0].shard_id;
    assert_eq!(checkpoints.get("live", shard).await.unwrap(), Some(stored[4].sequence_number));
}

#[tokio::test(start_paused = true)]
async fn what_comes_before_the_lowest_number_is_done_for_good() {
    let mut world = World::new(1);
    let stored = world.put(&["1", "2", "3"]).await;
    world.answer(partial(&[1]));
    world.always(|_| failed());
    let mapping = world.start(config());
    assert_eq!(world.next().await, ["1", "2", "3"]);
    assert_eq!(world.next().await, ["2", "3"]);
    mapping.stop().await;
    let done_to = world.checkpoints.get("live", &stored[0].shard_id).await.unwrap();
    assert_eq!(done_to, Some(stored[0].sequence_number));
    world.always(|_| done());
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn answers_mean_nothing_unless_they_are_to_be_reported() {
    let mut world = World::new(1);
    world.put(&["1", "2"]).await;
    world.answer(partial(&[0]));
    let _mapping = world.start(MappingConfig { report_batch_item_failures: false, ..config() });
    assert_eq!(world.next().await, ["1", "2"]);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_batch_is_tried_for_ever_ever_more_slowly_and_holds_up_its_shard() {
    let mut world = World::new(1);
    world.put(&["1"]).await;
    (0..200).for_each(|_| world.answer(|_| failed()));
    let _mapping = world.start(config());
    let mut waits = Vec::new();
    assert_eq!(world.next().await, ["1"]);
    world.put(&["2"]).await;
    for _ in 0..200 {
        let failed_at = Instant::now();
        assert_eq!(world.next().await, ["1"]);
        waits.push(failed_at.elapsed());
    }
    assert!(waits[0] >= Duration::from_millis(100) && waits[0] < Duration::from_secs(1));
    assert!(waits.is_sorted() && waits[199] > Duration::from_secs(1) && waits[199] < Duration::from_secs(60));
    assert_eq!(world.next().await, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn bisecting_parts_a_failed_batch_in_two_and_keeps_order() {
    let mut world = World::new(1);
    world.put(&["1", "2", "3", "4", "5"]).await;
    world.answer(|_| failed());
    let _mapping = world.start(MappingConfig { bisect: true, ..config() });
    assert_eq!(world.next().await.len(), 5);
    let (first, second) = (world.next().await, world.next().await);
    assert_eq!([first.clone(), second.clone()].concat(), ["1", "2", "3", "4", "5"]);
    assert!(first.len() >= 2 && second.len() >= 2);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn bisecting_parts_a_partial_answers_batch_at_its_number() {
    let mut world = World::new(1);
    world.put(&["1", "2", "3", "4", "5"]).await;
    world.answer(partial(&[3]));
    let _mapping = world.start(MappingConfig { bisect: true, ..config() });
    assert_eq!(world.next().await.len(), 5);
    assert_eq!(world.next().await, ["4", "5"]);
    world.is_quiet().await;
}
