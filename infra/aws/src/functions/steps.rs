//! The steps that the state machines call, each with `{"step": …}`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_lake::{Beyond, Compactor, Day, Partition, Take};
use trilha_live::port::LiveTable;
use trilha_live_dynamodb::DynamoTable;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::strays::DamagedOnly;
use trilha_serve::{clock, housekeeping};
use trilha_stream::port::Stream;

use super::{Warm, boxed};
use crate::beyond;
use crate::drift;
use crate::metrics::Metric;
use crate::report::{Call, Reporter, Totals};
use crate::span::{Span, Trigger};
use crate::wiring::{Aws, AwsLake, AwsManifest, AwsStorage};

mod discarded;
mod redrive;

pub use discarded::DiscardedRange;
pub use redrive::{Ranges, Redriven, redrive};

/// What a state machine asks for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// End what a crash cut short, and remove generations whose time is over.
    Settle {},
    /// Which partitions want a new generation now? Late events of days that are over wait for a plan of all.
    Plan {
        /// Whatever is pending.
        #[serde(default)]
        all: bool,
    },
    /// Write a partition's next generation, and publish it in the manifest.
    Compact {
        /// Whose.
        tenant: String,
        /// `2026-11-23`, or `unknown`.
        day: String,
    },
    /// Let readers see the generation that the manifest names.
    Show {
        /// Whose.
        tenant: String,
        /// `2026-11-23`, or `unknown`.
        day: String,
    },
    /// Delete landing files whose rows are all published.
    Finish {},
    /// Put the views of shards whose records have expired together.
    Absorb {},
    /// Delete what nothing names: it lists the whole lake.
    Sweep {},
    /// Land a range of the stream that the lake's mapping gave up.
    Redrive {
        /// What the mapping's on-failure destination was sent: JSON, or its text.
        message: Value,
    },
}

/// What the steps of a compaction work on.
pub struct Lake<M, S, T> {
    /// Does the work.
    pub compactor: Compactor<M, S>,
    /// Knows events beyond state.
    pub table: Arc<T>,
    /// Whose.
    pub tenants: Vec<String>,
    /// Where partitions lie, as in `s3://bucket/lake/events`.
    pub location: String,
}

impl<M: Manifest, S: Storage, T: LiveTable> Lake<M, S, T> {
    /// Makes a step of the compaction.
    ///
    /// # Errors
    /// When it is to be made again.
    pub async fn make(&self, step: &Step, now_millis: i64) -> anyhow::Result<Value> {
        match step {
            Step::Settle {} => {
                self.compactor.settle().await?;
                Ok(json!({}))
            }
            Step::Plan { all } => {
                let take = if *all { Take::All } else { Take::Due { now_millis } };
                let planned = self.compactor.plan(&beyond::of_all(&*self.table, &self.tenants).await?, take).await?;
                Ok(json!({ "partitions": planned.iter().map(named).collect::<Vec<_>>() }))
            }
            Step::Compact { tenant, day } => {
                let partition = partition(tenant, day)?;
                let beyond: Beyond = beyond::of_all(&*self.table, std::slice::from_ref(tenant))
                    .await?
                    .into_iter()
                    .filter(|(of, _)| *of == partition)
                    .collect();
                let done = self.compactor.compact_partition(&partition, &beyond).await?;
                Ok(json!({
                    "generation": done.generation,
                    "landed_rows": done.landed_rows,
                    "published_rows": done.published_rows,
                }))
            }
            Step::Show { tenant, day } => {
                let partition = partition(tenant, day)?;
                let generation = self.compactor.show_partition(&partition).await?;
                let location = || format!("{}/{}/generation={generation}", self.location, partition.folder());
                let location = (generation > 0).then(location);
                Ok(json!({ "location": location }))
            }
            Step::Finish {} => {
                self.compactor.finish().await?;
                Ok(json!({}))
            }
            Step::Sweep {} => Ok(json!({ "landing_files": self.compactor.sweep().await? })),
            Step::Absorb {} | Step::Redrive { .. } => bail!("{} wants the stream", step.name()),
        }
    }
}

impl<M, S, T: LiveTable> Lake<M, S, T> {
    /// Puts the views of shards that the stream has forgotten together. One call at a time.
    ///
    /// # Errors
    /// When it is to be made again.
    pub async fn absorb<R: Stream>(&self, stream: &R) -> anyhow::Result<Value> {
        let tenants: Vec<&str> = self.tenants.iter().map(String::as_str).collect();
        Ok(json!({ "shards": housekeeping::absorb_expired(&*self.table, stream, &tenants).await? }))
    }
}

/// Takes steps from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("steps", clock::system());
    let kept = Arc::new(Warm::new(Kept::open));
    kept.start().await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Step>| {
        let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
        boxed(async move { told(&kept, &reporter, event).await })
    }))
    .await
}

/// What the function keeps.
struct Kept {
    aws: Aws,
    lake: AwsLake,
    /// Records that re-drives put into the quarantine so far.
    quarantined: AtomicU64,
    compaction: Lake<AwsManifest, AwsStorage, DynamoTable>,
}

impl Kept {
    async fn open() -> anyhow::Result<Kept> {
        let aws = Aws::from_environment().await?;
        let lake = aws.lake()?;
        let compaction = Lake {
            compactor: lake.compactor(),
            table: aws.live_table()?,
            tenants: aws.config.tenants()?.to_vec(),
            location: aws.config.lake_location()?,
        };
        Ok(Kept { aws, lake, quarantined: AtomicU64::new(0), compaction })
    }

    async fn make(&self, step: &Step, now_millis: i64) -> anyhow::Result<Value> {
        match step {
            Step::Absorb {} => {
                let stream = self.aws.stream().await?;
                self.compaction.absorb(&*stream).await
            }
            Step::Redrive { message } => Ok(serde_json::to_value(self.redrive(message).await?)?),
            step => self.compaction.make(step, now_millis).await,
        }
    }

    /// Measured once a run, when it plans. A table that does not answer has failed the step already.
    async fn drift(&self, call: Call) -> Call {
        let marks = drift::marks(&*self.compaction.table, &self.compaction.tenants).await;
        marks.iter().fold(call, |call, marks| call.measured(Metric::Drift, *marks as f64))
    }

    async fn redrive(&self, message: &Value) -> anyhow::Result<Redriven> {
        let range = DiscardedRange::parse(message)?;
        let (keys, stream, writer) = tokio::try_join!(self.aws.keys(), self.aws.stream(), self.lake.writer())?;
        let strays = DamagedOnly { quarantine: self.aws.quarantine(&keys)? };
        let processor = LakeProcessor::new(writer, strays, stream.incarnation().to_string());
        let done = redrive(&*stream, &processor, &range).await?;
        self.quarantined.fetch_add(done.quarantined as u64, Ordering::Relaxed);
        Ok(done)
    }

    fn totals(&self) -> Totals {
        Totals { quarantined: self.quarantined.load(Ordering::Relaxed), ..self.aws.totals() }
    }
}

/// Makes a step and says so in one line.
async fn told(kept: &Warm<Kept>, reporter: &Reporter, event: LambdaEvent<Step>) -> Result<Value, Error> {
    let LambdaEvent { payload: step, context } = event;
    let span = Span::of_invocation(&context, Trigger::Other, reporter.now_millis());
    let call = Call::of(span).named(step.name().into()).with("step", step.name());
    let (done, totals) = match kept.get().await {
        Ok(kept) => {
            let done = kept.make(&step, reporter.now_millis()).await;
            (done.map_err(|error| format!("{error:#}")), kept.totals())
        }
        Err(error) => (Err(error), Totals::default()),
    };
    let call = match (kept.made(), &step) {
        (Some(kept), Step::Plan { .. }) => kept.drift(call).await,
        _ => call,
    };
    let call = match &done {
        Ok(answer) => call.with("answer", answer.clone()),
        Err(error) => call.failed(error),
    };
    reporter.report(call, totals);
    Ok(done?)
}

impl Step {
    fn name(&self) -> &'static str {
        match self {
            Step::Settle {} => "settle",
            Step::Plan { .. } => "plan",
            Step::Compact { .. } => "compact",
            Step::Show { .. } => "show",
            Step::Finish {} => "finish",
            Step::Absorb {} => "absorb",
            Step::Sweep {} => "sweep",
            Step::Redrive { .. } => "redrive",
        }
    }
}

fn named(partition: &Partition) -> Value {
    json!({ "tenant": partition.tenant, "day": partition.day.to_string() })
}

fn partition(tenant: &str, day: &str) -> anyhow::Result<Partition> {
    let day = Day::parse(day).with_context(|| format!("{day:?} is no day such as 2026-11-23"))?;
    Ok(Partition { tenant: tenant.to_string(), day })
}
