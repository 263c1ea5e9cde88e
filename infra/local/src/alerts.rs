//! `trilha alerts`: what the evaluator told last; and where `up` keeps it.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use trilha_live::embedded::EmbeddedTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replacement, Watermarks};
use trilha_processors::evaluator::event::DomainEvent;
use trilha_processors::evaluator::sink::{EventSink, SinkError};

use crate::cli::AlertsOptions;
use crate::data::DataDir;

/// The partition that holds them, beside the evaluator's own status.
const ALERTS: &str = "alerts";
/// So many are kept, the last ones.
const KEPT: usize = 1_000;
/// What every event says, and a line says elsewhere or not at all.
const SAID_ELSEWHERE: [&str; 5] = ["id", "version", "tenant", "course", "at"];

/// Logs domain events, and keeps the last of them; of a repeat the first.
pub(crate) struct Alerts(pub Arc<EmbeddedTable>);

impl EventSink for Alerts {
    async fn publish(&self, events: Vec<DomainEvent>) -> Result<(), SinkError> {
        let failed = |error: LiveError| SinkError(error.to_string());
        for event in &events {
            tracing::info!(kind = event.detail_type(), detail = %event.detail(), "domain event");
        }
        let replacements = events.iter().map(|event| Replacement { item: item(event), expected: None });
        self.0.replace(replacements.collect(), true).await.map_err(failed)?;
        self.drop_oldest().await.map_err(failed)
    }
}

impl Alerts {
    async fn drop_oldest(&self) -> Result<(), LiveError> {
        let mut items = self.0.query(ALERTS, "", Consistency::Strong).await?;
        let Some(most) = items.len().checked_sub(KEPT).filter(|most| *most > 0) else { return Ok(()) };
        items.sort_by_cached_key(|item| alert(item)["at"].to_string());
        items.truncate(most);
        self.0.remove(items.into_iter().map(|item| (item.key, item.watermarks)).collect()).await.map(drop)
    }
}

fn item(event: &DomainEvent) -> Item {
    let mut value = event.detail();
    value["type"] = event.detail_type().into();
    let key = Key { partition: ALERTS.into(), sort: event.id().to_string() };
    Item { key, watermarks: Watermarks::default(), value: value.to_string().into_bytes() }
}

fn alert(item: &Item) -> Value {
    serde_json::from_slice(&item.value).unwrap_or_default()
}

pub(crate) async fn run(options: AlertsOptions) -> anyhow::Result<()> {
    let path = DataDir::open(&options.data)?.status();
    let mut alerts = Vec::new();
    // No `up` has run on the folder yet where there is none.
    if path.exists() {
        let table = EmbeddedTable::open_read_only(&path).context("cannot open the evaluator's status")?;
        alerts.extend(table.query(ALERTS, "", Consistency::Eventual).await?.iter().map(alert));
    }
    alerts.sort_by_cached_key(|alert| std::cmp::Reverse((alert["at"].to_string(), alert["id"].to_string())));
    alerts.truncate(options.limit);
    if options.json {
        return Ok(writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&json!({ "alerts": alerts }))?)?);
    }
    print(&alerts)
}

fn print(alerts: &[Value]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if alerts.is_empty() {
        writeln!(out, "nothing was told of yet")?;
    }
    for alert in alerts {
        let text = |field: &str| alert[field].as_str().unwrap_or_default().to_string();
        let rest = alert.as_object().into_iter().flatten();
        let rest = rest.filter(|(field, _)| !SAID_ELSEWHERE.contains(&field.as_str()) && *field != "type");
        let rest: Vec<String> = rest.map(|(field, value)| format!("{field} {value}")).collect();
        writeln!(out, "{:<24}  {:<23}  {}  {}", text("at"), text("type"), alert["course"], rest.join(", "))?;
    }
    Ok(())
}
