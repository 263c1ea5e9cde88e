//! The stored form of a video item, version 1: events as packed integers, ids as 8-byte hashes.
//!
//! ```text
//! item    = version 1 · fold version · length? · threshold? · title?
//!         · named sessions in order of name: count, then each name, session · loose sessions' events · timeless events
//! session = source · spent ids (count, 8 bytes each) · list? · events
//! events  = count, then each: id (8 bytes) · action | what is there · time − previous time · position − previous
//!           position · to − position · rate (8 bytes) · list, as far as they are there
//! ```

use trilha_schemas::event::VideoAction;
use trilha_schemas::number;
use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};

use super::coverage::Coverage;
use super::loose::Loose;
use super::mark::{List, Mark};
use super::session::{Session, Source};
use super::{Titled, VideoItem};
use crate::views::{VideoView, version};
use crate::{FOLD_VERSION, ITEM_HEADER_BYTES, limits};

const POSITION: u8 = 1 << 3;
const TO: u8 = 1 << 4;
const RATE: u8 = 1 << 5;
const LIST: u8 = 1 << 6;
const ACTION: u8 = 0b111;
const SOURCES: [Source; 3] = [Source::Pairs, Source::Heartbeats, Source::List];

pub(super) fn encode(item: &VideoItem) -> Vec<u8> {
    let mut out = version();
    out.reserve(ITEM_HEADER_BYTES + item.bytes);
    varint(&mut out, FOLD_VERSION.into());
    optional(&mut out, item.length_millis.as_ref(), |out, length| zigzag(out, *length));
    optional(&mut out, item.threshold.as_ref(), |out, threshold| out.extend_from_slice(&threshold.to_le_bytes()));
    optional(&mut out, item.title.as_ref(), write_title);
    varint(&mut out, item.named.len() as u64);
    for (name, session) in &item.named {
        bytes(&mut out, name.as_bytes());
        write_session(&mut out, session);
    }
    write_marks(&mut out, item.loose.iter().flat_map(Session::marks));
    write_marks(&mut out, item.timeless.iter().flat_map(Session::marks));
    out
}

pub(super) fn decode(stored: &[u8]) -> Result<VideoItem, Damaged> {
    let mut input = limits::item(stored)?;
    let input = &mut input;
    input.varint()?;
    let mut item = VideoItem {
        length_millis: if there(input)? { Some(read_length(input)?) } else { None },
        threshold: if there(input)? { Some(read_threshold(input)?) } else { None },
        title: if there(input)? { Some(read_title(input)?) } else { None },
        ..VideoItem::default()
    };
    let count = input.count(4)?;
    item.named =
        (0..count).map(|_| Ok((input.text()?.to_string(), read_session(input)?))).collect::<Result<_, Damaged>>()?;
    item.named.sort_by(|(one, _), (other, _)| one.cmp(other));
    item.loose = Loose::cut(read_ordered_marks(input)?);
    let timeless = read_marks(input)?.into_iter();
    item.timeless = timeless.map(|mark| Session::restore(false, vec![mark], Vec::new(), Source::Pairs, None)).collect();
    restore_coverage(&mut item);
    Ok(item)
}

/// What is derived and not stored.
fn restore_coverage(item: &mut VideoItem) {
    item.seen = item
        .sessions()
        .flat_map(|session| session.marks().iter().map(|mark| mark.id).chain(session.spent().iter().copied()))
        .collect();
    item.bytes = item.sessions().map(Session::most_bytes).sum::<usize>()
        + item.named.iter().map(|(name, _)| VideoItem::session_bytes(name)).sum::<usize>()
        + item.title_bytes();
    let mut coverage = Coverage::new(item.length_millis);
    let mut counted_already = VideoView::default();
    item.sessions_mut().for_each(|session| coverage.add(session, &mut counted_already));
    coverage.count(&mut counted_already);
    item.coverage = coverage;
}

fn optional<T>(out: &mut Vec<u8>, value: Option<&T>, write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(u8::from(value.is_some()));
    value.into_iter().for_each(|value| write(out, value));
}

fn there(input: &mut Input<'_>) -> Result<bool, Damaged> {
    input.byte().map(|byte| byte != 0)
}

fn read_length(input: &mut Input<'_>) -> Result<i64, Damaged> {
    input.zigzag().and_then(|length| {
        if (1..=36_000_000).contains(&length) { Ok(length) } else { Err(Damaged("a video's length")) }
    })
}

fn read_threshold(input: &mut Input<'_>) -> Result<f64, Damaged> {
    number::threshold(input.double()?).ok_or(Damaged("a threshold"))
}

fn write_title(out: &mut Vec<u8>, titled: &Titled) {
    zigzag(out, titled.time_millis);
    out.extend_from_slice(&titled.id.to_be_bytes());
    bytes(out, titled.title.as_bytes());
}

fn read_title(input: &mut Input<'_>) -> Result<Titled, Damaged> {
    Ok(Titled { time_millis: limits::time(0, input.zigzag()?)?, id: id(input)?, title: input.text()?.to_string() })
}

fn write_session(out: &mut Vec<u8>, session: &Session) {
    out.push(session.source() as u8);
    varint(out, session.spent().len() as u64);
    session.spent().iter().for_each(|id| out.extend_from_slice(&id.to_be_bytes()));
    optional(out, session.list(), write_list);
    write_marks(out, session.marks().iter());
}

fn read_session(input: &mut Input<'_>) -> Result<Session, Damaged> {
    let source = SOURCES.get(usize::from(input.byte()?)).ok_or(Damaged("a session's source"))?;
    let count = input.count(8)?;
    let spent = (0..count).map(|_| id(input)).collect::<Result<_, _>>()?;
    let list = if there(input)? { Some(Box::new(read_list(input)?)) } else { None };
    Ok(Session::restore(true, read_ordered_marks(input)?, spent, *source, list))
}

fn write_marks<'m>(out: &mut Vec<u8>, marks: impl Iterator<Item = &'m Mark> + Clone) {
    varint(out, marks.clone().count() as u64);
    let (mut time, mut position) = (0, 0);
    for mark in marks {
        out.extend_from_slice(&mark.id.to_be_bytes());
        out.push(mark.action as u8 | mark.present());
        zigzag(out, mark.time_millis - time);
        time = mark.time_millis;
        for place in [mark.position_millis(), mark.to_millis()].into_iter().flatten() {
            zigzag(out, place - position);
            position = place;
        }
        if mark.rate != 1.0 {
            out.extend_from_slice(&mark.rate.to_le_bytes());
        }
        mark.list.iter().for_each(|list| write_list(out, list));
    }
}

/// A session's.
fn read_ordered_marks(input: &mut Input<'_>) -> Result<Vec<Mark>, Damaged> {
    let marks = read_marks(input)?;
    if marks.is_sorted_by_key(Mark::order) { Ok(marks) } else { Err(Damaged("events out of order")) }
}

fn read_marks(input: &mut Input<'_>) -> Result<Vec<Mark>, Damaged> {
    let count = input.count(10)?;
    let (mut time, mut position) = (0i64, 0i64);
    (0..count).map(|_| read_mark(input, &mut time, &mut position)).collect()
}

fn read_mark(input: &mut Input<'_>, time: &mut i64, position: &mut i64) -> Result<Mark, Damaged> {
    let id = id(input)?;
    let present = input.byte()?;
    *time = limits::time(*time, input.zigzag()?)?;
    let mut place = |bit: u8| -> Result<Option<i64>, Damaged> {
        if present & bit == 0 {
            return Ok(None);
        }
        *position = limits::place(*position, input.zigzag()?)?;
        Ok(Some(*position))
    };
    let order = (*time, id);
    let (position, to) = (place(POSITION)?, place(TO)?);
    let rate = if present & RATE == 0 { 1.0 } else { number::rate(input.double()?).ok_or(Damaged("a rate"))? };
    let list = if present & LIST == 0 { None } else { Some(Box::new(read_list(input)?)) };
    Ok(Mark::new(order, VideoAction::ALL[usize::from(present & ACTION)], position, to, rate, list))
}

fn write_list(out: &mut Vec<u8>, list: &List) {
    bytes(out, list.statement.as_bytes());
    varint(out, list.pairs.len() as u64);
    let mut before = 0;
    for (from, to) in &list.pairs {
        zigzag(out, from - before);
        zigzag(out, to - from);
        before = *to;
    }
}

fn read_list(input: &mut Input<'_>) -> Result<List, Damaged> {
    let statement = input.text()?.to_string();
    let count = input.count(2)?;
    let mut before = 0i64;
    let mut pair = || -> Result<(i64, i64), Damaged> {
        let from = limits::place(before, input.zigzag()?)?;
        before = limits::place(from, input.zigzag()?)?;
        Ok((from, before))
    };
    let pairs = (0..count).map(|_| pair()).collect::<Result<_, _>>()?;
    Ok(List { statement, pairs })
}

fn id(input: &mut Input<'_>) -> Result<u64, Damaged> {
    input.array().map(u64::from_be_bytes)
}

impl Mark {
    fn present(&self) -> u8 {
        let bit = |there: bool, bit: u8| if there { bit } else { 0 };
        bit(self.position_millis().is_some(), POSITION)
            | bit(self.to_millis().is_some(), TO)
            | bit(self.rate != 1.0, RATE)
            | bit(self.list.is_some(), LIST)
    }
}
