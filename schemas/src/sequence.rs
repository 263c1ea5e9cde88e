//! Sequence numbers: decimal strings of up to 129 digits, compared as fixed-width big-endian bytes.

use std::fmt;

use thiserror::Error;

/// 54 bytes hold any number of 129 decimal digits (429 bits).
const WIDTH: usize = 54;
const MAX_DIGITS: usize = 129;

/// The position of a record in its shard. Ordered as the number; only numbers of one shard compare meaningfully.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber([u8; WIDTH]);

/// Why a text is no sequence number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SequenceNumberError {
    /// Empty, or longer than 129 digits.
    #[error("a sequence number has 1 to 129 digits, not {0}")]
    Length(usize),
    /// A character that is no decimal digit.
    #[error("a sequence number is made of decimal digits")]
    Digit,
}

impl SequenceNumber {
    /// Before every record.
    pub const ZERO: SequenceNumber = SequenceNumber([0; WIDTH]);

    /// Reads decimal digits; leading zeros change nothing.
    pub fn parse(text: &str) -> Result<SequenceNumber, SequenceNumberError> {
        if text.is_empty() || text.len() > MAX_DIGITS {
            return Err(SequenceNumberError::Length(text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(SequenceNumberError::Digit);
        }
        Ok(SequenceNumber(to_bytes(text.as_bytes())))
    }

    /// The number as big-endian bytes without leading zeros: its stored form.
    pub fn to_stored(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        &self.0[zeros..]
    }

    /// From the stored form; `None` when it is too long.
    pub fn from_stored(bytes: &[u8]) -> Option<SequenceNumber> {
        let mut number = [0; WIDTH];
        number.get_mut(WIDTH.checked_sub(bytes.len())?..)?.copy_from_slice(bytes);
        Some(SequenceNumber(number))
    }
}

/// Nine digits at a time into 32-bit limbs, least significant first.
fn to_bytes(digits: &[u8]) -> [u8; WIDTH] {
    const LIMBS: usize = WIDTH.div_ceil(4);
    let mut limbs = [0u32; LIMBS];
    let mut used = 0;
    let first = digits.len() % 9;
    let (head, tail) = digits.split_at(first);
    for chunk in std::iter::once(head).chain(tail.chunks(9)).filter(|chunk| !chunk.is_empty()) {
        let scale = 10u64.pow(chunk.len() as u32);
        let mut carry = chunk.iter().fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        for limb in &mut limbs[..used] {
            let value = u64::from(*limb) * scale + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs[used] = carry as u32;
            used += 1;
        }
    }
    let mut bytes = [0; WIDTH];
    for (at, byte) in bytes.iter_mut().rev().enumerate() {
        *byte = (limbs[at / 4] >> (8 * (at % 4))) as u8;
    }
    bytes
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = self.0;
        let mut groups = Vec::new();
        while number.iter().any(|byte| *byte != 0) {
            let mut rest = 0u64;
            for byte in &mut number {
                let value = (rest << 8) | u64::from(*byte);
                *byte = (value / 1_000_000_000) as u8;
                rest = value % 1_000_000_000;
            }
            groups.push(rest);
        }
        let Some(first) = groups.pop() else { return f.write_str("0") };
        write!(f, "{first}")?;
        groups.iter().rev().try_for_each(|group| write!(f, "{group:09}"))
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> SequenceNumber {
        SequenceNumber::parse(text).unwrap()
    }

    #[test]
    fn bad_texts_are_refused() {
        assert_eq!(SequenceNumber::parse(""), Err(SequenceNumberError::Length(0)));
        assert_eq!(SequenceNumber::parse(&"9".repeat(130)), Err(SequenceNumberError::Length(130)));
        assert_eq!(SequenceNumber::parse("12a"), Err(SequenceNumberError::Digit));
        assert!(SequenceNumber::parse(&"9".repeat(129)).is_ok());
    }

    #[test]
    fn fifty_six_digits_that_no_double_tells_apart_stay_apart() {
        let one = parse("49590338271490256608559692538361571095921575989136588898");
        let next = parse("49590338271490256608559692538361571095921575989136588899");
        assert!(one < next);
        assert!(parse("9") < parse("10"));
        assert_eq!(parse("007"), parse("7"));
    }

    #[test]
    fn the_stored_form_is_big_endian_without_leading_zeros() {
        assert_eq!(SequenceNumber::ZERO.to_string(), "0");
        assert_eq!(SequenceNumber::ZERO.to_stored(), [0u8; 0]);
        assert_eq!(parse("0"), SequenceNumber::ZERO);
        assert_eq!(parse("4294967296").to_stored(), [1, 0, 0, 0, 0]);
        assert_eq!(parse("1000000000000000000").to_string(), "1000000000000000000");
        assert_eq!(SequenceNumber::from_stored(&[1; WIDTH]), Some(SequenceNumber([1; WIDTH])));
        assert_eq!(SequenceNumber::from_stored(&[1; WIDTH + 1]), None);
    }

    proptest! {
        #[test]
        fn text_and_stored_form_read_back_and_order_is_numeric(a in "[1-9][0-9]{0,128}", b in "[1-9][0-9]{0,128}") {
            let (x, y) = (parse(&a), parse(&b));
            prop_assert_eq!(x.to_string(), a.clone());
            prop_assert_eq!(SequenceNumber::from_stored(x.to_stored()), Some(x));
            prop_assert_eq!(x.cmp(&y), (a.len(), &a).cmp(&(b.len(), &b)));
        }
    }
}
