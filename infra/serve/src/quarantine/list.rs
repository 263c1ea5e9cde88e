//! `quarantine list`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::Args;
use serde_json::json;
use trilha_collector::quarantine::{Redacted, Source};
use trilha_schemas::time::{format_day, format_millis, utc_day};

use super::{KEY_DIGITS, as_json, gone_millis, printable, row_or_rows, short};

/// What is listed.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// Only rows that were refused for this reason, such as `unknown_type`
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// Only rows that were not driven again
    #[arg(long)]
    pub open: bool,
    /// List at most so many; all are counted
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints rows, the newest first.
///
/// # Errors
/// When nobody reads them.
pub fn run(mut rows: Vec<Redacted>, options: &ListOptions) -> anyhow::Result<()> {
    let is_chosen = |row: &Redacted| {
        options.code.as_ref().is_none_or(|code| row.code == *code) && !(options.open && row.redriven_millis.is_some())
    };
    rows.retain(is_chosen);
    rows.reverse();
    if options.json { print_json(&rows, options.limit) } else { print(&rows, options) }
}

fn by_code(rows: &[Redacted]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row.code.as_str()).or_default() += 1);
    counts
}

fn open_ones(rows: &[Redacted]) -> usize {
    rows.iter().filter(|row| row.redriven_millis.is_none()).count()
}

fn print_json(rows: &[Redacted], limit: usize) -> anyhow::Result<()> {
    let listed: Vec<_> = rows.iter().take(limit).map(as_json).collect();
    let printed = json!({
        "rows": listed,
        "total": rows.len(),
        "open": open_ones(rows),
        "by_code": by_code(rows),
    });
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&printed)?)?)
}

fn print(rows: &[Redacted], options: &ListOptions) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if rows.is_empty() {
        return Ok(writeln!(out, "{}", nothing(options))?);
    }
    let code_width = rows.iter().take(options.limit).map(|row| row.code.len()).max().unwrap_or(0).max(4);
    writeln!(
        out,
        "{:<KEY_DIGITS$}  {:<24}  {:<10}  {:<7}  {:<9}  {:<code_width$}  why",
        "key", "received", "gone on", "from", "state", "code"
    )?;
    for row in rows.iter().take(options.limit) {
        writeln!(
            out,
            "{}  {:<24}  {:<10}  {:<7}  {:<9}  {:<code_width$}  {}",
            short(row.key),
            format_millis(row.received_millis),
            format_day(utc_day(gone_millis(row))),
            from(row),
            if row.redriven_millis.is_some() { "re-driven" } else { "open" },
            row.code,
            printable(&row.message)
        )?;
    }
    if let Some(more) = rows.len().checked_sub(options.limit).filter(|more| *more > 0) {
        writeln!(out, "… and {more} more; --limit shows them")?;
    }
    let codes: Vec<String> = by_code(rows).into_iter().map(|(code, count)| format!("{code} {count}")).collect();
    let total = rows.len();
    Ok(writeln!(out, "\n{total} {}, {} open: {}", row_or_rows(total), open_ones(rows), codes.join(", "))?)
}

fn from(row: &Redacted) -> &'static str {
    match row.source {
        Source::Request { protocol } => protocol.as_str(),
        Source::Record { .. } => "stream",
    }
}

fn nothing(options: &ListOptions) -> &'static str {
    match options.code.is_some() || options.open {
        true => "no such row; without --code and --open all are listed",
        false => "the quarantine is empty: nothing was refused in the last 30 days",
    }
}
