//! The lake handler: records into landing files. It passes over strays: the live processor makes those safe, and their
//! events come back as records of ours.

use std::sync::Arc;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_lake::manifest::Manifest;
use trilha_lake::{LakeRow, LakeWriter};

use crate::batch::{Batch, Content, HandleError, all_done, failed_from};

/// Writes batches of a stream's shards to the lake.
pub struct LakeProcessor<M> {
    writer: Arc<LakeWriter<M>>,
    incarnation: String,
}

impl<M: Manifest> LakeProcessor<M> {
    /// A processor of one incarnation of a stream.
    pub fn new(writer: Arc<LakeWriter<M>>, incarnation: String) -> Self {
        LakeProcessor { writer, incarnation }
    }

    /// Handles one batch, as Lambda does: an empty answer means that all of it has landed durably; else the lowest
    /// sequence number that has not.
    ///
    /// # Errors
    /// [`HandleError::Batch`] when the batch cannot be read.
    pub async fn handle(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandleError> {
        let first = event.records.first().map(|record| record.kinesis.sequence_number.clone());
        let Some(batch) = Batch::read(&self.incarnation, event)? else { return Ok(all_done()) };
        let Some(last) = batch.records.last().map(|record| record.sequence_number) else { return Ok(all_done()) };
        let shard = batch.shard.clone();
        match self.writer.append(&shard, rows(batch), last).await {
            Ok(appended) => {
                tracing::debug!(shard, rows = appended.rows, "batch landed");
                Ok(all_done())
            }
            Err(error) => {
                tracing::warn!(shard, %error, "batch not landed, it will come again");
                Ok(failed_from(first.unwrap_or_default()))
            }
        }
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
