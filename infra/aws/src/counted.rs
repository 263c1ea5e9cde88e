//! A quarantine that counts what it is asked to keep, for the alarm that hears of every row.

use std::sync::atomic::{AtomicU64, Ordering};

use trilha_collector::quarantine::{Cursor, Quarantine, QuarantineError, Redacted, Rejection, RowKey};
use trilha_schemas::ids::Pseudonym;

/// A quarantine with a count.
#[derive(Debug, Default)]
pub struct Counted<Q> {
    inner: Q,
    kept: AtomicU64,
}

impl<Q> Counted<Q> {
    /// Counts from zero.
    pub fn new(inner: Q) -> Counted<Q> {
        Counted { inner, kept: AtomicU64::new(0) }
    }

    /// How many rejections it kept so far, those that it had already among them.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }
}

impl<Q: Quarantine> Quarantine for Counted<Q> {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        let keys = self.inner.keep(rejections).await?;
        self.kept.fetch_add(keys.len() as u64, Ordering::Relaxed);
        Ok(keys)
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        self.inner.list(after, most).await
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        self.inner.about(tenant, pseudonym).await
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        self.inner.open(key).await
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        self.inner.mark_redriven(key, now_millis).await
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        self.inner.expire(now_millis).await
    }
}
