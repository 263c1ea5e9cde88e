//! The quarantine in redb: rows by key, and two tables that find them by arrival and by learner.

use redb::{AccessGuard, ReadTransaction, ReadableTable, WriteTransaction};
use trilha_schemas::ids::Pseudonym;

use super::keys;
use super::store::{QUARANTINE, QUARANTINE_BY_ARRIVAL, QUARANTINE_BY_LEARNER, Store, StoreError};
use crate::quarantine::{Cursor, KEPT_MILLIS, Quarantine, QuarantineError, Redacted, Rejection, Row, RowKey};
use crate::seal::Sealer;

/// What a range over a table gives.
type Entry<'t> = Result<(AccessGuard<'t, &'static [u8]>, AccessGuard<'t, &'static [u8]>), redb::StorageError>;

/// The quarantine in the collector's file.
pub struct EmbeddedQuarantine {
    store: Store,
    sealer: Sealer,
}

impl From<StoreError> for QuarantineError {
    fn from(error: StoreError) -> QuarantineError {
        QuarantineError::Unavailable(error.to_string())
    }
}

impl EmbeddedQuarantine {
    pub(super) fn new(store: Store, sealer: Sealer) -> EmbeddedQuarantine {
        EmbeddedQuarantine { store, sealer }
    }

    /// The rows whose keys a search finds, in its order.
    fn rows(
        &self,
        search: impl FnOnce(&ReadTransaction) -> Result<Vec<RowKey>, redb::Error>,
    ) -> Result<Vec<Row>, QuarantineError> {
        let stored = self.store.read(|transaction| {
            let table = transaction.open_table(QUARANTINE)?;
            let mut stored = Vec::new();
            for key in search(transaction)? {
                stored.extend(table.get(key.0.as_slice())?.map(|row| (key, row.value().to_vec())));
            }
            Ok(stored)
        })?;
        let read = stored.iter().map(|(key, row)| Row::from_stored(*key, row).map_err(|_| QuarantineError::Sealed));
        read.collect()
    }
}

impl Quarantine for EmbeddedQuarantine {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        let rows: Vec<_> = rejections.into_iter().map(|rejection| Row::seal(rejection, &self.sealer)).collect();
        let keys = rows.iter().map(|row| row.redacted.key).collect();
        self.store.write(move |transaction| rows.iter().try_for_each(|row| insert(transaction, row))).await?;
        Ok(keys)
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        let rows = self.rows(|transaction| {
            let table = transaction.open_table(QUARANTINE_BY_ARRIVAL)?;
            let mut from = after.map(|after| keys::arrival(after).to_vec()).unwrap_or_default();
            // The first key after that of the cursor.
            after.iter().for_each(|_| from.push(0));
            let entries = table.range::<&[u8]>(from.as_slice()..)?.take(most);
            row_keys(entries)
        })?;
        Ok(rows.into_iter().map(|row| row.redacted).collect())
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        let first = keys::about(tenant, pseudonym, RowKey([0; 16]));
        let last = keys::about(tenant, pseudonym, RowKey([255; 16]));
        let rows = self.rows(|transaction| {
            let table = transaction.open_table(QUARANTINE_BY_LEARNER)?;
            let entries = table.range::<&[u8]>(first.as_slice()..=last.as_slice())?;
            row_keys(entries)
        })?;
        Ok(rows.into_iter().map(|row| row.redacted).collect())
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        let row = self.rows(|_| Ok(vec![key]))?.pop();
        row.map(|row| row.open(&self.sealer)).transpose()
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        let mark = move |transaction: &WriteTransaction| {
            let mut table = transaction.open_table(QUARANTINE)?;
            let row = table.get(key.0.as_slice())?.and_then(|row| Row::from_stored(key, row.value()).ok());
            let Some(mut row) = row.filter(|row| row.redacted.redriven_millis.is_none()) else { return Ok(false) };
            row.redacted.redriven_millis = Some(now_millis);
            table.insert(key.0.as_slice(), row.to_stored().as_slice())?;
            Ok(true)
        };
        Ok(self.store.write(mark).await?)
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        let last = Cursor { received_millis: now_millis.saturating_sub(KEPT_MILLIS), key: RowKey([255; 16]) };
        Ok(self.store.write(move |transaction| drop_until(transaction, last)).await?)
    }
}

/// The keys of the rows that entries of a finding table point to.
fn row_keys<'t>(entries: impl Iterator<Item = Entry<'t>>) -> Result<Vec<RowKey>, redb::Error> {
    let mut keys = Vec::new();
    for entry in entries {
        keys.extend(keys::row_at_end(entry?.0.value()));
    }
    Ok(keys)
}

/// Adds a row that is not there.
fn insert(transaction: &WriteTransaction, row: &Row) -> Result<(), redb::Error> {
    let key = row.redacted.key;
    let mut table = transaction.open_table(QUARANTINE)?;
    if table.get(key.0.as_slice())?.is_some() {
        return Ok(());
    }
    table.insert(key.0.as_slice(), row.to_stored().as_slice())?;
    let arrival = keys::arrival(row.redacted.cursor());
    transaction.open_table(QUARANTINE_BY_ARRIVAL)?.insert(arrival.as_slice(), [].as_slice())?;
    if let Some(pseudonym) = row.pseudonym {
        let about = keys::about(&row.redacted.tenant, pseudonym, key);
        transaction.open_table(QUARANTINE_BY_LEARNER)?.insert(about.as_slice(), [].as_slice())?;
    }
    Ok(())
}

/// Drops the rows that arrived until then, with what finds them.
fn drop_until(transaction: &WriteTransaction, last: Cursor) -> Result<usize, redb::Error> {
    let mut rows = transaction.open_table(QUARANTINE)?;
    let mut by_arrival = transaction.open_table(QUARANTINE_BY_ARRIVAL)?;
    let mut by_learner = transaction.open_table(QUARANTINE_BY_LEARNER)?;
    let until = keys::arrival(last);
    let mut dropped = 0;
    for entry in by_arrival.extract_from_if::<&[u8], _>(..=until.as_slice(), |_, _| true)? {
        let Some(key) = keys::row_at_end(entry?.0.value()) else { continue };
        let stored = rows.remove(key.0.as_slice())?.map(|row| row.value().to_vec());
        let row = stored.and_then(|stored| Row::from_stored(key, &stored).ok());
        if let Some((row, pseudonym)) = row.and_then(|row| row.pseudonym.map(|pseudonym| (row, pseudonym))) {
            by_learner.remove(keys::about(&row.redacted.tenant, pseudonym, key).as_slice())?;
        }
        dropped += 1;
    }
    Ok(dropped)
}
