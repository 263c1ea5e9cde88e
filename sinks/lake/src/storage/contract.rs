//! What every storage does, as functions that panic where one does not.
//!
//! [`storage_contract!`](crate::storage_contract) makes a test of each; every one is given an empty storage that keeps
//! nothing that waits for any time.

use bytes::Bytes;

use super::{Storage, part_name};
use crate::error::LakeError;
use crate::partition::{Day, Partition};

/// Makes one `#[tokio::test]` of each function of the contract. The argument is evaluated for each: a pair of what must
/// outlive the storage (a temporary folder, say, or `()`) and an empty storage.
#[macro_export]
macro_rules! storage_contract {
    ($kept_and_storage:expr) => {
        $crate::storage_contract!(@each $kept_and_storage;
            landing_files_read_back_and_are_listed_in_order,
            a_landing_file_that_is_removed_is_gone_and_may_be_removed_again,
            what_waits_is_seen_once_it_is_shown,
            showing_again_changes_nothing,
            the_generation_before_waits_until_it_is_removed,
            a_generation_that_neither_waits_nor_is_seen_is_lost,
            what_waits_is_removed_and_what_is_seen_stays,
            partitions_do_not_touch_each_other,
            waste_is_whatever_waits,
            a_part_is_replaced_when_it_is_put_again,
            a_claim_lies_above_what_it_comes_after,
            nothing_waits_for_longer_after_it_is_removed,
        );
    };
    (@each $kept_and_storage:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (_kept, storage) = $kept_and_storage;
                $crate::storage::contract::$name(&storage).await;
            }
        )*
    };
}

/// For `expect`: no call of the contract meets a fault.
const WORKS: &str = "the storage works";

fn day(tenant: &str, day: i32) -> Partition {
    Partition { tenant: tenant.to_string(), day: Day::Date(day) }
}

/// Writes a generation of two parts to where it waits, durably.
async fn write(storage: &impl Storage, partition: &Partition, generation: u64) {
    for part in 0..2 {
        let name = format!("part-{generation}-{part}.parquet");
        storage.put_part(partition, &name, content(&name)).await.expect(WORKS);
    }
    storage.make_durable(partition).await.expect(WORKS);
}

fn content(name: &str) -> Bytes {
    Bytes::from(format!("rows of {name}"))
}

/// Which of the first three generations readers see; never a part of one, never two.
async fn published(storage: &impl Storage, partition: &Partition) -> u64 {
    let mut seen = Vec::new();
    for generation in 1..=3 {
        let names = [0, 1].map(|part| format!("part-{generation}-{part}.parquet"));
        let parts = [storage.get_part(partition, &names[0]).await, storage.get_part(partition, &names[1]).await];
        match parts {
            [Ok(first), Ok(second)] => {
                assert_eq!([first, second], [content(&names[0]), content(&names[1])]);
                seen.push(generation);
            }
            [first, second] => assert!(first.is_err() && second.is_err(), "a part of generation {generation} is seen"),
        }
    }
    assert!(seen.len() <= 1, "two generations are seen");
    seen.first().copied().unwrap_or_default()
}

fn is_lost(shown: &Result<(), LakeError>, lost: u64) -> bool {
    matches!(shown, Err(LakeError::GenerationLost { generation, .. }) if *generation == lost)
}

/// A landing file is there under its name.
pub async fn landing_files_read_back_and_are_listed_in_order(storage: &impl Storage) {
    assert!(storage.list_landing().await.expect(WORKS).is_empty());
    for name in ["b.1.1.1.parquet", "a.10.1.2.parquet", "%C3%A9.1.1.3.parquet"] {
        storage.put_landing(name, content(name)).await.expect(WORKS);
        assert_eq!(storage.get_landing(name).await.expect(WORKS), content(name));
    }
    let names = ["%C3%A9.1.1.3.parquet", "a.10.1.2.parquet", "b.1.1.1.parquet"];
    assert_eq!(storage.list_landing().await.expect(WORKS), names);
}

/// Removing is repeatable.
pub async fn a_landing_file_that_is_removed_is_gone_and_may_be_removed_again(storage: &impl Storage) {
    for name in ["f", "g"] {
        storage.put_landing(name, content(name)).await.expect(WORKS);
    }
    for _ in 0..2 {
        storage.remove_landing("f").await.expect(WORKS);
        assert_eq!(storage.list_landing().await.expect(WORKS), ["g"]);
    }
    assert!(matches!(storage.get_landing("f").await, Err(LakeError::File { .. })));
}

/// Readers see a generation when it is shown, whole.
pub async fn what_waits_is_seen_once_it_is_shown(storage: &impl Storage) {
    let one = day("a", 1);
    write(storage, &one, 1).await;
    assert_eq!(published(storage, &one).await, 0);
    storage.show(&one, 1).await.expect(WORKS);
    assert_eq!(published(storage, &one).await, 1);
    write(storage, &one, 2).await;
    assert_eq!(published(storage, &one).await, 1);
    storage.show(&one, 2).await.expect(WORKS);
    assert_eq!(published(storage, &one).await, 2);
}

/// Showing is repeatable.
pub async fn showing_again_changes_nothing(storage: &impl Storage) {
    let one = day("a", 1);
    for generation in [1, 2] {
        write(storage, &one, generation).await;
        storage.show(&one, generation).await.expect(WORKS);
        storage.show(&one, generation).await.expect(WORKS);
        assert_eq!(published(storage, &one).await, generation);
        storage.remove_waiting(&one).await.expect(WORKS);
        storage.show(&one, generation).await.expect(WORKS);
        assert_eq!(published(storage, &one).await, generation);
    }
}

/// A generation that is no longer published can go.
pub async fn the_generation_before_waits_until_it_is_removed(storage: &impl Storage) {
    let one = day("a", 1);
    write(storage, &one, 1).await;
    storage.show(&one, 1).await.expect(WORKS);
    write(storage, &one, 2).await;
    storage.show(&one, 2).await.expect(WORKS);
    storage.show(&one, 1).await.expect(WORKS);
    // It had waited. One process goes back to it; among several, who asks for it is late.
    let seen = published(storage, &one).await;
    assert!([1, 2].contains(&seen), "{seen}");
    storage.remove_waiting(&one).await.expect(WORKS);
    let other = 3 - seen;
    assert!(is_lost(&storage.show(&one, other).await, other));
    assert_eq!(published(storage, &one).await, seen);
}

/// What is not there is not shown.
pub async fn a_generation_that_neither_waits_nor_is_seen_is_lost(storage: &impl Storage) {
    let one = day("a", 1);
    assert!(is_lost(&storage.show(&one, 1).await, 1));
    write(storage, &one, 1).await;
    assert!(is_lost(&storage.show(&one, 2).await, 2));
    storage.show(&one, 1).await.expect(WORKS);
    assert!(is_lost(&storage.show(&one, 3).await, 3));
    assert_eq!(published(storage, &one).await, 1);
}

/// Removing touches what waits alone.
pub async fn what_waits_is_removed_and_what_is_seen_stays(storage: &impl Storage) {
    let one = day("a", 1);
    storage.remove_waiting(&one).await.expect(WORKS);
    write(storage, &one, 1).await;
    storage.show(&one, 1).await.expect(WORKS);
    write(storage, &one, 2).await;
    for _ in 0..2 {
        storage.remove_waiting(&one).await.expect(WORKS);
    }
    assert!(is_lost(&storage.show(&one, 2).await, 2));
    assert_eq!(published(storage, &one).await, 1);
    // The place can be used again, and holds nothing of the old.
    storage.put_part(&one, "part-2-0.parquet", content("part-2-0.parquet")).await.expect(WORKS);
    storage.show(&one, 2).await.expect(WORKS);
    assert!(storage.get_part(&one, "part-2-1.parquet").await.is_err());
}

/// Each partition stands for itself.
pub async fn partitions_do_not_touch_each_other(storage: &impl Storage) {
    let all = [day("a", 1), day("a", 2), day("b", 1), Partition { tenant: "a".to_string(), day: Day::Unknown }];
    for partition in &all {
        write(storage, partition, 1).await;
    }
    storage.show(&all[0], 1).await.expect(WORKS);
    storage.remove_waiting(&all[1]).await.expect(WORKS);
    storage.show(&all[2], 1).await.expect(WORKS);
    storage.show(&all[3], 1).await.expect(WORKS);
    assert!(is_lost(&storage.show(&all[1], 1).await, 1));
    for (partition, generation) in all.iter().zip([1, 0, 1, 1]) {
        assert_eq!(published(storage, partition).await, generation, "{partition:?}");
    }
}

/// Waste is removed everywhere.
pub async fn waste_is_whatever_waits(storage: &impl Storage) {
    let (one, other) = (day("a", 1), day("b", 2));
    storage.remove_waste().await.expect(WORKS);
    write(storage, &one, 1).await;
    storage.show(&one, 1).await.expect(WORKS);
    write(storage, &one, 2).await;
    write(storage, &other, 1).await;
    storage.put_landing("f", content("f")).await.expect(WORKS);
    storage.remove_waste().await.expect(WORKS);
    assert!(is_lost(&storage.show(&one, 2).await, 2) && is_lost(&storage.show(&other, 1).await, 1));
    assert_eq!(published(storage, &one).await, 1);
    assert_eq!(storage.list_landing().await.expect(WORKS), ["f"]);
    write(storage, &other, 1).await;
    storage.show(&other, 1).await.expect(WORKS);
}

/// Putting a part is repeatable.
pub async fn a_part_is_replaced_when_it_is_put_again(storage: &impl Storage) {
    let one = day("a", 1);
    storage
        .put_part(&one, "part-1-0.parquet", Bytes::from_static(b"a longer content than the next"))
        .await
        .expect(WORKS);
    write(storage, &one, 1).await;
    storage.show(&one, 1).await.expect(WORKS);
    assert_eq!(published(storage, &one).await, 1);
}

/// Whoever claims has a number of its own, and a generation can be written under it.
pub async fn a_claim_lies_above_what_it_comes_after(storage: &impl Storage) {
    let one = day("a", 1);
    assert!(storage.claim(&one, 0).await.expect(WORKS) > 0);
    write(storage, &one, 1).await;
    storage.show(&one, 1).await.expect(WORKS);
    let next = storage.claim(&one, 1).await.expect(WORKS);
    assert!(next > 1);
    let name = part_name(next, 0);
    storage.put_part(&one, &name, content(&name)).await.expect(WORKS);
    storage.make_durable(&one).await.expect(WORKS);
    storage.show(&one, next).await.expect(WORKS);
    assert_eq!(storage.get_part(&one, &name).await.expect(WORKS), content(&name));
}

/// Without a time to keep it for, what waits goes at once.
pub async fn nothing_waits_for_longer_after_it_is_removed(storage: &impl Storage) {
    let one = day("a", 1);
    for generation in [1, 2] {
        write(storage, &one, generation).await;
        storage.show(&one, generation).await.expect(WORKS);
    }
    storage.remove_waiting(&one).await.expect(WORKS);
    assert!(!storage.still_waits(&one).await.expect(WORKS));
}

#[cfg(test)]
mod tests {
    use super::super::{LakeFolder, MemoryStorage};
    use super::*;

    mod memory {
        crate::storage_contract!(((), crate::storage::MemoryStorage::default()));
    }

    mod folder {
        crate::storage_contract!({
            let folder = tempfile::tempdir().unwrap();
            let storage = crate::storage::LakeFolder::create(folder.path()).unwrap();
            (folder, storage)
        });
    }

    #[tokio::test]
    async fn a_folder_is_there_after_it_is_opened_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = LakeFolder::create(root.path()).unwrap();
        folder.put_landing("f", content("f")).await.unwrap();
        write(&folder, &day("a", 1), 1).await;
        folder.show(&day("a", 1), 1).await.unwrap();
        write(&folder, &day("a", 1), 2).await;
        let folder = LakeFolder::create(root.path()).unwrap();
        assert_eq!(folder.list_landing().await.unwrap(), ["f"]);
        assert_eq!(published(&folder, &day("a", 1)).await, 1);
        folder.show(&day("a", 1), 2).await.unwrap();
        assert_eq!(published(&folder, &day("a", 1)).await, 2);
    }

    #[tokio::test]
    async fn memory_forgets_parts_that_nothing_made_durable_when_power_is_lost() {
        let (storage, one) = (MemoryStorage::default(), day("a", 1));
        write(&storage, &one, 1).await;
        storage.show(&one, 1).await.unwrap();
        storage.put_part(&one, "part-2-0.parquet", content("part-2-0.parquet")).await.unwrap();
        storage.lose_power();
        assert!(is_lost(&storage.show(&one, 2).await, 2));
        assert_eq!(published(&storage, &one).await, 1);
    }

    /// Work on a blocking thread goes on when its caller is gone; what comes later has to wait for it.
    #[tokio::test]
    async fn a_call_on_a_folder_that_is_dropped_changes_nothing_behind_a_later_one() {
        for _ in 0..50 {
            let root = tempfile::tempdir().unwrap();
            let (folder, one) = (LakeFolder::create(root.path()).unwrap(), day("a", 1));
            write(&folder, &one, 1).await;
            folder.show(&one, 1).await.unwrap();
            let large = Bytes::from(vec![7; 1 << 20]);
            drop_once_begun(folder.put_part(&one, "part-2-0.parquet", large)).await;
            folder.remove_waiting(&one).await.unwrap();
            assert!(!folder.waiting(&one).exists());
            write(&folder, &one, 2).await;
            drop_once_begun(folder.show(&one, 2)).await;
            // Two exchanges at once would undo each other.
            folder.show(&one, 2).await.unwrap();
            folder.remove_waiting(&one).await.unwrap();
            assert_eq!(published(&folder, &one).await, 2);
        }
    }

    async fn drop_once_begun(call: impl Future<Output = Result<(), LakeError>>) {
        tokio::select! {
            biased;
            done = call => done.unwrap(),
            () = std::future::ready(()) => {}
        }
    }
}
