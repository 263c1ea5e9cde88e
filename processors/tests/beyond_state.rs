//! What learner items have no room for is known afterwards, all of it and nothing else, whatever fails meanwhile.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::BTreeSet;

use stage::records::{Rec, TENANT, event, record, video};
use stage::table::Fault;
use stage::{Stage, check, deliver, insist};
use trilha_core::video::VideoItem;
use trilha_core::views::VideoView;
use trilha_lake::{Beyond, Day, Partition};
use trilha_processors::beyond;
use trilha_schemas::event::{Body, Event, VideoAction};

const RECORDS: u64 = 9;
const RECORD_EVENTS: u64 = 300;

/// One learner who never stops watching, over two days, and another who watches a little in every record.
fn watched(at: u64) -> Vec<Event> {
    let numbers = at * RECORD_EVENTS..(at + 1) * RECORD_EVENTS;
    let heartbeat = |who: usize, number: u64| {
        let mut event = event(who, number, 40 * number as i64, Body::Video(video(VideoAction::Watched, 10)));
        event.session = Some(format!("{}", number / 50));
        event
    };
    let little = heartbeat(1, 1_000_000 + at);
    numbers.map(|number| heartbeat(0, number)).chain([little]).collect()
}

fn records() -> Vec<Rec> {
    (0..RECORDS).map(|at| record(at as usize, &watched(at))).collect()
}

fn expected() -> Beyond {
    let events: Vec<Event> = (0..RECORDS).flat_map(watched).collect();
    let of_one = events.iter().filter(|event| event.learner == events[0].learner);
    let folded = VideoItem::default().fold(of_one, &mut VideoView::default());
    let ids: BTreeSet<_> = folded.beyond.into_iter().collect();
    let mut beyond = Beyond::new();
    for event in events.iter().filter(|event| ids.contains(&event.id)) {
        let partition = Partition { tenant: TENANT.into(), day: Day::of(event) };
        beyond.entry(partition).or_default().insert(event.id);
    }
    beyond
}

#[tokio::test]
async fn the_ids_of_events_beyond_state_are_kept_by_day() {
    let expected = expected();
    assert!(!expected.is_empty());
    for batch in [1, 4, RECORDS as usize] {
        let stage = Stage::new();
        let processor = stage.processor();
        for records in records().chunks(batch) {
            insist(&processor, records).await;
        }
        assert_eq!(beyond::read(&*stage.table, TENANT).await.unwrap(), expected, "{batch} records a batch");
    }
}

#[tokio::test]
async fn a_crash_at_any_write_loses_none() {
    let (records, expected) = (records(), expected());
    let whole = Stage::new();
    insist(&whole.processor(), &records[..6]).await;
    let before = whole.table.writes();
    insist(&whole.processor(), &records[6..]).await;
    for fault in Fault::ALL {
        for at in 0..whole.table.writes() - before {
            let stage = Stage::new();
            insist(&stage.processor(), &records[..6]).await;
            stage.table.fail_write(at, fault);
            let failed = !deliver(&stage.processor(), &records[6..]).await;
            stage.table.calm();
            let processor = stage.processor();
            insist(&processor, &records[6..7]).await;
            insist(&processor, &records[7..]).await;
            assert_eq!(beyond::read(&*stage.table, TENANT).await.unwrap(), expected, "{fault:?} at {at}, {failed}");
        }
    }
}

fn in_session(id: u64, session: &str, title: Option<&str>) -> Event {
    let mut event = event(0, id, 40 * id as i64, Body::Video(video(VideoAction::Watched, 10)));
    (event.session, event.title) = (Some(session.into()), title.map(str::to_string));
    event
}

/// As many events as leave no room for one in a session of a long name; that one; and one whose short title makes room.
fn full_then_room() -> (Vec<Event>, Event, Event) {
    let [without_room, makes_room] = [in_session(8_000, &"s".repeat(400), None), in_session(9_000, "s", Some("short"))];
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    let mut events = Vec::new();
    for id in 0.. {
        if !item.clone().fold([&without_room], &mut view).beyond.is_empty() {
            break;
        }
        let title = "t".repeat(300);
        events.push(in_session(id, "s", Some(title.as_str()).filter(|_| id == 0)));
        item.fold(&events[events.len() - 1..], &mut view);
    }
    item.fold([&makes_room], &mut view);
    assert!(item.fold([&without_room], &mut view).beyond.is_empty(), "there is room now");
    (events, without_room, makes_room)
}

#[tokio::test]
async fn a_redelivery_does_not_take_in_what_had_no_room_the_first_time() {
    let (full, without_room, makes_room) = full_then_room();
    let mut records: Vec<Rec> = full.chunks(1_000).enumerate().map(|(at, events)| record(at, events)).collect();
    let filled = records.len();
    records.extend([record(filled, &[without_room]), record(filled + 1, &[makes_room])]);
    let stage = Stage::new();
    insist(&stage.processor(), &records[..filled]).await;
    let writes = {
        let whole = Stage::new();
        insist(&whole.processor(), &records[..filled]).await;
        let before = whole.table.writes();
        insist(&whole.processor(), &records[filled..]).await;
        whole.table.writes() - before
    };
    // Everything is written but progress.
    stage.table.fail_write(writes - 1, Fault::Before);
    assert!(!deliver(&stage.processor(), &records[filled..]).await);
    insist(&stage.processor(), &records[filled..]).await;
    check(&stage, &records, "after a crash before progress").await;
}
