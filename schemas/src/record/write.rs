//! Writing a record's body.

use std::collections::HashMap;

use super::event::write_event;
use crate::event::Event;
use crate::ids::Pseudonym;
use crate::packing::{bytes, varint, zigzag};

/// What a record says once and its events point to.
#[derive(Default)]
pub(super) struct Tables<'a> {
    strings: Vec<&'a str>,
    string_at: HashMap<&'a str, u64>,
    learners: Vec<Pseudonym>,
}

impl<'a> Tables<'a> {
    pub(super) fn string(&mut self, text: &'a str) -> u64 {
        *self.string_at.entry(text).or_insert_with(|| {
            self.strings.push(text);
            self.strings.len() as u64 - 1
        })
    }

    pub(super) fn learner(&mut self, learner: Pseudonym) -> u64 {
        let at = self.learners.iter().rposition(|known| *known == learner);
        at.unwrap_or_else(|| {
            self.learners.push(learner);
            self.learners.len() - 1
        }) as u64
    }
}

pub(super) fn body(tenant: &str, events: &[Event]) -> Vec<u8> {
    let base = events.first().map_or(0, |event| event.arrival_millis);
    let mut tables = Tables::default();
    let mut rows = Vec::with_capacity(64 * events.len());
    for event in events {
        write_event(&mut rows, event, base, &mut tables);
    }
    let mut body = vec![0; 4];
    bytes(&mut body, tenant.as_bytes());
    zigzag(&mut body, base);
    varint(&mut body, tables.strings.len() as u64);
    tables.strings.iter().for_each(|text| bytes(&mut body, text.as_bytes()));
    varint(&mut body, tables.learners.len() as u64);
    tables.learners.iter().for_each(|learner| body.extend_from_slice(&learner.0));
    varint(&mut body, events.len() as u64);
    body.extend_from_slice(&rows);
    let checksum = crc32fast::hash(&body[4..]);
    body[..4].copy_from_slice(&checksum.to_be_bytes());
    body
}
