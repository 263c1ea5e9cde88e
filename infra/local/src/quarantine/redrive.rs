//! `trilha quarantine redrive`: rows through the same pipeline, to the end.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use trilha_collector::quarantine::{Redacted, RowKey};
use trilha_processors::redrive::{Before, Outcome, RedriveError, redrive};
use trilha_schemas::time::format_millis;

use super::{find, printable, row_or_rows, rows, short};
use crate::cli::QuarantineRedriveOptions;
use crate::clock::{self, Clock};
use crate::data::DataDir;
use crate::pipeline::{LocalStrays, Pace, Pipeline};

/// How often a row is tried whose put fails.
const ATTEMPTS: u32 = 25;
const RETRY_AFTER: Duration = Duration::from_millis(200);

pub(super) async fn run(options: QuarantineRedriveOptions) -> anyhow::Result<()> {
    let dir = DataDir::open(&options.data)?;
    let keys = chosen(&rows(&dir).await?, &options)?;
    if keys.is_empty() {
        return Ok(writeln!(io::stdout(), "no row to drive again")?);
    }
    let clock = clock::system();
    let pipeline = Pipeline::start(&dir, &options.zone, Arc::clone(&clock), Pace::REPLAY).await?;
    let before = if options.again { Before::Again } else { Before::Leave };
    let outcome = drive(&pipeline.strays, &keys, before, &clock).await;
    // What was put is applied even when a later row failed.
    pipeline.drained().await?;
    let (lake, beyond) = (Arc::clone(&pipeline.lake), pipeline.beyond_state().await?);
    pipeline.stop().await;
    lake.compact(&beyond).await?;
    let summary = outcome?;
    summary.print()?;
    match summary.left() {
        0 => Ok(()),
        // Who asks for all knows that some are still refused.
        _ if options.all => Ok(()),
        left => bail!("not driven again: {left} of {} {}", keys.len(), row_or_rows(keys.len())),
    }
}

fn chosen(rows: &[Redacted], options: &QuarantineRedriveOptions) -> anyhow::Result<Vec<RowKey>> {
    if options.all {
        let is_chosen = |row: &&Redacted| {
            options.code.as_ref().is_none_or(|code| row.code == *code)
                && (options.again || row.redriven_millis.is_none())
        };
        return Ok(rows.iter().filter(is_chosen).map(|row| row.key).collect());
    }
    let mut keys: Vec<RowKey> = Vec::new();
    for key in &options.keys {
        let key = find(rows, key)?.key;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

async fn drive(strays: &LocalStrays, keys: &[RowKey], before: Before, clock: &Clock) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    for key in keys {
        let outcome = insist(strays, *key, before, clock).await?;
        writeln!(io::stdout(), "{}  {}", short(*key), told(&outcome))?;
        summary.add(&outcome);
    }
    Ok(summary)
}

async fn insist(strays: &LocalStrays, key: RowKey, before: Before, clock: &Clock) -> Result<Outcome, RedriveError> {
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
#[derive(Default)]
struct Summary {
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
