//! Whatever a reader makes of bytes, a record carries it and gives it back, and whoever folds it meets nothing wild.

use trilha_schemas::event::{Event, Protocol, SentEvent};
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::reader::Refusal;
use trilha_schemas::record::{self, Decoded};

/// A refusal says what is wrong in a few words, whatever was sent.
const MOST_MESSAGE_BYTES: usize = 1_000;
const ARRIVAL_MILLIS: i64 = 1_772_479_801_000;

/// What was read, or why not.
pub(crate) fn check(read: Result<SentEvent, Refusal>, protocol: Protocol) {
    match read {
        Ok(sent) => check_event(stamped(sent, protocol)),
        Err(refusal) => {
            assert!(refusal.message.len() <= MOST_MESSAGE_BYTES, "a message of {} bytes", refusal.message.len());
            assert!(refusal.field.len() <= MOST_MESSAGE_BYTES);
        }
    }
}

fn check_event(event: Event) {
    let (packed, too_large) = record::pack("t", std::slice::from_ref(&event));
    assert!(too_large.is_empty(), "an event that a reader takes fits a record");
    let decoded = record::decode(&packed[0].bytes).expect("a record of what a reader takes reads back");
    assert_eq!(decoded, Decoded { tenant: "t".into(), events: vec![event] });
}

/// As the collector stamps it.
pub(crate) fn stamped(sent: SentEvent, protocol: Protocol) -> Event {
    let learner = Pseudonym([0xab; 16]);
    let (id, source) = EventId::of("t", &learner, &sent);
    Event {
        id,
        learner,
        course: sent.course,
        session: sent.session,
        role: sent.role,
        title: sent.title,
        time_millis: sent.time_millis,
        arrival_millis: ARRIVAL_MILLIS,
        zone_offset_minutes: -180,
        settings_version: 1,
        flags: sent.flags,
        protocol,
        source,
        body: sent.body,
    }
}
