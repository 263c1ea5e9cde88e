//! The `trilha` command: the whole pipeline on one machine, its parts chosen and tied together.
//!
//! Start at [`cli`] for what it offers and [`pipeline`] for how the parts meet. It holds no logic of its own that a
//! deployment on AWS would need too.

mod alerts;
mod cli;
mod compact;
mod cost;
mod data;
mod demo;
mod pipeline;
mod quarantine;
mod replay;
mod settings;
mod simulate;
mod up;
mod views;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};

/// Many threads make and drop many small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("TRILHA_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read what was printed has seen enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trilha: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn run(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        Command::Up(options) => runtime.block_on(up::run(options)),
        Command::Replay(options) => runtime.block_on(replay::run(options)),
        Command::Views(options) => runtime.block_on(views::run(options)),
        Command::Settings(options) => runtime.block_on(settings::run(options)),
        Command::Quarantine(options) => runtime.block_on(quarantine::run(options)),
        Command::Compact(options) => runtime.block_on(compact::run(options)),
        Command::Alerts(options) => runtime.block_on(alerts::run(options)),
        Command::Simulate(options) => runtime.block_on(simulate::run(options)),
        Command::Cost(options) => runtime.block_on(cost::run(options)),
    }
}
