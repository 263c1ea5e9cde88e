//! The lake's columns: one row an event, lossless for the fold, typed, nothing nested but the played segments.

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

/// The lake's event schema, in column order. `tenant` and `day` are partition keys (folders) and no columns.
///
/// Times are UTC milliseconds; content positions, lengths and durations are integer milliseconds; `flags` are the bits of
/// [`crate::flags::Flags`]; `(shard, sequence_number, record_index)` is where the kept copy of the event stands in the
/// stream, the shard with the stream's incarnation before it. `tie_break` is the event's place, from 0, by id among the
/// learner's events of the same time: (time, tie_break) orders them as (time, event_id) does, and reads no id. Compaction
/// tells it, for only there all of them meet; what landed, and what was published before, has none.
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
        // Last: Athena takes no column in between where partitions were made without it.
        optional("tie_break", DataType::Int32),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Old files are read by name, and rows that a writer takes for there are not null.
    #[test]
    fn what_every_row_has_is_required_and_nothing_else() {
        let schema = event_schema();
        let (required, optional): (Vec<&Field>, Vec<&Field>) =
            schema.fields().iter().map(AsRef::as_ref).partition(|field| !field.is_nullable());
        let names: Vec<&str> = required.iter().map(|field| field.name().as_str()).collect();
        let place = ["shard", "sequence_number", "record_index"];
        let versions = ["zone_offset_minutes", "settings_version", "fold_version"];
        let event = ["event_id", "type", "arrival", "learner", "course", "role", "protocol", "flags", "beyond_state"];
        assert_eq!(names, [&event[..], &versions[..], &place[..]].concat());
        assert_eq!(optional.len(), 26);
    }
}
