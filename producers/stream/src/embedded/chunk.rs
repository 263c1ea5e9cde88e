//! The stored form of records: those of one shard in one write, a chunk of at most 60 KB or one larger record.
//!
//! Version 1: a byte `1`; the arrival in milliseconds as a big-endian i64; then of each record the length of its
//! partition key as a big-endian u16, the key, the length of its data as a big-endian u32, the data. The first record's
//! place in the shard is the chunk's key; the others follow it.

use bytes::{Buf, Bytes};

use crate::number::sequence_number;
use crate::port::{PutEntry, Record};

const VERSION: u8 = 1;
/// Chunks grow to this many bytes: with the page's own a little less than 64 KiB, for redb rounds pages up to powers of
/// two.
const CHUNK_BYTES: usize = 60 * 1024;

/// A chunk as it is made.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The place of the first record.
    pub(super) first: u64,
    /// How many records it has.
    pub(super) count: u64,
    /// The stored form.
    pub(super) bytes: Vec<u8>,
}

impl Chunk {
    pub(super) fn new(first: u64, arrival_millis: i64) -> Chunk {
        let mut bytes = vec![VERSION];
        bytes.extend(arrival_millis.to_be_bytes());
        Chunk { first, count: 0, bytes }
    }

    /// Whether a record fits; the first always does.
    pub(super) fn takes(&self, entry: &PutEntry) -> bool {
        self.count == 0 || self.bytes.len() + entry.partition_key.len() + entry.data.len() + 6 <= CHUNK_BYTES
    }

    /// Appends a record within the limits of a put, so that no length exceeds its field.
    pub(super) fn push(&mut self, entry: &PutEntry) {
        self.count += 1;
        self.bytes.extend((entry.partition_key.len() as u16).to_be_bytes());
        self.bytes.extend(entry.partition_key.as_bytes());
        self.bytes.extend((entry.data.len() as u32).to_be_bytes());
        self.bytes.extend(&entry.data);
    }
}

/// Reads a chunk's records, which share its memory; `None` when the bytes are none of ours.
pub(super) fn decode(shard: u32, first: u64, mut bytes: Bytes) -> Option<Vec<Record>> {
    let (version, arrival_millis) = (bytes.try_get_u8().ok()?, bytes.try_get_i64().ok()?);
    if version != VERSION {
        return None;
    }
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let key_bytes = usize::from(bytes.try_get_u16().ok()?);
        let partition_key = String::from_utf8(take(&mut bytes, key_bytes)?.to_vec()).ok()?;
        let data_bytes = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
        let data = take(&mut bytes, data_bytes)?;
        let sequence_number = sequence_number(shard, first + records.len() as u64);
        records.push(Record { sequence_number, partition_key, arrival_millis, data });
    }
    Some(records)
}

fn take(bytes: &mut Bytes, count: usize) -> Option<Bytes> {
    (count <= bytes.len()).then(|| bytes.split_to(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, data: &[u8]) -> PutEntry {
        PutEntry { partition_key: key.to_string(), data: Bytes::copy_from_slice(data) }
    }

    #[test]
    fn version_one_is_read_for_ever() {
        let mut chunk = Chunk::new(7, 1000);
        chunk.push(&entry("key", b"data"));
        chunk.push(&entry("é", b""));
        let stored = b"\x01\0\0\0\0\0\0\x03\xe8\0\x03key\0\0\0\x04data\0\x02\xc3\xa9\0\0\0\0";
        assert_eq!(chunk.bytes, stored);
        let records = decode(2, 7, Bytes::from_static(stored)).unwrap();
        let read: Vec<_> = records.iter().map(|record| (record.partition_key.as_str(), &record.data[..])).collect();
        assert_eq!(read, [("key", &b"data"[..]), ("é", b"")]);
        assert_eq!(records[1].sequence_number, sequence_number(2, 8));
        assert_eq!(records[1].arrival_millis, 1000);
    }

    #[test]
    fn other_versions_and_cut_bytes_are_refused() {
        let mut chunk = Chunk::new(0, 0);
        chunk.push(&entry("key", b"data"));
        (10..chunk.bytes.len()).for_each(|cut| {
            assert_eq!(decode(0, 0, Bytes::copy_from_slice(&chunk.bytes[..cut])), None, "cut at {cut}");
        });
        chunk.bytes[0] = 2;
        assert_eq!(decode(0, 0, chunk.bytes.into()), None);
    }

    #[test]
    fn a_chunk_takes_its_first_record_whatever_its_size_and_then_few_bytes() {
        let mut chunk = Chunk::new(0, 0);
        let large = entry("k", &[0; CHUNK_BYTES]);
        assert!(chunk.takes(&large));
        chunk.push(&entry("k", b""));
        assert!(!chunk.takes(&large) && chunk.takes(&entry("k", &[0; CHUNK_BYTES - 100])));
    }
}
