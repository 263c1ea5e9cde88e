//! The port.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{PutEntry, Records, Shard, Stream, StreamError};

use crate::configured;
use crate::error::failed;
use crate::incarnation::incarnation;
use crate::pages::{Page, Pages};
use crate::put::{PutResult, Puts};
use crate::read::{ReadError, Reader};
use crate::shards::Shards;

/// How long to wait at the tip. Five reads a second are all that a shard has for its consumers.
const POLLING_INTERVAL: Duration = Duration::from_secs(1);

/// A stream of Kinesis Data Streams.
///
/// Puts are those of [`KinesisPuts`](crate::KinesisPuts). Reads are repeated as the client says.
///
/// A position is a record that was read, or lies before them all. One that has expired is followed by the oldest record
/// kept.
pub struct KinesisStream {
    incarnation: String,
    puts: Puts,
    pub(crate) reader: Reader,
    pub(crate) shards: Shards,
    pages: Pages,
}

impl KinesisStream {
    /// A stream that exists.
    ///
    /// # Errors
    /// [`StreamError::Invalid`] when there is none of that name, [`StreamError::Unavailable`] when that cannot be told.
    pub async fn open(client: Client, name: &str) -> Result<KinesisStream, StreamError> {
        let reads = configured::for_reads(&client);
        let described = reads.describe_stream_summary().stream_name(name).send().await;
        let described = described.map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => StreamError::Invalid(format!("no stream is called {name}")),
            _ => failed(&error),
        })?;
        let summary = described.stream_description_summary;
        let created = summary.and_then(|summary| summary.stream_creation_timestamp.to_millis().ok());
        let created = created.ok_or_else(|| StreamError::Unavailable(format!("{name} has no time of creation")))?;
        Ok(KinesisStream {
            incarnation: incarnation(name, created),
            puts: Puts::new(&client, name),
            shards: Shards::new(reads.clone(), name),
            reader: Reader { client: reads, name: name.to_string() },
            pages: Pages::default(),
        })
    }

    /// Reads on at a position, by the iterator at hand unless it has expired.
    async fn read(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
    ) -> Result<Page, StreamError> {
        if let Some(next) = self.pages.next(shard_id, after) {
            match self.reader.next_page(&next, after, most_records).await {
                Err(ReadError::Expired) => {}
                read => return self.settle(shard_id, read).await,
            }
        }
        let shard = self.shards.get(shard_id).await?;
        let read = self.reader.first_page(&shard, after, most_records).await;
        self.settle(shard_id, read).await
    }

    /// An error of a shard that is no longer listed says that it is gone.
    pub(crate) async fn settle<T>(&self, shard_id: &str, read: Result<T, ReadError>) -> Result<T, StreamError> {
        match read {
            Ok(read) => Ok(read),
            Err(ReadError::Expired) => Err(StreamError::Unavailable("an iterator expired at once".to_string())),
            Err(ReadError::Other(error)) => Err(error),
            Err(ReadError::Unknown(error)) => {
                self.pages.forget(shard_id);
                self.shards.forget().await;
                self.shards.get(shard_id).await?;
                Err(StreamError::Unavailable(error.to_string()))
            }
        }
    }

    /// Keeps a page; after the last one of a shard its children are to be listed.
    async fn keep(&self, shard_id: &str, page: Page) {
        if page.next.is_none() {
            self.shards.forget().await;
        }
        self.pages.keep(shard_id, page);
    }
}

impl std::fmt::Debug for KinesisStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KinesisStream").field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

impl Stream for KinesisStream {
    fn incarnation(&self) -> &str {
        &self.incarnation
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<PutResult>, StreamError> {
        let results = self.puts.put(entries).await?;
        self.shards.must_have(results.iter().flatten().map(|stored| stored.shard_id.as_str())).await;
        Ok(results)
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        let shards = self.shards.all().await?;
        self.pages.keep_only(|shard_id| shards.iter().any(|shard| shard.shard_id == shard_id));
        Ok(shards)
    }

    /// Kinesis may answer with nothing although there is more: nothing is the answer only where nothing is left.
    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        loop {
            if let Some(records) = self.pages.records(shard_id, after, most_records, most_bytes) {
                return Ok(records);
            }
            let page = self.read(shard_id, after, most_records).await?;
            let (is_tip, records) = (!page.behind, page.records(after, most_records, most_bytes));
            self.keep(shard_id, page).await;
            let records = records.filter(|found| is_tip || found.ended || !found.records.is_empty());
            if let Some(records) = records {
                return Ok(records);
            }
        }
    }

    /// Polls: returns at once where more is known to be there or nothing is known, else after half a second to a second.
    async fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) {
        if self.pages.is_at_tip(shard_id, after) {
            tokio::time::sleep(polling_interval(RandomState::new().hash_one(shard_id))).await;
        }
    }
}

/// From half of the interval up to all of it, so that consumers do not poll in step.
fn polling_interval(chance: u64) -> Duration {
    let half = POLLING_INTERVAL / 2;
    half + half.mul_f64(chance as f64 / u64::MAX as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_are_half_a_second_to_a_second_apart() {
        assert_eq!(polling_interval(0), POLLING_INTERVAL / 2);
        assert_eq!(polling_interval(u64::MAX), POLLING_INTERVAL);
        assert!(polling_interval(u64::MAX / 2) < POLLING_INTERVAL);
    }
}
