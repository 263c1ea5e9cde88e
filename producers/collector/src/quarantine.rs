//! The quarantine: what was refused, whole, encrypted, for 30 days; shown redacted, found again by pseudonym.
//!
//! The collector keeps refused events here, the processors stream records that they cannot decode. A row's key follows
//! from what it holds, so that the same bad bytes sent or delivered again make one row, and an event that has no id can
//! take its id from the key when it is driven again: put first, then [`Quarantine::mark_redriven`].

mod row;

use std::fmt;
use std::future::Future;

use thiserror::Error;
use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::reader::Refusal;
use trilha_schemas::sequence::SequenceNumber;

pub use row::Row;

use crate::credential::Credential;
use crate::seal::Sealer;

/// How long a row stays, in milliseconds: 30 days.
pub const KEPT_MILLIS: i64 = 30 * 86_400_000;
/// The most bytes that are kept of one rejection; the rest is cut.
pub const MAX_RAW_BYTES: usize = 1024 * 1024;
/// The most characters kept of a field's name and of a message.
const MAX_TEXT_CHARS: usize = 300;

/// Where the bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A request, or a file that was replayed.
    Request {
        /// The format that it was sent as.
        protocol: Protocol,
    },
    /// A record on the stream.
    Record {
        /// The stream's life (`Stream::incarnation`).
        incarnation: String,
        /// The shard.
        shard_id: String,
        /// The record's position in it.
        sequence_number: SequenceNumber,
    },
}

/// How a request's bytes came. Who reads them again gives them the same rights and the same arrival.
#[derive(Clone, PartialEq, Eq)]
pub struct Sending {
    /// Who sent them; of the rejection's tenant.
    pub by: Credential,
    /// They came from a file: events arrive at their own time.
    pub replayed: bool,
}

/// What was refused.
#[derive(Clone, PartialEq)]
pub struct Rejection {
    /// Whose; empty where the bytes do not say (a stream record).
    pub tenant: String,
    /// Where from.
    pub source: Source,
    /// How a request came; `None` of a stream record, and of a row that was kept before this was.
    pub sending: Option<Sending>,
    /// When it was received, in milliseconds since 1970 UTC; the 30 days count from here.
    pub received_millis: i64,
    /// The learner it is about, where one can be read.
    pub pseudonym: Option<Pseudonym>,
    /// The reason, as [`trilha_schemas::reader::Code::as_str`] or a processor's own.
    pub code: String,
    /// The field at fault; may be empty.
    pub field: String,
    /// A sentence for people. It quotes no learner id.
    pub message: String,
    /// The bytes, at most [`MAX_RAW_BYTES`] of them.
    pub raw: Vec<u8>,
}

/// Names a row; follows from what it holds, and tells nothing of it to who lacks the data key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(pub [u8; 16]);

/// A row as people see it: no body, no learner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The row's key.
    pub key: RowKey,
    /// Whose; empty where unknown.
    pub tenant: String,
    /// Where from.
    pub source: Source,
    /// When it was received, in milliseconds since 1970 UTC.
    pub received_millis: i64,
    /// The reason.
    pub code: String,
    /// The field at fault.
    pub field: String,
    /// A sentence for people.
    pub message: String,
    /// How many bytes were refused (before any cut).
    pub raw_bytes: u64,
    /// When its events were put on the stream again, in milliseconds since 1970 UTC; `None` while they were not.
    pub redriven_millis: Option<i64>,
}

/// Where a listing goes on: after this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The row's [`Redacted::received_millis`].
    pub received_millis: i64,
    /// Its key.
    pub key: RowKey,
}

/// Why the quarantine did not answer.
#[derive(Debug, Error)]
pub enum QuarantineError {
    /// The store failed; nothing of the call counts as done. Ask again.
    #[error("the quarantine is unavailable: {0}")]
    Unavailable(String),
    /// A row does not open with the data key, or is damaged: stop and look at the keys.
    #[error("a quarantine row does not open")]
    Sealed,
}

/// Keeps rejections.
pub trait Quarantine: Send + Sync + 'static {
    /// Keeps rejections, durable when it answers, and answers their rows' keys in their order. A row that is there stays
    /// as it is.
    fn keep(&self, rejections: Vec<Rejection>) -> impl Future<Output = Result<Vec<RowKey>, QuarantineError>> + Send;

    /// Rows in order of arrival, those after the cursor, at most so many.
    fn list(
        &self,
        after: Option<Cursor>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Redacted>, QuarantineError>> + Send;

    /// The rows about one learner.
    fn about(
        &self,
        tenant: &str,
        pseudonym: Pseudonym,
    ) -> impl Future<Output = Result<Vec<Redacted>, QuarantineError>> + Send;

    /// A row with its bytes, to drive it again.
    fn open(&self, key: RowKey) -> impl Future<Output = Result<Option<Rejection>, QuarantineError>> + Send;

    /// Notes that a row's events are on the stream; durable when it answers. Whether there is such a row, not noted
    /// before.
    fn mark_redriven(&self, key: RowKey, now_millis: i64)
    -> impl Future<Output = Result<bool, QuarantineError>> + Send;

    /// Drops the rows that were received 30 days before `now_millis` or earlier; answers how many.
    fn expire(&self, now_millis: i64) -> impl Future<Output = Result<usize, QuarantineError>> + Send;
}

impl Rejection {
    /// What a refused request's bytes come to.
    pub fn of_request(
        tenant: &str,
        protocol: Protocol,
        received_millis: i64,
        refusal: &Refusal,
        raw: &[u8],
    ) -> Rejection {
        Rejection {
            tenant: tenant.to_string(),
            source: Source::Request { protocol },
            sending: None,
            received_millis,
            pseudonym: None,
            code: refusal.code.as_str().to_string(),
            field: refusal.field.clone(),
            message: refusal.message.clone(),
            raw: raw.to_vec(),
        }
    }

    /// The key of its row: of a stream record its position, of a request what was sent. What a learner's token sent is a row
    /// of its own, so that nobody's row lends another's its rights.
    pub fn key(&self, sealer: &Sealer) -> RowKey {
        RowKey(match &self.source {
            Source::Request { protocol } => {
                let sent = [self.tenant.as_bytes(), protocol.as_str().as_bytes(), &self.raw];
                match self.sending.as_ref().map(|sending| &sending.by) {
                    Some(Credential::Learner { learner, course, .. }) => {
                        let (any, course) = (&[u8::from(course.is_none())][..], course.as_deref().unwrap_or(""));
                        let token = [learner.as_bytes(), any, course.as_bytes()];
                        sealer.tag(&[&[&b"token"[..]][..], &token, &sent].concat())
                    }
                    _ => sealer.tag(&[&[&b"request"[..]][..], &sent].concat()),
                }
            }
            Source::Record { incarnation, shard_id, sequence_number } => {
                let position = [incarnation.as_bytes(), shard_id.as_bytes(), sequence_number.to_stored()];
                sealer.tag(&[b"record", position[0], position[1], position[2]])
            }
        })
    }
}

/// A row with its bytes, and as people see it, by its key.
///
/// # Errors
/// As [`Quarantine::open`].
pub async fn find<Q: Quarantine>(
    quarantine: &Q,
    key: RowKey,
) -> Result<Option<(Rejection, Option<Redacted>)>, QuarantineError> {
    let Some(rejection) = quarantine.open(key).await? else { return Ok(None) };
    let listed = quarantine.list(Some(Cursor::before(rejection.received_millis, key)), 1).await?;
    let redacted = listed.into_iter().next().filter(|row| row.key == key);
    Ok(Some((rejection, redacted)))
}

impl Cursor {
    /// The last place before a row's.
    fn before(received_millis: i64, key: RowKey) -> Cursor {
        match u128::from_be_bytes(key.0).checked_sub(1) {
            Some(before) => Cursor { received_millis, key: RowKey(before.to_be_bytes()) },
            None => Cursor { received_millis: received_millis.saturating_sub(1), key: RowKey([255; 16]) },
        }
    }
}

impl Redacted {
    /// Where a listing goes on after this row.
    pub fn cursor(&self) -> Cursor {
        Cursor { received_millis: self.received_millis, key: self.key }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejection({} {} bytes, {})", self.code, self.raw.len(), self.field)
    }
}

impl RowKey {
    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<RowKey> {
        let mut key = [0; 16];
        hex::decode_to_slice(text, &mut key).ok().map(|()| RowKey(key))
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
