//! The processors as handlers of the stream's mappings, within this process.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use tokio::sync::Semaphore;
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_live::port::LiveTable;
use trilha_processors::delivery;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::Strays;
use trilha_stream::checkpoints::Checkpoints;
use trilha_stream::mapping::{Handler, HandlerError, Mapping, Parts};
use trilha_stream::port::Stream;

use crate::clock::Clock;

/// The live processor's mapping, under which its checkpoints are kept.
pub const LIVE: &str = "live";
/// The lake's.
pub const LAKE: &str = "lake";

/// How batches are made.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long the live processor's batches wait to fill.
    pub live_window: Duration,
    /// How long the lake's do: fewer, larger files.
    pub lake_window: Duration,
}

impl Pace {
    /// A page shows an event within a second or two.
    pub const LIVE: Pace = Pace { live_window: Duration::from_millis(150), lake_window: Duration::from_millis(2_000) };
    /// As fast as events can be read.
    pub const REPLAY: Pace = Pace { live_window: Duration::from_millis(200), lake_window: Duration::from_millis(400) };
}

/// Turns for those who work on batches: the batches that are in memory at once are bounded, whatever the number of
/// shards.
#[derive(Clone)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    /// One batch a core is worked on, while one more waits for the disk or the network.
    pub fn of_this_machine() -> Turns {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Turns(Arc::new(Semaphore::new(cores + 1)))
    }

    /// A processor that waits for its turn.
    pub fn of<P>(&self, processor: P) -> Turn<P> {
        Turn { processor, turns: Arc::clone(&self.0) }
    }
}

/// A processor behind its turn.
pub struct Turn<P> {
    processor: P,
    turns: Arc<Semaphore>,
}

impl<T: LiveTable, S: Strays> Handler for Turn<LiveProcessor<T, S>> {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        let _turn = self.turns.acquire().await;
        self.processor.handle(event).await.map_err(|error| HandlerError(error.to_string()))
    }
}

impl<M: Manifest, S: Storage, K: Strays> Handler for Turn<LakeProcessor<M, S, K>> {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        let _turn = self.turns.acquire().await;
        self.processor.handle(event).await.map_err(|error| HandlerError(error.to_string()))
    }
}

/// Starts delivering a stream's records to a handler, from its checkpoints on.
pub fn start<S: Stream, C: Checkpoints, H: Handler>(
    name: &str,
    window: Duration,
    stream: &Arc<S>,
    checkpoints: C,
    handler: H,
    clock: &Clock,
) -> Mapping<S> {
    let parts = Parts {
        stream: Arc::clone(stream),
        checkpoints: Arc::new(checkpoints),
        handler: Arc::new(handler),
        on_failure: Arc::new(|gone| tracing::error!(?gone, "records were given up")),
        clock: Arc::clone(clock),
    };
    Mapping::start(delivery::mapping(name, window), parts)
}
