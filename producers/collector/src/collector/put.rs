//! Putting records: parts within the stream's limits, side by side, what fails put again a bounded number of times.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use trilha_stream::port::{MAX_PUT_BYTES, MAX_PUT_ENTRIES, PutEntry, PutFailure, Stream, StreamError};

use super::Sleep;
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

/// Why an entry is not known to be on the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The stream is full, and took no attempt.
    Throttled,
    /// It failed, or what it did is not known.
    Unavailable,
}

/// Puts every entry; says of each, in their order, what it failed of. An entry that was written by a call that failed is
/// written again: its events carry the same ids.
pub(super) async fn put_all<S: Stream>(
    stream: &Arc<S>,
    entries: Vec<PutEntry>,
    backoff: &Backoff,
) -> Vec<Option<Failure>> {
    let mut parts = parts(entries);
    if parts.len() <= 1 {
        return match parts.pop() {
            Some(part) => put_part(&**stream, part, backoff).await,
            None => Vec::new(),
        };
    }
    // What a part that never ends with an answer leaves behind.
    let mut failures: Vec<_> = parts.iter().map(|part| vec![Some(Failure::Unavailable); part.len()]).collect();
    let mut puts = JoinSet::new();
    for (at, part) in parts.into_iter().enumerate() {
        let (stream, backoff) = (stream.clone(), backoff.clone());
        puts.spawn(async move { (at, put_part(&*stream, part, &backoff).await) });
    }
    while let Some(put) = puts.join_next().await {
        match put {
            Ok((at, of_part)) => failures[at] = of_part,
            Err(error) => tracing::error!(%error, "a put ended without an answer"),
        }
    }
    failures.concat()
}

async fn put_part<S: Stream>(stream: &S, entries: Vec<PutEntry>, backoff: &Backoff) -> Vec<Option<Failure>> {
    let mut failures = vec![Some(Failure::Throttled); entries.len()];
    for attempt in 1..=ATTEMPTS {
        if attempt > 1 {
            backoff.before(attempt).await;
        }
        let left: Vec<usize> = (0..entries.len()).filter(|at| failures[*at].is_some()).collect();
        let results = stream.put_records(left.iter().map(|at| entries[*at].clone()).collect()).await;
        let retry = note(&left, results, &mut failures);
        if !retry || failures.iter().all(Option::is_none) {
            break;
        }
    }
    failures
}

/// Notes what one call came to; whether asking again can help. Who is throttled after a call that may have written stays
/// unavailable: nobody is told that nothing was taken who cannot know it.
fn note<T>(
    left: &[usize],
    results: Result<Vec<Result<T, PutFailure>>, StreamError>,
    failures: &mut [Option<Failure>],
) -> bool {
    match results {
        Ok(results) => {
            for (at, result) in left.iter().zip(results) {
                failures[*at] = match result {
                    Ok(_) => None,
                    Err(PutFailure::Throttled) => failures[*at],
                    Err(PutFailure::Internal) => Some(Failure::Unavailable),
                };
            }
            true
        }
        Err(error) => {
            tracing::warn!(%error, entries = left.len(), "the stream did not take a put");
            left.iter().for_each(|at| failures[*at] = Some(Failure::Unavailable));
            matches!(error, StreamError::Unavailable(_))
        }
    }
}

/// Cuts a list where the stream's limits do.
fn parts(entries: Vec<PutEntry>) -> Vec<Vec<PutEntry>> {
    let mut parts: Vec<Vec<PutEntry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.data.len() + entry.partition_key.len();
        match parts.last_mut().filter(|part| part.len() < MAX_PUT_ENTRIES && bytes + size <= MAX_PUT_BYTES) {
            Some(part) => part.push(entry),
            None => {
                parts.push(vec![entry]);
                bytes = 0;
            }
        }
        bytes += size;
    }
    parts
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn parts_stay_within_the_streams_limits_and_lose_nothing() {
        let entry = |size: usize| PutEntry { partition_key: "abc".into(), data: Bytes::from(vec![0; size]) };
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
            let parts = parts(vec![entry(size); count]);
            assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{count} of {size} bytes");
        }
    }
}
