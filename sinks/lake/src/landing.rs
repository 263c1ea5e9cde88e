//! Landing files: one per batch of a shard, its rows in order of (tenant, day, learner), so that compaction can take one
//! partition and a range of learners without reading the rest.
//!
//! A file's name carries its shard and that shard's watermark before the batch. Its commit is conditional on that very
//! watermark, so once the shard has moved past it, a file that no commit lists never will be listed and can go ([`sweep`]).

use bytes::Bytes;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::sequence::SequenceNumber;

use crate::error::LakeError;
use crate::manifest::{LandingFile, Manifest};
use crate::parquet_files::{encode, landing_properties};
use crate::partition::{self, Day, Partition};
use crate::rows::{LakeRow, to_batch_of};
use crate::storage::{Storage, UNFINISHED};

/// A landing file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LandingName {
    pub(crate) shard: String,
    /// The shard's lake watermark before the batch.
    pub(crate) watermark: SequenceNumber,
    /// Who wrote it, and which of the writer's files it is: no two files share a name, whoever repeats a batch.
    pub(crate) writer: u64,
    pub(crate) number: u64,
}

impl LandingName {
    /// `<shard>.<watermark>.<writer>.<number>.parquet`
    pub(crate) fn to_file_name(&self) -> String {
        let LandingName { shard, watermark, writer, number } = self;
        format!("{}.{watermark}.{writer}.{number}.parquet", partition::encode(shard))
    }

    /// Reads the name of a landing file, finished or not; `None` for any other file.
    pub(crate) fn parse(file_name: &str) -> Option<LandingName> {
        let file_name = file_name.strip_suffix(UNFINISHED).unwrap_or(file_name);
        let mut parts = file_name.strip_suffix(".parquet")?.split('.');
        let shard = partition::decode(parts.next()?)?;
        let watermark = SequenceNumber::parse(parts.next()?).ok()?;
        let (writer, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(LandingName { shard, watermark, writer, number })
    }
}

/// Rows as a landing file: what a commit has to list, and the content.
pub(crate) fn landing_file(
    name: &LandingName,
    rows: &[&LakeRow],
    fold_version: u32,
) -> Result<(LandingFile, Bytes), LakeError> {
    let sorted = in_landing_order(rows);
    let batch = to_batch_of(&sorted, fold_version)?;
    let (content, _) = encode(landing_properties(sorted.len()), std::iter::once(Ok(batch)))?;
    Ok((LandingFile { name: name.to_file_name(), rows: count(&sorted) }, content))
}

fn in_landing_order<'a>(rows: &[&'a LakeRow]) -> Vec<&'a LakeRow> {
    let mut keyed: Vec<(&str, Day, Pseudonym, &LakeRow)> =
        rows.iter().map(|row| (&*row.tenant, row.day(), row.event.learner, *row)).collect();
    keyed.sort_by(|(a_tenant, a_day, a, _), (b_tenant, b_day, b, _)| (a_tenant, a_day, a).cmp(&(b_tenant, b_day, b)));
    keyed.into_iter().map(|(_, _, _, row)| row).collect()
}

/// Rows per partition, of rows in landing order.
fn count(rows: &[&LakeRow]) -> Vec<(Partition, u32)> {
    let mut counts: Vec<(Partition, u32)> = Vec::new();
    for row in rows {
        let day = row.day();
        match counts.last_mut() {
            Some((last, count)) if last.day == day && last.tenant == *row.tenant => *count += 1,
            _ => counts.push((Partition { tenant: row.tenant.to_string(), day }, 1)),
        }
    }
    counts
}

/// Deletes files that no commit lists and none ever will; answers how many. Files that may still be committed stay.
pub(crate) async fn sweep(storage: &impl Storage, manifest: &impl Manifest) -> Result<usize, LakeError> {
    let mut deleted = 0;
    for file_name in storage.list_landing().await? {
        if let Some(name) = LandingName::parse(&file_name)
            && is_lost(&name, &file_name, manifest).await?
        {
            storage.remove_landing(&file_name).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// The watermark is read first: once it is past the name's, no commit can list the file between the two reads.
async fn is_lost(name: &LandingName, file_name: &str, manifest: &impl Manifest) -> Result<bool, LakeError> {
    let has_passed = manifest.watermark(&name.shard).await? > name.watermark;
    Ok(has_passed && !manifest.is_listed(file_name).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Commit, MemoryManifest};
    use crate::rows::samples::{row, sequence};
    use crate::storage::MemoryStorage;

    fn name(shard: &str, watermark: u64, number: u64) -> LandingName {
        LandingName { shard: shard.to_string(), watermark: sequence(watermark), writer: 3, number }
    }

    #[test]
    fn names_read_back_and_others_are_refused() {
        for shard in ["a", "2026/shardId-000000000001", "é.x"] {
            let name = name(shard, 12, 5);
            assert_eq!(LandingName::parse(&name.to_file_name()), Some(name.clone()));
            assert_eq!(LandingName::parse(&format!("{}.tmp", name.to_file_name())), Some(name));
        }
        for other in ["", "a.1.2.3", "a.1.2.parquet", "a.x.2.3.parquet", "a.1.2.3.4.parquet", "%zz.1.2.3.parquet"] {
            assert_eq!(LandingName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn rows_lie_by_tenant_day_and_learner_and_are_counted() {
        let mut rows = [row(9, 1, 1), row(1, 2, 2), row(5, 3, 3), row(4, 4, 4)];
        rows[2].tenant = "aaa".into();
        rows[3].event.time_millis = None;
        let rows: Vec<&LakeRow> = rows.iter().collect();
        let (file, _) = landing_file(&name("a", 0, 1), &rows, 1).unwrap();
        let counts: Vec<(String, u32)> = file.rows.iter().map(|(of, rows)| (of.folder(), *rows)).collect();
        let expected =
            [("tenant=aaa/day=2026-11-23", 1), ("tenant=acme/day=2026-11-23", 2), ("tenant=acme/day=unknown", 1)];
        assert_eq!(counts, expected.map(|(folder, rows)| (folder.to_string(), rows)));
        assert_eq!(in_landing_order(&rows).iter().map(|row| row.event.learner.0[0]).collect::<Vec<_>>(), [5, 1, 9, 4]);
    }

    #[tokio::test]
    async fn an_unlisted_file_goes_only_once_the_watermark_has_passed() {
        let (storage, manifest) = (MemoryStorage::default(), MemoryManifest::default());
        let (listed, content) = landing_file(&name("a", 0, 1), &[&row(1, 1, 1)], 1).unwrap();
        storage.put_landing(&listed.name, content).await.unwrap();
        let unlisted = [name("a", 0, 2), name("a", 10, 3), name("b", 0, 4)].map(|name| name.to_file_name());
        let half_written = format!("{}{UNFINISHED}", name("a", 0, 5).to_file_name());
        for file in unlisted.iter().chain([&half_written, &"a note".to_string()]) {
            storage.put_landing(file, Bytes::new()).await.unwrap();
        }
        assert_eq!(sweep(&storage, &manifest).await.unwrap(), 0);
        let kept = [listed.name.clone(), unlisted[1].clone(), "a note".to_string(), unlisted[2].clone()];
        let commit =
            Commit { shard: "a".to_string(), expected: sequence(0), watermark: sequence(10), file: Some(listed) };
        manifest.commit(commit).await.unwrap();
        assert_eq!(sweep(&storage, &manifest).await.unwrap(), 2);
        assert_eq!(storage.landing_names(), sorted(kept));
    }

    fn sorted(mut names: [String; 4]) -> [String; 4] {
        names.sort();
        names
    }
}
