//! Rows made by hand.

use trilha_lake::LakeRow;
use trilha_schemas::event::{Body, Event, Protocol, Role, Source};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;

/// 2026-11-23T00:00:00Z.
const MONDAY_MILLIS: i64 = 1_795_392_000_000;
const DAY_MILLIS: i64 = 86_400_000;

pub fn sequence(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&number.to_string()).unwrap()
}

/// What the `act`-th event of a day says, in record `number` of shard `a`. Learners differ from act to act.
pub fn row(day: i64, act: u16, number: u64) -> LakeRow {
    let mut id = [day as u8; 16];
    id[..2].copy_from_slice(&act.to_be_bytes());
    LakeRow {
        tenant: "acme".into(),
        shard: "a".into(),
        sequence_number: sequence(number),
        record_index: 0,
        beyond_state: false,
        event: Event {
            id: EventId(id),
            learner: Pseudonym([(act * 37) as u8; 16]),
            course: "c1".into(),
            session: None,
            role: Role::Learner,
            title: None,
            time_millis: Some(MONDAY_MILLIS + day * DAY_MILLIS + i64::from(act)),
            arrival_millis: MONDAY_MILLIS + i64::from(act),
            zone_offset_minutes: -180,
            settings_version: 1,
            flags: Flags::empty(),
            protocol: Protocol::Native,
            source: Source::None,
            body: Body::Viewed { object: format!("page-{}", act % 3) },
        },
    }
}
