//! The collector over these stores while calls fail in every way: nothing is acknowledged without its identity row,
//! nothing is rejected without its quarantine row, and what was done twice is there once.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use support::proxy::{Fault, Proxy};
use support::*;
use trilha_collector::collector::{Arrival, Collector, Ports, Receipt, Sent, Sleep};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::identities::Identities;
use trilha_collector::quarantine::{Cursor, Quarantine, RowKey};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_collector::settings::{Change, SettingsStore};
use trilha_collector_dynamodb::{DynamoIdentities, DynamoQuarantine, DynamoSettings};
use trilha_dynamodb::Table;
use trilha_schemas::event::{Event, Protocol};
use trilha_schemas::record::decode;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

const TENANT: &str = "escola";
const REQUESTS: usize = 12;
/// A client sends again this often before the test gives up on it.
const MOST_SENDINGS: usize = 200;

/// A stream that looks, before it takes a record, whether each of its learners has an identity row.
struct Watched {
    inner: MemoryStream,
    identities: DynamoIdentities,
    events: Mutex<Vec<Event>>,
    without_row: Mutex<Vec<String>>,
}

impl Stream for Watched {
    fn incarnation(&self) -> &str {
        self.inner.incarnation()
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        for entry in &entries {
            let events = decode(&entry.data).unwrap().events;
            let learners: Vec<_> = events.iter().map(|event| event.learner).collect();
            let rows = self.identities.rows(TENANT, &learners).await.unwrap();
            let missing = learners.iter().zip(rows).filter(|(_, row)| row.is_none());
            self.without_row.lock().unwrap().extend(missing.map(|(learner, _)| learner.to_string()));
            self.events.lock().unwrap().extend(events);
        }
        self.inner.put_records(entries).await
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        self.inner.shards().await
    }

    async fn records(
        &self,
        shard_id: &str,
        after: Option<SequenceNumber>,
        most_records: usize,
        most_bytes: usize,
    ) -> Result<Records, StreamError> {
        self.inner.records(shard_id, after, most_records, most_bytes).await
    }

    async fn wait_for_records(&self, shard_id: &str, after: Option<SequenceNumber>) {
        self.inner.wait_for_records(shard_id, after).await;
    }
}

type Collecting = Collector<Watched, DynamoIdentities, DynamoQuarantine, DynamoSettings>;

fn collector(table: &Table, stream: &Arc<Watched>, keys: &KeyRing) -> Collecting {
    let sealer = Sealer::new(&keys.data_key, Arc::new(OsRandom));
    let ports = Ports {
        stream: stream.clone(),
        identities: Arc::new(DynamoIdentities::new(table.clone(), sealer.clone())),
        quarantine: Arc::new(DynamoQuarantine::with_clock(table.clone(), sealer, clock_at(NOW))),
        settings: Arc::new(DynamoSettings::new(table.clone())),
    };
    let no_sleep: Sleep = Arc::new(|_| Box::pin(std::future::ready(())));
    Collector::new(ports, keys, "America/Sao_Paulo", no_sleep).unwrap()
}

/// A request's events: good ones of learners of whom some were there before, bad ones of which one is large.
fn texts(request: usize) -> Vec<String> {
    let good = (0..6).map(|number| {
        let learner = request * 3 + number;
        format!(
            r#"{{"id":"e-{request}-{number}","type":"activity.viewed","time":"2026-03-02T19:29:00Z","learner":"aluna-{learner}","course":"turma-{}","object":"p"}}"#,
            request / 4,
        )
    });
    let padding = "x".repeat(if request.is_multiple_of(4) { 400_000 } else { 10 });
    let bad = [
        format!(
            r#"{{"id":"b-{request}","type":"video.watched","learner":"bia-{request}","course":"turma-1","from":"{padding}"}}"#
        ),
        format!("nonsense {request}"),
    ];
    good.chain(bad).collect()
}

fn watched(direct: &Table, sealer: &Sealer) -> Arc<Watched> {
    Arc::new(Watched {
        inner: MemoryStream::new(2, "test", clock_at(NOW)),
        identities: DynamoIdentities::new(direct.clone(), sealer.clone()),
        events: Mutex::default(),
        without_row: Mutex::default(),
    })
}

/// Sends until everything is taken or refused for good.
async fn send(table: &Table, stream: &Arc<Watched>, keys: &KeyRing, request: usize) -> Receipt {
    for sending in 0..MOST_SENDINGS {
        if let Some(receipt) = send_once(table, stream, keys, request, sending).await {
            return receipt;
        }
    }
    panic!("request {request} never came through");
}

/// Through a collector of its own, as on a cold start. The clock goes on: a repeat arrives later.
async fn send_once(
    table: &Table,
    stream: &Arc<Watched>,
    keys: &KeyRing,
    request: usize,
    sending: usize,
) -> Option<Receipt> {
    let (credential, texts) = (Credential::WriteKey { tenant: TENANT.into(), name: "first".into() }, texts(request));
    let sent = texts.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
    let arrival = Arrival::Live { now_millis: NOW - 1_000 + sending as i64 };
    collector(table, stream, keys).collect(&credential, Protocol::Native, arrival, sent).await.ok()
}

/// About every fourth call fails, all kinds alike, in no order that a caller could be in step with.
fn faults(seed: u64) -> impl Fn(u64) -> Fault + Send + Sync + 'static {
    move |number| {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed).rotate_left(29);
        match mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 60 {
            0 => Fault::DoneBut500,
            1 => Fault::CutBefore,
            2 => Fault::CutAfter,
            3 => Fault::Throttled,
            _ => Fault::None,
        }
    }
}

async fn everything_is_kept(attempts: u32, seed: u64) {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let proxy = Proxy::start(&endpoint, faults(seed)).await;
    let (faulty, direct) = (tables.first_through(&proxy.endpoint, attempts), tables.fresh());
    let (keys, _) = KeyRing::generate(TENANT, &OsRandom);
    let sealer = Sealer::new(&keys.data_key, Arc::new(OsRandom));
    let stream = watched(&direct, &sealer);
    // Two clients at once, who share learners and courses.
    let client = async |requests: Vec<usize>| {
        let mut receipts = BTreeMap::new();
        for request in requests {
            receipts.insert(request, send(&faulty, &stream, &keys, request).await);
        }
        receipts
    };
    let (even, odd) = (0..REQUESTS).partition(|request| request % 2 == 0);
    let (mut receipts, others) = tokio::join!(client(even), client(odd));
    receipts.extend(others);
    let failed = proxy.failed.load(Ordering::Relaxed);
    assert!(failed > 30, "only {failed} calls failed");
    assert_eq!(*stream.without_row.lock().unwrap(), [""; 0], "put before the identity's row");
    assert!(receipts.values().all(|receipt| (receipt.accepted, receipt.rejected.len()) == (6, 2)));
    every_learner_is_found(&stream).await;
    every_rejection_is_kept_once(&DynamoQuarantine::with_clock(direct.clone(), sealer, clock_at(NOW)), REQUESTS).await;
    every_course_has_one_version(&DynamoSettings::new(direct)).await;
}

async fn every_learner_is_found(stream: &Watched) {
    let events = stream.events.lock().unwrap().clone();
    let ids: BTreeSet<_> = events.iter().map(|event| event.source_id(TENANT).unwrap()).collect();
    assert_eq!(ids.len(), REQUESTS * 6, "an acknowledged event is not on the stream");
    let learners: BTreeSet<_> = events.iter().map(|event| event.learner).collect();
    let learners: Vec<_> = learners.into_iter().collect();
    let rows = stream.identities.rows(TENANT, &learners).await.unwrap();
    let named: BTreeSet<_> = rows.into_iter().map(|row| row.unwrap().learner.unwrap()).collect();
    let expected: BTreeSet<_> = (0..REQUESTS * 3 + 3).map(|number| format!("aluna-{number}")).collect();
    assert_eq!(named, expected);
}

async fn every_rejection_is_kept_once(quarantine: &DynamoQuarantine, requests: usize) {
    let mut kept = Vec::new();
    let first = Cursor { received_millis: NOW - 10_000, key: RowKey([0; 16]) };
    for row in quarantine.list(Some(first), 1_000).await.unwrap() {
        let rejection = quarantine.open(row.key).await.unwrap().expect("a listed row opens");
        if let Some(pseudonym) = rejection.pseudonym {
            let about = quarantine.about(TENANT, pseudonym).await.unwrap();
            assert_eq!(about.iter().map(|row| row.key).collect::<Vec<_>>(), [row.key]);
        }
        kept.push(String::from_utf8(rejection.raw).unwrap());
    }
    let bad = (0..requests).flat_map(|request| texts(request).split_off(6));
    let mut expected: Vec<_> = bad.collect();
    kept.sort_unstable();
    expected.sort_unstable();
    assert!(kept == expected, "{} rows, not {}", kept.len(), expected.len());
}

async fn every_course_has_one_version(settings: &DynamoSettings) {
    for number in 0..3 {
        let course = settings.in_force(TENANT, &format!("turma-{number}")).await.unwrap().unwrap();
        assert_eq!((course.version, course.zone.as_str()), (1, "America/Sao_Paulo"));
    }
}

#[tokio::test]
async fn everything_is_kept_though_each_failure_is_told() {
    everything_is_kept(1, 7).await;
}

#[tokio::test]
async fn everything_is_kept_though_the_sdk_repeats_calls_by_itself() {
    everything_is_kept(4, 11).await;
}

/// Whatever call of a request fails, and however, what is acknowledged is whole, and a repeat makes it so.
#[tokio::test]
async fn a_failure_at_any_call_of_a_request_loses_nothing() {
    let Some(endpoint) = endpoint() else { return };
    let (keys, _) = KeyRing::generate(TENANT, &OsRandom);
    let sealer = Sealer::new(&keys.data_key, Arc::new(OsRandom));
    for fault in [Fault::DoneBut500, Fault::CutBefore, Fault::CutAfter, Fault::Throttled] {
        for call in 0_u64.. {
            let tables = Tables::make(&endpoint, 1).await;
            let direct = tables.fresh();
            let proxy = Proxy::start(&endpoint, move |number| if number == call { fault } else { Fault::None }).await;
            let stream = watched(&direct, &sealer);
            let faulty = tables.first_through(&proxy.endpoint, 1);
            let first = send_once(&faulty, &stream, &keys, 0, 0).await;
            let failed = proxy.failed.load(Ordering::Relaxed) > 0;
            assert_eq!(first.is_none(), failed, "{fault:?} at call {call}");
            if failed {
                send_once(&direct, &stream, &keys, 0, 1).await.expect("nothing fails the second time");
            }
            assert_eq!(*stream.without_row.lock().unwrap(), [""; 0], "{fault:?} at call {call}");
            assert_eq!(stream.events.lock().unwrap().len(), 6);
            let quarantine = DynamoQuarantine::with_clock(direct, sealer.clone(), clock_at(NOW));
            every_rejection_is_kept_once(&quarantine, 1).await;
            if !failed {
                assert!(call > 12, "a request of {call} calls is too short");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_change_that_was_done_and_answered_with_a_failure_is_one_version() {
    let Some(endpoint) = endpoint() else { return };
    // The change's calls: it reads, then writes; the write is done and its answer lost.
    for fault in [Fault::DoneBut500, Fault::CutAfter, Fault::CutBefore, Fault::Throttled] {
        let tables = Tables::make(&endpoint, 1).await;
        let proxy = Proxy::start(&endpoint, move |number| if number == 1 { fault } else { Fault::None }).await;
        let direct = DynamoSettings::new(tables.fresh());
        direct.in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap();
        let faulty = DynamoSettings::new(tables.first_through(&proxy.endpoint, 1));
        let change = Change::InactiveDays(Some(3));
        let made = faulty.change(TENANT, "turma-1", "prof", change, NOW).await.unwrap();
        assert_eq!((made.version, made.inactive_days), (2, Some(3)), "{fault:?}");
        assert_eq!(direct.in_force(TENANT, "turma-1").await.unwrap().unwrap().version, 2, "{fault:?}");
        assert_eq!(direct.log(TENANT, "turma-1").await.unwrap().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_mark_that_was_done_and_answered_with_a_failure_is_still_new() {
    let Some(endpoint) = endpoint() else { return };
    let tables = Tables::make(&endpoint, 1).await;
    let direct = DynamoQuarantine::with_clock(tables.fresh(), sealer(1), clock_at(NOW));
    let refusal = trilha_schemas::native::read("nonsense").unwrap_err();
    let rejection = trilha_collector::quarantine::Rejection::of_request(TENANT, Protocol::Native, NOW, &refusal, b"x");
    let key = direct.keep(vec![rejection]).await.unwrap()[0];
    // The SDK repeats the call, whose condition does not hold any more.
    let proxy = Proxy::start(&endpoint, |number| if number == 0 { Fault::DoneBut500 } else { Fault::None }).await;
    let table = tables.first_through(&proxy.endpoint, 3);
    let faulty = DynamoQuarantine::with_clock(table, sealer(1), clock_at(NOW));
    assert!(faulty.mark_redriven(key, NOW).await.unwrap());
    assert!(!faulty.mark_redriven(key, NOW).await.unwrap());
}
