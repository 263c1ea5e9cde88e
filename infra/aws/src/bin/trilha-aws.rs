//! Trilha on AWS by hand: see [`trilha_aws::commands`].

use std::process::ExitCode;

use clap::Parser;
use trilha_aws::commands::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    trilha_aws::logs::init("info");
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trilha-aws: {error:#}");
            ExitCode::FAILURE
        }
    }
}
