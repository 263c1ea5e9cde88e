//! How long to wait before a call that asked for patience is made again.

use std::time::Duration;

/// So often a call that is throttled in part is made before that is the answer.
pub(crate) const ATTEMPTS: u32 = 8;
const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits before the next attempt, `attempt` from 0. What calls run side by side are spread by how long each took.
pub(crate) async fn wait(attempt: u32) {
    let longest = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    // Half for sure, the rest by chance: the clock's last digits are chance enough to part callers.
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    let share = f64::from(nanos % 1_000) / 1_000.0;
    tokio::time::sleep(longest.mul_f64(0.5 + share / 2.0)).await;
}
