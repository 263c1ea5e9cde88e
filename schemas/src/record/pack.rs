//! Grouping events into records: one bucket each, small enough for the stream.

use std::cell::Cell;

use smallvec::SmallVec;

use super::parts::{EventParts, Parts};
use super::write::{Tables, Writer};
use super::{MAX_EVENT_TEXT_BYTES, MAX_EVENTS};
use crate::event::{BodyOf, Source};
use crate::ids::Bucket;

/// The most bytes in a record of ours.
const MAX_RECORD_BYTES: usize = 256 * 1024;

thread_local! {
    /// What the last records of this thread were written with.
    static SPARE: Cell<Option<Box<Tables>>> = const { Cell::new(None) };
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

/// Records in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// One after the other.
    pub bytes: Vec<u8>,
    /// What they are. Many requests come to one.
    pub records: SmallVec<[Part; 1]>,
    /// The positions of events that fit no record by themselves.
    pub too_large: Vec<usize>,
}

/// One of several records; see [`Packed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Whose events.
    pub bucket: Bucket,
    /// How many bytes it has.
    pub length: usize,
    /// The positions of its events.
    pub events: SmallVec<[usize; 2]>,
}

/// Packs events of one tenant, one or more records a bucket, in order of bucket. The second list holds the positions of
/// events that fit no record by themselves.
pub fn pack<E: Parts>(tenant: &str, events: &[E]) -> (Vec<Packed>, Vec<usize>) {
    let together = pack_together(tenant, events);
    let mut rest = &together.bytes[..];
    let records = together.records.into_iter().map(|part| {
        let (bytes, behind) = rest.split_at(part.length);
        rest = behind;
        Packed { bucket: part.bucket, bytes: bytes.to_vec(), events: part.events.into_vec() }
    });
    (records.collect(), together.too_large)
}

/// Packs events like [`pack`], into one piece.
pub fn pack_together<E: Parts>(tenant: &str, events: &[E]) -> Together {
    let writer = Writer::with(SPARE.take().unwrap_or_default());
    let mut packing = Packing { tenant, events, writer, records: SmallVec::new(), too_large: Vec::new() };
    let mut places: SmallVec<[(Bucket, usize); 2]> = SmallVec::with_capacity(events.len());
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
    let bytes = packing.writer.records().to_vec();
    SPARE.set(packing.writer.spare());
    Together { bytes, records: packing.records, too_large: packing.too_large }
}

struct Packing<'a, E> {
    tenant: &'a str,
    events: &'a [E],
    writer: Writer<'a>,
    records: SmallVec<[Part; 1]>,
    too_large: Vec<usize>,
}

impl<'a, E: Parts> Packing<'a, E> {
    /// Halves a bucket's group until each part fits.
    fn pack(&mut self, group: &[(Bucket, usize)]) {
        let (events, before): (&'a [E], _) = (self.events, self.writer.records().len());
        self.writer.record(self.tenant, group.iter().map(|(_, at)| &events[*at]));
        let length = self.writer.records().len() - before;
        match group {
            [(bucket, _), ..] if length <= MAX_RECORD_BYTES && group.len() <= MAX_EVENTS => {
                let events = group.iter().map(|(_, at)| *at).collect();
                self.records.push(Part { bucket: *bucket, length, events });
            }
            [(_, at)] => {
                self.writer.take_back_to(before);
                self.too_large.push(*at);
            }
            _ => {
                self.writer.take_back_to(before);
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
