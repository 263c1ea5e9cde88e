//! Puts that fail in part, as a whole, or after they were done; alone and under the collector.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use trilha_collector::collector::{Arrival, CollectError};
use trilha_schemas::record::decode;
use trilha_stream::port::{PutFailure, Stream, StreamError};
use trilha_stream_kinesis::{KinesisPuts, KinesisStream};

use crate::support::dice::Dice;
use crate::support::door::{FrontDoor, NOW, TENANT, keys};
use crate::support::proxy::{Call, Fault, INTERNAL, Proxy, THROTTLED};
use crate::support::{PATIENCE, StandIn, World, all_records, client, entry, texts};

/// Longer than a stand-in takes for a record.
const LITTLE_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than any patience.
const SLOW: Duration = Duration::from_secs(3600);

/// A fault of every PutRecords; all else works.
fn on_puts(mut fault: impl FnMut(&Call) -> Fault + Send + 'static) -> impl FnMut(&Call) -> Fault + Send + 'static {
    move |call| if call.is("PutRecords") { fault(call) } else { Fault::None }
}

#[tokio::test]
async fn entries_that_fail_are_named_in_order_and_the_others_are_written() {
    let Some(world) = World::new(StandIn::Ministack, 2).await else { return };
    let failures = |call: &Call| match call.body["Records"].as_array().unwrap().len() {
        5 => Fault::Entries(vec![0, 3], THROTTLED),
        _ => Fault::Entries(vec![1], INTERNAL),
    };
    let proxy = Proxy::start(&world.endpoint, on_puts(failures)).await;
    let stream = world.stream_at(&proxy.endpoint, PATIENCE).await;
    let put = |keys: &'static [&'static str]| stream.put_records(keys.iter().map(|key| entry(key, key)).collect());
    let results = put(&["a", "b", "c", "d", "e"]).await.unwrap();
    let failed: Vec<_> = results.iter().map(|result| result.as_ref().err().copied()).collect();
    assert_eq!(failed, [Some(PutFailure::Throttled), None, None, Some(PutFailure::Throttled), None]);
    let results = put(&["f", "g"]).await.unwrap();
    assert_eq!(results[1], Err(PutFailure::Internal));
    assert!(results[0].is_ok());
    let mut written = texts(&all_records(&stream).await);
    written.sort_unstable();
    assert_eq!(written, ["b", "c", "e", "f"]);
}

#[tokio::test]
async fn a_call_that_is_throttled_as_a_whole_throttles_each_entry_and_is_sent_once() {
    let Some(world) = World::new(StandIn::Ministack, 1).await else { return };
    let proxy = Proxy::start(&world.endpoint, on_puts(|_| Fault::Refused(400, THROTTLED))).await;
    let stream = world.stream_at(&proxy.endpoint, PATIENCE).await;
    let results = stream.put_records(vec![entry("a", "a"), entry("b", "b")]).await.unwrap();
    assert_eq!(results, [Err(PutFailure::Throttled), Err(PutFailure::Throttled)]);
    assert_eq!(proxy.calls("PutRecords").len(), 1);
}

#[tokio::test]
async fn a_call_without_an_answer_may_have_written_and_is_sent_once() {
    let Some(world) = World::new(StandIn::Ministack, 1).await else { return };
    let cases: [(fn() -> Fault, usize); 5] = [
        (|| Fault::CutBefore, 0),
        (|| Fault::Refused(500, INTERNAL), 0),
        (|| Fault::LostAfter, 1),
        (|| Fault::DoneBut(500, INTERNAL), 1),
        (|| Fault::Slow(SLOW), 1),
    ];
    let proxy = Proxy::start(&world.endpoint, |_| Fault::None).await;
    let stream = world.stream_at(&proxy.endpoint, LITTLE_PATIENCE).await;
    let mut there = 0;
    for (at, (fault, written)) in cases.into_iter().enumerate() {
        proxy.plan(on_puts(move |_| fault()));
        let put = stream.put_records(vec![entry("key", &at.to_string())]).await;
        assert!(matches!(put, Err(StreamError::Unavailable(_))), "case {at}: {put:?}");
        assert_eq!(proxy.calls("PutRecords").len(), at + 1, "case {at}");
        there += written;
        assert_eq!(all_records(&stream).await.len(), there, "case {at}");
    }
}

#[tokio::test]
async fn the_end_that_only_puts_asks_nothing_else() {
    for stand_in in [StandIn::KinesisLocal, StandIn::Ministack] {
        let Some(world) = World::new(stand_in, 1).await else { continue };
        let proxy = Proxy::start(&world.endpoint, |call| {
            if call.is("PutRecords") { Fault::None } else { Fault::Refused(400, "AccessDeniedException") }
        })
        .await;
        let puts = KinesisPuts::new(&client(&proxy.endpoint, PATIENCE), &world.name);
        let stored = puts.put_records(vec![entry("key", "1")]).await.unwrap().remove(0).unwrap();
        let read = puts.records(&stored.shard_id, None, 1, 1).await;
        assert!(matches!(read, Err(StreamError::Invalid(_))), "{read:?}");
        assert!(puts.shards().await.is_err());
        assert_eq!(texts(&all_records(&world.stream().await).await), ["1"]);
    }
}

fn views(ids: std::ops::Range<usize>) -> Vec<String> {
    let view = |id: usize| {
        format!(
            r#"{{"id":"e-{id}","type":"activity.viewed","time":"2026-03-02T19:29:00Z","learner":"aluna-{id}","course":"c","object":"p"}}"#
        )
    };
    ids.map(view).collect()
}

/// What is on the stream, by the senders' ids.
async fn written(stream: &KinesisStream) -> HashSet<String> {
    let records = all_records(stream).await;
    let events = records.iter().flat_map(|record| decode(&record.data).unwrap().events);
    events.map(|event| event.source_id(TENANT).unwrap().into_owned()).collect()
}

/// The ids of the events that were accepted.
async fn collect(
    door: &FrontDoor<KinesisStream>,
    ids: std::ops::Range<usize>,
) -> Result<HashSet<String>, CollectError> {
    let receipt = door.collect(Arrival::Live { now_millis: NOW }, &views(ids.clone())).await?;
    let rejected: HashSet<_> = receipt.rejected.iter().map(|rejected| ids.start + rejected.index).collect();
    assert!(receipt.rejected.iter().all(|rejected| rejected.code == "try_again"));
    assert_eq!(receipt.accepted + rejected.len(), ids.len(), "each event is accepted or rejected");
    Ok(ids.filter(|id| !rejected.contains(id)).map(|id| format!("e-{id}")).collect())
}

/// A service on a bad day.
fn chaos(mut dice: Dice) -> impl FnMut(&Call) -> Fault + Send + 'static {
    on_puts(move |call| {
        let entries = call.body["Records"].as_array().unwrap().len();
        let code = [THROTTLED, INTERNAL][dice.roll(2)];
        match dice.roll(12) {
            0 => Fault::CutBefore,
            1 => Fault::LostAfter,
            2 => Fault::DoneBut(500, INTERNAL),
            3 => Fault::Refused(400, THROTTLED),
            4 => Fault::Refused(503, "ServiceUnavailable"),
            5 => Fault::Entries((0..entries).collect(), code),
            6..10 => Fault::Entries((0..entries).filter(|_| dice.roll(10) < 7).collect(), code),
            _ => Fault::None,
        }
    })
}

/// Ids of events that were accepted in part or as a whole, and how many requests failed.
async fn send(door: &FrontDoor<KinesisStream>, requests: usize) -> (HashSet<String>, usize) {
    let (mut accepted, mut failed) = (HashSet::new(), 0);
    for request in 0..requests {
        match collect(door, request * 20..request * 20 + 20).await {
            Ok(ids) => accepted.extend(ids),
            Err(CollectError::Throttled | CollectError::Unavailable(_)) => failed += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (accepted, failed)
}

#[tokio::test]
async fn what_the_collector_acknowledges_is_on_the_stream_and_it_reports_the_rest() {
    const REQUESTS: usize = 60;
    for seed in 1..=3 {
        let Some(world) = World::new(StandIn::Ministack, 2).await else { return };
        let proxy = Proxy::start(&world.endpoint, chaos(Dice(seed))).await;
        let door = FrontDoor::new(Arc::new(world.stream_at(&proxy.endpoint, PATIENCE).await), &keys());
        let (accepted, failed) = send(&door, REQUESTS).await;
        let written = written(&world.stream().await).await;
        assert!(accepted.is_subset(&written), "seed {seed}: acknowledged and lost");
        assert!(failed < REQUESTS && accepted.len() < REQUESTS * 20, "seed {seed} does something of each");
        assert!(proxy.calls("PutRecords").len() > REQUESTS, "seed {seed}");
    }
}

#[tokio::test]
async fn a_stream_that_stays_full_is_said_to_be_and_asked_a_bounded_number_of_times() {
    let Some(world) = World::new(StandIn::Ministack, 1).await else { return };
    let refusals: [fn(&Call) -> Fault; 2] = [
        |_| Fault::Refused(400, THROTTLED),
        |call| Fault::Entries((0..call.body["Records"].as_array().unwrap().len()).collect(), THROTTLED),
    ];
    for refusal in refusals {
        let proxy = Proxy::start(&world.endpoint, on_puts(refusal)).await;
        let door = FrontDoor::new(Arc::new(world.stream_at(&proxy.endpoint, PATIENCE).await), &keys());
        let answer = collect(&door, 0..3).await;
        assert!(matches!(answer, Err(CollectError::Throttled)), "{answer:?}");
        assert_eq!(proxy.calls("PutRecords").len(), 5);
    }
}
