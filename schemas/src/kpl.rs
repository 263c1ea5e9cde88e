//! KPL aggregates: how the Kinesis Producer Library packs user records into one (awslabs/amazon-kinesis-producer,
//! aggregation format): magic `F3 89 9A C2`, a protocol buffer, its MD5. Read only; Trilha never writes them.

use md5::{Digest, Md5};
use thiserror::Error;

use crate::packing::{Damaged, Input};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const MD5_BYTES: usize = 16;
/// The field of `AggregatedRecord` that holds a record, and the field of a record that holds its data.
const FIELD: u64 = 3;
/// Wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// Why an aggregate cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KplError {
    /// The MD5 at its end is another.
    #[error("the aggregate's MD5 does not match")]
    Checksum,
    /// The protocol buffer inside is cut or damaged.
    #[error("the aggregate is damaged: {0}")]
    Damaged(&'static str),
}

impl From<Damaged> for KplError {
    fn from(damaged: Damaged) -> Self {
        KplError::Damaged(damaged.0)
    }
}

/// The user records' data in an aggregate, in order; `None` when the bytes are no aggregate.
///
/// # Errors
/// [`KplError`] when they start as one but do not read.
pub fn user_records(bytes: &[u8]) -> Option<Result<Vec<&[u8]>, KplError>> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    Some(read(rest))
}

fn read(rest: &[u8]) -> Result<Vec<&[u8]>, KplError> {
    let split = rest.len().checked_sub(MD5_BYTES).ok_or(KplError::Damaged("it is cut"))?;
    let (message, checksum) = rest.split_at(split);
    if Md5::digest(message)[..] != *checksum {
        return Err(KplError::Checksum);
    }
    let records = fields(message)?.into_iter().filter(|(field, _)| *field == FIELD);
    records.map(|(_, record)| data(record)).collect()
}

fn data(record: &[u8]) -> Result<&[u8], KplError> {
    let data = fields(record)?.into_iter().rev().find(|(field, _)| *field == FIELD);
    data.map(|(_, data)| data).ok_or(KplError::Damaged("a record without data"))
}

/// The length-delimited fields of a message, in order; others are passed over.
fn fields(message: &[u8]) -> Result<Vec<(u64, &[u8])>, KplError> {
    let mut input = Input::new(message);
    let mut fields = Vec::new();
    while !input.rest().is_empty() {
        let tag = input.varint()?;
        match tag & 7 {
            VARINT => drop(input.varint()?),
            FIXED_64 => drop(input.take(8)?),
            FIXED_32 => drop(input.take(4)?),
            LENGTH_DELIMITED => {
                let length = input.count(1)?;
                fields.push((tag >> 3, input.take(length)?));
            }
            _ => return Err(KplError::Damaged("a wire type")),
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packing::{bytes, varint};

    fn aggregate(records: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        varint(&mut message, 1 << 3 | LENGTH_DELIMITED);
        bytes(&mut message, b"a key");
        for data in records {
            let mut record = Vec::new();
            varint(&mut record, 1 << 3);
            varint(&mut record, 0);
            varint(&mut record, FIELD << 3 | LENGTH_DELIMITED);
            bytes(&mut record, data);
            varint(&mut message, FIELD << 3 | LENGTH_DELIMITED);
            bytes(&mut message, &record);
        }
        let checksum = Md5::digest(&message);
        [&MAGIC[..], &message, &checksum[..]].concat()
    }

    #[test]
    fn user_records_come_out_in_order() {
        let bytes = aggregate(&[b"one", b"", b"three"]);
        assert_eq!(user_records(&bytes), Some(Ok(vec![&b"one"[..], b"", b"three"])));
        assert_eq!(user_records(b"{}"), None);
    }

    fn of_message(message: &[u8]) -> Vec<u8> {
        [&MAGIC[..], message, &Md5::digest(message)[..]].concat()
    }

    #[test]
    fn other_fields_are_passed_over_and_the_last_data_counts() {
        let record = [&[0x1a, 1, b'a', 0x22, 1, b'x', 0x0d, 0, 0, 0, 0, 0x1a, 1, b'b'][..], &[0x09], &[0; 8]].concat();
        let message = [&[0x10, 0x80, 1, 0x1a, record.len() as u8][..], &record].concat();
        assert_eq!(user_records(&of_message(&message)), Some(Ok(vec![&b"b"[..]])));
        assert_eq!(user_records(&of_message(b"")), Some(Ok(vec![])));
    }

    #[test]
    fn a_record_without_data_and_an_unknown_wire_type_are_refused() {
        let refused = |message: &[u8], what| {
            assert_eq!(user_records(&of_message(message)), Some(Err(KplError::Damaged(what))), "{message:?}");
        };
        refused(&[0x1a, 0], "a record without data");
        refused(&[0x1b, 0], "a wire type");
        refused(&[0x1a, 1], "a count");
        refused(&[0x19, 0, 0, 0, 0, 0, 0, 0], "it is cut");
        refused(&[0x1d, 0, 0, 0], "it is cut");
    }

    #[test]
    fn a_wrong_checksum_and_a_cut_are_refused() {
        let mut bytes = aggregate(&[b"one"]);
        assert_eq!(user_records(&bytes[..12]), Some(Err(KplError::Damaged("it is cut"))));
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_eq!(user_records(&bytes), Some(Err(KplError::Checksum)));
    }
}
