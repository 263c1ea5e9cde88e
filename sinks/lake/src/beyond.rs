//! Events that learner items had no room for. The live processor says which they are, when it meets them; the lake, which
//! holds every event, flags their rows (`beyond_state`), so that whoever folds it again skips what the views have skipped.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::BooleanBuilder;
use arrow_array::cast::AsArray;
use trilha_schemas::ids::EventId;

use crate::error::LakeError;
use crate::partition::Partition;
use crate::rows::with_column;

/// The ids of all such events that are known, by the partition that holds their rows. An id that was in it stays in it.
pub type Beyond = BTreeMap<Partition, BTreeSet<EventId>>;

/// The ids of one partition as its rows spell them.
pub(crate) type Ids = HashSet<String>;

/// The ids of one partition.
pub(crate) fn ids_of(beyond: &Beyond, partition: &Partition) -> Ids {
    beyond.get(partition).into_iter().flatten().map(EventId::to_string).collect()
}

/// Sets the flag of the rows whose event is one of these; a flag that is set stays.
pub(crate) fn flag(rows: RecordBatch, ids: &Ids) -> Result<RecordBatch, LakeError> {
    if ids.is_empty() {
        return Ok(rows);
    }
    let wrong = |column| LakeError::Row { row: 0, column, reason: "has another type".to_string() };
    let flags = rows.column_by_name("beyond_state").and_then(|column| column.as_boolean_opt());
    let flags = flags.ok_or_else(|| wrong("beyond_state"))?;
    let events = rows.column_by_name("event_id").and_then(|column| column.as_string_opt::<i32>());
    let events = events.ok_or_else(|| wrong("event_id"))?;
    let mut flagged = BooleanBuilder::with_capacity(flags.len());
    (0..flags.len()).for_each(|row| flagged.append_value(flags.value(row) || ids.contains(events.value(row))));
    with_column(&rows, "beyond_state", Arc::new(flagged.finish()))
}
