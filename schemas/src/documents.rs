//! Splits a file of events into documents, as a stream: one a line, one array of them, or objects spread over lines.
//!
//! The reader holds one document at a time. A line that is no JSON becomes a document that does not parse; it never ends
//! the run. Blank lines and lines that start with `#` are no documents.

use std::io::{self, BufRead};

use serde_json::Value;

use crate::event::{Protocol, SentEvent};
use crate::reader::{Code, MAX_DEPTH, Read, Refusal};

mod scan;

use scan::{Progress, Scanner};

/// The largest document; a larger one is refused without being kept.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// One document of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The line on which it starts, from 1.
    pub line: u64,
    /// Its bytes, without what stands around it; of one that is no JSON its first line, and of a refused one 1 MiB at most.
    pub bytes: Vec<u8>,
    problem: Option<Problem>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    TooDeep,
    TooLarge,
}

impl Document {
    /// The document as JSON.
    ///
    /// # Errors
    /// A refusal that names the line: not JSON, nested too deep, or too large.
    pub fn parse(&self) -> Result<Value, Refusal> {
        let refuse = |code, what: String| Refusal::new(code, "", format!("line {}: {what}", self.line));
        match self.problem {
            Some(Problem::TooDeep) => Err(refuse(Code::TooDeep, format!("JSON nested more than {MAX_DEPTH} deep"))),
            Some(Problem::TooLarge) => Err(refuse(Code::TooLarge, format!("longer than {MAX_DOCUMENT_BYTES} bytes"))),
            None => serde_json::from_slice(&self.bytes)
                .map_err(|error| refuse(Code::InvalidJson, format!("not JSON: {error}"))),
        }
    }

    /// The events of the document, or why there are none.
    pub fn read(&self, protocol: Protocol) -> Read {
        if protocol == Protocol::Native && self.problem.is_none() {
            return vec![self.read_native()];
        }
        match (self.parse(), protocol) {
            (Err(refusal), _) => vec![Err(refusal)],
            (Ok(document), Protocol::Xapi) => crate::xapi::read(&document),
            (Ok(document), Protocol::Caliper) => crate::caliper::read(&document),
            (Ok(document), Protocol::Edx) => crate::edx::read_value(&document),
            (Ok(_), Protocol::Native) => vec![self.read_native()],
        }
    }

    fn read_native(&self) -> Result<SentEvent, Refusal> {
        let text = std::str::from_utf8(&self.bytes);
        let text = text.map_err(|_| Refusal::new(Code::InvalidJson, "", format!("line {}: not UTF-8", self.line)))?;
        crate::native::read(text).map_err(|refusal| match refusal.code {
            Code::InvalidJson => Refusal { message: format!("line {}: {}", self.line, refusal.message), ..refusal },
            _ => refusal,
        })
    }
}

/// Splits what a reader gives; see the module.
pub fn documents<R: BufRead>(reader: R) -> Documents<R> {
    Documents {
        source: Source {
            reader,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            column: 0,
            #[cfg(test)]
            looked_at: 0,
        },
        in_array: false,
        begun: false,
    }
}

/// The documents of a file, in their order. Ends after an error of the reader.
pub struct Documents<R> {
    source: Source<R>,
    in_array: bool,
    begun: bool,
}

impl<R: BufRead> Iterator for Documents<R> {
    type Item = io::Result<Document>;

    fn next(&mut self) -> Option<io::Result<Document>> {
        self.find_next().transpose()
    }
}

impl<R: BufRead> Documents<R> {
    fn find_next(&mut self) -> io::Result<Option<Document>> {
        if !std::mem::replace(&mut self.begun, true)
            && self.source.has(3)?
            && self.source.rest().starts_with(BYTE_ORDER_MARK)
        {
            self.source.consume(BYTE_ORDER_MARK.len());
            self.source.column = 0;
        }
        while let Some(byte) = self.source.first()? {
            match byte {
                byte if byte.is_ascii_whitespace() => self.source.consume(1),
                b',' if self.in_array => self.source.consume(1),
                b'#' => self.source.skip_line()?,
                b'[' if !self.in_array && self.names_a_logger()? => return self.unstructured().map(Some),
                b'[' if !self.in_array => {
                    self.in_array = true;
                    self.source.consume(1);
                }
                b']' if self.in_array => {
                    self.in_array = false;
                    self.source.consume(1);
                }
                b'{' | b'[' => return self.structured(self.source.column).map(Some),
                _ => return self.unstructured().map(Some),
            }
        }
        Ok(None)
    }

    /// Whether the bracket here opens no list of documents but a word, as in `[tracking] {…}`.
    fn names_a_logger(&mut self) -> io::Result<bool> {
        Ok(self.source.has(2)? && self.source.rest()[1].is_ascii_alphanumeric())
    }

    /// A document that starts with a bracket, here. After one that is broken the reader goes on at the next line that
    /// starts with a bracket no farther to the right than `column`.
    fn structured(&mut self, column: usize) -> io::Result<Document> {
        let (mut scanner, mut length) = (Scanner::new(), 0);
        let problem = loop {
            if length > MAX_DOCUMENT_BYTES {
                break Some(Problem::TooLarge);
            }
            if !self.source.has(length + 1)? {
                break None;
            }
            let fed = &self.source.rest()[length..];
            let (progress, fed) = (scanner.feed(fed), fed.len());
            self.source.note_look(scanner.looked_at() - length);
            match progress {
                Progress::More => length += fed,
                Progress::Done(last) => {
                    let deep = (scanner.deepest() > MAX_DEPTH).then_some(Problem::TooDeep);
                    let large = (length + last > MAX_DOCUMENT_BYTES).then_some(Problem::TooLarge);
                    return Ok(self.take(length + last, large.or(deep)));
                }
                Progress::Broken => break None,
                Progress::Bottomless => break Some(Problem::TooDeep),
            }
        };
        let document = self.take_line(problem)?;
        self.source.skip_to_bracket(column)?;
        Ok(document)
    }

    /// A line that starts with no bracket: a scalar, an object after what a log shipper wrote, or no JSON.
    fn unstructured(&mut self) -> io::Result<Document> {
        match self.source.bracket_in_line()? {
            Some(at) => {
                self.source.consume(at);
                self.structured(usize::MAX)
            }
            None => self.take_line(None),
        }
    }

    fn take(&mut self, length: usize, problem: Option<Problem>) -> Document {
        let kept = if problem.is_some() { length.min(MAX_LINE_KEPT) } else { length };
        let (line, bytes) = (self.source.line, self.source.rest()[..kept].to_vec());
        self.source.consume(length);
        Document { line, bytes, problem }
    }

    fn take_line(&mut self, problem: Option<Problem>) -> io::Result<Document> {
        let length = self.source.line_length()?;
        let kept = self.source.rest()[..length].trim_ascii_end().len();
        let document = self.take(kept.min(MAX_LINE_KEPT), problem);
        self.source.skip_line()?;
        Ok(document)
    }
}

/// A reader with what was read of it and not yet used up.
struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    /// The line at `start`, from 1.
    line: u64,
    /// Bytes between the last line break and `start`.
    column: usize,
    /// How many bytes searches went over.
    #[cfg(test)]
    looked_at: usize,
}

impl<R: BufRead> Source<R> {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn first(&mut self) -> io::Result<Option<u8>> {
        Ok(if self.has(1)? { Some(self.buffer[self.start]) } else { None })
    }

    /// Reads until so many bytes are there; false when the file ends before.
    fn has(&mut self, bytes: usize) -> io::Result<bool> {
        while self.rest().len() < bytes {
            let more = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                more => more?,
            };
            let length = more.len();
            if length == 0 {
                return Ok(false);
            }
            self.buffer.drain(..self.start);
            self.start = 0;
            self.buffer.extend_from_slice(more);
            self.reader.consume(length);
        }
        Ok(true)
    }

    fn consume(&mut self, bytes: usize) {
        let used = &self.buffer[self.start..self.start + bytes];
        let breaks = used.iter().filter(|byte| **byte == b'\n').count();
        let last = || used.iter().rev().position(|byte| *byte == b'\n');
        self.column = if breaks == 0 { self.column + bytes } else { last().unwrap_or(0) };
        self.line += breaks as u64;
        self.start += bytes;
    }

    fn note_look(&mut self, _bytes: usize) {
        #[cfg(test)]
        {
            self.looked_at += _bytes;
        }
    }

    /// Where the line's first `{` stands, unless a `"` comes before it. Looks no farther, for a line may hold many documents.
    fn bracket_in_line(&mut self) -> io::Result<Option<usize>> {
        let mut before = 0;
        while before < MAX_DOCUMENT_BYTES && self.has(before + 1)? {
            let found = self.rest()[before..].iter().position(|byte| matches!(byte, b'{' | b'"' | b'\n'));
            self.note_look(found.unwrap_or(self.rest().len() - before));
            match found {
                Some(at) => return Ok(Some(before + at).filter(|at| self.rest()[*at] == b'{')),
                None => before = self.rest().len(),
            }
        }
        Ok(None)
    }

    /// The length of the line without its break, as far as it fits a document.
    fn line_length(&mut self) -> io::Result<usize> {
        let mut length = 0;
        while length < MAX_DOCUMENT_BYTES && self.has(length + 1)? {
            let found = self.rest()[length..].iter().position(|byte| *byte == b'\n');
            self.note_look(found.unwrap_or(self.rest().len() - length));
            length = found.map_or(self.rest().len(), |at| length + at);
            if found.is_some() {
                break;
            }
        }
        Ok(length)
    }

    /// Goes to the start of the next line.
    fn skip_line(&mut self) -> io::Result<()> {
        while self.first()?.is_some() {
            match self.rest().iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    self.consume(at + 1);
                    return Ok(());
                }
                None => self.consume(self.rest().len()),
            }
        }
        Ok(())
    }

    /// Skips lines up to one that starts with a bracket no farther to the right than `column`.
    fn skip_to_bracket(&mut self, column: usize) -> io::Result<()> {
        loop {
            while self.first()?.is_some_and(|byte| byte == b',' || byte == b' ' || byte == b'\t') {
                self.consume(1);
            }
            let starts = matches!(self.first()?, None | Some(b'{' | b'[' | b']' | b'#'));
            if column == usize::MAX || self.first()?.is_none() || (starts && self.column <= column) {
                return Ok(());
            }
            self.skip_line()?;
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How much is kept of a document that is refused here.
const MAX_LINE_KEPT: usize = 1 << 20;

#[cfg(test)]
mod tests;
