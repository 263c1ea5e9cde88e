//! The lake's end of the stream: each batch of a shard lands once, however often and in whatever cuts it comes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use trilha_schemas::sequence::SequenceNumber;

use crate::error::{LakeError, blocking};
use crate::landing::{LandingName, landing_file};
use crate::manifest::{Commit, Committed, LandingFile, Manifest};
use crate::partition::Partition;
use crate::rows::LakeRow;
use crate::storage::Storage;

/// Lands batches. One for all shards of a process; batches of different shards may be appended at the same time.
pub struct LakeWriter<M, S> {
    manifest: Arc<M>,
    storage: Arc<S>,
    fold_version: u32,
    writer: u64,
    files: AtomicU64,
    /// What each shard's watermark was last seen to be. Only a hint: the commit is conditional on it.
    watermarks: Mutex<HashMap<String, SequenceNumber>>,
}

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many of its rows were new and landed now; the others had landed before.
    pub rows: usize,
    /// The shard's watermark after it, at or after the batch's last sequence number.
    pub watermark: SequenceNumber,
}

impl<M: Manifest, S: Storage> LakeWriter<M, S> {
    /// A writer with a number of its own; `fold_version` is written into every row.
    pub async fn open(manifest: Arc<M>, storage: Arc<S>, fold_version: u32) -> Result<LakeWriter<M, S>, LakeError> {
        let writer = manifest.next_writer().await?;
        let (files, watermarks) = (AtomicU64::new(0), Mutex::new(HashMap::new()));
        Ok(LakeWriter { manifest, storage, fold_version, writer, files, watermarks })
    }

    /// Lands what is new of a shard's batch and moves the shard's watermark to `last`, durably. After a failure the
    /// same rows may be appended again, cut in whatever way, by whomever.
    ///
    /// `rows` are of this shard, of records after the shard's watermark up to `last`; those at or before the watermark
    /// have landed and are dropped. `last` is the batch's last record, also when it brought no row.
    pub async fn append(&self, shard: &str, rows: Vec<LakeRow>, last: SequenceNumber) -> Result<Appended, LakeError> {
        check(shard, &rows, last)?;
        self.land(shard, rows, last).await
    }

    /// Lands a range of a shard's records, `first` to `last`, that was discarded although the shard's watermark has gone past
    /// it: under a watermark of its own, named after the range. The same range lands once; of ranges that overlap both
    /// land, and compaction drops the repeats.
    ///
    /// `rows` are of this shard, of records of the range.
    pub async fn redrive(
        &self,
        shard: &str,
        rows: Vec<LakeRow>,
        first: SequenceNumber,
        last: SequenceNumber,
    ) -> Result<Appended, LakeError> {
        check(shard, &rows, last)?;
        if rows.iter().any(|row| row.sequence_number < first) {
            return Err(refusal(shard, last, "a row lies before the first sequence number"));
        }
        self.land(&range(shard, first, last), rows, last).await
    }

    /// `whose` is the shard, or the range, whose watermark moves.
    async fn land(&self, whose: &str, rows: Vec<LakeRow>, last: SequenceNumber) -> Result<Appended, LakeError> {
        let rows = Arc::new(rows);
        let mut watermark = self.warm_watermark(whose).await?;
        loop {
            if watermark >= last {
                // A zombie's cache may run behind, never ahead: what it says has landed has landed.
                return Ok(Appended { rows: 0, watermark });
            }
            let file = self.write(whose, &rows, watermark).await?;
            let written = file.as_ref().map(|file| file.name.clone());
            let new_rows = file.iter().flat_map(|file| &file.rows).map(|(_, rows)| *rows as usize).sum();
            let commit = Commit { shard: whose.to_string(), expected: watermark, watermark: last, file };
            match self.commit(commit).await? {
                Committed::Done => return Ok(Appended { rows: new_rows, watermark: last }),
                Committed::Stale { watermark: there } => watermark = there,
            }
            self.remove_unlisted(written).await?;
        }
    }

    /// A store that repeats calls by itself may have committed on the first and called the second stale: look before.
    async fn remove_unlisted(&self, file: Option<String>) -> Result<(), LakeError> {
        match file {
            Some(name) if !self.manifest.is_listed(&name).await? => self.storage.remove_landing(&name).await,
            _ => Ok(()),
        }
    }

    async fn warm_watermark(&self, shard: &str) -> Result<SequenceNumber, LakeError> {
        let warm = self.watermarks.lock().unwrap_or_else(PoisonError::into_inner).get(shard).copied();
        match warm {
            Some(watermark) => Ok(watermark),
            None => Ok(self.manifest.watermark(shard).await?),
        }
    }

    fn remember(&self, shard: &str, watermark: Option<SequenceNumber>) {
        let mut watermarks = self.watermarks.lock().unwrap_or_else(PoisonError::into_inner);
        match watermark {
            Some(watermark) => watermarks.insert(shard.to_string(), watermark),
            None => watermarks.remove(shard),
        };
    }

    /// Writes the file of the rows after the watermark; `None` when there are none.
    async fn write(
        &self,
        shard: &str,
        rows: &Arc<Vec<LakeRow>>,
        watermark: SequenceNumber,
    ) -> Result<Option<LandingFile>, LakeError> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let name = LandingName { shard: shard.to_string(), watermark, writer: self.writer, number };
        let (rows, fold_version) = (rows.clone(), self.fold_version);
        let encoded = blocking(move || {
            let new: Vec<&LakeRow> = rows.iter().filter(|row| row.sequence_number > watermark).collect();
            if new.is_empty() { Ok(None) } else { landing_file(&name, &new, fold_version).map(Some) }
        });
        let Some((file, content)) = encoded.await? else { return Ok(None) };
        self.storage.put_landing(&file.name, content).await?;
        Ok(Some(file))
    }

    /// Commits, and keeps what is now known of the shard's watermark: after a failure nothing.
    async fn commit(&self, commit: Commit) -> Result<Committed, LakeError> {
        let (shard, after) = (commit.shard.clone(), commit.watermark);
        let committed = self.manifest.commit(commit).await;
        let known = match &committed {
            Ok(Committed::Done) => Some(after),
            Ok(Committed::Stale { watermark }) => Some(*watermark),
            Err(_) => None,
        };
        self.remember(&shard, known);
        Ok(committed?)
    }
}

/// What stands for a shard where a range of it has a watermark of its own. No shard's name ends like this.
fn range(shard: &str, first: SequenceNumber, last: SequenceNumber) -> String {
    format!("{shard}@{first}-{last}")
}

fn refusal(shard: &str, last: SequenceNumber, reason: &'static str) -> LakeError {
    LakeError::Batch { shard: shard.to_string(), last: last.to_string(), reason }
}

fn check(shard: &str, rows: &[LakeRow], last: SequenceNumber) -> Result<(), LakeError> {
    let refuse = |reason| refusal(shard, last, reason);
    let mut tenant = "";
    for row in rows {
        if *row.shard != *shard {
            return Err(refuse("a row is of another shard"));
        }
        if row.sequence_number > last {
            return Err(refuse("a row lies after the last sequence number"));
        }
        if *row.tenant != *tenant || tenant.is_empty() {
            tenant = &row.tenant;
            Partition::is_storable(tenant).then_some(()).ok_or_else(|| LakeError::Tenant(tenant.to_string()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
