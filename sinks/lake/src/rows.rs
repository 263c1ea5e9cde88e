//! Events as rows and back: a row holds all that the fold needs to see the event again.

mod from_columns;
mod to_columns;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use trilha_schemas::event::Event;
use trilha_schemas::sequence::SequenceNumber;

pub use from_columns::from_batch;
pub use to_columns::to_batch;
pub(crate) use to_columns::{schema, to_batch_of};

use crate::error::LakeError;
use crate::partition::Day;

/// One event and where its copy stands in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct LakeRow {
    /// Whose event it is.
    pub tenant: Arc<str>,
    /// The shard, the stream's incarnation before it.
    pub shard: Arc<str>,
    /// The record in the shard.
    pub sequence_number: SequenceNumber,
    /// The event in the record.
    pub record_index: u32,
    /// The learner's item was full: the event is here alone and counts in no view.
    pub beyond_state: bool,
    /// The event.
    pub event: Event,
}

/// The rows, one of their columns put in the place of what they have under its name.
pub(crate) fn with_column(rows: &RecordBatch, name: &'static str, column: ArrayRef) -> Result<RecordBatch, LakeError> {
    let at = rows.schema().index_of(name)?;
    let mut columns = rows.columns().to_vec();
    columns[at] = column;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

impl LakeRow {
    /// The day of the partition that holds it.
    pub(crate) fn day(&self) -> Day {
        Day::of(&self.event)
    }
}
