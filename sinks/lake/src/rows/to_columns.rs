//! Rows to columns, in the order of `trilha_schemas::columns::event_schema`.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{Int64Builder, ListBuilder, StructBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, DataType, Field, Fields, SchemaRef};
use trilha_schemas::columns;
use trilha_schemas::event::{Body, Description, QuizEvent, VideoEvent};
use trilha_schemas::sequence::SequenceNumber;

use super::LakeRow;

/// The lake's schema.
pub(crate) fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(columns::event_schema()));
    SCHEMA.clone()
}

/// Rows as columns; `fold_version` is the version of the fold that handled them. Tenant and day are folders, no columns.
pub fn to_batch(rows: &[LakeRow], fold_version: u32) -> Result<RecordBatch, ArrowError> {
    to_batch_of(&rows.iter().collect::<Vec<_>>(), fold_version)
}

/// [`to_batch`] of rows that lie anywhere, in the order given.
pub(crate) fn to_batch_of(rows: &[&LakeRow], fold_version: u32) -> Result<RecordBatch, ArrowError> {
    let mut columns = act(rows);
    columns.extend(video(rows));
    columns.extend(quiz(rows));
    columns.extend(description(rows));
    columns.extend(origin(rows, fold_version));
    RecordBatch::try_new(schema(), columns)
}

fn act(rows: &[&LakeRow]) -> Vec<ArrayRef> {
    vec![
        hex(rows, |row| &row.event.id.0),
        text(rows, |row| Some(row.event.body.type_name())),
        time(rows, |row| row.event.time_millis),
        time(rows, |row| Some(row.event.arrival_millis)),
        hex(rows, |row| &row.event.learner.0),
        text(rows, |row| Some(&row.event.course)),
        text(rows, |row| row.event.session.as_deref()),
        text(rows, |row| Some(row.event.role.as_str())),
        text(rows, |row| row.event.title.as_deref()),
        text(rows, |row| Some(row.event.body.object()).filter(|_| has_object(&row.event.body))),
    ]
}

fn video(rows: &[&LakeRow]) -> Vec<ArrayRef> {
    let length = |row: &&LakeRow| match &row.event.body {
        Body::Video(video) => video.length_millis,
        Body::Described(description) => description.length_millis,
        _ => None,
    };
    vec![
        text(rows, |row| as_video(row).map(|video| video.video.as_str())),
        long(rows, |row| as_video(row)?.position_millis),
        long(rows, |row| as_video(row)?.to_millis),
        Arc::new(Int64Array::from_iter(rows.iter().map(length))),
        real(rows, |row| as_video(row)?.rate),
        real(rows, |row| as_video(row)?.threshold),
        segments(rows),
    ]
}

fn quiz(rows: &[&LakeRow]) -> Vec<ArrayRef> {
    vec![
        text(rows, |row| as_quiz(row).map(|quiz| quiz.quiz.as_str())),
        text(rows, |row| as_quiz(row)?.question.as_deref()),
        int(rows, |row| as_quiz(row)?.attempt.map(u32::cast_signed)),
        text(rows, |row| as_quiz(row)?.attempt_id.as_deref()),
        text(rows, |row| as_quiz(row)?.response.as_deref()),
        truth(rows, |row| as_quiz(row)?.correct),
        real(rows, |row| as_quiz(row)?.score),
        real(rows, |row| as_quiz(row)?.max_score),
        real(rows, |row| as_quiz(row)?.scaled),
        long(rows, |row| as_quiz(row)?.elapsed_millis),
    ]
}

fn description(rows: &[&LakeRow]) -> Vec<ArrayRef> {
    vec![
        text(rows, |row| as_description(row)?.section.as_deref()),
        long(rows, |row| as_description(row)?.position),
        text(rows, |row| as_description(row)?.url.as_deref()),
    ]
}

fn origin(rows: &[&LakeRow], fold_version: u32) -> Vec<ArrayRef> {
    vec![
        text(rows, |row| Some(row.event.protocol.as_str())),
        Arc::new(StringArray::from_iter(rows.iter().map(|row| row.event.source_id(&row.tenant)))),
        int(rows, |row| Some(row.event.flags.bits().cast_signed())),
        truth(rows, |row| Some(row.beyond_state)),
        int(rows, |row| Some(i32::from(row.event.zone_offset_minutes))),
        int(rows, |row| Some(row.event.settings_version.cast_signed())),
        int(rows, |_| Some(fold_version.cast_signed())),
        text(rows, |row| Some(&row.shard)),
        sequence_numbers(rows),
        int(rows, |row| Some(row.record_index.cast_signed())),
        int(rows, |_| None),
    ]
}

fn as_video(row: &LakeRow) -> Option<&VideoEvent> {
    if let Body::Video(video) = &row.event.body { Some(video) } else { None }
}

fn as_quiz(row: &LakeRow) -> Option<&QuizEvent> {
    if let Body::Quiz(quiz) = &row.event.body { Some(quiz) } else { None }
}

fn as_description(row: &LakeRow) -> Option<&Description> {
    if let Body::Described(description) = &row.event.body { Some(description) } else { None }
}

/// What is done to the course itself has no object.
fn has_object(body: &Body) -> bool {
    !matches!(body, Body::Enrolled | Body::Unenrolled | Body::Completed)
}

fn text(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<&str>) -> ArrayRef {
    Arc::new(StringArray::from_iter(rows.iter().map(|row| of(row))))
}

fn long(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter(rows.iter().map(|row| of(row))))
}

fn int(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter(rows.iter().map(|row| of(row))))
}

fn real(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(rows.iter().map(|row| of(row))))
}

fn truth(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<bool>) -> ArrayRef {
    Arc::new(BooleanArray::from_iter(rows.iter().map(|row| of(row))))
}

fn time(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> Option<i64>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::from_iter(rows.iter().map(|row| of(row))).with_timezone("UTC"))
}

/// Sixteen bytes as 32 hexadecimal digits.
fn hex(rows: &[&LakeRow], of: impl Fn(&LakeRow) -> &[u8; 16]) -> ArrayRef {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(32);
    let mut column = arrow_array::builder::StringBuilder::with_capacity(rows.len(), rows.len() * 32);
    for row in rows {
        text.clear();
        for byte in of(row) {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        column.append_value(&text);
    }
    Arc::new(column.finish())
}

/// Records hold many events, so each number is written out once.
fn sequence_numbers(rows: &[&LakeRow]) -> ArrayRef {
    let mut numbers: Vec<SequenceNumber> = rows.iter().map(|row| row.sequence_number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let texts: Vec<String> = numbers.iter().map(SequenceNumber::to_string).collect();
    let text = |row: &&LakeRow| numbers.binary_search(&row.sequence_number).ok().map(|at| texts[at].as_str());
    Arc::new(StringArray::from_iter(rows.iter().map(text)))
}

fn segments(rows: &[&LakeRow]) -> ArrayRef {
    let (element, pair) = segment_fields();
    let values = StructBuilder::new(pair, vec![Box::new(Int64Builder::new()), Box::new(Int64Builder::new())]);
    let mut column = ListBuilder::new(values).with_field(element);
    for row in rows {
        let list = as_video(row).and_then(|video| video.segments.as_ref());
        for (from, to) in list.into_iter().flatten() {
            append_pair(column.values(), *from, *to);
        }
        column.append(list.is_some());
    }
    Arc::new(column.finish())
}

fn append_pair(values: &mut StructBuilder, from_millis: i64, to_millis: i64) {
    for (at, value) in [from_millis, to_millis].into_iter().enumerate() {
        if let Some(builder) = values.field_builder::<Int64Builder>(at) {
            builder.append_value(value);
        }
    }
    values.append(true);
}

fn segment_fields() -> (Arc<Field>, Fields) {
    static FIELDS: LazyLock<(Arc<Field>, Fields)> = LazyLock::new(|| {
        let schema = columns::event_schema();
        let Ok(DataType::List(element)) = schema.field_with_name("segments").map(Field::data_type) else {
            unreachable!("the schema has a list of segments");
        };
        let DataType::Struct(pair) = element.data_type() else { unreachable!("a segment is a pair") };
        (element.clone(), pair.clone())
    });
    FIELDS.clone()
}
