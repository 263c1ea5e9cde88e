//! Records that are not folded come to be safe elsewhere, before their batch is acknowledged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use md5::{Digest, Md5};
use stage::records::{Rec, event, record};
use stage::{INCARNATION, SHARD_ID, batch};
use trilha_collector::quarantine::Quarantine;
use trilha_lake::manifest::{Manifest, MemoryManifest};
use trilha_lake::{LakeFolder, LakeWriter};
use trilha_processors::lake::{LakeProcessor, Redriven};
use trilha_processors::strays::{CollectorStrays, Stray, Strays};
use trilha_schemas::event::{Body, Event};
use trilha_schemas::packing::{bytes, varint};
use trilha_schemas::record::decode;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::hash::hash_key;
use trilha_stream::memory::CallFault;
use trilha_stream::port::{PutFailure, Stream};
use world::{NOW, World, owner, viewed};

fn page(who: usize, id: u64) -> Event {
    event(who, id, 0, Body::Viewed { object: "page".into() })
}

fn stray(place: &str, bytes: &[u8]) -> Stray {
    Stray {
        shard: format!("{INCARNATION}/{SHARD_ID}"),
        sequence_number: SequenceNumber::parse(place).unwrap(),
        arrival_millis: NOW,
        bytes: bytes.to_vec(),
    }
}

/// A record whose version no decoder has.
fn damaged(at: usize) -> Rec {
    let mut record = record(at, &[page(0, 900 + at as u64)]);
    record.bytes[4] = 0xee;
    record
}

#[tokio::test]
async fn a_foreign_records_events_come_back_as_ours_and_what_is_none_is_kept() {
    let world = World::new();
    let body = format!("{}\n{}\n{{\"type\":\"nonsense\"}}", viewed("ana"), viewed("bia"));
    world.strays().foreign(stray("1", body.as_bytes())).await.unwrap();
    world.strays().foreign(stray("2", b"\xff\xff")).await.unwrap();
    world.strays().foreign(stray("3", b"\xf3\x89\x9a\xc2 no aggregate")).await.unwrap();
    let events = world.events().await;
    assert!(events.iter().all(|(tenant, event)| tenant == owner().tenant() && event.arrival_millis == NOW));
    assert_eq!(events.len(), 2);
    let codes: Vec<_> = world.quarantine.rows().await.into_iter().map(|row| row.code).collect();
    assert_eq!(codes.len(), 3);
    assert_eq!(codes.iter().filter(|code| *code == "undecodable_record").count(), 2);
}

#[tokio::test]
async fn misplaced_events_are_safe_only_when_every_put_is() {
    let world = World::new();
    let events = vec![page(0, 1), page(3, 2)];
    let strays = world.strays();
    let misplaced = || strays.misplaced("t".into(), events.clone());
    let mut puts = 0;
    world.stream.fail_entries(move |_| {
        puts += 1;
        (puts == 2).then_some(PutFailure::Throttled)
    });
    misplaced().await.unwrap_err();
    world.stream.fail_next_put(CallFault::After);
    misplaced().await.unwrap_err();
    misplaced().await.unwrap();
    let there = world.events().await;
    for event in &events {
        assert!(there.iter().any(|(tenant, put)| tenant == "t" && put == event), "{event:?} is lost");
    }
    assert!(there.iter().all(|(_, put)| events.contains(put)), "an id changed");
}

struct LakeSide {
    world: World,
    manifest: Arc<MemoryManifest>,
    processor: LakeProcessor<MemoryManifest, LakeFolder, Arc<world::WorldStrays>>,
    _folder: tempfile::TempDir,
}

impl LakeSide {
    async fn new() -> LakeSide {
        let (world, folder, manifest) = (World::new(), tempfile::tempdir().unwrap(), Arc::<MemoryManifest>::default());
        let lake = Arc::new(LakeFolder::create(folder.path()).unwrap());
        let writer = Arc::new(LakeWriter::open(Arc::clone(&manifest), lake, 1).await.unwrap());
        let processor = LakeProcessor::new(writer, Arc::new(world.strays()), INCARNATION.into());
        LakeSide { world, manifest, processor, _folder: folder }
    }

    /// Whether the batch was acknowledged.
    async fn deliver(&self, records: &[Rec]) -> bool {
        self.processor.handle(batch(records)).await.unwrap().batch_item_failures.is_empty()
    }

    async fn has_landed(&self) -> bool {
        !self.manifest.watermarks().await.unwrap().is_empty()
    }
}

#[tokio::test]
async fn the_lake_keeps_damaged_records_before_it_lands_their_batch() {
    let side = LakeSide::new().await;
    let records = [record(0, &[page(0, 1)]), damaged(1), record(2, &[page(1, 2)])];
    side.world.quarantine.fail_next_writes(1);
    assert!(!side.deliver(&records).await);
    assert!(!side.has_landed().await);
    assert!(side.deliver(&records).await);
    assert!(side.has_landed().await);
    assert_eq!(side.world.quarantine.rows().await.len(), 1);
}

#[tokio::test]
async fn what_the_mapping_discarded_lands_when_it_is_driven_again_and_only_once() {
    let side = LakeSide::new().await;
    let records = [record(0, &[page(0, 1), page(1, 2)]), damaged(1), record(2, &[page(1, 3)])];
    assert!(side.deliver(&[record(9, &[page(0, 4)])]).await);
    side.world.quarantine.fail_next_writes(1);
    assert!(side.processor.redrive(batch(&records)).await.is_err());
    for landed in [3, 0] {
        let redriven = side.processor.redrive(batch(&records)).await.unwrap();
        assert_eq!(redriven, Redriven { landed, quarantined: 1 });
    }
    let rows: u64 = side.manifest.dirty().await.unwrap().into_iter().map(|(_, rows)| rows).sum();
    assert_eq!((rows, side.world.quarantine.rows().await.len()), (4, 1));
    assert_eq!(side.processor.redrive(batch(&[])).await.unwrap(), Redriven::default());
}

#[tokio::test]
async fn both_consumers_make_one_row_of_a_damaged_record() {
    let side = LakeSide::new().await;
    let records = [damaged(0)];
    assert!(side.deliver(&records).await);
    let stage = stage::Stage::new();
    let live = trilha_processors::live::LiveProcessor::new(
        Arc::clone(&stage.table),
        CollectorStrays { producer: owner(), ..side.world.strays() },
        INCARNATION.into(),
        usize::MAX,
    );
    assert!(live.handle(batch(&records)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(side.world.quarantine.rows().await.len(), 1);
}

#[tokio::test]
async fn the_lake_leaves_foreign_and_misplaced_records_to_the_live_processor() {
    let side = LakeSide::new().await;
    let foreign = Rec { bytes: viewed("ana").into_bytes(), ..record(0, &[page(0, 1)]) };
    let misplaced = Rec { partition_key: "fff".into(), ..record(1, &[page(0, 2)]) };
    assert!(side.deliver(&[foreign, misplaced]).await);
    assert_eq!(side.world.quarantine.rows().await, []);
    assert_eq!(side.world.records().await, []);
}

/// Another producer's aggregate: each event under a key and a hash key of its own.
fn aggregate(texts: &[String]) -> Vec<u8> {
    let mut message = Vec::new();
    for (field, at) in [1, 2].into_iter().flat_map(|field| (0..texts.len()).map(move |at| (field, at))) {
        varint(&mut message, field << 3 | 2);
        bytes(&mut message, format!("{}", at * 1_000_003).as_bytes());
    }
    for (at, text) in (0..).zip(texts) {
        let mut record = Vec::new();
        for field in [1, 2] {
            varint(&mut record, field << 3);
            varint(&mut record, at);
        }
        varint(&mut record, 3 << 3 | 2);
        bytes(&mut record, text.as_bytes());
        varint(&mut message, 3 << 3 | 2);
        bytes(&mut message, &record);
    }
    let checksum = Md5::digest(&message);
    [&b"\xf3\x89\x9a\xc2"[..], &message, &checksum[..]].concat()
}

/// The events on the stream, each in the shard that its bucket belongs to.
async fn in_their_shards(world: &World) -> Vec<Event> {
    let mut events = Vec::new();
    for shard in world.stream.shards().await.unwrap() {
        for record in world.stream.records(&shard.shard_id, None, usize::MAX, usize::MAX).await.unwrap().records {
            let range = shard.first_hash_key..=shard.last_hash_key;
            assert!(range.contains(&hash_key(&record.partition_key)), "{}", record.partition_key);
            let decoded = decode(&record.data).unwrap();
            assert!(decoded.events.iter().all(|event| event.learner.bucket().partition_key() == record.partition_key));
            events.extend(decoded.events);
        }
    }
    events
}

#[tokio::test]
async fn every_event_of_an_aggregate_of_many_keys_comes_through_after_a_split() {
    let world = World::new();
    let parent = world.stream.shards().await.unwrap()[0].shard_id.clone();
    world.stream.split(&parent).unwrap();
    let texts: Vec<String> = (0..40).map(|learner| viewed(&format!("aluna-{learner}"))).collect();
    let whole = aggregate(&texts);
    world.strays().foreign(stray("1", &whole)).await.unwrap();
    let learners = |events: &[Event]| events.iter().map(|event| event.learner).collect::<BTreeSet<_>>().len();
    let events = in_their_shards(&world).await;
    assert_eq!((events.len(), learners(&events)), (40, 40));
    // It comes again from the child, and each of its events has the id that it had.
    world.strays().foreign(stray("2", &whole)).await.unwrap();
    let ids: BTreeSet<_> = in_their_shards(&world).await.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 40);
}

#[tokio::test]
async fn of_an_aggregate_with_another_checksum_nothing_is_put_and_all_is_kept() {
    let world = World::new();
    let mut damaged = aggregate(&[viewed("ana"), viewed("bia")]);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    world.strays().foreign(stray("1", &damaged)).await.unwrap();
    assert_eq!(world.records().await, []);
    let rows = world.quarantine.rows().await;
    assert_eq!(rows.len(), 1);
    assert_eq!(world.quarantine.open(rows[0].key).await.unwrap().unwrap().raw, damaged);
}
