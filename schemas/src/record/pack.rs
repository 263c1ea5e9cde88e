//! Grouping events into records: one bucket each, small enough for the stream.

use std::collections::BTreeMap;

use super::{MAX_EVENT_TEXT_BYTES, MAX_EVENTS, encode};
use crate::event::{Body, Event, Source};
use crate::ids::Bucket;

/// The most bytes in a record of ours.
const MAX_RECORD_BYTES: usize = 256 * 1024;

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
pub fn pack(tenant: &str, events: Vec<Event>) -> (Vec<Packed>, Vec<usize>) {
    let mut buckets: BTreeMap<Bucket, (Vec<usize>, Vec<Event>)> = BTreeMap::new();
    let (mut records, mut too_large) = (Vec::new(), Vec::new());
    for (at, event) in events.into_iter().enumerate() {
        if text_bytes(&event) > MAX_EVENT_TEXT_BYTES {
            too_large.push(at);
            continue;
        }
        let (positions, group) = buckets.entry(event.learner.bucket()).or_default();
        positions.push(at);
        group.push(event);
    }
    for (bucket, (positions, group)) in buckets {
        pack_bucket(tenant, bucket, &positions, &group, &mut records, &mut too_large);
    }
    (records, too_large)
}

/// Halves a group until each part fits.
fn pack_bucket(
    tenant: &str,
    bucket: Bucket,
    positions: &[usize],
    group: &[Event],
    records: &mut Vec<Packed>,
    too_large: &mut Vec<usize>,
) {
    let bytes = encode(tenant, group);
    if bytes.len() <= MAX_RECORD_BYTES && group.len() <= MAX_EVENTS {
        records.push(Packed { bucket, bytes, events: positions.to_vec() });
    } else if group.len() == 1 {
        too_large.extend_from_slice(positions);
    } else {
        let half = group.len() / 2;
        pack_bucket(tenant, bucket, &positions[..half], &group[..half], records, too_large);
        pack_bucket(tenant, bucket, &positions[half..], &group[half..], records, too_large);
    }
}

fn text_bytes(event: &Event) -> usize {
    let optional =
        |texts: &[&Option<String>]| texts.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>();
    let body: usize = match &event.body {
        Body::Video(video) => video.video.len(),
        Body::Quiz(quiz) => quiz.quiz.len() + optional(&[&quiz.question, &quiz.attempt_id, &quiz.response]),
        Body::Viewed { object } => object.len(),
        Body::Described(described) => described.object.len() + optional(&[&described.section, &described.url]),
        Body::Enrolled | Body::Unenrolled | Body::Completed => 0,
    };
    let source = if let Source::Given(id) = &event.source { id.len() } else { 0 };
    event.course.len() + optional(&[&event.session, &event.title]) + source + body
}
