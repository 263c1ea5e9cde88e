//! What every manifest does. Each function is one sentence of the contract.

use super::{
    Commit, Committed, EmbeddedManifest, Generation, LandingFile, Manifest, MemoryManifest, PendingRows, Publication,
    Published, PublishedFile,
};
use crate::partition::{Day, Partition};
use crate::rows::samples::sequence;

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

async fn a_commit_moves_the_watermark_and_lists_the_file_together(manifest: &impl Manifest) {
    let rows = [(day("a", 1), 2), (day("b", 1), 3)];
    assert_eq!(manifest.watermark("s").await.unwrap(), sequence(0));
    assert_eq!(manifest.commit(commit("s", 0, 10, "f", &rows)).await.unwrap(), Committed::Done);
    assert_eq!(manifest.watermark("s").await.unwrap(), sequence(10));
    assert!(manifest.is_listed("f").await.unwrap());
    assert_eq!(manifest.dirty().await.unwrap(), [(day("a", 1), 2), (day("b", 1), 3)]);
    let pending = PendingRows { file: "f".to_string(), first_row: 2, rows: 3 };
    assert_eq!(manifest.pending(&day("b", 1)).await.unwrap(), [pending]);
}

async fn a_stale_commit_changes_nothing_and_tells_the_watermark(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[(day("a", 1), 2)])).await.unwrap();
    let stale = manifest.commit(commit("s", 0, 20, "g", &[(day("c", 1), 2)])).await.unwrap();
    assert_eq!(stale, Committed::Stale { watermark: sequence(10) });
    assert_eq!(manifest.watermark("s").await.unwrap(), sequence(10));
    assert!(!manifest.is_listed("g").await.unwrap());
    assert_eq!(manifest.dirty().await.unwrap(), [(day("a", 1), 2)]);
}

async fn a_commit_without_a_file_moves_the_watermark_alone(manifest: &impl Manifest) {
    assert_eq!(manifest.commit(commit("s", 0, 10, "f", &[])).await.unwrap(), Committed::Done);
    assert_eq!(manifest.watermark("s").await.unwrap(), sequence(10));
    assert!(manifest.dirty().await.unwrap().is_empty() && manifest.absorbed().await.unwrap().is_empty());
}

async fn shards_have_watermarks_of_their_own(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[])).await.unwrap();
    assert_eq!(manifest.commit(commit("r", 0, 7, "g", &[])).await.unwrap(), Committed::Done);
    let watermarks = [("r".to_string(), sequence(7)), ("s".to_string(), sequence(10))];
    assert_eq!(manifest.watermarks().await.unwrap(), watermarks);
}

async fn pending_rows_are_of_one_partition_only(manifest: &impl Manifest) {
    let unknown = Partition { tenant: "a".to_string(), day: Day::Unknown };
    let rows = [(day("a", -1), 1), (day("a", 1), 2), (unknown.clone(), 4), (day("a b", 1), 8)];
    manifest.commit(commit("s", 0, 10, "f", &rows)).await.unwrap();
    manifest.commit(commit("s", 10, 11, "g", &rows[1..2])).await.unwrap();
    let rows_of = async |partition: &Partition| -> Vec<u32> {
        manifest.pending(partition).await.unwrap().iter().map(|pending| pending.rows).collect()
    };
    assert_eq!(rows_of(&day("a", 1)).await, [2, 2]);
    assert_eq!(rows_of(&unknown).await, [4]);
    assert_eq!(rows_of(&day("a", 2)).await, [0; 0]);
    assert_eq!(manifest.dirty().await.unwrap()[1], (day("a", 1), 4));
}

async fn a_publication_takes_its_rows_off_the_pending_ones(manifest: &impl Manifest) {
    let partition = day("a", 1);
    manifest.commit(commit("s", 0, 10, "f", &[(partition.clone(), 2)])).await.unwrap();
    manifest.commit(commit("s", 10, 20, "g", &[(partition.clone(), 1)])).await.unwrap();
    let published = manifest.publish(vec![publication(&partition, 0, &["f"])]).await.unwrap();
    assert_eq!(published, [Published::Done]);
    assert_eq!(manifest.dirty().await.unwrap(), [(partition.clone(), 1)]);
    assert_eq!(manifest.generation(&partition).await.unwrap(), publication(&partition, 0, &[]).generation);
    assert_eq!(manifest.generations().await.unwrap(), [(partition.clone(), 1)]);
    assert_eq!(manifest.generation(&day("a", 2)).await.unwrap(), Generation::default());
}

async fn a_stale_publication_changes_nothing_and_the_others_stand(manifest: &impl Manifest) {
    let (one, other) = (day("a", 1), day("a", 2));
    let rows = [(one.clone(), 2), (other.clone(), 3)];
    manifest.commit(commit("s", 0, 10, "f", &rows)).await.unwrap();
    let both = vec![publication(&one, 4, &["f"]), publication(&other, 0, &["f"])];
    let published = manifest.publish(both).await.unwrap();
    assert_eq!(published, [Published::Stale { generation: 0 }, Published::Done]);
    assert_eq!(manifest.dirty().await.unwrap(), [(one, 2)]);
}

async fn a_file_is_absorbed_once_all_its_partitions_are(manifest: &impl Manifest) {
    let (one, other) = (day("a", 1), day("a", 2));
    manifest.commit(commit("s", 0, 10, "f", &[(one.clone(), 2), (other.clone(), 3)])).await.unwrap();
    manifest.publish(vec![publication(&one, 0, &["f"])]).await.unwrap();
    manifest.publish(vec![publication(&one, 1, &["f"])]).await.unwrap();
    assert!(manifest.absorbed().await.unwrap().is_empty());
    manifest.publish(vec![publication(&other, 0, &["f"])]).await.unwrap();
    assert_eq!(manifest.absorbed().await.unwrap(), ["f"]);
}

async fn only_absorbed_files_are_forgotten(manifest: &impl Manifest) {
    manifest.commit(commit("s", 0, 10, "f", &[(day("a", 1), 2)])).await.unwrap();
    manifest.commit(commit("s", 10, 20, "g", &[(day("a", 2), 2)])).await.unwrap();
    manifest.publish(vec![publication(&day("a", 1), 0, &["f"])]).await.unwrap();
    manifest.forget(vec!["f".to_string(), "g".to_string(), "h".to_string()]).await.unwrap();
    assert!(!manifest.is_listed("f").await.unwrap());
    assert!(manifest.is_listed("g").await.unwrap());
    assert!(manifest.absorbed().await.unwrap().is_empty());
}

async fn writers_have_numbers_of_their_own(manifest: &impl Manifest) {
    let (one, other) = (manifest.next_writer().await.unwrap(), manifest.next_writer().await.unwrap());
    assert_ne!(one, other);
}

/// Each sentence against a memory and an embedded manifest.
macro_rules! contract {
    ($($sentence:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $sentence() {
                super::$sentence(&super::MemoryManifest::default()).await;
            })*
        }
        mod embedded {
            $(#[tokio::test]
            async fn $sentence() {
                let folder = tempfile::tempdir().unwrap();
                super::$sentence(&super::EmbeddedManifest::open(&folder.path().join("m")).await.unwrap()).await;
            })*
        }
    };
}

contract!(
    a_commit_moves_the_watermark_and_lists_the_file_together,
    a_stale_commit_changes_nothing_and_tells_the_watermark,
    a_commit_without_a_file_moves_the_watermark_alone,
    shards_have_watermarks_of_their_own,
    pending_rows_are_of_one_partition_only,
    a_publication_takes_its_rows_off_the_pending_ones,
    a_stale_publication_changes_nothing_and_the_others_stand,
    a_file_is_absorbed_once_all_its_partitions_are,
    only_absorbed_files_are_forgotten,
    writers_have_numbers_of_their_own,
);

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
