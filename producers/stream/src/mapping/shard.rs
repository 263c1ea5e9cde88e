//! One shard's reader.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use trilha_schemas::sequence::SequenceNumber;

use super::batch::{Batch, Batches};
use super::event::{self, Outcome};
use super::{Acknowledged, Handler, HandlerError, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MappingConfig, Parts};
use crate::checkpoints::Checkpoints;
use crate::port::{Records, Stream, StreamError};

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

pub(super) struct ShardReader<S, C, H> {
    pub config: Arc<MappingConfig>,
    pub parts: Parts<S, C, H>,
    pub acknowledged: Arc<Acknowledged>,
    pub shard_id: String,
    pub stopped: watch::Receiver<bool>,
}

impl<S: Stream, C: Checkpoints, H: Handler> ShardReader<S, C, H> {
    /// Delivers until the shard ends (its id is the answer) or the mapping stops.
    pub(super) async fn run(mut self) -> Option<String> {
        let mut position = self.checkpoint().await?;
        position.iter().for_each(|position| self.acknowledged.set(&self.shard_id, *position));
        while !self.is_stopped() {
            let Some(read) = self.read(position).await else { continue };
            if !read.records.is_empty() {
                position = self.deliver(Batches::of(read.records), position).await;
            } else if read.ended {
                return Some(self.shard_id);
            } else {
                let stream = Arc::clone(&self.parts.stream);
                tokio::select! {
                    () = stream.wait_for_records(&self.shard_id, position) => {}
                    _ = self.stopped.changed() => {}
                }
            }
        }
        None
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    async fn checkpoint(&mut self) -> Option<Option<SequenceNumber>> {
        let mut failures = 0;
        while !self.is_stopped() {
            match self.parts.checkpoints.get(&self.config.name, &self.shard_id).await {
                Ok(position) => return Some(position),
                Err(error) => tracing::warn!(shard = self.shard_id, %error, "the checkpoint cannot be read"),
            }
            failures += 1;
            self.back_off(failures).await;
        }
        None
    }

    /// The next batch: as soon as it is full by number or bytes, or its window has passed since its first record.
    async fn read(&mut self, position: Option<SequenceNumber>) -> Option<Records> {
        let mut read = self.read_once(position).await?;
        if read.records.is_empty() || self.config.window.is_zero() {
            return Some(read);
        }
        let window = tokio::time::sleep(self.config.window);
        tokio::pin!(window);
        while !read.ended && !self.is_full(&read) {
            let (stream, last) = (Arc::clone(&self.parts.stream), read.records.last().map(|last| last.sequence_number));
            tokio::select! {
                () = &mut window => break,
                _ = self.stopped.changed() => break,
                () = stream.wait_for_records(&self.shard_id, last) => {}
            }
            let Some(more) = self.read_more(last, &read).await else { break };
            read.ended = more.ended;
            read.records.extend(more.records);
        }
        Some(read)
    }

    /// Whether Lambda would wait no longer: the next record might not fit.
    fn is_full(&self, read: &Records) -> bool {
        let largest = read.records.iter().map(|record| record.data.len()).max().unwrap_or(0);
        read.records.len() >= self.batch_size() || data_bytes(read) + largest > MAX_BATCH_BYTES
    }

    /// What follows a batch that is not full, as far as it fits.
    async fn read_more(&mut self, last: Option<SequenceNumber>, read: &Records) -> Option<Records> {
        let (most, most_bytes) = (self.batch_size() - read.records.len(), MAX_BATCH_BYTES - data_bytes(read));
        let more = self.parts.stream.records(&self.shard_id, last, most, most_bytes).await;
        let more = more.inspect_err(|error| tracing::warn!(shard = self.shard_id, %error, "the shard cannot be read"));
        // A first record comes whatever its size; the batch goes without it then.
        more.ok().filter(|more| data_bytes(more) <= most_bytes)
    }

    /// The records after a position; none of a shard that has expired, which has ended.
    async fn read_once(&mut self, position: Option<SequenceNumber>) -> Option<Records> {
        let most = self.batch_size();
        match self.parts.stream.records(&self.shard_id, position, most, MAX_BATCH_BYTES).await {
            Ok(records) => Some(records),
            Err(StreamError::NoSuchShard(_)) => Some(Records { records: Vec::new(), ended: true }),
            Err(error) => {
                tracing::warn!(shard = self.shard_id, %error, "the shard cannot be read");
                self.back_off(1).await;
                None
            }
        }
    }

    fn batch_size(&self) -> usize {
        self.config.batch_size.clamp(1, MAX_BATCH_RECORDS)
    }

    /// Delivers batches until they are done or given up, or the mapping stops; answers how far that came.
    async fn deliver(&mut self, mut batches: Batches, mut position: Option<SequenceNumber>) -> Option<SequenceNumber> {
        while !self.is_stopped() {
            if let Some(gone) = batches.discard(&self.config, &self.shard_id, (self.parts.clock)()) {
                tracing::error!(mapping = self.config.name, ?gone, "records discarded");
                position = Some(gone.last);
                (self.parts.on_failure)(gone);
                self.acknowledge(position).await;
                continue;
            }
            let Some(batch) = batches.front().cloned() else { break };
            let outcome = self.invoke(&batch).await;
            if let Some(last) = batches.settle(&self.config, outcome).last() {
                position = Some(last.sequence_number);
                self.acknowledge(position).await;
            }
            if outcome != Outcome::Done {
                let failures = batches.front().map_or(0, |batch| batch.failures);
                tracing::warn!(mapping = self.config.name, shard = self.shard_id, failures, "a batch comes again");
                self.back_off(failures).await;
            }
        }
        position
    }

    /// Calls the handler in a task of its own, so that its panic is a failed batch.
    async fn invoke(&self, batch: &Batch) -> Outcome {
        let stream = self.parts.stream.incarnation().to_string();
        let event = event::of_records(&stream, &self.shard_id, &batch.records);
        let handler = Arc::clone(&self.parts.handler);
        let answer = tokio::spawn(async move { handler.call(event).await }).await;
        match answer.unwrap_or_else(|panic| Err(HandlerError(panic.to_string()))) {
            Ok(response) if self.config.report_batch_item_failures => event::outcome(&batch.records, &response),
            Ok(_) => Outcome::Done,
            Err(error) => {
                tracing::warn!(mapping = self.config.name, shard = self.shard_id, %error, "the handler failed");
                Outcome::Failed
            }
        }
    }

    /// A checkpoint that cannot be set only means that records come again after a restart.
    async fn acknowledge(&self, position: Option<SequenceNumber>) {
        let Some(position) = position else { return };
        if let Err(error) = self.parts.checkpoints.set(&self.config.name, &self.shard_id, position).await {
            tracing::warn!(shard = self.shard_id, %error, "the checkpoint cannot be set");
        }
        self.acknowledged.set(&self.shard_id, position);
    }

    async fn back_off(&mut self, failures: u32) {
        let wait = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_BACKOFF);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = self.stopped.changed() => {}
        }
    }
}

fn data_bytes(read: &Records) -> usize {
    read.records.iter().map(|record| record.data.len()).sum()
}
