//! A range that the lake's mapping gave up, read from the stream again and landed.

use std::future::Future;

use serde::Serialize;
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::strays::Strays;
use trilha_stream::mapping::batch_event;
use trilha_stream::port::StreamError;
use trilha_stream_kinesis::{Between, KinesisStream};

use super::DiscardedRange;

/// A stream whose ranges can be read again.
pub trait Ranges {
    /// What is left of a range.
    fn left(&self, range: &DiscardedRange) -> impl Future<Output = Result<Between, StreamError>> + Send;
}

impl Ranges for KinesisStream {
    async fn left(&self, range: &DiscardedRange) -> Result<Between, StreamError> {
        self.records_between(&range.shard_id, range.first, range.last).await
    }
}

/// What a range came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Rows that landed now.
    pub landed: usize,
    /// Records that went into the quarantine.
    pub quarantined: usize,
    /// Records that were there no more: the lake lacks their events.
    pub expired: u64,
}

/// Lands what is left of a range. It may be done again.
///
/// # Errors
/// When the stream or the lake does not answer: to be tried again, before more of it expires.
pub async fn redrive<M: Manifest, S: Storage, K: Strays>(
    stream: &impl Ranges,
    processor: &LakeProcessor<M, S, K>,
    range: &DiscardedRange,
) -> anyhow::Result<Redriven> {
    let left = stream.left(range).await?;
    let expired = match left.expired {
        // A range whose end is gone has lost one record at the least, whatever the message counts.
        true => range.records.saturating_sub(left.records.len() as u64).max(1),
        false => 0,
    };
    if expired > 0 {
        let (shard_id, first, last) = (&range.shard_id, range.first.to_string(), range.last.to_string());
        tracing::error!(shard_id, first, last, expired, "records expired before they were driven again");
    }
    let done = processor.redrive(batch_event(&range.shard_id, &left.records)).await?;
    Ok(Redriven { landed: done.landed, quarantined: done.quarantined, expired })
}
