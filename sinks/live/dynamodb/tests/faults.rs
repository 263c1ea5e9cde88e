//! What the table answers where calls fail, are repeated by the client, or are slow.

#![allow(clippy::unwrap_used)] // All of it is test.

use std::collections::HashMap;

use trilha_dynamodb::testing::{Call, Fault, Proxy, TestTable, stand_in};
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};
use trilha_live_dynamodb::DynamoTable;
use trilha_schemas::sequence::SequenceNumber;

const MINISTACK: &str = "TRILHA_TEST_AWS";

fn at(number: usize) -> Watermarks {
    [("shard".to_string(), SequenceNumber::parse(&number.to_string()).unwrap())].into_iter().collect()
}

fn item(sort: usize, number: usize) -> Item {
    let key = Key { partition: "p".into(), sort: format!("{sort:03}") };
    Item { key, watermarks: at(number), value: number.to_string().into() }
}

fn new(sort: usize) -> Replacement {
    Replacement { item: item(sort, 1), expected: None }
}

fn after(sort: usize, number: usize) -> Replacement {
    Replacement { item: item(sort, number + 1), expected: Some(at(number)) }
}

fn is_put(call: &Call) -> bool {
    call.operation == "PutItem"
}

/// A table, the same behind a proxy whose client makes each call so many times, and the proxy.
async fn behind(
    attempts: u32,
    plan: impl FnMut(&Call) -> Fault + Send + 'static,
) -> Option<(TestTable, DynamoTable, Proxy)> {
    let endpoint = stand_in(MINISTACK)?;
    let test = TestTable::create(&endpoint).await;
    let proxy = Proxy::start(&endpoint, plan).await;
    let table = DynamoTable::new(test.through(&proxy.endpoint, attempts).await);
    Some((test, table, proxy))
}

async fn there(test: &TestTable) -> Vec<Item> {
    DynamoTable::new(test.table.clone()).query("p", "", Consistency::Strong).await.unwrap()
}

#[tokio::test]
async fn thirty_two_puts_of_a_call_are_under_way_at_once_and_no_more() {
    let held = |call: &Call| if is_put(call) { Fault::Held } else { Fault::None };
    let Some((test, table, proxy)) = behind(1, held).await else { return };
    let watch = async {
        proxy.under_way(32).await;
        // Time for whatever else might come.
        for _ in 0..5_000 {
            tokio::task::yield_now().await;
        }
        let most = proxy.calls_under_way();
        proxy.release();
        most
    };
    let (replaced, most) = tokio::join!(table.replace((0..80).map(new).collect(), false), watch);
    assert_eq!(most, 32);
    assert_eq!(replaced.unwrap(), vec![Replaced::Written; 80]);
    assert_eq!(there(&test).await.len(), 80);
}

/// However the puts of a call run, those of one key are in order, and so are the answers.
#[tokio::test]
async fn puts_of_one_key_wait_for_each_other() {
    // Every fourth call is refused at first, and comes later than what was sent after it.
    let late = |call: &Call| if is_put(call) && call.number.is_multiple_of(4) { Fault::Throttled } else { Fault::None };
    let Some((test, table, _proxy)) = behind(8, late).await else { return };
    let chain = (1..20).flat_map(|number| [after(0, number), after(1, number), new(2)]);
    let puts: Vec<Replacement> = [new(0), new(1)].into_iter().chain(chain).collect();
    let replaced = table.replace(puts, false).await.unwrap();
    let conflicts: Vec<usize> = (0..replaced.len()).filter(|at| replaced[*at] != Replaced::Written).collect();
    assert_eq!(conflicts, (1..19).map(|round| 4 + 3 * round).collect::<Vec<_>>());
    assert_eq!(there(&test).await, [item(0, 20), item(1, 20), item(2, 1)]);
}

#[tokio::test]
async fn once_a_put_has_failed_no_other_is_begun_and_none_is_under_way() {
    let broken = |call: &Call| if call.number == 0 && is_put(call) { Fault::Before } else { Fault::None };
    let Some((test, table, proxy)) = behind(1, broken).await else { return };
    let replaced = table.replace((0..200).map(new).collect(), false).await;
    assert!(matches!(replaced, Err(LiveError::Unavailable(_))), "{replaced:?}");
    let (calls, there) = (proxy.take_calls(), there(&test).await);
    assert!(calls.len() < 200, "{} calls", calls.len());
    assert_eq!(there.len(), calls.len() - 1);
}

#[tokio::test]
async fn a_put_that_was_done_and_is_said_to_have_failed_is_met_again_as_a_conflict_with_itself() {
    for fault in [Fault::After, Fault::DoneButFailed] {
        let plan = move |call: &Call| if call.number == 0 && is_put(call) { fault } else { Fault::None };
        // The client asks again by itself.
        let Some((test, table, _proxy)) = behind(3, plan).await else { return };
        let replaced = table.replace(vec![new(0)], false).await.unwrap();
        assert_eq!(replaced, [Replaced::Conflict(Some(item(0, 1)))], "{fault:?}");
        assert_eq!(table.replace(vec![after(0, 1)], false).await.unwrap(), [Replaced::Written]);
        assert_eq!(there(&test).await, [item(0, 2)]);
        // It does not.
        let Some((test, table, _proxy)) = behind(1, plan).await else { return };
        let replaced = table.replace(vec![new(0)], false).await;
        assert!(matches!(replaced, Err(LiveError::Unavailable(_))), "{replaced:?}");
        assert_eq!(there(&test).await, [item(0, 1)]);
        assert_eq!(table.replace(vec![new(0)], false).await.unwrap(), [Replaced::Conflict(Some(item(0, 1)))]);
    }
}

#[tokio::test]
async fn a_put_that_was_not_done_is_done_by_asking_again() {
    for fault in [Fault::Before, Fault::Throttled] {
        let plan = move |call: &Call| if call.number == 0 && is_put(call) { fault } else { Fault::None };
        let Some((test, table, _proxy)) = behind(3, plan).await else { return };
        assert_eq!(table.replace(vec![new(0)], false).await.unwrap(), [Replaced::Written], "{fault:?}");
        assert_eq!(there(&test).await, [item(0, 1)]);
    }
}

#[tokio::test]
async fn reads_that_come_in_parts_come_whole_and_in_order() {
    let some = |call: &Call| match call.operation.as_str() {
        "BatchGetItem" => Fault::Unprocessed { found: call.number % 7 },
        _ => Fault::None,
    };
    let Some((_test, table, _proxy)) = behind(1, some).await else { return };
    table.replace((0..30).map(new).collect(), false).await.unwrap();
    let keys: Vec<Key> = (0..40).chain(10..20).rev().map(|sort| item(sort, 1).key).collect();
    let read = table.get(keys.clone(), Consistency::Strong).await.unwrap();
    let should = keys.iter().map(|key| (key.sort.as_str() < "030").then(|| item(key.sort.parse().unwrap(), 1)));
    assert_eq!(read, should.collect::<Vec<_>>());
}

/// A call's first attempts at each item, or at each read, are refused.
fn refuses(attempts: usize, kind: &'static str) -> impl FnMut(&Call) -> Fault + Send {
    let mut seen: HashMap<String, usize> = HashMap::new();
    move |call| {
        let attempt = seen.entry(format!("{} {}", call.operation, call.body)).or_default();
        *attempt += 1;
        if *attempt <= attempts { Fault::Refused(kind) } else { Fault::None }
    }
}

/// The client makes each call once here: whatever is made again, the adapter makes.
#[tokio::test]
async fn where_capacity_is_used_up_every_call_waits_and_is_done_once() {
    for kind in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
        let Some((test, table, proxy)) = behind(1, refuses(3, kind)).await else { return };
        let replaced = table.replace((0..40).map(new).collect(), false).await.unwrap();
        assert_eq!(replaced, vec![Replaced::Written; 40], "{kind}");
        assert_eq!(proxy.take_calls().iter().filter(|call| is_put(call)).count(), 40 * 4, "{kind}");
        assert_eq!(there(&test).await, (0..40).map(|sort| item(sort, 1)).collect::<Vec<_>>());
        let keys: Vec<Key> = (0..40).map(|sort| item(sort, 1).key).collect();
        let read = table.get(keys, Consistency::Strong).await.unwrap();
        assert_eq!(read, (0..40).map(|sort| Some(item(sort, 1))).collect::<Vec<_>>());
        assert_eq!(table.query("p", "", Consistency::Strong).await.unwrap().len(), 40);
        let removals = (0..2).map(|sort| (item(sort, 1).key, at(1))).collect();
        assert_eq!(table.remove(removals).await.unwrap(), [true, true]);
        assert_eq!(there(&test).await.len(), 38, "{kind}");
    }
}

/// Nothing says that a put was done which was not: not when its key is refused for good, nor its neighbours' success.
#[tokio::test]
async fn capacity_that_does_not_come_back_is_told_and_nothing_counts_as_done() {
    let never = |call: &Call| match call.body["Item"]["sk"]["S"].as_str() {
        Some("007") => Fault::Throttled,
        None if !is_put(call) => Fault::Throttled,
        _ => Fault::None,
    };
    let Some((test, table, proxy)) = behind(1, never).await else { return };
    let (replaced, got, found) = tokio::join!(
        table.replace((0..40).map(new).collect(), false),
        table.get(vec![item(0, 1).key], Consistency::Strong),
        table.query("p", "", Consistency::Strong),
    );
    assert!(matches!(replaced, Err(LiveError::Throttled)), "{replaced:?}");
    assert!(matches!((got, found), (Err(LiveError::Throttled), Err(LiveError::Throttled))));
    assert!(!there(&test).await.iter().any(|there| there.key == item(7, 1).key));
    // With capacity again the same call finds what was done, and does the rest.
    proxy.plan(|_| Fault::None);
    let replaced = table.replace((0..40).map(new).collect(), false).await.unwrap();
    for (sort, replaced) in replaced.into_iter().enumerate() {
        let own = Replaced::Conflict(Some(item(sort, 1)));
        assert!(replaced == Replaced::Written || (sort != 7 && replaced == own), "{sort}: {replaced:?}");
    }
    assert_eq!(there(&test).await.len(), 40);
}

#[tokio::test]
async fn a_removal_that_failed_may_have_been_done() {
    let Some((test, table, proxy)) = behind(1, |_| Fault::None).await else { return };
    table.replace(vec![new(0), new(1)], false).await.unwrap();
    proxy.plan(|call| if call.number == 0 { Fault::After } else { Fault::None });
    proxy.take_calls();
    let removed = table.remove(vec![(item(0, 1).key, at(1)), (item(1, 1).key, at(1))]).await;
    assert!(matches!(removed, Err(LiveError::Unavailable(_))), "{removed:?}");
    assert_eq!(there(&test).await, []);
    assert_eq!(table.remove(vec![(item(0, 1).key, at(1))]).await.unwrap(), [false]);
}
