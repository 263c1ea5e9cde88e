//! One event's object in one pass over its bytes, as nearly all of them are: each field once and of its type.
//!
//! Whatever else there may be (a wrong type, a field twice, an escape in a name, no JSON) answers `None`, and the slow way
//! says what it is. So nothing is refused here, and nothing is taken that the slow way reads otherwise.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::depth;
use super::wire::{Response, Wire};
use crate::reader::MAX_DEPTH;

/// Digits that a double holds exactly, whatever they are.
const EXACT_DIGITS: usize = 15;
/// The powers of ten that a double holds exactly, as far as they are needed.
const POWERS_OF_TEN: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// The event that is all of a text.
pub(super) fn whole(text: &str) -> Option<Wire<'_>> {
    let (mut cursor, mut wire) = (Cursor::new(text), Wire::default());
    cursor.skip_whitespace();
    cursor.object(&mut wire)?;
    cursor.skip_whitespace();
    cursor.is_at_end().then_some(wire)
}

/// A place in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// The fields of the present object that were there, a bit each.
    seen: u32,
    /// Whether a line ended within the present object.
    is_spread: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Cursor<'a> {
        Cursor { text, at: 0, seen: 0, is_spread: false }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.text.len() - self.at
    }

    /// What stands between a place before and here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a byte if it is the next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    #[inline]
    pub(super) fn skip_whitespace(&mut self) {
        while let Some(byte @ (b' ' | b'\n' | b'\r' | b'\t')) = self.peek() {
            self.is_spread |= byte == b'\n';
            self.at += 1;
        }
    }

    /// The rest of the line.
    pub(super) fn line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        self.at += line.len();
        line
    }

    /// The object that begins here, if it ends in this line, and with it all that the line holds; its text.
    pub(super) fn object_of_line(&mut self, wire: &mut Wire<'a>) -> Option<&'a str> {
        let start = self.at;
        self.object(wire)?;
        let text = self.since(start);
        while let Some(b' ' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        (!self.is_spread && matches!(self.peek(), None | Some(b'\n'))).then_some(text)
    }

    /// The JSON value that begins here, whatever it is; where it ends is where the cursor is then.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let value = &rest[..values.byte_offset()];
        self.at += value.len();
        Some(value)
    }

    /// The event that begins here, into an empty one: it is large, and is not moved.
    pub(super) fn object(&mut self, wire: &mut Wire<'a>) -> Option<()> {
        (self.seen, self.is_spread) = (0, false);
        self.expect(b'{')?;
        self.skip_whitespace();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let name = self.name()?;
            self.field(name, wire)?;
            // Mostly nothing stands between two fields but the comma.
            if self.next_are(b",\"") {
                self.at += 1;
                continue;
            }
            self.skip_whitespace();
            if !self.take(b',') {
                return self.expect(b'}');
            }
            self.skip_whitespace();
        }
    }

    #[inline]
    fn next_are(&self, two: &[u8; 2]) -> bool {
        self.text.as_bytes().get(self.at..).and_then(<[u8]>::first_chunk) == Some(two)
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// A field's name and the colon; the next is its value.
    #[inline]
    fn name(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        self.at = plain_end(self.text.as_bytes(), start);
        let name = &self.text.as_bytes()[start..self.at];
        if self.next_are(b"\":") {
            self.at += 2;
        } else {
            self.expect(b'"')?;
            self.skip_whitespace();
            self.expect(b':')?;
        }
        self.skip_whitespace();
        Some(name)
    }

    fn field(&mut self, name: &[u8], wire: &mut Wire<'a>) -> Option<()> {
        match name {
            b"id" => self.text(0, &mut wire.id),
            b"type" => self.text(1, &mut wire.kind),
            b"time" => self.text(2, &mut wire.time),
            b"learner" => self.text(3, &mut wire.learner),
            b"course" => self.text(4, &mut wire.course),
            b"session" => self.text(5, &mut wire.session),
            b"role" => self.text(6, &mut wire.role),
            b"title" => self.text(7, &mut wire.title),
            b"video" => self.text(8, &mut wire.video),
            b"position" => self.number(9, &mut wire.position),
            b"from" => self.number(10, &mut wire.from),
            b"to" => self.number(11, &mut wire.to),
            b"length" => self.number(12, &mut wire.length),
            b"rate" => self.number(13, &mut wire.rate),
            b"quiz" => self.text(14, &mut wire.quiz),
            b"question" => self.text(15, &mut wire.question),
            b"attempt" => self.number(16, &mut wire.attempt),
            b"response" => self.one(17, &mut wire.response, Cursor::response),
            b"correct" => self.one(18, &mut wire.correct, Cursor::truth),
            b"score" => self.number(19, &mut wire.score),
            b"max_score" => self.number(20, &mut wire.max_score),
            b"elapsed" => self.number(21, &mut wire.elapsed),
            b"object" => self.text(22, &mut wire.object),
            b"section" => self.text(23, &mut wire.section),
            b"url" => self.text(24, &mut wire.url),
            _ => self.unknown(),
        }
    }

    /// A text goes to its place at once: one that is handed on first is written and read again.
    fn text(&mut self, bit: u32, slot: &mut Option<Cow<'a, str>>) -> Option<()> {
        self.first(bit)?;
        if self.peek() == Some(b'n') {
            return self.word("null");
        }
        match self.plain()? {
            Ok(plain) => *slot = Some(Cow::Borrowed(plain)),
            Err(start) => *slot = Some(self.escaped(start)?),
        }
        Some(())
    }

    fn number(&mut self, bit: u32, slot: &mut Option<f64>) -> Option<()> {
        self.one(bit, slot, Cursor::double)
    }

    /// Notes that a field is there, if it was not there before.
    #[inline]
    fn first(&mut self, bit: u32) -> Option<()> {
        let before = self.seen;
        self.seen |= 1 << bit;
        (self.seen != before).then_some(())
    }

    /// A field's value, which may be null, if the field was not there before.
    #[inline]
    fn one<T>(&mut self, bit: u32, slot: &mut Option<T>, read: impl Fn(&mut Self) -> Option<T>) -> Option<()> {
        self.first(bit)?;
        if self.peek() != Some(b'n') {
            *slot = Some(read(self)?);
            return Some(());
        }
        self.word("null")
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.as_bytes()[self.at..].starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn unknown(&mut self) -> Option<()> {
        let value = self.value()?;
        self.is_spread |= value.contains('\n');
        let is_flat = !matches!(value.as_bytes().first(), Some(b'{' | b'['));
        (is_flat || depth(value) < MAX_DEPTH).then_some(())
    }

    fn truth(&mut self) -> Option<bool> {
        let truth = self.peek() == Some(b't');
        self.word(if truth { "true" } else { "false" }).map(|()| truth)
    }

    #[inline]
    fn string(&mut self) -> Option<Cow<'a, str>> {
        match self.plain()? {
            Ok(plain) => Some(Cow::Borrowed(plain)),
            Err(start) => self.escaped(start),
        }
    }

    /// A string without escapes, or where one begins in which the cursor is at the first of them.
    #[inline]
    fn plain(&mut self) -> Option<Result<&'a str, usize>> {
        self.expect(b'"')?;
        let (start, end) = (self.at, plain_end(self.text.as_bytes(), self.at));
        self.at = end;
        Some(if self.take(b'"') { Ok(&self.text[start..end]) } else { Err(start - 1) })
    }

    /// The string whose quote stands at `start`, with escapes in it, at the first of which the cursor is.
    fn escaped(&mut self, start: usize) -> Option<Cow<'a, str>> {
        while self.take(b'\\') {
            self.at = plain_end(self.text.as_bytes(), self.at + 1);
        }
        self.expect(b'"')?;
        serde_json::from_str(self.text.get(start..self.at)?).ok().map(Cow::Owned)
    }

    /// A text or a list of texts.
    fn response(&mut self) -> Option<Response<'a>> {
        if !self.take(b'[') {
            return self.string().map(Response::Text);
        }
        let mut list = Vec::new();
        self.skip_whitespace();
        if self.take(b']') {
            return Some(Response::List(list));
        }
        loop {
            list.push(self.string()?);
            self.skip_whitespace();
            if !self.take(b',') {
                return self.expect(b']').map(|()| Response::List(list));
            }
            self.skip_whitespace();
        }
    }

    /// A JSON number as the nearest double, if that is finite.
    fn double(&mut self) -> Option<f64> {
        let start = self.at;
        let is_negative = self.take(b'-');
        let whole = self.at;
        let mut digits = self.digits(0);
        let is_led_by_zero = self.at > whole + 1 && self.text.as_bytes()[whole] == b'0';
        (self.at > whole && !is_led_by_zero).then_some(())?;
        let (mut count, mut decimals) = (self.at - whole, 0);
        if self.take(b'.') {
            let point = self.at;
            digits = self.digits(digits);
            decimals = self.at - point;
            count += decimals;
            (decimals > 0).then_some(())?;
        }
        let is_exact = !self.exponent() && (..=EXACT_DIGITS).contains(&count);
        if !is_exact {
            return self.text[start..self.at].parse().ok().filter(|double: &f64| double.is_finite());
        }
        // Both are exact, so that their quotient is the nearest double.
        let double = digits as f64 / POWERS_OF_TEN[decimals];
        Some(if is_negative { -double } else { double })
    }

    /// Appends the digits that come to a number, which is of use while it is no longer than [`EXACT_DIGITS`].
    #[inline]
    fn digits(&mut self, before: u64) -> u64 {
        let (mut digits, mut at) = (before, self.at);
        while let Some(digit @ b'0'..=b'9') = self.text.as_bytes().get(at) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        self.at = at;
        digits
    }

    /// Whether there is an exponent. One without digits is no number to the standard library, which reads them.
    fn exponent(&mut self) -> bool {
        let is_there = self.take(b'e') || self.take(b'E');
        if is_there {
            let _sign = self.take(b'-') || self.take(b'+');
            self.digits(0);
        }
        is_there
    }
}

/// Where a string stops to be plain: its closing quote, an escape, a control character, or the end. Eight bytes a step.
#[inline]
fn plain_end(bytes: &[u8], start: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = EACH << 7;
    let is_zero = |word: u64| word.wrapping_sub(EACH) & !word;
    let mut at = start;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*eight);
        let quote = is_zero(word ^ (EACH * u64::from(b'"')));
        let escape = is_zero(word ^ (EACH * u64::from(b'\\')));
        let control = word.wrapping_sub(EACH * 0x20) & !word;
        // Of each kind, a byte may be marked that is none only above one that is.
        let marked = (quote | escape | control) & HIGH;
        if marked != 0 {
            return at + marked.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &&u8| !matches!(byte, 0..0x20 | b'"' | b'\\');
    at + bytes.get(at..).map_or(0, |rest| rest.iter().take_while(is_plain).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_plain_up_to_its_quote_an_escape_or_a_control_character_wherever_that_stands() {
        for length in 0..20 {
            for stop in ['"', '\\', '\n', '\u{1f}', '\0'] {
                for plain in ["x", "é", "\u{7f}", "!", " ", "#", "[", "]"] {
                    let text = format!("{}{stop}\"\\\n{}", plain.repeat(length), "y".repeat(9));
                    assert_eq!(plain_end(text.as_bytes(), 0), plain.len() * length, "{text:?}");
                }
            }
        }
        assert_eq!((plain_end(b"abc", 1), plain_end(b"abc", 7)), (3, 7));
    }

    #[test]
    fn numbers_are_those_of_json_and_the_nearest_doubles() {
        let read = |text: &str| {
            let mut cursor = Cursor::new(text);
            cursor.double().filter(|_| cursor.is_at_end())
        };
        for text in [
            "0",
            "-0",
            "7",
            "-12.5",
            "0.1",
            "123456789012345",
            "1234567890123456789",
            "0.000000000000001",
            "1e3",
            "1E-3",
            "2.5e+10",
            "9007199254740993",
            "179.769",
            "1e-400",
            "12345678.1234567",
            "12345678.12345678",
            "18446744073709551616",
            "0.30000000000000004",
            "9.421859468585017",
        ] {
            let expected: f64 = serde_json::from_str(text).unwrap();
            assert_eq!(read(text).map(f64::to_bits), Some(expected.to_bits()), "{text}");
        }
        for text in ["", "-", "+1", "01", "-00", "1.", ".5", "1e", "1e+", "1e400", "-1e400", "NaN", "1x"] {
            assert!(read(text).is_none() && serde_json::from_str::<f64>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_has_no_place_in_an_event_of_one_pass_is_left_to_the_slow_way() {
        assert!(whole(" {\"id\" : \"a\\u00e9\\\"\" , \"x\":[{}],\"correct\":null}\r\n").is_some());
        assert_eq!(whole("{\"id\":\"\\\"a\"}").unwrap().id.as_deref(), Some("\"a"));
        for text in [
            "",
            "[]",
            "{",
            "{}x",
            "{},",
            "{,}",
            "{\"id\"}",
            "{\"id\":}",
            "{\"id\":\"a\",}",
            "{\"id\":\"a\" \"b\":1}",
            "{\"id\":1}",
            "{\"id\":nul}",
            "{\"id\":\"a\",\"id\":\"b\"}",
            "{\"id\":null,\"id\":\"b\"}",
            "{\"i\\u0064\":\"a\"}",
            "{\"id\":\"a\nb\"}",
            "{\"id\":\"\\x\"}",
            "{\"id\":\"\\ud800\"}",
            "{\"id\":\"\\\"}",
            "{\"from\":\"1\"}",
            "{\"correct\":tru}",
            "{\"correct\":1}",
            "{\"response\":[1]}",
            "{\"response\":[\"a\",]}",
            "{\"x\":}",
            "{x:1}",
        ] {
            assert!(whole(text).is_none(), "{text}");
        }
    }
}
