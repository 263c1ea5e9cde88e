//! An event's parts, wherever each is: what is packed need not be put together before.

use crate::event::{BodyOf, EventOf, Pairs, Protocol, Role, Source};
use crate::flags::Flags;
use crate::ids::{EventId, Pseudonym};

/// What can be packed.
pub trait Parts {
    /// What its texts are.
    type Text: AsRef<str>;

    /// Its parts.
    fn parts(&self) -> EventParts<'_, Self::Text>;
}

/// An event whose texts and body are elsewhere; see [`EventOf`].
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "said of the fields of an event")]
pub struct EventParts<'a, T> {
    pub id: EventId,
    pub learner: Pseudonym,
    pub course: &'a str,
    pub session: Option<&'a T>,
    pub role: Role,
    pub title: Option<&'a T>,
    pub time_millis: Option<i64>,
    pub arrival_millis: i64,
    pub zone_offset_minutes: i16,
    pub settings_version: u32,
    pub flags: Flags,
    pub protocol: Protocol,
    pub source: Source<&'a T>,
    pub body: &'a BodyOf<T, Pairs>,
}

impl<T: AsRef<str>> Parts for EventOf<T, Pairs> {
    type Text = T;

    #[inline]
    fn parts(&self) -> EventParts<'_, T> {
        EventParts {
            id: self.id,
            learner: self.learner,
            course: self.course.as_ref(),
            session: self.session.as_ref(),
            role: self.role,
            title: self.title.as_ref(),
            time_millis: self.time_millis,
            arrival_millis: self.arrival_millis,
            zone_offset_minutes: self.zone_offset_minutes,
            settings_version: self.settings_version,
            flags: self.flags,
            protocol: self.protocol,
            source: self.source.as_ref(),
            body: &self.body,
        }
    }
}
