//! A view that grows beyond what an item holds is frozen in parts, and whatever fails meanwhile, it stays the sum of its
//! learners.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::BTreeMap;

use stage::records::{COURSES, Rec, TENANT, event, record};
use stage::table::Fault;
use stage::{Stage, deliver, insist};
use trilha_core::keys::{self, Kind};
use trilha_core::quiz::QuizItem;
use trilha_core::views::{QuizView, View, merge};
use trilha_live::limits::{MAX_ITEM_BYTES, item_bytes};
use trilha_live::port::{Consistency, Item, LiveTable};
use trilha_processors::absorb::stored;
use trilha_schemas::event::{Body, Event, QuizEvent};
use trilha_schemas::ids::Pseudonym;

const LEARNERS: u64 = 60;
const QUESTIONS: u64 = 8;

/// Everybody answers every question, and nobody as another does.
fn essay(learner: u64, question: u64) -> Event {
    let quiz = QuizEvent {
        quiz: "quiz".into(),
        question: Some(format!("q{question}")),
        response: Some(format!("{learner} {question} {}", "𝄞".repeat(200))),
        ..QuizEvent::default()
    };
    let mut event = event(0, learner * QUESTIONS + question, question as i64, Body::Quiz(quiz));
    let mut bytes = [0x10; 16];
    bytes[8..].copy_from_slice(&learner.to_be_bytes());
    event.learner = Pseudonym(bytes);
    event
}

/// Four records of a quarter of the class each.
fn essays() -> Vec<Rec> {
    let quarter = |at: u64| {
        let learners = at * LEARNERS / 4..(at + 1) * LEARNERS / 4;
        let events: Vec<Event> = learners.flat_map(|who| (0..QUESTIONS).map(move |what| essay(who, what))).collect();
        record(at as usize, &events)
    };
    (0..4).map(quarter).collect()
}

fn expected() -> QuizView {
    let mut view = QuizView::default();
    for learner in 0..LEARNERS {
        let mut change = QuizView::default();
        let events: Vec<Event> = (0..QUESTIONS).map(|question| essay(learner, question)).collect();
        QuizItem::default().fold(&events, &mut change);
        view.add(&change);
    }
    view
}

async fn quiz_items(stage: &Stage) -> Vec<Item> {
    let prefix = keys::view_sort(Kind::Quiz, "quiz", "");
    stage.table.query(&keys::course_partition(TENANT, COURSES[0]), &prefix, Consistency::Strong).await.unwrap()
}

async fn check(stage: &Stage, case: &str) {
    let items = quiz_items(stage).await;
    assert!(items.iter().all(|item| item_bytes(item) <= MAX_ITEM_BYTES), "{case}");
    let merged = merge(items.iter().map(stored)).unwrap();
    assert!(merged == BTreeMap::from([("quiz".to_string(), expected())]), "{case}");
}

#[tokio::test]
async fn a_view_of_any_size_is_stored_and_read() {
    let (stage, records) = (Stage::new(), essays());
    let processor = stage.processor();
    for record in &records {
        insist(&processor, std::slice::from_ref(record)).await;
    }
    assert!(quiz_items(&stage).await.len() > 2, "it is in parts");
    check(&stage, "one by one").await;
    let stage = Stage::new();
    insist(&stage.processor(), &records).await;
    check(&stage, "all at once").await;
}

#[tokio::test]
async fn a_crash_or_a_zombie_while_a_view_is_frozen_changes_nothing() {
    let records = essays();
    for fault in Fault::ALL {
        for at in 0..12 {
            for cut in 2..=4 {
                let case = format!("{fault:?} at write {at}, then up to {cut}");
                let stage = Stage::new();
                insist(&stage.processor(), &records[..1]).await;
                stage.table.fail_write(at, fault);
                assert!(!deliver(&stage.processor(), &records[1..]).await, "{case}");
                let (zombie, late) = (stage.processor(), records[..3].to_vec());
                stage.table.interrupt(at, async move {
                    deliver(&zombie, &late).await;
                });
                insist(&stage.processor(), &records[1..cut]).await;
                stage.table.calm();
                insist(&stage.processor(), &records[cut..]).await;
                check(&stage, &case).await;
            }
        }
    }
}
