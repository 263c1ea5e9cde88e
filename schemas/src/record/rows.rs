//! Reading events one after the other, each from where its columns stand.
//!
//! What is wrong is noted, and reading goes on to the end of the event, so that the many steps of one are not parted by as
//! many ways out.

use super::columns::{COLUMNS, Column};
use super::compact::{Beside, Compact, cells};
use super::predict::Expected;
use super::shapes::{Kind, Shape};
use super::texts::Symbol;
use super::{RecordError, of_thousandths};
use crate::number;
use crate::packing::{unzigzagged, varint_at};

/// The year 33,658, either way.
const FARTHEST_TIME_MILLIS: u64 = 1_000_000_000_000_000;
/// 10⁹ s, either way: what [`number::millis`] lets in.
const FARTHEST_PLACE_MILLIS: u64 = 1_000_000_000_000;
/// 10 h: what [`number::length_millis`] lets in.
const LONGEST_MILLIS: i64 = 36_000_000;

/// Columns in which there are as many integers as events have cells.
pub(super) struct Columns<'a> {
    pub body: &'a [u8],
    /// Where in the body the next arrival is.
    pub arrivals: usize,
    /// Where in the body each column's next integer is.
    pub at: [usize; COLUMNS],
}

/// Events being read.
pub(super) struct Rows<'a> {
    columns: Columns<'a>,
    texts: usize,
    /// How many the record's table of numbers has.
    numbers: usize,
    beside: Beside,
    expected: Expected,
    next_pair: u32,
    /// What was wrong first.
    damage: Option<RecordError>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(columns: Columns<'a>, texts: usize, beside: Beside) -> Rows<'a> {
        let (numbers, expected) = (beside.numbers.len(), Expected::default());
        Rows { columns, texts, numbers, beside, expected, next_pair: 0, damage: None }
    }

    /// Where the columns stand, and what the events have beside.
    pub(super) fn finish(self) -> ([usize; COLUMNS], Beside) {
        (self.columns.at, self.beside)
    }

    /// Fills in the next event, of which only id, shape and learner are known.
    #[inline]
    pub(super) fn read(&mut self, event: &mut Compact, shape: &Shape) -> Result<(), RecordError> {
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

    #[inline]
    fn check(&mut self, is_valid: bool, what: &'static str) {
        if !is_valid {
            self.refuse(RecordError::Damaged(what));
        }
    }

    #[inline]
    fn cell(&mut self, column: Column) -> u64 {
        let cell = varint_at(self.columns.body, &mut self.columns.at[column as usize]);
        cell.unwrap_or_else(|damaged| {
            self.refuse(damaged);
            0
        })
    }

    #[inline]
    fn text(&mut self, column: Column) -> Symbol {
        let index = self.cell(column);
        self.check(index < self.texts as u64, "a text's index");
        Symbol::new(index as usize)
    }

    #[inline]
    fn integer(&mut self, column: Column) -> i64 {
        unzigzagged(self.cell(column))
    }

    /// A number's cell, and the number.
    #[inline]
    fn number(&mut self, column: Column) -> (u32, f64) {
        let cell = self.cell(column);
        match u32::try_from(cell) {
            Ok(small) if small & 1 == 0 => (small, of_thousandths(unzigzagged(cell >> 1))),
            _ => self.other_number(cell),
        }
    }

    #[cold]
    fn other_number(&mut self, cell: u64) -> (u32, f64) {
        if cell & 1 == 0 {
            let number = of_thousandths(unzigzagged(cell >> 1));
            return (self.beside.number_cell(number), number);
        }
        let at = usize::try_from(cell >> 1).ok().filter(|at| *at < self.numbers);
        let number = at.and_then(|at| self.beside.numbers.get(at)).copied();
        self.check(number.is_some(), "a number's index");
        (cell as u32, number.unwrap_or_default())
    }

    #[inline]
    fn when(&mut self, event: &mut Compact, shape: &Shape) {
        let arrival = varint_at(self.columns.body, &mut self.columns.arrivals).map(unzigzagged);
        let arrival = arrival.unwrap_or_else(|damaged| {
            self.refuse(damaged);
            0
        });
        self.expected.arrival = self.expected.arrival.wrapping_add(arrival);
        event.arrival_millis = self.expected.arrival;
        self.check(is_time(event.arrival_millis), "an arrival");
        if shape.has(Column::Time) {
            self.expected.lead = self.expected.lead.wrapping_add(self.integer(Column::Time));
            self.check(is_time(event.arrival_millis.wrapping_add(self.expected.lead)), "a time");
            event.lead = self.beside.integer_cell(self.expected.lead);
        }
    }

    #[inline]
    fn rare_text(&mut self, shape: &Shape, column: Column) {
        if shape.has(column) {
            let text = self.text(column);
            self.beside.rare.push(text.code());
        }
    }

    /// The title and the source id, rare in all kinds.
    #[inline]
    fn named(&mut self, shape: &Shape) {
        self.rare_text(shape, Column::Title);
        self.rare_text(shape, Column::Source);
        self.check(!shape.has(Column::Source) || !shape.has(Column::SourceInId), "two source ids");
    }

    #[inline]
    fn video(&mut self, event: &mut Compact, shape: &Shape) {
        if shape.has(Column::Position) {
            event.cells[cells::POSITION] = self.position(Column::Position, event.learner);
        }
        if shape.has(Column::To) {
            event.cells[cells::TO] = self.position(Column::To, event.learner);
        }
        self.length(event, shape);
        if shape.has(Column::Rate) {
            let (cell, rate) = self.number(Column::Rate);
            self.check(number::rate(rate).is_some(), "a rate");
            event.cells[cells::RATE] = cell;
        }
        self.named(shape);
        if shape.has(Column::Threshold) {
            let (cell, threshold) = self.number(Column::Threshold);
            self.check(number::threshold(threshold).is_some(), "a threshold");
            self.beside.rare.push(cell);
        }
        if shape.has(Column::Segments) {
            // The pairs were counted when they were read.
            let start = self.next_pair;
            self.next_pair += self.cell(Column::Segments) as u32;
            self.beside.rare.extend([start, self.next_pair]);
        }
    }

    #[inline]
    fn position(&mut self, column: Column, learner: u16) -> u32 {
        let delta = self.integer(column);
        let end = self.expected.end(learner.into());
        *end = end.wrapping_add(delta);
        let position = *end;
        self.check(is_place(position), "a position");
        self.beside.integer_cell(position)
    }

    #[inline]
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

    #[inline]
    fn score(&mut self, column: Column, what: &'static str) -> u32 {
        let (cell, score) = self.number(column);
        self.check(score.is_finite(), what);
        cell
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

/// No clock and no reader tells a time that is farther away, so that sums and differences of times never overflow.
fn is_time(millis: i64) -> bool {
    millis.unsigned_abs() <= FARTHEST_TIME_MILLIS
}

pub(super) fn is_place(millis: i64) -> bool {
    millis.unsigned_abs() <= FARTHEST_PLACE_MILLIS
}
