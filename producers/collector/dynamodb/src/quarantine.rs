//! The quarantine: a row, its parts where it is large, and the two places where it is found.
//!
//! They are written in that order of need: parts and places first, the row last. So a row that is there is whole and can
//! be found; a place without its row, or one that another keeping of the same bytes left, is passed over. Nothing but TTL
//! takes those away.

mod kept;
mod listing;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use trilha_collector::quarantine::{
    Cursor, KEPT_MILLIS, Quarantine, QuarantineError, Redacted, Rejection, Row, RowKey,
};
use trilha_collector::seal::Sealer;
use trilha_dynamodb::{Condition, Table, TableError};
use trilha_schemas::ids::Pseudonym;
use trilha_stream::clock::Clock;

use crate::attributes::{n, s, text};
use crate::{at_once, keys, mark, parts};
use kept::Kept;

/// The quarantine in a table.
///
/// At 30 days a row is gone for every reader; TTL deletes it within days, or [`Quarantine::expire`] at once.
pub struct DynamoQuarantine {
    table: Table,
    sealer: Sealer,
    clock: Clock,
}

impl DynamoQuarantine {
    /// Over a table; bodies are sealed with the data key.
    pub fn new(table: Table, sealer: Sealer) -> DynamoQuarantine {
        let since = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        DynamoQuarantine::with_clock(
            table,
            sealer,
            Arc::new(move || i64::try_from(since().as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The same with a clock of its own, by which rows are gone.
    pub fn with_clock(table: Table, sealer: Sealer, clock: Clock) -> DynamoQuarantine {
        DynamoQuarantine { table, sealer, clock }
    }

    /// Rows that were received then or earlier are gone.
    fn gone_millis(&self) -> i64 {
        (self.clock)().saturating_sub(KEPT_MILLIS)
    }

    /// The rows of keys, no two alike, that are there and not gone, in any order.
    async fn kept(&self, keys: impl IntoIterator<Item = RowKey>) -> Result<Vec<Kept>, QuarantineError> {
        let wanted = keys.into_iter().map(|key| trilha_dynamodb::key(&keys::row(key), keys::ROW)).collect();
        let gone_millis = self.gone_millis();
        let items = self.table.get(wanted, true).await.map_err(unavailable)?;
        let kept =
            items.into_iter().map(Kept::read).filter(|kept| !kept.as_ref().is_ok_and(|kept| kept.is_gone(gone_millis)));
        kept.collect()
    }

    /// The rows that places lead to, in their order; a place that is not the row's own leads to none.
    async fn at(&self, places: &[Cursor]) -> Result<Vec<Redacted>, QuarantineError> {
        let distinct: HashSet<RowKey> = places.iter().map(|place| place.key).collect();
        let kept = self.kept(distinct).await?;
        let mut rows: Vec<_> = kept.into_iter().map(|kept| kept.row.redacted).collect();
        let places: BTreeSet<&Cursor> = places.iter().collect();
        rows.retain(|row| places.contains(&row.cursor()));
        rows.sort_by_key(Redacted::cursor);
        Ok(rows)
    }

    /// Writes a row that was not there, whole before it shows.
    async fn insert(&self, row: Row) -> Result<(), TableError> {
        let expires = kept::expires(row.redacted.received_millis);
        let (key, partition) = (row.redacted.key, keys::row(row.redacted.key));
        let mut item = kept::item(&row);
        if row.sealed().len() <= kept::MAX_SEALED_BESIDE {
            item.extend([kept::sealed(&row)]);
        } else {
            item.extend(parts::put(&self.table, &partition, &mark::draw(), row.sealed(), Some(expires)).await?);
        }
        let place = keys::place(row.redacted.cursor());
        let arrived = keys::arrived(listing::day(row.redacted.received_millis), keys::slice(key));
        let about = row.pseudonym.map(|pseudonym| keys::about(&row.redacted.tenant, pseudonym));
        let places = std::iter::once(arrived).chain(about);
        let places = places.map(|partition| crate::attributes::item(&partition, &place, [("expires", n(expires))]));
        at_once::all(places.map(|place| self.table.put(place, None)).collect()).await?;
        // Refused: the first copy stays.
        self.table.put(item, Some(kept::absent_or_gone(self.gone_millis()))).await?;
        Ok(())
    }

    /// Deletes a row that is gone, then what belonged to it, then the place that led here. Whether the row was there.
    async fn drop_row(&self, place: Cursor, arrived: &str) -> Result<bool, QuarantineError> {
        let (partition, at) = (keys::row(place.key), keys::place(place));
        let there = self.table.get_one(&partition, keys::ROW, true).await.map_err(unavailable)?;
        let kept = there.map(Kept::read).transpose()?.filter(|kept| kept.row.redacted.cursor() == place);
        if let Some(kept) = &kept {
            let same = Condition::equals("received", n(place.received_millis));
            self.table.delete(&partition, keys::ROW, Some(same)).await.map_err(unavailable)?;
            parts::delete(&self.table, &partition, &kept.item).await.map_err(unavailable)?;
            if let Some(pseudonym) = kept.row.pseudonym {
                let about = keys::about(&kept.row.redacted.tenant, pseudonym);
                self.table.delete(&about, &at, None).await.map_err(unavailable)?;
            }
        }
        self.table.delete(arrived, &at, None).await.map_err(unavailable)?;
        Ok(kept.is_some())
    }
}

impl Quarantine for DynamoQuarantine {
    async fn keep(&self, rejections: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        let keys: Vec<_> = rejections.iter().map(|rejection| rejection.key(&self.sealer)).collect();
        let distinct: HashSet<RowKey> = keys.iter().copied().collect();
        let kept = self.kept(distinct).await?;
        let mut there: HashSet<RowKey> = kept.into_iter().map(|kept| kept.row.redacted.key).collect();
        let new = keys.iter().zip(rejections).filter(|(key, _)| there.insert(**key));
        // Sealed when its turn comes, so that few are in memory twice.
        let inserts = new.map(|(_, rejection)| async { self.insert(Row::seal(rejection, &self.sealer)).await });
        at_once::all(inserts.collect()).await.map_err(unavailable)?;
        Ok(keys)
    }

    async fn list(&self, after: Option<Cursor>, most: usize) -> Result<Vec<Redacted>, QuarantineError> {
        let now_millis = (self.clock)();
        let first = Cursor { received_millis: now_millis.saturating_sub(KEPT_MILLIS), key: RowKey([255; 16]) };
        let mut after = after.map_or(first, |after| after.max(first));
        let mut listed = Vec::new();
        for day in listing::days(after.received_millis, now_millis) {
            while listed.len() < most {
                let places =
                    listing::arrived(&self.table, day, after, most - listed.len()).await.map_err(unavailable)?;
                let Some(last) = places.last() else { break };
                after = *last;
                listed.extend(self.at(&places).await?);
            }
        }
        Ok(listed)
    }

    async fn about(&self, tenant: &str, pseudonym: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        let places = self.table.query(&keys::about(tenant, pseudonym), "", true).await.map_err(unavailable)?;
        self.at(&listing::places(&places)).await
    }

    async fn open(&self, key: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        let Some(kept) = self.kept([key]).await?.pop() else { return Ok(None) };
        let sealed = match kept.sealed() {
            Some(sealed) => Some(sealed.to_vec()),
            None => parts::get(&self.table, &keys::row(key), &kept.item).await.map_err(unavailable)?,
        };
        match sealed {
            Some(sealed) => kept.with_sealed(&sealed)?.open(&self.sealer).map(Some),
            // It was dropped in between; else it is damaged.
            None if self.kept([key]).await?.is_empty() => Ok(None),
            None => Err(QuarantineError::Sealed),
        }
    }

    async fn mark_redriven(&self, key: RowKey, now_millis: i64) -> Result<bool, QuarantineError> {
        let mark = mark::draw();
        let open = Condition::new("#received > :gone AND attribute_not_exists(#redriven)")
            .name("#received", "received")
            .name("#redriven", "redriven")
            .name("#marked_by", "marked_by")
            .value(":gone", n(self.gone_millis()))
            .value(":now", n(now_millis))
            .value(":mark", s(mark.as_str()));
        let update = "SET #redriven = :now, #marked_by = :mark";
        let marked = self.table.update(&keys::row(key), keys::ROW, update, open).await.map_err(unavailable)?;
        // Refused with our own mark there: a repeat of a call that was done.
        Ok(marked.map_or_else(|there| there.is_some_and(|there| text(&there, "marked_by") == Some(&mark)), |_| true))
    }

    async fn expire(&self, now_millis: i64) -> Result<usize, QuarantineError> {
        let due = now_millis.saturating_sub(KEPT_MILLIS);
        let mut dropped = 0;
        for day in listing::days(due.saturating_sub(listing::LEFT_TO_TTL_MILLIS), due) {
            for slice in 0..keys::SLICES {
                let arrived = keys::arrived(day, slice);
                let places = self.table.query(&arrived, "", true).await.map_err(unavailable)?;
                let places = listing::places(&places).into_iter().filter(|place| place.received_millis <= due);
                let drops = places.map(|place| self.drop_row(place, &arrived)).collect();
                dropped += at_once::all(drops).await?.into_iter().filter(|dropped| *dropped).count();
            }
        }
        Ok(dropped)
    }
}

fn unavailable(error: TableError) -> QuarantineError {
    QuarantineError::Unavailable(error.to_string())
}
