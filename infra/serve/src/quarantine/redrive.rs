//! `quarantine redrive`: rows through the collector's core onto the stream again.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use trilha_collector::identities::Identities;
use trilha_collector::quarantine::{Quarantine, Redacted, RowKey};
use trilha_collector::settings::SettingsStore;
use trilha_processors::redrive::{Before, Outcome, RedriveError, redrive};
use trilha_processors::strays::CollectorStrays;
use trilha_schemas::time::format_millis;
use trilha_stream::port::Stream;

use super::{Called, find, printable, row_or_rows, short};
use crate::clock::Clock;

/// How often a row is tried whose put fails.
const ATTEMPTS: u32 = 25;
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Which rows are driven again.
#[derive(Debug, Args)]
pub struct RedriveOptions {
    /// The rows' keys, or their first 8 digits or more
    #[arg(value_name = "KEY", required_unless_present = "all", conflicts_with = "all")]
    pub keys: Vec<String>,
    /// Every row that was not driven again
    #[arg(long)]
    pub all: bool,
    /// Of these, only rows that were refused for this reason
    #[arg(long, value_name = "CODE", requires = "all")]
    pub code: Option<String>,
    /// Also rows that were driven again before; their events count once
    #[arg(long)]
    pub again: bool,
}

/// The keys of the rows that are meant.
///
/// # Errors
/// When a key names no row.
pub fn chosen(rows: &[Redacted], options: &RedriveOptions, called: Called) -> anyhow::Result<Vec<RowKey>> {
    if options.all {
        let is_chosen = |row: &&Redacted| {
            options.code.as_ref().is_none_or(|code| row.code == *code)
                && (options.again || row.redriven_millis.is_none())
        };
        return Ok(rows.iter().filter(is_chosen).map(|row| row.key).collect());
    }
    let mut keys: Vec<RowKey> = Vec::new();
    for key in &options.keys {
        let key = find(rows, key, called)?.key;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Drives rows again, one after the other, and says what became of each.
///
/// # Errors
/// When the quarantine or the stream fails again and again. Rows that were done stay done.
pub async fn drive<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    strays: &CollectorStrays<S, I, Q, C>,
    keys: &[RowKey],
    options: &RedriveOptions,
    clock: &Clock,
) -> anyhow::Result<Summary> {
    let before = if options.again { Before::Again } else { Before::Leave };
    let mut summary = Summary::default();
    for key in keys {
        let outcome = insist(strays, *key, before, clock).await?;
        writeln!(io::stdout(), "{}  {}", short(*key), told(&outcome))?;
        summary.add(&outcome);
    }
    Ok(summary)
}

async fn insist<S: Stream, I: Identities, Q: Quarantine, C: SettingsStore>(
    strays: &CollectorStrays<S, I, Q, C>,
    key: RowKey,
    before: Before,
    clock: &Clock,
) -> Result<Outcome, RedriveError> {
    for _ in 1..ATTEMPTS {
        match redrive(strays, key, before, clock()).await {
            Err(RedriveError::Unavailable(reason)) => tracing::warn!(%key, reason, "the row is tried again"),
            done => return done,
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
    redrive(strays, key, before, clock()).await
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Redriven { events } => format!("re-driven: {}", count(*events)),
        Outcome::Partly { events, reason } => {
            format!("in part: {}, the rest is still refused: {}", count(*events), printable(&reason.to_string()))
        }
        Outcome::Unreadable(reason) => format!("still refused: {}", printable(&reason.to_string())),
        Outcome::AlreadyRedriven(millis) => {
            format!("was re-driven on {}; --again puts it again", format_millis(*millis))
        }
        Outcome::NoSuchRow => "is gone".to_string(),
        Outcome::NotAllowed(reason) => format!("not allowed: {}", printable(&reason.message)),
        Outcome::Cut => "its bytes were too many to be kept whole; send it again from where it came".to_string(),
    }
}

fn count(events: usize) -> String {
    format!("{events} {}", if events == 1 { "event" } else { "events" })
}

/// What all rows came to.
#[derive(Debug, Default)]
pub struct Summary {
    rows: usize,
    redriven: usize,
    before: usize,
    events: usize,
}

impl Summary {
    fn add(&mut self, outcome: &Outcome) {
        self.rows += 1;
        match outcome {
            Outcome::Redriven { events } => {
                self.redriven += 1;
                self.events += events;
            }
            Outcome::Partly { events, .. } => self.events += events,
            Outcome::AlreadyRedriven(_) => self.before += 1,
            Outcome::Unreadable(_) | Outcome::NoSuchRow | Outcome::NotAllowed(_) | Outcome::Cut => {}
        }
    }

    /// Rows of which something is not on the stream.
    fn left(&self) -> usize {
        self.rows - self.redriven - self.before
    }

    /// Prints it, and fails where a row that was named is not driven again. Who asks for all knows that some are still
    /// refused.
    ///
    /// # Errors
    /// When a row is left open, or nobody reads it.
    pub fn finish(&self, options: &RedriveOptions) -> anyhow::Result<()> {
        self.print()?;
        match self.left() {
            left if left > 0 && !options.all => {
                bail!("not driven again: {left} of {} {}", self.rows, row_or_rows(self.rows))
            }
            _ => Ok(()),
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let (rows, events) = (self.rows, count(self.events));
        let mut line = format!("\n{rows} {}: {} re-driven, {events}", row_or_rows(rows), self.redriven);
        if self.before > 0 {
            line += &format!("; {} re-driven before", self.before);
        }
        if self.left() > 0 {
            line += &format!("; {} left open", self.left());
        }
        Ok(writeln!(io::stdout(), "{line}")?)
    }
}
