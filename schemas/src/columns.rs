//! The lake's columns: one row an event, lossless for the fold, typed, nothing nested but the played segments.

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

/// The lake's event schema, in column order. `tenant` and `day` are partition keys (folders) and no columns.
///
/// Times are UTC milliseconds; content positions, lengths and durations are integer milliseconds; `flags` are the bits of
/// [`crate::flags::Flags`]; `(shard, sequence_number, record_index)` is where the kept copy of the event stands in the
/// stream, the shard with the stream's incarnation before it.
pub fn event_schema() -> Schema {
    Schema::new(fields())
}

fn fields() -> Vec<Field> {
    let text = || DataType::Utf8;
    let time = || DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let required = |name: &str, kind| Field::new(name, kind, false);
    let optional = |name: &str, kind| Field::new(name, kind, true);
    vec![
        required("event_id", text()),
        required("type", text()),
        optional("time", time()),
        required("arrival", time()),
        required("learner", text()),
        required("course", text()),
        optional("session", text()),
        required("role", text()),
        optional("title", text()),
        optional("object", text()),
        optional("video", text()),
        optional("position_millis", DataType::Int64),
        optional("to_millis", DataType::Int64),
        optional("length_millis", DataType::Int64),
        optional("rate", DataType::Float64),
        optional("threshold", DataType::Float64),
        optional("segments", segments()),
        optional("quiz", text()),
        optional("question", text()),
        optional("attempt", DataType::Int32),
        optional("attempt_id", text()),
        optional("response", text()),
        optional("correct", DataType::Boolean),
        optional("score", DataType::Float64),
        optional("max_score", DataType::Float64),
        optional("scaled", DataType::Float64),
        optional("elapsed_millis", DataType::Int64),
        optional("section", text()),
        optional("place", DataType::Int64),
        optional("url", text()),
        required("protocol", text()),
        optional("source_id", text()),
        required("flags", DataType::Int32),
        required("beyond_state", DataType::Boolean),
        required("zone_offset_minutes", DataType::Int32),
        required("settings_version", DataType::Int32),
        required("fold_version", DataType::Int32),
        required("shard", text()),
        required("sequence_number", text()),
        required("record_index", DataType::Int32),
    ]
}

/// `played-segments`: a list of {from_millis, to_millis}.
fn segments() -> DataType {
    let pair = Fields::from(vec![
        Field::new("from_millis", DataType::Int64, false),
        Field::new("to_millis", DataType::Int64, false),
    ]);
    DataType::List(Field::new("element", DataType::Struct(pair), false).into())
}
