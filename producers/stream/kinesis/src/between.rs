//! Reading a range of a shard again, as an on-failure destination names it: by its first and last record.

use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{Record, StreamError};

use crate::KinesisStream;
use crate::pages::{Next, Page};
use crate::read::ReadError;

/// What is left of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Between {
    /// In order of sequence number.
    pub records: Vec<Record>,
    /// The first or the last record is there no more: some of the range has expired.
    pub expired: bool,
}

impl KinesisStream {
    /// The records of a shard from a first to a last one, both of which were on it.
    ///
    /// # Errors
    /// [`StreamError::Unavailable`]: ask again. A shard that is gone is no error; all of the range has expired with it.
    pub async fn records_between(
        &self,
        shard_id: &str,
        first: SequenceNumber,
        last: SequenceNumber,
    ) -> Result<Between, StreamError> {
        let records = match self.read_between(shard_id, first, last).await {
            Err(StreamError::NoSuchShard(_)) => Vec::new(),
            read => read?,
        };
        let ends = [records.first(), records.last()].map(|record| record.map(|record| record.sequence_number));
        Ok(Between { expired: ends != [Some(first), Some(last)], records })
    }

    async fn read_between(
        &self,
        shard_id: &str,
        first: SequenceNumber,
        last: SequenceNumber,
    ) -> Result<Vec<Record>, StreamError> {
        let shard = self.shards.get(shard_id).await?;
        let read = self.reader.page_at(&shard, first).await;
        let mut page = self.settle(shard_id, read).await?;
        let mut records = Vec::new();
        loop {
            let (next, is_past) =
                (following(&page), page.records.last().is_some_and(|read| read.sequence_number >= last));
            records.extend(page.records.into_iter().filter(|record| (first..=last).contains(&record.sequence_number)));
            let Some(next) = next.filter(|_| !is_past) else { return Ok(records) };
            let read: Result<Page, ReadError> = self.reader.next_page(&next, None, usize::MAX).await;
            page = self.settle(shard_id, read).await?;
        }
    }
}

/// How to go on; `None` where nothing is left to read.
fn following(page: &Page) -> Option<Next> {
    let is_tip = page.records.is_empty() && !page.behind;
    let found_nothing_at = page.records.is_empty().then_some(page.read_at);
    page.next.clone().filter(|_| !is_tip).map(|iterator| Next { iterator, found_nothing_at })
}
