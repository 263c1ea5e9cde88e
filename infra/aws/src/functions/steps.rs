//! The steps that the state machines call, each with `{"step": …}`.

use std::sync::Arc;

use anyhow::{Context, bail};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use trilha_lake::manifest::Manifest;
use trilha_lake::storage::Storage;
use trilha_lake::{Beyond, Compactor, Day, Partition};
use trilha_live::port::LiveTable;
use trilha_serve::clock;

use super::Warm;
use crate::beyond;
use crate::report::{Call, Reporter, Totals};
use crate::wiring::Aws;

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
    /// Which partitions want a new generation?
    Plan {},
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
    /// Land a range of the stream that the lake's mapping gave up.
    Redrive {
        /// What the mapping's on-failure destination was sent.
        message: String,
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
    /// Where a partition's files lie once its generation is shown.
    pub location: Box<dyn Fn(&Partition, u64) -> String + Send + Sync>,
}

impl<M: Manifest, S: Storage, T: LiveTable> Lake<M, S, T> {
    /// Makes a step of the compaction.
    ///
    /// # Errors
    /// When it is to be made again.
    pub async fn make(&self, step: &Step) -> anyhow::Result<Value> {
        match step {
            Step::Settle {} => {
                self.compactor.settle().await?;
                Ok(json!({}))
            }
            Step::Plan {} => {
                let planned = self.compactor.plan(&beyond::of_all(&*self.table, &self.tenants).await?).await?;
                Ok(json!({ "partitions": planned.iter().map(named).collect::<Vec<_>>() }))
            }
            Step::Compact { tenant, day } => {
                let partition = partition(tenant, day)?;
                let beyond: Beyond =
                    beyond::of_all(&*self.table, std::slice::from_ref(tenant)).await?.into_iter().filter(|(of, _)| *of == partition).collect();
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
                let location = (generation > 0).then(|| (self.location)(&partition, generation));
                Ok(json!({ "location": location }))
            }
            Step::Finish {} => {
                self.compactor.finish().await?;
                Ok(json!({}))
            }
            Step::Redrive { .. } => bail!("a range is driven again by the lake's writer"),
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
