//! The event source mapping's twin: delivers a stream's records to a handler as Lambda does for Kinesis.
//!
//! One in-order reader a shard, a child only after its parents ended; batches by number, bytes and window; at least once.
//! A handler answers with the records that failed: the lowest of their sequence numbers becomes the checkpoint, and
//! everything from it on comes again. An error, a panic, or an answer that names no record of the batch fails the whole
//! batch. (AWS Lambda developer guide: Kinesis parameters, batch failure reporting.)

mod batch;
mod event;
mod shard;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use trilha_schemas::sequence::SequenceNumber;

use crate::checkpoints::Checkpoints;
use crate::clock::Clock;
use crate::port::{Record, Stream, StreamError};
use shard::ShardReader;

/// Lambda takes 6 MB of base64 an invocation.
pub const MAX_BATCH_BYTES: usize = 4_400_000;
/// Lambda's greatest batch size.
pub const MAX_BATCH_RECORDS: usize = 10_000;
/// How often the list of shards is read again, for those that a reshard made.
const LIST_SHARDS_EVERY: Duration = Duration::from_secs(1);

/// An event source mapping's settings, with Lambda's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingConfig {
    /// Names its checkpoints.
    pub name: String,
    /// The most records in a batch, 1 to 10,000.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
    /// How often a batch is tried again before it is discarded; `None`: without limit.
    pub retry_attempts: Option<u32>,
    /// Records older than this are discarded; `None`: never.
    pub record_age: Option<Duration>,
    /// A batch that failed is parted in two; that is no retry.
    pub bisect: bool,
    /// The handler's answer is looked at; else any answer is success.
    pub report_batch_item_failures: bool,
}

impl MappingConfig {
    /// What Lambda does unless told otherwise, but with batch item failures reported.
    pub fn new(name: &str) -> MappingConfig {
        MappingConfig {
            name: name.to_string(),
            batch_size: 100,
            window: Duration::ZERO,
            retry_attempts: None,
            record_age: None,
            bisect: false,
            report_batch_item_failures: true,
        }
    }
}

/// The invocation failed as a whole.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct HandlerError(pub String);

/// What a mapping calls.
pub trait Handler: Send + Sync + 'static {
    /// Handles one batch of one shard.
    fn call(&self, event: KinesisEvent) -> impl Future<Output = Result<KinesisEventResponse, HandlerError>> + Send;
}

/// A range of a shard that was given up, as an on-failure destination hears of it: where, not what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discarded {
    /// The shard.
    pub shard_id: String,
    /// The first record's number.
    pub first: SequenceNumber,
    /// The last record's number.
    pub last: SequenceNumber,
    /// How many.
    pub records: usize,
    /// `RetryAttemptsExhausted` or `MaximumRecordAgeExceeded`.
    pub condition: &'static str,
}

/// Hears of discarded ranges. It must not lose them: what it cannot keep it has to keep trying.
pub type OnFailure = Arc<dyn Fn(Discarded) + Send + Sync>;

/// Records of one shard as Lambda hands them over, for who reads a range by hand.
pub fn batch_event(shard_id: &str, records: &[Record]) -> KinesisEvent {
    event::of_records("by-hand", shard_id, records)
}

/// What a mapping reads, calls and tells.
pub struct Parts<S, C, H> {
    /// Where records come from.
    pub stream: Arc<S>,
    /// Where it remembers how far it came.
    pub checkpoints: Arc<C>,
    /// What it calls.
    pub handler: Arc<H>,
    /// Hears of discarded ranges.
    pub on_failure: OnFailure,
    /// For the age of records.
    pub clock: Clock,
}

impl<S, C, H> Clone for Parts<S, C, H> {
    fn clone(&self) -> Self {
        Parts {
            stream: Arc::clone(&self.stream),
            checkpoints: Arc::clone(&self.checkpoints),
            handler: Arc::clone(&self.handler),
            on_failure: Arc::clone(&self.on_failure),
            clock: Arc::clone(&self.clock),
        }
    }
}

/// How far each shard is acknowledged, for those who wait.
#[derive(Default)]
struct Acknowledged {
    positions: Mutex<BTreeMap<String, SequenceNumber>>,
    moved: Notify,
}

impl Acknowledged {
    fn set(&self, shard_id: &str, position: SequenceNumber) {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).insert(shard_id.to_string(), position);
        self.moved.notify_waiters();
    }

    fn get(&self, shard_id: &str) -> Option<SequenceNumber> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner).get(shard_id).copied()
    }
}

/// A running mapping. Dropping it stops it without waiting.
pub struct Mapping<S> {
    stream: Arc<S>,
    acknowledged: Arc<Acknowledged>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl<S: Stream> Mapping<S> {
    /// Starts delivering from the checkpoints on.
    pub fn start<C: Checkpoints, H: Handler>(config: MappingConfig, parts: Parts<S, C, H>) -> Mapping<S> {
        let (stop, stopped) = watch::channel(false);
        let acknowledged = Arc::new(Acknowledged::default());
        let stream = Arc::clone(&parts.stream);
        let running = tokio::spawn(run(Arc::new(config), parts, Arc::clone(&acknowledged), stopped));
        Mapping { stream, acknowledged, stop, running }
    }

    /// Completes when everything that was put before the call is acknowledged.
    ///
    /// # Errors
    /// [`StreamError`] when the stream cannot be read.
    pub async fn drained(&self) -> Result<(), StreamError> {
        for shard in self.stream.shards().await? {
            loop {
                let moved = self.acknowledged.moved.notified();
                let after = self.acknowledged.get(&shard.shard_id);
                if self.stream.records(&shard.shard_id, after, 1, 1).await?.records.is_empty() {
                    break;
                }
                // Another mapping's checkpoint may be older than what is kept, so this looks again by itself as well.
                let _ = tokio::time::timeout(Duration::from_millis(20), moved).await;
            }
        }
        Ok(())
    }

    /// The last sequence number that is done in a shard, since the start.
    pub fn acknowledged(&self, shard_id: &str) -> Option<SequenceNumber> {
        self.acknowledged.get(shard_id)
    }

    /// Lets running invocations finish, then ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Err(error) = (&mut self.running).await {
            tracing::error!(%error, "a mapping ended badly");
        }
    }
}

impl<S> Drop for Mapping<S> {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Keeps a reader on every shard whose parents are done.
async fn run<S: Stream, C: Checkpoints, H: Handler>(
    config: Arc<MappingConfig>,
    parts: Parts<S, C, H>,
    acknowledged: Arc<Acknowledged>,
    mut stopped: watch::Receiver<bool>,
) {
    let (mut readers, mut started, mut finished) = (JoinSet::new(), BTreeSet::new(), BTreeSet::new());
    while !*stopped.borrow() {
        let shards = list(&parts).await;
        let listed: BTreeSet<String> = shards.iter().map(|shard| shard.shard_id.clone()).collect();
        for shard in shards {
            // A parent that is listed no more has expired; one that is running is waited for all the same.
            let known = |parent: &String| listed.contains(parent) || started.contains(parent);
            let waits = shard.parents.iter().any(|parent| known(parent) && !finished.contains(parent));
            if !waits && started.insert(shard.shard_id.clone()) {
                let reader = ShardReader {
                    config: Arc::clone(&config),
                    parts: parts.clone(),
                    acknowledged: Arc::clone(&acknowledged),
                    shard_id: shard.shard_id,
                    stopped: stopped.clone(),
                };
                readers.spawn(reader.run());
            }
        }
        tokio::select! {
            Some(done) = readers.join_next() => finished.extend(done.ok().flatten()),
            () = tokio::time::sleep(LIST_SHARDS_EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
    while readers.join_next().await.is_some() {}
}

async fn list<S: Stream, C, H>(parts: &Parts<S, C, H>) -> Vec<crate::port::Shard> {
    parts.stream.shards().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the list of shards cannot be read");
        Vec::new()
    })
}
