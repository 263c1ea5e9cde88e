//! The stream record: many events of one tenant and one bucket, in columns, strings interned, integers packed.
//!
//! The bytes are written down in `schemas/record.md`, so that another language can read them; what was chosen and why stands
//! there, too.
//!
//! [`Record::read`] yields events whose texts are symbols of the record, without an allocation per event; [`decode`] the
//! same events with texts of their own.
//!
//! What a decoder allocates is bounded whatever a record claims: 4 MiB for a body, so many events, strings and learners, and
//! of each event's texts, which many events may share, 16 KiB. Values that no reader lets in are refused here too, so that
//! whoever folds a record meets none.

mod body;
mod columns;
mod compact;
mod distinct;
mod frame;
mod pack;
mod parts;
mod predict;
mod read;
mod rows;
mod shapes;
mod texts;
mod write;

pub use pack::{Few, Packed, Part, Together, pack, pack_together};
pub use parts::{EventParts, Parts};
pub use read::{Record, Span};
pub use texts::{Symbol, Texts};

use thiserror::Error;

use crate::event::Event;
use crate::packing::Damaged;

const MAGIC: [u8; 4] = *b"TRLH";
const VERSION: u8 = 2;
const PLAIN: u8 = 0;
/// Read, and not written any more.
const ZSTD: u8 = 1;
const ZSTD_WITH_DICTIONARY: u8 = 2;
/// Magic, version and form; the checksum of all else is behind them.
const HEAD_BYTES: usize = 6;
/// The longest body that is decoded.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The most events in a record; [`pack`] parts more.
const MAX_EVENTS: usize = 4_096;
/// The most bytes of one event's texts: more than readers let in.
const MAX_EVENT_TEXT_BYTES: usize = 16 * 1024;
/// Below this a zstd frame does not pay.
const COMPRESS_FROM_BYTES: usize = 256;

/// A decoded record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// Whose events these are.
    pub tenant: String,
    /// The events, in the order of their index in the record.
    pub events: Vec<Event>,
}

/// Why bytes are no record of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The magic bytes are not there: another producer's record.
    #[error("the record does not start with our magic bytes")]
    Foreign,
    /// Another version of the codec, or a form it does not have.
    #[error("the record's version or form {0} is not known")]
    Unknown(u8),
    /// Cut, flipped or hostile.
    #[error("the record is damaged: {0}")]
    Damaged(&'static str),
}

impl From<Damaged> for RecordError {
    fn from(damaged: Damaged) -> Self {
        RecordError::Damaged(damaged.0)
    }
}

/// Whether the bytes start as a record of ours.
pub fn is_ours(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Encodes events of one tenant. The caller sees to it that they share a bucket; see [`pack`].
pub fn encode(tenant: &str, events: &[Event]) -> Vec<u8> {
    let mut writer = write::Writer::with(Box::default());
    writer.record(tenant, events.iter());
    writer.records().to_vec()
}

/// Decodes a record into events with texts of their own.
///
/// # Errors
/// [`RecordError::Foreign`] when it is not ours, else what is wrong with it. Never panics; memory is bounded.
pub fn decode(bytes: &[u8]) -> Result<Decoded, RecordError> {
    let record = Record::read(bytes)?;
    Ok(Decoded { tenant: record.tenant().to_string(), events: record.events().collect() })
}

/// Of everything but the checksum itself and the magic bytes.
fn checksum(record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record[MAGIC.len()..HEAD_BYTES]);
    hasher.update(&record[HEAD_BYTES + 4..]);
    hasher.finalize()
}

fn of_thousandths(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

#[cfg(test)]
mod tests;
