//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand};
use trilha_serve::quarantine::list::ListOptions;
use trilha_serve::quarantine::redrive::RedriveOptions;
use trilha_serve::quarantine::show::ShowOptions;

use super::{compact, create, keys, quarantine, serve, up};
use crate::wiring::Aws;

/// Trilha on AWS: as plain servers, as one process against real endpoints, and by hand.
#[derive(Debug, Parser)]
#[command(name = "trilha-aws", version, after_help = ENVIRONMENT)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const ENVIRONMENT: &str = "Where everything is, the environment says: TRILHA_STREAM, TRILHA_LIVE_TABLE, \
TRILHA_IDENTITIES_TABLE, TRILHA_QUARANTINE_TABLE, TRILHA_SETTINGS_TABLE, TRILHA_MANIFEST_TABLE, TRILHA_STATUS_TABLE, \
TRILHA_CHECKPOINTS_TABLE, TRILHA_LAKE_BUCKET, TRILHA_LAKE_PREFIX, TRILHA_GLUE_DATABASE, TRILHA_GLUE_TABLE, \
TRILHA_KEYS_SECRET, TRILHA_TENANTS, TRILHA_ZONE, TRILHA_EVENT_BUS, TRILHA_ALLOWED_ORIGINS, \
TRILHA_COMPACTION_GRACE_SECONDS, TRILHA_OIDC_ISSUER, TRILHA_OIDC_CLIENT, TRILHA_OIDC_ORIGINS. A command says which one it misses. Region, credentials and endpoints are those of the \
AWS tools (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL).

Logs go to standard error as JSON; TRILHA_LOG=debug shows more of them.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer HTTP: the collector, the read API and the page, for a container behind a load balancer
    Serve(ServeOptions),
    /// Run the whole pipeline in one process on real endpoints: HTTP, both processors, compaction
    Up(UpOptions),
    /// Make the stream, the tables, the bucket, the catalogue and the secret that the environment names and that are
    /// not there yet
    Create,
    /// Print a tenant's write key and a link that signs an instructor in. Both are secrets
    Keys(KeysOptions),
    /// See what was refused, and drive it again
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// Publish what has landed in the lake
    Compact,
}

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,
    /// People reach it by plain HTTP: the session's cookie may not say otherwise
    #[arg(long)]
    pub plain_http: bool,
    /// Once asked to stop, fail health checks for so long before accepting no more; a load balancer needs it to look
    /// elsewhere
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub drain_seconds: u64,
}

#[derive(Debug, Args)]
pub(super) struct UpOptions {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// How often the lake is compacted, in milliseconds
    #[arg(long, value_name = "MILLIS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub compact_every: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct KeysOptions {
    /// Whose; the first tenant's if not given
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Where `serve` or `up` is reached, for the link
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum QuarantineCommand {
    /// What was refused and why, the newest first
    List(ListOptions),
    /// Everything about one row but its body, and what can be done about it
    Show(ShowOptions),
    /// Read rows again and put what can be read now onto the stream
    Redrive(RedriveOptions),
}

/// Does what the command line says.
///
/// # Errors
/// When it cannot.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    let aws = Aws::from_environment().await?;
    match cli.command {
        Command::Serve(options) => serve::run(aws, &options).await,
        Command::Up(options) => up::run(aws, &options).await,
        Command::Create => create::run(&aws).await,
        Command::Keys(options) => keys::run(&aws, &options).await,
        Command::Quarantine(command) => quarantine::run(&aws, &command).await,
        Command::Compact => compact::run(&aws).await,
    }
}
