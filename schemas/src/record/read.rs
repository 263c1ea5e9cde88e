//! Reading a record, every length checked against what is left.

use super::compact::{Beside, Compact, Tables};
use super::texts::{Symbol, Texts};
use super::{HEAD_BYTES, MAGIC, MAX_BODY_BYTES, MAX_EVENTS, PLAIN, VERSION, ZSTD, ZSTD_WITH_DICTIONARY};
use super::{RecordError, body, checksum, frame};
use crate::event::{Event, EventOf, Resolve};
use crate::ids::{EventId, Pseudonym};
use crate::packing::Input;

const ID_BYTES: usize = 16;

/// A record that was read: events whose texts are its symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub(super) tenant: String,
    pub(super) texts: Texts,
    pub(super) pairs: Vec<(i64, i64)>,
    pub(super) events: Vec<Compact>,
    pub(super) tables: Tables,
    pub(super) beside: Beside,
}

/// Some of a record's pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError::Foreign`] when it is not ours, else what is wrong with it. Never panics; memory is bounded.
    pub fn read(record: &[u8]) -> Result<Record, RecordError> {
        let rest = record.strip_prefix(&MAGIC).ok_or(RecordError::Foreign)?;
        let form = match rest {
            [VERSION, form @ (PLAIN | ZSTD | ZSTD_WITH_DICTIONARY), ..] => *form,
            [VERSION, form, ..] => return Err(RecordError::Unknown(*form)),
            [VERSION] | [] => return Err(RecordError::Damaged("it ends after its magic bytes")),
            [version, ..] => return Err(RecordError::Unknown(*version)),
        };
        let mut input = Input::new(&record[HEAD_BYTES..]);
        if u32::from_be_bytes(input.array()?) != checksum(record) {
            return Err(RecordError::Damaged("its checksum"));
        }
        let count = within(input.varint()?, MAX_EVENTS, "a count")?;
        let length = match form {
            PLAIN => None,
            _ => Some(within(input.varint()?, MAX_BODY_BYTES, "it claims a body of over 4 MiB")?),
        };
        let ids = input.take(ID_BYTES * count)?;
        let (ids, _) = ids.as_chunks();
        let read = |body: &[u8]| body::read(body, ids);
        let Some(length) = length else { return read(input.rest()) };
        let whole = |body: &[u8]| {
            if body.len() == length { read(body) } else { Err(RecordError::Damaged("its body's length")) }
        };
        frame::decompressed(input.rest(), length, whole).ok_or(RecordError::Damaged("its zstd frame"))?
    }

    /// Whose events these are.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The texts that the events' symbols stand for.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// How many events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// One of the events, its texts symbols. It is put together where it is asked for: what of it is not used costs nothing.
    #[inline(always)]
    pub fn event(&self, index: usize) -> EventOf<Symbol, Span> {
        self.events[index].unpacked(&self.tables, &self.beside)
    }

    /// The id of one of the events.
    #[inline]
    pub fn id(&self, index: usize) -> &EventId {
        &self.events[index].id
    }

    /// Which of the record's learners an event's is, below [`Record::learner_count`].
    #[inline]
    pub fn learner_index(&self, index: usize) -> usize {
        self.events[index].learner.into()
    }

    /// What one of the events has in common with others, below [`Record::shape_count`]: its type, its course, its role, its
    /// flags, its zone, its protocol, and which fields it has.
    #[inline]
    pub fn shape_index(&self, index: usize) -> usize {
        self.events[index].shape.into()
    }

    /// How many kinds of events the record tells apart.
    pub fn shape_count(&self) -> usize {
        self.tables.shapes.len()
    }

    /// What one of the events is about; any text where its type has no object.
    #[inline]
    pub fn object(&self, index: usize) -> Symbol {
        self.events[index].object
    }

    /// The time of one of the events, and its arrival, in ms since 1970 UTC.
    #[inline]
    pub fn times(&self, index: usize) -> (Option<i64>, i64) {
        let event = &self.events[index];
        (event.time_millis(&self.tables, &self.beside), event.arrival_millis)
    }

    /// One of the learners that the record names.
    #[inline]
    pub fn learner(&self, learner_index: usize) -> Pseudonym {
        self.tables.learners[learner_index]
    }

    /// How many learners the record names.
    pub fn learner_count(&self) -> usize {
        self.tables.learners.len()
    }

    /// The events with texts of their own, in the order of their index.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event> {
        self.events.iter().map(|event| event.unpacked(&self.tables, &self.beside).owned(self))
    }
}

impl Resolve<Symbol, Span> for Record {
    #[inline]
    fn text<'t>(&'t self, symbol: &'t Symbol) -> &'t str {
        self.texts.get(*symbol)
    }

    #[inline]
    fn pairs<'t>(&'t self, span: &'t Span) -> &'t [(i64, i64)] {
        &self.pairs[span.start as usize..span.end as usize]
    }
}

pub(super) fn within(value: u64, most: usize, what: &'static str) -> Result<usize, RecordError> {
    usize::try_from(value).ok().filter(|value| *value <= most).ok_or(RecordError::Damaged(what))
}
