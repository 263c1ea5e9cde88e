//! `trilha quarantine`: what was refused, shown without bodies and learners, and driven again.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::quarantine::Redacted;
use trilha_serve::clock;
use trilha_serve::delivery::Pace;
use trilha_serve::quarantine::{Called, list, redrive, rows, show};

use crate::cli::{QuarantineCommand, QuarantineOptions, QuarantineRedriveOptions};
use crate::data::DataDir;
use crate::pipeline::Pipeline;

const CALLED: Called = Called { command: "trilha quarantine", place: " --data DIR" };

pub(crate) async fn run(options: QuarantineOptions) -> anyhow::Result<()> {
    match options.command {
        QuarantineCommand::List(options) => list::run(read(&DataDir::open(&options.data)?).await?, &options.listed),
        QuarantineCommand::Show(options) => {
            show::run(&read(&DataDir::open(&options.data)?).await?, &options.shown, CALLED)
        }
        QuarantineCommand::Redrive(options) => run_redrive(options).await,
    }
}

async fn read(dir: &DataDir) -> anyhow::Result<Vec<Redacted>> {
    let stores =
        EmbeddedStores::open_read_only(&dir.collector(), dir.sealer()).context("cannot open the quarantine")?;
    rows(&stores.quarantine, (clock::system())()).await
}

/// Rows through the same pipeline, to the end.
async fn run_redrive(options: QuarantineRedriveOptions) -> anyhow::Result<()> {
    let dir = DataDir::open(&options.data)?;
    let keys = redrive::chosen(&read(&dir).await?, &options.redriven, CALLED)?;
    if keys.is_empty() {
        return Ok(writeln!(io::stdout(), "no row to drive again")?);
    }
    let clock = clock::system();
    let pipeline = Pipeline::start(&dir, &options.zone, Arc::clone(&clock), Pace::REPLAY).await?;
    let outcome = redrive::drive(&pipeline.strays, &keys, &options.redriven, &clock).await;
    // What was put is applied even when a later row failed.
    pipeline.drained().await?;
    let (lake, beyond) = (Arc::clone(&pipeline.lake), pipeline.beyond_state().await?);
    pipeline.stop().await;
    lake.compact(&beyond).await?;
    outcome?.finish(&options.redriven)
}
