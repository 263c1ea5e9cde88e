//! Events whose effect is looked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use trilha_benches::Bench;
use trilha_schemas::time::format_millis;

use crate::stack::Stack;

/// Whose videos nobody but probes watches.
pub(crate) const COURSE: &str = "probes";
const EVERY: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_millis(1);

#[derive(Default)]
pub(crate) struct Probes {
    sent: u32,
    seen: JoinSet<Bench<Duration>>,
}

impl Probes {
    pub(crate) fn send_if_due(&mut self, stack: &Arc<Stack>, elapsed: Duration, now_millis: i64) {
        if elapsed >= EVERY * self.sent {
            self.seen.spawn(probe(Arc::clone(stack), format!("probe-{}", self.sent), now_millis));
            self.sent += 1;
        }
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent as usize
    }

    /// Waits for those that are not seen yet.
    pub(crate) async fn print(&mut self) -> Bench {
        let mut took = Vec::new();
        while let Some(seen) = self.seen.join_next().await {
            took.push(seen??);
        }
        took.sort_unstable();
        let millis = |percent: usize| took[took.len() * percent / 100].as_secs_f64() * 1e3;
        let (probes, p50, p99) = (took.len(), millis(50), millis(99));
        println!("accepted to visible, {probes} probes: p50 {p50:.0} ms, p99 {p99:.0} ms");
        Ok(())
    }
}

/// One viewer of a video of their own; from the receipt until the read API has them.
async fn probe(stack: Arc<Stack>, name: String, now_millis: i64) -> Bench<Duration> {
    let time = format_millis(now_millis);
    let who = format!(r#""id":"{name}","learner":"{name}","course":"{COURSE}","time":"{time}""#);
    let event = format!(r#"{{{who},"type":"video.watched","video":"{name}","from":0,"to":10,"length":60}}"#);
    stack.take(&event, now_millis, 1).await?;
    let accepted = Instant::now();
    while stack.viewers(&name).await? != 1 {
        tokio::time::sleep(POLL).await;
    }
    Ok(accepted.elapsed())
}
