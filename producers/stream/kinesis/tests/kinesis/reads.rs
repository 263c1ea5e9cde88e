//! How shards are read: iterators, pages, what has expired, and how often the service is asked.

use std::time::Duration;

use serde_json::json;
use trilha_stream::port::{Records, Stored, Stream, StreamError};
use trilha_stream_kinesis::KinesisStream;

use crate::support::proxy::{Call, Fault, Proxy};
use crate::support::{PATIENCE, StandIn, World, all_records, put, texts};

struct Reading {
    world: World,
    proxy: Proxy,
    stream: KinesisStream,
}

impl Reading {
    async fn new(stand_in: StandIn, shards: i32) -> Option<Reading> {
        let world = World::new(stand_in, shards).await?;
        let proxy = Proxy::start(&world.endpoint, |_| Fault::None).await;
        let stream = world.stream_at(&proxy.endpoint, PATIENCE).await;
        Some(Reading { world, proxy, stream })
    }

    async fn read(&self, after: Option<&Stored>, shard_id: &str) -> Result<Records, StreamError> {
        self.stream.records(shard_id, after.map(|stored| stored.sequence_number), 100, usize::MAX).await
    }

    fn asked(&self, operation: &str) -> usize {
        self.proxy.calls(operation).len()
    }
}

/// The first calls of an operation have this fault; all others work.
fn first(
    operation: &'static str,
    mut times: usize,
    fault: impl Fn(&Call) -> Fault + Send + 'static,
) -> impl FnMut(&Call) -> Fault + Send + 'static {
    move |call| {
        if !call.is(operation) || times == 0 {
            return Fault::None;
        }
        times -= 1;
        fault(call)
    }
}

#[tokio::test]
async fn consumers_that_poll_share_one_iterator() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(reading) = Reading::new(stand_in, 1).await else { continue };
        let stored = put(&reading.stream, &["1", "2"]).await;
        let shard_id = &stored[0].shard_id;
        assert_eq!(texts(&reading.read(None, shard_id).await.unwrap().records), ["1", "2"]);
        for _ in 0..3 {
            let (one, other) =
                tokio::join!(reading.read(Some(&stored[1]), shard_id), reading.read(Some(&stored[1]), shard_id));
            assert!(one.unwrap().records.is_empty() && other.unwrap().records.is_empty());
        }
        put(&reading.stream, &["3"]).await;
        assert_eq!(texts(&reading.read(Some(&stored[1]), shard_id).await.unwrap().records), ["3"]);
        assert_eq!(reading.asked("GetShardIterator"), 1);
    }
}

#[tokio::test]
async fn what_is_left_of_a_page_is_not_read_again() {
    let Some(reading) = Reading::new(StandIn::KinesisLocal, 1).await else { return };
    let stored = put(&reading.stream, &["1", "2", "3", "4"]).await;
    let mut after = None;
    for (at, stored) in stored.iter().enumerate() {
        let read = reading.stream.records(&stored.shard_id, after, 1, usize::MAX).await.unwrap();
        assert_eq!(texts(&read.records), [(at + 1).to_string()]);
        after = Some(stored.sequence_number);
    }
    assert_eq!((reading.asked("GetShardIterator"), reading.asked("GetRecords")), (1, 1));
}

#[tokio::test]
async fn an_iterator_that_expired_is_renewed_and_nothing_is_skipped_or_repeated() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(reading) = Reading::new(stand_in, 1).await else { continue };
        let stored = put(&reading.stream, &["1"]).await;
        let shard_id = &stored[0].shard_id;
        reading.read(None, shard_id).await.unwrap();
        put(&reading.stream, &["2", "3"]).await;
        reading.proxy.plan(first("GetRecords", 1, |_| Fault::Refused(400, "ExpiredIteratorException")));
        assert_eq!(texts(&reading.read(Some(&stored[0]), shard_id).await.unwrap().records), ["2", "3"]);
        assert_eq!(reading.asked("GetShardIterator"), 2);
    }
}

/// Takes the oldest records out of an answer, and the last into the future never: they have expired.
fn without_oldest(count: usize) -> Fault {
    Fault::Answer(Box::new(move |answer| drop(answer["Records"].as_array_mut().unwrap().drain(..count))))
}

#[tokio::test]
async fn a_position_that_has_expired_goes_on_at_the_oldest_record() {
    let Some(reading) = Reading::new(StandIn::KinesisLocal, 1).await else { return };
    let stored = put(&reading.stream, &["1", "2", "3", "4"]).await;
    let shard_id = &stored[0].shard_id;
    let mut refused = false;
    reading.proxy.plan(move |call| match call.operation.as_str() {
        "GetShardIterator" if call.body["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER" => {
            refused = true;
            Fault::Refused(400, "ResourceNotFoundException")
        }
        "GetRecords" if refused => without_oldest(2),
        _ => Fault::None,
    });
    assert_eq!(texts(&reading.read(Some(&stored[0]), shard_id).await.unwrap().records), ["3", "4"]);
}

#[tokio::test]
async fn a_position_that_is_refused_though_older_records_are_kept_is_an_error() {
    let Some(reading) = Reading::new(StandIn::KinesisLocal, 1).await else { return };
    let stored = put(&reading.stream, &["1", "2"]).await;
    let refuse = |_: &Call| Fault::Refused(400, "InvalidArgumentException");
    reading.proxy.plan(first("GetShardIterator", 1, refuse));
    let read = reading.read(Some(&stored[1]), &stored[0].shard_id).await;
    assert!(matches!(read, Err(StreamError::Invalid(_))), "{read:?}");
}

#[tokio::test]
async fn an_answer_without_records_is_read_past_where_more_is_to_come() {
    let Some(reading) = Reading::new(StandIn::Ministack, 1).await else { return };
    let stored = put(&reading.stream, &["1"]).await;
    reading.proxy.plan(first("GetRecords", 3, |call| {
        let again = call.body["ShardIterator"].clone();
        Fault::Answer(Box::new(move |answer| {
            *answer = json!({ "Records": [], "MillisBehindLatest": 1_000, "NextShardIterator": again });
        }))
    }));
    assert_eq!(texts(&reading.read(None, &stored[0].shard_id).await.unwrap().records), ["1"]);
    assert_eq!(reading.asked("GetRecords"), 4);
}

#[tokio::test]
async fn a_shard_that_is_listed_has_not_gone_whatever_one_call_says() {
    let Some(reading) = Reading::new(StandIn::Ministack, 1).await else { return };
    let stored = put(&reading.stream, &["1"]).await;
    let refuse = |_: &Call| Fault::Refused(400, "ResourceNotFoundException");
    reading.proxy.plan(first("GetRecords", 1, refuse));
    let read = reading.read(None, &stored[0].shard_id).await;
    assert!(matches!(read, Err(StreamError::Unavailable(_))), "{read:?}");
    assert_eq!(texts(&reading.read(None, &stored[0].shard_id).await.unwrap().records), ["1"]);
}

/// ministack reads no second page: it knows no stream by the token.
#[tokio::test]
async fn the_list_of_shards_is_read_in_pages_and_shared() {
    let Some(reading) = Reading::new(StandIn::KinesisLocal, 4).await else { return };
    reading.proxy.plan(|call| {
        let one_each = |body: &mut serde_json::Value| body["MaxResults"] = json!(1);
        if call.is("ListShards") { Fault::Call(Box::new(one_each)) } else { Fault::None }
    });
    let lists = futures_util::future::join_all((0..10).map(|_| reading.stream.shards())).await;
    for list in lists {
        let ids: Vec<_> = list.unwrap().into_iter().map(|shard| shard.shard_id).collect();
        assert_eq!(ids, (0..4).map(trilha_stream::hash::shard_id).collect::<Vec<_>>());
    }
    let asked = reading.asked("ListShards");
    assert!((4..40).contains(&asked), "{asked} calls");
}

#[tokio::test]
async fn a_stream_that_is_not_there_cannot_be_opened() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(world) = World::new(stand_in, 1).await else { continue };
        let opened = KinesisStream::open(world.client(), "trilha-is-not-there").await;
        assert!(matches!(opened, Err(StreamError::Invalid(_))), "{opened:?}");
    }
}

#[tokio::test]
async fn a_stream_made_anew_has_another_incarnation() {
    let Some(world) = World::new(StandIn::KinesisLocal, 1).await else { return };
    let (one, again) = (world.stream().await, world.stream().await);
    assert_eq!(one.incarnation(), again.incarnation());
    assert!(one.incarnation().len() <= 32 && !one.incarnation().contains(['/', '|']));
    let client = world.client();
    client.delete_stream().stream_name(&world.name).send().await.unwrap();
    while client.create_stream().stream_name(&world.name).shard_count(1).send().await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    world.is_active().await;
    assert_ne!(world.stream().await.incarnation(), one.incarnation());
}

#[tokio::test]
async fn a_range_is_read_again_from_its_first_to_its_last_record() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(reading) = Reading::new(stand_in, 1).await else { continue };
        let stored = put(&reading.stream, &["1", "2", "3", "4", "5"]).await;
        for (limit, first, last) in [(1, 0, 4), (1, 1, 3), (100, 1, 3), (100, 2, 2), (100, 0, 4)] {
            reading.proxy.plan(move |call| {
                let limited = move |body: &mut serde_json::Value| body["Limit"] = json!(limit);
                if call.is("GetRecords") { Fault::Call(Box::new(limited)) } else { Fault::None }
            });
            let numbers = [first, last].map(|at: usize| stored[at].sequence_number);
            let read = reading.stream.records_between(&stored[0].shard_id, numbers[0], numbers[1]).await.unwrap();
            let expected: Vec<_> = (first..=last).map(|at| (at + 1).to_string()).collect();
            assert_eq!((texts(&read.records), read.expired), (expected, false));
        }
    }
}

#[tokio::test]
async fn a_range_that_has_expired_in_part_or_with_its_shard_says_so() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(reading) = Reading::new(stand_in, 1).await else { continue };
        let stored = put(&reading.stream, &["1", "2", "3"]).await;
        let (first_number, last_number) = (stored[0].sequence_number, stored[2].sequence_number);
        for (count, left) in [(1, vec!["2", "3"]), (3, vec![])] {
            reading.proxy.plan(first("GetRecords", 1, move |_| without_oldest(count)));
            let read = reading.stream.records_between(&stored[0].shard_id, first_number, last_number).await.unwrap();
            assert_eq!((texts(&read.records), read.expired), (left.iter().map(ToString::to_string).collect(), true));
        }
        let gone = reading.stream.records_between("shardId-000000000077", first_number, last_number).await.unwrap();
        assert_eq!((gone.records.len(), gone.expired), (0, true));
        assert_eq!(all_records(&reading.world.stream().await).await.len(), 3);
    }
}
