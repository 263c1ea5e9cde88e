//! Records and KPL aggregates, as they come and with checksums that fit, so that what lies behind those is reached too.

use md5::{Digest, Md5};
use trilha_schemas::kpl::{self, KplError};
use trilha_schemas::record;

/// How many bits of a record or an aggregate are flipped.
const FLIPS: usize = 16;

pub(crate) fn read(bytes: &[u8]) {
    drop(record::decode(bytes));
}

pub(crate) fn read_body(bytes: &[u8]) {
    read(&with_checksum(bytes));
}

pub(crate) fn check_body(bytes: &[u8]) {
    check(&with_checksum(bytes));
}

/// What is read reads back from what is written of it, and no flipped bit goes unnoticed.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(decoded) = record::decode(bytes) else { return };
    let written = record::encode(&decoded.tenant, &decoded.events);
    assert_eq!(record::decode(&written).as_ref(), Ok(&decoded));
    for flipped in flips(bytes) {
        let read = record::decode(&flipped);
        assert!(read.is_err() || read.is_ok_and(|read| read == decoded), "a flipped bit reads as something else");
    }
    for cut in 1..bytes.len().min(FLIPS) {
        let read = record::decode(&bytes[..bytes.len() - cut]);
        assert!(read.is_err(), "a record without its last {cut} bytes is read");
    }
}

fn with_checksum(rest: &[u8]) -> Vec<u8> {
    sealed(0, rest)
}

/// A record of a form, with the checksum of what follows it.
pub(crate) fn sealed(form: u8, rest: &[u8]) -> Vec<u8> {
    let head = [2, form];
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&head);
    checksum.update(rest);
    [b"TRLH", &head[..], &checksum.finalize().to_be_bytes(), rest].concat()
}

/// Some of the bytes with one bit flipped, spread over them.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..FLIPS).map(|at| {
        let (mut flipped, place) = (bytes.to_vec(), at * bytes.len() / FLIPS);
        flipped[place] ^= 1 << (at % 8);
        flipped
    })
}

pub(crate) fn read_kpl(bytes: &[u8]) {
    drop(kpl::user_records(bytes));
}

pub(crate) fn read_kpl_message(bytes: &[u8]) {
    read_kpl(&with_md5(bytes));
}

pub(crate) fn check_kpl_message(bytes: &[u8]) {
    check_kpl(&with_md5(bytes));
}

/// User records are parts of the aggregate, and one whose MD5 is another gives none.
pub(crate) fn check_kpl(bytes: &[u8]) {
    let Some(Ok(records)) = kpl::user_records(bytes) else { return };
    assert!(records.iter().map(|record| record.len()).sum::<usize>() <= bytes.len());
    for flipped in flips(bytes) {
        assert!(matches!(kpl::user_records(&flipped), None | Some(Err(KplError::Checksum))));
    }
}

pub(crate) fn with_md5(message: &[u8]) -> Vec<u8> {
    [&[0xf3, 0x89, 0x9a, 0xc2], message, &Md5::digest(message)[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;

    #[test]
    fn seeds_of_bodies_are_read_with_the_checksum_that_is_put_before_them() {
        let bodies = seeds::of("record_body");
        assert!(!bodies.is_empty());
        assert!(bodies.iter().all(|body| record::decode(&with_checksum(body)).is_ok()));
    }

    #[test]
    fn seeds_of_records_are_read_but_for_bodies_that_claim_too_little() {
        let read: Vec<_> =
            seeds::of("record").iter().map(|bytes| record::decode(bytes).map_err(|e| e.to_string())).collect();
        let [sound @ .., one, other] = &read[..] else { panic!("the last two are bombs") };
        assert!(sound.iter().all(Result::is_ok));
        let refused = Err("the record is damaged: its zstd frame".to_string());
        assert_eq!([one, other], [&refused, &refused]);
    }
}
