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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trilha_collector::memory::MemoryQuarantine;
    use trilha_collector::random::OsRandom;
    use trilha_collector::seal::{Sealer, Secret};
    use trilha_schemas::event::Protocol;
    use trilha_schemas::reader::{Code, Refusal};

    use super::*;

    #[tokio::test]
    async fn every_rejection_is_counted_and_kept() {
        let sealer = Sealer::new(&Secret::new([1; 32]), Arc::new(OsRandom));
        let quarantine = Counted::new(MemoryQuarantine::new(sealer));
        let refusal = Refusal::new(Code::InvalidJson, "", "not JSON");
        let rejection = |raw: &[u8]| Rejection::of_request("ufpa", Protocol::Native, 0, &refusal, raw);
        quarantine.keep(vec![rejection(b"a"), rejection(b"b")]).await.unwrap();
        quarantine.keep(vec![rejection(b"a")]).await.unwrap();
        assert_eq!((quarantine.kept(), quarantine.list(None, 10).await.unwrap().len()), (3, 2));
    }
}
