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

/// What records that were driven again came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Redriven {
    /// How many rows landed: none if this very range has landed before.
    pub landed: usize,
    /// How many records are damaged, and in the quarantine.
    pub quarantined: usize,
}

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

    /// Handles records that the mapping had discarded, read from the stream again, though the shard has gone past them. The
    /// same records, or others that overlap them, may be driven again: readers see each event once.
    ///
    /// # Errors
    /// [`HandleError`]; nothing is lost, and the same records may come again.
    pub async fn redrive(&self, event: KinesisEvent) -> Result<Redriven, HandleError> {
        let Some(batch) = Batch::read(&self.incarnation, event)? else { return Ok(Redriven::default()) };
        let numbers = || batch.records.iter().map(|record| record.sequence_number);
        let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(Redriven::default()) };
        let quarantined = self.set_damaged_aside(&batch).await.map_err(HandleError::Unavailable)?;
        let shard = batch.shard.clone();
        let appended = self.writer.redrive(&shard, rows(batch), first, last).await;
        let landed = appended.map_err(|error| HandleError::Unavailable(error.to_string()))?.rows;
        tracing::info!(shard, landed, quarantined, "discarded records driven again");
        Ok(Redriven { landed, quarantined })
    }

    /// Answers how many.
    async fn set_damaged_aside(&self, batch: &Batch) -> Result<usize, String> {
        let mut damaged = 0;
        for record in &batch.records {
            if let Content::Damaged(bytes, error) = &record.content {
                self.strays.damaged(record.stray(&batch.shard, bytes), error.to_string()).await?;
                damaged += 1;
            }
        }
        Ok(damaged)
    }

    /// Damaged records first: once the batch has landed, it does not come again.
    async fn land(&self, batch: Batch, last: SequenceNumber) -> Result<usize, String> {
        self.set_damaged_aside(&batch).await?;
        let shard = batch.shard.clone();
        let appended = self.writer.append(&shard, rows(batch), last).await.map_err(|error| error.to_string())?;
        Ok(appended.rows)
    }
}

fn rows(batch: Batch) -> Vec<LakeRow> {
    let shard: Arc<str> = batch.shard.into();
    let mut rows = Vec::new();
    for record in batch.records {
        let Content::Events(events) = record.content else { continue };
        let tenant: Arc<str> = events.tenant().into();
        let row = |(index, event)| LakeRow {
            tenant: Arc::clone(&tenant),
            shard: Arc::clone(&shard),
            sequence_number: record.sequence_number,
            record_index: index as u32,
            beyond_state: false,
            event,
        };
        rows.extend(events.events().enumerate().map(row));
    }
    rows
}
