//! Stored learner items: the first byte says of which kind.

use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::quiz::QuizItem;
use trilha_core::video::VideoItem;
use trilha_core::views::{QuizView, VideoView};
use trilha_core::{Folded, MAX_ITEM_BYTES};
use trilha_schemas::event::Event;

use crate::seeds;

pub(crate) fn read(bytes: &[u8]) {
    let Some((kind, stored)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => drop(VideoItem::decode(stored)),
        1 => drop(QuizItem::decode(stored)),
        _ => drop(ActivityItem::decode(stored)),
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let Some((kind, stored)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => check_kind(stored, VideoItem::decode, VideoItem::encode, |item, events| {
            item.fold(events, &mut VideoView::default())
        }),
        1 => check_kind(stored, QuizItem::decode, QuizItem::encode, |item, events| {
            item.fold(events, &mut QuizView::default())
        }),
        _ => check_kind(stored, ActivityItem::decode, ActivityItem::encode, |item, events| {
            item.fold(events, &mut ActivityChange::default())
        }),
    }
}

/// What is read is written and read alike, and takes more events, which it then knows.
fn check_kind<I, E>(
    stored: &[u8],
    decode: fn(&[u8]) -> Result<I, E>,
    encode: fn(&I) -> Vec<u8>,
    fold: impl Fn(&mut I, &[Event]) -> Folded,
) {
    let Ok(mut item) = decode(stored) else { return };
    let written = encode(&item);
    if written.len() <= MAX_ITEM_BYTES {
        let again = decode(&written).ok().expect("what was written is read");
        assert_eq!(encode(&again), written);
    }
    let events = seeds::events();
    let folded = fold(&mut item, &events);
    assert!(folded.applied as usize + folded.beyond.len() <= events.len());
    assert_eq!(fold(&mut item, &events).applied, 0, "no event is new twice");
}
