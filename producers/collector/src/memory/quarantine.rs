//! The quarantine in a map.

use std::collections::BTreeMap;
use std::sync::Mutex;

use trilha_schemas::ids::Pseudonym;

use super::lock;
use crate::quarantine::{Cursor, KEPT_MILLIS, Quarantine, QuarantineError, Redacted, Rejection, Row, RowKey};
use crate::seal::Sealer;

/// A quarantine in memory, its bodies sealed all the same.
pub struct MemoryQuarantine {
    sealer: Sealer,
    rows: Mutex<BTreeMap<RowKey, Row>>,
}

impl MemoryQuarantine {
    /// An empty one.
    pub fn new(sealer: Sealer) -> MemoryQuarantine {
        MemoryQuarantine { sealer, rows: Mutex::default() }
    }
}

impl Quarantine for MemoryQuarantine {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        let sealed: Vec<_> = rejections.into_iter().map(|rejection| Row::seal(rejection, &self.sealer)).collect();
        let mut rows = lock(&self.rows);
        Ok(sealed.into_iter().map(|row| rows.entry(row.redacted.key).or_insert(row).redacted.key).collect())
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        let mut listed: Vec<_> = lock(&self.rows).values().map(|row| row.redacted.clone()).collect();
        listed.sort_by_key(Redacted::cursor);
        Ok(listed.into_iter().filter(|row| Some(row.cursor()) > after).take(most).collect())
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        let rows = lock(&self.rows);
        let about = rows.values().filter(|row| row.redacted.tenant == tenant && row.pseudonym == Some(pseudonym));
        Ok(about.map(|row| row.redacted.clone()).collect())
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        let row = lock(&self.rows).get(&key).cloned();
        row.map(|row| row.open(&self.sealer)).transpose()
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        let mut rows = lock(&self.rows);
        let row = rows.get_mut(&key).filter(|row| row.redacted.redriven_millis.is_none());
        Ok(row.map(|row| row.redacted.redriven_millis = Some(now_millis)).is_some())
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        let mut rows = lock(&self.rows);
        let before = rows.len();
        rows.retain(|_, row| row.redacted.received_millis > now_millis.saturating_sub(KEPT_MILLIS));
        Ok(before - rows.len())
    }
}
