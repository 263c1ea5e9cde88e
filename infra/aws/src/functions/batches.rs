//! A batch of the stream, from an event source mapping: the whole of the live and the lake function.

use std::future::Future;
use std::sync::Arc;

use aws_lambda_events::event::kinesis::KinesisEvent;
use aws_lambda_events::event::streams::KinesisEventResponse;
use chrono::DateTime;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_live::port::LiveTable;
use trilha_processors::batch::{HandleError, Observed};
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::Strays;

use super::{Warm, boxed};
use crate::report::{Call, CountTotals, Reporter, Totals};
use crate::span::{Span, Trigger};

/// A batch as Lambda hands it over, with the times at which its records arrived. The type for Lambda's events takes a
/// fraction of a second for a thousandth of it, so the times are read beside.
pub struct Handed(pub KinesisEvent);

#[derive(Deserialize)]
struct Arrivals {
    #[serde(rename = "Records")]
    records: Vec<Arrived>,
}

#[derive(Deserialize)]
struct Arrived {
    kinesis: ArrivedAt,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArrivedAt {
    approximate_arrival_timestamp: f64,
}

impl<'de> Deserialize<'de> for Handed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Handed, D::Error> {
        let text = Box::<RawValue>::deserialize(from)?;
        let mut event: KinesisEvent = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        let arrivals: Arrivals = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        for (record, arrived) in event.records.iter_mut().zip(arrivals.records) {
            let millis = (arrived.kinesis.approximate_arrival_timestamp * 1_000.0).round() as i64;
            if let Some(time) = DateTime::from_timestamp_millis(millis) {
                record.kinesis.approximate_arrival_timestamp.0 = time;
            }
        }
        Ok(Handed(event))
    }
}

/// A processor, and what its stores counted.
pub trait Processor: Send + Sync + 'static {
    /// Handles one batch of one shard.
    fn observe(&self, event: KinesisEvent) -> impl Future<Output = Result<Observed, HandleError>> + Send;
}

impl<T: LiveTable, S: Strays> Processor for LiveProcessor<T, S> {
    async fn observe(&self, event: KinesisEvent) -> Result<Observed, HandleError> {
        LiveProcessor::observe(self, event).await
    }
}

impl<M: Manifest, S: Storage, K: Strays> Processor for LakeProcessor<M, S, K> {
    async fn observe(&self, event: KinesisEvent) -> Result<Observed, HandleError> {
        LakeProcessor::observe(self, event).await
    }
}

/// What a batch function keeps.
pub struct Batches<P> {
    /// Does the work.
    pub processor: P,
    /// What its stores counted so far.
    pub totals: CountTotals,
}

/// Handles a batch and says so in one line. A batch that cannot be read at all, and a start that fails, fail the call:
/// all of the batch comes again.
///
/// # Errors
/// What the mapping retries for.
pub async fn handle<P: Processor>(
    kept: &Warm<Batches<P>>,
    reporter: &Reporter,
    LambdaEvent { payload: Handed(event), context }: LambdaEvent<Handed>,
) -> Result<KinesisEventResponse, Error> {
    let call = begun(&event, Span::of_invocation(&context, Trigger::Pubsub, reporter.now_millis()));
    let batches = match kept.get().await {
        Ok(batches) => batches,
        Err(error) => {
            reporter.report(call.failed(&error), Totals::default());
            return Err(error.into());
        }
    };
    let observed = batches.processor.observe(event).await;
    let call = match &observed {
        Ok(observed) => call.of_batch(observed, reporter.now_millis()),
        Err(error) => call.failed(&error.to_string()),
    };
    reporter.report(call, (batches.totals)());
    Ok(observed?.response)
}

/// A batch by OpenTelemetry's conventions for messages.
fn begun(event: &KinesisEvent, span: Span) -> Call {
    let call = Call::of(span)
        .with("messaging.system", "aws_kinesis")
        .with("messaging.operation.name", "process")
        .with("messaging.batch.message_count", event.records.len());
    let arn = event.records.first().and_then(|record| record.event_source_arn.as_deref());
    match arn.and_then(|arn| arn.rsplit_once(":stream/")) {
        Some((_, stream)) => call.with("messaging.destination.name", stream).named(format!("process {stream}")),
        None => call.named("process".into()),
    }
}

/// Takes batches from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run<P: Processor>(kept: Warm<Batches<P>>, reporter: Arc<Reporter>) -> Result<(), Error> {
    kept.start().await;
    let kept = Arc::new(kept);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Handed>| {
        let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
        boxed(async move { handle(&kept, &reporter, event).await })
    }))
    .await
}
