//! What a function keeps from call to call.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::OnceCell;

type Making<T> = Pin<Box<dyn Future<Output = anyhow::Result<T>> + Send>>;

/// Something that is made by who needs it first. If that fails, the next one makes it.
pub struct Warm<T> {
    made: OnceCell<T>,
    make: Box<dyn Fn() -> Making<T> + Send + Sync>,
}

impl<T> Warm<T> {
    /// Not made yet.
    pub fn new<F, M>(make: F) -> Warm<T>
    where
        F: Fn() -> M + Send + Sync + 'static,
        M: Future<Output = anyhow::Result<T>> + Send + 'static,
    {
        Warm { made: OnceCell::new(), make: Box::new(move || Box::pin(make())) }
    }

    /// It, made if need be.
    ///
    /// # Errors
    /// What making it fails with, on one line.
    pub async fn get(&self) -> Result<&T, String> {
        self.made.get_or_try_init(|| (self.make)()).await.map_err(|error| format!("{error:#}"))
    }

    /// It, if somebody has made it.
    pub fn made(&self) -> Option<&T> {
        self.made.get()
    }

    /// Makes it before somebody waits. A function's start is not charged as its calls are, and has a whole core.
    pub async fn start(&self) {
        if let Err(error) = self.get().await {
            tracing::error!(error, "the start failed; the next call tries again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use anyhow::Context;

    use super::*;

    #[tokio::test]
    async fn what_could_not_be_made_is_tried_again_and_made_once() {
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&attempts);
        let warm = Warm::new(move || {
            let attempt = counted.fetch_add(1, Ordering::Relaxed);
            async move { if attempt == 0 { None.context("no stream").context("cold") } else { Ok(attempt) } }
        });
        warm.start().await;
        assert_eq!(warm.get().await, Ok(&1));
        assert_eq!(warm.get().await, Ok(&1));
        assert_eq!(attempts.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn why_it_failed_is_told_to_its_cause() {
        let warm: Warm<u32> = Warm::new(|| async { None.context("no stream").context("cold") });
        assert_eq!(warm.get().await, Err("cold: no stream".to_string()));
    }
}
