//! The stored form of an item's content.
//!
//! Version 1: a byte `1`; the number of watermarks as a big-endian u32; of each, in order of shard, the length of the
//! shard's name as a big-endian u32, the name, the length of the sequence number as a byte, its big-endian bytes; then
//! the value, to the end.

use trilha_schemas::sequence::SequenceNumber;

use crate::port::Watermarks;

const VERSION: u8 = 1;

/// An item without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) watermarks: Watermarks,
    pub(crate) value: Vec<u8>,
}

/// Writes a content; within the table's limits no length exceeds its field.
pub(crate) fn encode(content: &Content, into: &mut Vec<u8>) {
    into.clear();
    into.push(VERSION);
    into.extend((content.watermarks.iter().count() as u32).to_be_bytes());
    for (shard, number) in content.watermarks.iter() {
        into.extend((shard.len() as u32).to_be_bytes());
        into.extend(shard.as_bytes());
        let number = number.to_stored();
        into.push(number.len() as u8);
        into.extend(number);
    }
    into.extend(&content.value);
}

/// Reads a content; `None` when the bytes are none of ours.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Content> {
    let [VERSION] = take(&mut bytes, 1)? else { return None };
    let count = take_u32(&mut bytes)?;
    let watermarks = (0..count).map(|_| take_watermark(&mut bytes)).collect::<Option<Watermarks>>()?;
    Some(Content { watermarks, value: bytes.to_vec() })
}

fn take_watermark(bytes: &mut &[u8]) -> Option<(String, SequenceNumber)> {
    let name_bytes = take_u32(bytes)?;
    let shard = std::str::from_utf8(take(bytes, name_bytes)?).ok()?.to_string();
    let number_bytes = *take(bytes, 1)?.first()?;
    Some((shard, SequenceNumber::from_stored(take(bytes, number_bytes.into())?)?))
}

fn take_u32(bytes: &mut &[u8]) -> Option<usize> {
    let field = take(bytes, 4)?;
    usize::try_from(u32::from_be_bytes(field.try_into().ok()?)).ok()
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        let number = SequenceNumber::parse("49590338271490256608559692538361571095921575989136588898").unwrap();
        let watermarks = [("a:shardId-000000000001".to_string(), number), ("b".to_string(), SequenceNumber::ZERO)];
        Content { watermarks: watermarks.into_iter().collect(), value: vec![0, 1, 255] }
    }

    #[test]
    fn a_content_reads_back() {
        let mut bytes = Vec::new();
        for content in [content(), Content { watermarks: Watermarks::default(), value: Vec::new() }] {
            encode(&content, &mut bytes);
            assert_eq!(decode(&bytes), Some(content));
        }
    }

    #[test]
    fn version_one_is_read_for_ever() {
        let stored = [1, 0, 0, 0, 1, 0, 0, 0, 2, b's', b'0', 2, 3, 232, b'v'];
        let watermarks = [("s0".to_string(), SequenceNumber::parse("1000").unwrap())].into_iter().collect();
        assert_eq!(decode(&stored), Some(Content { watermarks, value: vec![b'v'] }));
    }

    #[test]
    fn other_versions_and_cut_bytes_are_refused() {
        let mut bytes = Vec::new();
        encode(&content(), &mut bytes);
        let head = bytes.len() - content().value.len();
        (0..head).for_each(|cut| assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}"));
        bytes[0] = 2;
        assert_eq!(decode(&bytes), None);
    }
}
