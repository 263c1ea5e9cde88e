//! What a replay came to.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

/// Counts of a replay.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Documents in the files: lines, statements, envelopes.
    pub read: u64,
    /// Events that are in the pipeline; a document may hold several.
    pub accepted: u64,
    rejected: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Printed<'a> {
    read: u64,
    accepted: u64,
    rejected: &'a BTreeMap<&'static str, u64>,
    seconds: f64,
    events_per_second: f64,
}

impl Report {
    pub(super) fn reject(&mut self, code: &'static str) {
        *self.rejected.entry(code).or_default() += 1;
    }

    pub(super) fn print(&self, json: bool, elapsed: Duration) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        let seconds = elapsed.as_secs_f64();
        let events_per_second = self.accepted as f64 / seconds;
        if json {
            let (read, accepted, rejected) = (self.read, self.accepted, &self.rejected);
            let printed = Printed { read, accepted, rejected, seconds, events_per_second };
            writeln!(out, "{}", serde_json::to_string(&printed)?)?;
            return Ok(());
        }
        writeln!(out, "read      {}", self.read)?;
        writeln!(out, "accepted  {}", self.accepted)?;
        writeln!(out, "rejected  {}", self.rejected.values().sum::<u64>())?;
        for (code, count) in &self.rejected {
            writeln!(out, "  {code:<16} {count}")?;
        }
        writeln!(out, "{seconds:.1} s, {events_per_second:.0} events/s: streamed, folded, landed and compacted")?;
        Ok(())
    }
}
