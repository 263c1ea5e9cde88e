//! A stored row. Its bytes, version 2 (integers as in `trilha_schemas::packing`):
//!
//! ```text
//! row    = version 2 · source · tenant · received (zigzag, ms) · redriven (0, or 1 and zigzag ms)
//!        · learner (0, or 1 and 16 bytes) · code · field · message · bytes refused (varint) · sealed bytes
//! source = 0, protocol's index · or 1, incarnation, shard id, sequence number
//! sealed = sending · the refused bytes
//! sending = 0 · or 1, replayed (0 or 1), by
//! by     = 0, a write key's name · or 1, the learner of a token, course (0, or 1 and text)
//! ```
//!
//! Version 1 sealed the refused bytes alone. The row's key is the context; what stands before the sealed bytes names no
//! learner.

use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};
use trilha_schemas::reader::cut;
use trilha_schemas::sequence::SequenceNumber;

use super::{MAX_RAW_BYTES, MAX_TEXT_CHARS, QuarantineError, Redacted, Rejection, RowKey, Sending, Source};
use crate::credential::Credential;
use crate::seal::Sealer;

const VERSION: u8 = 2;
/// Knew no sending.
const FIRST_VERSION: u8 = 1;

/// A row as stores keep it, its refused bytes sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What people see of it.
    pub redacted: Redacted,
    /// The learner it is about.
    pub pseudonym: Option<Pseudonym>,
    version: u8,
    sealed: Vec<u8>,
}

impl Row {
    /// The row of a rejection: texts cut, bytes cut and sealed.
    pub fn seal(rejection: Rejection, sealer: &Sealer) -> Row {
        let key = rejection.key(sealer);
        let mut plain = Vec::new();
        write_sending(&mut plain, rejection.sending.as_ref());
        plain.extend_from_slice(&rejection.raw[..rejection.raw.len().min(MAX_RAW_BYTES)]);
        let redacted = Redacted {
            key,
            raw_bytes: rejection.raw.len() as u64,
            tenant: rejection.tenant,
            source: rejection.source,
            received_millis: rejection.received_millis,
            code: rejection.code,
            field: cut(rejection.field, MAX_TEXT_CHARS).0,
            message: cut(rejection.message, MAX_TEXT_CHARS).0,
            redriven_millis: None,
        };
        Row { redacted, pseudonym: rejection.pseudonym, version: VERSION, sealed: sealer.seal(&key.0, &plain) }
    }

    /// The rejection, its bytes opened.
    ///
    /// # Errors
    /// [`QuarantineError::Sealed`] when the key is another or the row is damaged.
    pub fn open(self, sealer: &Sealer) -> Result<Rejection, QuarantineError> {
        let plain = sealer.open(&self.redacted.key.0, &self.sealed).map_err(|_| QuarantineError::Sealed)?;
        let mut input = Input::new(&plain);
        let sending = match self.version {
            FIRST_VERSION => None,
            _ => read_sending(&mut input, &self.redacted.tenant).map_err(|_| QuarantineError::Sealed)?,
        };
        Ok(Rejection {
            tenant: self.redacted.tenant,
            source: self.redacted.source,
            sending,
            received_millis: self.redacted.received_millis,
            pseudonym: self.pseudonym,
            code: self.redacted.code,
            field: self.redacted.field,
            message: self.redacted.message,
            raw: input.rest().to_vec(),
        })
    }

    /// The whole row.
    pub fn to_stored(&self) -> Vec<u8> {
        let mut out = self.head();
        out.extend_from_slice(&self.sealed);
        out
    }

    /// The sealed bytes: a little more than the refused ones, the end of [`Row::to_stored`].
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// What stands before the sealed bytes in [`Row::to_stored`], 2 KB or so at most. Read by itself, it is a row that is
    /// listed and not opened.
    pub fn head(&self) -> Vec<u8> {
        let mut out = vec![self.version];
        write_source(&mut out, &self.redacted.source);
        bytes(&mut out, self.redacted.tenant.as_bytes());
        zigzag(&mut out, self.redacted.received_millis);
        out.push(u8::from(self.redacted.redriven_millis.is_some()));
        self.redacted.redriven_millis.iter().for_each(|millis| zigzag(&mut out, *millis));
        out.push(u8::from(self.pseudonym.is_some()));
        self.pseudonym.iter().for_each(|pseudonym| out.extend_from_slice(&pseudonym.0));
        for text in [&self.redacted.code, &self.redacted.field, &self.redacted.message] {
            bytes(&mut out, text.as_bytes());
        }
        varint(&mut out, self.redacted.raw_bytes);
        out
    }

    /// Reads a row back; its key is not among its bytes.
    ///
    /// # Errors
    /// [`Damaged`] when what stands before the sealed bytes is none of ours.
    pub fn from_stored(key: RowKey, stored: &[u8]) -> Result<Row, Damaged> {
        let mut input = Input::new(stored);
        let version = input.byte()?;
        if !(FIRST_VERSION..=VERSION).contains(&version) {
            return Err(Damaged("a row's version"));
        }
        let source = read_source(&mut input)?;
        let tenant = input.text()?.to_string();
        let received_millis = input.zigzag()?;
        let redriven_millis = optional(&mut input, Input::zigzag)?;
        let pseudonym = optional(&mut input, Input::array)?.map(Pseudonym);
        let mut text = || input.text().map(str::to_string);
        let (code, field, message) = (text()?, text()?, text()?);
        let raw_bytes = input.varint()?;
        let redacted =
            Redacted { key, tenant, source, received_millis, code, field, message, raw_bytes, redriven_millis };
        Ok(Row { redacted, pseudonym, version, sealed: input.rest().to_vec() })
    }
}

fn write_source(out: &mut Vec<u8>, source: &Source) {
    match source {
        Source::Request { protocol } => out.extend_from_slice(&[0, *protocol as u8]),
        Source::Record { incarnation, shard_id, sequence_number } => {
            out.push(1);
            bytes(out, incarnation.as_bytes());
            bytes(out, shard_id.as_bytes());
            bytes(out, sequence_number.to_stored());
        }
    }
}

fn read_source(input: &mut Input<'_>) -> Result<Source, Damaged> {
    if input.byte()? == 0 {
        let protocol = Protocol::ALL.get(usize::from(input.byte()?)).ok_or(Damaged("a protocol"))?;
        return Ok(Source::Request { protocol: *protocol });
    }
    let (incarnation, shard_id) = (input.text()?.to_string(), input.text()?.to_string());
    let length = input.count(1)?;
    let position = SequenceNumber::from_stored(input.take(length)?);
    Ok(Source::Record { incarnation, shard_id, sequence_number: position.ok_or(Damaged("a sequence number"))? })
}

fn write_sending(out: &mut Vec<u8>, sending: Option<&Sending>) {
    let Some(Sending { by, replayed }) = sending else { return out.push(0) };
    out.extend_from_slice(&[1, u8::from(*replayed)]);
    match by {
        Credential::WriteKey { name, .. } => {
            out.push(0);
            bytes(out, name.as_bytes());
        }
        Credential::Learner { learner, course, .. } => {
            out.push(1);
            bytes(out, learner.as_bytes());
            out.push(u8::from(course.is_some()));
            course.iter().for_each(|course| bytes(out, course.as_bytes()));
        }
    }
}

fn read_sending(input: &mut Input<'_>, tenant: &str) -> Result<Option<Sending>, Damaged> {
    let tenant = tenant.to_string();
    optional(input, |input| {
        let replayed = input.byte()? != 0;
        let by = match input.byte()? {
            0 => Credential::WriteKey { tenant, name: input.text()?.to_string() },
            1 => {
                let learner = input.text()?.to_string();
                Credential::Learner { tenant, learner, course: optional(input, Input::text)?.map(str::to_string) }
            }
            _ => return Err(Damaged("a sender")),
        };
        Ok(Sending { by, replayed })
    })
}

fn optional<'a, T>(
    input: &mut Input<'a>,
    read: impl FnOnce(&mut Input<'a>) -> Result<T, Damaged>,
) -> Result<Option<T>, Damaged> {
    Ok(if input.byte()? == 0 { None } else { Some(read(input)?) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::random::OsRandom;
    use crate::seal::Secret;

    fn rejection(source: Source, raw: &[u8]) -> Rejection {
        Rejection {
            tenant: "escola".into(),
            source,
            sending: None,
            received_millis: 1_772_479_800_000,
            pseudonym: Some(Pseudonym([7; 16])),
            code: "wrong_type".into(),
            field: "to".into(),
            message: "to must be a number".into(),
            raw: raw.to_vec(),
        }
    }

    fn record(sequence_number: &str) -> Source {
        let sequence_number = SequenceNumber::parse(sequence_number).unwrap();
        Source::Record { incarnation: "i".into(), shard_id: "shardId-000000000000".into(), sequence_number }
    }

    #[test]
    fn a_stored_row_reads_back_and_opens() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        for source in [Source::Request { protocol: Protocol::Edx }, record("49590338271490256608559692538361571095921")]
        {
            let sent = rejection(source, b"{\"learner\":\"ana\"}");
            let mut row = Row::seal(sent.clone(), &sealer);
            row.redacted.redriven_millis = Some(5);
            let stored = row.to_stored();
            assert!(!stored.windows(3).any(|window| window == b"ana"), "the body is readable");
            let read = Row::from_stored(row.redacted.key, &stored).unwrap();
            assert_eq!(read, row);
            assert!(read.open(&sealer).unwrap() == sent);
            for cut in 0..stored.len() {
                let cut = Row::from_stored(row.redacted.key, &stored[..cut]);
                assert!(cut.is_err() || cut.unwrap().open(&sealer).is_err());
            }
        }
    }

    fn sendings() -> [Sending; 4] {
        let token = |course: Option<&str>| Credential::Learner {
            tenant: "escola".into(),
            learner: "ana".into(),
            course: course.map(str::to_string),
        };
        let key = || Credential::WriteKey { tenant: "escola".into(), name: "first".into() };
        [(key(), false), (key(), true), (token(None), false), (token(Some("turma")), false)]
            .map(|(by, replayed)| Sending { by, replayed })
    }

    #[test]
    fn who_sent_reads_back_and_is_sealed() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        for sending in sendings() {
            let request = rejection(Source::Request { protocol: Protocol::Native }, b"x");
            let sent = Rejection { sending: Some(sending), ..request };
            let row = Row::seal(sent.clone(), &sealer);
            let stored = row.to_stored();
            assert!(!stored.windows(3).any(|window| window == b"ana"), "the learner is readable");
            assert!(Row::from_stored(row.redacted.key, &stored).unwrap().open(&sealer).unwrap() == sent);
        }
    }

    #[test]
    fn a_row_of_the_first_version_opens_without_who_sent_it_and_stays_of_that_version() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let sent = rejection(Source::Request { protocol: Protocol::Native }, b"{\"a\":1}");
        let row = Row::seal(sent.clone(), &sealer);
        let key = row.redacted.key;
        let first = Row { version: FIRST_VERSION, sealed: sealer.seal(&key.0, &sent.raw), ..row };
        let read = Row::from_stored(key, &first.to_stored()).unwrap();
        assert_eq!(read, first);
        assert!(Row::from_stored(key, &read.to_stored()).unwrap().open(&sealer).unwrap() == sent);
    }

    #[test]
    fn what_a_token_sent_is_a_row_of_its_own() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let request = || rejection(Source::Request { protocol: Protocol::Native }, b"x");
        let [key, replayed, token, of_course] =
            sendings().map(|sending| Rejection { sending: Some(sending), ..request() }.key(&sealer));
        assert_eq!([key, replayed], [request().key(&sealer); 2]);
        assert!(token != key && of_course != key && token != of_course);
    }

    #[test]
    fn whatever_the_bytes_a_row_is_refused_or_stands_as_it_is_read() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        for source in [Source::Request { protocol: Protocol::Edx }, record("4959033827149025660855")] {
            let row = Row::seal(rejection(source, b"{}"), &sealer);
            let (key, stored) = (row.redacted.key, row.to_stored());
            for bit in 0..8 * stored.len() {
                let mut flipped = stored.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(read) = Row::from_stored(key, &flipped) {
                    assert_eq!(Row::from_stored(key, &read.to_stored()), Ok(read), "bit {bit}");
                }
                // A length or a number over 64 bits.
                flipped.splice(bit / 8..bit / 8 + 1, [0xff; 10]);
                if let Ok(read) = Row::from_stored(key, &flipped) {
                    assert!(read.to_stored().len() <= flipped.len(), "byte {}", bit / 8);
                }
            }
        }
    }

    #[test]
    fn a_key_follows_from_a_records_position_or_a_requests_bytes() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let key = |source: Source, raw: &[u8]| rejection(source, raw).key(&sealer);
        let request = || Source::Request { protocol: Protocol::Native };
        assert_eq!(key(record("12"), b"a"), key(record("12"), b"b"));
        assert_ne!(key(record("12"), b"a"), key(record("13"), b"a"));
        assert_eq!(key(request(), b"a"), key(request(), b"a"));
        assert_ne!(key(request(), b"a"), key(request(), b"b"));
        assert_ne!(key(request(), b"a"), key(Source::Request { protocol: Protocol::Xapi }, b"a"));
    }

    #[test]
    fn a_long_rejection_is_cut() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let row = Row::seal(rejection(record("1"), &vec![b'x'; MAX_RAW_BYTES + 9]), &sealer);
        assert_eq!(row.redacted.raw_bytes, MAX_RAW_BYTES as u64 + 9);
        assert_eq!(row.open(&sealer).unwrap().raw.len(), MAX_RAW_BYTES);
    }
}
