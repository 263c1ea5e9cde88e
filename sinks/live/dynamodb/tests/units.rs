//! What a batch is charged, by the service's own word, beside what its rules make of the items' sizes.

#![allow(clippy::unwrap_used)] // All of it is test.

use trilha_dynamodb::Units;
use trilha_dynamodb::testing::{TestTable, stand_in};
use trilha_live::limits::item_bytes;
use trilha_live::port::{Consistency, Item, Key, LiveTable, Replaced, Replacement, Watermarks};
use trilha_live_dynamodb::DynamoTable;
use trilha_schemas::sequence::SequenceNumber;

const SEQUENCE_NUMBER: &str = "4959033827149025660855969253836157109592159798913658889";
/// What the longest word leaves of the room that the port counts; `video view` is 6 bytes shorter than it.
const UNUSED_BYTES: usize = 6 + 6;

fn at(number: usize) -> Watermarks {
    let number = SequenceNumber::parse(&format!("{SEQUENCE_NUMBER}{number}")).unwrap();
    [("0123456789abcdef0123456789abcdef/shardId-000000000000".to_string(), number)].into_iter().collect()
}

/// A view of a video that takes so many bytes in the table.
fn view(video: usize, number: usize, bytes: usize) -> Item {
    let key = Key { partition: "tenant|1|course|algebra".into(), sort: format!("video|{video:03}|one/shardId-0") };
    let mut item = Item { key, watermarks: at(number), value: Vec::new() };
    item.value = vec![7; bytes + UNUSED_BYTES - item_bytes(&item)];
    item
}

fn put(item: Item, expected: Option<usize>) -> Replacement {
    Replacement { item, expected: expected.map(at) }
}

#[tokio::test]
async fn a_batch_is_charged_a_unit_for_each_kilobyte_begun_of_what_is_or_was_there() {
    let Some(endpoint) = stand_in("TRILHA_TEST_AWS") else { return };
    let test = TestTable::create(&endpoint).await;
    let table = DynamoTable::new(test.table.clone());
    let sizes = [600, 1_024, 1_025, 2_048, 2_049, 10_000];
    let views = |number: usize| sizes.iter().enumerate().map(move |(video, bytes)| view(video, number, *bytes));
    table.replace(views(1).map(|item| put(item, None)).collect(), false).await.unwrap();
    assert_eq!(table.units(), Units { read: 0.0, write: f64::from(1 + 1 + 2 + 2 + 3 + 10) });
    // Smaller now: what was there counts.
    let smaller = (0..6).map(|video| put(view(video, 2, 500), Some(1)));
    table.replace(smaller.collect(), false).await.unwrap();
    assert_eq!(table.units().write, f64::from(2 * (1 + 1 + 2 + 2 + 3 + 10)));
    // Larger again: what is there from now on counts.
    table.replace(views(3).map(|item| put(item, Some(2))).collect(), false).await.unwrap();
    assert_eq!(table.units().write, f64::from(3 * (1 + 1 + 2 + 2 + 3 + 10)));
    // Refused: what is there counts, or one unit where nothing is.
    let mut refused: Vec<Replacement> = (0..6).map(|video| put(view(video, 4, 500), Some(2))).collect();
    refused.push(put(view(6, 4, 5_000), Some(2)));
    let replaced = table.replace(refused, false).await.unwrap();
    assert!(replaced.iter().all(|replaced| matches!(replaced, Replaced::Conflict(_))));
    assert_eq!(table.units().write, f64::from(4 * (1 + 1 + 2 + 2 + 3 + 10) + 1));
}

#[tokio::test]
async fn reads_are_charged_by_four_kilobytes_and_half_where_the_latest_is_not_needed() {
    let Some(endpoint) = stand_in("TRILHA_TEST_DYNALITE") else { return };
    let test = TestTable::create(&endpoint).await;
    let table = DynamoTable::new(test.table.clone());
    let views = [600, 4_096, 4_097].into_iter().enumerate().map(|(video, bytes)| view(video, 1, bytes));
    table.replace(views.map(|item| put(item, None)).collect(), false).await.unwrap();
    assert_eq!(table.units().write, f64::from(1 + 4 + 5));
    let keys: Vec<Key> = (0..4).map(|video| view(video, 1, 500).key).collect();
    // A key that is asked for twice is read once.
    table.get(keys.iter().chain(&keys).cloned().collect(), Consistency::Strong).await.unwrap();
    assert_eq!(table.units().read, f64::from(1 + 1 + 2 + 1));
    table.get(keys, Consistency::Eventual).await.unwrap();
    assert_eq!(table.units().read, 5.0 + 2.5);
    table.query("tenant|1|course|algebra", "video|", Consistency::Strong).await.unwrap();
    assert_eq!(table.units().read, 7.5 + f64::from((600_u32 + 4_096 + 4_097).div_ceil(4_096)));
}
