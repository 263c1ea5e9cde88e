//! Where each mapping has come to in each shard.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use trilha_schemas::sequence::SequenceNumber;

/// A checkpoint could not be read or set: try again later.
#[derive(Debug, Error)]
#[error("the checkpoints are unavailable: {0}")]
pub struct CheckpointError(pub String);

/// Keeps the last sequence number that a mapping has done, per shard. It may come back older than it was set after a
/// crash, never newer: records are delivered again then.
pub trait Checkpoints: Send + Sync + 'static {
    /// The last number done; `None` before the first.
    fn get(
        &self,
        mapping: &str,
        shard_id: &str,
    ) -> impl Future<Output = Result<Option<SequenceNumber>, CheckpointError>> + Send;

    /// Everything up to a number is done.
    fn set(
        &self,
        mapping: &str,
        shard_id: &str,
        done: SequenceNumber,
    ) -> impl Future<Output = Result<(), CheckpointError>> + Send;
}

/// Checkpoints in memory, for tests.
#[derive(Debug, Default)]
pub struct MemoryCheckpoints {
    done: Mutex<BTreeMap<(String, String), SequenceNumber>>,
}

impl Checkpoints for MemoryCheckpoints {
    async fn get(&self, mapping: &str, shard_id: &str) -> Result<Option<SequenceNumber>, CheckpointError> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(done.get(&(mapping.to_string(), shard_id.to_string())).copied())
    }

    async fn set(&self, mapping: &str, shard_id: &str, number: SequenceNumber) -> Result<(), CheckpointError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.insert((mapping.to_string(), shard_id.to_string()), number);
        Ok(())
    }
}
