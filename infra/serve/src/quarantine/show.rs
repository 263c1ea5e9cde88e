//! `quarantine show`.

use std::io::{self, Write};

use clap::Args;
use serde_json::Value;
use trilha_collector::quarantine::{MAX_RAW_BYTES, Redacted, Source};
use trilha_processors::strays::UNDECODABLE_RECORD;
use trilha_schemas::reader::Code;
use trilha_schemas::time::format_millis;

use super::{Called, as_json, find, gone_millis, printable, short};

/// Which row is shown.
#[derive(Debug, Args)]
pub struct ShowOptions {
    /// The row's key, or its first 8 digits or more
    #[arg(value_name = "KEY")]
    pub key: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints everything about one row but its body, and what can be done about it.
///
/// # Errors
/// When there is no such row, or nobody reads it.
pub fn run(rows: &[Redacted], options: &ShowOptions, called: Called) -> anyhow::Result<()> {
    let row = find(rows, &options.key, called)?;
    let mut out = io::stdout().lock();
    if options.json {
        let mut shown = as_json(row);
        shown["advice"] = Value::from(advice(row, called));
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&shown)?)?);
    }
    for (name, value) in lines(row) {
        writeln!(out, "{name:<9}  {value}")?;
    }
    Ok(writeln!(out, "\n{}", advice(row, called))?)
}

fn lines(row: &Redacted) -> [(&'static str, String); 10] {
    let or_none = |text: &str| if text.is_empty() { "–".to_string() } else { printable(text) };
    [
        ("key", row.key.to_string()),
        ("received", format_millis(row.received_millis)),
        ("gone on", format_millis(gone_millis(row))),
        ("from", source(&row.source)),
        ("tenant", or_none(&row.tenant)),
        ("size", format!("{} bytes", row.raw_bytes)),
        ("code", printable(&row.code)),
        ("field", or_none(&row.field)),
        ("why", printable(&row.message)),
        ("re-driven", row.redriven_millis.map_or_else(|| "no".to_string(), format_millis)),
    ]
}

fn source(source: &Source) -> String {
    match source {
        Source::Request { protocol } => format!("a request or a file, as {}", protocol.as_str()),
        Source::Record { shard_id, sequence_number, .. } => format!("the stream, {shard_id}, record {sequence_number}"),
    }
}

/// What can be done about a row.
fn advice(row: &Redacted, called: Called) -> String {
    let redrive = format!("{} redrive{} {}", called.command, called.place, short(row.key));
    if row.redriven_millis.is_some() {
        format!("Its events are on the stream. `{redrive} --again` puts them once more; they count once.")
    } else if row.raw_bytes >= MAX_RAW_BYTES as u64 {
        "It was too large to be kept whole, so it cannot be driven again. Send it again from where it came.".to_string()
    } else if row.code == Code::NotYours.as_str() {
        "Its sender had no right to write it, so it cannot be driven again.".to_string()
    } else if row.code == UNDECODABLE_RECORD {
        format!(
            "A later version may read it: `{redrive}`. What other producers put must be JSON, NDJSON or KPL aggregates."
        )
    } else {
        format!(
            "Correct it where it came from and send it again; it needs no other id. If Trilha itself has learned to read \
             it since: `{redrive}`."
        )
    }
}
