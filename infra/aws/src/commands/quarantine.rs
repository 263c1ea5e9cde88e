//! `trilha-aws quarantine`: what was refused, shown without bodies and learners, and driven again.

use std::io::{self, Write};

use trilha_serve::quarantine::redrive::RedriveOptions;
use trilha_serve::quarantine::{Called, list, redrive, rows, show};

use super::cli::QuarantineCommand;
use crate::keys::Keys;
use crate::wiring::Aws;

const CALLED: Called = Called { command: "trilha-aws quarantine", place: "" };

pub(super) async fn run(aws: &Aws, command: &QuarantineCommand) -> anyhow::Result<()> {
    let keys = aws.keys().await?;
    let read = async || rows(&*aws.quarantine(&keys)?, (aws.clock)()).await;
    match command {
        QuarantineCommand::List(options) => list::run(read().await?, options),
        QuarantineCommand::Show(options) => show::run(&read().await?, options, CALLED),
        QuarantineCommand::Redrive(options) => run_redrive(aws, &keys, options).await,
    }
}

/// Rows onto the stream; the processors take them from there.
async fn run_redrive(aws: &Aws, keys: &Keys, options: &RedriveOptions) -> anyhow::Result<()> {
    let (stream, stores) = (aws.stream().await?, aws.stores(keys)?);
    let strays = aws.strays(&stream, &aws.collector(&stream, &stores, keys)?, &stores)?;
    let chosen = redrive::chosen(&rows(&*stores.quarantine, (aws.clock)()).await?, options, CALLED)?;
    if chosen.is_empty() {
        return Ok(writeln!(io::stdout(), "no row to drive again")?);
    }
    redrive::drive(&strays, &chosen, options, &aws.clock).await?.finish(options)
}
