//! Packed integers, a few at a time. Most take a byte to four; how many, no branch asks.

use trilha_schemas::packing::{varint, zigzagged};

/// What is on its way out; the first byte is the lowest.
pub(super) struct Integers {
    bytes: u128,
    count: usize,
}

impl Integers {
    /// A byte, and what is to come after it.
    pub(super) fn after(byte: u8) -> Integers {
        Integers { bytes: byte.into(), count: 1 }
    }

    /// A signed integer, zigzag, LEB128.
    #[inline]
    pub(super) fn zigzag(&mut self, out: &mut Vec<u8>, value: i64) {
        let value = zigzagged(value);
        if value >= 1 << 28 {
            self.flush(out);
            return varint(out, value);
        }
        if self.count > 12 {
            self.flush(out);
        }
        let value = value as u32;
        let spread = value & 0x7f | (value & 0x3f80) << 1 | (value & 0x1f_c000) << 2 | (value & 0xfe0_0000) << 3;
        let count = (31 - (value | 1).leading_zeros()) / 7 + 1;
        let more = 0x80_8080 & ((1 << (8 * (count - 1))) - 1);
        self.bytes |= u128::from(spread | more) << (8 * self.count);
        self.count += count as usize;
    }

    /// Writes what is not written yet.
    #[inline]
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        let length = out.len() + self.count;
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.truncate(length);
        (self.bytes, self.count) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use trilha_schemas::packing::zigzag;

    use super::*;

    #[test]
    fn integers_are_written_as_everywhere() {
        let around = (0..64).flat_map(|bits| [-2, -1, 0, 1, 2].map(|more| (1i64 << bits).wrapping_add(more)));
        let values: Vec<i64> = around.flat_map(|value| [value, value.wrapping_neg()]).collect();
        for some in values.windows(9) {
            let (mut out, mut plain) = (Vec::new(), vec![7]);
            let mut integers = Integers::after(7);
            some.iter().for_each(|value| integers.zigzag(&mut out, *value));
            integers.flush(&mut out);
            some.iter().for_each(|value| zigzag(&mut plain, *value));
            assert_eq!(out, plain, "{some:?}");
        }
    }
}
