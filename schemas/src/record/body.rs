//! A record's body: its tables, and where each column begins.

use std::cell::RefCell;

use super::columns::{COLUMNS, Column, MARKS};
use super::compact::{Beside, Compact, Tables};
use super::predict::Expected;
use super::read::Record;
use super::rows::{Columns, Rows, index, is_place};
use super::shapes::{LEAST_SHAPE_BYTES, Shape};
use super::texts::Texts;
use super::{MAX_EVENT_TEXT_BYTES, MAX_EVENTS, RecordError};
use crate::ids::{EventId, Pseudonym};
use crate::packing::Input;

/// No event points to more texts.
const EVENT_TEXTS: usize = 8;
const LEARNER_BYTES: usize = 16;

/// What is needed while a record is read, and allocated once a thread.
#[derive(Default)]
struct Scratch {
    expected: Expected,
    /// How many events each shape has.
    events_of: Vec<usize>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Reads a body, of as many events as there are ids.
pub(super) fn read(body: &[u8], ids: &[[u8; 16]]) -> Result<Record, RecordError> {
    SCRATCH.with_borrow_mut(|scratch| read_with(scratch, body, ids))
}

fn read_with(scratch: &mut Scratch, body: &[u8], ids: &[[u8; 16]]) -> Result<Record, RecordError> {
    let mut input = Input::new(body);
    let tenant = input.text()?;
    let texts = Texts::read(&mut input, EVENT_TEXTS * MAX_EVENTS)?;
    let learners = learners(&mut input)?;
    let shapes = (0..input.count_up_to(LEAST_SHAPE_BYTES, MAX_EVENTS)?).map(|_| Shape::read(&mut input, &texts));
    let tables = Tables { shapes: shapes.collect::<Result<_, _>>()?, learners };
    let numbers = (0..input.count(8)?).map(|_| input.double()).collect::<Result<_, _>>()?;
    let mut beside = Beside { numbers, ..Beside::default() };
    let mut events = events(&mut input, tables.shapes.len(), ids)?;
    let cells = cells(&mut scratch.events_of, &tables.shapes, &events);
    let columns = columns(body, &mut input, tables.learners.len(), events.len(), &cells)?;
    let pairs = pairs(columns.of(Column::Segments), &mut input)?;
    if !input.rest().is_empty() {
        return Err(RecordError::Damaged("bytes left over"));
    }
    let mut rows = Rows::new(columns, &tables, texts.count(), &mut beside, &mut scratch.expected);
    for event in &mut events {
        rows.read(event)?;
    }
    rows.end()?;
    // Some texts are so long that an event could have too many bytes of them.
    let has_long_texts = texts.longest() * EVENT_TEXTS > MAX_EVENT_TEXT_BYTES;
    let record = Record { tenant: tenant.to_string(), texts, pairs, events, tables, beside };
    if has_long_texts { bounded(record) } else { Ok(record) }
}

fn learners(input: &mut Input<'_>) -> Result<Vec<Pseudonym>, RecordError> {
    let count = input.count_up_to(LEARNER_BYTES, MAX_EVENTS)?;
    let (learners, _) = input.take(LEARNER_BYTES * count)?.as_chunks();
    Ok(learners.iter().copied().map(Pseudonym).collect())
}

/// The events, of which ids and shapes are known. Where there is one shape it is not written.
fn events(input: &mut Input<'_>, shapes: usize, ids: &[[u8; 16]]) -> Result<Vec<Compact>, RecordError> {
    let mut indices = input.varints(if shapes > 1 { ids.len() } else { 0 })?;
    let mut events = Vec::with_capacity(ids.len());
    for id in ids {
        let shape = if shapes == 1 { 0 } else { index(indices.varint()?, shapes, "a shape's index")? };
        events.push(Compact { id: EventId(*id), shape, ..Compact::EMPTY });
    }
    Ok(events)
}

/// How many events have a cell in each column.
fn cells(events_of: &mut Vec<usize>, shapes: &[Shape], events: &[Compact]) -> [usize; COLUMNS] {
    events_of.clear();
    events_of.resize(shapes.len(), 0);
    events.iter().for_each(|event| events_of[usize::from(event.shape)] += 1);
    let mut cells = [0; COLUMNS];
    for (shape, events) in shapes.iter().zip(events_of) {
        let mut columns = shape.present & !MARKS;
        while columns != 0 {
            cells[columns.trailing_zeros() as usize] += *events;
            columns &= columns - 1;
        }
    }
    cells
}

/// Where the columns begin. Where there is one learner, it is not written whose each event is.
fn columns<'a>(
    body: &'a [u8],
    input: &mut Input<'a>,
    learners: usize,
    events: usize,
    cells: &[usize; COLUMNS],
) -> Result<Columns<'a>, RecordError> {
    let at = |input: &Input<'_>| body.len() - input.rest().len();
    let mut columns = Columns { body, learners: at(input), arrivals: 0, at: [0; COLUMNS], ends: [0; COLUMNS] };
    input.varints(if learners > 1 { events } else { 0 })?;
    columns.arrivals = at(input);
    input.varints(events)?;
    for column in (0..COLUMNS).filter(|column| cells[*column] != 0) {
        columns.at[column] = at(input);
        input.varints(cells[column])?;
        columns.ends[column] = at(input);
    }
    Ok(columns)
}

/// The pairs of all lists, in the order of the events.
fn pairs(mut counts: Input<'_>, input: &mut Input<'_>) -> Result<Vec<(i64, i64)>, RecordError> {
    const CUT: RecordError = RecordError::Damaged("a list of segments");
    let mut pairs = Vec::new();
    let step = |from: i64, delta: i64| match from.wrapping_add(delta) {
        to if is_place(to) => Ok(to),
        _ => Err(RecordError::Damaged("a segment")),
    };
    while !counts.rest().is_empty() {
        let count = counts.varint()?;
        let most = input.rest().len() as u64 / 2;
        if count > most {
            return Err(CUT);
        }
        let mut before = 0;
        for _ in 0..count {
            let from = step(before, input.zigzag()?)?;
            before = step(from, input.zigzag()?)?;
            pairs.push((from, before));
        }
    }
    Ok(pairs)
}

/// The record, where no event has more bytes of text than it may have.
fn bounded(record: Record) -> Result<Record, RecordError> {
    for event in 0..record.len() {
        let bytes = std::cell::Cell::new(0);
        record.event(event).map(|symbol| bytes.set(bytes.get() + record.texts.get(*symbol).len()), |_| ());
        if bytes.get() > MAX_EVENT_TEXT_BYTES {
            return Err(RecordError::Damaged("an event's texts are too long"));
        }
    }
    Ok(record)
}
