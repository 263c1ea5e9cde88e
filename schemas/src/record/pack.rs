//! Grouping events into records: one bucket each, small enough for the stream.

use std::cell::Cell;
use std::ops::Range;

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Together {
    /// The encoded records, one after the other.
    pub bytes: Vec<u8>,
    /// The buckets and the positions, in the list that was packed, of events, those of a record side by side.
    pub places: Few<(Bucket, usize)>,
    /// What the records are.
    pub records: Few<Part>,
    /// The positions of events that fit no record by themselves.
    pub too_large: Vec<usize>,
}

/// One of several records, of one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which bytes it has.
    pub bytes: Range<usize>,
    /// Which places are those of its events, at least one.
    pub places: Range<usize>,
}

/// A list that mostly has an entry or two.
pub type Few<T> = SmallVec<[T; 2]>;

/// Packs events of one tenant, one or more records a bucket, in order of bucket. The second list holds the positions of
/// events that fit no record by themselves.
pub fn pack<E: Parts>(tenant: &str, events: &[E]) -> (Vec<Packed>, Vec<usize>) {
    let Together { bytes, places, records, too_large } = pack_together(tenant, events);
    let packed = |part: Part| {
        let places = &places[part.places];
        Packed {
            bucket: places[0].0,
            bytes: bytes[part.bytes].to_vec(),
            events: places.iter().map(|(_, at)| *at).collect(),
        }
    };
    (records.into_iter().map(packed).collect(), too_large)
}

/// Packs events like [`pack`], into one piece.
pub fn pack_together<E: Parts>(tenant: &str, events: &[E]) -> Together {
    let mut packing = Packing { tenant, events, writer: Writer::with(SPARE.take().unwrap_or_default()) };
    let mut together = Together::default();
    together.places.reserve(events.len());
    for (at, event) in events.iter().enumerate() {
        let event = event.parts();
        if text_bytes(&event) > MAX_EVENT_TEXT_BYTES {
            together.too_large.push(at);
        } else {
            together.places.push((event.learner.bucket(), at));
        }
    }
    together.places.sort_unstable();
    let mut start = 0;
    while start < together.places.len() {
        let bucket = together.places[start].0;
        let end = start + together.places[start..].partition_point(|(other, _)| *other == bucket);
        packing.pack(start..end, &mut together);
        start = end;
    }
    together.bytes = packing.writer.records().to_vec();
    SPARE.set(packing.writer.spare());
    together
}

struct Packing<'a, E> {
    tenant: &'a str,
    events: &'a [E],
    writer: Writer<'a>,
}

impl<E: Parts> Packing<'_, E> {
    /// Halves a bucket's group until each part fits.
    fn pack(&mut self, group: Range<usize>, together: &mut Together) {
        let (events, before) = (self.events, self.writer.records().len());
        let places = &together.places[group.clone()];
        self.writer.record(self.tenant, places.iter().map(|(_, at)| &events[*at]));
        let bytes = before..self.writer.records().len();
        if bytes.len() <= MAX_RECORD_BYTES && group.len() <= MAX_EVENTS {
            together.records.push(Part { bytes, places: group });
            return;
        }
        self.writer.take_back_to(before);
        if let [(_, at)] = places {
            together.too_large.push(*at);
        } else {
            let half = group.start + group.len() / 2;
            self.pack(group.start..half, together);
            self.pack(half..group.end, together);
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
