//! The counting ports against what a hand counts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use trilha_collector::identities::{Identities, Identity};
use trilha_collector::memory::{MemoryIdentities, MemorySettings};
use trilha_collector::settings::SettingsStore;
use trilha_cost::ports::{
    CountingIdentities, CountingManifest, CountingSettings, CountingStorage, CountingStream, CountingTable, ItemKind,
    KindCounts,
};
use trilha_lake::manifest::{Manifest, MemoryManifest};
use trilha_lake::storage::MemoryStorage;
use trilha_lake::{Beyond, Compactor, LakeRow, LakeWriter, Take};
use trilha_live::limits::item_bytes;
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, Item, Key, LiveTable, Replacement, Watermarks};
use trilha_schemas::event::{Body, Event, Protocol, Role, Source};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{PutEntry, PutFailure, Stream};

fn number(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&number.to_string()).unwrap()
}

fn at(position: u64) -> Watermarks {
    [("s".to_string(), number(position))].into_iter().collect()
}

/// An item of exactly so many bytes.
fn item(partition: &str, sort: &str, position: u64, bytes: usize) -> Item {
    let key = Key { partition: partition.into(), sort: sort.into() };
    let mut item = Item { key, watermarks: at(position), value: Vec::new() };
    item.value = vec![0; bytes - item_bytes(&item)];
    item
}

const VIDEO: (&str, &str) = ("t|1|course|c", "video|v|s");

async fn put(table: &CountingTable<MemoryTable>, item: Item, expected: Option<Watermarks>) {
    table.replace(vec![Replacement { item, expected }], false).await.unwrap();
}

#[tokio::test]
async fn a_put_costs_a_unit_for_each_kilobyte_begun_and_a_failed_one_what_is_there() {
    let table = CountingTable::new(MemoryTable::new());
    put(&table, item(VIDEO.0, VIDEO.1, 1, 1_024), None).await;
    put(&table, item(VIDEO.0, VIDEO.1, 2, 1_025), Some(at(1))).await;
    // What is there has 1,025 bytes: two units, though the item that is refused would take five.
    put(&table, item(VIDEO.0, VIDEO.1, 3, 5_000), Some(at(1))).await;
    // Nothing is there: one unit.
    put(&table, item("progress", "s", 3, 3_000), Some(at(1))).await;
    let counts = table.take();
    let view = KindCounts {
        puts: 3,
        conflicts: 1,
        put_bytes: 1_024 + 1_025 + 5_000,
        write_units: 1 + 2 + 2,
        ..KindCounts::default()
    };
    assert_eq!(counts.of(ItemKind::VideoView), view);
    let progress = KindCounts { puts: 1, conflicts: 1, put_bytes: 3_000, write_units: 1, ..KindCounts::default() };
    assert_eq!(counts.of(ItemKind::Progress), progress);
    assert_eq!((counts.write_calls, counts.read_calls, table.stored_bytes()), (4, 0, 1_025));
    assert_eq!(table.take().kinds.len(), 0, "counts begin anew");
}

#[tokio::test]
async fn a_read_costs_by_four_kilobytes_an_item_a_query_by_its_page_and_half_of_it_if_it_may_be_old() {
    let table = CountingTable::new(MemoryTable::new());
    for (sort, bytes) in [("video|a|s", 4_096), ("video|b|s", 4_097), ("video|c|s", 100)] {
        put(&table, item(VIDEO.0, sort, 1, bytes), None).await;
    }
    table.take();
    let half_units = |kind| {
        let counts = table.take().of(kind);
        (counts.reads, counts.half_read_units)
    };
    let key = |sort: &str| Key { partition: VIDEO.0.into(), sort: sort.into() };
    let keys = || vec![key("video|a|s"), key("video|b|s"), key("video|none|s")];
    table.get(keys(), Consistency::Strong).await.unwrap();
    assert_eq!(half_units(ItemKind::VideoView), (3, 2 * (1 + 2 + 1)));
    table.get(keys(), Consistency::Eventual).await.unwrap();
    assert_eq!(half_units(ItemKind::VideoView), (3, 1 + 2 + 1));
    // 8,293 bytes: three times 4 KB.
    table.query(VIDEO.0, "video|", Consistency::Strong).await.unwrap();
    assert_eq!(half_units(ItemKind::VideoView), (3, 2 * 3));
    table.query("t|1|roster|c", "", Consistency::Strong).await.unwrap();
    assert_eq!(half_units(ItemKind::Roster), (0, 2), "nothing is charged as something");
}

#[tokio::test]
async fn every_kind_of_item_is_known_by_its_key() {
    for (partition, sort, kind) in [
        ("t|1|learner|ab", "c|video|v", ItemKind::LearnerVideo),
        ("t|1|learner|ab", "c|quiz|q", ItemKind::LearnerQuiz),
        ("t|1|learner|ab", "c|activity|", ItemKind::LearnerActivity),
        ("t|1|course|c", "video|v|s", ItemKind::VideoView),
        ("t|1|course|c", "quiz|q|s", ItemKind::QuizView),
        ("t|1|course|c", "hour|0000000001|s", ItemKind::HourView),
        ("t|1|course|c", "month|0000000001|s", ItemKind::MonthView),
        ("t|1|course|c", "object|o|s", ItemKind::ObjectView),
        ("t|1|courses", "c|s", ItemKind::CourseView),
        ("t|1|roster|c", "ab", ItemKind::Roster),
        ("progress", "s", ItemKind::Progress),
        ("stale", "s", ItemKind::Other),
    ] {
        assert_eq!(ItemKind::of(&Key { partition: partition.into(), sort: sort.into() }), kind);
    }
}

#[tokio::test]
async fn a_record_costs_by_25_kilobytes_or_by_one_and_one_that_was_refused_nothing() {
    let memory = MemoryStream::new(1, "one", Arc::new(|| 0));
    memory.fail_entries(|entry| (entry.partition_key == "full").then_some(PutFailure::Throttled));
    let stream = CountingStream::new(memory);
    let entry = |key: &str, bytes: usize| PutEntry { partition_key: key.into(), data: Bytes::from(vec![0; bytes]) };
    stream.put_records(vec![entry("a", 25_600), entry("b", 25_601), entry("full", 9), entry("c", 1)]).await.unwrap();
    let counts = stream.take();
    assert_eq!((counts.calls, counts.records, counts.bytes), (1, 3, 51_202));
    assert_eq!((counts.put_units, counts.on_demand_bytes), (1 + 2 + 1, (25 + 26 + 1) * 1_024));
}

#[tokio::test]
async fn an_identity_is_written_once_and_read_by_whoever_does_not_know_it() {
    let identities = CountingIdentities::new(MemoryIdentities::default());
    let (ana, rui) = (Pseudonym([1; 16]), Pseudonym([2; 16]));
    identities.rows("t", &[ana, rui]).await.unwrap();
    identities.add("t", vec![(ana, Identity { learner: Some("ana".into()), n: 0 })]).await.unwrap();
    let counts = identities.take();
    assert_eq!((counts.write_units, counts.half_read_units), (1, 4));
}

#[tokio::test]
async fn settings_are_read_once_in_three_hundred_seconds() {
    let now = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&now);
    let settings = CountingSettings::new(MemorySettings::default(), Arc::new(move || clock.load(Ordering::Relaxed)));
    for millis in [0, 299_999, 300_000, 599_999] {
        now.store(millis, Ordering::Relaxed);
        settings.in_force_or_first("t", &["c"], "UTC").await.unwrap();
    }
    let counts = settings.take();
    assert_eq!((counts.write_units, counts.half_read_units), (1, 2 * 2));
}

fn row(learner: u8, place: u64) -> LakeRow {
    let event = Event {
        id: EventId([place as u8; 16]),
        learner: Pseudonym([learner; 16]),
        course: "c".into(),
        session: None,
        role: Role::Learner,
        title: None,
        time_millis: Some(1_785_754_800_000),
        arrival_millis: 1_785_754_800_000,
        zone_offset_minutes: 0,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Viewed { object: "page".into() },
    };
    let (tenant, shard) = ("t".into(), "s".into());
    LakeRow { tenant, shard, sequence_number: number(place), record_index: 0, beyond_state: false, event }
}

/// What `bill/lake.rs` computes for a whole day: of a partition that is cut, every slice reads every landing file, or one
/// for all if what landed is no more than a slice.
#[tokio::test]
async fn a_landing_file_is_put_once_and_read_by_every_slice_or_once() {
    let manifest = Arc::new(CountingManifest::new(MemoryManifest::default(), 50));
    let storage = Arc::new(CountingStorage::new(MemoryStorage::default()));
    let writer = LakeWriter::open(Arc::clone(&manifest), Arc::clone(&storage), 1).await.unwrap();
    manifest.take();
    for batch in 0..3 {
        let rows = (1..=4).map(|at| row((64 * (at - 1)) as u8, batch * 4 + at)).collect();
        writer.append("s", rows, number(batch * 4 + 4)).await.unwrap();
    }
    let (landed, commits) = (storage.take(), manifest.take());
    assert_eq!((landed.landing_puts, landed.landing_gets, landed.part_puts), (3, 0, 0));
    // The shard's watermark takes one unit, the file with its 50 partitions of some 25 bytes each two; a transaction
    // doubles both.
    assert_eq!((commits.commits, commits.commit_write_units), (3, 3 * 2 * (1 + 2)));
    let compactor = Compactor::new(Arc::clone(&manifest), Arc::clone(&storage)).with_workers(1).with_slice_rows(3);
    let partitions = compactor.plan(&Beyond::new(), Take::All).await.unwrap();
    let done = compactor.compact_partition(&partitions[0], &Beyond::new()).await.unwrap();
    compactor.show_partition(&partitions[0]).await.unwrap();
    let counts = storage.take();
    assert_eq!(done.published_rows, 12);
    let slices = 4;
    assert_eq!((counts.landing_gets, counts.part_puts, counts.part_gets), (3 * slices, slices, 0));
    assert_eq!((counts.pointer_puts, counts.pointer_gets), (1 + 3 + 1, 1 + 2 + 2), "settled, claimed, shown");
    assert!(manifest.take().half_read_units > 0 && manifest.dirty().await.unwrap().is_empty());
    writer.append("s", vec![row(1, 13), row(200, 14)], number(14)).await.unwrap();
    compactor.compact_partition(&partitions[0], &Beyond::new()).await.unwrap();
    let (counts, slices) = (storage.take(), 8);
    assert_eq!((counts.landing_puts, counts.landing_gets, counts.part_puts), (1, 1, slices));
}

#[tokio::test]
async fn files_that_are_held_are_read_with_the_list_and_named_by_each_generation() {
    let units = async |held| {
        let manifest = Arc::new(CountingManifest::new(MemoryManifest::default(), 50));
        let storage = Arc::new(MemoryStorage::default());
        let writer = LakeWriter::open(Arc::clone(&manifest), Arc::clone(&storage), 1).await.unwrap();
        writer.append("s", vec![row(1, 1)], number(1)).await.unwrap();
        manifest.take();
        manifest.hold(held);
        let compactor = Compactor::new(Arc::clone(&manifest), storage);
        let planned = compactor.plan(&Beyond::new(), Take::All).await.unwrap();
        let read = manifest.take().half_read_units;
        compactor.compact_partition(&planned[0], &Beyond::new()).await.unwrap();
        (read, manifest.take().write_units)
    };
    let (none, many) = (units(0).await, units(400).await);
    // 400 items of 1.3 KB at least; 400 names of 15 bytes.
    assert!(none.0 <= 4 && many.0 >= 2 * 400 * 1_300 / 4_096, "{none:?}, {many:?}");
    assert!(none.1 == 1 && many.1 == 7, "{none:?}, {many:?}");
}
