//! The rules that make totals exact, one by one: what is written in which order, what is read again, what is answered.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use stage::records::{Rec, event, learner, quiz, record, records, video};
use stage::table::Fault;
use stage::{Stage, batch, batch_of, check, deliver, insist};
use trilha_core::activity::ActivityItem;
use trilha_core::roster::{RosterEntry, Standing};
use trilha_live::port::{Consistency, Item, Key, LiveTable, Replaced, Replacement, Watermarks};
use trilha_processors::batch::{Batch, BatchError, HandleError};
use trilha_schemas::event::{Body, Event, Role, VideoAction};
use trilha_schemas::flags::Flags;
use trilha_schemas::sequence::SequenceNumber;

/// Eight records of two buckets: videos, answers, pages, a description.
fn lesson() -> Vec<Rec> {
    let mut id = 0;
    let mut next = |who: usize, second: i64, body: Body| {
        id += 1;
        event(who, id, second, body)
    };
    let chunks = [
        vec![next(0, 0, Body::Video(video(VideoAction::Played, 0))), next(0, 1, Body::Quiz(quiz("q1", false)))],
        vec![
            next(1, 5, Body::Video(video(VideoAction::Watched, 0))),
            next(0, 20, Body::Video(video(VideoAction::Paused, 20))),
        ],
        vec![
            next(2, 30, Body::Viewed { object: "page".into() }),
            next(3, 30, Body::Video(video(VideoAction::Watched, 10))),
        ],
        vec![next(0, 400, Body::Quiz(quiz("q1", true))), next(1, 15, Body::Video(video(VideoAction::Watched, 10)))],
        vec![next(1, 500, Body::Enrolled), next(2, 500, Body::Video(video(VideoAction::Interacted, None)))],
        vec![next(0, 4_000, Body::Video(video(VideoAction::Watched, 40))), next(1, 4_000, Body::Enrolled)],
    ];
    let mut all = Vec::new();
    for chunk in chunks {
        all.extend(records(all.len(), &chunk));
    }
    assert_eq!(all.len(), 7, "the places below rest on it");
    all
}

fn interacted(who: usize, id: u64, title: &str) -> Event {
    let mut event = event(who, id, id as i64, Body::Video(video(VideoAction::Interacted, None)));
    event.title = Some(title.into());
    event
}

/// Which kind of item a put was.
fn kind(key: &Key) -> &'static str {
    match key.partition.as_str() {
        "progress" => "progress",
        partition if partition.contains("|learner|") => "learner",
        partition if partition.contains("|roster|") => "roster",
        _ => "view",
    }
}

async fn writes_of(records: &[Rec]) -> usize {
    let stage = Stage::new();
    insist(&stage.processor(), records).await;
    stage.table.writes()
}

/// Ids would tell them apart too: this is what holds where an item has no room for an id.
#[tokio::test]
async fn after_a_crash_no_event_meets_its_own_copy() {
    let lesson = lesson();
    for at in 0..writes_of(&lesson).await {
        let stage = Stage::new();
        stage.table.fail_write(at, Fault::After);
        assert!(!deliver(&stage.processor(), &lesson).await, "write {at}");
        let again = Batch::read(stage::INCARNATION, batch(&lesson)).unwrap().unwrap();
        let applied = stage.processor().apply(again).await.unwrap();
        assert_eq!(applied.folded.duplicates, 0, "after write {at}");
        check(&stage, &lesson, at).await;
    }
}

#[tokio::test]
async fn views_and_the_roster_are_written_first_then_learner_items_then_progress() {
    let (stage, records) = (Stage::new(), lesson());
    insist(&stage.processor(), &records).await;
    let kinds: Vec<&str> = stage.table.take_written().iter().map(|put| kind(&put.key)).collect();
    let mut sorted = kinds.clone();
    sorted.sort_by_key(|kind| ["view", "roster", "learner", "progress"].iter().position(|there| there == kind));
    assert_eq!(kinds, sorted);
    assert_eq!(kinds.iter().filter(|kind| **kind == "progress").count(), 1);
    assert!(["view", "roster", "learner"].iter().all(|kind| kinds.contains(kind)));
}

#[tokio::test]
async fn a_second_delivery_writes_nothing() {
    let (stage, records) = (Stage::new(), lesson());
    let processor = stage.processor();
    insist(&processor, &records).await;
    stage.table.take_written();
    for consumer in [&processor, &stage.processor()] {
        insist(consumer, &records).await;
        insist(consumer, &records[2..5]).await;
    }
    assert_eq!(stage.table.take_written(), []);
    check(&stage, &records, "again").await;
}

#[tokio::test]
async fn a_resend_in_another_record_writes_progress_alone() {
    let event = event(0, 1, 0, Body::Video(video(VideoAction::Watched, 0)));
    let answer = stage::records::event(0, 2, 1, Body::Quiz(quiz("q1", true)));
    let resent = [record(0, &[event.clone(), answer.clone()]), record(1, &[answer, event])];
    let stage = Stage::new();
    let processor = stage.processor();
    insist(&processor, &resent[..1]).await;
    stage.table.take_written();
    insist(&processor, &resent[1..]).await;
    let kinds: Vec<&str> = stage.table.take_written().iter().map(|put| kind(&put.key)).collect();
    assert_eq!(kinds, ["progress"]);
    check(&stage, &resent, "resent").await;
}

#[tokio::test]
async fn staff_test_accounts_and_other_protocols_are_not_folded() {
    let mut events: Vec<Event> =
        (1..4).map(|id| event(0, id, 0, Body::Video(video(VideoAction::Watched, 0)))).collect();
    (events[0].role, events[1].role) = (Role::Staff, Role::Test);
    events[2].flags.insert(Flags::OTHER_PROTOCOL);
    let stage = Stage::new();
    insist(&stage.processor(), &[record(0, &events)]).await;
    let kinds: Vec<&str> = stage.table.take_written().iter().map(|put| kind(&put.key)).collect();
    assert_eq!(kinds, ["progress"]);
}

#[tokio::test]
async fn a_crash_at_any_write_and_any_cut_of_the_redelivery_change_nothing() {
    let records = lesson();
    let writes = writes_of(&records).await;
    assert!(writes > 15, "{writes} writes");
    for fault in Fault::ALL {
        for at in 0..writes {
            for cuts in [&[7][..], &[1, 7], &[3, 5, 7], &[6, 7], &[1, 2, 3, 4, 5, 6, 7]] {
                for survives in [true, false] {
                    let case = format!("{fault:?} at write {at}, then up to {cuts:?}, survives: {survives}");
                    let stage = Stage::new();
                    let mut processor = stage.processor();
                    stage.table.fail_write(at, fault);
                    assert!(!deliver(&processor, &records).await, "{case}");
                    if !survives {
                        processor = stage.processor();
                    }
                    let mut from = 0;
                    for to in cuts {
                        assert!(deliver(&processor, &records[from..*to]).await, "{case}");
                        from = *to;
                    }
                    check(&stage, &records, case).await;
                }
            }
        }
    }
}

/// Enrolled, unenrolled and enrolled again, each in a record of its own, out of the order of their times too; over
/// days.
fn comings_and_goings() -> Vec<Rec> {
    let (day, mut all) = (86_400, Vec::new());
    let acts = [
        (0, 0, Body::Enrolled),
        (0, 3 * day, Body::Unenrolled),
        (1, day, Body::Unenrolled),
        (0, 4 * day, Body::Enrolled),
        (1, 0, Body::Enrolled),
        (1, 2 * day, Body::Completed),
        (0, 2 * day, Body::Unenrolled),
    ];
    for (id, (who, second, body)) in acts.into_iter().enumerate() {
        all.extend(records(all.len(), &[event(who, id as u64, second, body)]));
    }
    all
}

/// An entry that another cut of the batch left says what the learner was amid it.
#[tokio::test]
async fn a_crash_at_any_write_and_any_cut_leave_the_roster_as_it_should_be() {
    let records = comings_and_goings();
    for first in 0..3 {
        let writes = writes_of(&records).await;
        for fault in Fault::ALL {
            for at in 0..writes {
                for end in first + 1..=7 {
                    for cut in first + 1..=7 {
                        let case =
                            format!("{first} done, {fault:?} at write {at} of a batch up to {end}, then to {cut}");
                        let stage = Stage::new();
                        if first > 0 {
                            insist(&stage.processor(), &records[..first]).await;
                        }
                        stage.table.fail_write(at, fault);
                        deliver(&stage.processor(), &records[first..end]).await;
                        stage.table.calm();
                        let processor = stage.processor();
                        insist(&processor, &records[first..cut]).await;
                        if cut < 7 {
                            insist(&processor, &records[cut..]).await;
                        }
                        check(&stage, &records, case).await;
                    }
                }
            }
        }
    }
}

/// While one consumer is about to read or to write, another does so many writes of its own and dies, or does all of
/// them.
#[tokio::test]
async fn a_zombie_at_any_read_or_write_leaves_the_roster_as_it_should_be() {
    let records = comings_and_goings();
    let writes = writes_of(&records).await;
    for (at, is_read) in (0..6).map(|at| (at, true)).chain((0..writes).map(|at| (at, false))) {
        for (own, other) in [((1, 2), (1, 7)), ((1, 4), (1, 3)), ((1, 7), (1, 2)), ((1, 7), (0, 4)), ((0, 7), (1, 5))] {
            for dies_after in (0..10).chain([usize::MAX]) {
                let stage = Stage::new();
                insist(&stage.processor(), &records[..1]).await;
                let (table, zombie) = (std::sync::Arc::clone(&stage.table), stage.processor());
                let late = records[other.0..other.1].to_vec();
                let act = async move {
                    if dies_after < usize::MAX {
                        table.fail_write(dies_after, Fault::Before);
                    }
                    deliver(&zombie, &late).await;
                    table.calm();
                };
                match is_read {
                    true => stage.table.interrupt_read(at, act),
                    false => stage.table.interrupt(at, act),
                }
                let owner = stage.processor();
                insist(&owner, &records[own.0..own.1]).await;
                stage.table.calm();
                insist(&owner, &records[own.1.min(other.1)..]).await;
                let case = format!("read: {is_read} {at}, {own:?} beside {other:?} that dies after {dies_after}");
                check(&stage, &records, case).await;
            }
        }
    }
}

#[tokio::test]
async fn an_item_of_before_there_were_rosters_is_put_on_one_when_it_next_changes() {
    let (stage, records) = (Stage::new(), comings_and_goings());
    insist(&stage.processor(), &records[..1]).await;
    let old = ActivityItem::decode(&[1, 1, 1, 0, 1, 0, 0]).unwrap();
    forget_roster(&stage, &old).await;
    insist(&stage.processor(), &records[1..2]).await;
    let roster = trilha_core::keys::roster_partition("tenant", stage::records::COURSES[0]);
    let entries = stage.table.query(&roster, "", Consistency::Strong).await.unwrap();
    let entry = RosterEntry::decode(&entries[0].value).unwrap();
    assert_eq!((entries.len(), entry.is_on()), (1, false));
    assert_eq!(entry.days.map(|(first, _)| first), Some(0), "what the item knew");
}

/// As if the learner's items had been written by an earlier version.
async fn forget_roster(stage: &Stage, old: &ActivityItem) {
    let roster = trilha_core::keys::roster_partition("tenant", stage::records::COURSES[0]);
    for entry in stage.table.query(&roster, "", Consistency::Strong).await.unwrap() {
        stage.table.remove(vec![(entry.key, entry.watermarks)]).await.unwrap();
    }
    let partition = trilha_core::keys::learner_partition("tenant", &learner(0));
    let mut item = stage.table.query(&partition, "course a|activity|", Consistency::Strong).await.unwrap().remove(0);
    let expected = Some(item.watermarks.clone());
    item.value = old.encode();
    let replaced = stage.table.replace(vec![Replacement { item, expected }], true).await.unwrap();
    assert_eq!(replaced, [Replaced::Written]);
}

/// A learner goes on in the child of their shard, whose entry keeps what the parent knew.
#[tokio::test]
async fn the_roster_goes_on_in_another_shard() {
    let stage = Stage::new();
    let records = comings_and_goings();
    let processor = stage.processor();
    insist(&processor, &records[..3]).await;
    for records in [&records[3..5], &records[5..]] {
        let response = processor.handle(batch_of("shardId-000000000001", records)).await.unwrap();
        assert!(response.batch_item_failures.is_empty());
    }
    // A zombie of the parent comes too late.
    deliver(&stage.processor(), &records[1..3]).await;
    let roster = trilha_core::keys::roster_partition("tenant", stage::records::COURSES[0]);
    let entries = stage.table.query(&roster, "", Consistency::Strong).await.unwrap();
    let read = |item: &Item| RosterEntry::decode(&item.value).unwrap();
    let standings: Vec<_> = entries.iter().map(|item| read(item).standing().map(Standing::as_str)).collect();
    assert_eq!(standings, [Some("enrolled"), Some("completed")]);
    assert!(entries.iter().all(|item| item.watermarks.iter().count() == 2), "{entries:?}");
}

#[tokio::test]
async fn a_redelivery_may_begin_before_what_is_done() {
    let records = lesson();
    for (from, to) in [(0, 3), (0, 7), (2, 5), (3, 7)] {
        let stage = Stage::new();
        let processor = stage.processor();
        insist(&processor, &records[..4]).await;
        insist(&processor, &records[from..to]).await;
        insist(&processor, &records[to.max(4)..]).await;
        check(&stage, &records, format!("{from}..{to}")).await;
    }
}

#[tokio::test]
async fn a_crash_among_the_learner_items_loses_no_change_that_another_learner_took_back() {
    // Both learners are known; then one takes the title that the other gives up.
    let known = record(0, &[interacted(0, 1, "Old"), interacted(1, 2, "New")]);
    let swap = [record(1, &[interacted(0, 3, "New")]), record(2, &[interacted(1, 4, "Old")])];
    let all = [vec![known], swap.to_vec()].concat();
    let writes = writes_of(&all).await;
    for fault in Fault::ALL {
        for at in 0..writes {
            for cut in 1..=2 {
                let stage = Stage::new();
                insist(&stage.processor(), &all[..1]).await;
                stage.table.fail_write(at, fault);
                deliver(&stage.processor(), &all[1..]).await;
                stage.table.calm();
                insist(&stage.processor(), &all[1..=cut]).await;
                insist(&stage.processor(), &all[1 + cut..]).await;
                check(&stage, &all, format!("{fault:?} at write {at}, cut at {cut}")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_zombie_loses_no_change_that_a_later_record_takes_back() {
    // What is witnessed at the second record is discarded at the third.
    let played = |who, id, second, action, place: Option<i64>| {
        record(id as usize, &[event(who, id, second, Body::Video(video(action, place)))])
    };
    let records = [
        played(0, 0, 0, VideoAction::Played, Some(30)),
        played(0, 1, 10, VideoAction::Interacted, None),
        played(0, 2, 20, VideoAction::Paused, Some(20)),
    ];
    for at in 0..writes_of(&records).await {
        let stage = Stage::new();
        let owner = stage.processor();
        insist(&owner, &records[..1]).await;
        stage.table.fail_write(at, Fault::Before);
        deliver(&stage.processor(), &records[1..]).await;
        stage.table.calm();
        insist(&owner, &records[1..2]).await;
        insist(&owner, &records[2..]).await;
        check(&stage, &records, format!("dead at write {at}")).await;
    }
}

#[tokio::test]
async fn a_zombie_that_dies_before_progress_leaves_a_trap_for_nobody() {
    let records = lesson();
    let writes = writes_of(&records[2..]).await;
    for at in 0..writes {
        for to in 3..=7 {
            let stage = Stage::new();
            let owner = stage.processor();
            insist(&owner, &records[..2]).await;
            stage.table.fail_write(at, Fault::Before);
            deliver(&stage.processor(), &records[2..]).await;
            stage.table.calm();
            // The owner's progress still stands, and its warm state is of before.
            insist(&owner, &records[2..to]).await;
            insist(&owner, &records[to..]).await;
            check(&stage, &records, format!("dead at write {at}, then up to {to}")).await;
        }
    }
}

#[tokio::test]
async fn a_zombie_that_wakes_at_any_write_changes_nothing() {
    let records = lesson();
    let writes = writes_of(&records).await;
    for at in 0..writes {
        for (from, to) in [(0, 7), (0, 3), (2, 4), (2, 6), (2, 7)] {
            let stage = Stage::new();
            let (owner, zombie) = (stage.processor(), stage.processor());
            insist(&zombie, &records[..1]).await;
            insist(&owner, &records[1..2]).await;
            let late = records[from.min(1)..to].to_vec();
            stage.table.interrupt(at, async move {
                deliver(&zombie, &late).await;
            });
            insist(&owner, &records[2..5]).await;
            stage.table.calm();
            insist(&owner, &records[5..]).await;
            check(&stage, &records, format!("{from}..{to} at write {at}")).await;
        }
    }
}

#[tokio::test]
async fn warm_state_counts_only_while_progress_is_what_this_consumer_wrote() {
    let (stage, records) = (Stage::new(), lesson());
    let owner = stage.processor();
    insist(&owner, &records[..2]).await;
    insist(&stage.processor(), &records[2..4]).await;
    let later = Batch::read(stage::INCARNATION, batch(&records[4..])).unwrap().unwrap();
    let applied = owner.apply(later).await.unwrap();
    assert_eq!(applied.conflicts, 0, "it read again, and knew");
    check(&stage, &records, "after another").await;
}

#[tokio::test]
async fn warm_items_are_not_read_again() {
    let (stage, records) = (Stage::new(), lesson());
    let owner = stage.processor();
    insist(&owner, &records).await;
    let reads = stage.table.reads();
    let more = record(7, &[event(0, 99, 4_005, Body::Video(video(VideoAction::Watched, 50)))]);
    insist(&owner, std::slice::from_ref(&more)).await;
    assert_eq!(stage.table.reads() - reads, 1, "progress alone is read");
    check(&stage, &[records, vec![more]].concat(), "warm").await;
}

#[tokio::test]
async fn a_failed_read_fails_the_batch() {
    for at in 0..3 {
        let (stage, records) = (Stage::new(), lesson());
        let processor = stage.processor();
        stage.table.fail_read(at);
        assert!(!deliver(&processor, &records).await, "read {at}");
        assert_eq!(stage.table.take_written(), []);
        insist(&processor, &records).await;
        check(&stage, &records, format!("read {at}")).await;
    }
}

fn strayed() -> (Vec<Rec>, Vec<String>) {
    let mut records = lesson();
    let damaged = [&records[1].bytes[..20], b"!"].concat();
    let foreign = br#"{"type":"video.played"}"#.to_vec();
    let misplaced = record(9, &[event(3, 77, 0, Body::Enrolled)]);
    let id = event(3, 77, 0, Body::Enrolled).id;
    records[1].bytes.clone_from(&damaged);
    records[3].bytes.clone_from(&foreign);
    (records[5].bytes, records[5].partition_key) = (misplaced.bytes, learner(0).bucket().partition_key());
    let strays = vec![
        format!("damaged {} {damaged:?}", records[1].sequence_number),
        format!("foreign {} {foreign:?}", records[3].sequence_number),
        format!("misplaced tenant {:?}", [id]),
    ];
    (records, strays)
}

#[tokio::test]
async fn strays_are_set_aside_and_not_folded() {
    let (records, strays) = strayed();
    let stage = Stage::new();
    assert!(deliver(&stage.processor(), &records).await);
    assert_eq!(stage.basket.strays(), strays);
    check(&stage, &records, "strays").await;
}

#[tokio::test]
async fn a_stray_that_is_nowhere_safe_fails_the_batch() {
    let (records, strays) = strayed();
    let stage = Stage::new();
    stage.basket.refuse(true);
    assert!(!deliver(&stage.processor(), &records).await);
    assert!(stage.table.take_written().iter().all(|put| kind(&put.key) != "progress"));
    stage.basket.refuse(false);
    assert!(deliver(&stage.processor(), &records).await);
    assert_eq!(stage.basket.strays(), strays);
    check(&stage, &records, "strays").await;
}

#[tokio::test]
async fn strays_are_safe_before_anything_is_acknowledged() {
    let (records, strays) = strayed();
    let stage = Stage::new();
    let (basket, expected) = (stage.basket.clone(), strays.clone());
    stage.table.interrupt(0, async move { assert_eq!(basket.strays(), expected) });
    insist(&stage.processor(), &records).await;
    assert!(!stage.table.calm(), "there was a write");
}

#[tokio::test]
async fn a_batch_of_strays_alone_moves_progress() {
    let (records, _) = strayed();
    let stage = Stage::new();
    insist(&stage.processor(), &records[1..2]).await;
    let written = stage.table.take_written();
    assert_eq!(written.len(), 1);
    let expected = SequenceNumber::parse(&records[1].sequence_number).unwrap();
    assert_eq!(written[0].watermarks.of("one/shardId-000000000000"), Some(expected));
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_an_error_and_none_is_done() {
    let (stage, records) = (Stage::new(), lesson());
    let processor = stage.processor();
    assert!(processor.handle(batch(&[])).await.unwrap().batch_item_failures.is_empty());
    let mut two = batch(&records[..1]);
    two.records.extend(batch_of("shardId-000000000001", &records[1..2]).records);
    let error = processor.handle(two).await.unwrap_err();
    assert!(matches!(error, HandleError::Batch(BatchError::TwoShards(_, _))), "{error}");
    for event_id in [None, Some("shard"), Some(":1"), Some("shard:x")] {
        let mut unnamed = batch(&records[..1]);
        unnamed.records[0].event_id = event_id.map(str::to_string);
        let error = processor.handle(unnamed).await.unwrap_err();
        assert!(matches!(error, HandleError::Batch(BatchError::EventId(_))), "{event_id:?}: {error}");
    }
    assert_eq!(stage.table.take_written(), []);
}

/// After a reshard a learner goes on in another shard: other partials, the same items.
#[tokio::test]
async fn a_learner_goes_on_in_another_shard() {
    let stage = Stage::new();
    let processor = stage.processor();
    let first = record(0, &[event(0, 1, 0, Body::Video(video(VideoAction::Watched, 0)))]);
    let second = record(1, &[event(0, 2, 100, Body::Video(video(VideoAction::Watched, 10)))]);
    insist(&processor, &[first]).await;
    for _ in 0..2 {
        let response = processor.handle(batch_of("shardId-000000000001", std::slice::from_ref(&second))).await.unwrap();
        assert!(response.batch_item_failures.is_empty());
    }
    let marks: Vec<usize> = stage.table.take_written().iter().map(|put| put.watermarks.iter().count()).collect();
    assert_eq!(marks.iter().filter(|shards| **shards == 2).count(), 2, "the video's and the activity's item");
}

#[tokio::test]
async fn an_item_that_another_shard_moves_is_read_again() {
    let stage = Stage::new();
    let processor = stage.processor();
    let records = [
        record(0, &[event(0, 1, 0, Body::Video(video(VideoAction::Watched, 0)))]),
        record(1, &[event(0, 2, 100, Body::Video(video(VideoAction::Watched, 10)))]),
    ];
    insist(&processor, &records[..1]).await;
    let partition = trilha_core::keys::learner_partition("tenant", &learner(0));
    let table = std::sync::Arc::clone(&stage.table);
    // When the views are written, somebody else's shard moves the learner's items.
    stage.table.interrupt(2, async move {
        for item in table.query(&partition, "", Consistency::Strong).await.unwrap() {
            moved(&*table, item).await;
        }
    });
    insist(&processor, &records[1..]).await;
    assert!(!stage.table.calm());
    let items = stage
        .table
        .query(&trilha_core::keys::learner_partition("tenant", &learner(0)), "", Consistency::Strong)
        .await
        .unwrap();
    assert!(items.iter().all(|item| item.watermarks.of("one/other").is_some()), "{items:?}");
    check(&stage, &records, "moved").await;
    let marks = stage
        .table
        .query(&trilha_core::keys::stale_partition("tenant"), "course a|", Consistency::Strong)
        .await
        .unwrap();
    let mut marked: Vec<&str> = marks.iter().map(|mark| mark.key.sort.as_str()).collect();
    marked.sort_unstable();
    assert_eq!(marked, ["course a|activity|", "course a|video|video"], "an alarm is not all that is left of it");
}

#[tokio::test]
async fn a_zombie_whose_learner_has_gone_on_to_another_shard_raises_no_alarm() {
    let stage = Stage::new();
    let records = [
        record(0, &[event(0, 1, 0, Body::Video(video(VideoAction::Watched, 0)))]),
        record(1, &[event(0, 2, 100, Body::Video(video(VideoAction::Watched, 10)))]),
    ];
    insist(&stage.processor(), &records[..1]).await;
    let (table, owner, batch) = (std::sync::Arc::clone(&stage.table), stage.processor(), records[1..].to_vec());
    // While it sleeps, its batch is finished, and the shard that came from its own folds more of the learner.
    stage.table.interrupt(2, async move {
        insist(&owner, &batch).await;
        let partition = trilha_core::keys::learner_partition("tenant", &learner(0));
        for item in table.query(&partition, "", Consistency::Strong).await.unwrap() {
            moved(&*table, item).await;
        }
    });
    insist(&stage.processor(), &records[1..]).await;
    assert!(!stage.table.calm());
    check(&stage, &records, "gone on").await;
    let stale = trilha_core::keys::stale_partition("tenant");
    assert_eq!(stage.table.query(&stale, "", Consistency::Strong).await.unwrap(), []);
}

async fn moved(table: &impl LiveTable, item: Item) {
    let expected: Watermarks = item.watermarks.clone();
    let mut item = item;
    item.watermarks.set("one/other", SequenceNumber::parse("5").unwrap());
    let replaced = table.replace(vec![Replacement { item, expected: Some(expected) }], true).await.unwrap();
    assert_eq!(replaced, [Replaced::Written]);
}
