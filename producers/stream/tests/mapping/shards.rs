//! Many shards, resharding, stopping, and streams that fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use trilha_stream::checkpoints::Checkpoints;
use trilha_stream::mapping::{Handler, HandlerError, Mapping, MappingConfig, Parts};

use crate::support::{World, config, failed, texts};

/// Tells of each call and then waits for a permit.
struct Held {
    calls: UnboundedSender<Vec<String>>,
    permits: Arc<Semaphore>,
}

impl Handler for Held {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        self.calls.send(texts(&event)).unwrap();
        self.permits.acquire().await.unwrap().forget();
        Ok(KinesisEventResponse::default())
    }
}

type HeldMapping = Mapping<trilha_stream::memory::MemoryStream>;

fn start_held(world: &World) -> (HeldMapping, Arc<Semaphore>, tokio::sync::mpsc::UnboundedReceiver<Vec<String>>) {
    let (calls, called) = unbounded_channel();
    let permits = Arc::new(Semaphore::new(0));
    let parts = Parts {
        stream: Arc::clone(&world.stream),
        checkpoints: Arc::clone(&world.checkpoints),
        handler: Arc::new(Held { calls, permits: Arc::clone(&permits) }),
        on_failure: Arc::new(|gone| panic!("{gone:?}")),
        clock: Arc::new(|| 0),
    };
    (Mapping::start(config(), parts), permits, called)
}

/// Keys of which each goes to another shard.
const KEYS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

#[tokio::test(start_paused = true)]
async fn shards_are_read_at_the_same_time() {
    let world = World::new(4);
    let mut shards = BTreeSet::new();
    for key in KEYS {
        shards.insert(world.put_for(key, &[key]).await.remove(0).shard_id);
    }
    let (mapping, permits, mut called) = start_held(&world);
    for _ in 0..shards.len() {
        called.recv().await.unwrap();
    }
    assert!(shards.len() > 1 && called.try_recv().is_err());
    permits.add_permits(100);
    mapping.drained().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shard_has_one_call_at_a_time() {
    let world = World::new(1);
    world.put(&["1"]).await;
    let (mapping, permits, mut called) = start_held(&world);
    assert_eq!(called.recv().await.unwrap(), ["1"]);
    world.put(&["2"]).await;
    sleep(Duration::from_secs(3600)).await;
    assert!(called.try_recv().is_err());
    permits.add_permits(1);
    assert_eq!(called.recv().await.unwrap(), ["2"]);
    drop(mapping);
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_the_running_call_finish_and_acknowledges_it() {
    let mut world = World::new(1);
    let stored = world.put(&["1"]).await;
    let (mapping, permits, mut called) = start_held(&world);
    assert_eq!(called.recv().await.unwrap(), ["1"]);
    world.put(&["2"]).await;
    let stopping = tokio::spawn(mapping.stop());
    sleep(Duration::from_secs(3600)).await;
    assert!(!stopping.is_finished());
    permits.add_permits(1);
    stopping.await.unwrap();
    assert!(called.try_recv().is_err());
    let done = world.checkpoints.get("live", &stored[0].shard_id).await.unwrap();
    assert_eq!(done, Some(stored[0].sequence_number));
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_neither_for_records_nor_for_a_batch_that_keeps_failing() {
    let mut world = World::new(2);
    let mapping = world.start(config());
    sleep(Duration::from_secs(1)).await;
    mapping.stop().await;
    world.always(|_| failed());
    world.put(&["1"]).await;
    let mapping = world.start(config());
    world.next().await;
    mapping.stop().await;
    let mapping = world.start(MappingConfig { window: Duration::from_secs(300), ..config() });
    sleep(Duration::from_secs(1)).await;
    mapping.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_called_but_not_acknowledged_comes_again() {
    let mut world = World::new(1);
    world.put(&["1"]).await;
    let (mapping, _permits, mut called) = start_held(&world);
    assert_eq!(called.recv().await.unwrap(), ["1"]);
    drop(mapping);
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["1"]);
}

#[tokio::test(start_paused = true)]
async fn mappings_of_other_names_each_get_everything() {
    let mut world = World::new(1);
    world.put(&["1"]).await;
    let _live = world.start(config());
    assert_eq!(world.next().await, ["1"]);
    let _lake = world.start(MappingConfig::new("lake"));
    assert_eq!(world.next().await, ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_is_read_only_after_its_parent_is_done_and_so_on_down() {
    let mut world = World::new(1);
    let parent = world.put(&["parent"]).await.remove(0).shard_id;
    let [low, high] = world.stream.split(&parent).unwrap();
    world.put(&["child"]).await;
    let merged = world.stream.merge(&low, &high).unwrap();
    assert_eq!(world.put(&["grandchild"]).await[0].shard_id, merged);
    (0..5).for_each(|_| world.answer(|_| failed()));
    let _mapping = world.start(config());
    for _ in 0..6 {
        assert_eq!(world.next().await, ["parent"]);
    }
    assert_eq!(world.next().await, ["child"]);
    assert_eq!(world.next().await, ["grandchild"]);
    world.is_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn shards_that_a_running_streams_split_makes_are_read() {
    let mut world = World::new(1);
    let _mapping = world.start(config());
    let parent = world.put(&["1"]).await.remove(0).shard_id;
    assert_eq!(world.next().await, ["1"]);
    world.stream.split(&parent).unwrap();
    world.put(&["2"]).await;
    assert_eq!(world.next().await, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_children_wait_for_a_parent_that_is_not_done() {
    let mut world = World::new(1);
    let parent = world.put(&["1", "2"]).await.remove(0).shard_id;
    let mapping = world.start(MappingConfig { batch_size: 1, ..config() });
    assert_eq!(world.next().await, ["1"]);
    mapping.stop().await;
    world.stream.split(&parent).unwrap();
    world.put(&["3"]).await;
    let _mapping = world.start(config());
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "3") {
        seen.extend(world.next().await);
    }
    assert!(seen.ends_with(&["2".to_string(), "3".to_string()]), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_has_expired_keeps_nothing_waiting() {
    let mut world = World::new(1);
    let parent = world.put(&["1"]).await.remove(0).shard_id;
    let mapping = world.start(config());
    assert_eq!(world.next().await, ["1"]);
    mapping.stop().await;
    world.stream.split(&parent).unwrap();
    world.stream.expire(i64::MAX);
    world.put(&["2"]).await;
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_expires_while_it_is_read_lets_its_children_go_on() {
    let world = World::new(1);
    let parent = world.put(&["1"]).await.remove(0).shard_id;
    let (mapping, permits, mut called) = start_held(&world);
    assert_eq!(called.recv().await.unwrap(), ["1"]);
    world.stream.split(&parent).unwrap();
    world.stream.expire(i64::MAX);
    world.put(&["2"]).await;
    permits.add_permits(2);
    let next = tokio::time::timeout(Duration::from_secs(3600), called.recv()).await;
    assert_eq!(next.unwrap().unwrap(), ["2"]);
    mapping.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_for_a_while_delays_records_and_no_more() {
    let mut world = World::new(1);
    world.stream.fail_next_reads(7);
    world.put(&["1"]).await;
    let _mapping = world.start(config());
    assert_eq!(world.next().await, ["1"]);
    world.stream.fail_next_reads(3);
    world.put(&["2"]).await;
    assert_eq!(world.next().await, ["2"]);
    world.is_quiet().await;
}
