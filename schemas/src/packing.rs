//! Packed integers and lengths: what stream records and stored items are made of.

use thiserror::Error;

/// The bytes are cut, flipped or hostile; says at what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("damaged: {0}")]
pub struct Damaged(pub &'static str);

/// Bytes being read, every length checked against what is left.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Reads from the start.
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(bytes)
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Damaged("it is cut"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Damaged> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A fixed number of bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// LEB128, at most 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Damaged> {
        let mut length = 0;
        let value = varint_at(self.0, &mut length)?;
        self.0 = &self.0[length..];
        Ok(value)
    }

    /// A signed integer, zigzag.
    pub fn zigzag(&mut self) -> Result<i64, Damaged> {
        self.varint().map(unzigzagged)
    }

    /// The bytes of so many LEB128 integers, unread.
    pub fn varints(&mut self, count: usize) -> Result<Input<'a>, Damaged> {
        let (mut left, mut length) = (count, 0);
        // Each integer ends with the one byte of it that is below 0x80.
        while left >= 16 {
            let (some, _) = self.0[length..].split_first_chunk::<16>().ok_or(Damaged("it is cut"))?;
            left -= usize::from(some.iter().map(|byte| u8::from(*byte < 0x80)).sum::<u8>());
            length += 16;
        }
        while left > 0 {
            let byte = self.0.get(length).ok_or(Damaged("it is cut"))?;
            left -= usize::from(*byte < 0x80);
            length += 1;
        }
        self.take(length).map(Input)
    }

    /// A little-endian double.
    pub fn double(&mut self) -> Result<f64, Damaged> {
        self.array().map(f64::from_le_bytes)
    }

    /// A count of things that take at least `least_bytes` each.
    pub fn count(&mut self, least_bytes: usize) -> Result<usize, Damaged> {
        let count = self.varint()?;
        let most = self.0.len() / least_bytes;
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(Damaged("a count"))
    }

    /// A count of things that take at least `least_bytes` each, of which there may be so many.
    pub fn count_up_to(&mut self, least_bytes: usize, most: usize) -> Result<usize, Damaged> {
        let count = self.count(least_bytes)?;
        if count <= most { Ok(count) } else { Err(Damaged("a count")) }
    }

    /// A text after its length.
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.count(1)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Damaged("a text"))
    }
}

/// The LEB128 integer at a place among bytes, of at most 64 bits; the place moves behind it. Most take a byte or two.
#[inline(always)]
pub(crate) fn varint_at(bytes: &[u8], at: &mut usize) -> Result<u64, Damaged> {
    let Some(one) = bytes.get(*at) else { return Err(Damaged("it is cut")) };
    if *one < 0x80 {
        *at += 1;
        return Ok(u64::from(*one));
    }
    match bytes.get(*at + 1) {
        Some(two) if *two < 0x80 => {
            *at += 2;
            Ok(u64::from(one & 0x7f) | u64::from(*two) << 7)
        }
        _ => long_varint(bytes, at),
    }
}

#[inline(never)]
fn long_varint(bytes: &[u8], at: &mut usize) -> Result<u64, Damaged> {
    let bytes = bytes.get(*at..).unwrap_or_default();
    let mut value = 0u64;
    for (byte, shift) in bytes.iter().zip((0..64).step_by(7)) {
        let part = u64::from(byte & 0x7f);
        if shift == 63 && part > 1 {
            break;
        }
        value |= part << shift;
        *at += 1;
        if *byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Damaged(if bytes.len() < 10 { "it is cut" } else { "an integer over 64 bits" }))
}

/// LEB128.
#[inline]
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A signed integer, zigzag.
#[inline]
pub fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, zigzagged(value));
}

/// A signed integer with its sign in the lowest bit.
pub fn zigzagged(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// What [`zigzagged`] made.
pub fn unzigzagged(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Bytes after their length.
pub fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn integers_take_as_few_bytes_as_they_need_and_read_back() {
        for (value, expected) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0x80, 1]),
            (300, &[0xac, 2]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 1]),
            (u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] {
            assert_eq!(written(|out| varint(out, value)), expected);
            assert_eq!(Input::new(expected).varint(), Ok(value));
        }
        for (value, expected) in [(0, &[0][..]), (-1, &[1]), (1, &[2]), (-64, &[0x7f]), (64, &[0x80, 1])] {
            assert_eq!(written(|out| zigzag(out, value)), expected);
            assert_eq!(Input::new(expected).zigzag(), Ok(value));
        }
        for value in [i64::MIN, i64::MAX] {
            assert_eq!(Input::new(&written(|out| zigzag(out, value))).zigzag(), Ok(value));
        }
    }

    #[test]
    fn an_integer_over_64_bits_is_refused() {
        let over = Err(Damaged("an integer over 64 bits"));
        assert_eq!(Input::new(&[&[0xff; 9][..], &[2]].concat()).varint(), over);
        assert_eq!(Input::new(&[0x80; 10]).varint(), over);
        for cut in [&[][..], &[0x80], &[0x80; 2], &[0xff; 9]] {
            assert_eq!(Input::new(cut).varint(), Err(Damaged("it is cut")));
        }
    }

    #[test]
    fn integers_that_are_not_read_yet_are_told_apart_by_their_last_bytes() {
        let column = |count: u64| written(|out| (0..count).for_each(|value| varint(out, value * 29)));
        for count in [0, 1, 7, 8, 9, 31, 32, 33, 100] {
            let (column, behind) = (column(count), column(count + 40));
            let mut input = Input::new(&behind);
            assert_eq!(input.varints(count as usize).map(|read| read.rest()), Ok(&column[..]), "{count}");
            assert_eq!(input.varint(), Ok(count * 29));
            assert_eq!(Input::new(&column).varints(count as usize + 1).err(), Some(Damaged("it is cut")));
        }
    }

    #[test]
    fn what_is_claimed_is_checked_against_what_is_left() {
        assert_eq!(Input::new(&[2, 0, 0, 0, 0]).count(2), Ok(2));
        assert_eq!(Input::new(&[3, 0, 0, 0, 0, 0]).count(2), Err(Damaged("a count")));
        assert_eq!(Input::new(&[0]).count(1), Ok(0));
        assert_eq!(Input::new(&written(|out| bytes(out, "é".as_bytes()))).text(), Ok("é"));
        assert_eq!(Input::new(&[2, b'a']).text(), Err(Damaged("a count")));
        assert_eq!(Input::new(&[1, 0xff]).text(), Err(Damaged("a text")));
        assert_eq!(Input::new(&[0; 7]).double(), Err(Damaged("it is cut")));
        assert_eq!(Input::new(&1.5f64.to_le_bytes()).double(), Ok(1.5));
        let mut input = Input::new(&[1, 2, 3]);
        assert_eq!((input.take(2), input.rest()), (Ok(&[1, 2][..]), &[3][..]));
        assert_eq!((input.byte(), input.byte()), (Ok(3), Err(Damaged("it is cut"))));
    }
}
