//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use trilha_schemas::event::Protocol;
use trilha_serve::quarantine::list::ListOptions;
use trilha_serve::quarantine::redrive::RedriveOptions;
use trilha_serve::quarantine::show::ShowOptions;

/// What learners do in a learning platform, as live dashboards for instructors and a lake for analysts.
#[derive(Parser)]
#[command(name = "trilha", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  trilha up --demo                         everything on this machine, with a simulated class
  trilha replay --data d --format xapi statements.jsonl.gz
  trilha views --data d --course course-v1:Trilha+BIO101+2026_2 --json
  trilha quarantine list --data d          what was refused, and why
  trilha alerts --data d                   learners at risk, questions that look broken
  trilha-query --data d \"SELECT type, count(*) FROM events GROUP BY type\"
  trilha simulate --events 1000000 --out events.ndjson
  trilha cost --events-per-day 100000000 --events-per-request 20 --age 60

Logs go to standard error; TRILHA_LOG=debug shows more of them.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the whole pipeline in one process: collector, stream, processor, live tables, lake, dashboard
    Up(UpOptions),
    /// Send files of events through the pipeline and end when all of it is applied
    Replay(ReplayOptions),
    /// Print a course's live numbers; works beside a running `up` on the same folder
    Views(ViewsOptions),
    /// Show or change a course's settings, and who changed what
    Settings(SettingsOptions),
    /// See what was refused, and drive it again
    Quarantine(QuarantineOptions),
    /// Publish what has landed in the lake, and end what a crash cut short; a running `up` does so each minute
    Compact(CompactOptions),
    /// List what was told of last: videos completed, learners at risk, questions that look broken, activity that
    /// dropped
    Alerts(AlertsOptions),
    /// Make a simulated class: native JSON events, the same bytes for the same seed
    Simulate(SimulateOptions),
    /// Count what a load costs on AWS: a simulated class runs through the pipeline, in its own time
    Cost(CostOptions),
}

#[derive(Args)]
pub(crate) struct UpOptions {
    /// The folder that holds everything; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "trilha-data")]
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Add a simulated class, so that there is something to see at once
    #[arg(long)]
    pub demo: bool,
    /// The time zone in which a new course's days are counted, for ever
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
    /// A web origin whose pages may send events, such as `https://lms.example.org`; may be given more than once
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub allow_origins: Vec<String>,
    /// How often the lake is compacted, in milliseconds; tests kill it while it is
    #[arg(long, value_name = "MILLIS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub compact_every: Option<u64>,
    /// How often it is looked for what to tell of, in milliseconds
    #[arg(long, value_name = "MILLIS", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub evaluate_every: Option<u64>,
    /// How long the lake's batches wait to fill, in milliseconds
    #[arg(long, value_name = "MILLIS", hide = true)]
    pub lake_window: Option<u64>,
}

#[derive(Args)]
pub(crate) struct ReplayOptions {
    /// The folder that holds everything; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// What the files hold
    #[arg(long, value_enum)]
    pub format: Format,
    /// Files, plain or gzip; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// The time zone in which a new course's days are counted, for ever
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Trilha's own JSON, one event a line
    Native,
    /// xAPI statements
    Xapi,
    /// Caliper envelopes or events
    Caliper,
    /// Open edX tracking logs
    Edx,
}

impl From<Format> for Protocol {
    fn from(format: Format) -> Self {
        match format {
            Format::Native => Protocol::Native,
            Format::Xapi => Protocol::Xapi,
            Format::Caliper => Protocol::Caliper,
            Format::Edx => Protocol::Edx,
        }
    }
}

#[derive(Args)]
pub(crate) struct CompactOptions {
    /// The folder that `up` or `replay` filled
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
}

#[derive(Args)]
pub(crate) struct ViewsOptions {
    /// The folder that `up` or `replay` filled
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The course's id; without one, the courses are listed
    #[arg(long, value_name = "ID")]
    pub course: Option<String>,
    /// Only this video
    #[arg(long, value_name = "ID", requires = "course")]
    pub video: Option<String>,
    /// Only this quiz
    #[arg(long, value_name = "ID", requires = "course")]
    pub quiz: Option<String>,
    /// What "now" means, as in 2026-03-02T19:30:00Z; the present if not given
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Print JSON, the same as the read API answers
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct SettingsOptions {
    /// The folder that `up` or `replay` filled; no `up` may be running on it when something is changed
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The course's id
    #[arg(long, value_name = "ID")]
    pub course: String,
    /// Set the share of seconds that completes a video, in (0, 1]
    #[arg(long, value_name = "SHARE")]
    pub threshold: Option<f64>,
    /// Set a video's length, as `ID=SECONDS`; without it the length that most learners' players reported is taken
    #[arg(long, value_name = "ID=SECONDS", value_parser = video_length)]
    pub length: Option<(String, f64)>,
    /// Set after how many days without activity a learner is at risk
    #[arg(long, value_name = "DAYS")]
    pub inactive_days: Option<u32>,
    /// Set the class's percentile, in (0, 100), below which a learner's coverage puts them at risk
    #[arg(long, value_name = "PERCENT")]
    pub coverage_percentile: Option<f64>,
    /// Set the facility, in (0, 1), below which a learner's last three quizzes put them at risk
    #[arg(long, value_name = "SHARE")]
    pub facility_floor: Option<f64>,
    /// Name the only format whose events count, where a platform sends the same acts by several
    #[arg(long, value_enum)]
    pub counted_format: Option<Format>,
    /// Who changes it, for the log
    #[arg(long, value_name = "NAME", default_value = "command line")]
    pub actor: String,
}

/// The id may hold `=` too.
fn video_length(text: &str) -> Result<(String, f64), String> {
    let (video, seconds) = text.rsplit_once('=').ok_or("expected a video's id, =, and seconds")?;
    let seconds: f64 = seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?;
    Ok((video.to_string(), seconds))
}

#[derive(Args)]
pub(crate) struct QuarantineOptions {
    #[command(subcommand)]
    pub command: QuarantineCommand,
}

#[derive(Subcommand)]
pub(crate) enum QuarantineCommand {
    /// What was refused and why, the newest first; works beside a running `up`
    List(QuarantineListOptions),
    /// Everything about one row but its body, and what can be done about it; works beside a running `up`
    Show(QuarantineShowOptions),
    /// Read rows again and put what can be read now onto the stream; no `up` may be running on the folder
    Redrive(QuarantineRedriveOptions),
}

#[derive(Args)]
pub(crate) struct QuarantineListOptions {
    /// The folder that `up` or `replay` filled
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[command(flatten)]
    pub listed: ListOptions,
}

#[derive(Args)]
pub(crate) struct QuarantineShowOptions {
    /// The folder that `up` or `replay` filled
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: ShowOptions,
}

#[derive(Args)]
pub(crate) struct QuarantineRedriveOptions {
    /// The folder that `up` or `replay` filled
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    #[command(flatten)]
    pub redriven: RedriveOptions,
    /// The time zone in which a new course's days are counted, for ever
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
}

#[derive(Args)]
pub(crate) struct AlertsOptions {
    /// The folder on which `up` runs or ran
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// List at most so many, the newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct SimulateOptions {
    /// How many learners
    #[arg(long, value_name = "N")]
    pub learners: Option<u32>,
    /// Exactly so many events; as many as the class makes if not given
    #[arg(long, value_name = "N")]
    pub events: Option<u64>,
    /// Another seed makes another class
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub out: Option<PathBuf>,
    /// Send to a running `up` instead, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL", requires = "key")]
    pub to: Option<String>,
    /// The write key that `up` printed
    #[arg(long, value_name = "KEY", env = "TRILHA_WRITE_KEY")]
    pub key: Option<String>,
}

#[derive(Args)]
pub(crate) struct CostOptions {
    /// Events a day, on average
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub events_per_day: u64,
    /// Events that arrive in one request
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub events_per_request: u32,
    /// How long the live processor's batches gather, in seconds
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(..=300))]
    pub window: Option<u32>,
    /// Instead, how old views may be, in seconds (60 if not given); the bill is of the first, others make a curve
    #[arg(long = "age", value_name = "S", num_args = 1.., conflicts_with = "window")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=302))]
    pub ages: Vec<u32>,
    /// The curve of cost against the age of views, from 1 to 300 s
    #[arg(long)]
    pub curve: bool,
    /// Print the arithmetic of every line, and what is assumed
    #[arg(long)]
    pub explain: bool,
    /// Who gathers the events of a request
    #[arg(long, value_enum, default_value_t = SendersOption::Servers)]
    pub senders: SendersOption,
    /// What the stream is billed by
    #[arg(long, value_enum, default_value_t = StreamOption::Cheaper)]
    pub stream: StreamOption,
    /// How the live table is paid for
    #[arg(long, value_enum, default_value_t = CapacityOption::BySize)]
    pub capacity: CapacityOption,
    /// How many shards the stream has; as many as the load and the window need if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub shards: Option<u32>,
    /// What a shard's items may take in memory between batches; 0: every batch meets a process that knows nothing
    /// [default: 32]
    #[arg(long, value_name = "MB")]
    pub warm_megabytes: Option<u32>,
    /// Another seed makes another class
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// How long the class runs before it is counted, in minutes of its own time [default: 1440]
    #[arg(long, value_name = "MINUTES")]
    pub warm_up: Option<u32>,
    /// How long it is counted, for each window [default: 60]
    #[arg(long, value_name = "MINUTES")]
    pub counted: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum SendersOption {
    /// The platform's server, of all its learners
    Servers,
    /// Each learner's browser, of its own
    Browsers,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CapacityOption {
    /// As the template has it for the size
    BySize,
    /// By the unit
    OnDemand,
    /// By the hour, under auto scaling
    Provisioned,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StreamOption {
    /// Whichever is cheaper
    Cheaper,
    /// Shards by the hour
    Provisioned,
    /// Bytes
    OnDemand,
}
