//! What every manifest does, as functions that panic where one does not.
//!
//! [`manifest_contract!`](crate::manifest_contract) makes a test of each; every one is given an empty manifest.

use trilha_schemas::sequence::SequenceNumber;

use super::{
    Backlog, Commit, Committed, Dirty, Generation, LandingFile, Manifest, PendingRows, Publication, Published,
    PublishedFile,
};
use crate::partition::{Day, Partition};

/// Makes one `#[tokio::test]` of each function of the contract. The argument is evaluated for each: a pair of what must
/// outlive the manifest (a temporary folder, say, or `()`) and an empty manifest.
#[macro_export]
macro_rules! manifest_contract {
    ($kept_and_manifest:expr) => {
        $crate::manifest_contract!(@each $kept_and_manifest;
            a_commit_moves_the_watermark_and_lists_the_file_together,
            a_stale_commit_changes_nothing_and_tells_the_watermark,
            a_commit_without_a_file_moves_the_watermark_alone,
            shards_have_watermarks_of_their_own,
            pending_rows_are_of_one_partition_only,
            a_publication_takes_its_rows_off_the_pending_ones,
            the_backlog_tells_what_is_published_and_how_many_files_are_listed,
            a_stale_publication_changes_nothing_and_the_others_stand,
            a_file_is_absorbed_once_all_its_partitions_are,
            only_absorbed_files_are_forgotten,
            writers_have_numbers_of_their_own,
            a_generation_is_unsettled_until_that_is_noted,
            a_commit_that_is_repeated_after_its_answer_was_lost_changes_nothing,
            many_files_come_to_be_absorbed_in_as_many_turns_as_it_takes,
            a_file_of_very_many_partitions_is_listed_whole,
        );
    };
    (@each $kept_and_manifest:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (_kept, manifest) = $kept_and_manifest;
                $crate::manifest::contract::$name(&manifest).await;
            }
        )*
    };
}

/// For `expect`: no call of the contract meets a fault.
const WORKS: &str = "the manifest works";

fn sequence(number: u64) -> SequenceNumber {
    SequenceNumber::parse(&number.to_string()).expect("decimal digits")
}

fn day(tenant: &str, day: i32) -> Partition {
    Partition { tenant: tenant.to_string(), day: Day::Date(day) }
}

fn commit(shard: &str, expected: u64, watermark: u64, file: &str, rows: &[(Partition, u32)]) -> Commit {
    let file = (!rows.is_empty()).then(|| LandingFile { name: file.to_string(), rows: rows.to_vec() });
    Commit { shard: shard.to_string(), expected: sequence(expected), watermark: sequence(watermark), file }
}

fn publication(partition: &Partition, previous: u64, absorbed: &[&str]) -> Publication {
    let number = previous + 1;
    let files = vec![PublishedFile { name: format!("part-{number}-0.parquet"), rows: 3, buckets: 0..=4095 }];
    let absorbed = absorbed.iter().map(ToString::to_string).collect();
    Publication {
        partition: partition.clone(),
        previous,
        generation: Generation { number, files, beyond: 2 },
        absorbed,
    }
}

/// A commit does both.
pub async fn a_commit_moves_the_watermark_and_lists_the_file_together(manifest: &impl Manifest) {
    let rows = [(day("a", 1), 2), (day("b", 1), 3)];
    assert_eq!(manifest.watermark("s").await.expect(WORKS), sequence(0));
    assert_eq!(manifest.commit(commit("s", 0, 10, "f", &rows)).await.expect(WORKS), Committed::Done);
    assert_eq!(manifest.watermark("s").await.expect(WORKS), sequence(10));
    assert!(manifest.is_listed("f").await.expect(WORKS));
    assert_eq!(manifest.dirty().await.expect(WORKS), [(day("a", 1), 2), (day("b", 1), 3)]);
    let pending = PendingRows { file: "f".to_string(), first_row: 2, rows: 3 };
    assert_eq!(manifest.pending(&day("b", 1)).await.expect(WORKS), [pending]);
}

/// A commit needs the watermark it expects.
pub async fn a_stale_commit_changes_nothing_and_tells_the_watermark(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[(day("a", 1), 2)])).await.expect(WORKS);
    let stale = manifest.commit(commit("s", 0, 20, "g", &[(day("c", 1), 2)])).await.expect(WORKS);
    assert_eq!(stale, Committed::Stale { watermark: sequence(10) });
    assert_eq!(manifest.watermark("s").await.expect(WORKS), sequence(10));
    assert!(!manifest.is_listed("g").await.expect(WORKS));
    assert_eq!(manifest.dirty().await.expect(WORKS), [(day("a", 1), 2)]);
}

/// A batch may bring no row.
pub async fn a_commit_without_a_file_moves_the_watermark_alone(manifest: &impl Manifest) {
    assert_eq!(manifest.commit(commit("s", 0, 10, "f", &[])).await.expect(WORKS), Committed::Done);
    assert_eq!(manifest.watermark("s").await.expect(WORKS), sequence(10));
    assert!(manifest.dirty().await.expect(WORKS).is_empty() && manifest.absorbed().await.expect(WORKS).is_empty());
}

/// Shards do not touch each other.
pub async fn shards_have_watermarks_of_their_own(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[])).await.expect(WORKS);
    assert_eq!(manifest.commit(commit("r", 0, 7, "g", &[])).await.expect(WORKS), Committed::Done);
    let watermarks = [("r".to_string(), sequence(7)), ("s".to_string(), sequence(10))];
    assert_eq!(manifest.watermarks().await.expect(WORKS), watermarks);
}

/// Each partition has its own pending rows.
pub async fn pending_rows_are_of_one_partition_only(manifest: &impl Manifest) {
    let unknown = Partition { tenant: "a".to_string(), day: Day::Unknown };
    let rows = [(day("a", -1), 1), (day("a", 1), 2), (unknown.clone(), 4), (day("a b", 1), 8)];
    manifest.commit(commit("s", 0, 10, "f", &rows)).await.expect(WORKS);
    manifest.commit(commit("s", 10, 11, "g", &rows[1..2])).await.expect(WORKS);
    let rows_of = async |partition: &Partition| -> Vec<u32> {
        manifest.pending(partition).await.expect(WORKS).iter().map(|pending| pending.rows).collect()
    };
    assert_eq!(rows_of(&day("a", 1)).await, [2, 2]);
    assert_eq!(rows_of(&unknown).await, [4]);
    assert_eq!(rows_of(&day("a", 2)).await, [0; 0]);
    assert_eq!(manifest.dirty().await.expect(WORKS)[1], (day("a", 1), 4));
}

/// What a generation holds is no longer pending.
pub async fn a_publication_takes_its_rows_off_the_pending_ones(manifest: &impl Manifest) {
    let partition = day("a", 1);
    manifest.commit(commit("s", 0, 10, "f", &[(partition.clone(), 2)])).await.expect(WORKS);
    manifest.commit(commit("s", 10, 20, "g", &[(partition.clone(), 1)])).await.expect(WORKS);
    let published = manifest.publish(vec![publication(&partition, 0, &["f"])]).await.expect(WORKS);
    assert_eq!(published, [Published::Done]);
    assert_eq!(manifest.dirty().await.expect(WORKS), [(partition.clone(), 1)]);
    assert_eq!(manifest.generation(&partition).await.expect(WORKS), publication(&partition, 0, &[]).generation);
    assert_eq!(manifest.generations().await.expect(WORKS), [(partition.clone(), 1)]);
    assert_eq!(manifest.generation(&day("a", 2)).await.expect(WORKS), Generation::default());
}

/// So that whoever plans need not ask for each partition.
pub async fn the_backlog_tells_what_is_published_and_how_many_files_are_listed(manifest: &impl Manifest) {
    let (one, other) = (day("a", 1), day("b", 1));
    assert_eq!(manifest.backlog().await.expect(WORKS), Backlog::default());
    manifest.commit(commit("s", 0, 10, "f", &[(one.clone(), 2)])).await.expect(WORKS);
    manifest.commit(commit("s", 10, 20, "g", &[(one.clone(), 4), (other.clone(), 5)])).await.expect(WORKS);
    manifest.commit(commit("s", 20, 30, "h", &[(other.clone(), 6)])).await.expect(WORKS);
    let dirty = |partition: &Partition, pending_rows, generation, published_rows| Dirty {
        partition: partition.clone(),
        pending_rows,
        generation,
        published_rows,
    };
    let backlog = Backlog { files: 3, dirty: vec![dirty(&one, 6, 0, 0), dirty(&other, 11, 0, 0)] };
    assert_eq!(manifest.backlog().await.expect(WORKS), backlog);
    manifest.publish(vec![publication(&one, 0, &["f"])]).await.expect(WORKS);
    let backlog = Backlog { files: 3, dirty: vec![dirty(&one, 4, 1, 3), dirty(&other, 11, 0, 0)] };
    assert_eq!(manifest.backlog().await.expect(WORKS), backlog);
    manifest.forget(vec!["f".to_string()]).await.expect(WORKS);
    manifest.publish(vec![publication(&one, 1, &["g"]), publication(&other, 0, &["g", "h"])]).await.expect(WORKS);
    assert_eq!(manifest.backlog().await.expect(WORKS), Backlog { files: 2, dirty: Vec::new() });
    manifest.forget(vec!["g".to_string(), "h".to_string()]).await.expect(WORKS);
    assert_eq!(manifest.backlog().await.expect(WORKS), Backlog::default());
}

/// Each publication stands for itself.
pub async fn a_stale_publication_changes_nothing_and_the_others_stand(manifest: &impl Manifest) {
    let (one, other) = (day("a", 1), day("a", 2));
    let rows = [(one.clone(), 2), (other.clone(), 3)];
    manifest.commit(commit("s", 0, 10, "f", &rows)).await.expect(WORKS);
    let both = vec![publication(&one, 4, &["f"]), publication(&other, 0, &["f"])];
    let published = manifest.publish(both).await.expect(WORKS);
    assert_eq!(published, [Published::Stale { generation: 0 }, Published::Done]);
    assert_eq!(manifest.dirty().await.expect(WORKS), [(one, 2)]);
}

/// A file can go when all of its rows are published.
pub async fn a_file_is_absorbed_once_all_its_partitions_are(manifest: &impl Manifest) {
    let (one, other) = (day("a", 1), day("a", 2));
    manifest.commit(commit("s", 0, 10, "f", &[(one.clone(), 2), (other.clone(), 3)])).await.expect(WORKS);
    manifest.publish(vec![publication(&one, 0, &["f"])]).await.expect(WORKS);
    manifest.publish(vec![publication(&one, 1, &["f"])]).await.expect(WORKS);
    assert!(manifest.absorbed().await.expect(WORKS).is_empty());
    manifest.publish(vec![publication(&other, 0, &["f"])]).await.expect(WORKS);
    assert_eq!(manifest.absorbed().await.expect(WORKS), ["f"]);
}

/// A file with pending rows stays on the list.
pub async fn only_absorbed_files_are_forgotten(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[(day("a", 1), 2)])).await.expect(WORKS);
    manifest.commit(commit("s", 10, 20, "g", &[(day("a", 2), 2)])).await.expect(WORKS);
    manifest.publish(vec![publication(&day("a", 1), 0, &["f"])]).await.expect(WORKS);
    manifest.forget(vec!["f".to_string(), "g".to_string(), "h".to_string()]).await.expect(WORKS);
    assert!(!manifest.is_listed("f").await.expect(WORKS));
    assert!(manifest.is_listed("g").await.expect(WORKS));
    assert!(manifest.absorbed().await.expect(WORKS).is_empty());
}

/// No two writers share a number.
pub async fn writers_have_numbers_of_their_own(manifest: &impl Manifest) {
    let (one, other) = (manifest.next_writer().await.expect(WORKS), manifest.next_writer().await.expect(WORKS));
    assert_ne!(one, other);
}

/// Whoever ends what a crash cut short asks for these alone. A manifest may name settled ones too.
pub async fn a_generation_is_unsettled_until_that_is_noted(manifest: &impl Manifest) {
    let one = day("a", 1);
    manifest.note_settled(&one, 1).await.expect(WORKS);
    assert!(manifest.unsettled().await.expect(WORKS).is_empty());
    manifest.publish(vec![publication(&one, 0, &[])]).await.expect(WORKS);
    assert_eq!(manifest.unsettled().await.expect(WORKS), [(one.clone(), 1)]);
    manifest.note_settled(&one, 1).await.expect(WORKS);
    manifest.publish(vec![publication(&one, 1, &[])]).await.expect(WORKS);
    assert_eq!(manifest.unsettled().await.expect(WORKS), [(one.clone(), 2)]);
    // Late: another generation has come since.
    manifest.note_settled(&one, 1).await.expect(WORKS);
    assert_eq!(manifest.unsettled().await.expect(WORKS), [(one, 2)]);
}

/// The second answer may be either; what is there is what the first left.
pub async fn a_commit_that_is_repeated_after_its_answer_was_lost_changes_nothing(manifest: &impl Manifest) {
    let rows = [(day("a", 1), 2)];
    for _ in 0..2 {
        let committed = manifest.commit(commit("s", 0, 10, "f", &rows)).await.expect(WORKS);
        assert!([Committed::Done, Committed::Stale { watermark: sequence(10) }].contains(&committed));
        assert_eq!(manifest.dirty().await.expect(WORKS), [(day("a", 1), 2)]);
    }
    let other = manifest.commit(commit("s", 0, 10, "g", &rows)).await.expect(WORKS);
    assert_eq!(other, Committed::Stale { watermark: sequence(10) });
    assert!(!manifest.is_listed("g").await.expect(WORKS));
}

/// A manifest may answer the first of the pending rows only; each publication makes room for more.
pub async fn many_files_come_to_be_absorbed_in_as_many_turns_as_it_takes(manifest: &impl Manifest) {
    const FILES: u64 = 60;
    let (one, other) = (day("a", 1), day("a", 2));
    for at in 0..FILES {
        let rows = if at % 2 == 0 { vec![(one.clone(), 1), (other.clone(), 2)] } else { vec![(one.clone(), 1)] };
        manifest.commit(commit("s", at, at + 1, &format!("f{at:02}"), &rows)).await.expect(WORKS);
    }
    for (partition, mut left) in [(&one, FILES), (&other, FILES / 2)] {
        for previous in 0..FILES {
            let pending = manifest.pending(partition).await.expect(WORKS);
            assert!(pending.is_sorted_by(|a, b| a.file < b.file));
            let absorbed: Vec<&str> = pending.iter().map(|pending| pending.file.as_str()).collect();
            let published = manifest.publish(vec![publication(partition, previous, &absorbed)]).await.expect(WORKS);
            assert_eq!(published, [Published::Done]);
            left -= pending.len() as u64;
            if left == 0 {
                break;
            }
        }
        assert_eq!(left, 0);
    }
    let absorbed = manifest.absorbed().await.expect(WORKS);
    assert_eq!(absorbed.len() as u64, FILES);
    manifest.forget(absorbed).await.expect(WORKS);
    assert!(manifest.absorbed().await.expect(WORKS).is_empty() && manifest.dirty().await.expect(WORKS).is_empty());
}

/// Late events of many days may come in one batch.
pub async fn a_file_of_very_many_partitions_is_listed_whole(manifest: &impl Manifest) {
    const DAYS: i32 = 30_000;
    let rows: Vec<(Partition, u32)> = (0..DAYS).map(|at| (day("a", at), 2)).collect();
    assert_eq!(manifest.commit(commit("s", 0, 10, "f", &rows)).await.expect(WORKS), Committed::Done);
    assert!(manifest.is_listed("f").await.expect(WORKS));
    assert_eq!(manifest.dirty().await.expect(WORKS).len(), rows.len());
    let pending = PendingRows { file: "f".to_string(), first_row: 2 * 29_999, rows: 2 };
    assert_eq!(manifest.pending(&day("a", 29_999)).await.expect(WORKS), [pending]);
    manifest.publish(vec![publication(&day("a", 29_999), 0, &["f"])]).await.expect(WORKS);
    manifest.forget(vec!["f".to_string()]).await.expect(WORKS);
    assert_eq!(manifest.dirty().await.expect(WORKS).len(), rows.len() - 1);
}

#[cfg(test)]
mod tests {
    use super::super::EmbeddedManifest;
    use super::*;

    mod memory {
        crate::manifest_contract!(((), crate::manifest::MemoryManifest::default()));
    }

    mod embedded {
        crate::manifest_contract!({
            let folder = tempfile::tempdir().unwrap();
            let manifest = crate::manifest::EmbeddedManifest::open(&folder.path().join("m")).await.unwrap();
            (folder, manifest)
        });
    }

    #[tokio::test]
    async fn an_embedded_manifest_is_there_after_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("manifest.redb");
        let manifest = EmbeddedManifest::open(&file).await.unwrap();
        let writer = manifest.next_writer().await.unwrap();
        manifest.commit(commit("s", 0, 10, "f", &[(day("a", 1), 2)])).await.unwrap();
        drop(manifest);
        let manifest = EmbeddedManifest::open(&file).await.unwrap();
        assert_eq!(manifest.watermark("s").await.unwrap(), sequence(10));
        assert_eq!(manifest.dirty().await.unwrap(), [(day("a", 1), 2)]);
        assert!(manifest.next_writer().await.unwrap() > writer);
    }
}
