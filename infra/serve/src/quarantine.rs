//! The quarantine's commands: what was refused, shown without bodies and learners, and driven again. A command chooses
//! the stores, and says how it is called where advice names it.

pub mod list;
pub mod redrive;
pub mod show;

use anyhow::bail;
use serde_json::{Value, json};
use trilha_collector::quarantine::{KEPT_MILLIS, Quarantine, Redacted, RowKey, Source};
use trilha_schemas::time::format_millis;

/// How many digits of a key are shown where there are many.
const KEY_DIGITS: usize = 12;
/// The fewest digits that name a row.
const LEAST_DIGITS: usize = 8;
const PAGE: usize = 1_000;

/// How the commands are called.
#[derive(Debug, Clone, Copy)]
pub struct Called {
    /// The command before `list`, `show` or `redrive`.
    pub command: &'static str,
    /// What stands after it to say where the quarantine is; empty, or with a space before it.
    pub place: &'static str,
}

/// Every row that is kept, in order of arrival, whether or not somebody writes more meanwhile.
///
/// # Errors
/// When the quarantine does not answer.
pub async fn rows<Q: Quarantine>(quarantine: &Q, now_millis: i64) -> anyhow::Result<Vec<Redacted>> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = quarantine.list(cursor, PAGE).await?;
        let Some(last) = page.last() else { break };
        cursor = Some(last.cursor());
        rows.extend(page);
    }
    // What is too old is gone, though nobody may have swept it away yet.
    rows.retain(|row| gone_millis(row) > now_millis);
    Ok(rows)
}

/// The row whose key begins so.
fn find<'a>(rows: &'a [Redacted], key: &str, called: Called) -> anyhow::Result<&'a Redacted> {
    let digits = key.to_ascii_lowercase();
    if digits.len() < LEAST_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let command = called.command;
        bail!("{key:?} is no row's key: {LEAST_DIGITS} to 32 of the digits that `{command} list` prints");
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
