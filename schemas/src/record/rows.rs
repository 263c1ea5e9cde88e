//! Reading events one after the other, each from where its columns stand.
//!
//! What is wrong is noted, and reading goes on to the end of the event, so that the many steps of one are not parted by as
//! many ways out.

use std::cmp::Ordering;

use super::columns::{COLUMNS, Column};
use super::compact::{Beside, Compact, Tables, cells};
use super::predict::Expected;
use super::shapes::{Kind, Shape};
use super::texts::Symbol;
use super::{RecordError, of_thousandths};
use crate::number;
use crate::packing::{Input, unzigzagged, varint_at};

/// The year 33,658, either way.
const FARTHEST_TIME_MILLIS: u64 = 1_000_000_000_000_000;
/// 10⁹ s, either way: what [`number::millis`] lets in.
const FARTHEST_PLACE_MILLIS: u64 = 1_000_000_000_000;
/// 10 h: what [`number::length_millis`] lets in.
const LONGEST_MILLIS: i64 = 36_000_000;

/// Columns in which there are as many integers as events have cells.
pub(super) struct Columns<'a> {
    pub body: &'a [u8],
    /// Where in the body the next learner's index is; there is none where there is one learner.
    pub learners: usize,
    /// Where in the body the next arrival is.
    pub arrivals: usize,
    /// Where in the body each column's next integer is.
    pub at: [usize; COLUMNS],
    /// Where in the body each column ends.
    pub ends: [usize; COLUMNS],
}

impl<'a> Columns<'a> {
    /// What is left of a column.
    pub(super) fn of(&self, column: Column) -> Input<'a> {
        Input::new(&self.body[self.at[column as usize]..self.ends[column as usize]])
    }
}

/// Events being read.
pub(super) struct Rows<'a> {
    columns: Columns<'a>,
    tables: &'a Tables,
    /// How many texts there are.
    texts: usize,
    /// How many numbers the record's own table has.
    numbers: usize,
    beside: &'a mut Beside,
    expected: &'a mut Expected,
    next_pair: u32,
    /// What was wrong first.
    damage: Option<RecordError>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        columns: Columns<'a>,
        tables: &'a Tables,
        texts: usize,
        beside: &'a mut Beside,
        expected: &'a mut Expected,
    ) -> Rows<'a> {
        expected.clear();
        Rows { columns, tables, texts, numbers: beside.numbers.len(), beside, expected, next_pair: 0, damage: None }
    }

    /// When all events are read.
    pub(super) fn end(self) -> Result<(), RecordError> {
        if self.columns.at == self.columns.ends {
            Ok(())
        } else {
            Err(RecordError::Damaged("a field that its type does not have"))
        }
    }

    /// Fills in the next event, of which only id and shape are known.
    #[inline(always)]
    pub(super) fn read(&mut self, event: &mut Compact) -> Result<(), RecordError> {
        let shape = &self.tables.shapes[usize::from(event.shape)];
        self.who(event);
        self.when(event, shape);
        event.rare = self.beside.rare.len() as u32;
        if shape.has(Column::Session) {
            event.session = Some(self.text(Column::Session));
        }
        // The shape has one then.
        if shape.kind.needs_object() {
            event.object = self.text(Column::Object);
        }
        match shape.kind {
            Kind::Video(_) => self.video(event, shape),
            Kind::Quiz(_) => self.quiz(event, shape),
            Kind::Described => self.description(event, shape),
            Kind::Viewed | Kind::Enrolled | Kind::Unenrolled | Kind::Completed => self.named(shape),
        }
        self.damage.take().map_or(Ok(()), Err)
    }

    #[cold]
    fn refuse(&mut self, error: impl Into<RecordError>) {
        self.damage.get_or_insert(error.into());
    }

    #[inline(always)]
    fn check(&mut self, is_valid: bool, what: &'static str) {
        if !is_valid {
            self.refuse(RecordError::Damaged(what));
        }
    }

    /// The value; nought where it is damaged, which is noted.
    #[inline(always)]
    fn sound<V: Default>(&mut self, value: Result<V, impl Into<RecordError>>) -> V {
        value.unwrap_or_else(|damaged| {
            self.refuse(damaged);
            V::default()
        })
    }

    #[inline(always)]
    fn cell(&mut self, column: Column) -> u64 {
        let cell = varint_at(self.columns.body, &mut self.columns.at[column as usize]);
        self.sound(cell)
    }

    #[inline(always)]
    fn text(&mut self, column: Column) -> Symbol {
        let index = self.cell(column);
        self.check(index < self.texts as u64, "a text's index");
        Symbol::new(index as usize)
    }

    #[inline(always)]
    fn integer(&mut self, column: Column) -> i64 {
        unzigzagged(self.cell(column))
    }

    /// A number's cell. What is usual is known to be valid by its thousandths; only else is a double made of it.
    #[inline(always)]
    fn number(
        &mut self,
        column: Column,
        is_usual: impl Fn(u64) -> bool,
        is_valid: impl Fn(f64) -> bool,
        what: &'static str,
    ) -> u32 {
        let cell = self.cell(column);
        if is_usual(cell) {
            return cell as u32;
        }
        let (cell, number) = self.unusual_number(cell);
        self.check(is_valid(number), what);
        cell
    }

    #[cold]
    fn unusual_number(&mut self, cell: u64) -> (u32, f64) {
        if cell & 1 == 0 {
            let number = of_thousandths(unzigzagged(cell >> 1));
            let cell = u32::try_from(cell).unwrap_or_else(|_| self.beside.number_cell(number));
            return (cell, number);
        }
        let at = usize::try_from(cell >> 1).ok().filter(|at| *at < self.numbers);
        let number = at.and_then(|at| self.beside.numbers.get(at)).copied();
        self.check(number.is_some(), "a number's index");
        (cell as u32, number.unwrap_or_default())
    }

    #[inline(always)]
    fn who(&mut self, event: &mut Compact) {
        let learners = self.tables.learners.len();
        if learners != 1 {
            let learner = varint_at(self.columns.body, &mut self.columns.learners).map_err(RecordError::from);
            let learner = learner.and_then(|learner| index(learner, learners, "a learner's index"));
            event.learner = self.sound(learner);
        }
    }

    #[inline(always)]
    fn when(&mut self, event: &mut Compact, shape: &Shape) {
        let arrival = varint_at(self.columns.body, &mut self.columns.arrivals);
        self.expected.arrival = self.expected.arrival.wrapping_add(unzigzagged(self.sound(arrival)));
        event.arrival_millis = self.expected.arrival;
        self.check(is_time(event.arrival_millis), "an arrival");
        if shape.has(Column::Time) {
            self.expected.lead = self.expected.lead.wrapping_add(self.integer(Column::Time));
            self.check(is_time(event.arrival_millis.wrapping_add(self.expected.lead)), "a time");
            event.lead = self.beside.integer_cell(self.expected.lead);
        }
    }

    #[inline(always)]
    fn rare_text(&mut self, shape: &Shape, column: Column) {
        if shape.has(column) {
            let text = self.text(column);
            self.beside.rare.push(text.code());
        }
    }

    /// The title and the source id, rare in all kinds.
    #[inline(always)]
    fn named(&mut self, shape: &Shape) {
        self.rare_text(shape, Column::Title);
        self.rare_text(shape, Column::Source);
        self.check(!shape.has(Column::Source) || !shape.has(Column::SourceInId), "two source ids");
    }

    #[inline(always)]
    fn video(&mut self, event: &mut Compact, shape: &Shape) {
        if shape.has(Column::Position) {
            event.cells[cells::POSITION] = self.position(Column::Position, event.learner);
        }
        if shape.has(Column::To) {
            event.cells[cells::TO] = self.position(Column::To, event.learner);
        }
        self.length(event, shape);
        if shape.has(Column::Rate) {
            // 0.25 to 4, both positive.
            let is_usual = |cell: u64| cell & 3 == 0 && (250..=4_000).contains(&(cell >> 2));
            let is_valid = |rate| number::rate(rate).is_some();
            event.cells[cells::RATE] = self.number(Column::Rate, is_usual, is_valid, "a rate");
        }
        self.named(shape);
        if shape.has(Column::Threshold) {
            let is_valid = |threshold| number::threshold(threshold).is_some();
            let cell = self.number(Column::Threshold, |_| false, is_valid, "a threshold");
            self.beside.rare.push(cell);
        }
        if shape.has(Column::Segments) {
            // The pairs were counted when they were read.
            let start = self.next_pair;
            self.next_pair += self.cell(Column::Segments) as u32;
            self.beside.rare.extend([start, self.next_pair]);
        }
    }

    #[inline(always)]
    fn position(&mut self, column: Column, learner: u16) -> u32 {
        let delta = self.integer(column);
        let end = self.expected.end(learner.into());
        *end = end.wrapping_add(delta);
        let position = *end;
        self.check(is_place(position), "a position");
        self.beside.integer_cell(position)
    }

    #[inline(always)]
    fn length(&mut self, event: &mut Compact, shape: &Shape) {
        if shape.has(Column::Length) {
            let delta = self.integer(Column::Length);
            let length = self.expected.length(event.object.index());
            *length = length.wrapping_add(delta);
            let length = *length;
            self.check((1..=LONGEST_MILLIS).contains(&length), "a length");
            event.cells[cells::LENGTH] = length as u32;
        }
    }

    #[inline(always)]
    fn quiz(&mut self, event: &mut Compact, shape: &Shape) {
        if shape.has(Column::Question) {
            event.cells[cells::QUESTION] = self.text(Column::Question).code();
        }
        if shape.has(Column::Attempt) {
            let attempt = self.cell(Column::Attempt);
            self.check(u32::try_from(attempt).is_ok(), "a small integer");
            event.cells[cells::ATTEMPT] = attempt as u32;
        }
        if shape.has(Column::Response) {
            event.cells[cells::RESPONSE] = self.text(Column::Response).code();
        }
        if shape.has(Column::Score) {
            event.cells[cells::SCORE] = self.score(Column::Score, "a score");
        }
        if shape.has(Column::MaxScore) {
            event.cells[cells::MAX_SCORE] = self.score(Column::MaxScore, "a greatest score");
        }
        if shape.has(Column::Elapsed) {
            let millis = self.integer(Column::Elapsed);
            self.check(millis >= 0 && is_place(millis), "a time taken");
            let cell = self.beside.integer_cell(millis);
            self.beside.rare.push(cell);
        }
        self.named(shape);
        self.rare_text(shape, Column::AttemptId);
        if shape.has(Column::Scaled) {
            let cell = self.score(Column::Scaled, "a scaled score");
            self.beside.rare.push(cell);
        }
    }

    #[inline(always)]
    fn score(&mut self, column: Column, what: &'static str) -> u32 {
        let is_usual = |cell: u64| cell & 1 == 0 && cell <= u64::from(u32::MAX);
        self.number(column, is_usual, f64::is_finite, what)
    }

    fn description(&mut self, event: &mut Compact, shape: &Shape) {
        if shape.has(Column::Section) {
            event.cells[cells::SECTION] = self.text(Column::Section).code();
        }
        if shape.has(Column::Place) {
            let place = self.integer(Column::Place);
            event.cells[cells::PLACE] = self.beside.integer_cell(place);
        }
        self.length(event, shape);
        if shape.has(Column::Url) {
            event.cells[cells::URL] = self.text(Column::Url).code();
        }
        self.named(shape);
    }
}

/// An index into a table; `what` tells it from one that is far off.
#[inline(always)]
pub(super) fn index(index: u64, entries: usize, what: &'static str) -> Result<u16, RecordError> {
    match index.cmp(&(entries as u64)) {
        Ordering::Less => Ok(index as u16),
        Ordering::Equal => Err(RecordError::Damaged(what)),
        Ordering::Greater => Err(RecordError::Damaged("an index")),
    }
}

/// No clock and no reader tells a time that is farther away, so that sums and differences of times never overflow.
fn is_time(millis: i64) -> bool {
    millis.unsigned_abs() <= FARTHEST_TIME_MILLIS
}

pub(super) fn is_place(millis: i64) -> bool {
    millis.unsigned_abs() <= FARTHEST_PLACE_MILLIS
}
