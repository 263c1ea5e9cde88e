//! `played-segments`, as a statement carries them and as an item takes them.

use serde_json::json;
use trilha_core::MAX_ITEM_BYTES;
use trilha_core::video::VideoItem;
use trilha_core::views::VideoView;
use trilha_schemas::event::{Body, Protocol, SentEvent};
use trilha_schemas::xapi;

use crate::carried;

/// Positions go up to 10⁹ s.
const FARTHEST_MILLIS: i64 = 1_000_000_000_000;
/// `0[.]1`, and what parts it from the next.
const LEAST_PAIR_BYTES: usize = 6;

pub(crate) fn read(bytes: &[u8]) {
    drop(statement(bytes));
}

pub(crate) fn check(bytes: &[u8]) {
    let sent = statement(bytes);
    let Body::Video(video) = &sent.body else { panic!("a statement about a video") };
    let pairs = video.segments.as_deref().unwrap_or_default();
    assert!(pairs.len() <= bytes.len().div_ceil(LEAST_PAIR_BYTES));
    assert!(pairs.iter().all(|(from, to)| from.abs() <= FARTHEST_MILLIS && to.abs() <= FARTHEST_MILLIS));
    let event = carried::stamped(sent, Protocol::Xapi);
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    item.fold([&event], &mut view);
    let stored = item.encode();
    assert!(stored.len() <= MAX_ITEM_BYTES);
    assert_eq!(VideoItem::decode(&stored).map(|item| item.encode()), Ok(stored));
}

fn statement(bytes: &[u8]) -> SentEvent {
    let text = String::from_utf8_lossy(bytes);
    let statement = json!({
        "id": "6c9a1d3e-0000-4000-8000-000000000001",
        "actor": {"mbox": "mailto:a@x.test"},
        "verb": {"id": "https://w3id.org/xapi/video/verbs/paused"},
        "object": {"id": "v", "definition": {"type": "https://w3id.org/xapi/video/activity-type/video"}},
        "result": {"extensions": {"https://w3id.org/xapi/video/extensions/played-segments": text}},
        "context": {"registration": "r", "contextActivities": {"parent": [{"id": "c"}]}},
        "timestamp": "2026-03-02T19:30:00Z",
    });
    let read = xapi::read(&statement).pop().expect("a statement comes to something");
    read.expect("whatever the list holds, the statement is read")
}
