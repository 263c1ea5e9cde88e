//! Shards that split and merge while records come in, delivered by the event source mapping's twin. On kinesis-local, which
//! alone does this as Kinesis does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use tokio::sync::Notify;
use trilha_collector::collector::Arrival;
use trilha_core::keys::{self, Kind};
use trilha_core::views::{CourseView, HourView, MonthView, QuizView, VideoView, View, merge};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, LiveTable};
use trilha_processors::absorb::stored;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;
use trilha_schemas::sequence::SequenceNumber;
use trilha_simulator::{Class, ClassConfig};
use trilha_stream::checkpoints::MemoryCheckpoints;
use trilha_stream::mapping::{Handler, HandlerError, Mapping, MappingConfig, Parts};
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{Shard, Stream};
use trilha_stream_kinesis::KinesisStream;

use crate::support::dice::Dice;
use crate::support::door::{FrontDoor, NOW, TENANT, keys as key_ring};
use crate::support::{StandIn, World, entry};

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(300);

/// The stream's shards as they are now.
async fn shards(world: &World) -> Vec<Shard> {
    world.stream().await.shards().await.unwrap()
}

/// Closes an open shard and opens two instead.
async fn split(world: &World, which: usize) {
    let open: Vec<_> = shards(world).await.into_iter().filter(|shard| shard.open).collect();
    let (parent, client) = (&open[which], world.client());
    let middle = parent.first_hash_key + (parent.last_hash_key - parent.first_hash_key) / 2;
    let call = client.split_shard().stream_name(&world.name).shard_to_split(&parent.shard_id);
    call.new_starting_hash_key(middle.to_string()).send().await.unwrap();
    world.is_active().await;
}

/// Closes the two open shards of the highest keys and opens one instead.
async fn merge_highest(world: &World) {
    let mut open: Vec<_> = shards(world).await.into_iter().filter(|shard| shard.open).collect();
    open.sort_by_key(|shard| shard.first_hash_key);
    let (high, low, client) = (open.pop().unwrap(), open.pop().unwrap(), world.client());
    let call = client.merge_shards().stream_name(&world.name).shard_to_merge(low.shard_id);
    call.adjacent_shard_to_merge(high.shard_id).send().await.unwrap();
    world.is_active().await;
}

/// One part of a load before and after each change of the shards, and one during it.
async fn while_resharding(world: &World, mut load: impl AsyncFnMut(usize)) {
    load(0).await;
    tokio::join!(split(world, 0), load(1));
    load(2).await;
    tokio::join!(merge_highest(world), load(3));
    load(4).await;
    tokio::join!(split(world, 1), load(5));
    load(6).await;
}

const PARTS: usize = 7;

fn start<S: Stream, H: Handler>(stream: &Arc<S>, handler: &Arc<H>) -> Mapping<S> {
    let parts = Parts {
        stream: Arc::clone(stream),
        checkpoints: Arc::new(MemoryCheckpoints::default()),
        handler: Arc::clone(handler),
        on_failure: Arc::new(|gone| panic!("{gone:?}")),
        clock: Arc::new(|| NOW),
    };
    Mapping::start(MappingConfig { batch_size: 40, ..MappingConfig::new("live") }, parts)
}

/// A record that was handled.
struct Given {
    shard_id: String,
    sequence_number: SequenceNumber,
    text: String,
}

/// Fails some batches, and notes the records of the others.
struct Noting {
    given: Mutex<Vec<Given>>,
    dice: Mutex<Dice>,
    moved: Notify,
}

impl Handler for Noting {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        if self.dice.lock().unwrap().roll(4) == 0 {
            return Err(HandlerError("told to fail".to_string()));
        }
        let given = event.records.into_iter().map(|record| Given {
            shard_id: record.event_id.as_deref().unwrap().split_once(':').unwrap().0.to_string(),
            sequence_number: SequenceNumber::parse(&record.kinesis.sequence_number).unwrap(),
            text: String::from_utf8(record.kinesis.data.to_vec()).unwrap(),
        });
        self.given.lock().unwrap().extend(given);
        self.moved.notify_one();
        Ok(KinesisEventResponse::default())
    }
}

impl Noting {
    async fn has(&self, count: usize) {
        while self.given.lock().unwrap().len() < count {
            self.moved.notified().await;
        }
    }
}

async fn put_numbered(stream: &KinesisStream, range: std::ops::Range<usize>) {
    for at in range.step_by(10) {
        let entries = (at..at + 10).map(|at| entry(&format!("key {at}"), &at.to_string())).collect();
        let results = stream.put_records(entries).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn every_record_is_handled_once_and_children_after_their_parents() {
    const PART: usize = 200;
    let Some(world) = World::new(StandIn::KinesisLocal, 2).await else { return };
    let stream = Arc::new(world.stream().await);
    let noting = Noting { given: Mutex::default(), dice: Mutex::new(Dice(1)), moved: Notify::new() };
    let handler = Arc::new(noting);
    let mapping = start(&stream, &handler);
    while_resharding(&world, async |part| put_numbered(&stream, part * PART..(part + 1) * PART).await).await;
    tokio::time::timeout(LONG, handler.has(PARTS * PART)).await.expect("every record is handled");
    mapping.drained().await.unwrap();
    mapping.stop().await;
    let given = std::mem::take(&mut *handler.given.lock().unwrap());
    let distinct: BTreeSet<&str> = given.iter().map(|given| given.text.as_str()).collect();
    assert_eq!((given.len(), distinct.len()), (PARTS * PART, PARTS * PART));
    check_order(&given, &shards(&world).await);
}

/// Each shard's records come in their order, and none before its parents' last.
fn check_order(given: &[Given], shards: &[Shard]) {
    let mut places: BTreeMap<&str, Vec<(usize, SequenceNumber)>> = BTreeMap::new();
    for (at, given) in given.iter().enumerate() {
        places.entry(&given.shard_id).or_default().push((at, given.sequence_number));
    }
    assert!(places.values().all(|places| places.is_sorted_by(|one, next| one.1 < next.1)));
    let mut lines = 0;
    for shard in shards {
        for parent in &shard.parents {
            let ends = places.get(parent.as_str()).zip(places.get(shard.shard_id.as_str()));
            let Some((parents, children)) = ends else { continue };
            assert!(parents.last() < children.first(), "{} was read before its parent's end", shard.shard_id);
            lines += 1;
        }
    }
    assert!(lines >= 4, "records came before and after each change");
}

/// Nothing is set aside in these tests.
struct NoStrays;

impl Strays for NoStrays {
    async fn damaged(&self, stray: Stray, reason: String) -> Result<(), String> {
        panic!("{stray:?}: {reason}")
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        panic!("{stray:?}")
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        panic!("{tenant}: {events:?}")
    }
}

/// The live processor as a mapping calls it.
struct Live(LiveProcessor<MemoryTable, NoStrays>);

impl Handler for Live {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        self.0.handle(event).await.map_err(|error| HandlerError(error.to_string()))
    }
}

fn live(stream: &impl Stream) -> (Arc<MemoryTable>, Arc<Live>) {
    let table = Arc::new(MemoryTable::new());
    let processor = LiveProcessor::new(Arc::clone(&table), NoStrays, stream.incarnation().to_string(), usize::MAX);
    (table, Arc::new(Live(processor)))
}

/// A class's events, in as many parts as the load has.
fn class() -> Vec<Vec<String>> {
    const EVENTS: usize = 2_100;
    let config = ClassConfig { events: Some(EVENTS as u64), courses: Some(2), ..ClassConfig::default() };
    let events: Vec<_> = Class::new(&config).map(|event| event.json).collect();
    events.chunks(EVENTS / PARTS).map(<[String]>::to_vec).collect()
}

async fn send<S: Stream>(door: &FrontDoor<S>, events: &[String]) {
    for request in events.chunks(50) {
        let receipt = door.collect(Arrival::Replay { now_millis: NOW }, request).await.unwrap();
        assert_eq!(receipt.rejected, []);
    }
}

/// Everything that readers see of a tenant, summed over shards.
async fn seen(table: &MemoryTable) -> Vec<String> {
    let mut seen = vec![views::<CourseView>(table, &keys::courses_partition(TENANT), "").await];
    let totals = table.query(&keys::courses_partition(TENANT), "", Consistency::Strong).await.unwrap();
    let courses: BTreeSet<_> = totals.iter().map(|item| keys::parts(&item.key.sort).swap_remove(0)).collect();
    for course in courses {
        let partition = keys::course_partition(TENANT, &course);
        let prefix = |kind: Kind| format!("{}|", kind.as_str());
        seen.push(views::<VideoView>(table, &partition, &prefix(Kind::Video)).await);
        seen.push(views::<QuizView>(table, &partition, &prefix(Kind::Quiz)).await);
        seen.push(views::<HourView>(table, &partition, &prefix(Kind::Hour)).await);
        seen.push(views::<MonthView>(table, &partition, &prefix(Kind::Month)).await);
    }
    seen
}

async fn views<V: View + std::fmt::Debug>(table: &MemoryTable, partition: &str, prefix: &str) -> String {
    let items = table.query(partition, prefix, Consistency::Strong).await.unwrap();
    let merged: BTreeMap<String, V> = merge(items.iter().map(stored)).unwrap();
    format!("{partition} {prefix} {merged:?}")
}

#[tokio::test]
async fn the_live_views_equal_those_of_a_stream_that_is_never_resharded() {
    let Some(world) = World::new(StandIn::KinesisLocal, 2).await else { return };
    let (ring, class) = (key_ring(), class());

    let calm = Arc::new(MemoryStream::new(1, "calm", Arc::new(|| NOW)));
    let (expected, handler) = live(&*calm);
    let (door, mapping) = (FrontDoor::new(Arc::clone(&calm), &ring), start(&calm, &handler));
    send(&door, &class.concat()).await;
    mapping.drained().await.unwrap();
    mapping.stop().await;

    let stream = Arc::new(world.stream().await);
    let (table, handler) = live(&*stream);
    let (door, mapping) = (FrontDoor::new(Arc::clone(&stream), &ring), start(&stream, &handler));
    while_resharding(&world, async |part| send(&door, &class[part]).await).await;
    tokio::time::timeout(LONG, mapping.drained()).await.expect("every record is handled").unwrap();
    mapping.stop().await;

    let (there, should) = (seen(&table).await, seen(&expected).await);
    assert!(should.len() > 4 && should[0].len() > 100, "the class did something: {should:?}");
    assert_eq!(there, should);
    let progress = table.query(keys::PROGRESS, "", Consistency::Strong).await.unwrap();
    assert!(progress.len() >= 6, "records came to {} shards", progress.len());
}
