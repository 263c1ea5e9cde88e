//! A record's texts, each once; digits of UUIDs and hashes by two a byte.

use std::num::NonZeroU32;

use super::RecordError;
use super::distinct::Distinct;
use crate::ids::{Uuid, of_digits};
use crate::packing::{Input, varint};

const PLAIN: u64 = 0;
const HEX: u64 = 1;
const UUID: u64 = 2;
const KIND_BITS: u32 = 2;
/// So few digits are not worth a look.
const LEAST_DIGITS: usize = 8;

/// A text of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(NonZeroU32);

impl Symbol {
    pub(super) const FIRST: Symbol = Symbol(NonZeroU32::MIN);

    /// A number for the symbol, not zero.
    pub(super) fn code(self) -> u32 {
        self.0.get()
    }

    /// The symbol of a code; none of zero.
    pub(super) fn of_code(code: u32) -> Option<Symbol> {
        NonZeroU32::new(code).map(Symbol)
    }

    pub(super) fn new(index: usize) -> Symbol {
        Symbol(NonZeroU32::MIN.saturating_add(index as u32))
    }

    /// Its place among the record's texts, from 0.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Gives each distinct text a symbol, in the order in which they come.
#[derive(Default)]
pub(super) struct Interner<'a>(Distinct<&'a str>);

impl<'a> Interner<'a> {
    pub(super) fn symbol(&mut self, text: &'a str) -> Symbol {
        Symbol::new(self.0.place(text))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many, then each one's length and kind, then all their bytes, which are gathered in an empty list.
    pub(super) fn write(&self, out: &mut Vec<u8>, bytes: &mut Vec<u8>) {
        let texts = self.0.values();
        varint(out, texts.len() as u64);
        for text in texts {
            let before = bytes.len();
            let kind = pack(text, bytes);
            varint(out, ((bytes.len() - before) as u64) << KIND_BITS | kind);
        }
        out.extend_from_slice(bytes);
    }
}

fn pack(text: &str, out: &mut Vec<u8>) -> u64 {
    if let Some(uuid) = Uuid::parse(text) {
        out.extend_from_slice(&uuid.0);
        return UUID;
    }
    let digits = text.as_bytes();
    // Most texts are none of digits, which their beginning tells.
    if digits.len().is_multiple_of(2) && digits.first_chunk().is_some_and(are_digits) {
        let before = out.len();
        out.resize(before + digits.len() / 2, 0);
        if of_digits(digits, &mut out[before..]) {
            return HEX;
        }
        out.truncate(before);
    }
    out.extend_from_slice(digits);
    PLAIN
}

fn are_digits(digits: &[u8; LEAST_DIGITS]) -> bool {
    of_digits(digits, &mut [0; LEAST_DIGITS / 2])
}

/// The texts of a record that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Texts {
    all: String,
    /// Where each begins, and the end of the last.
    starts: Vec<u32>,
    longest: usize,
}

impl Texts {
    /// How many.
    pub fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// One of them.
    #[inline]
    pub fn get(&self, symbol: Symbol) -> &str {
        let (start, end) = (self.starts[symbol.index()], self.starts[symbol.index() + 1]);
        &self.all[start as usize..end as usize]
    }

    /// The bytes of the longest.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    pub(super) fn symbol(&self, index: u64) -> Result<Symbol, RecordError> {
        if index < self.count() as u64 {
            Ok(Symbol::new(index as usize))
        } else {
            Err(RecordError::Damaged("a text's index"))
        }
    }

    pub(super) fn read(input: &mut Input<'_>, most: usize) -> Result<Texts, RecordError> {
        let count = input.count(1)?;
        if count > most {
            return Err(RecordError::Damaged("a count"));
        }
        let mut codes = input.varints(count)?;
        let mut all = Vec::with_capacity(32 * count);
        let mut starts = Vec::with_capacity(count + 1);
        let mut longest = 0;
        starts.push(0);
        for _ in 0..count {
            let code = codes.varint()?;
            let length = usize::try_from(code >> KIND_BITS).map_err(|_| RecordError::Damaged("a text's length"))?;
            let before = all.len();
            unpack(code & ((1 << KIND_BITS) - 1), input.take(length)?, &mut all)?;
            longest = longest.max(all.len() - before);
            starts.push(all.len() as u32);
        }
        // What is UTF-8 as a whole, and begins a character where a text begins, is texts of UTF-8.
        let all = String::from_utf8(all).ok().filter(|all| {
            let is_start = |start: &u32| all.is_char_boundary(*start as usize);
            all.is_ascii() || starts.iter().all(is_start)
        });
        Ok(Texts { all: all.ok_or(RecordError::Damaged("a text"))?, starts, longest })
    }
}

/// Each byte as two digits.
const DIGITS: [[u8; 2]; 256] = {
    const ALL: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [ALL[byte >> 4], ALL[byte & 15]];
        byte += 1;
    }
    digits
};

fn unpack(kind: u64, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), RecordError> {
    match kind {
        PLAIN => out.extend_from_slice(bytes),
        HEX => push_digits(bytes, out),
        UUID => {
            let bytes: &[u8; 16] = bytes.try_into().map_err(|_| RecordError::Damaged("a UUID"))?;
            push_digits(&bytes[..4], out);
            for part in [&bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]] {
                out.push(b'-');
                push_digits(part, out);
            }
        }
        _ => return Err(RecordError::Damaged("a text's kind")),
    }
    Ok(())
}

#[inline]
fn push_digits(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    let (pairs, _) = out[start..].as_chunks_mut();
    pairs.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = DIGITS[usize::from(*byte)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_texts_are_read_as_there_may_be_and_the_longest_is_known() {
        let mut interner = Interner::default();
        for text in ["ab", "cde", "fg", "ab"] {
            interner.symbol(text);
        }
        let mut stored = Vec::new();
        interner.write(&mut stored, &mut Vec::new());
        let texts = Texts::read(&mut Input::new(&stored), 3).expect("three are read");
        assert_eq!((texts.count(), texts.longest()), (3, 3));
        assert_eq!(texts.symbol(2).map(|symbol| texts.get(symbol)), Ok("fg"));
        assert_eq!(texts.symbol(3), Err(RecordError::Damaged("a text's index")));
        assert_eq!(Texts::read(&mut Input::new(&stored), 2), Err(RecordError::Damaged("a count")));
    }

    #[test]
    fn each_text_is_utf_8_by_itself() {
        let read = |texts: [&[u8]; 2]| {
            let mut stored = Vec::new();
            varint(&mut stored, 2);
            texts.iter().for_each(|text| varint(&mut stored, (text.len() as u64) << KIND_BITS | PLAIN));
            let texts = Texts::read(&mut Input::new(&[stored, texts.concat()].concat()), 2)?;
            let text = |at| texts.symbol(at).map(|symbol| texts.get(symbol).to_string());
            Ok([text(0)?, text(1)?])
        };
        let refused = Err(RecordError::Damaged("a text"));
        assert_eq!(read(["é".as_bytes(), b"e"]), Ok(["é".into(), "e".into()]));
        assert_eq!(read([b"\xc3", b"\xa9"]), refused);
        assert_eq!(read([b"e\xc3", b"\xa9e"]), refused);
        assert_eq!(read([b"e", b"\xa9"]), refused);
    }

    #[test]
    fn eight_digits_and_more_take_half_their_bytes_where_they_come_in_pairs() {
        let packed = |text: &str| {
            let mut out = Vec::new();
            (pack(text, &mut out), out.len())
        };
        assert_eq!([packed("deadbeef"), packed("0123456789")], [(HEX, 4), (HEX, 5)]);
        assert_eq!([packed("abcdef"), packed("deadbeef0"), packed("deadbeeg")], [(PLAIN, 6), (PLAIN, 9), (PLAIN, 8)]);
        assert_eq!(packed("fedcba98-7654-4210-8fed-cba987654321"), (UUID, 16));
    }
}
