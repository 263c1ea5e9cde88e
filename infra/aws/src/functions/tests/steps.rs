//! The steps of the state machines, over a lake in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use trilha_core::keys;
use trilha_lake::manifest::{Generation, Manifest, MemoryManifest, Publication, PublishedFile};
use trilha_lake::storage::{MemoryStorage, Storage, UNFINISHED, part_name};
use trilha_lake::{Compactor, Day, LakeWriter, Partition};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, LiveTable};
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{Record, StreamError};
use trilha_stream_kinesis::Between;

use super::support::{Bin, NOW, of_ours};
use crate::functions::steps::{DiscardedRange, Lake, Ranges, Redriven, Step, redrive};

/// A lake, and who writes to it.
struct World {
    manifest: Arc<MemoryManifest>,
    storage: Arc<MemoryStorage>,
    processor: LakeProcessor<MemoryManifest, MemoryStorage, Bin>,
    lake: Lake<MemoryManifest, MemoryStorage, MemoryTable>,
}

impl World {
    async fn new() -> World {
        let (manifest, storage) = (Arc::new(MemoryManifest::default()), Arc::new(MemoryStorage::default()));
        let writer = Arc::new(LakeWriter::open(Arc::clone(&manifest), Arc::clone(&storage), 1).await.unwrap());
        let lake = Lake {
            compactor: Compactor::new(Arc::clone(&manifest), Arc::clone(&storage)),
            table: Arc::new(MemoryTable::new()),
            tenants: vec!["ufpa".into()],
            location: "s3://bucket/lake/events".into(),
        };
        let processor = LakeProcessor::new(writer, Bin::default(), "one".into());
        World { manifest, storage, processor, lake }
    }

    async fn land(&self) {
        let event = serde_json::from_value(json!({ "Records": of_ours().await })).unwrap();
        assert!(self.processor.handle(event).await.unwrap().batch_item_failures.is_empty());
    }

    /// Whose views of the course there are.
    async fn shards_of_views(&self) -> BTreeSet<String> {
        let partition = keys::course_partition("ufpa", "bio");
        let items = self.lake.table.query(&partition, "", Consistency::Strong).await.unwrap();
        let of = |item: &Item| item.key.sort.rsplit_once('|').map(|(_, shard)| shard.to_string());
        items.iter().filter_map(of).collect()
    }

    /// A step as a state machine asks for it.
    async fn step(&self, step: Value) -> Value {
        self.step_at(NOW, step).await
    }

    async fn step_at(&self, now_millis: i64, step: Value) -> Value {
        self.lake.make(&serde_json::from_value::<Step>(step).unwrap(), now_millis).await.unwrap()
    }
}

#[tokio::test]
async fn a_day_is_planned_compacted_shown_and_done() {
    let world = World::new().await;
    assert_eq!(world.step(json!({ "step": "plan" })).await, json!({ "partitions": [] }));
    world.land().await;
    let planned = world.step(json!({ "step": "plan" })).await;
    assert_eq!(planned, json!({ "partitions": [{ "tenant": "ufpa", "day": "2026-03-02" }] }));
    let day = |step: &str| json!({ "step": step, "tenant": "ufpa", "day": "2026-03-02" });
    assert_eq!(world.step(day("show")).await, json!({ "location": null }));
    let compacted = world.step(day("compact")).await;
    assert_eq!(compacted, json!({ "generation": 1, "landed_rows": 3, "published_rows": 3 }));
    assert!(world.storage.published().is_empty(), "readers see it once it is shown");
    let location = "s3://bucket/lake/events/tenant=ufpa/day=2026-03-02/generation=1";
    assert_eq!(world.step(day("show")).await, json!({ "location": location }));
    assert_eq!(world.storage.published().len(), 1);
    assert_eq!(world.step(json!({ "step": "finish" })).await, json!({}));
    assert!(world.storage.landing_names().is_empty());
    assert_eq!(world.step(json!({ "step": "settle" })).await, json!({}));
    assert_eq!(world.step(json!({ "step": "plan" })).await, json!({ "partitions": [] }));
}

#[tokio::test]
async fn late_events_of_a_day_that_is_over_wait_until_all_is_planned() {
    let world = World::new().await;
    let partition = Partition { tenant: "ufpa".into(), day: Day::parse("2026-03-02").unwrap() };
    let files = vec![PublishedFile { name: part_name(1, 0), rows: 1_000, buckets: 0..=4095 }];
    let generation = Generation { number: 1, files, beyond: 0 };
    let publication = Publication { partition, previous: 0, generation, absorbed: Vec::new() };
    world.manifest.publish(vec![publication]).await.unwrap();
    world.land().await;
    let a_day_later = NOW + 24 * 3_600_000;
    let planned = json!({ "partitions": [{ "tenant": "ufpa", "day": "2026-03-02" }] });
    for (now_millis, step, expected) in [
        (NOW, json!({ "step": "plan" }), &planned),
        (a_day_later, json!({ "step": "plan" }), &json!({ "partitions": [] })),
        (a_day_later, json!({ "step": "plan", "all": false }), &json!({ "partitions": [] })),
        (a_day_later, json!({ "step": "plan", "all": true }), &planned),
    ] {
        assert_eq!(world.step_at(now_millis, step.clone()).await, *expected, "{now_millis} {step}");
    }
}

#[tokio::test]
async fn a_sweep_takes_what_nothing_names_and_leaves_the_rest() {
    let world = World::new().await;
    world.land().await;
    let day = |step: &str| json!({ "step": step, "tenant": "ufpa", "day": "2026-03-02" });
    for step in ["compact", "show"] {
        world.step(day(step)).await;
    }
    let partition = Partition { tenant: "ufpa".into(), day: Day::parse("2026-03-02").unwrap() };
    let landed = world.storage.landing_names();
    // A writer that crashed before its commit, and a compaction that came to nothing.
    world.storage.put_landing(&format!("{}{UNFINISHED}", landed[0]), Default::default()).await.unwrap();
    world.storage.put_part(&partition, &part_name(2, 0), Default::default()).await.unwrap();
    assert_eq!(world.step(json!({ "step": "sweep" })).await, json!({ "landing_files": 1 }));
    assert_eq!(world.storage.landing_names(), landed);
    assert_eq!((world.storage.published().len(), world.storage.waiting().len()), (1, 0));
}

#[tokio::test]
async fn views_of_shards_that_the_stream_has_forgotten_are_put_together_and_of_others_not() {
    let world = World::new().await;
    let event = serde_json::from_value(json!({ "Records": of_ours().await })).unwrap();
    let live = LiveProcessor::new(Arc::clone(&world.lake.table), Bin::default(), "one".into(), 1 << 20);
    assert!(live.handle(event).await.unwrap().batch_item_failures.is_empty());
    let stream = MemoryStream::new(1, "one", Arc::new(|| NOW));
    assert_eq!(world.lake.absorb(&stream).await.unwrap(), json!({ "shards": 0 }));
    assert_eq!(world.shards_of_views().await, [keys::shard("one", "shardId-000000000000")].into());
    // Made again under its name: it never heard of the shard.
    let stream = MemoryStream::new(1, "two", Arc::new(|| NOW));
    for shards in [1, 0] {
        assert_eq!(world.lake.absorb(&stream).await.unwrap(), json!({ "shards": shards }));
        assert_eq!(world.shards_of_views().await, [keys::BASE.to_string()].into());
    }
}

#[test]
fn what_is_no_step_is_refused() {
    for wrong in
        [json!({}), json!({ "step": "drop" }), json!({ "step": "compact" }), json!({ "step": "plan", "day": 1 })]
    {
        assert!(serde_json::from_value::<Step>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_day_that_is_none_fails_its_step() {
    let step = Step::Compact { tenant: "ufpa".into(), day: "yesterday".into() };
    assert!(World::new().await.lake.make(&step, NOW).await.is_err());
}

/// A stream that kept these records of a range.
struct Kept(Between);

impl Ranges for Kept {
    async fn left(&self, _range: &DiscardedRange) -> Result<Between, StreamError> {
        Ok(self.0.clone())
    }
}

/// All records of [`of_ours`] as a stream reads them.
async fn records() -> Vec<Record> {
    let event: aws_lambda_events::event::kinesis::KinesisEvent =
        serde_json::from_value(json!({ "Records": of_ours().await })).unwrap();
    let record = |record: aws_lambda_events::event::kinesis::KinesisEventRecord| Record {
        sequence_number: SequenceNumber::parse(&record.kinesis.sequence_number).unwrap(),
        partition_key: record.kinesis.partition_key,
        arrival_millis: NOW,
        data: record.kinesis.data.0.into(),
    };
    event.records.into_iter().map(record).collect()
}

fn range(records: &[Record]) -> DiscardedRange {
    DiscardedRange {
        shard_id: "shardId-000000000000".into(),
        first: records[0].sequence_number,
        last: records.last().unwrap().sequence_number,
        records: records.len() as u64,
    }
}

#[tokio::test]
async fn a_range_that_is_driven_again_lands_once() {
    let (world, records) = (World::new().await, records().await);
    let stream = Kept(Between { records: records.clone(), expired: false });
    let (range, landed) = (range(&records), |landed| Redriven { landed, quarantined: 0, expired: 0 });
    assert_eq!(redrive(&stream, &world.processor, &range).await.unwrap(), landed(3));
    assert_eq!(redrive(&stream, &world.processor, &range).await.unwrap(), landed(0));
    assert_eq!(world.manifest.dirty().await.unwrap().iter().map(|(_, rows)| rows).sum::<u64>(), 3);
}

#[tokio::test]
async fn what_has_expired_is_said_and_the_rest_lands() {
    let (world, mut records) = (World::new().await, records().await);
    let range = range(&records);
    let expired = records.len() as u64 - 1;
    records.drain(..expired as usize);
    let stream = Kept(Between { records, expired: true });
    let done = redrive(&stream, &world.processor, &range).await.unwrap();
    assert_eq!((done.expired, done.landed > 0), (expired, true));
    let nothing = Kept(Between { records: Vec::new(), expired: true });
    let done = redrive(&nothing, &world.processor, &range).await.unwrap();
    assert_eq!(done, Redriven { landed: 0, quarantined: 0, expired: expired + 1 });
}
