//! Ids: events, learners' pseudonyms and their buckets.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::event::SourceId;

/// 128 bits that name one act of one learner, however often and by whatever way it is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// The first 128 bits of HMAC-SHA-256(tenant key, learner id ‖ n): a learner, as everything after the collector
/// knows them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

/// The first 12 bits of a pseudonym, for ever: the partition key of the learner's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(pub u16);

impl Pseudonym {
    /// The learner's bucket.
    pub fn bucket(&self) -> Bucket {
        Bucket(u16::from_be_bytes([self.0[0], self.0[1]]) >> 4)
    }

    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Pseudonym> {
        from_hex(text).map(Pseudonym)
    }
}

impl EventId {
    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<EventId> {
        from_hex(text).map(EventId)
    }

    /// The id of an act (METRICS.md, Identity): SHA-256 over the length-prefixed parts, first 16 bytes. The learner is
    /// the pseudonym, so that the id gives nobody's raw id away.
    pub fn of(
        tenant: &str,
        learner: &Pseudonym,
        type_name: &str,
        object: &str,
        time_millis: Option<i64>,
        source_id: &SourceId,
    ) -> EventId {
        let mut hash = Sha256::new();
        for part in [tenant.as_bytes(), &learner.0, type_name.as_bytes(), object.as_bytes()] {
            hash_part(&mut hash, part);
        }
        match time_millis {
            Some(millis) => hash_part(&mut hash, &millis.to_be_bytes()),
            None => hash_part(&mut hash, &[]),
        }
        match source_id {
            SourceId::Given(id) => hash_part(&mut hash, id.as_bytes()),
            SourceId::Content(digest) => {
                hash.update(u64::MAX.to_be_bytes());
                hash.update(digest);
            }
        }
        EventId(first_16(&hash.finalize()))
    }
}

impl Bucket {
    /// How many buckets there are.
    pub const COUNT: u16 = 4096;

    /// The partition key that the stream sees: three hexadecimal digits.
    pub fn partition_key(self) -> String {
        format!("{:03x}", self.0)
    }

    /// Reads a partition key of ours; `None` for any other text.
    pub fn from_partition_key(key: &str) -> Option<Bucket> {
        let digits = key.len() == 3 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then(|| u16::from_str_radix(key, 16).ok().map(Bucket)).flatten()
    }
}

/// The first 16 bytes of a digest.
pub fn first_16(digest: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    first
}

fn hash_part(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

fn write_hex(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0u8; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_the_first_twelve_bits_and_its_key_reads_back() {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&[0xab, 0xcd]);
        let bucket = Pseudonym(bytes).bucket();
        assert_eq!(bucket, Bucket(0xabc));
        assert_eq!(bucket.partition_key(), "abc");
        assert_eq!(Bucket::from_partition_key("abc"), Some(bucket));
        assert_eq!(Bucket::from_partition_key("ABC"), None);
        assert_eq!(Bucket::from_partition_key("abcd"), None);
    }

    #[test]
    fn hex_reads_back_and_refuses_other_text() {
        let id = EventId([7; 16]);
        assert_eq!(EventId::from_hex(&id.to_string()), Some(id));
        assert_eq!(EventId::from_hex("é7070707070707070707070707070707"), None);
        assert_eq!(EventId::from_hex("07"), None);
    }

    #[test]
    fn every_part_of_an_act_changes_its_id() {
        let given = |id: &str| SourceId::Given(id.to_string());
        let learner = Pseudonym([1; 16]);
        let base = EventId::of("t", &learner, "video.played", "v", Some(1), &given("a"));
        let others = [
            EventId::of("u", &learner, "video.played", "v", Some(1), &given("a")),
            EventId::of("t", &Pseudonym([2; 16]), "video.played", "v", Some(1), &given("a")),
            EventId::of("t", &learner, "video.paused", "v", Some(1), &given("a")),
            EventId::of("t", &learner, "video.played", "w", Some(1), &given("a")),
            EventId::of("t", &learner, "video.played", "v", None, &given("a")),
            EventId::of("t", &learner, "video.played", "v", Some(1), &given("b")),
            EventId::of("t", &learner, "video.played", "v", Some(1), &SourceId::Content([0; 16])),
        ];
        for other in others {
            assert_ne!(base, other);
        }
        assert_eq!(base, EventId::of("t", &learner, "video.played", "v", Some(1), &given("a")));
    }
}
