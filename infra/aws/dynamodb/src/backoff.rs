//! How long to wait before a call that asked for patience is made again, and how often it is.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::error::TableError;

/// So often a call that leads to nothing is made again before that is the answer: for 2.6 to 5.2 s.
pub(crate) const FRUITLESS_CALLS: u32 = 8;

const FIRST: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits before the next attempt, `attempt` from 0.
pub(crate) async fn wait(attempt: u32) {
    tokio::time::sleep(pause(attempt, chance())).await;
}

/// Makes a call again, more and more patiently, as long as the table is throttled; so many times.
pub(crate) async fn patiently<T, F>(again: u32, mut call: impl FnMut() -> F) -> Result<T, TableError>
where
    F: Future<Output = Result<T, TableError>>,
{
    for attempt in 0..again {
        match call().await {
            Err(TableError::Throttled { .. }) => wait(attempt).await,
            answer => return answer,
        }
    }
    call().await
}

/// Half for sure, the rest by chance, so that callers part which were refused together.
fn pause(attempt: u32, chance: f64) -> Duration {
    let longest = FIRST.saturating_mul(1 << attempt.min(10)).min(LONGEST);
    longest.mul_f64(0.5 + chance / 2.0)
}

/// From 0 to 1, another one every time: the standard library seeds its hashers so.
fn chance() -> f64 {
    f64::from(RandomState::new().hash_one(0) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        assert_eq!([0, 1, 2].map(|attempt| pause(attempt, 1.0).as_millis()), [25, 50, 100]);
        assert_eq!([0, 1, 2].map(|attempt| pause(attempt, 0.0).as_micros()), [12_500, 25_000, 50_000]);
        assert_eq!([10, 100, u32::MAX].map(|attempt| pause(attempt, 1.0)), [LONGEST; 3]);
        let chances: std::collections::HashSet<u64> = (0..100).map(|_| chance().to_bits()).collect();
        assert!(chances.len() > 90, "{}", chances.len());
    }
}
