//! Which rows of a slice stay, and in which order.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, TimestampMillisecondType};
use arrow_array::{Array, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray};

use crate::error::LakeError;

/// A row: which batch, which row of it.
pub(crate) type Place = (usize, usize);

/// The rows that stay, in the order of a published file.
pub(crate) struct Kept {
    pub(crate) places: Vec<Place>,
    /// Of each its place, from 0, by id among its learner's rows of the same time. A learner's rows of one time are all in
    /// one slice, so that this holds in the whole lake.
    pub(crate) tie_breaks: Vec<i32>,
}

/// The columns that decide.
pub(crate) struct OrderColumns<'a> {
    event_id: &'a StringArray,
    learner: &'a StringArray,
    course: &'a StringArray,
    kind: &'a StringArray,
    object: &'a StringArray,
    time: &'a TimestampMillisecondArray,
    shard: &'a StringArray,
    sequence_number: &'a StringArray,
    record_index: &'a Int32Array,
}

/// What a published file is sorted by; `about` stands for (type, course, object).
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    about: u32,
    moment: Moment,
    event_id: u128,
}

/// Whose row it is, and of when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Moment {
    learner: u128,
    /// Events without a time come last.
    has_no_time: bool,
    time: i64,
}

/// Of each event among the rows the copy with the smallest (shard, sequence number, index in the record), in the order of a
/// published file.
pub(crate) fn distinct_in_order(
    columns: &[OrderColumns<'_>],
    rows: &[(usize, Range<usize>)],
) -> Result<Kept, LakeError> {
    let kept = distinct(columns, rows)?;
    let about = rank(columns, &kept);
    let (mut keyed, mut seen) = (Vec::with_capacity(kept.len()), HashMap::<Moment, i32>::with_capacity(kept.len()));
    for ((event_id, place), about) in kept.into_iter().zip(about) {
        let moment = columns[place.0].moment(place.1)?;
        let before = seen.entry(moment).or_default();
        keyed.push((Key { about, moment, event_id }, place, *before));
        *before += 1;
    }
    keyed.sort_unstable_by(|(a, ..), (b, ..)| a.cmp(b));
    let (places, tie_breaks) = keyed.into_iter().map(|(_, place, tie_break)| (place, tie_break)).unzip();
    Ok(Kept { places, tie_breaks })
}

/// In order of id.
fn distinct(columns: &[OrderColumns<'_>], wanted: &[(usize, Range<usize>)]) -> Result<Vec<(u128, Place)>, LakeError> {
    let mut rows = Vec::with_capacity(wanted.iter().map(|(_, rows)| rows.len()).sum());
    for (batch, wanted) in wanted {
        for row in wanted.clone() {
            rows.push((hex(columns[*batch].event_id, row, "event_id")?, (*batch, row)));
        }
    }
    rows.sort_unstable_by(|(a, a_place), (b, b_place)| {
        a.cmp(b).then_with(|| compare_copies(columns, *a_place, *b_place)).then_with(|| a_place.cmp(b_place))
    });
    rows.dedup_by_key(|(event_id, _)| *event_id);
    Ok(rows)
}

/// Decimal numbers without leading zeros: the longer is the greater.
fn compare_copies(columns: &[OrderColumns<'_>], a: Place, b: Place) -> Ordering {
    let of = |(batch, row): Place| {
        let columns = &columns[batch];
        let number = columns.sequence_number.value(row);
        (columns.shard.value(row), number.len(), number, columns.record_index.value(row).cast_unsigned())
    };
    of(a).cmp(&of(b))
}

/// The rank of each row's (type, course, object) among all there are.
fn rank(columns: &[OrderColumns<'_>], rows: &[(u128, Place)]) -> Vec<u32> {
    let mut numbers = HashMap::new();
    let mut about = Vec::with_capacity(rows.len());
    for (_, (batch, row)) in rows {
        let next = numbers.len();
        about.push(*numbers.entry(columns[*batch].about(*row)).or_insert(next));
    }
    let mut sorted: Vec<_> = numbers.into_iter().collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for (rank, (_, number)) in (0..).zip(sorted) {
        ranks[number] = rank;
    }
    about.into_iter().map(|number| ranks[number]).collect()
}

impl<'a> OrderColumns<'a> {
    /// Those of each batch.
    pub(crate) fn of_all(batches: &'a [RecordBatch]) -> Result<Vec<OrderColumns<'a>>, LakeError> {
        batches.iter().map(OrderColumns::of).collect()
    }

    fn of(batch: &'a RecordBatch) -> Result<OrderColumns<'a>, LakeError> {
        let text =
            |name: &'static str| batch.column_by_name(name).and_then(|column| column.as_string_opt()).ok_or(name);
        let time =
            batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>());
        let index = batch.column_by_name("record_index").and_then(|column| column.as_primitive_opt::<Int32Type>());
        let columns = || {
            Ok(OrderColumns {
                event_id: text("event_id")?,
                learner: text("learner")?,
                course: text("course")?,
                kind: text("type")?,
                object: text("object")?,
                time: time.ok_or("time")?,
                shard: text("shard")?,
                sequence_number: text("sequence_number")?,
                record_index: index.ok_or("record_index")?,
            })
        };
        columns().map_err(|column| LakeError::Row { row: 0, column, reason: "has another type".to_string() })
    }

    /// Nothing comes after everything, as in the file's order.
    fn about(&self, row: usize) -> (&'a str, &'a str, bool, &'a str) {
        (self.kind.value(row), self.course.value(row), self.object.is_null(row), self.object.value(row))
    }

    fn moment(&self, row: usize) -> Result<Moment, LakeError> {
        let learner = hex(self.learner, row, "learner")?;
        let (has_no_time, time) = (self.time.is_null(row), self.time.value(row));
        Ok(Moment { learner, has_no_time, time: if has_no_time { 0 } else { time } })
    }
}

fn hex(column: &StringArray, row: usize, name: &'static str) -> Result<u128, LakeError> {
    let text = column.value(row);
    let number = if text.len() == 32 { u128::from_str_radix(text, 16).ok() } else { None };
    number.ok_or_else(|| LakeError::Row { row, column: name, reason: format!("{text:?} is no id") })
}
