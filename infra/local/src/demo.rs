//! The simulated class of `up --demo`: sent through the collector's core as if it came by HTTP.

use std::sync::Arc;
use std::time::Duration;

use trilha_collector::collector::{Arrival, Sent};
use trilha_collector::credential::Credential;
use trilha_schemas::event::Protocol;
use trilha_serve::clock::Clock;
use trilha_simulator::{LiveClass, LiveConfig};

use crate::pipeline::LocalCollector;

const EVERY: Duration = Duration::from_millis(500);
/// Events in one call; the class's past comes in several.
const CALL_EVENTS: usize = 2_000;

/// Sends what is due, for ever; it ends with its task.
pub(crate) async fn run(collector: Arc<LocalCollector>, credential: Credential, clock: Clock) {
    let now = clock();
    let mut class = LiveClass::new(&LiveConfig::new(now as u64, now));
    loop {
        let now_millis = clock();
        let events: Vec<String> = class.due(now_millis).take(CALL_EVENTS).map(|event| event.json).collect();
        if events.is_empty() {
            tokio::time::sleep(EVERY).await;
            continue;
        }
        let sent = || events.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
        let arrival = Arrival::Live { now_millis };
        while let Err(error) = collector.collect(&credential, Protocol::Native, arrival, sent()).await {
            tracing::warn!(%error, "the simulated class waits");
            tokio::time::sleep(EVERY).await;
        }
        if events.len() < CALL_EVENTS {
            tokio::time::sleep(EVERY).await;
        }
    }
}
