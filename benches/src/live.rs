//! The live processor behind a stream, delivered to as Lambda does.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_live::port::LiveTable;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;
use trilha_stream::checkpoints::MemoryCheckpoints;
use trilha_stream::mapping::{Handler, HandlerError, Mapping, MappingConfig, Parts};
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::Stream;

/// The most records in a batch, as `trilha up` has it.
const BATCH_RECORDS: usize = 3_000;
/// What the warm items of one shard may take in memory, as `trilha up` has it.
const WARM_BYTES: usize = 16 * 1024 * 1024;

struct Live<T>(LiveProcessor<T, NoStrays>);

/// Starts folding a stream into a table: one consumer a shard, batches that wait so long to fill.
pub fn into_live_table<T: LiveTable>(
    stream: &Arc<MemoryStream>,
    table: Arc<T>,
    window: Duration,
) -> Mapping<MemoryStream> {
    let processor = LiveProcessor::new(table, NoStrays, stream.incarnation().to_string(), WARM_BYTES);
    let config = MappingConfig { batch_size: BATCH_RECORDS, window, ..MappingConfig::new("live") };
    let parts = Parts {
        stream: Arc::clone(stream),
        checkpoints: Arc::new(MemoryCheckpoints::default()),
        handler: Arc::new(Live(processor)),
        on_failure: Arc::new(|gone| unreachable!("batches are tried without limit: {gone:?}")),
        clock: Arc::new(|| 0),
    };
    Mapping::start(config, parts)
}

impl<T: LiveTable> Handler for Live<T> {
    async fn call(&self, event: KinesisEvent) -> Result<KinesisEventResponse, HandlerError> {
        self.0.handle(event).await.map_err(|error| HandlerError(error.to_string()))
    }
}

/// The collector puts no record that is not folded.
pub struct NoStrays;

impl Strays for NoStrays {
    async fn damaged(&self, _: Stray, reason: String) -> Result<(), String> {
        Err(reason)
    }

    async fn foreign(&self, _: Stray) -> Result<(), String> {
        Err("a foreign record".into())
    }

    async fn misplaced(&self, _: String, _: Vec<Event>) -> Result<(), String> {
        Err("a misplaced record".into())
    }
}
