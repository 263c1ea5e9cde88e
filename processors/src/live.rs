//! The live processor: records into learner items and views, exactly once in effect.
//!
//! Order of writes: views and roster entries first, learner items last, then the shard's progress. A learner item's
//! watermark at W thus proves that every view delta of its events up to W is durable. Every item is replaced only where
//! its whole watermark is the one that was read; on a conflict, or where anything failed, warm state is dropped and the
//! batch is folded again from what the table says. Nothing that was applied is applied again: deltas belong to sequence
//! numbers, and an item takes those after its watermark only.

mod absorbed;
mod cross_shard;
mod fold;
mod groups;
mod names;
mod roster;
mod state;
pub(crate) mod view;
mod warmth;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_core::{Folded, keys};
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_schemas::packing::{Input, zigzag};
use trilha_schemas::sequence::SequenceNumber;

use crate::batch::{Batch, Content, HandleError, Observed};
use crate::strays::Strays;
use state::ShardState;

/// How often a batch is folded again within one call, when another writer was faster.
const MOST_CONFLICTS: u32 = 5;

/// What one batch came to; for logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// What folding came to, over all items.
    pub folded: Folded,
    /// Items written.
    pub written: u64,
    /// Failed conditions.
    pub conflicts: u64,
}

/// Folds batches of a stream's shards into the live table.
pub struct LiveProcessor<T, S> {
    table: Arc<T>,
    strays: S,
    incarnation: String,
    warm_bytes: usize,
    shards: Mutex<HashMap<String, Arc<tokio::sync::Mutex<ShardState>>>>,
}

/// Why an attempt at a batch ended early.
enum Stop {
    /// Another writer was faster: read again.
    Conflict,
    /// The table failed.
    Failed(HandleError),
}

impl From<LiveError> for Stop {
    fn from(error: LiveError) -> Self {
        Stop::Failed(HandleError::Unavailable(error.to_string()))
    }
}

impl<T: LiveTable, S: Strays> LiveProcessor<T, S> {
    /// A processor of one incarnation of a stream. `warm_bytes` bounds what a shard's warm items take in memory.
    pub fn new(table: Arc<T>, strays: S, incarnation: String, warm_bytes: usize) -> Self {
        LiveProcessor { table, strays, incarnation, warm_bytes, shards: Mutex::default() }
    }

    /// Handles one batch, as Lambda does: an empty answer means that all of it is durable; else the lowest sequence
    /// number that is not done.
    ///
    /// # Errors
    /// [`HandleError::Batch`] when the batch cannot be read.
    pub async fn handle(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandleError> {
        let observed = self.observe(event).await?;
        match &observed.failure {
            None => tracing::debug!(?observed, "batch applied"),
            Some(error) => tracing::warn!(shard = observed.shard, error, "batch not applied, it will come again"),
        }
        Ok(observed.response)
    }

    /// As [`LiveProcessor::handle`], and tells what the batch came to instead of logging it.
    ///
    /// # Errors
    /// [`HandleError::Batch`] when the batch cannot be read.
    pub async fn observe(&self, event: KinesisEvent) -> Result<Observed, HandleError> {
        let first = event.records.first().map(|record| record.kinesis.sequence_number.clone());
        let Some(batch) = Batch::read(&self.incarnation, event)? else { return Ok(Observed::default()) };
        let observed = Observed::of(&batch);
        Ok(match self.apply(batch).await {
            Ok(applied) => Observed {
                duplicates: applied.folded.duplicates as usize,
                written: applied.written as usize,
                conflicts: applied.conflicts as usize,
                ..observed
            },
            Err(error) => observed.failed(first.unwrap_or_default(), error.to_string()),
        })
    }

    /// Applies a batch; it is durable when this returns.
    ///
    /// # Errors
    /// [`HandleError::Unavailable`] when a store failed; nothing may then be acknowledged.
    pub async fn apply(&self, mut batch: Batch) -> Result<Applied, HandleError> {
        let state = self.shard_state(&batch.shard);
        let mut state = state.lock().await;
        let mut conflicts = 0;
        self.set_strays_aside(&mut batch).await?;
        loop {
            match self.attempt(&batch, &mut state).await {
                Ok(applied) => return Ok(Applied { conflicts: conflicts.into(), ..applied }),
                Err(Stop::Conflict) if conflicts < MOST_CONFLICTS => conflicts += 1,
                Err(Stop::Conflict) => {
                    state.forget();
                    return Err(HandleError::Unavailable("another writer was faster every time".into()));
                }
                Err(Stop::Failed(error)) => {
                    state.forget();
                    return Err(error);
                }
            }
            state.forget();
        }
    }

    fn shard_state(&self, shard: &str) -> Arc<tokio::sync::Mutex<ShardState>> {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(shards.entry(shard.to_string()).or_default())
    }

    /// Records that are not folded are made safe elsewhere, before anything is acknowledged.
    async fn set_strays_aside(&self, batch: &mut Batch) -> Result<(), HandleError> {
        for record in &mut batch.records {
            let content = std::mem::replace(&mut record.content, Content::Foreign(Vec::new()));
            let safe = match content {
                Content::Events(_) => {
                    record.content = content;
                    continue;
                }
                Content::Misplaced(events) => {
                    let tenant = events.tenant().to_string();
                    self.strays.misplaced(tenant, events.events().collect()).await
                }
                Content::Foreign(bytes) => self.strays.foreign(record.stray(&batch.shard, &bytes)).await,
                Content::Damaged(bytes, error) => {
                    self.strays.damaged(record.stray(&batch.shard, &bytes), error.to_string()).await
                }
            };
            safe.map_err(HandleError::Unavailable)?;
        }
        Ok(())
    }

    async fn attempt(&self, batch: &Batch, state: &mut ShardState) -> Result<Applied, Stop> {
        let progress = self.progress(&batch.shard).await?;
        let done = progress.as_ref().and_then(|item| item.watermarks.of(&batch.shard));
        state.trust_only_if(progress.as_ref().map(|item| &item.watermarks));
        let Some(last) = batch.records.last().filter(|last| Some(last.sequence_number) > done) else {
            // Whoever did the batch may not have made it durable yet, and this acknowledges it.
            self.table.replace(Vec::new(), true).await?;
            state.settled(progress.map(|item| item.watermarks));
            return Ok(Applied::default());
        };
        let after = Position { shard: &batch.shard, done, last: last.sequence_number };
        let mut applied = fold::Attempt { table: &*self.table, batch, position: after, state }.run().await?;
        let watermarks: Watermarks = [(batch.shard.clone(), last.sequence_number)].into_iter().collect();
        self.write_progress(batch, progress, &watermarks, last.arrival_millis).await?;
        applied.written += 1;
        state.settled(Some(watermarks));
        state.shrink_to(self.warm_bytes);
        Ok(applied)
    }

    async fn progress(&self, shard: &str) -> Result<Option<Item>, Stop> {
        let keys = vec![progress_key(shard)];
        Ok(self.table.get(keys, Consistency::Strong).await?.pop().flatten())
    }

    async fn write_progress(
        &self,
        batch: &Batch,
        before: Option<Item>,
        watermarks: &Watermarks,
        arrival_millis: i64,
    ) -> Result<(), Stop> {
        let item = Item {
            key: progress_key(&batch.shard),
            watermarks: watermarks.clone(),
            value: Progress { arrival_millis }.encode(),
        };
        let replacement = Replacement { item, expected: before.map(|item| item.watermarks) };
        match self.table.replace(vec![replacement], true).await?.pop() {
            Some(Replaced::Written) => Ok(()),
            _ => Err(Stop::Conflict),
        }
    }
}

/// Where an attempt stands in its shard.
#[derive(Clone, Copy)]
struct Position<'a> {
    shard: &'a str,
    /// Everything up to here is applied to everything.
    done: Option<SequenceNumber>,
    last: SequenceNumber,
}

/// What a shard's progress item tells besides its watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// When the stream had the last applied record, in milliseconds since 1970 UTC.
    pub arrival_millis: i64,
}

impl Progress {
    fn encode(self) -> Vec<u8> {
        let mut out = vec![1];
        zigzag(&mut out, self.arrival_millis);
        out
    }

    /// From an item's value; `None` when it is of a later version.
    pub fn decode(value: &[u8]) -> Option<Progress> {
        let arrival_millis = Input::new(value.strip_prefix(&[1])?).zigzag().ok()?;
        Some(Progress { arrival_millis })
    }
}

fn progress_key(shard: &str) -> Key {
    key(keys::progress(shard))
}

fn key(name: keys::Name) -> Key {
    Key { partition: name.partition, sort: name.sort }
}
