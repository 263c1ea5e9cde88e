//! One GetRecords, from an iterator at hand or a new one.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::types::{Record as Got, ShardIteratorType};
use bytes::Bytes;
use tokio::time::Instant;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{Record, StreamError};

use crate::error::{failed, is_unknown};
use crate::pages::{Next, Page};
use crate::shards::Listed;

/// The most records that one answer holds.
const MOST_RECORDS: usize = 10_000;
/// Fewer are not asked for: what a caller leaves is kept for its next call.
const LEAST_RECORDS: usize = 500;
/// A shard is read five times a second at most.
const LEAST_INTERVAL: Duration = Duration::from_millis(200);

/// Reads one stream's shards.
pub(crate) struct Reader {
    pub(crate) client: Client,
    pub(crate) name: String,
}

/// Where to begin in a shard.
#[derive(Debug, Clone, Copy)]
enum Start {
    /// At the oldest record, or after this one.
    After(Option<SequenceNumber>),
    /// At this record.
    At(SequenceNumber),
}

/// An iterator, and whether the service refused the position for which the oldest record stands in.
struct ShardIterator {
    token: String,
    refused: bool,
}

/// Why a read failed.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The iterator is over five minutes old.
    Expired,
    /// The shard is gone, perhaps.
    Unknown(StreamError),
    Other(StreamError),
}

impl Reader {
    /// The page that follows one at hand. Who found nothing is let look again only after a while.
    pub(crate) async fn next_page(
        &self,
        next: &Next,
        after: Option<SequenceNumber>,
        most_records: usize,
    ) -> Result<Page, ReadError> {
        if let Some(at) = next.found_nothing_at {
            tokio::time::sleep_until(at + LEAST_INTERVAL).await;
        }
        self.page(&next.iterator, after, most_records).await
    }

    /// The page after a position, by an iterator of its own. A position that the service refuses because its record has
    /// expired is one before the oldest record; any other that it refuses is an error.
    pub(crate) async fn first_page(
        &self,
        shard: &Listed,
        after: Option<SequenceNumber>,
        most_records: usize,
    ) -> Result<Page, ReadError> {
        let iterator = self.iterator(shard, Start::After(after)).await?;
        let page = self.page(&iterator.token, after, most_records).await?;
        let oldest = page.records.first().map(|record| record.sequence_number);
        if iterator.refused && oldest.is_some_and(|oldest| Some(oldest) <= after) {
            let (shard_id, position) = (&shard.shard.shard_id, after.unwrap_or(SequenceNumber::ZERO));
            let message = format!("{position} is no position of {shard_id}, which keeps older records");
            return Err(ReadError::Other(StreamError::Invalid(message)));
        }
        Ok(page)
    }

    /// The page that begins at a record, or at the oldest where that has expired.
    pub(crate) async fn page_at(&self, shard: &Listed, first: SequenceNumber) -> Result<Page, ReadError> {
        let iterator = self.iterator(shard, Start::At(first)).await?;
        self.page(&iterator.token, None, MOST_RECORDS).await
    }

    async fn iterator(&self, shard: &Listed, start: Start) -> Result<ShardIterator, ReadError> {
        let (kind, number) = match start {
            Start::After(number) => (ShardIteratorType::AfterSequenceNumber, number),
            Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number)),
        };
        let oldest = || self.ask_iterator(shard, ShardIteratorType::TrimHorizon, None);
        let Some(position) = shard.position(number) else {
            return Ok(ShardIterator { token: oldest().await?, refused: false });
        };
        match self.ask_iterator(shard, kind, Some(position)).await {
            Err(ReadError::Unknown(error)) => {
                tracing::warn!(shard = shard.shard.shard_id, %error, "a position was refused");
                Ok(ShardIterator { token: oldest().await?, refused: true })
            }
            asked => Ok(ShardIterator { token: asked?, refused: false }),
        }
    }

    async fn ask_iterator(
        &self,
        shard: &Listed,
        kind: ShardIteratorType,
        position: Option<String>,
    ) -> Result<String, ReadError> {
        let call = self.client.get_shard_iterator().stream_name(&self.name).shard_id(&shard.shard.shard_id);
        let call = call.shard_iterator_type(kind).set_starting_sequence_number(position);
        match call.send().await {
            Ok(output) => output.shard_iterator.ok_or_else(|| unreadable("no iterator")),
            Err(error) if is_unknown(error.code()) => Err(ReadError::Unknown(failed(&error))),
            Err(error) => Err(ReadError::Other(failed(&error))),
        }
    }

    /// One GetRecords, of the records after a position.
    pub(crate) async fn page(
        &self,
        iterator: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
    ) -> Result<Page, ReadError> {
        let limit = most_records.clamp(LEAST_RECORDS, MOST_RECORDS) as i32;
        match self.client.get_records().shard_iterator(iterator).limit(limit).send().await {
            Ok(output) => page(output, after),
            Err(error) if error.code() == Some("ExpiredIteratorException") => Err(ReadError::Expired),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Err(ReadError::Unknown(failed(&error))),
            Err(error) => Err(ReadError::Other(failed(&error))),
        }
    }
}

fn page(output: GetRecordsOutput, after: Option<SequenceNumber>) -> Result<Page, ReadError> {
    let records = output.records.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
    let behind = output.millis_behind_latest.is_some_and(|millis| millis > 0);
    Ok(Page { after, records, next: output.next_shard_iterator, behind, read_at: Instant::now() })
}

fn record(got: Got) -> Result<Record, ReadError> {
    let sequence_number =
        SequenceNumber::parse(&got.sequence_number).map_err(|error| unreadable(&error.to_string()))?;
    let arrival = got.approximate_arrival_timestamp.and_then(|time| time.to_millis().ok());
    Ok(Record {
        sequence_number,
        partition_key: got.partition_key.unwrap_or_default(),
        arrival_millis: arrival.ok_or_else(|| unreadable("a record without its time"))?,
        data: Bytes::from(got.data.into_inner()),
    })
}

fn unreadable(what: &str) -> ReadError {
    ReadError::Other(StreamError::Unavailable(format!("an answer cannot be read: {what}")))
}
