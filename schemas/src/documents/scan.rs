//! Finds where a JSON object or array ends, byte by byte, and stops at the first byte that cannot belong to one.

/// How far a scan came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All bytes belong to the document so far.
    More,
    /// The document ends before this many of the bytes just fed.
    Done(usize),
    /// What was fed is no JSON.
    Broken,
    /// It is nested so deep that where it ends is no longer looked for.
    Bottomless,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    Literal,
    String { escaped: bool },
}

/// The state between two feeds. Scalars are taken loosely: the parser that follows checks them.
pub(super) struct Scanner {
    /// Of each open bracket, whether it is an object's.
    open: Vec<bool>,
    expect: Expect,
    token: Token,
    deepest: usize,
    looked_at: usize,
}

/// Beyond this depth a scan gives up.
const BOTTOM: usize = 256;

impl Scanner {
    pub(super) fn new() -> Scanner {
        Scanner { open: Vec::new(), expect: Expect::Value, token: Token::None, deepest: 0, looked_at: 0 }
    }

    /// The deepest nesting so far.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    /// How many bytes it went over.
    pub(super) fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// Takes the next bytes of a document that starts with a bracket.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        let (progress, end) = self.scan(bytes);
        self.looked_at += end;
        progress
    }

    /// How far it came, and where that is.
    fn scan(&mut self, bytes: &[u8]) -> (Progress, usize) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match self.push(*byte) {
                Progress::More => {}
                Progress::Done(_) => return (Progress::Done(at), at),
                other => return (other, at),
            }
            if self.token == (Token::String { escaped: false }) {
                at += bytes[at..].iter().take_while(|byte| is_plain(**byte)).count();
            }
        }
        (Progress::More, at)
    }

    fn push(&mut self, byte: u8) -> Progress {
        match self.token {
            Token::String { escaped: true } => self.token = Token::String { escaped: false },
            Token::String { .. } => match byte {
                b'\\' => self.token = Token::String { escaped: true },
                b'"' => self.token = Token::None,
                0..0x20 => return Progress::Broken,
                _ => {}
            },
            Token::Literal if is_scalar(byte) => {}
            Token::Literal | Token::None => {
                self.token = Token::None;
                return self.structure(byte);
            }
        }
        Progress::More
    }

    fn structure(&mut self, byte: u8) -> Progress {
        use Expect::{Colon, CommaOrEnd, Key, KeyOrEnd, Value, ValueOrEnd};
        let in_object = self.open.last() == Some(&true);
        match (self.expect, byte) {
            (_, b' ' | b'\t' | b'\n' | b'\r') => {}
            (Value | ValueOrEnd, b'{') => return self.enter(true, KeyOrEnd),
            (Value | ValueOrEnd, b'[') => return self.enter(false, ValueOrEnd),
            (KeyOrEnd, b'}') => return self.leave(),
            (CommaOrEnd, b'}') if in_object => return self.leave(),
            (ValueOrEnd, b']') => return self.leave(),
            (CommaOrEnd, b']') if !in_object => return self.leave(),
            (Value | ValueOrEnd, b'"') => (self.token, self.expect) = (Token::String { escaped: false }, CommaOrEnd),
            (Key | KeyOrEnd, b'"') => (self.token, self.expect) = (Token::String { escaped: false }, Colon),
            (Colon, b':') => self.expect = Value,
            (CommaOrEnd, b',') => self.expect = if in_object { Key } else { Value },
            (Value | ValueOrEnd, byte) if is_scalar(byte) => (self.token, self.expect) = (Token::Literal, CommaOrEnd),
            _ => return Progress::Broken,
        }
        Progress::More
    }

    fn enter(&mut self, is_object: bool, expect: Expect) -> Progress {
        self.open.push(is_object);
        self.expect = expect;
        self.deepest = self.deepest.max(self.open.len());
        if self.deepest > BOTTOM { Progress::Bottomless } else { Progress::More }
    }

    fn leave(&mut self) -> Progress {
        self.open.pop();
        self.expect = Expect::CommaOrEnd;
        if self.open.is_empty() { Progress::Done(0) } else { Progress::More }
    }
}

/// Whether a byte inside a string needs no look.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Progress) {
        assert_eq!(Scanner::new().feed(text.as_bytes()), expected, "{text}");
        let mut scanner = Scanner::new();
        let steps: Vec<Progress> = text.bytes().map(|byte| scanner.feed(&[byte])).collect();
        let end = steps.iter().position(|step| *step != Progress::More);
        match expected {
            Progress::Done(length) => assert_eq!(end, Some(length - 1), "{text}"),
            Progress::More => assert_eq!(end, None, "{text}"),
            _ => assert_eq!(end.map(|end| steps[end]), Some(expected), "{text}"),
        }
    }

    #[test]
    fn a_document_ends_with_its_last_bracket() {
        check(r#"{"a":[1,-2.5e+3,{"b":"}\"]"},[],{}],"c":true} {"#, Progress::Done(45));
        check("[\n1 ,\n\"x\"\n]", Progress::Done(11));
        check(r#"{"a": {"b": 1}"#, Progress::More);
    }

    #[test]
    fn what_is_no_json_stops_the_scan_at_once() {
        for text in [
            "{1}",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "{\"a\":1]",
            "[1}",
            "{\"a\":1\n{",
            "{\"a\n",
            "[,1]",
            "{\"a\":}",
            "{\"a\":1\"b\"",
            "[}",
        ] {
            check(text, Progress::Broken);
        }
        check(&"[".repeat(BOTTOM), Progress::More);
        check(&"[".repeat(BOTTOM + 1), Progress::Bottomless);
    }
}
