//! A stream that is resharded a thousand times: what an item costs does not grow with it, and what is forgotten meanwhile is
//! missed by nobody.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::ops::Range;

use stage::expected::{Stored, stored};
use stage::records::{COURSES, Rec, TENANT, event, learner, quiz, record, video};
use stage::seen::{Seen, seen};
use stage::table::Fault;
use stage::{INCARNATION, Stage, batch_of};
use trilha_core::keys::{self, Kind};
use trilha_live::limits::item_bytes;
use trilha_live::port::{Consistency, Item, Key, LiveTable};
use trilha_processors::absorb::{absorb, note_absorbed};
use trilha_schemas::event::{Body, Event, VideoAction};

fn shard_id(generation: usize) -> String {
    format!("shardId-{generation:012}")
}

async fn deliver(stage: &Stage, generation: usize, records: &[Rec]) {
    let response = stage.processor().handle(batch_of(&shard_id(generation), records)).await.unwrap();
    assert!(response.batch_item_failures.is_empty(), "generation {generation}");
}

/// The records of a generation have expired.
async fn expire(stage: &Stage, generation: usize) {
    let shard = keys::shard(INCARNATION, &shard_id(generation));
    absorb(&*stage.table, TENANT, &shard).await.unwrap();
    note_absorbed(&*stage.table, &shard).await.unwrap();
}

async fn items(stage: &Stage, partition: String) -> Vec<Item> {
    stage.table.query(&partition, "", Consistency::Strong).await.unwrap()
}

async fn marks_of_stale_views(stage: &Stage) -> usize {
    items(stage, keys::stale_partition(TENANT)).await.len()
}

/// What an item has besides its value.
fn overhead(item: &Item) -> usize {
    item_bytes(item) - item.value.len()
}

#[tokio::test]
async fn after_a_thousand_reshards_a_learners_items_cost_what_they_cost_after_ten() {
    const RETAINED: usize = 3;
    let stage = Stage::new();
    let mut sizes = Vec::new();
    let mut reads = Vec::new();
    for generation in 0..1_000 {
        let page = event(0, generation as u64, 60 * generation as i64, Body::Viewed { object: "page".into() });
        let before = stage.table.reads();
        deliver(&stage, generation, &[record(generation, &[page])]).await;
        reads.push(stage.table.reads() - before);
        if generation >= RETAINED {
            let expired = keys::shard(INCARNATION, &shard_id(generation - RETAINED));
            note_absorbed(&*stage.table, &expired).await.unwrap();
        }
        let learner = items(&stage, keys::learner_partition(TENANT, &learner(0))).await;
        sizes.push(learner.iter().map(overhead).max().unwrap());
        let named = learner.iter().map(|item| item.watermarks.iter().count()).max().unwrap();
        assert!(named <= 5, "{named} shards in generation {generation}");
    }
    assert_eq!(sizes[10..].iter().max(), sizes[5..10].iter().max());
    // Progress, items, views, and whether the shards that they name are absorbed.
    assert!(reads.iter().all(|reads| *reads <= 4), "{:?}", reads.iter().max());
    assert_eq!(marks_of_stale_views(&stage).await, 0);
}

/// The base is read by everybody and written when a shard is absorbed. It names every shard that it has taken in.
#[tokio::test]
async fn a_base_view_grows_by_less_than_a_hundred_bytes_with_every_shard_that_it_takes_in() {
    let stage = Stage::new();
    let base = Key {
        partition: keys::course_partition(TENANT, COURSES[0]),
        sort: keys::view_sort(Kind::Video, "video", keys::BASE),
    };
    for generation in 0..200 {
        let title = event(0, generation as u64, 0, Body::Video(video(VideoAction::Interacted, None)));
        deliver(&stage, generation, &[record(generation, &[title])]).await;
        expire(&stage, generation).await;
    }
    let base = stage.table.get(vec![base], Consistency::Strong).await.unwrap().remove(0).unwrap();
    let per_shard = overhead(&base) / 200;
    assert!((40..100).contains(&per_shard), "{per_shard} bytes");
}

const GENERATIONS: usize = 8;
const LAST: usize = GENERATIONS - 1;

/// What two learners do in a generation: some of it takes back what the other did.
fn acts(generation: usize) -> Vec<Event> {
    let (number, second) = (10 * generation as u64, 60 * generation as i64);
    let titled = |who: usize, title: &str| {
        let body = Body::Video(video(VideoAction::Watched, second));
        let mut event = event(who, number + who as u64, second, body);
        event.title = Some(title.into());
        event
    };
    let titles = if generation.is_multiple_of(2) { ["Old", "New"] } else { ["New", "Old"] };
    let answer = event(0, number + 5, second + 1, Body::Quiz(quiz("q", generation.is_multiple_of(2))));
    vec![titled(0, titles[0]), titled(1, titles[1]), answer]
}

fn records_of(generation: usize) -> Vec<Rec> {
    let acts = acts(generation);
    vec![record(2 * generation, &acts[..1]), record(2 * generation + 1, &acts[1..])]
}

/// Generations, each absorbed three later.
async fn live(stage: &Stage, generations: Range<usize>) {
    for generation in generations {
        deliver(stage, generation, &records_of(generation)).await;
        if generation >= 3 {
            expire(stage, generation - 3).await;
        }
    }
}

async fn all(stage: &Stage) -> (Seen, Stored) {
    let mut learners = stored(&stage.table).await;
    learners.retain(|(partition, _), _| partition.contains("|learner|"));
    (seen(stage).await, learners)
}

async fn named(stage: &Stage, generation: usize) -> bool {
    let shard = keys::shard(INCARNATION, &shard_id(generation));
    let items = items(stage, keys::learner_partition(TENANT, &learner(0))).await;
    items.iter().any(|item| item.watermarks.of(&shard).is_some())
}

#[tokio::test]
async fn a_zombie_of_a_shard_that_items_name_no_more_changes_nothing() {
    let plain = Stage::new();
    live(&plain, 0..GENERATIONS).await;
    assert!(!named(&plain, 1).await, "it is forgotten");
    let expected = all(&plain).await;
    let writes = {
        let stage = Stage::new();
        deliver(&stage, 0, &records_of(0)).await;
        let before = stage.table.writes();
        deliver(&stage, 1, &records_of(1)).await;
        stage.table.writes() - before
    };
    for at in 0..=writes {
        let stage = Stage::new();
        deliver(&stage, 0, &records_of(0)).await;
        let world = stage.clone();
        // While a consumer of the second shard waits before a write, the stream goes on for weeks.
        stage.table.interrupt(at, async move { live(&world, 1..GENERATIONS).await });
        deliver(&stage, 1, &records_of(1)).await;
        if stage.table.calm() {
            live(&stage, 2..GENERATIONS).await;
        }
        assert!(all(&stage).await == expected, "before write {at}");
        // Nor does a consumer that is handed the shard anew.
        deliver(&stage, 1, &records_of(1)).await;
        assert!(all(&stage).await == expected, "again after write {at}");
    }
}

#[tokio::test]
async fn a_twin_that_forgets_a_shard_in_between_is_no_conflict_of_shards() {
    let plain = Stage::new();
    live(&plain, 0..GENERATIONS).await;
    let expected = all(&plain).await;
    for at in 0..20 {
        let stage = Stage::new();
        live(&stage, 0..LAST).await;
        let twin = stage.clone();
        stage.table.interrupt(at, async move { deliver(&twin, LAST, &records_of(LAST)).await });
        deliver(&stage, LAST, &records_of(LAST)).await;
        stage.table.calm();
        expire(&stage, LAST - 3).await;
        assert!(all(&stage).await == expected, "before write {at}");
        assert_eq!(marks_of_stale_views(&stage).await, 0, "before write {at}");
    }
}

#[tokio::test]
async fn a_consumer_that_forgets_shards_knows_the_items_that_it_wrote() {
    let stage = Stage::new();
    live(&stage, 0..LAST).await;
    let processor = stage.processor();
    processor.handle(batch_of(&shard_id(LAST), &records_of(LAST))).await.unwrap();
    let reads = stage.table.reads();
    let more = records_of(GENERATIONS).remove(0);
    processor.handle(batch_of(&shard_id(LAST), &[more])).await.unwrap();
    assert_eq!(stage.table.reads() - reads, 1, "progress alone is read");
}

#[tokio::test]
async fn a_failure_at_any_write_of_the_put_that_forgets_changes_nothing() {
    let plain = Stage::new();
    live(&plain, 0..GENERATIONS).await;
    let expected = all(&plain).await;
    for fault in Fault::ALL {
        for at in 0..20 {
            let stage = Stage::new();
            live(&stage, 0..LAST).await;
            stage.table.fail_write(at, fault);
            let event = batch_of(&shard_id(LAST), &records_of(LAST));
            let failed = !stage.processor().handle(event).await.unwrap().batch_item_failures.is_empty();
            stage.table.calm();
            deliver(&stage, LAST, &records_of(LAST)[..1]).await;
            deliver(&stage, LAST, &records_of(LAST)).await;
            expire(&stage, LAST - 3).await;
            assert!(all(&stage).await == expected, "{fault:?} at {at}, failed: {failed}");
        }
    }
}
