//! Reading a record's body, every length checked against what is left.

use super::event::read_event;
use super::{Decoded, MAX_EVENTS, RecordError};
use crate::ids::Pseudonym;
use crate::packing::Input;

/// The fewest bytes that an event takes, so that a count cannot claim more than the record holds.
const LEAST_EVENT_BYTES: usize = 24;
/// No event points to more strings.
const EVENT_STRINGS: usize = 8;

/// The tables that a record's events point to.
pub(super) struct Interned<'a> {
    strings: Vec<&'a str>,
    learners: Vec<Pseudonym>,
}

impl<'a> Interned<'a> {
    pub(super) fn string(&self, at: u64) -> Result<&'a str, RecordError> {
        let text = usize::try_from(at).ok().and_then(|at| self.strings.get(at));
        text.copied().ok_or(RecordError::Damaged("a string's index"))
    }

    pub(super) fn learner(&self, at: u64) -> Result<Pseudonym, RecordError> {
        let learner = usize::try_from(at).ok().and_then(|at| self.learners.get(at));
        learner.copied().ok_or(RecordError::Damaged("a learner's index"))
    }
}

pub(super) fn body(body: &[u8]) -> Result<Decoded, RecordError> {
    let mut input = Input::new(body);
    let checksum = u32::from_be_bytes(input.array()?);
    if checksum != crc32fast::hash(input.rest()) {
        return Err(RecordError::Damaged("its checksum"));
    }
    let tenant = input.text()?.to_string();
    let base = input.zigzag()?;
    let strings =
        (0..count(&mut input, 1, EVENT_STRINGS * MAX_EVENTS)?).map(|_| input.text()).collect::<Result<Vec<_>, _>>()?;
    let learners = 0..count(&mut input, 16, MAX_EVENTS)?;
    let learners = learners.map(|_| input.array().map(Pseudonym)).collect::<Result<Vec<_>, _>>()?;
    let tables = Interned { strings, learners };
    let events = 0..count(&mut input, LEAST_EVENT_BYTES, MAX_EVENTS)?;
    let events = events.map(|_| read_event(&mut input, base, &tables)).collect::<Result<Vec<_>, _>>()?;
    if input.rest().is_empty() { Ok(Decoded { tenant, events }) } else { Err(RecordError::Damaged("bytes left over")) }
}

fn count(input: &mut Input<'_>, least_bytes: usize, most: usize) -> Result<usize, RecordError> {
    let count = input.count(least_bytes)?;
    if count <= most { Ok(count) } else { Err(RecordError::Damaged("a count")) }
}
