//! Which batches are made, when, and what a handler sees.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use trilha_stream::checkpoints::Checkpoints;
use trilha_stream::mapping::{MAX_BATCH_BYTES, MappingConfig};
use trilha_stream::port::MAX_RECORD_BYTES;

use crate::support::{START_MILLIS, World, config};

const WINDOW: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_record_looks_as_lambda_would_hand_it_over() {
    let mut world = World::new(1);
    let _mapping = world.start(config());
    let stored = world.put_for("a key", &["text"]).await.remove(0);
    let event = world.next_event().await;
    let [record] = &event.records[..] else { panic!("one record was put") };
    let number = stored.sequence_number.to_string();
    assert_eq!(record.event_id.as_deref(), Some(format!("shardId-000000000000:{number}").as_str()));
    assert_eq!(record.event_name.as_deref(), Some("aws:kinesis:record"));
    assert_eq!(record.event_source.as_deref(), Some("aws:kinesis"));
    assert_eq!(record.event_version.as_deref(), Some("1.0"));
    assert!(record.event_source_arn.as_ref().unwrap().starts_with("arn:aws:kinesis:"));
    assert_eq!(record.aws_region.as_deref(), record.event_source_arn.as_ref().unwrap().split(':').nth(3));
    assert_eq!(record.kinesis.kinesis_schema_version.as_deref(), Some("1.0"));
    assert_eq!((record.kinesis.partition_key.as_str(), &record.kinesis.data[..]), ("a key", &b"text"[..]));
    assert_eq!(record.kinesis.sequence_number, number);
    assert_eq!(record.kinesis.approximate_arrival_timestamp.timestamp_millis(), START_MILLIS);
}

#[tokio::test(start_paused = true)]
async fn records_come_in_order_in_batches_of_the_size_and_are_acknowledged() {
    let mut world = World::new(1);
    let stored = world.put(&["1", "2", "3", "4", "5"]).await;
    let mapping = world.start(MappingConfig { batch_size: 2, ..config() });
    assert_eq!(world.next().await, ["1", "2"]);
    assert_eq!(world.next().await, ["3", "4"]);
    assert_eq!(world.next().await, ["5"]);
    mapping.drained().await.unwrap();
    let done = world.checkpoints.get("live", &stored[0].shard_id).await.unwrap();
    assert_eq!(done, Some(stored[4].sequence_number));
    assert_eq!(mapping.acknowledged(&stored[0].shard_id), done);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_window_an_idle_shards_record_comes_at_once() {
    let mut world = World::new(4);
    let _mapping = world.start(config());
    sleep(WINDOW).await;
    let put = Instant::now();
    world.put(&["1"]).await;
    assert_eq!(world.next().await, ["1"]);
    assert_eq!(put.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_not_full_waits_its_window_from_its_first_record() {
    let mut world = World::new(1);
    let _mapping = world.start(MappingConfig { window: WINDOW, ..config() });
    sleep(WINDOW).await;
    let put = Instant::now();
    world.put(&["1"]).await;
    sleep(WINDOW * 3 / 4).await;
    world.put(&["2"]).await;
    assert_eq!(world.next().await, ["1", "2"]);
    assert!((WINDOW..WINDOW + Duration::from_millis(10)).contains(&put.elapsed()), "{:?}", put.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_full_by_number_waits_no_longer() {
    let mut world = World::new(1);
    let _mapping = world.start(MappingConfig { window: WINDOW, batch_size: 3, ..config() });
    let put = Instant::now();
    world.put(&["1", "2"]).await;
    sleep(WINDOW / 4).await;
    world.put(&["3", "4"]).await;
    assert_eq!(world.next().await, ["1", "2", "3"]);
    assert!(put.elapsed() < WINDOW / 2);
    assert_eq!(world.next().await, ["4"]);
    assert!(put.elapsed() >= WINDOW);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_full_by_bytes_waits_no_longer_and_stays_within_lambdas_limit() {
    let mut world = World::new(1);
    let _mapping = world.start(MappingConfig { window: WINDOW, ..config() });
    let put = Instant::now();
    let large = "x".repeat(MAX_RECORD_BYTES);
    let most = MAX_BATCH_BYTES / MAX_RECORD_BYTES;
    world.put(&vec![large.as_str(); most - 1]).await;
    sleep(WINDOW / 4).await;
    world.put(&[large.as_str(); 2]).await;
    assert_eq!(world.next().await.len(), most);
    assert!(put.elapsed() < WINDOW / 2);
    assert_eq!(world.next().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_to_which_no_record_like_its_largest_fits_waits_no_longer() {
    let mut world = World::new(1);
    let _mapping = world.start(MappingConfig { window: WINDOW, ..config() });
    let put = Instant::now();
    let large = "x".repeat(MAX_RECORD_BYTES);
    let most = MAX_BATCH_BYTES / MAX_RECORD_BYTES;
    world.put(&vec![large.as_str(); most]).await;
    assert_eq!(world.next().await.len(), most);
    assert!(put.elapsed() < WINDOW / 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_holds_bytes_up_to_the_limit_and_not_one_more() {
    // Lambda's 6 MB are base64, with some room for what stands beside the data.
    const { assert!(MAX_BATCH_BYTES.div_ceil(3) * 4 < 5_900_000) };
    let large = "x".repeat(MAX_RECORD_BYTES);
    let most = MAX_BATCH_BYTES / MAX_RECORD_BYTES;
    for (over, expected) in [(0, vec![most + 1]), (1, vec![most, 1])] {
        let rest = "y".repeat(MAX_BATCH_BYTES - most * MAX_RECORD_BYTES + over);
        let mut world = World::new(1);
        world.put(&[vec![large.as_str(); most], vec![&rest]].concat()).await;
        let _mapping = world.start(config());
        for records in expected {
            assert_eq!(world.next().await.len(), records, "{over} over");
        }
        world.is_quiet().await;
    }
}

#[tokio::test(start_paused = true)]
async fn drained_waits_for_what_was_put_before_it() {
    let mut world = World::new(4);
    world.put_for("a", &["1"]).await;
    world.put_for("b", &["2"]).await;
    let mapping = world.start(MappingConfig { window: WINDOW, ..config() });
    let started = Instant::now();
    mapping.drained().await.unwrap();
    assert!(started.elapsed() >= WINDOW);
    let mut seen = [world.next().await, world.next().await].concat();
    seen.sort();
    assert_eq!(seen, ["1", "2"]);
    for (shard_id, tip) in world.stream.tips() {
        assert_eq!(mapping.acknowledged(&shard_id), Some(tip));
    }
    mapping.drained().await.unwrap();
}
