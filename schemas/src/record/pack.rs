//! Grouping events into records: one bucket each, small enough for the stream.

use std::cell::Cell;

use super::parts::{EventParts, Parts};
use super::write::Writer;
use super::{MAX_EVENT_TEXT_BYTES, MAX_EVENTS};
use crate::event::{BodyOf, Source};
use crate::ids::Bucket;

/// The most bytes in a record of ours.
const MAX_RECORD_BYTES: usize = 256 * 1024;

/// Room for the records of most requests.
const USUAL_RECORDS: usize = 64;

thread_local! {
    /// What the last records of this thread were written with.
    static SPARE: Cell<Option<Writer<'static>>> = const { Cell::new(None) };
}

/// One record: its bucket (the partition key), its bytes, and how many events it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Whose events.
    pub bucket: Bucket,
    /// The encoded record, at most 256 KiB.
    pub bytes: Vec<u8>,
    /// The positions, in the list that was packed, of the events that it holds, in their order in the record.
    pub events: Vec<usize>,
}

/// Packs events of one tenant, one or more records a bucket, in order of bucket. The second list holds the positions of
/// events that fit no record by themselves.
pub fn pack<E: Parts>(tenant: &str, events: &[E]) -> (Vec<Packed>, Vec<usize>) {
    let (records, too_large) = (Vec::with_capacity(events.len().min(USUAL_RECORDS)), Vec::new());
    let mut packing = Packing { tenant, events, writer: SPARE.take().unwrap_or_default(), records, too_large };
    let mut places: Vec<(Bucket, usize)> = Vec::with_capacity(events.len());
    for (at, event) in events.iter().enumerate() {
        let event = event.parts();
        if text_bytes(&event) > MAX_EVENT_TEXT_BYTES {
            packing.too_large.push(at);
        } else {
            places.push((event.learner.bucket(), at));
        }
    }
    places.sort_unstable();
    places.chunk_by(|(one, _), (other, _)| one == other).for_each(|group| packing.pack(group));
    SPARE.set(packing.writer.spare());
    (packing.records, packing.too_large)
}

struct Packing<'a, E> {
    tenant: &'a str,
    events: &'a [E],
    writer: Writer<'a>,
    records: Vec<Packed>,
    too_large: Vec<usize>,
}

impl<'a, E: Parts> Packing<'a, E> {
    /// Halves a bucket's group until each part fits.
    fn pack(&mut self, group: &[(Bucket, usize)]) {
        let events: &'a [E] = self.events;
        let bytes = self.writer.record(self.tenant, group.iter().map(|(_, at)| &events[*at]));
        match group {
            [(bucket, _), ..] if bytes.len() <= MAX_RECORD_BYTES && group.len() <= MAX_EVENTS => {
                let events = group.iter().map(|(_, at)| *at).collect();
                self.records.push(Packed { bucket: *bucket, bytes, events });
            }
            [(_, at)] => self.too_large.push(*at),
            _ => {
                let (one, other) = group.split_at(group.len() / 2);
                self.pack(one);
                self.pack(other);
            }
        }
    }
}

fn text_bytes<T: AsRef<str>>(event: &EventParts<'_, T>) -> usize {
    let bytes = |text: &T| text.as_ref().len();
    let optional = |text: Option<&T>| text.map_or(0, bytes);
    let body = match event.body {
        BodyOf::Video(video) => bytes(&video.video),
        BodyOf::Quiz(quiz) => {
            bytes(&quiz.quiz)
                + optional(quiz.question.as_ref())
                + optional(quiz.attempt_id.as_ref())
                + optional(quiz.response.as_ref())
        }
        BodyOf::Viewed { object } => bytes(object),
        BodyOf::Described(described) => {
            bytes(&described.object) + optional(described.section.as_ref()) + optional(described.url.as_ref())
        }
        BodyOf::Enrolled | BodyOf::Unenrolled | BodyOf::Completed => 0,
    };
    let source = if let Source::Given(id) = event.source { bytes(id) } else { 0 };
    event.course.len() + optional(event.session) + optional(event.title) + source + body
}
