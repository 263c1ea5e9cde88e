//! Checkpoints: an item for each shard of a mapping.

use trilha_dynamodb::{Condition, Table, TableError};
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::checkpoints::{CheckpointError, Checkpoints};

use crate::attributes::{item, s, text};
use crate::keys;

/// The checkpoints of mappings that run in a process of ours.
///
/// A checkpoint never goes back: of two that are set at once, as by a process that was thought dead, the greater stays.
#[derive(Debug)]
pub struct DynamoCheckpoints {
    table: Table,
}

impl DynamoCheckpoints {
    /// Over a table.
    pub fn new(table: Table) -> DynamoCheckpoints {
        DynamoCheckpoints { table }
    }
}

impl Checkpoints for DynamoCheckpoints {
    async fn get(&self, mapping: &str, shard_id: &str) -> Result<Option<SequenceNumber>, CheckpointError> {
        let there = self.table.get_one(&keys::checkpoint(mapping), shard_id, true).await.map_err(unavailable)?;
        let Some(there) = there else { return Ok(None) };
        let done = text(&there, "done").and_then(|done| SequenceNumber::parse(done).ok());
        done.map(Some).ok_or_else(|| CheckpointError(format!("the checkpoint of {mapping} in {shard_id} is damaged")))
    }

    async fn set(&self, mapping: &str, shard_id: &str, done: SequenceNumber) -> Result<(), CheckpointError> {
        // As many digits as a number may have, so that texts order as numbers do.
        let done = s(format!("{:0>129}", done.to_string()));
        let further = Condition::new("attribute_not_exists(#done) OR #done < :done");
        let further = further.name("#done", "done").value(":done", done.clone());
        let item = item(&keys::checkpoint(mapping), shard_id, [("done", done)]);
        // Refused: as much or more is done.
        self.table.put(item, Some(further)).await.map_err(unavailable)?;
        Ok(())
    }
}

fn unavailable(error: TableError) -> CheckpointError {
    CheckpointError(error.to_string())
}
