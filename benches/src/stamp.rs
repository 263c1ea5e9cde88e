//! Events as the collector stamps them, without a collector.

use trilha_schemas::event::{Event, Protocol, SentEvent};
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::reader::content_hash;

use crate::TENANT;

/// As the collector stamps an event that tells a learner, in a zone of Brazil; another hash stands for the pseudonym's.
pub fn stamped(sent: SentEvent, protocol: Protocol, arrival_millis: i64) -> Option<Event> {
    let learner = Pseudonym(content_hash(&serde_json::Value::from(sent.learner.as_deref()?)));
    let (id, source) = EventId::of(TENANT, &learner, &sent);
    Some(Event {
        id,
        learner,
        course: sent.course,
        session: sent.session,
        role: sent.role,
        title: sent.title,
        time_millis: sent.time_millis,
        arrival_millis,
        zone_offset_minutes: -180,
        settings_version: 1,
        flags: sent.flags,
        protocol,
        source,
        body: sent.body,
    })
}
