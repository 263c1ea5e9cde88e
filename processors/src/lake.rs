//! The lake handler: records into landing files. It passes over foreign and misplaced records: the live processor makes
//! those safe, and their events come back as records of ours.
//!
//! A damaged record it keeps in the quarantine itself. The live processor may be of a later version that reads what this
//! one cannot, and would then keep nothing; where both cannot, both make the same row, for its key is the position.

use std::sync::Arc;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_lake::{LakeRow, LakeWriter};
use trilha_schemas::sequence::SequenceNumber;

use crate::batch::{Batch, Content, HandleError, Observed};
use crate::strays::Strays;

/// Writes batches of a stream's shards to the lake.
pub struct LakeProcessor<M, S, K> {
    writer: Arc<LakeWriter<M, S>>,
    strays: K,
    incarnation: String,
}

impl<M: Manifest, S: Storage, K: Strays> LakeProcessor<M, S, K> {
    /// A processor of one incarnation of a stream.
    pub fn new(writer: Arc<LakeWriter<M, S>>, strays: K, incarnation: String) -> Self {
        LakeProcessor { writer, strays, incarnation }
    }

    /// Handles one batch, as Lambda does: an empty answer means that all of it has landed durably; else the lowest
    /// sequence number that has not.
    ///
    /// # Errors
    /// [`HandleError::Batch`] when the batch cannot be read.
    pub async fn handle(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandleError> {
        let observed = self.observe(event).await?;
        match &observed.failure {
            None => tracing::debug!(?observed, "batch landed"),
            Some(error) => tracing::warn!(shard = observed.shard, error, "batch not landed, it will come again"),
        }
        Ok(observed.response)
    }

    /// As [`LakeProcessor::handle`], and tells what the batch came to instead of logging it.
    ///
    /// # Errors
    /// [`HandleError::Batch`] when the batch cannot be read.
    pub async fn observe(&self, event: KinesisEvent) -> Result<Observed, HandleError> {
        let first = event.records.first().map(|record| record.kinesis.sequence_number.clone());
        let Some(batch) = Batch::read(&self.incarnation, event)? else { return Ok(Observed::default()) };
        let observed = Observed::of(&batch);
        let Some(last) = batch.records.last().map(|record| record.sequence_number) else { return Ok(observed) };
        Ok(match self.land(batch, last).await {
            Ok(rows) => Observed { duplicates: observed.events.saturating_sub(rows), written: rows, ..observed },
            Err(error) => observed.failed(first.unwrap_or_default(), error),
        })
    }

    /// Damaged records first: once the batch has landed, it does not come again.
    async fn land(&self, batch: Batch, last: SequenceNumber) -> Result<usize, String> {
        for record in &batch.records {
            if let Content::Damaged(bytes, error) = &record.content {
                self.strays.damaged(record.stray(&batch.shard, bytes), error.to_string()).await?;
            }
        }
        let shard = batch.shard.clone();
        let appended = self.writer.append(&shard, rows(batch), last).await.map_err(|error| error.to_string())?;
        Ok(appended.rows)
    }
}

fn rows(batch: Batch) -> Vec<LakeRow> {
    let shard: Arc<str> = batch.shard.into();
    let mut rows = Vec::new();
    for record in batch.records {
        let Content::Events { tenant, events } = record.content else { continue };
        let tenant: Arc<str> = tenant.into();
        let row = |(index, event)| LakeRow {
            tenant: Arc::clone(&tenant),
            shard: Arc::clone(&shard),
            sequence_number: record.sequence_number,
            record_index: index as u32,
            beyond_state: false,
            event,
        };
        rows.extend(events.into_iter().enumerate().map(row));
    }
    rows
}
