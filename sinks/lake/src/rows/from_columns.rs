//! Columns back to rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch};
use trilha_schemas::event::{
    Body, Description, Event, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent,
};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;

use super::LakeRow;
use crate::error::LakeError;

/// The rows of a batch that has the lake's columns, all of one tenant (whose name stands in the folder, not in the file).
pub fn from_batch(tenant: &Arc<str>, batch: &RecordBatch) -> Result<Vec<LakeRow>, LakeError> {
    let mut shards: HashMap<String, Arc<str>> = HashMap::new();
    (0..batch.num_rows()).map(|row| Cells { batch, row }.lake_row(tenant, &mut shards)).collect()
}

/// One row of a batch.
#[derive(Clone, Copy)]
struct Cells<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Cells<'_> {
    fn lake_row(self, tenant: &Arc<str>, shards: &mut HashMap<String, Arc<str>>) -> Result<LakeRow, LakeError> {
        let shard = self.required_text("shard")?;
        let shard = shards.entry(shard).or_insert_with_key(|shard| shard.as_str().into()).clone();
        let number = self.required_text("sequence_number")?;
        Ok(LakeRow {
            tenant: tenant.clone(),
            shard,
            sequence_number: SequenceNumber::parse(&number).map_err(|e| self.bad("sequence_number", &e.to_string()))?,
            record_index: self.required_unsigned("record_index")?,
            beyond_state: self.truth("beyond_state")?.unwrap_or_default(),
            event: self.event()?,
        })
    }

    fn event(self) -> Result<Event, LakeError> {
        Ok(Event {
            id: self.parsed("event_id", EventId::from_hex)?,
            learner: self.parsed("learner", Pseudonym::from_hex)?,
            course: self.required_text("course")?,
            session: self.text("session")?,
            role: self.parsed("role", Role::parse)?,
            title: self.text("title")?,
            time_millis: self.primitive::<TimestampMillisecondType>("time")?,
            arrival_millis: self.required::<TimestampMillisecondType>("arrival")?,
            zone_offset_minutes: self.required::<Int32Type>("zone_offset_minutes")? as i16,
            settings_version: self.required_unsigned("settings_version")?,
            flags: Flags::from_bits(self.required_unsigned("flags")?),
            protocol: self.parsed("protocol", |word| Protocol::ALL.into_iter().find(|known| known.as_str() == word))?,
            source: self.text("source_id")?.map_or(Source::None, Source::Given),
            body: self.body()?,
        })
    }

    fn body(self) -> Result<Body, LakeError> {
        let name = self.required_text("type")?;
        if let Some(action) = VideoAction::ALL.into_iter().find(|action| action.type_name() == name) {
            return self.video(action).map(Body::Video);
        }
        if let Some(action) = QuizAction::ALL.into_iter().find(|action| action.type_name() == name) {
            return self.quiz(action).map(Body::Quiz);
        }
        match name.as_str() {
            "activity.viewed" => Ok(Body::Viewed { object: self.required_text("object")? }),
            "course.enrolled" => Ok(Body::Enrolled),
            "course.unenrolled" => Ok(Body::Unenrolled),
            "course.completed" => Ok(Body::Completed),
            "object.described" => self.description().map(Body::Described),
            other => Err(self.bad("type", &format!("{other:?} is no type"))),
        }
    }

    fn video(self, action: VideoAction) -> Result<VideoEvent, LakeError> {
        Ok(VideoEvent {
            action,
            video: self.required_text("video")?,
            position_millis: self.primitive::<Int64Type>("position_millis")?,
            to_millis: self.primitive::<Int64Type>("to_millis")?,
            length_millis: self.primitive::<Int64Type>("length_millis")?,
            rate: self.primitive::<Float64Type>("rate")?,
            threshold: self.primitive::<Float64Type>("threshold")?,
            segments: self.segments()?,
        })
    }

    fn quiz(self, action: QuizAction) -> Result<QuizEvent, LakeError> {
        Ok(QuizEvent {
            action,
            quiz: self.required_text("quiz")?,
            question: self.text("question")?,
            attempt: self.primitive::<Int32Type>("attempt")?.map(i32::cast_unsigned),
            attempt_id: self.text("attempt_id")?,
            response: self.text("response")?,
            correct: self.truth("correct")?,
            score: self.primitive::<Float64Type>("score")?,
            max_score: self.primitive::<Float64Type>("max_score")?,
            scaled: self.primitive::<Float64Type>("scaled")?,
            elapsed_millis: self.primitive::<Int64Type>("elapsed_millis")?,
        })
    }

    fn description(self) -> Result<Description, LakeError> {
        Ok(Description {
            object: self.required_text("object")?,
            section: self.text("section")?,
            position: self.primitive::<Int64Type>("place")?,
            length_millis: self.primitive::<Int64Type>("length_millis")?,
            url: self.text("url")?,
        })
    }

    fn segments(self) -> Result<Option<Vec<(i64, i64)>>, LakeError> {
        let column = self.column("segments")?;
        let lists = column.as_list_opt::<i32>().ok_or_else(|| self.bad("segments", "is no list"))?;
        if lists.is_null(self.row) {
            return Ok(None);
        }
        let list = lists.value(self.row);
        let pairs = list.as_struct_opt().filter(|pairs| pairs.num_columns() == 2);
        let pairs = pairs.ok_or_else(|| self.bad("segments", "is no list of pairs"))?;
        let ends = pairs.column(0).as_primitive_opt::<Int64Type>().zip(pairs.column(1).as_primitive_opt::<Int64Type>());
        let (from, to) = ends.ok_or_else(|| self.bad("segments", "has other types than ours"))?;
        Ok(Some(from.values().iter().copied().zip(to.values().iter().copied()).collect()))
    }

    fn column(&self, name: &'static str) -> Result<&ArrayRef, LakeError> {
        self.batch.column_by_name(name).ok_or_else(|| self.bad(name, "is missing"))
    }

    fn text(self, name: &'static str) -> Result<Option<String>, LakeError> {
        let column = self.column(name)?.as_string_opt::<i32>().ok_or_else(|| self.bad(name, "is no text"))?;
        Ok(column.is_valid(self.row).then(|| column.value(self.row).to_string()))
    }

    fn required_text(self, name: &'static str) -> Result<String, LakeError> {
        self.text(name)?.ok_or_else(|| self.bad(name, "is null"))
    }

    fn parsed<T>(self, name: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, LakeError> {
        let text = self.required_text(name)?;
        parse(&text).ok_or_else(|| self.bad(name, &format!("cannot be read: {text:?}")))
    }

    fn truth(self, name: &'static str) -> Result<Option<bool>, LakeError> {
        let column = self.column(name)?.as_boolean_opt().ok_or_else(|| self.bad(name, "is no boolean"))?;
        Ok(column.is_valid(self.row).then(|| column.value(self.row)))
    }

    fn primitive<T: ArrowPrimitiveType>(self, name: &'static str) -> Result<Option<T::Native>, LakeError> {
        let column = self.column(name)?.as_primitive_opt::<T>().ok_or_else(|| self.bad(name, "has another type"))?;
        Ok(column.is_valid(self.row).then(|| column.value(self.row)))
    }

    fn required<T: ArrowPrimitiveType>(self, name: &'static str) -> Result<T::Native, LakeError> {
        self.primitive::<T>(name)?.ok_or_else(|| self.bad(name, "is null"))
    }

    fn required_unsigned(self, name: &'static str) -> Result<u32, LakeError> {
        self.required::<Int32Type>(name).map(i32::cast_unsigned)
    }

    fn bad(&self, column: &'static str, reason: &str) -> LakeError {
        LakeError::Row { row: self.row, column, reason: reason.to_string() }
    }
}
