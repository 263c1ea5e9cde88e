//! Rows for tests: any row at all, and small ones made by hand.

use std::sync::Arc;

use proptest::option::of;
use proptest::prelude::*;
use trilha_schemas::event::{
    Body, Description, Event, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent,
};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;

use super::LakeRow;

/// 2026-11-23T00:00:00Z.
pub(crate) const MONDAY_MILLIS: i64 = 1_795_392_000_000;

pub(crate) fn sequence(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&number.to_string()).unwrap()
}

/// A view of a page by learner `learner`, act `act`, at record `number` of shard `a`.
pub(crate) fn row(learner: u8, act: u16, number: u64) -> LakeRow {
    let mut id = [learner; 16];
    id[..2].copy_from_slice(&act.to_be_bytes());
    LakeRow {
        tenant: "acme".into(),
        shard: "a".into(),
        sequence_number: sequence(number),
        record_index: 0,
        beyond_state: false,
        event: Event {
            id: EventId(id),
            learner: Pseudonym([learner; 16]),
            course: "c1".into(),
            session: None,
            role: Role::Learner,
            title: None,
            time_millis: Some(MONDAY_MILLIS + i64::from(act)),
            arrival_millis: MONDAY_MILLIS + 1000 + i64::from(act),
            zone_offset_minutes: -180,
            settings_version: 1,
            flags: Flags::empty(),
            protocol: Protocol::Native,
            source: Source::Given(format!("act-{act}")),
            body: Body::Viewed { object: format!("page-{}", act % 3) },
        },
    }
}

fn text() -> impl Strategy<Value = String> {
    ".{0,12}"
}

fn real() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("is a number", |value| !value.is_nan())
}

fn video() -> impl Strategy<Value = Body> {
    let pairs = of(proptest::collection::vec(any::<(i64, i64)>(), 0..4));
    let millis = || of(any::<i64>());
    (0..8usize, text(), millis(), millis(), millis(), of(real()), of(real()), pairs).prop_map(
        |(action, video, position_millis, to_millis, length_millis, rate, threshold, segments)| {
            let action = VideoAction::ALL[action];
            Body::Video(VideoEvent {
                action,
                video,
                position_millis,
                to_millis,
                length_millis,
                rate,
                threshold,
                segments,
            })
        },
    )
}

fn quiz() -> impl Strategy<Value = Body> {
    let ids = (0..3usize, text(), of(text()), of(any::<u32>()), of(text()), of(text()));
    let values = (of(any::<bool>()), of(real()), of(real()), of(real()), of(any::<i64>()));
    (ids, values).prop_map(
        |(
            (action, quiz, question, attempt, attempt_id, response),
            (correct, score, max_score, scaled, elapsed_millis),
        )| {
            let action = QuizAction::ALL[action];
            Body::Quiz(QuizEvent {
                action,
                quiz,
                question,
                attempt,
                attempt_id,
                response,
                correct,
                score,
                max_score,
                scaled,
                elapsed_millis,
            })
        },
    )
}

fn body() -> impl Strategy<Value = Body> {
    let described = (text(), of(text()), of(any::<i64>()), of(any::<i64>()), of(text())).prop_map(
        |(object, section, position, length_millis, url)| {
            Body::Described(Description { object, section, position, length_millis, url })
        },
    );
    prop_oneof![
        video(),
        quiz(),
        text().prop_map(|object| Body::Viewed { object }),
        Just(Body::Enrolled),
        Just(Body::Unenrolled),
        Just(Body::Completed),
        described,
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let who = (any::<[u8; 16]>(), any::<[u8; 16]>(), text(), of(text()), 0..3usize, of(text()));
    let stamps = (of(any::<i64>()), any::<i64>(), any::<i16>(), any::<u32>(), any::<u32>(), 0..4usize, of(text()));
    (who, stamps, body()).prop_map(|((id, learner, course, session, role, title), stamps, body)| {
        let (time_millis, arrival_millis, zone_offset_minutes, settings_version, flags, protocol, source) = stamps;
        Event {
            id: EventId(id),
            learner: Pseudonym(learner),
            course,
            session,
            role: [Role::Learner, Role::Staff, Role::Test][role],
            title,
            time_millis,
            arrival_millis,
            zone_offset_minutes,
            settings_version,
            flags: Flags::from_bits(flags),
            protocol: Protocol::ALL[protocol],
            source: source.map_or(Source::None, Source::Given),
            body,
        }
    })
}

/// Any row at all.
pub(crate) fn any_row() -> impl Strategy<Value = LakeRow> {
    let place = (text(), "[1-9][0-9]{0,128}", any::<u32>(), any::<bool>());
    (place, event()).prop_map(|((shard, number, record_index, beyond_state), event)| LakeRow {
        tenant: "acme".into(),
        shard: Arc::from(shard),
        sequence_number: SequenceNumber::parse(&number).unwrap(),
        record_index,
        beyond_state,
        event,
    })
}
