//! A record's body: its tables, and where each column begins.

use super::columns::{COLUMNS, Column, MARKS};
use super::compact::{Beside, Compact};
use super::read::{Record, within};
use super::rows::{Columns, Rows, is_place};
use super::shapes::{LEAST_SHAPE_BYTES, Shape};
use super::texts::Texts;
use super::{MAX_EVENT_TEXT_BYTES, MAX_EVENTS, RecordError};
use crate::ids::Pseudonym;
use crate::packing::Input;

/// No event points to more texts.
const EVENT_TEXTS: usize = 8;

/// What was read before the events are.
pub(super) struct Body<'a> {
    tenant: &'a str,
    texts: Texts,
    beside: Beside,
    pairs: Vec<(i64, i64)>,
    /// Which shape each event has.
    shape_of: Vec<u16>,
    /// Whose each event is.
    learner_of: Vec<u16>,
    columns: Columns<'a>,
    /// Where the columns end.
    ends: [usize; COLUMNS],
}

impl<'a> Body<'a> {
    pub(super) fn read(body: &'a [u8], count: usize) -> Result<Body<'a>, RecordError> {
        let mut input = Input::new(body);
        let tenant = input.text()?;
        let texts = Texts::read(&mut input, EVENT_TEXTS * MAX_EVENTS)?;
        let learners = (0..input.count_up_to(16, MAX_EVENTS)?).map(|_| input.array().map(Pseudonym));
        let learners = learners.collect::<Result<Vec<_>, _>>()?;
        let shapes = (0..input.count_up_to(LEAST_SHAPE_BYTES, MAX_EVENTS)?).map(|_| Shape::read(&mut input, &texts));
        let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
        let numbers = (0..input.count(8)?).map(|_| input.double()).collect::<Result<Vec<_>, _>>()?;
        let shape_of = indices(&mut input, shapes.len(), count, "a shape's index")?;
        let learner_of = indices(&mut input, learners.len(), count, "a learner's index")?;
        let at = |input: &Input<'_>| body.len() - input.rest().len();
        let mut columns = Columns { body, arrivals: at(&input), at: [0; COLUMNS] };
        input.varints(count)?;
        let mut ends = [0; COLUMNS];
        let mut counts = Input::new(&[]);
        for (column, cells) in cells(&shapes, &shape_of).into_iter().enumerate() {
            columns.at[column] = at(&input);
            let integers = input.varints(cells)?;
            ends[column] = at(&input);
            if column == Column::Segments as usize {
                counts = integers;
            }
        }
        let pairs = pairs(counts, &mut input)?;
        if !input.rest().is_empty() {
            return Err(RecordError::Damaged("bytes left over"));
        }
        let beside = Beside { learners, shapes, numbers, ..Beside::default() };
        Ok(Body { tenant, texts, beside, pairs, shape_of, learner_of, columns, ends })
    }

    /// Reads the events, whose ids these are.
    pub(super) fn record(self, ids: &[[u8; 16]]) -> Result<Record, RecordError> {
        let Body { tenant, texts, mut beside, pairs, shape_of, learner_of, columns, ends } = self;
        // Whether some texts are so long that an event could have too many bytes of them.
        let has_long_texts = texts.longest() * EVENT_TEXTS > MAX_EVENT_TEXT_BYTES;
        let shapes = std::mem::take(&mut beside.shapes);
        let mut rows = Rows::new(columns, texts.count(), beside);
        let mut events = vec![Compact::EMPTY; ids.len()];
        for (((event, id), shape), learner) in events.iter_mut().zip(ids).zip(shape_of).zip(learner_of) {
            event.id.0 = *id;
            (event.shape, event.learner) = (shape, learner);
            rows.read(event, &shapes[usize::from(shape)])?;
        }
        let (columns, mut beside) = rows.finish();
        if columns != ends {
            return Err(RecordError::Damaged("a field that its type does not have"));
        }
        beside.shapes = shapes;
        let record = Record { tenant: tenant.to_string(), texts, pairs, events, beside };
        if has_long_texts { bounded(record) } else { Ok(record) }
    }
}

/// The next indices into a table, which are not written where the table has one entry.
fn indices(input: &mut Input<'_>, entries: usize, count: usize, what: &'static str) -> Result<Vec<u16>, RecordError> {
    if entries == 1 {
        return Ok(vec![0; count]);
    }
    let mut indices = input.varints(if entries > 1 { count } else { 0 })?;
    let index = |_| match within(indices.varint()?, entries, "an index")? {
        index if index < entries => Ok(index as u16),
        _ => Err(RecordError::Damaged(what)),
    };
    (0..count).map(index).collect()
}

/// How many events have a cell in each column.
fn cells(shapes: &[Shape], shape_of: &[u16]) -> [usize; COLUMNS] {
    let mut events_of = vec![0; shapes.len()];
    shape_of.iter().for_each(|shape| events_of[usize::from(*shape)] += 1);
    let mut cells = [0; COLUMNS];
    for (shape, events) in shapes.iter().zip(events_of) {
        let columns = shape.present & !MARKS;
        (0..COLUMNS).filter(|column| columns >> column & 1 == 1).for_each(|column| cells[column] += events);
    }
    cells
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
