//! Reading a record, every length checked against what is left.

use std::borrow::Cow;

use super::columns::{COLUMNS, Column, MARKS};
use super::predict::Expected;
use super::shapes::{Kind, LEAST_SHAPE_BYTES, Shape, small};
use super::texts::{Symbol, Texts};
use super::{
    HEAD_BYTES, MAGIC, MAX_BODY_BYTES, MAX_EVENT_TEXT_BYTES, MAX_EVENTS, PLAIN, RecordError, VERSION, ZSTD, checksum,
    frame, of_thousandths,
};
use crate::event::{
    BodyOf, DescriptionOf, Event, EventOf, QuizAction, QuizEventOf, Resolve, Source, VideoAction, VideoEventOf,
};
use crate::ids::{EventId, Pseudonym};
use crate::number;
use crate::packing::{Input, unzigzagged};

const ID_BYTES: usize = 16;
/// No event points to more texts.
const EVENT_TEXTS: usize = 8;
/// The year 33,658, either way.
const FARTHEST_TIME_MILLIS: u64 = 1_000_000_000_000_000;
/// 10⁹ s, either way: what [`number::millis`] lets in.
const FARTHEST_PLACE_MILLIS: u64 = 1_000_000_000_000;
/// 10 h: what [`number::length_millis`] lets in.
const LONGEST_MILLIS: i64 = 36_000_000;

/// A record that was read: events whose texts are its symbols.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    tenant: String,
    texts: Texts,
    pairs: Vec<(i64, i64)>,
    events: Vec<EventOf<Symbol, Span>>,
}

/// Some of a record's pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError::Foreign`] when it is not ours, else what is wrong with it. Never panics; memory is bounded.
    pub fn read(record: &[u8]) -> Result<Record, RecordError> {
        let rest = record.strip_prefix(&MAGIC).ok_or(RecordError::Foreign)?;
        let compressed = match rest {
            [VERSION, PLAIN, ..] => false,
            [VERSION, ZSTD, ..] => true,
            [VERSION, form, ..] => return Err(RecordError::Unknown(*form)),
            [VERSION] | [] => return Err(RecordError::Damaged("it ends after its magic bytes")),
            [version, ..] => return Err(RecordError::Unknown(*version)),
        };
        let mut input = Input::new(&record[HEAD_BYTES..]);
        if u32::from_be_bytes(input.array()?) != checksum(record) {
            return Err(RecordError::Damaged("its checksum"));
        }
        let count = within(input.varint()?, MAX_EVENTS, "a count")?;
        let length = if compressed {
            Some(within(input.varint()?, MAX_BODY_BYTES, "it claims a body of over 4 MiB")?)
        } else {
            None
        };
        let ids = input.take(ID_BYTES * count)?;
        let body = match length {
            Some(length) => Cow::Owned(decompress(input.rest(), length)?),
            None => Cow::Borrowed(input.rest()),
        };
        Reader::new(&body, count)?.events(ids)
    }

    /// Whose events these are.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The texts that the events' symbols stand for.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// The events in the order of their index, their texts symbols.
    pub fn packed(&self) -> &[EventOf<Symbol, Span>] {
        &self.events
    }

    /// The events with texts of their own, in the order of their index.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event> {
        self.events.iter().map(|event| event.owned(self))
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

fn within(value: u64, most: usize, what: &'static str) -> Result<usize, RecordError> {
    usize::try_from(value).ok().filter(|value| *value <= most).ok_or(RecordError::Damaged(what))
}

fn decompress(compressed: &[u8], length: usize) -> Result<Vec<u8>, RecordError> {
    let body = frame::decompressed(compressed, length).ok_or(RecordError::Damaged("its zstd frame"))?;
    if body.len() == length { Ok(body) } else { Err(RecordError::Damaged("its body's length")) }
}

/// Reads events one after the other, each from where its columns stand.
struct Reader<'a> {
    tenant: &'a str,
    texts: Texts,
    learners: Vec<Pseudonym>,
    shapes: Vec<Shape>,
    numbers: Vec<f64>,
    /// Which shape each event has; empty where there is but one.
    shape_of: Input<'a>,
    /// Whose each event is; empty where there is but one.
    learner_of: Input<'a>,
    arrivals: Input<'a>,
    columns: [Input<'a>; COLUMNS],
    pairs: Vec<(i64, i64)>,
    expected: Expected,
    /// Whether some texts are so long that an event could have too many bytes of them.
    has_long_texts: bool,
}

impl<'a> Reader<'a> {
    fn new(body: &'a [u8], count: usize) -> Result<Reader<'a>, RecordError> {
        let mut input = Input::new(body);
        let tenant = input.text()?;
        let texts = Texts::read(&mut input, EVENT_TEXTS * MAX_EVENTS)?;
        let learners = (0..input.count_up_to(16, MAX_EVENTS)?).map(|_| input.array().map(Pseudonym));
        let learners = learners.collect::<Result<Vec<_>, _>>()?;
        let shapes = (0..input.count_up_to(LEAST_SHAPE_BYTES, MAX_EVENTS)?).map(|_| Shape::read(&mut input, &texts));
        let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
        let numbers = (0..input.count(8)?).map(|_| input.double()).collect::<Result<Vec<_>, _>>()?;
        let shape_of = input.varints(if shapes.len() > 1 { count } else { 0 })?;
        let learner_of = input.varints(if learners.len() > 1 { count } else { 0 })?;
        let arrivals = input.varints(count)?;
        let cells = cells(&shapes, shape_of, count)?;
        let mut columns = [Input::new(&[]); COLUMNS];
        for (column, cells) in columns.iter_mut().zip(cells) {
            *column = input.varints(cells)?;
        }
        let pairs = pairs(columns[Column::Segments as usize], &mut input)?;
        let has_long_texts = texts.longest() * EVENT_TEXTS > MAX_EVENT_TEXT_BYTES;
        let expected = Expected::default();
        if !input.rest().is_empty() {
            return Err(RecordError::Damaged("bytes left over"));
        }
        Ok(Reader {
            tenant,
            texts,
            learners,
            shapes,
            numbers,
            shape_of,
            learner_of,
            arrivals,
            columns,
            pairs,
            expected,
            has_long_texts,
        })
    }

    fn events(mut self, ids: &[u8]) -> Result<Record, RecordError> {
        let (ids, _) = ids.as_chunks::<ID_BYTES>();
        let mut events = Vec::with_capacity(ids.len());
        let mut next_pair = 0;
        for id in ids {
            events.push(self.event(EventId(*id), &mut next_pair)?);
        }
        if self.columns.iter().any(|column| !column.rest().is_empty()) {
            return Err(RecordError::Damaged("a field that its type does not have"));
        }
        Ok(Record { tenant: self.tenant.to_string(), texts: self.texts, pairs: self.pairs, events })
    }

    #[inline]
    fn event(&mut self, id: EventId, next_pair: &mut u32) -> Result<EventOf<Symbol, Span>, RecordError> {
        let shape = *pick(&self.shapes, &mut self.shape_of, "a shape's index")?;
        let learner_index = index(&mut self.learner_of, self.learners.len())?;
        let learner = *self.learners.get(learner_index).ok_or(RecordError::Damaged("a learner's index"))?;
        let arrival_millis = time(self.expected.arrival.wrapping_add(self.arrivals.zigzag()?), "an arrival")?;
        self.expected.arrival = arrival_millis;
        let mut row = Row { reader: self, shape: &shape };
        let session = row.text(Column::Session)?;
        let time_millis = row.time(arrival_millis)?;
        let title = row.text(Column::Title)?;
        let source = row.source()?;
        let body = row.body(learner_index, next_pair)?;
        let event = EventOf {
            id,
            learner,
            course: shape.course,
            session,
            role: shape.role,
            title,
            time_millis,
            arrival_millis,
            zone_offset_minutes: shape.zone_offset_minutes,
            settings_version: shape.settings_version,
            flags: shape.flags,
            protocol: shape.protocol,
            source,
            body,
        };
        if self.has_long_texts {
            self.bounded(&event)?;
        }
        Ok(event)
    }

    fn bounded(&self, event: &EventOf<Symbol, Span>) -> Result<(), RecordError> {
        let bytes = std::cell::Cell::new(0);
        event.map(|symbol| bytes.set(bytes.get() + self.texts.get(*symbol).len()), |_| ());
        if bytes.get() > MAX_EVENT_TEXT_BYTES {
            return Err(RecordError::Damaged("an event's texts are too long"));
        }
        Ok(())
    }
}

/// How many events have a cell in each column.
fn cells(shapes: &[Shape], mut shape_of: Input<'_>, count: usize) -> Result<[usize; COLUMNS], RecordError> {
    let mut events_of = vec![0; shapes.len()];
    for _ in 0..count {
        let at = index(&mut shape_of, shapes.len())?;
        *events_of.get_mut(at).ok_or(RecordError::Damaged("a shape's index"))? += 1;
    }
    let mut cells = [0; COLUMNS];
    for (shape, events) in shapes.iter().zip(events_of) {
        let columns = shape.present & !MARKS;
        (0..COLUMNS).filter(|column| columns >> column & 1 == 1).for_each(|column| cells[column] += events);
    }
    Ok(cells)
}

/// The pairs of all lists, in the order of the events.
fn pairs(mut counts: Input<'_>, input: &mut Input<'_>) -> Result<Vec<(i64, i64)>, RecordError> {
    const CUT: RecordError = RecordError::Damaged("a list of segments");
    let mut pairs = Vec::new();
    let step = |from: i64, delta: i64| place(from.wrapping_add(delta), "a segment");
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

/// The next index into a table, which is not written where the table has one entry.
fn index(indices: &mut Input<'_>, entries: usize) -> Result<usize, RecordError> {
    if entries == 1 { Ok(0) } else { within(indices.varint()?, entries, "an index") }
}

fn pick<'v, V>(table: &'v [V], indices: &mut Input<'_>, what: &'static str) -> Result<&'v V, RecordError> {
    table.get(index(indices, table.len())?).ok_or(RecordError::Damaged(what))
}

/// One event's cells.
struct Row<'r, 'a> {
    reader: &'r mut Reader<'a>,
    shape: &'r Shape,
}

impl Row<'_, '_> {
    #[inline]
    fn cell(&mut self, column: Column) -> Result<Option<u64>, RecordError> {
        if self.shape.has(column) { Ok(Some(self.reader.columns[column as usize].varint()?)) } else { Ok(None) }
    }

    #[inline]
    fn text(&mut self, column: Column) -> Result<Option<Symbol>, RecordError> {
        self.cell(column)?.map(|at| self.reader.texts.symbol(at)).transpose()
    }

    #[inline]
    fn integer(&mut self, column: Column) -> Result<Option<i64>, RecordError> {
        Ok(self.cell(column)?.map(unzigzagged))
    }

    #[inline]
    fn number(&mut self, column: Column) -> Result<Option<f64>, RecordError> {
        let Some(cell) = self.cell(column)? else { return Ok(None) };
        if cell & 1 == 0 {
            return Ok(Some(of_thousandths(unzigzagged(cell >> 1))));
        }
        let at = usize::try_from(cell >> 1).ok().and_then(|at| self.reader.numbers.get(at));
        at.copied().map(Some).ok_or(RecordError::Damaged("a number's index"))
    }

    #[inline]
    fn time(&mut self, arrival_millis: i64) -> Result<Option<i64>, RecordError> {
        let Some(delta) = self.integer(Column::Time)? else { return Ok(None) };
        let lead = self.reader.expected.lead.wrapping_add(delta);
        self.reader.expected.lead = lead;
        time(arrival_millis.wrapping_add(lead), "a time").map(Some)
    }

    #[inline]
    fn source(&mut self) -> Result<Source<Symbol>, RecordError> {
        match (self.text(Column::Source)?, self.shape.has(Column::SourceInId)) {
            (Some(id), false) => Ok(Source::Given(id)),
            (None, true) => Ok(Source::InId),
            (None, false) => Ok(Source::None),
            (Some(_), true) => Err(RecordError::Damaged("two source ids")),
        }
    }

    /// The shape says that it is there where its type needs one.
    #[inline]
    fn object(&mut self) -> Result<Symbol, RecordError> {
        self.text(Column::Object)?.ok_or(RecordError::Damaged("an object is missing"))
    }

    #[inline]
    fn body(&mut self, learner: usize, next_pair: &mut u32) -> Result<BodyOf<Symbol, Span>, RecordError> {
        match self.shape.kind {
            Kind::Video(action) => self.video(action, learner, next_pair).map(BodyOf::Video),
            Kind::Quiz(action) => self.quiz(action).map(BodyOf::Quiz),
            Kind::Viewed => self.object().map(|object| BodyOf::Viewed { object }),
            Kind::Enrolled => Ok(BodyOf::Enrolled),
            Kind::Unenrolled => Ok(BodyOf::Unenrolled),
            Kind::Completed => Ok(BodyOf::Completed),
            Kind::Described => self.description().map(BodyOf::Described),
        }
    }

    #[inline]
    fn video(
        &mut self,
        action: VideoAction,
        learner: usize,
        next_pair: &mut u32,
    ) -> Result<VideoEventOf<Symbol, Span>, RecordError> {
        let video = self.object()?;
        let position_millis = self.position(Column::Position, learner)?;
        let to_millis = self.position(Column::To, learner)?;
        let length_millis = self.length(video)?;
        let rate = checked(self.number(Column::Rate)?, |rate| number::rate(*rate).is_some(), "a rate")?;
        let threshold = self.number(Column::Threshold)?;
        let threshold = checked(threshold, |share| number::threshold(*share).is_some(), "a threshold")?;
        let segments = self.cell(Column::Segments)?.map(|pairs| {
            // The pairs were counted when they were read.
            let start = *next_pair;
            *next_pair += pairs as u32;
            Span { start, end: *next_pair }
        });
        Ok(VideoEventOf { action, video, position_millis, to_millis, length_millis, rate, threshold, segments })
    }

    #[inline]
    fn position(&mut self, column: Column, learner: usize) -> Result<Option<i64>, RecordError> {
        let Some(delta) = self.integer(column)? else { return Ok(None) };
        let end = self.reader.expected.end(learner);
        *end = place(end.wrapping_add(delta), "a position")?;
        Ok(Some(*end))
    }

    #[inline]
    fn length(&mut self, object: Symbol) -> Result<Option<i64>, RecordError> {
        let Some(delta) = self.integer(Column::Length)? else { return Ok(None) };
        let length = self.reader.expected.length(object.index());
        *length = length.wrapping_add(delta);
        checked(Some(*length), |length| (1..=LONGEST_MILLIS).contains(length), "a length")
    }

    fn quiz(&mut self, action: QuizAction) -> Result<QuizEventOf<Symbol>, RecordError> {
        let finite = |value, what| checked(value, |value: &f64| value.is_finite(), what);
        let judged = self.shape.has(Column::Judged);
        Ok(QuizEventOf {
            action,
            quiz: self.object()?,
            question: self.text(Column::Question)?,
            attempt: self.cell(Column::Attempt)?.map(small).transpose()?,
            attempt_id: self.text(Column::AttemptId)?,
            response: self.text(Column::Response)?,
            correct: judged.then(|| self.shape.has(Column::Right)),
            score: finite(self.number(Column::Score)?, "a score")?,
            max_score: finite(self.number(Column::MaxScore)?, "a greatest score")?,
            scaled: finite(self.number(Column::Scaled)?, "a scaled score")?,
            elapsed_millis: checked(
                self.integer(Column::Elapsed)?,
                |millis| (0..=FARTHEST_PLACE_MILLIS as i64).contains(millis),
                "a time taken",
            )?,
        })
    }

    fn description(&mut self) -> Result<DescriptionOf<Symbol>, RecordError> {
        let object = self.object()?;
        Ok(DescriptionOf {
            object,
            section: self.text(Column::Section)?,
            position: self.integer(Column::Place)?,
            length_millis: self.length(object)?,
            url: self.text(Column::Url)?,
        })
    }
}

/// No clock and no reader tells a time that is farther away, so that sums and differences of times never overflow.
fn time(millis: i64, what: &'static str) -> Result<i64, RecordError> {
    if millis.unsigned_abs() <= FARTHEST_TIME_MILLIS { Ok(millis) } else { Err(RecordError::Damaged(what)) }
}

fn place(millis: i64, what: &'static str) -> Result<i64, RecordError> {
    if millis.unsigned_abs() <= FARTHEST_PLACE_MILLIS { Ok(millis) } else { Err(RecordError::Damaged(what)) }
}

fn checked<T>(value: Option<T>, is_valid: impl Fn(&T) -> bool, what: &'static str) -> Result<Option<T>, RecordError> {
    if value.as_ref().is_none_or(is_valid) { Ok(value) } else { Err(RecordError::Damaged(what)) }
}
