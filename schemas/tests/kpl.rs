//! An aggregate of the Kinesis Producer Library is read whole or not at all.

use md5::{Digest, Md5};
use trilha_schemas::kpl::{KplError, user_records};
use trilha_schemas::packing::{bytes, varint};

const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// Each record under a partition key and an explicit hash key of its own.
fn aggregate(records: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    for field in [1, 2] {
        for at in 0..records.len() {
            varint(&mut message, field << 3 | 2);
            bytes(&mut message, format!("{at}").as_bytes());
        }
    }
    for (at, data) in (0..).zip(records) {
        let mut record = Vec::new();
        for index_field in [1, 2] {
            varint(&mut record, index_field << 3);
            varint(&mut record, at);
        }
        varint(&mut record, 3 << 3 | 2);
        bytes(&mut record, data);
        varint(&mut message, 3 << 3 | 2);
        bytes(&mut message, &record);
    }
    let checksum = Md5::digest(&message);
    [&MAGIC[..], &message, &checksum[..]].concat()
}

#[test]
fn records_of_other_keys_than_the_aggregates_are_kept() {
    let records: [&[u8]; 3] = [b"one", b"two", b"three"];
    assert_eq!(user_records(&aggregate(&records)), Some(Ok(records.to_vec())));
}

#[test]
fn a_bit_that_is_flipped_anywhere_after_the_magic_is_found() {
    let whole = aggregate(&[b"one", b"two"]);
    for bit in 8 * MAGIC.len()..8 * whole.len() {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(user_records(&flipped), Some(Err(KplError::Checksum)), "bit {bit}");
    }
}
