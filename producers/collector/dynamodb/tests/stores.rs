//! The stores keep their contracts on DynamoDB, and what only they promise.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use support::*;
use trilha_collector::contract;
use trilha_collector::identities::{Identities, Identity, IdentityError};
use trilha_collector::quarantine::{KEPT_MILLIS, Quarantine, QuarantineError, Rejection, Source};
use trilha_collector::settings::{Change, SettingsStore};
use trilha_collector_dynamodb::{DynamoCheckpoints, DynamoIdentities, DynamoQuarantine, DynamoSettings, FRESH_MILLIS};
use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::checkpoints::Checkpoints;

const TENANT: &str = "escola";
const LEARNER: Pseudonym = Pseudonym([1; 16]);

fn rejection(raw: &[u8], received_millis: i64) -> Rejection {
    Rejection {
        tenant: TENANT.into(),
        source: Source::Request { protocol: Protocol::Native },
        sending: None,
        received_millis,
        pseudonym: Some(LEARNER),
        code: "wrong_type".into(),
        field: "to".into(),
        message: "to must be a number".into(),
        raw: raw.to_vec(),
    }
}

#[tokio::test]
async fn identities_keep_the_contract() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 8).await;
    contract::identities::suite(|| DynamoIdentities::new(tables.fresh(), sealer(1))).await;
}

#[tokio::test]
async fn the_quarantine_keeps_the_contract() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 12).await;
    let fresh = || DynamoQuarantine::with_clock(tables.fresh(), sealer(1), clock_at(NOW));
    contract::quarantine::suite(fresh).await;
}

#[tokio::test]
async fn settings_keep_the_contract() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 10).await;
    contract::settings::suite(|| DynamoSettings::new(tables.fresh())).await;
}

#[tokio::test]
async fn checkpoints_go_on_and_never_back() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let checkpoints = DynamoCheckpoints::new(tables.fresh());
    let number = |digits: &str| SequenceNumber::parse(digits).unwrap();
    assert_eq!(checkpoints.get("live", "shard-0").await.unwrap(), None);
    // One digit more is a greater number, whatever it begins with.
    let most = "9".repeat(129);
    for (set, expected) in
        [("9", "9"), ("10", "10"), ("9", "10"), ("49590338271490256608559692538361", ""), (&most, "")]
    {
        checkpoints.set("live", "shard-0", number(set)).await.unwrap();
        let expected = if expected.is_empty() { set } else { expected };
        assert_eq!(checkpoints.get("live", "shard-0").await.unwrap(), Some(number(expected)), "after {set}");
    }
    assert_eq!(checkpoints.get("lake", "shard-0").await.unwrap(), None);
    assert_eq!(checkpoints.get("live", "shard-1").await.unwrap(), None);
}

#[tokio::test]
async fn the_stores_share_a_table_that_holds_no_raw_id_and_no_body() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    let identities = DynamoIdentities::new(table.clone(), sealer(1));
    let quarantine = DynamoQuarantine::with_clock(table.clone(), sealer(1), clock_at(NOW));
    let settings = DynamoSettings::new(table.clone());
    let ana = Identity { learner: Some("ana-maria".into()), n: 0 };
    identities.add(TENANT, vec![(LEARNER, ana)]).await.unwrap();
    let large = [b"segredo".repeat(60_000), b"fim".to_vec()].concat();
    let keys = quarantine.keep(vec![rejection(b"segredo", NOW), rejection(&large, NOW)]).await.unwrap();
    settings.in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap();
    let items = client(&endpoint, 3).scan().table_name(table.name()).send().await.unwrap();
    assert!(items.items().len() >= 8, "{} items", items.items().len());
    let readable = format!("{:?}", items.items());
    for secret in [&b"ana-maria"[..], b"segredo"] {
        // Bytes are shown as numbers.
        let numbers = format!("{secret:?}");
        let numbers = numbers.trim_matches(['[', ']']);
        assert!(!readable.contains(numbers) && !readable.contains(std::str::from_utf8(secret).unwrap()));
    }
    assert!(readable.contains("turma-1") && readable.contains("to must be a number"), "the search works");
    let others = DynamoIdentities::new(table.clone(), sealer(2));
    assert!(matches!(others.rows(TENANT, &[LEARNER]).await, Err(IdentityError::Sealed)));
    let others = DynamoQuarantine::with_clock(table.clone(), sealer(2), clock_at(NOW));
    assert!(matches!(others.open(keys[0]).await, Err(QuarantineError::Sealed)));
}

#[tokio::test]
async fn a_row_that_ttl_has_not_come_to_is_gone_and_may_come_again() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    let at = |millis| DynamoQuarantine::with_clock(table.clone(), sealer(1), clock_at(millis));
    let key = at(NOW).keep(vec![rejection(b"x", NOW)]).await.unwrap()[0];
    let last = at(NOW + KEPT_MILLIS - 1);
    assert!(last.open(key).await.unwrap().is_some());
    assert_eq!((last.list(None, 9).await.unwrap().len(), last.about(TENANT, LEARNER).await.unwrap().len()), (1, 1));
    let later = at(NOW + KEPT_MILLIS);
    assert!(later.open(key).await.unwrap().is_none());
    assert!(later.list(None, 9).await.unwrap().is_empty() && later.about(TENANT, LEARNER).await.unwrap().is_empty());
    assert!(!later.mark_redriven(key, NOW).await.unwrap());
    assert_eq!(later.keep(vec![rejection(b"x", NOW + KEPT_MILLIS)]).await.unwrap(), [key]);
    assert_eq!(later.list(None, 9).await.unwrap()[0].received_millis, NOW + KEPT_MILLIS);
    assert_eq!(later.about(TENANT, LEARNER).await.unwrap().len(), 1);
    // What is due now is the first copy, which is gone; the second stays, and so does what finds it.
    assert_eq!(later.expire(NOW + KEPT_MILLIS).await.unwrap(), 0);
    assert!(later.open(key).await.unwrap().is_some());
    assert_eq!((later.list(None, 9).await.unwrap().len(), later.about(TENANT, LEARNER).await.unwrap().len()), (1, 1));
}

#[tokio::test]
async fn what_expires_leaves_no_item() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    let quarantine = DynamoQuarantine::with_clock(table.clone(), sealer(1), clock_at(NOW));
    quarantine.keep(vec![rejection(b"x", NOW), rejection(&[7; 900_000], NOW)]).await.unwrap();
    assert_eq!(quarantine.expire(NOW + KEPT_MILLIS).await.unwrap(), 2);
    assert_eq!(quarantine.expire(NOW + KEPT_MILLIS).await.unwrap(), 0);
    let left = client(&endpoint, 3).scan().table_name(table.name()).send().await.unwrap();
    assert!(left.items().is_empty(), "{:?}", left.items());
}

#[tokio::test]
async fn every_item_of_the_quarantine_says_when_ttl_may_take_it() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    let quarantine = DynamoQuarantine::with_clock(table.clone(), sealer(1), clock_at(NOW));
    let received = NOW + 1;
    quarantine.keep(vec![rejection(b"x", received), rejection(&[7; 900_000], received)]).await.unwrap();
    let items = client(&endpoint, 3).scan().table_name(table.name()).send().await.unwrap();
    assert_eq!(items.items().len(), 3 + 3 + 3, "two rows, each found twice, one of three parts");
    let last = (received + KEPT_MILLIS).to_string();
    for item in items.items() {
        // Seconds: not before the row is gone, and at once then.
        let expires: i64 = item["expires"].as_n().unwrap().parse().unwrap();
        assert!((0..=1_000).contains(&(expires * 1_000 - last.parse::<i64>().unwrap())), "{item:?}");
    }
}

#[tokio::test]
async fn a_change_elsewhere_is_seen_after_the_settings_are_no_longer_fresh() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    let now = Arc::new(AtomicI64::new(0));
    let clock = now.clone();
    let here = DynamoSettings::with_clock(table.clone(), Arc::new(move || clock.load(Ordering::Relaxed)));
    let elsewhere = DynamoSettings::new(table.clone());
    let version = async || here.in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap()[0].version;
    assert_eq!(version().await, 1);
    let reads = table.units().read;
    elsewhere.change(TENANT, "turma-1", "prof", Change::InactiveDays(Some(3)), NOW).await.unwrap();
    now.store(FRESH_MILLIS - 1, Ordering::Relaxed);
    let before = table.units().read;
    assert_eq!(version().await, 1, "asked for lately");
    assert_eq!(table.units().read, before, "what is fresh costs no read");
    assert!(before > reads, "a change reads, so reads are counted");
    assert_eq!(here.in_force(TENANT, "turma-1").await.unwrap().unwrap().version, 2, "people see what is there");
    now.store(FRESH_MILLIS, Ordering::Relaxed);
    assert_eq!(version().await, 2);
    // One's own change is known at once.
    here.change(TENANT, "turma-1", "prof", Change::InactiveDays(Some(4)), NOW).await.unwrap();
    assert_eq!(version().await, 3);
}

#[tokio::test]
async fn many_changes_at_once_make_as_many_versions() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let table = tables.fresh();
    DynamoSettings::new(table.clone()).in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap();
    let changes: Vec<_> = (0..12)
        .map(|number| {
            let settings = DynamoSettings::new(table.clone());
            let change = Change::Length { video: format!("v{number}"), length_millis: Some(1_000) };
            tokio::spawn(
                async move { settings.change(TENANT, "turma-1", "prof", change, number).await.unwrap().version },
            )
        })
        .collect();
    let mut versions = Vec::new();
    for change in changes {
        versions.push(change.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (2..=13).collect::<Vec<_>>());
    let settings = DynamoSettings::new(table);
    let last = settings.in_force(TENANT, "turma-1").await.unwrap().unwrap();
    assert_eq!((last.version, last.lengths_millis.len()), (13, 12));
    assert_eq!(settings.log(TENANT, "turma-1").await.unwrap().len(), 12);
}
