//! An event of a record that was read, in 64 bytes: one line of the processor's cache. Its shape says what is there.

use super::columns::Column;
use super::of_thousandths;
use super::read::Span;
use super::shapes::{Kind, Shape};
use super::texts::Symbol;
use crate::event::{BodyOf, DescriptionOf, EventOf, QuizAction, QuizEventOf, Source, VideoAction, VideoEventOf};
use crate::ids::{EventId, Pseudonym};
use crate::packing::{unzigzagged, zigzagged};

/// The cells of these columns, which few events have, lie beside the event, in the order of the columns.
const RARE: u32 = Column::Elapsed.bit()
    | Column::Title.bit()
    | Column::Source.bit()
    | Column::AttemptId.bit()
    | Column::Scaled.bit()
    | Column::Threshold.bit()
    | Column::Segments.bit();

/// Cells have room for small integers; of others they hold the place in a list. The lowest bit tells.
const PLACED: u32 = 1;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(super) struct Compact {
    pub id: EventId,
    pub arrival_millis: i64,
    pub shape: u16,
    pub learner: u16,
    /// Where its rare cells begin.
    pub rare: u32,
    pub session: Option<Symbol>,
    /// The object; any text, and not looked at, where there is none.
    pub object: Symbol,
    /// The time less the arrival.
    pub lead: u32,
    /// What its kind has beside; see [`cells`].
    pub cells: [u32; CELLS],
}

const CELLS: usize = 5;

impl Compact {
    /// An event of which nothing is known.
    pub(super) const EMPTY: Compact = Compact {
        id: EventId([0; 16]),
        arrival_millis: 0,
        shape: 0,
        learner: 0,
        rare: 0,
        session: None,
        object: Symbol::FIRST,
        lead: 0,
        cells: [0; CELLS],
    };
}

/// Which cell holds what.
pub(super) mod cells {
    // Of a video.
    pub(in super::super) const POSITION: usize = 0;
    pub(in super::super) const TO: usize = 1;
    pub(in super::super) const LENGTH: usize = 2;
    pub(in super::super) const RATE: usize = 3;
    // Of a quiz.
    pub(in super::super) const QUESTION: usize = 0;
    pub(in super::super) const ATTEMPT: usize = 1;
    pub(in super::super) const RESPONSE: usize = 2;
    pub(in super::super) const SCORE: usize = 3;
    pub(in super::super) const MAX_SCORE: usize = 4;
    // Of what is described.
    pub(in super::super) const PLACE: usize = 0;
    pub(in super::super) const SECTION: usize = 1;
    // `LENGTH` is the same as a video's.
    pub(in super::super) const URL: usize = 3;
}

/// What events point to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tables {
    pub learners: Vec<Pseudonym>,
    pub shapes: Vec<Shape>,
}

/// What events have beside the 64 bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Beside {
    pub rare: Vec<u32>,
    /// Integers that no cell has room for.
    pub wide: Vec<i64>,
    pub numbers: Vec<f64>,
}

impl Beside {
    /// The cell of an integer.
    #[inline(always)]
    pub(super) fn integer_cell(&mut self, value: i64) -> u32 {
        match u32::try_from(zigzagged(value)) {
            Ok(small) if small < 1 << 31 => small << 1,
            _ => self.wide_cell(value),
        }
    }

    #[cold]
    fn wide_cell(&mut self, value: i64) -> u32 {
        self.wide.push(value);
        placed(self.wide.len() - 1)
    }

    /// The cell of a double that is beyond the thousandths that a cell has room for.
    #[cold]
    pub(super) fn number_cell(&mut self, value: f64) -> u32 {
        self.numbers.push(value);
        placed(self.numbers.len() - 1)
    }

    #[inline(always)]
    fn integer(&self, cell: u32) -> i64 {
        match cell & PLACED {
            0 => unzigzagged(u64::from(cell >> 1)),
            _ => self.wide.get(cell as usize >> 1).copied().unwrap_or_default(),
        }
    }

    #[inline(always)]
    fn number(&self, cell: u32) -> f64 {
        match cell & PLACED {
            0 => of_thousandths(unzigzagged(u64::from(cell >> 1))),
            _ => self.numbers.get(cell as usize >> 1).copied().unwrap_or_default(),
        }
    }
}

/// A list has at most a few entries an event, so that its places fit.
fn placed(place: usize) -> u32 {
    (place as u32) << 1 | PLACED
}

/// An event and what it has beside, of which only what is asked for is looked at: nothing here can fail, so that what the
/// caller leaves unused need not be done.
#[derive(Clone, Copy)]
struct Unpacked<'r> {
    event: &'r Compact,
    shape: &'r Shape,
    beside: &'r Beside,
}

impl Compact {
    #[inline(always)]
    pub(super) fn time_millis(&self, tables: &Tables, beside: &Beside) -> Option<i64> {
        let is_told = tables.shapes[usize::from(self.shape)].has(Column::Time);
        is_told.then(|| self.arrival_millis.wrapping_add(beside.integer(self.lead)))
    }

    #[inline(always)]
    pub(super) fn unpacked(&self, tables: &Tables, beside: &Beside) -> EventOf<Symbol, Span> {
        let shape = &tables.shapes[usize::from(self.shape)];
        let unpacked = Unpacked { event: self, shape, beside };
        EventOf {
            id: self.id,
            learner: tables.learners.get(usize::from(self.learner)).copied().unwrap_or(Pseudonym([0; 16])),
            course: shape.course,
            session: self.session,
            role: shape.role,
            title: unpacked.rare_text(Column::Title),
            time_millis: self.time_millis(tables, beside),
            arrival_millis: self.arrival_millis,
            zone_offset_minutes: shape.zone_offset_minutes,
            settings_version: shape.settings_version,
            flags: shape.flags,
            protocol: shape.protocol,
            source: unpacked.source(),
            body: unpacked.body(),
        }
    }
}

impl Unpacked<'_> {
    #[inline(always)]
    fn cell(&self, column: Column, cell: usize) -> Option<u32> {
        self.shape.has(column).then_some(self.event.cells[cell])
    }

    #[inline(always)]
    fn text(&self, cell: usize) -> Option<Symbol> {
        Symbol::of_code(self.event.cells[cell])
    }

    #[inline(always)]
    fn rare(&self, column: Column, after: usize) -> Option<u32> {
        if !self.shape.has(column) {
            return None;
        }
        let before = self.shape.present & RARE & (column.bit() - 1);
        self.beside.rare.get(self.event.rare as usize + before.count_ones() as usize + after).copied()
    }

    #[inline(always)]
    fn rare_text(&self, column: Column) -> Option<Symbol> {
        self.rare(column, 0).and_then(Symbol::of_code)
    }

    #[inline(always)]
    fn source(&self) -> Source<Symbol> {
        match self.rare_text(Column::Source) {
            Some(id) => Source::Given(id),
            None if self.shape.has(Column::SourceInId) => Source::InId,
            None => Source::None,
        }
    }

    #[inline(always)]
    fn body(&self) -> BodyOf<Symbol, Span> {
        match self.shape.kind {
            Kind::Video(action) => BodyOf::Video(self.video(action)),
            Kind::Quiz(action) => BodyOf::Quiz(self.quiz(action)),
            Kind::Viewed => BodyOf::Viewed { object: self.event.object },
            Kind::Enrolled => BodyOf::Enrolled,
            Kind::Unenrolled => BodyOf::Unenrolled,
            Kind::Completed => BodyOf::Completed,
            Kind::Described => BodyOf::Described(self.description()),
        }
    }

    #[inline(always)]
    fn video(&self, action: VideoAction) -> VideoEventOf<Symbol, Span> {
        let integer = |cell| self.beside.integer(cell);
        let number = |cell| self.beside.number(cell);
        let span = |start, end| Span { start, end };
        VideoEventOf {
            action,
            video: self.event.object,
            position_millis: self.cell(Column::Position, cells::POSITION).map(integer),
            to_millis: self.cell(Column::To, cells::TO).map(integer),
            length_millis: self.cell(Column::Length, cells::LENGTH).map(i64::from),
            rate: self.cell(Column::Rate, cells::RATE).map(number),
            threshold: self.rare(Column::Threshold, 0).map(number),
            segments: self
                .rare(Column::Segments, 0)
                .zip(self.rare(Column::Segments, 1))
                .map(|(start, end)| span(start, end)),
        }
    }

    #[inline(always)]
    fn quiz(&self, action: QuizAction) -> QuizEventOf<Symbol> {
        let number = |cell| self.beside.number(cell);
        QuizEventOf {
            action,
            quiz: self.event.object,
            question: self.text(cells::QUESTION),
            attempt: self.cell(Column::Attempt, cells::ATTEMPT),
            attempt_id: self.rare_text(Column::AttemptId),
            response: self.text(cells::RESPONSE),
            correct: self.shape.has(Column::Judged).then(|| self.shape.has(Column::Right)),
            score: self.cell(Column::Score, cells::SCORE).map(number),
            max_score: self.cell(Column::MaxScore, cells::MAX_SCORE).map(number),
            scaled: self.rare(Column::Scaled, 0).map(number),
            elapsed_millis: self.rare(Column::Elapsed, 0).map(|cell| self.beside.integer(cell)),
        }
    }

    #[inline(always)]
    fn description(&self) -> DescriptionOf<Symbol> {
        DescriptionOf {
            object: self.event.object,
            section: self.text(cells::SECTION),
            position: self.cell(Column::Place, cells::PLACE).map(|cell| self.beside.integer(cell)),
            length_millis: self.cell(Column::Length, cells::LENGTH).map(i64::from),
            url: self.text(cells::URL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_takes_one_line_of_the_cache() {
        assert_eq!((size_of::<Compact>(), align_of::<Compact>()), (64, 64));
    }

    #[test]
    fn what_a_cell_has_no_room_for_is_beside() {
        let mut beside = Beside::default();
        for (value, wide) in [(0, 0), (-1, 0), ((1 << 30) - 1, 0), (-1 << 30, 0), (1 << 30, 1), (i64::MIN, 2), (-1, 2)]
        {
            let cell = beside.integer_cell(value);
            assert_eq!((beside.integer(cell), beside.wide.len()), (value, wide));
        }
        let cells = [1e300, 0.1].map(|number| beside.number_cell(number));
        assert_eq!((cells.map(|cell| beside.number(cell)), beside.number(1_250 << 2)), ([1e300, 0.1], 1.25));
    }
}
