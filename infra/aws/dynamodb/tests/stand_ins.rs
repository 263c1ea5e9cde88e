//! The same calls against stand-ins for DynamoDB that others wrote: `TRILHA_TEST_AWS` (ministack) and
//! `TRILHA_TEST_DYNALITE` (dynalite, which knows no transactions and gives no item back where a condition fails).

#![allow(clippy::unwrap_used)] // All of it is test.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use trilha_dynamodb::testing::{Fault, Proxy, TestTable, client, stand_in};
use trilha_dynamodb::{
    Attributes, Condition, MAX_ITEM_BYTES, Table, TableError, Transacted, Units, Write, Written, create_table,
    drop_table, item_bytes, key,
};

const MINISTACK: &str = "TRILHA_TEST_AWS";
const DYNALITE: &str = "TRILHA_TEST_DYNALITE";

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn item(sort: &str, value: &str) -> Attributes {
    let mut item = key("p", sort);
    item.insert("value".into(), text(value));
    item
}

/// An item of a size.
fn sized(sort: &str, bytes: usize) -> Attributes {
    let mut item = key("p", sort);
    item.insert("value".into(), AttributeValue::B(Blob::new(vec![])));
    let rest = bytes - item_bytes(&item);
    item.insert("value".into(), AttributeValue::B(Blob::new(vec![7; rest])));
    item
}

async fn fill(table: &Table, items: impl Iterator<Item = Attributes>) {
    for item in items {
        assert_eq!(table.put(item, None).await.unwrap(), Written::Done);
    }
}

fn sorts(items: &[Attributes]) -> Vec<&str> {
    items.iter().map(|item| item["sk"].as_s().unwrap().as_str()).collect()
}

/// What every stand-in does.
async fn calls_are_answered(variable: &str) {
    let Some(endpoint) = stand_in(variable) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    assert_eq!(table.put(item("a", "1"), Some(Condition::absent())).await.unwrap(), Written::Done);
    assert!(matches!(table.put(item("a", "2"), Some(Condition::absent())).await.unwrap(), Written::Refused(_)));
    assert!(matches!(table.put(item("b", "2"), Some(Condition::present())).await.unwrap(), Written::Refused(None)));
    let is_one = Condition::equals("value", text("1"));
    assert_eq!(table.put(item("a", "2"), Some(is_one.clone())).await.unwrap(), Written::Done);
    assert!(matches!(table.delete("p", "a", Some(is_one)).await.unwrap(), Written::Refused(_)));
    assert_eq!(table.get_one("p", "a", true).await.unwrap(), Some(item("a", "2")));
    let update = Condition::new("#v = :two").name("#v", "value").value(":two", text("2")).value(":new", text("3"));
    let updated = table.update("p", "a", "SET #v = :new", update.clone()).await.unwrap();
    assert_eq!(updated, Ok(item("a", "3")));
    assert!(table.update("p", "a", "SET #v = :new", update).await.unwrap().is_err());
    assert_eq!(table.delete("p", "a", None).await.unwrap(), Written::Done);
    assert_eq!(table.delete("p", "a", None).await.unwrap(), Written::Done);
    assert_eq!(table.get_one("p", "a", false).await.unwrap(), None);
    assert_eq!(table.get(Vec::new(), true).await.unwrap(), Vec::<Attributes>::new());
}

#[tokio::test]
async fn ministack_answers() {
    calls_are_answered(MINISTACK).await;
}

#[tokio::test]
async fn dynalite_answers() {
    calls_are_answered(DYNALITE).await;
}

#[tokio::test]
async fn a_failed_condition_gives_the_item_that_is_there() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    fill(table, [item("a", "1")].into_iter()).await;
    let there = Some(item("a", "1"));
    assert_eq!(table.put(item("a", "2"), Some(Condition::absent())).await.unwrap(), Written::Refused(there.clone()));
    let is_two = Condition::equals("value", text("2"));
    assert_eq!(table.delete("p", "a", Some(is_two.clone())).await.unwrap(), Written::Refused(there.clone()));
    let update = is_two.clone().name("#v", "value").value(":new", text("3"));
    assert_eq!(table.update("p", "a", "SET #v = :new", update).await.unwrap(), Err(there.clone()));
    let writes = vec![Write::Put(item("b", "1"), None), Write::Put(item("a", "2"), Some(is_two))];
    let refused = table.transact(writes).await.unwrap();
    assert_eq!(refused, Transacted::Refused(vec![None, Some(there)]));
    assert_eq!(table.get_one("p", "b", true).await.unwrap(), None);
}

/// Reads of more than a call takes, queries of more than a page holds.
async fn reads_come_to_their_end(variable: &str) {
    let Some(endpoint) = stand_in(variable) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    let names: Vec<String> = (0..250).map(|at| format!("{at:03}")).collect();
    fill(table, names.iter().map(|name| item(name, name))).await;
    for consistent in [true, false] {
        let mut found = table.get(names.iter().map(|name| key("p", name)).collect(), consistent).await.unwrap();
        found.sort_by_key(|item| item["sk"].as_s().unwrap().clone());
        assert_eq!(sorts(&found), names);
        assert_eq!(sorts(&table.query("p", "", consistent).await.unwrap()), names);
        assert_eq!(sorts(&table.query("p", "12", consistent).await.unwrap()), names[120..130]);
    }
    let page = table.query_page("p", "", true, None, Some(7)).await.unwrap();
    assert_eq!(sorts(&page.items), names[..7]);
    let page = table.query_page("p", "", true, page.next, Some(7)).await.unwrap();
    assert_eq!(sorts(&page.items), names[7..14]);
    let page = table.query_page("p", "24", true, None, Some(100)).await.unwrap();
    assert_eq!((sorts(&page.items).len(), page.next), (10, None));
    fill(table, (0..12).map(|at| sized(&format!("large {at:02}"), 200_000))).await;
    assert_eq!(table.query("p", "large", true).await.unwrap().len(), 12);
    let large = (0..12).map(|at| key("p", &format!("large {at:02}"))).collect();
    assert_eq!(table.get(large, true).await.unwrap().len(), 12);
}

#[tokio::test]
async fn ministack_reads_come_to_their_end() {
    reads_come_to_their_end(MINISTACK).await;
}

#[tokio::test]
async fn dynalite_reads_come_to_their_end() {
    reads_come_to_their_end(DYNALITE).await;
}

/// An item at the limit as it is counted here is taken, one a byte over it refused.
#[tokio::test]
async fn sizes_are_counted_as_the_service_does() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    let shards = (0..9).map(|at| (format!("é{at}"), AttributeValue::B(Blob::new([0; 24]))));
    let with_map = |bytes: usize| {
        let mut item = sized("ü", bytes - "map".len() - 3 - 9 * (1 + 3 + 24));
        item.insert("map".into(), AttributeValue::M(shards.clone().collect()));
        assert_eq!(item_bytes(&item), bytes);
        item
    };
    assert_eq!(test.table.put(with_map(MAX_ITEM_BYTES), None).await.unwrap(), Written::Done);
    let refused = test.table.put(with_map(MAX_ITEM_BYTES + 1), None).await;
    assert!(matches!(refused, Err(TableError::Refused { .. })), "{refused:?}");
}

/// A write is charged by the larger of what was there and what is, a failed condition by what is there.
async fn writes_are_charged(variable: &str, gives_the_item: bool) {
    let Some(endpoint) = stand_in(variable) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    let mut should = 0.0;
    for (bytes, units) in [(1_024, 1.0), (1_025, 2.0), (3_000, 3.0), (100, 3.0), (10_240, 10.0)] {
        table.put(sized("s", bytes), None).await.unwrap();
        should += units;
        assert_eq!(table.units(), Units { read: 0.0, write: should }, "{bytes} bytes");
    }
    table.put(sized("s", 100), Some(Condition::absent())).await.unwrap();
    table.put(sized("t", 5_000), Some(Condition::present())).await.unwrap();
    should += if gives_the_item { 10.0 } else { 1.0 } + 1.0;
    assert_eq!(table.units().write, should);
    table.delete("p", "s", None).await.unwrap();
    assert_eq!(table.units().write, should + 10.0);
}

#[tokio::test]
async fn ministack_charges_writes() {
    writes_are_charged(MINISTACK, true).await;
}

#[tokio::test]
async fn dynalite_charges_writes() {
    writes_are_charged(DYNALITE, false).await;
}

/// Each item of a batch read is charged by its own 4 KB, those of a query by their sum. ministack says nothing of the one and
/// counts a query as a unit.
#[tokio::test]
async fn dynalite_charges_reads() {
    let Some(endpoint) = stand_in(DYNALITE) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    fill(table, [("a", 4_096), ("b", 4_097), ("c", 100), ("d", 100)].into_iter().map(|(at, size)| sized(at, size)))
        .await;
    let mut before = table.units().read;
    let mut charged = || {
        let since = table.units().read - before;
        before += since;
        since
    };
    let keys: Vec<Attributes> = ["a", "b", "c", "d", "none"].map(|sort| key("p", sort)).into();
    table.get(keys.clone(), true).await.unwrap();
    assert_eq!(charged(), 1.0 + 2.0 + 1.0 + 1.0 + 1.0);
    table.get(keys, false).await.unwrap();
    assert_eq!(charged(), 3.0);
    table.query("p", "", true).await.unwrap();
    assert_eq!(charged(), 3.0);
    table.query("p", "", false).await.unwrap();
    assert_eq!(charged(), 1.5);
}

#[tokio::test]
async fn transactions_happen_whole_at_twice_the_price() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    let table = &test.table;
    assert_eq!(table.transact(Vec::new()).await.unwrap(), Transacted::Done);
    fill(table, [item("gone", "")].into_iter()).await;
    let before = table.units().write;
    let writes = vec![
        Write::Put(sized("a", 1_500), Some(Condition::absent())),
        Write::Put(item("b", "1"), None),
        Write::Delete("p".into(), "gone".into()),
    ];
    assert_eq!(table.transact(writes.clone()).await.unwrap(), Transacted::Done);
    assert_eq!(table.units().write - before, 2.0 * (2.0 + 1.0 + 1.0));
    assert_eq!(sorts(&table.query("p", "", true).await.unwrap()), ["a", "b"]);
    let before = table.units().write;
    let refused = table.transact(writes).await.unwrap();
    assert_eq!(refused, Transacted::Refused(vec![Some(Some(sized("a", 1_500))), None, None]));
    assert_eq!(table.units().write - before, 2.0 * (2.0 + 1.0 + 1.0));
}

#[tokio::test]
async fn what_a_call_leaves_is_asked_for_again() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    fill(&test.table, (0..20).map(|at| item(&format!("{at:02}"), ""))).await;
    let keys: Vec<Attributes> = (0..20).map(|at| key("p", &format!("{at:02}"))).collect();
    let some = |call: &trilha_dynamodb::testing::Call| Fault::Unprocessed { found: [0, 1, 0, 5][call.number % 4] };
    let proxy = Proxy::start(&endpoint, some).await;
    let table = test.through(&proxy.endpoint, 1).await;
    let found = table.get(keys.clone(), true).await.unwrap();
    let names: std::collections::BTreeSet<&str> = sorts(&found).into_iter().collect();
    assert_eq!((found.len(), names.len()), (20, 20));
    let calls = proxy.take_calls();
    assert!(calls.iter().all(|call| call.body["RequestItems"][table.name()]["ConsistentRead"] == true));
    proxy.plan(|_| Fault::Unprocessed { found: 0 });
    assert!(matches!(table.get(keys, true).await, Err(TableError::Throttled { .. })));
    assert_eq!(proxy.take_calls().len(), 8);
}

/// Errors say what to do next.
#[tokio::test]
async fn failures_are_told_apart() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    let proxy = Proxy::start(&endpoint, |_| Fault::Throttled).await;
    let table = test.through(&proxy.endpoint, 1).await;
    let throttled = |error: TableError| assert!(matches!(error, TableError::Throttled { .. }), "{error:?}");
    throttled(table.put(item("a", ""), None).await.unwrap_err());
    throttled(table.get(vec![key("p", "a")], true).await.unwrap_err());
    throttled(table.query("p", "", true).await.unwrap_err());
    throttled(table.transact(vec![Write::Put(item("a", ""), None)]).await.unwrap_err());
    assert_eq!(test.table.get_one("p", "a", true).await.unwrap(), None);
    let unavailable = |error: TableError| assert!(matches!(error, TableError::Unavailable { .. }), "{error:?}");
    for (fault, is_there) in [(Fault::Before, false), (Fault::After, true), (Fault::DoneButFailed, true)] {
        proxy.plan(move |_| fault);
        test.table.delete("p", "a", None).await.unwrap();
        unavailable(table.put(item("a", ""), None).await.unwrap_err());
        assert_eq!(test.table.get_one("p", "a", true).await.unwrap().is_some(), is_there, "{fault:?}");
    }
    unavailable(Table::new(client(&endpoint, 1).await, "no-such-table").get_one("p", "a", true).await.unwrap_err());
    unavailable(Table::new(client("http://127.0.0.1:9", 1).await, "t").get_one("p", "a", true).await.unwrap_err());
    let wrong = test.table.put(item("", ""), None).await.unwrap_err();
    assert!(matches!(wrong, TableError::Refused { .. }), "{wrong:?}");
    let wrong = test.table.transact(vec![Write::Put(item("", ""), None)]).await.unwrap_err();
    assert!(matches!(wrong, TableError::Refused { .. }), "{wrong:?}");
}

/// The SDK asks again by itself: what was done is then refused, with the caller's own item, but for a transaction.
#[tokio::test]
async fn what_the_client_repeats_by_itself_is_answered_by_what_is_there() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    for fault in [Fault::After, Fault::DoneButFailed] {
        let proxy = Proxy::start(&endpoint, move |call| if call.number == 0 { fault } else { Fault::None }).await;
        let table = test.through(&proxy.endpoint, 3).await;
        let put = table.put(item("a", "mine"), Some(Condition::absent())).await.unwrap();
        assert_eq!(put, Written::Refused(Some(item("a", "mine"))), "{fault:?}");
        let writes = vec![Write::Put(item("b", "mine"), Some(Condition::absent()))];
        assert_eq!(table.transact(writes).await.unwrap(), Transacted::Done, "{fault:?}");
        let is_mine = Condition::equals("value", text("mine"));
        assert_eq!(table.delete("p", "a", Some(is_mine)).await.unwrap(), Written::Refused(None), "{fault:?}");
        assert_eq!(proxy.take_calls().len(), 6);
        assert_eq!(table.delete("p", "b", None).await.unwrap(), Written::Done);
    }
    let proxy = Proxy::start(&endpoint, |call| if call.number < 2 { Fault::Throttled } else { Fault::None }).await;
    let table = test.through(&proxy.endpoint, 3).await;
    assert_eq!(table.put(item("a", ""), Some(Condition::absent())).await.unwrap(), Written::Done);
}

#[tokio::test]
async fn a_table_may_be_made_and_dropped_twice() {
    let Some(endpoint) = stand_in(MINISTACK) else { return };
    let test = TestTable::create(&endpoint).await;
    let (client, name) = (client(&endpoint, 1).await, test.table.name());
    fill(&test.table, [item("a", "1")].into_iter()).await;
    create_table(&client, name).await.unwrap();
    assert_eq!(test.table.get_one("p", "a", true).await.unwrap(), Some(item("a", "1")));
    drop_table(&client, name).await.unwrap();
    drop_table(&client, name).await.unwrap();
}
