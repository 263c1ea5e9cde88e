//! What the catalogue says of one object: the description with the latest (time, id). Descriptions are nobody's
//! personal data and stand for themselves, so there is no learner item behind them: the latest wins, in any order.

use trilha_schemas::event::{BodyOf, EventOf, Resolve};
use trilha_schemas::packing::{Damaged, Input, bytes, zigzag};

use super::{View, version, versioned};
use crate::ids::id_hash;

/// A described object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectView {
    /// The description's (event time in ms, event id's hash); the greatest wins.
    stamp: (i64, u64),
    /// What people call it.
    pub title: Option<String>,
    /// The part of the course in which it stands.
    pub section: Option<String>,
    /// Its place in that part.
    pub place: Option<i64>,
    /// A video's length, in milliseconds.
    pub length_millis: Option<i64>,
    /// Where it can be opened.
    pub url: Option<String>,
}

impl ObjectView {
    /// From an `object.described`; `None` for any other event.
    pub fn of<T, L>(event: &EventOf<T, L>, texts: &impl Resolve<T, L>) -> Option<ObjectView> {
        let text = |text: &Option<T>| text.as_ref().map(|text| texts.text(text).to_string());
        let BodyOf::Described(description) = &event.body else { return None };
        Some(ObjectView {
            stamp: (event.view_time_millis().unwrap_or(event.arrival_millis), id_hash(&event.id)),
            title: text(&event.title),
            section: text(&description.section),
            place: description.position,
            length_millis: description.length_millis,
            url: text(&description.url),
        })
    }
}

impl View for ObjectView {
    fn add(&mut self, other: &Self) {
        if other.stamp > self.stamp {
            *self = other.clone();
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = version();
        zigzag(&mut out, self.stamp.0);
        out.extend_from_slice(&self.stamp.1.to_be_bytes());
        for text in [&self.title, &self.section, &self.url] {
            out.push(u8::from(text.is_some()));
            text.iter().for_each(|text| bytes(&mut out, text.as_bytes()));
        }
        for number in [self.place, self.length_millis] {
            out.push(u8::from(number.is_some()));
            number.iter().for_each(|number| zigzag(&mut out, *number));
        }
        out
    }

    fn decode(stored: &[u8]) -> Result<Self, Damaged> {
        let mut input = versioned(stored)?;
        Ok(ObjectView {
            stamp: (input.zigzag()?, u64::from_be_bytes(input.array()?)),
            title: text(&mut input)?,
            section: text(&mut input)?,
            url: text(&mut input)?,
            place: number(&mut input)?,
            length_millis: number(&mut input)?,
        })
    }
}

fn text(input: &mut Input<'_>) -> Result<Option<String>, Damaged> {
    if input.byte()? == 0 { Ok(None) } else { input.text().map(|text| Some(text.to_string())) }
}

fn number(input: &mut Input<'_>) -> Result<Option<i64>, Damaged> {
    if input.byte()? == 0 { Ok(None) } else { input.zigzag().map(Some) }
}
