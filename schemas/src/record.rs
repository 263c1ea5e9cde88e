//! The stream record: many events of one tenant and one bucket, strings interned, integers packed.
//!
//! Layout, version 1 (integers are LEB128 varints, signed ones zigzag first):
//!
//! ```text
//! record  = magic "TRLH" · version 1 · form · payload
//! form    = 0: payload is the body · 1: payload is the body's length, then the body as one zstd frame
//! body    = crc32 of the rest (4 bytes, big-endian) · tenant · base (zigzag, ms)
//!         · strings: count, then each length and UTF-8 · learners: count, then 16 bytes each
//!         · events: count, then each as `write_event` in `record/event.rs` writes it
//! ```
//!
//! What a decoder allocates is bounded whatever a record claims: 4 MiB for a body, so many events, strings and learners, and
//! of each event's texts, which many events may share, 16 KiB. Values that no reader lets in are refused here too, so that
//! whoever folds a record meets none.

mod event;
mod pack;
mod read;
mod write;

pub use pack::pack;

use thiserror::Error;

use crate::event::Event;
use crate::packing::{Damaged, Input, varint};

const MAGIC: [u8; 4] = *b"TRLH";
const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// The longest body that is decoded.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// The most events in a record; [`pack`] parts more.
const MAX_EVENTS: usize = 4_096;
/// The most bytes of one event's texts: more than readers let in.
const MAX_EVENT_TEXT_BYTES: usize = 16 * 1024;
/// Below this a zstd frame does not pay.
const COMPRESS_FROM_BYTES: usize = 2 * 1024;
const ZSTD_LEVEL: i32 = 1;

/// A decoded record.
#[derive(Debug, Clone, PartialEq)]
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
    /// A later version of the codec, or a form it does not have.
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
    let body = write::body(tenant, events);
    let mut record = MAGIC.to_vec();
    record.push(VERSION);
    let compressed =
        (body.len() >= COMPRESS_FROM_BYTES).then(|| zstd::bulk::compress(&body, ZSTD_LEVEL).ok()).flatten();
    match compressed.filter(|frame| frame.len() < body.len()) {
        Some(frame) => {
            record.push(ZSTD);
            varint(&mut record, body.len() as u64);
            record.extend_from_slice(&frame);
        }
        None => {
            record.push(PLAIN);
            record.extend_from_slice(&body);
        }
    }
    record
}

/// Decodes a record.
///
/// # Errors
/// [`RecordError::Foreign`] when it is not ours, else what is wrong with it. Never panics; memory is bounded.
pub fn decode(bytes: &[u8]) -> Result<Decoded, RecordError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(RecordError::Foreign)?;
    match rest {
        [VERSION, PLAIN, body @ ..] => read::body(body),
        [VERSION, ZSTD, payload @ ..] => read::body(&decompress(payload)?),
        [VERSION, form, ..] => Err(RecordError::Unknown(*form)),
        [version, ..] => Err(RecordError::Unknown(*version)),
        [] => Err(RecordError::Damaged("it ends after its magic bytes")),
    }
}

fn decompress(payload: &[u8]) -> Result<Vec<u8>, RecordError> {
    let mut input = Input::new(payload);
    let length = input.varint()? as usize;
    if length > MAX_BODY_BYTES {
        return Err(RecordError::Damaged("it claims a body of over 4 MiB"));
    }
    let body = zstd::bulk::decompress(input.rest(), length).map_err(|_| RecordError::Damaged("its zstd frame"))?;
    if body.len() == length { Ok(body) } else { Err(RecordError::Damaged("its body's length")) }
}

#[cfg(test)]
mod tests;
