//! The partials of a shard whose records have expired move into the base, whatever fails meanwhile; whoever reads at any
//! moment sees everything once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use stage::records::{COURSES, Rec, TENANT, event, quiz, record, video};
use stage::seen::seen;
use stage::table::Fault;
use stage::{INCARNATION, Stage, batch_of};
use trilha_core::keys;
use trilha_live::port::{Consistency, Item, LiveError, LiveTable};
use trilha_processors::absorb::{absorb, expired, note_absorbed};
use trilha_schemas::event::{Body, Event, QuizEvent, VideoAction};

const PARENT: &str = "shardId-000000000000";
const CHILD: &str = "shardId-000000000001";

fn parent() -> String {
    keys::shard(INCARNATION, PARENT)
}

/// What one learner does before the reshard, long answers among it, and after it.
fn acts(from: u64) -> Vec<Event> {
    let essay = |number: u64| QuizEvent {
        response: Some(format!("{number} {}", "𝄞".repeat(200))),
        question: Some(format!("q{number}")),
        ..quiz("q", true)
    };
    let answers = (from..from + 35).map(|number| event(0, number, number as i64, Body::Quiz(essay(number))));
    let watched = event(0, from + 100, from as i64, Body::Video(video(VideoAction::Watched, from as i64)));
    answers.chain([watched]).collect()
}

async fn deliver_to(stage: &Stage, shard_id: &str, record: &Rec) {
    let response = stage.processor().handle(batch_of(shard_id, std::slice::from_ref(record))).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
}

async fn resharded() -> Stage {
    let stage = Stage::new();
    deliver_to(&stage, PARENT, &record(0, &acts(1_000))).await;
    deliver_to(&stage, PARENT, &record(1, &acts(2_000))).await;
    deliver_to(&stage, CHILD, &record(2, &acts(3_000))).await;
    stage
}

async fn views_of_parent(stage: &Stage) -> usize {
    let mut items: Vec<Item> =
        stage.table.query(&keys::course_partition(TENANT, COURSES[0]), "", Consistency::Strong).await.unwrap();
    items.extend(stage.table.query(&keys::courses_partition(TENANT), "", Consistency::Strong).await.unwrap());
    items.iter().filter(|item| item.key.sort.contains(&parent())).count()
}

#[tokio::test]
async fn a_failure_at_any_write_changes_nothing_that_is_seen_and_the_next_call_ends_it() {
    let whole = resharded().await;
    let (expected, before) = (seen(&whole).await, whole.table.writes());
    absorb(&*whole.table, TENANT, &parent()).await.unwrap();
    assert!(seen(&whole).await == expected);
    assert_eq!(views_of_parent(&whole).await, 0, "they are deleted");
    let writes = whole.table.writes() - before;
    assert!(writes > 8, "{writes} writes");
    for fault in Fault::ALL {
        for at in 0..writes {
            let stage = resharded().await;
            stage.table.fail_write(at, fault);
            assert!(absorb(&*stage.table, TENANT, &parent()).await.is_err(), "{fault:?} at {at}");
            assert!(seen(&stage).await == expected, "after {fault:?} at {at}");
            absorb(&*stage.table, TENANT, &parent()).await.unwrap();
            assert!(seen(&stage).await == expected, "again after {fault:?} at {at}");
            assert_eq!(views_of_parent(&stage).await, 0);
        }
    }
}

#[tokio::test]
async fn a_learner_goes_on_after_the_parent_is_absorbed_and_a_late_zombie_of_it_changes_nothing() {
    let (stage, other) = (resharded().await, resharded().await);
    absorb(&*stage.table, TENANT, &parent()).await.unwrap();
    let after = record(3, &acts(4_000));
    for stage in [&stage, &other] {
        deliver_to(stage, CHILD, &after).await;
    }
    let expected = seen(&other).await;
    assert!(seen(&stage).await == expected);
    deliver_to(&stage, PARENT, &record(1, &acts(2_000))).await;
    assert!(seen(&stage).await == expected);
}

#[tokio::test]
async fn shards_that_the_stream_lists_no_more_are_absorbed_once() {
    let stage = resharded().await;
    let listed = || async { Ok::<Vec<String>, LiveError>(vec![keys::shard(INCARNATION, CHILD)]) };
    assert_eq!(expired(&*stage.table, listed()).await.unwrap(), [parent()]);
    absorb(&*stage.table, TENANT, &parent()).await.unwrap();
    note_absorbed(&*stage.table, &parent()).await.unwrap();
    assert!(expired(&*stage.table, listed()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_shard_that_opens_while_the_expired_ones_are_looked_for_is_not_one_of_them() {
    let stage = resharded().await;
    let listed = async {
        // The stream has answered when the new shard is read: it is in no list, but has progress by now.
        let listed = [PARENT, CHILD].map(|shard_id| keys::shard(INCARNATION, shard_id)).to_vec();
        deliver_to(&stage, "shardId-000000000009", &record(1, &acts(3_000))).await;
        Ok::<Vec<String>, LiveError>(listed)
    };
    assert!(expired(&*stage.table, listed).await.unwrap().is_empty());
}
