//! Putting records: parts within the stream's limits, side by side, what fails put again a bounded number of times.

use std::iter;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use trilha_stream::port::{MAX_PUT_BYTES, MAX_PUT_ENTRIES, PutEntry, PutFailure, Stream, StreamError};

use super::{Few, Records, Sleep};
use crate::random::Randomness;

/// How often an entry is put before it is given up.
pub(super) const ATTEMPTS: u32 = 5;
/// The wait before the second attempt, at most; it doubles from there. A shard's limit is by the second, so that all of the
/// waits are longer than that, or near it.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// What time and chance are to putting.
#[derive(Clone)]
pub(super) struct Backoff {
    pub sleep: Sleep,
    /// Parts the waits of those who were refused at the same time.
    pub random: Arc<dyn Randomness>,
}

impl Backoff {
    /// Waits before an attempt, from half of its bound up to all of it.
    async fn before(&self, attempt: u32) {
        let bound = FIRST_WAIT * 2u32.pow(attempt - 2);
        let mut chance = [0; 4];
        self.random.fill(&mut chance);
        let part = f64::from(u32::from_le_bytes(chance)) / f64::from(u32::MAX);
        (self.sleep)(bound / 2 + (bound / 2).mul_f64(part)).await;
    }
}

/// A bucket's.
const PARTITION_KEY_BYTES: usize = 3;

/// Why a record is not known to be on the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The stream is full, and took no attempt.
    Throttled,
    /// It failed, or what it did is not known.
    Unavailable,
}

/// A record, by its place, that is not known to be on the stream, and why.
pub(super) type Failed = (usize, Failure);

/// Puts every record; says which failed, in their order. A record that was written by a call that failed is written
/// again: its events carry the same ids.
pub(super) async fn put_all<S: Stream>(stream: &Arc<S>, records: &Records<'_>, backoff: &Backoff) -> Few<Failed> {
    if records.len() == 0 {
        return Few::new();
    }
    let first = first_part(records, 0);
    if first.end == records.len() {
        return put_part(&**stream, |at| records.entry(at), first, backoff).await;
    }
    Box::pin(put_parts(stream, records, backoff)).await
}

async fn put_parts<S: Stream>(stream: &Arc<S>, records: &Records<'_>, backoff: &Backoff) -> Few<Failed> {
    let parts = parts(records);
    // What a part that never ends with an answer leaves behind.
    let mut failures: Vec<_> = parts.iter().map(|part| all(part.clone(), Failure::Unavailable)).collect();
    let mut puts = JoinSet::new();
    for (at, part) in parts.into_iter().enumerate() {
        let entries: Vec<_> = part.clone().map(|at| records.entry(at)).collect();
        let (stream, backoff, start) = (stream.clone(), backoff.clone(), part.start);
        let entry = move |at: usize| entries[at - start].clone();
        puts.spawn(async move { (at, put_part(&*stream, entry, part, &backoff).await) });
    }
    while let Some(put) = puts.join_next().await {
        match put {
            Ok((at, of_part)) => failures[at] = of_part,
            Err(error) => tracing::error!(%error, "a put ended without an answer"),
        }
    }
    failures.into_iter().flatten().collect()
}

fn all(part: Range<usize>, failure: Failure) -> Few<Failed> {
    part.map(|at| (at, failure)).collect()
}

async fn put_part<S: Stream>(
    stream: &S,
    entry: impl Fn(usize) -> PutEntry,
    part: Range<usize>,
    backoff: &Backoff,
) -> Few<Failed> {
    let results = stream.put_records(part.clone().map(&entry).collect()).await;
    if results.as_ref().is_ok_and(|results| results.len() >= part.len() && results.iter().all(Result::is_ok)) {
        return Few::new();
    }
    let mut left = all(part, Failure::Throttled);
    let mut retry = note(&mut left, results);
    for attempt in 2..=ATTEMPTS {
        if !retry || left.is_empty() {
            break;
        }
        backoff.before(attempt).await;
        let results = stream.put_records(left.iter().map(|(at, _)| entry(*at)).collect()).await;
        retry = note(&mut left, results);
    }
    left
}

/// Notes what one call came to; whether asking again can help. Who is throttled after a call that may have written stays
/// unavailable: nobody is told that nothing was taken who cannot know it.
fn note<T>(left: &mut Few<Failed>, results: Result<Vec<Result<T, PutFailure>>, StreamError>) -> bool {
    match results {
        Ok(results) => {
            let mut results = results.into_iter();
            left.retain(|(_, failure)| match results.next() {
                Some(Ok(_)) => false,
                Some(Err(PutFailure::Internal)) => {
                    *failure = Failure::Unavailable;
                    true
                }
                Some(Err(PutFailure::Throttled)) | None => true,
            });
            true
        }
        Err(error) => {
            tracing::warn!(%error, entries = left.len(), "the stream did not take a put");
            left.iter_mut().for_each(|(_, failure)| *failure = Failure::Unavailable);
            matches!(error, StreamError::Unavailable(_))
        }
    }
}

/// Cuts a list where the stream's limits do.
fn parts(records: &Records<'_>) -> Vec<Range<usize>> {
    let first = (records.len() > 0).then(|| first_part(records, 0));
    let next = |part: &Range<usize>| (part.end < records.len()).then(|| first_part(records, part.end));
    iter::successors(first, next).collect()
}

/// The records from a place on that go into one put, at least one.
fn first_part(records: &Records<'_>, start: usize) -> Range<usize> {
    let mut bytes = 0;
    let fits = |at: &usize| {
        bytes += records.data(*at).len() + PARTITION_KEY_BYTES;
        bytes <= MAX_PUT_BYTES
    };
    let count = (start..records.len()).take(MAX_PUT_ENTRIES).take_while(fits).count();
    start..start + count.max(1)
}

#[cfg(test)]
mod tests {
    use trilha_schemas::ids::Bucket;
    use trilha_schemas::record::{Part, Together};

    use super::*;

    #[test]
    fn parts_stay_within_the_streams_limits_and_lose_nothing() {
        let records = |count: usize, size: usize| {
            let part = |at: usize| Part { bytes: at * size..(at + 1) * size, places: at..at + 1 };
            Together {
                bytes: vec![0; count * size],
                places: (0..count).map(|at| (Bucket(0xabc), at)).collect(),
                records: (0..count).map(part).collect(),
                too_large: Vec::new(),
            }
        };
        assert_eq!(Records::from(&mut records(1, 1)).entry(0).partition_key.len(), PARTITION_KEY_BYTES);
        let full = MAX_PUT_BYTES / 40 - 3;
        let cases: [(usize, usize, &[usize]); 6] = [
            (0, 1, &[]),
            (1, 1, &[1]),
            (500, 1, &[500]),
            (501, 1, &[500, 1]),
            (80, full, &[40, 40]),
            (41, full + 1, &[39, 2]),
        ];
        for (count, size, expected) in cases {
            let parts = parts(&Records::from(&mut records(count, size)));
            assert_eq!(parts.iter().cloned().flatten().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            assert_eq!(parts.iter().map(Range::len).collect::<Vec<_>>(), expected, "{count} of {size} bytes");
        }
    }
}
