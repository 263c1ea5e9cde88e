//! A Lambda batch of one shard, decoded.

use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::event::streams::{KinesisBatchItemFailure, KinesisEventResponse};
use thiserror::Error;
use trilha_core::keys;
use trilha_schemas::ids::Bucket;
use trilha_schemas::record::{Record, RecordError};
use trilha_schemas::sequence::SequenceNumber;

use crate::strays::Stray;

/// A batch that cannot be read at all: the mapping is misconfigured.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BatchError {
    /// The event id is not `shard:sequence number`.
    #[error("event id {0:?} does not name a shard and a sequence number")]
    EventId(String),
    /// Records of two shards in one batch.
    #[error("a batch holds records of two shards, {0} and {1}")]
    TwoShards(String, String),
}

/// Why a batch could not be finished; everything from some record on has to come again.
#[derive(Debug, Error)]
pub enum HandleError {
    /// The batch cannot be read.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A store or the stream failed.
    #[error("{0}")]
    Unavailable(String),
}

/// One record of the batch.
#[derive(Debug)]
pub struct BatchRecord {
    /// Its place in the shard.
    pub sequence_number: SequenceNumber,
    /// When the stream had it, in milliseconds since 1970 UTC.
    pub arrival_millis: i64,
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Debug)]
pub enum Content {
    /// Events of ours, under their key.
    Events(Record),
    /// Events of ours under another key than their bucket's.
    Misplaced(Record),
    /// Another producer's bytes.
    Foreign(Vec<u8>),
    /// Bytes of ours that cannot be decoded.
    Damaged(Vec<u8>, RecordError),
}

/// A batch of one shard, in order.
#[derive(Debug)]
pub struct Batch {
    /// The shard, incarnation first.
    pub shard: String,
    /// In order of sequence number.
    pub records: Vec<BatchRecord>,
}

impl Batch {
    /// Reads what Lambda hands over. Records at or before `after` are left out: they are done.
    ///
    /// # Errors
    /// [`BatchError`] when an event id is unreadable or two shards are mixed.
    pub fn read(incarnation: &str, event: KinesisEvent) -> Result<Option<Batch>, BatchError> {
        let mut batch: Option<Batch> = None;
        for record in event.records {
            let (shard_id, sequence_number) = place(&record)?;
            let shard = keys::shard(incarnation, &shard_id);
            let batch = batch.get_or_insert_with(|| Batch { shard: shard.clone(), records: Vec::new() });
            if batch.shard != shard {
                return Err(BatchError::TwoShards(batch.shard.clone(), shard));
            }
            batch.records.push(read_record(sequence_number, record));
        }
        Ok(batch)
    }

    /// Drops the records at or before a sequence number: they are done.
    pub fn drop_through(&mut self, done: Option<SequenceNumber>) {
        self.records.retain(|record| Some(record.sequence_number) > done);
    }
}

impl BatchRecord {
    /// The record as something to put elsewhere.
    pub fn stray(&self, shard: &str, bytes: &[u8]) -> Stray {
        Stray {
            shard: shard.to_string(),
            sequence_number: self.sequence_number,
            arrival_millis: self.arrival_millis,
            bytes: bytes.to_vec(),
        }
    }
}

fn place(record: &KinesisEventRecord) -> Result<(String, SequenceNumber), BatchError> {
    let event_id = record.event_id.clone().unwrap_or_default();
    let parts = event_id.split_once(':').and_then(|(shard, number)| Some((shard, SequenceNumber::parse(number).ok()?)));
    match parts {
        Some((shard, number)) if !shard.is_empty() => Ok((shard.to_string(), number)),
        _ => Err(BatchError::EventId(event_id)),
    }
}

fn read_record(sequence_number: SequenceNumber, mut record: KinesisEventRecord) -> BatchRecord {
    let arrival_millis = record.kinesis.approximate_arrival_timestamp.timestamp_millis();
    let bytes = std::mem::take(&mut *record.kinesis.data);
    let content = match Record::read(&bytes) {
        Ok(events) if is_in_place(&record.kinesis.partition_key, &events) => Content::Events(events),
        Ok(events) => Content::Misplaced(events),
        Err(RecordError::Foreign) => Content::Foreign(bytes),
        Err(error) => Content::Damaged(bytes, error),
    };
    BatchRecord { sequence_number, arrival_millis, content }
}

fn is_in_place(partition_key: &str, record: &Record) -> bool {
    let bucket = Bucket::from_partition_key(partition_key);
    (0..record.len()).all(|index| Some(record.event(index).learner.bucket()) == bucket)
}

/// What a call with one batch came to, for logs and metrics: the answer to the mapping, and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// What the mapping is answered.
    pub response: KinesisEventResponse,
    /// The shard, incarnation first; empty when there was no record.
    pub shard: String,
    /// Records in the batch.
    pub records: usize,
    /// Events of ours in them, new or not.
    pub events: usize,
    /// Events that were there before: counted in each learner item that knew them, or as rows that had landed.
    pub duplicates: usize,
    /// Records that cannot be decoded, which are kept in the quarantine.
    pub damaged: usize,
    /// Items or rows written.
    pub written: usize,
    /// Failed conditions.
    pub conflicts: usize,
    /// When the stream had the newest record, in milliseconds since 1970 UTC.
    pub newest_arrival_millis: Option<i64>,
    /// Why the batch comes again; `None` when all of it is durable.
    pub failure: Option<String>,
}

impl Observed {
    /// A batch before anything was done with it.
    pub(crate) fn of(batch: &Batch) -> Observed {
        let contents = || batch.records.iter().map(|record| &record.content);
        let events = |content: &Content| if let Content::Events(record) = content { record.len() } else { 0 };
        Observed {
            shard: batch.shard.clone(),
            records: batch.records.len(),
            events: contents().map(events).sum(),
            damaged: contents().filter(|content| matches!(content, Content::Damaged(..))).count(),
            newest_arrival_millis: batch.records.iter().map(|record| record.arrival_millis).max(),
            ..Observed::default()
        }
    }

    /// All of it comes again, from this sequence number on.
    pub(crate) fn failed(self, first: String, failure: String) -> Observed {
        Observed { response: failed_from(first), failure: Some(failure), ..self }
    }
}

/// The answer that everything is done.
pub fn all_done() -> KinesisEventResponse {
    KinesisEventResponse::default()
}

/// The answer that everything from a sequence number on has to come again.
pub fn failed_from(sequence_number: String) -> KinesisEventResponse {
    let mut failure = KinesisBatchItemFailure::default();
    failure.item_identifier = Some(sequence_number);
    let mut response = KinesisEventResponse::default();
    response.batch_item_failures = vec![failure];
    response
}
