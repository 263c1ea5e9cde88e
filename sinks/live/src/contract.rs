//! What every live table does, as functions that panic where one does not.
//!
//! [`live_table_contract!`](crate::live_table_contract) makes a test of each; every one is given an empty table.

use trilha_schemas::sequence::SequenceNumber;

use crate::limits::{MAX_ITEM_BYTES, MAX_PARTITION_BYTES, MAX_SORT_BYTES};
use crate::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

/// Makes one `#[tokio::test]` of each function of the contract. The argument is evaluated for each: a pair of what must
/// outlive the table (a temporary folder, say, or `()`) and an empty table.
#[macro_export]
macro_rules! live_table_contract {
    ($kept_and_table:expr) => {
        $crate::live_table_contract!(@each $kept_and_table;
            what_was_put_is_read,
            no_item_is_read_where_none_is,
            items_are_read_in_the_order_of_the_keys,
            a_key_that_no_item_can_have_is_read_as_none,
            hundreds_of_items_are_written_and_read_in_their_order,
            sequence_numbers_of_any_length_read_back_and_are_compared,
            a_new_item_needs_that_there_be_none,
            a_stale_watermark_changes_nothing,
            the_whole_watermark_is_compared,
            the_answer_to_a_failed_condition_is_the_item_that_is_there,
            each_put_stands_for_itself,
            a_later_put_of_a_call_sees_the_earlier,
            of_concurrent_puts_on_one_watermark_one_is_written,
            a_durable_call_answers_as_any_other,
            a_call_without_keys_or_puts_is_empty,
            a_query_gives_the_partition_in_order,
            a_query_gives_only_what_has_the_prefix,
            a_query_sees_durable_and_fresh_items_once,
            what_is_too_large_is_refused_and_nothing_of_its_call_written,
            an_empty_key_is_refused,
            the_largest_item_is_taken,
            an_item_a_byte_over_the_limit_is_refused_whichever_part_of_it_is_longer,
            what_is_removed_is_gone_and_may_come_again,
            a_removal_at_another_watermark_changes_nothing,
        );
    };
    (@each $kept_and_table:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (_kept, table) = $kept_and_table;
                $crate::contract::$name(&table).await;
            }
        )*
    };
}

fn key(partition: &str, sort: &str) -> Key {
    Key { partition: partition.to_string(), sort: sort.to_string() }
}

fn number(value: u64) -> SequenceNumber {
    SequenceNumber::parse(&value.to_string()).expect("decimal digits")
}

/// Longer than any that a stream gives today.
fn long_number() -> SequenceNumber {
    SequenceNumber::parse(&"9".repeat(129)).expect("decimal digits")
}

fn watermarks(entries: &[(&str, u64)]) -> Watermarks {
    entries.iter().map(|(shard, value)| (shard.to_string(), number(*value))).collect()
}

fn item(partition: &str, sort: &str, at: u64, value: &str) -> Item {
    Item { key: key(partition, sort), watermarks: watermarks(&[("shard", at)]), value: value.as_bytes().to_vec() }
}

fn new(item: &Item) -> Replacement {
    Replacement { item: item.clone(), expected: None }
}

fn after(expected: u64, item: &Item) -> Replacement {
    Replacement { item: item.clone(), expected: Some(watermarks(&[("shard", expected)])) }
}

async fn put(table: &impl LiveTable, replacements: Vec<Replacement>) -> Vec<Replaced> {
    table.replace(replacements, false).await.expect("the table takes puts")
}

async fn put_new(table: &impl LiveTable, items: &[Item]) {
    let replaced = put(table, items.iter().map(new).collect()).await;
    assert!(replaced.iter().all(|result| *result == Replaced::Written), "{replaced:?}");
}

async fn read(table: &impl LiveTable, partition: &str, sort: &str) -> Option<Item> {
    table.get(vec![key(partition, sort)], Consistency::Strong).await.expect("the table is read").remove(0)
}

async fn query(table: &impl LiveTable, partition: &str, sort_prefix: &str) -> Vec<Item> {
    table.query(partition, sort_prefix, Consistency::Strong).await.expect("the table is queried")
}

/// An item reads back as it was put: key, watermarks, value.
pub async fn what_was_put_is_read(table: &impl LiveTable) {
    let long = "49590338271490256608559692538361571095921575989136588898";
    let mut item = item("p", "s", 1, "value");
    item.watermarks.set("other", SequenceNumber::parse(long).expect("decimal digits"));
    item.value = (0..=255).collect();
    put_new(table, std::slice::from_ref(&item)).await;
    assert_eq!(read(table, "p", "s").await, Some(item));
}

/// A key that was never put has no item, though others of its partition have.
pub async fn no_item_is_read_where_none_is(table: &impl LiveTable) {
    put_new(table, &[item("p", "s", 1, "")]).await;
    assert_eq!(read(table, "p", "t").await, None);
    assert_eq!(read(table, "q", "s").await, None);
    assert_eq!(query(table, "q", "").await, []);
}

/// One result per key, in the order asked, repeated keys included.
pub async fn items_are_read_in_the_order_of_the_keys(table: &impl LiveTable) {
    let (a, b) = (item("p", "a", 1, "a"), item("p", "b", 1, "b"));
    put_new(table, &[a.clone(), b.clone()]).await;
    let keys = vec![key("p", "b"), key("p", "none"), key("p", "a"), key("p", "b")];
    let read = table.get(keys, Consistency::Strong).await.expect("the table is read");
    assert_eq!(read, [Some(b.clone()), None, Some(a), Some(b)]);
}

/// A key beyond the limits, or an empty one, is no error to who reads.
pub async fn a_key_that_no_item_can_have_is_read_as_none(table: &impl LiveTable) {
    let stored = item("p", "s", 1, "");
    put_new(table, std::slice::from_ref(&stored)).await;
    let (long_partition, long_sort) = ("p".repeat(MAX_PARTITION_BYTES + 1), "s".repeat(MAX_SORT_BYTES + 1));
    let keys = [("", "s"), ("p", ""), (long_partition.as_str(), "s"), ("p", long_sort.as_str()), ("p", "s")];
    let keys = keys.map(|(partition, sort)| key(partition, sort)).to_vec();
    let read = table.get(keys, Consistency::Strong).await.expect("the table is read");
    assert_eq!(read, [None, None, None, None, Some(stored)]);
    for (partition, prefix) in [("", ""), (long_partition.as_str(), ""), ("p", long_sort.as_str())] {
        assert_eq!(query(table, partition, prefix).await, []);
    }
}

/// More than any table takes at once.
pub async fn hundreds_of_items_are_written_and_read_in_their_order(table: &impl LiveTable) {
    let items: Vec<Item> = (0..260).map(|at| item("p", &format!("{at:03}"), at, &at.to_string())).collect();
    put_new(table, &items).await;
    let again = items
        .iter()
        .enumerate()
        .map(|(at, item)| if at.is_multiple_of(2) { new(item) } else { after(at as u64, item) });
    let replaced = put(table, again.collect()).await;
    let conflicts =
        |at: usize| if at.is_multiple_of(2) { Replaced::Conflict(Some(items[at].clone())) } else { Replaced::Written };
    assert_eq!(replaced, (0..260).map(conflicts).collect::<Vec<_>>());
    for consistency in [Consistency::Strong, Consistency::Eventual] {
        let keys = items.iter().rev().map(|item| item.key.clone()).collect();
        let read = table.get(keys, consistency).await.expect("the table is read");
        assert_eq!(read.len(), 260);
        assert!(consistency == Consistency::Eventual || read.into_iter().flatten().eq(items.iter().rev().cloned()));
    }
    assert_eq!(query(table, "p", "").await, items);
}

/// No watermark, and numbers from zero to the longest there may be: each reads back, and only the very same is expected.
pub async fn sequence_numbers_of_any_length_read_back_and_are_compared(table: &impl LiveTable) {
    let nines = [1, 38, 56, 57, 58, 128, 129].map(|digits| "9".repeat(digits));
    let texts = nines.iter().map(String::as_str).chain(["0", "1"]);
    let numbers = texts.map(|text| SequenceNumber::parse(text).expect("decimal digits"));
    let at = |number| [("shard".to_string(), number)].into_iter().collect::<Watermarks>();
    let all: Vec<Watermarks> = std::iter::once(Watermarks::default()).chain(numbers.map(at)).collect();
    let replacement = |watermarks: &Watermarks, expected: Option<&Watermarks>| Replacement {
        item: Item { key: key("p", "s"), watermarks: watermarks.clone(), value: Vec::new() },
        expected: expected.cloned(),
    };
    let mut stored = None;
    for next in &all {
        for other in all.iter().filter(|other| Some(*other) != stored) {
            let refused = put(table, vec![replacement(next, Some(other))]).await;
            assert!(matches!(refused[..], [Replaced::Conflict(_)]), "{other:?} instead of {stored:?}");
        }
        assert_eq!(put(table, vec![replacement(next, stored)]).await, [Replaced::Written], "{next:?}");
        assert_eq!(read(table, "p", "s").await, Some(replacement(next, None).item));
        stored = Some(next);
    }
}

/// `expected: None` writes only where there is no item.
pub async fn a_new_item_needs_that_there_be_none(table: &impl LiveTable) {
    let first = item("p", "s", 1, "first");
    put_new(table, std::slice::from_ref(&first)).await;
    let replaced = put(table, vec![new(&item("p", "s", 2, "second"))]).await;
    assert_eq!(replaced, [Replaced::Conflict(Some(first.clone()))]);
    assert_eq!(read(table, "p", "s").await, Some(first));
}

/// A put that expects a watermark which is not there leaves the item as it is.
pub async fn a_stale_watermark_changes_nothing(table: &impl LiveTable) {
    put_new(table, &[item("p", "s", 1, "one")]).await;
    let second = item("p", "s", 2, "two");
    assert_eq!(put(table, vec![after(1, &second)]).await, [Replaced::Written]);
    for expected in [1, 3] {
        let replaced = put(table, vec![after(expected, &item("p", "s", 9, "zombie"))]).await;
        assert_eq!(replaced, [Replaced::Conflict(Some(second.clone()))]);
    }
    assert_eq!(read(table, "p", "s").await, Some(second));
}

/// A condition that names only some of the stored shards, or more than them, fails.
pub async fn the_whole_watermark_is_compared(table: &impl LiveTable) {
    let mut stored = item("p", "s", 1, "");
    stored.watermarks = watermarks(&[("a", 1), ("b", 2)]);
    put_new(table, std::slice::from_ref(&stored)).await;
    let partial: [&[(&str, u64)]; 5] =
        [&[], &[("a", 1)], &[("b", 2)], &[("a", 1), ("b", 3)], &[("a", 1), ("b", 2), ("c", 3)]];
    for expected in partial {
        let replacement = Replacement { item: item("p", "s", 9, ""), expected: Some(watermarks(expected)) };
        let replaced = put(table, vec![replacement]).await;
        assert_eq!(replaced, [Replaced::Conflict(Some(stored.clone()))], "{expected:?}");
    }
    let whole = Replacement { item: item("p", "s", 9, ""), expected: Some(stored.watermarks) };
    assert_eq!(put(table, vec![whole]).await, [Replaced::Written]);
}

/// The stored item comes back with the failure; nothing does where there is none.
pub async fn the_answer_to_a_failed_condition_is_the_item_that_is_there(table: &impl LiveTable) {
    let stored = item("p", "s", 5, "there");
    put_new(table, std::slice::from_ref(&stored)).await;
    let puts = vec![after(4, &item("p", "s", 6, "mine")), after(4, &item("p", "none", 6, "mine"))];
    assert_eq!(put(table, puts).await, [Replaced::Conflict(Some(stored)), Replaced::Conflict(None)]);
    assert_eq!(read(table, "p", "none").await, None);
}

/// A failed condition keeps no other put of its call from being written.
pub async fn each_put_stands_for_itself(table: &impl LiveTable) {
    let (a, b, c) = (item("p", "a", 1, "a"), item("p", "b", 1, "b"), item("p", "c", 1, "c"));
    let replaced = put(table, vec![new(&a), after(7, &b), new(&c)]).await;
    assert_eq!(replaced, [Replaced::Written, Replaced::Conflict(None), Replaced::Written]);
    assert_eq!(query(table, "p", "").await, [a, c]);
}

/// Puts of one call apply in their order, also on one key.
pub async fn a_later_put_of_a_call_sees_the_earlier(table: &impl LiveTable) {
    let (one, two) = (item("p", "s", 1, "one"), item("p", "s", 2, "two"));
    let replaced = put(table, vec![new(&one), after(1, &two), after(1, &item("p", "s", 3, "three"))]).await;
    assert_eq!(replaced, [Replaced::Written, Replaced::Written, Replaced::Conflict(Some(two.clone()))]);
    assert_eq!(read(table, "p", "s").await, Some(two));
}

/// Two writers with the same knowledge: one wins, the other is told by whom.
pub async fn of_concurrent_puts_on_one_watermark_one_is_written(table: &impl LiveTable) {
    put_new(table, &[item("p", "s", 1, "")]).await;
    let (mine, yours) = (item("p", "s", 2, "mine"), item("p", "s", 2, "yours"));
    let (my_result, your_result) = tokio::join!(put(table, vec![after(1, &mine)]), put(table, vec![after(1, &yours)]));
    let winner = if my_result == [Replaced::Written] { mine } else { yours };
    let loser = if my_result == [Replaced::Written] { your_result } else { my_result };
    assert_eq!(loser, [Replaced::Conflict(Some(winner.clone()))]);
    assert_eq!(read(table, "p", "s").await, Some(winner));
}

/// `durable` changes nothing about conditions, answers and reads.
pub async fn a_durable_call_answers_as_any_other(table: &impl LiveTable) {
    let (one, two) = (item("p", "s", 1, "one"), item("p", "s", 2, "two"));
    put_new(table, std::slice::from_ref(&one)).await;
    let replaced = table.replace(vec![new(&two), after(1, &two)], true).await.expect("the table takes puts");
    assert_eq!(replaced, [Replaced::Conflict(Some(one)), Replaced::Written]);
    assert_eq!(put(table, vec![after(1, &two)]).await, [Replaced::Conflict(Some(two.clone()))]);
    assert_eq!(read(table, "p", "s").await, Some(two));
}

/// Nothing asked, nothing answered; a durable call without puts is still a success.
pub async fn a_call_without_keys_or_puts_is_empty(table: &impl LiveTable) {
    assert_eq!(table.get(Vec::new(), Consistency::Strong).await.expect("the table is read"), []);
    assert_eq!(put(table, Vec::new()).await, []);
    assert_eq!(table.replace(Vec::new(), true).await.expect("the table takes puts"), []);
}

/// A query gives one partition, in byte order of the sort keys, whatever its neighbours are called.
pub async fn a_query_gives_the_partition_in_order(table: &impl LiveTable) {
    let sorts = ["\u{1}", "#", "10", "9", "B", "a", "a#", "aa", "b", "é", "\u{10ffff}"];
    let items: Vec<Item> = sorts.iter().map(|sort| item("p", sort, 1, sort)).collect();
    put_new(table, &items.iter().rev().cloned().collect::<Vec<_>>()).await;
    put_new(table, &[item("o", "z", 1, ""), item("p ", "a", 1, ""), item("pa", "a", 1, "")]).await;
    assert_eq!(query(table, "p", "").await, items);
}

/// A prefix is compared byte by byte.
pub async fn a_query_gives_only_what_has_the_prefix(table: &impl LiveTable) {
    let items = ["course", "course#1", "course#10", "course#2", "courses", "quiz#1"].map(|sort| item("p", sort, 1, ""));
    put_new(table, &items).await;
    assert_eq!(query(table, "p", "course#").await, items[1..4]);
    assert_eq!(query(table, "p", "course#1").await, items[1..3]);
    assert_eq!(query(table, "p", "course#3").await, []);
}

/// A query shows the latest of each item, whether it is durable yet or not.
pub async fn a_query_sees_durable_and_fresh_items_once(table: &impl LiveTable) {
    let old = ["a", "b"].map(|sort| new(&item("p", sort, 1, "old")));
    table.replace(old.to_vec(), true).await.expect("the table takes puts");
    let (b, c) = (item("p", "b", 2, "fresh"), item("p", "c", 1, "fresh"));
    let replaced = put(table, vec![after(1, &b), new(&c)]).await;
    assert_eq!(replaced, [Replaced::Written, Replaced::Written]);
    assert_eq!(query(table, "p", "").await, [item("p", "a", 1, "old"), b, c]);
}

/// An item or key beyond the limits fails the call before any put of it.
pub async fn what_is_too_large_is_refused_and_nothing_of_its_call_written(table: &impl LiveTable) {
    let mut large = item("p", "large", 1, "");
    large.value = vec![0; MAX_ITEM_BYTES];
    let long_partition = item(&"p".repeat(MAX_PARTITION_BYTES + 1), "s", 1, "");
    let long_sort = item("p", &"s".repeat(MAX_SORT_BYTES + 1), 1, "");
    for bad in [large, long_partition, long_sort] {
        assert_unstorable(table, &bad).await;
    }
}

/// A partition key or sort key of no bytes is refused.
pub async fn an_empty_key_is_refused(table: &impl LiveTable) {
    assert_unstorable(table, &item("", "s", 1, "")).await;
    assert_unstorable(table, &item("p", "", 1, "")).await;
}

async fn assert_unstorable(table: &impl LiveTable, bad: &Item) {
    let result = table.replace(vec![new(&item("p", "good", 1, "")), new(bad)], false).await;
    assert!(matches!(&result, Err(LiveError::Unstorable { key, .. }) if *key == bad.key), "{result:?}");
    assert_eq!(read(table, "p", "good").await, None);
}

/// The limits themselves are within the limits.
pub async fn the_largest_item_is_taken(table: &impl LiveTable) {
    let mut largest = item(&"p".repeat(MAX_PARTITION_BYTES), &"s".repeat(MAX_SORT_BYTES), 1, "");
    largest.value = vec![7; MAX_ITEM_BYTES - crate::limits::item_bytes(&largest)];
    put_new(table, std::slice::from_ref(&largest)).await;
    assert_eq!(read(table, &largest.key.partition, &largest.key.sort).await, Some(largest));
}

/// Key, watermarks and value count together: a byte more of any of them is a byte too many.
pub async fn an_item_a_byte_over_the_limit_is_refused_whichever_part_of_it_is_longer(table: &impl LiveTable) {
    let mut full = item("p", "s", 1, "");
    full.value = vec![7; MAX_ITEM_BYTES - crate::limits::item_bytes(&full)];
    let longer: [fn(&mut Item); 5] = [
        |item| item.key.partition.push('p'),
        |item| item.key.sort.push('s'),
        |item| item.watermarks = watermarks(&[("shard.", 1)]),
        |item| item.watermarks = [("shard".to_string(), long_number())].into_iter().collect(),
        |item| item.value.push(7),
    ];
    for lengthen in longer {
        let mut bad = full.clone();
        lengthen(&mut bad);
        assert_unstorable(table, &bad).await;
    }
    put_new(table, &[full]).await;
}

/// A removed item is found by no read; one put after it is new.
pub async fn what_is_removed_is_gone_and_may_come_again(table: &impl LiveTable) {
    let (a, b) = (item("p", "a", 1, "a"), item("p", "b", 2, "b"));
    put_new(table, &[a.clone(), b.clone()]).await;
    let removals = vec![(a.key.clone(), a.watermarks.clone()), (key("p", "none"), a.watermarks.clone())];
    assert_eq!(table.remove(removals).await.expect("the table removes"), [true, false]);
    assert_eq!(read(table, "p", "a").await, None);
    assert_eq!(query(table, "p", "").await, [b]);
    assert_eq!(put(table, vec![after(1, &a)]).await, [Replaced::Conflict(None)]);
    put_new(table, std::slice::from_ref(&a)).await;
    assert_eq!(read(table, "p", "a").await, Some(a));
}

/// Who does not know the item as it is does not remove it.
pub async fn a_removal_at_another_watermark_changes_nothing(table: &impl LiveTable) {
    let (one, two) = (item("p", "s", 1, "one"), item("p", "s", 2, "two"));
    put_new(table, std::slice::from_ref(&one)).await;
    assert_eq!(put(table, vec![after(1, &two)]).await, [Replaced::Written]);
    for watermarks in [one.watermarks, Watermarks::default()] {
        assert_eq!(table.remove(vec![(two.key.clone(), watermarks)]).await.expect("the table removes"), [false]);
    }
    assert_eq!(read(table, "p", "s").await, Some(two));
}
