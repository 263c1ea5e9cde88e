//! The stream's port, after Kinesis Data Streams: shards, sequence numbers, per-entry failures.

use std::future::Future;

use bytes::Bytes;
use thiserror::Error;
use trilha_schemas::sequence::SequenceNumber;

/// The most entries in one [`Stream::put_records`] (Kinesis: 500).
pub const MAX_PUT_ENTRIES: usize = 500;
/// The most bytes, keys included, in one [`Stream::put_records`] (Kinesis: 10 MiB).
pub const MAX_PUT_BYTES: usize = 10 * 1024 * 1024;
/// The largest record of ours, in bytes.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// One record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEntry {
    /// Chooses the shard by its MD5, read as a big-endian 128-bit number. 1 to 256 characters.
    pub partition_key: String,
    /// What the record holds.
    pub data: Bytes,
}

/// Where a record came to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The shard.
    pub shard_id: String,
    /// The position in it, greater than that of every record put to this shard before.
    pub sequence_number: SequenceNumber,
}

/// Why one entry was not written. The others of its call may have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PutFailure {
    /// The shard's throughput is used up, or the stream is full: put it again later.
    #[error("the stream's throughput is exceeded")]
    Throttled,
    /// The service failed: put it again.
    #[error("the stream failed on this record")]
    Internal,
}

/// A shard as the stream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// `shardId-000000000000` and on.
    pub shard_id: String,
    /// The shards it came from by a split (one) or a merge (two); read to their end before this one.
    pub parents: Vec<String>,
    /// The first hash key, inclusive.
    pub first_hash_key: u128,
    /// The last hash key, inclusive.
    pub last_hash_key: u128,
    /// Whether it takes records.
    pub open: bool,
}

/// A record as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The position in the shard.
    pub sequence_number: SequenceNumber,
    /// As it was put.
    pub partition_key: String,
    /// When the stream had it, in milliseconds since 1970 UTC.
    pub arrival_millis: i64,
    /// As it was put.
    pub data: Bytes,
}

/// What one read came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// In order of sequence number; may be empty though more will come.
    pub records: Vec<Record>,
    /// The shard is closed and nothing stands after these.
    pub ended: bool,
}

/// Why a call failed as a whole.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The caller broke a limit; asking again cannot help.
    #[error("{0}")]
    Invalid(String),
    /// No shard of that id.
    #[error("no shard {0}")]
    NoSuchShard(String),
    /// The call failed; what it asked for may or may not have happened. Ask again.
    #[error("the stream is unavailable: {0}")]
    Unavailable(String),
}

/// A durable, sharded log.
pub trait Stream: Send + Sync + 'static {
    /// Names this stream's life: a stream that is made anew under the same name has another.
    fn incarnation(&self) -> &str;

    /// Puts up to 500 entries and 10 MiB; answers one result per entry, in their order, once those that it calls stored
    /// are durable. Order between entries is not promised. An error of the call may have written any of them.
    fn put_records(
        &self,
        entries: Vec<PutEntry>,
    ) -> impl Future<Output = Result<Vec<Result<Stored, PutFailure>>, StreamError>> + Send;

    /// Every shard that still holds records or takes them, parents before children.
    fn shards(&self) -> impl Future<Output = Result<Vec<Shard>, StreamError>> + Send;

    /// Records of a shard after a position (`None`: from the oldest kept), at most `most_records` and, but for the
    /// first, at most `most_bytes` of data.
    fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> impl Future<Output = Result<Records, StreamError>> + Send;

    /// Returns when the shard may hold records after a position. May return early; an implementation that cannot tell
    /// waits its polling interval.
    fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) -> impl Future<Output = ()> + Send;
}
