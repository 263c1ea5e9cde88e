//! Writing a record: rows first, for what is interned comes before the columns; then column by column.

use super::columns::{COLUMNS, Column, MARKS};
use super::distinct::Distinct;
use super::parts::{EventParts, Parts};
use super::predict::Expected;
use super::shapes::{Kind, Shape};
use super::texts::Interner;
use super::{COMPRESS_FROM_BYTES, HEAD_BYTES, MAGIC, PLAIN, VERSION, ZSTD_WITH_DICTIONARY, frame};
use crate::event::{BodyOf, DescriptionOf, Pairs, QuizEventOf, Source, VideoEventOf};
use crate::ids::{EventId, Pseudonym};
use crate::packing::{bytes, varint, zigzag, zigzagged};

/// More than this is not kept from one request to the next.
const MAX_SPARE_BYTES: usize = 1024 * 1024;

/// One event: what it points to, and its cell of every column that it is in. Other cells are those of an event before.
#[derive(Clone)]
struct Row {
    shape: usize,
    learner: usize,
    arrival: u64,
    present: u32,
    cells: [u64; COLUMNS],
}

impl Row {
    const EMPTY: Row = Row { shape: 0, learner: 0, arrival: 0, present: 0, cells: [0; COLUMNS] };

    fn mark(&mut self, mark: Column) {
        self.present |= mark.bit();
    }

    fn set(&mut self, column: Column, cell: u64) {
        self.present |= column.bit();
        self.cells[column as usize] = cell;
    }

    fn integer(&mut self, column: Column, value: Option<i64>) {
        if let Some(value) = value {
            self.set(column, zigzagged(value));
        }
    }
}

/// Writes one record after the other.
pub(super) struct Writer<'a> {
    texts: Interner<'a>,
    /// Large, and not moved.
    tables: Box<Tables>,
}

/// What a record has beside its texts, and the records that are written.
#[derive(Default)]
pub(super) struct Tables {
    learners: Distinct<Pseudonym>,
    shapes: Distinct<Shape>,
    /// Doubles by their bits.
    numbers: Distinct<u64>,
    pairs: Vec<u8>,
    expected: Expected,
    /// Of the present record so many as it has events; those behind them are of records before.
    rows: Vec<Row>,
    /// The texts' bytes, which come after all of their lengths.
    packed: Vec<u8>,
    records: Vec<u8>,
}

impl Tables {
    fn clear(&mut self) {
        self.learners.clear();
        self.shapes.clear();
        self.numbers.clear();
        self.pairs.clear();
        self.expected.clear();
        self.packed.clear();
    }

    /// About how many bytes are allocated.
    fn capacity(&self) -> usize {
        let bytes = [&self.packed, &self.records].map(Vec::capacity).into_iter().sum::<usize>();
        bytes + size_of::<Row>() * self.rows.capacity()
    }
}

impl<'a> Writer<'a> {
    /// With what was allocated for records before.
    pub(super) fn with(spare: Box<Tables>) -> Writer<'a> {
        Writer { texts: Interner::default(), tables: spare }
    }

    /// What it allocated, for records of other events; nothing where that is much.
    pub(super) fn spare(mut self) -> Option<Box<Tables>> {
        self.tables.records.clear();
        (self.tables.capacity() <= MAX_SPARE_BYTES).then_some(self.tables)
    }

    /// The records that are written.
    pub(super) fn records(&self) -> &[u8] {
        &self.tables.records
    }

    /// Takes the last records back, down to so many bytes.
    pub(super) fn take_back_to(&mut self, length: usize) {
        self.tables.records.truncate(length);
    }

    /// Writes the record of these events.
    pub(super) fn record<E: Parts + 'a>(&mut self, tenant: &str, events: impl ExactSizeIterator<Item = &'a E> + Clone) {
        self.texts.clear();
        self.tables.clear();
        let mut rows = std::mem::take(&mut self.tables.rows);
        if rows.len() < events.len() {
            rows.resize(events.len(), Row::EMPTY);
        }
        events.clone().zip(&mut rows).for_each(|(event, row)| self.add(event.parts(), row));
        let start = self.tables.records.len();
        self.head(PLAIN, events.len(), None, events.clone().map(|event| event.parts().id));
        let body = self.tables.records.len();
        self.write_body(tenant, &rows[..events.len()]);
        self.tables.rows = rows;
        let length = self.tables.records.len() - body;
        let compressed = (length >= COMPRESS_FROM_BYTES).then(|| frame::compressed(&self.tables.records[body..]));
        if let Some(compressed) = compressed.flatten() {
            self.take_back_to(start);
            self.head(ZSTD_WITH_DICTIONARY, events.len(), Some(length), events.map(|event| event.parts().id));
            self.tables.records.extend_from_slice(&compressed);
        }
        let record = &mut self.tables.records[start..];
        let checksum = super::checksum(record);
        record[HEAD_BYTES..][..4].copy_from_slice(&checksum.to_be_bytes());
    }

    /// What comes before the body; the checksum's place is left empty.
    fn head(&mut self, form: u8, count: usize, plain_length: Option<usize>, ids: impl Iterator<Item = EventId>) {
        let record = &mut self.tables.records;
        record.extend_from_slice(&MAGIC);
        record.extend_from_slice(&[VERSION, form, 0, 0, 0, 0]);
        varint(record, count as u64);
        if let Some(length) = plain_length {
            varint(record, length as u64);
        }
        ids.for_each(|id| record.extend_from_slice(&id.0));
    }

    fn add<T: AsRef<str>>(&mut self, event: EventParts<'a, T>, row: &mut Row) {
        row.present = 0;
        row.learner = self.tables.learners.place(event.learner);
        row.arrival = zigzagged(event.arrival_millis.wrapping_sub(self.tables.expected.arrival));
        self.tables.expected.arrival = event.arrival_millis;
        let course = self.texts.symbol(event.course);
        self.text(row, Column::Session, event.session);
        if let Some(time) = event.time_millis {
            let lead = time.wrapping_sub(event.arrival_millis);
            row.set(Column::Time, zigzagged(lead.wrapping_sub(self.tables.expected.lead)));
            self.tables.expected.lead = lead;
        }
        self.text(row, Column::Title, event.title);
        match event.source {
            Source::None => {}
            Source::Given(id) => self.text(row, Column::Source, Some(id)),
            Source::InId => row.mark(Column::SourceInId),
        }
        let kind = self.body_of(row, event.body);
        row.shape = self.tables.shapes.place(Shape {
            kind,
            present: row.present,
            course,
            flags: event.flags,
            zone_offset_minutes: event.zone_offset_minutes,
            settings_version: event.settings_version,
            role: event.role,
            protocol: event.protocol,
        });
    }

    fn text<T: AsRef<str>>(&mut self, row: &mut Row, column: Column, text: Option<&'a T>) {
        if let Some(text) = text {
            row.set(column, self.texts.symbol(text.as_ref()).index() as u64);
        }
    }

    /// A double that is a small number of thousandths is that; any other is in the table.
    fn number(&mut self, row: &mut Row, column: Column, value: Option<f64>) {
        if let Some(value) = value {
            let cell = match thousandths(value) {
                Some(thousandths) => zigzagged(thousandths) << 1,
                None => (self.tables.numbers.place(value.to_bits()) as u64) << 1 | 1,
            };
            row.set(column, cell);
        }
    }

    fn object<T: AsRef<str>>(&mut self, row: &mut Row, object: &'a T) -> usize {
        let symbol = self.texts.symbol(object.as_ref());
        row.set(Column::Object, symbol.index() as u64);
        symbol.index()
    }

    fn length(&mut self, row: &mut Row, object: usize, length_millis: Option<i64>) {
        if let Some(length) = length_millis {
            let expected = std::mem::replace(self.tables.expected.length(object), length);
            row.set(Column::Length, zigzagged(length.wrapping_sub(expected)));
        }
    }

    fn body_of<T: AsRef<str>>(&mut self, row: &mut Row, body: &'a BodyOf<T, Pairs>) -> Kind {
        match body {
            BodyOf::Video(video) => {
                self.video(row, video);
                Kind::Video(video.action)
            }
            BodyOf::Quiz(quiz) => {
                self.quiz(row, quiz);
                Kind::Quiz(quiz.action)
            }
            BodyOf::Viewed { object } => {
                self.object(row, object);
                Kind::Viewed
            }
            BodyOf::Enrolled => Kind::Enrolled,
            BodyOf::Unenrolled => Kind::Unenrolled,
            BodyOf::Completed => Kind::Completed,
            BodyOf::Described(description) => {
                self.description(row, description);
                Kind::Described
            }
        }
    }

    fn video<T: AsRef<str>>(&mut self, row: &mut Row, video: &'a VideoEventOf<T, Pairs>) {
        let object = self.object(row, &video.video);
        let end = self.tables.expected.end(row.learner);
        if let Some(position) = video.position_millis {
            row.set(Column::Position, zigzagged(position.wrapping_sub(*end)));
            *end = position;
        }
        if let Some(to) = video.to_millis {
            row.set(Column::To, zigzagged(to.wrapping_sub(*end)));
            *end = to;
        }
        self.length(row, object, video.length_millis);
        self.number(row, Column::Rate, video.rate);
        self.number(row, Column::Threshold, video.threshold);
        if let Some(segments) = &video.segments {
            row.set(Column::Segments, segments.len() as u64);
            let mut before = 0i64;
            for (from, to) in segments {
                zigzag(&mut self.tables.pairs, from.wrapping_sub(before));
                zigzag(&mut self.tables.pairs, to.wrapping_sub(*from));
                before = *to;
            }
        }
    }

    fn quiz<T: AsRef<str>>(&mut self, row: &mut Row, quiz: &'a QuizEventOf<T>) {
        self.object(row, &quiz.quiz);
        self.text(row, Column::Question, quiz.question.as_ref());
        if let Some(attempt) = quiz.attempt {
            row.set(Column::Attempt, attempt.into());
        }
        self.text(row, Column::AttemptId, quiz.attempt_id.as_ref());
        self.text(row, Column::Response, quiz.response.as_ref());
        if let Some(right) = quiz.correct {
            row.mark(Column::Judged);
            if right {
                row.mark(Column::Right);
            }
        }
        self.number(row, Column::Score, quiz.score);
        self.number(row, Column::MaxScore, quiz.max_score);
        self.number(row, Column::Scaled, quiz.scaled);
        row.integer(Column::Elapsed, quiz.elapsed_millis);
    }

    fn description<T: AsRef<str>>(&mut self, row: &mut Row, description: &'a DescriptionOf<T>) {
        let object = self.object(row, &description.object);
        self.text(row, Column::Section, description.section.as_ref());
        row.integer(Column::Place, description.position);
        self.length(row, object, description.length_millis);
        self.text(row, Column::Url, description.url.as_ref());
    }

    fn write_body(&mut self, tenant: &str, rows: &[Row]) {
        let mut body = std::mem::take(&mut self.tables.records);
        bytes(&mut body, tenant.as_bytes());
        self.texts.write(&mut body, &mut self.tables.packed);
        varint(&mut body, self.tables.learners.values().len() as u64);
        self.tables.learners.values().iter().for_each(|learner| body.extend_from_slice(&learner.0));
        varint(&mut body, self.tables.shapes.values().len() as u64);
        self.tables.shapes.values().iter().for_each(|shape| shape.write(&mut body));
        varint(&mut body, self.tables.numbers.values().len() as u64);
        self.tables.numbers.values().iter().for_each(|bits| body.extend_from_slice(&bits.to_le_bytes()));
        self.columns(rows, &mut body);
        body.extend_from_slice(&self.tables.pairs);
        self.tables.records = body;
    }

    /// A column of indices into a table of one says nothing, and is left out.
    fn columns(&self, rows: &[Row], body: &mut Vec<u8>) {
        if self.tables.shapes.values().len() > 1 {
            rows.iter().for_each(|row| integer(body, row.shape as u64));
        }
        if self.tables.learners.values().len() > 1 {
            rows.iter().for_each(|row| integer(body, row.learner as u64));
        }
        rows.iter().for_each(|row| integer(body, row.arrival));
        let mut used = self.tables.shapes.values().iter().fold(0, |used, shape| used | shape.present) & !MARKS;
        while used != 0 {
            let column = used.trailing_zeros();
            let rows = rows.iter().filter(|row| row.present >> column & 1 == 1);
            rows.for_each(|row| integer(body, row.cells[column as usize]));
            used &= used - 1;
        }
    }
}

/// LEB128 without a branch on the length, which differs from cell to cell: sevens of bits are spread over eight bytes, of
/// which as many stay as are needed.
#[inline]
fn integer(out: &mut Vec<u8>, value: u64) {
    if value >> 56 != 0 {
        return varint(out, value);
    }
    let spread = value & 0x0fff_ffff | (value & 0x00ff_ffff_f000_0000) << 4;
    let spread = spread & 0x0000_3fff_0000_3fff | (spread & 0x0fff_c000_0fff_c000) << 2;
    let spread = spread & 0x007f_007f_007f_007f | (spread & 0x3f80_3f80_3f80_3f80) << 1;
    let more = (63 - spread.max(1).leading_zeros()) / 8;
    let marks = 0x0080_8080_8080_8080 & ((1 << (8 * more)) - 1);
    let end = out.len() + more as usize + 1;
    out.extend_from_slice(&(spread | marks).to_le_bytes());
    out.truncate(end);
}

/// The number of thousandths that a double is; `None` where they do not give the same double back.
fn thousandths(value: f64) -> Option<i64> {
    const MOST: u64 = 1 << 40;
    // Where it is none, neither of its neighbours is.
    let thousandths = value * 1000.0;
    let whole = (thousandths + 0.5f64.copysign(thousandths)) as i64;
    (whole.unsigned_abs() < MOST).then_some(())?;
    (super::of_thousandths(whole).to_bits() == value.to_bits()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_without_branches_is_the_same() {
        let near = |bits: u32| [(1u64 << bits) - 1, 1 << bits, (1 << bits) + 1];
        for value in (0..64).flat_map(near).chain([u64::MAX, 0x0123_4567_89ab_cdef, 0x00fe_dcba_9876_5432]) {
            let (mut one, mut other) = (vec![7], vec![7]);
            integer(&mut one, value);
            varint(&mut other, value);
            assert_eq!(one, other, "{value:#x}");
        }
    }

    #[test]
    fn what_a_request_leaves_behind_is_kept_unless_it_is_much() {
        let is_kept = |grow: fn(&mut Tables)| {
            let mut tables = Box::default();
            grow(&mut tables);
            Writer::with(tables).spare().is_some()
        };
        assert!(is_kept(|tables| tables.packed.reserve(MAX_SPARE_BYTES / 2)));
        assert!(!is_kept(|tables| tables.packed.reserve(MAX_SPARE_BYTES + 1)));
    }
}
