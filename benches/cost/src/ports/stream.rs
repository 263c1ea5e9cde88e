//! A stream that counts what is put.

use std::sync::Mutex;

use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

use super::lock;
use crate::billing::{on_demand_bytes, put_units};

/// What was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// Calls.
    pub calls: u64,
    /// Records that were stored.
    pub records: u64,
    /// Their data.
    pub bytes: u64,
    /// What a provisioned stream charges for them.
    pub put_units: u64,
    /// What an on-demand stream charges for them.
    pub on_demand_bytes: u64,
}

/// A stream with a count.
#[derive(Debug)]
pub struct CountingStream<S> {
    inner: S,
    counts: Mutex<StreamCounts>,
}

impl<S> CountingStream<S> {
    /// Counts from zero.
    pub fn new(inner: S) -> CountingStream<S> {
        CountingStream { inner, counts: Mutex::default() }
    }

    /// The stream itself.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// What was counted since this was asked last.
    pub fn take(&self) -> StreamCounts {
        std::mem::take(&mut lock(&self.counts))
    }
}

impl StreamCounts {
    fn stored(&mut self, bytes: u64) {
        self.records += 1;
        self.bytes += bytes;
        self.put_units += put_units(bytes);
        self.on_demand_bytes += on_demand_bytes(bytes);
    }
}

impl<S: Stream> Stream for CountingStream<S> {
    fn incarnation(&self) -> &str {
        self.inner.incarnation()
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        let sizes: Vec<u64> = entries.iter().map(|entry| entry.data.len() as u64).collect();
        let results = self.inner.put_records(entries).await?;
        let mut counts = lock(&self.counts);
        counts.calls += 1;
        let stored = sizes.into_iter().zip(&results).filter(|(_, result)| result.is_ok());
        stored.for_each(|(bytes, _)| counts.stored(bytes));
        Ok(results)
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        self.inner.shards().await
    }

    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        self.inner.records(shard_id, after, most_records, most_bytes).await
    }

    async fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) {
        self.inner.wait_for_records(shard_id, after).await;
    }
}
