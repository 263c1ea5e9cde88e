//! `trilha quarantine`: what was refused, shown without bodies and learners, and driven again.

mod list;
mod redrive;
mod show;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::quarantine::{KEPT_MILLIS, Quarantine, Redacted, RowKey, Source};
use trilha_schemas::time::format_millis;

use crate::cli::{QuarantineCommand, QuarantineOptions};
use crate::clock;
use crate::data::DataDir;

/// How many digits of a key are shown where there are many.
const KEY_DIGITS: usize = 12;
/// The fewest digits that name a row.
const LEAST_DIGITS: usize = 8;
const PAGE: usize = 1_000;

pub(crate) async fn run(options: QuarantineOptions) -> anyhow::Result<()> {
    match options.command {
        QuarantineCommand::List(options) => list::run(&options).await,
        QuarantineCommand::Show(options) => show::run(&options).await,
        QuarantineCommand::Redrive(options) => redrive::run(options).await,
    }
}

/// Every row that is kept, in order of arrival, whether or not an `up` writes more meanwhile.
async fn rows(dir: &DataDir) -> anyhow::Result<Vec<Redacted>> {
    let stores =
        EmbeddedStores::open_read_only(&dir.collector(), dir.sealer()).context("cannot open the quarantine")?;
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = stores.quarantine.list(cursor, PAGE).await?;
        let Some(last) = page.last() else { break };
        cursor = Some(last.cursor());
        rows.extend(page);
    }
    // What is too old is gone, though nobody may have swept it away yet.
    let now = (clock::system())();
    rows.retain(|row| gone_millis(row) > now);
    Ok(rows)
}

/// The row whose key begins so.
fn find<'a>(rows: &'a [Redacted], key: &str) -> anyhow::Result<&'a Redacted> {
    let digits = key.to_ascii_lowercase();
    if digits.len() < LEAST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!("{key:?} is no row's key: {LEAST_DIGITS} to 32 of the digits that `trilha quarantine list` prints");
    }
    let mut found = rows.iter().filter(|row| row.key.to_string().starts_with(&digits));
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => bail!("more than one row's key begins with {key}; give more digits"),
        (None, _) => bail!("no row's key begins with {key}; rows are kept for 30 days"),
    }
}

fn gone_millis(row: &Redacted) -> i64 {
    row.received_millis.saturating_add(KEPT_MILLIS)
}

/// The first digits of a key.
fn short(key: RowKey) -> String {
    key.to_string()[..KEY_DIGITS].to_string()
}

/// A text that a sender had a hand in, safe to print on a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

fn row_or_rows(rows: usize) -> &'static str {
    if rows == 1 { "row" } else { "rows" }
}

/// A row as JSON.
fn as_json(row: &Redacted) -> Value {
    let source = match &row.source {
        Source::Request { protocol } => json!({ "format": protocol.as_str() }),
        Source::Record { incarnation, shard_id, sequence_number } => {
            json!({ "stream": incarnation, "shard": shard_id, "sequence_number": sequence_number.to_string() })
        }
    };
    json!({
        "key": row.key.to_string(),
        "tenant": row.tenant,
        "source": source,
        "received": format_millis(row.received_millis),
        "gone": format_millis(gone_millis(row)),
        "code": row.code,
        "field": row.field,
        "message": row.message,
        "bytes": row.raw_bytes,
        "redriven": row.redriven_millis.map(format_millis),
    })
}
