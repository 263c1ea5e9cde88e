//! From a shard's records to the event that Lambda would hand over, and from the answer to what is done.

use std::collections::HashMap;

use aws_lambda_events::encodings::SecondTimestamp;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord, KinesisRecord};
use aws_lambda_events::event::streams::KinesisEventResponse;

use crate::port::Record;

const REGION: &str = "local";

/// What an invocation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is done.
    Done,
    /// The records before this index are done, the others come again.
    FailedFrom(usize),
    /// Nothing is.
    Failed,
}

pub(super) fn of_records(stream: &str, shard_id: &str, records: &[Record]) -> KinesisEvent {
    let mut event = KinesisEvent::default();
    let arn = format!("arn:aws:kinesis:{REGION}:000000000000:stream/{stream}");
    event.records = records.iter().map(|record| of_record(&arn, shard_id, record)).collect();
    event
}

fn of_record(arn: &str, shard_id: &str, record: &Record) -> KinesisEventRecord {
    let sequence_number = record.sequence_number.to_string();
    let mut kinesis = KinesisRecord::default();
    *kinesis.data = record.data.to_vec();
    kinesis.partition_key.clone_from(&record.partition_key);
    kinesis.kinesis_schema_version = Some("1.0".into());
    kinesis.approximate_arrival_timestamp = arrival(record.arrival_millis);
    let mut event = KinesisEventRecord::default();
    event.event_id = Some(format!("{shard_id}:{sequence_number}"));
    kinesis.sequence_number = sequence_number;
    event.event_name = Some("aws:kinesis:record".into());
    event.event_source = Some("aws:kinesis".into());
    event.event_version = Some("1.0".into());
    event.event_source_arn = Some(arn.to_string());
    event.aws_region = Some(REGION.into());
    event.kinesis = kinesis;
    event
}

fn arrival(millis: i64) -> SecondTimestamp {
    let mut timestamp = SecondTimestamp::default();
    if let Some(time) = chrono::DateTime::from_timestamp_millis(millis) {
        timestamp.0 = time;
    }
    timestamp
}

/// Reads an answer as Lambda does: no failures, everything is done; the lowest number of those named; an identifier
/// that is empty, absent or of no record in the batch fails the whole batch.
pub(super) fn outcome(records: &[Record], response: &KinesisEventResponse) -> Outcome {
    if response.batch_item_failures.is_empty() {
        return Outcome::Done;
    }
    let at: HashMap<String, usize> =
        records.iter().enumerate().map(|(at, record)| (record.sequence_number.to_string(), at)).collect();
    let named = response.batch_item_failures.iter().map(|failure| at.get(failure.item_identifier.as_ref()?));
    let lowest = named.collect::<Option<Vec<_>>>().and_then(|named| named.into_iter().min().copied());
    lowest.map_or(Outcome::Failed, Outcome::FailedFrom)
}
