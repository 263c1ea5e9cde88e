//! A quarantine row that is driven again counts once, where and as it would have counted; what may not be driven is not.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod stage;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use stage::records::{Rec, event, record};
use stage::{SHARD_ID, batch};
use trilha_collector::collector::{Arrival, Sent};
use trilha_collector::credential::Credential;
use trilha_collector::quarantine::{MAX_RAW_BYTES, Quarantine, Rejection, RowKey, Sending, Source};
use trilha_core::keys;
use trilha_lake::{Beyond, Lake};
use trilha_live::memory::MemoryTable;
use trilha_live::port::{Consistency, LiveTable};
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::redrive::{Before, Outcome, RedriveError, redrive};
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::documents::documents;
use trilha_schemas::event::{Body, Event, Protocol};
use trilha_schemas::flags::Flags;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::memory::CallFault;
use trilha_stream::port::{PutEntry, PutFailure, Stream};
use world::{NOW, TENANT, World, WorldStrays, owner, viewed};

/// So late that an event which arrived then would count in totals alone.
const LATER: i64 = NOW + 60 * 3_600_000;
const COURSE: &str = "turma-1";

fn answered(learner: &str) -> String {
    format!(
        r#"{{"type":"quiz.answered","time":"2026-03-02T19:28:00Z","learner":"{learner}","course":"{COURSE}","quiz":"q",
            "question":"1","correct":true}}"#
    )
}

fn sent_by(by: Credential) -> Option<Sending> {
    Some(Sending { by, replayed: false })
}

fn token(learner: &str) -> Credential {
    Credential::Learner { tenant: TENANT.into(), learner: learner.into(), course: None }
}

/// A row as an earlier reader kept it: it could not read these bytes.
fn refused(raw: impl Into<Vec<u8>>) -> Rejection {
    Rejection {
        tenant: TENANT.into(),
        source: Source::Request { protocol: Protocol::Native },
        sending: sent_by(owner()),
        received_millis: NOW,
        pseudonym: None,
        code: "unknown_type".into(),
        field: "type".into(),
        message: "the type is not known".into(),
        raw: raw.into(),
    }
}

fn refused_record(raw: impl Into<Vec<u8>>) -> Rejection {
    let sequence_number = SequenceNumber::parse("77").unwrap();
    Rejection {
        tenant: String::new(),
        source: Source::Record { incarnation: "one".into(), shard_id: SHARD_ID.into(), sequence_number },
        sending: None,
        ..refused(raw)
    }
}

impl World {
    async fn keep(&self, rejection: Rejection) -> RowKey {
        self.quarantine.keep(vec![rejection]).await.unwrap()[0]
    }

    async fn redrive(&self, key: RowKey) -> Result<Outcome, RedriveError> {
        redrive(&self.strays(), key, Before::Leave, LATER).await
    }

    async fn again(&self, key: RowKey) -> Result<Outcome, RedriveError> {
        redrive(&self.strays(), key, Before::Again, LATER + 1).await
    }

    /// When a row was driven again.
    async fn marked(&self, key: RowKey) -> Option<i64> {
        let rows = self.quarantine.rows().await;
        rows.into_iter().find(|row| row.key == key).unwrap().redriven_millis
    }

    /// Sends native events, as the collector takes them at [`NOW`].
    async fn send(&self, texts: &[String]) {
        let sent = texts.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
        let arrival = Arrival::Live { now_millis: NOW };
        let receipt = self.collector.collect(&owner(), Protocol::Native, arrival, sent).await.unwrap();
        assert_eq!(receipt.accepted, texts.len());
    }

    /// That a row stays as it was and nothing is on the stream.
    async fn assert_untouched(&self, rejection: Rejection, expected: impl FnOnce(&Outcome) -> bool) {
        let key = self.keep(rejection).await;
        let before = self.quarantine.rows().await;
        let outcome = self.redrive(key).await.unwrap();
        assert!(expected(&outcome), "{outcome:?}");
        assert_eq!(self.quarantine.rows().await, before);
        assert_eq!(self.records().await, []);
    }
}

/// Both consumers of a world's stream.
struct Consumers {
    live: LiveProcessor<MemoryTable, Arc<WorldStrays>>,
    table: Arc<MemoryTable>,
    lake_side: LakeProcessor<trilha_lake::manifest::EmbeddedManifest, trilha_lake::LakeFolder, Arc<WorldStrays>>,
    lake: Lake,
    _folder: tempfile::TempDir,
    done: Option<SequenceNumber>,
    learners: BTreeSet<(String, String)>,
}

impl Consumers {
    async fn of(world: &World) -> Consumers {
        let (table, folder) = (Arc::<MemoryTable>::default(), tempfile::tempdir().unwrap());
        let lake = Lake::open(folder.path(), 1).await.unwrap();
        let strays = Arc::new(world.strays());
        Consumers {
            live: LiveProcessor::new(Arc::clone(&table), Arc::clone(&strays), "one".into(), usize::MAX),
            lake_side: LakeProcessor::new(lake.writer(), strays, "one".into()),
            table,
            lake,
            _folder: folder,
            done: None,
            learners: BTreeSet::new(),
        }
    }

    /// Delivers what is new on the stream.
    async fn catch_up(&mut self, world: &World) {
        for (tenant, event) in world.events().await {
            self.learners.insert((tenant, event.learner.to_string()));
        }
        let records = world.records().await;
        let new = records.into_iter().filter(|record| Some(record.sequence_number) > self.done);
        let new: Vec<(SequenceNumber, Rec)> = new
            .map(|record| {
                let sequence_number = record.sequence_number.to_string();
                let (partition_key, bytes) = (record.partition_key, record.data.to_vec());
                (record.sequence_number, Rec { sequence_number, partition_key, bytes })
            })
            .collect();
        self.done = new.last().map(|(number, _)| *number).or(self.done);
        let new: Vec<Rec> = new.into_iter().map(|(_, record)| record).collect();
        assert!(self.live.handle(batch(&new)).await.unwrap().batch_item_failures.is_empty());
        assert!(self.lake_side.handle(batch(&new)).await.unwrap().batch_item_failures.is_empty());
    }

    /// Views and learner items, all that is told of a stream's places aside.
    async fn numbers(&self) -> BTreeMap<(String, String), Vec<u8>> {
        let learners = self.learners.iter().map(|(tenant, learner)| keys::learner_partition(tenant, learner));
        let mut numbers = BTreeMap::new();
        for partition in learners.chain([keys::course_partition(TENANT, COURSE), keys::courses_partition(TENANT)]) {
            for item in self.table.query(&partition, "", Consistency::Strong).await.unwrap() {
                numbers.insert((item.key.partition, item.key.sort), item.value);
            }
        }
        numbers
    }

    /// How many rows readers of the lake see of what landed since the last time.
    async fn published(&self) -> u64 {
        self.lake.compact(&Beyond::new()).await.unwrap().published_rows
    }
}

#[tokio::test]
async fn a_row_driven_again_counts_once_where_it_would_have_counted() {
    let sent = [viewed("ana"), answered("ana")];
    let plain = World::new();
    plain.send(&sent).await;
    let mut consumers = Consumers::of(&plain).await;
    consumers.catch_up(&plain).await;
    let (numbers, published) = (consumers.numbers().await, consumers.published().await);
    assert_eq!(published, 2);
    assert!(numbers.len() > 2);

    let world = World::with(plain.keys.clone());
    world.clock.store(LATER, Ordering::SeqCst);
    let mut consumers = Consumers::of(&world).await;
    for text in &sent {
        let key = world.keep(refused(text.as_str())).await;
        // The put is lost, then the mark: a crash between the two.
        world.stream.fail_next_put(CallFault::After);
        world.quarantine.fail_next_writes(1);
        world.redrive(key).await.unwrap_err();
        assert_eq!(world.marked(key).await, None);
        consumers.catch_up(&world).await;
        assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 1 });
        assert_eq!(world.marked(key).await, Some(LATER));
        consumers.catch_up(&world).await;
        assert_eq!(world.redrive(key).await.unwrap(), Outcome::AlreadyRedriven(LATER));
        // The stream has forgotten it, and the sender sends it once more.
        world.stream.expire(LATER + 1);
        assert_eq!(world.again(key).await.unwrap(), Outcome::Redriven { events: 1 });
        assert_eq!(world.marked(key).await, Some(LATER));
        world.send(std::slice::from_ref(text)).await;
        consumers.catch_up(&world).await;
    }
    assert_eq!(consumers.numbers().await, numbers);
    assert_eq!(consumers.published().await, published);
}

#[tokio::test]
async fn every_format_is_read_as_when_it_came() {
    let golden: [(Protocol, &[u8]); 3] = [
        (Protocol::Xapi, include_bytes!("../../schemas/tests/golden/xapi.jsonl")),
        (Protocol::Edx, include_bytes!("../../schemas/tests/golden/edx.log")),
        (Protocol::Caliper, include_bytes!("../../schemas/tests/golden/caliper.json")),
    ];
    for (protocol, file) in golden {
        let mut driven = 0;
        for document in documents(file).map(Result::unwrap) {
            let plain = World::new();
            let read = document.read(protocol).into_iter();
            let sent = read.map(|read| Sent { index: 0, raw: &document.bytes, read, about: None }).collect();
            let arrival = Arrival::Live { now_millis: NOW };
            let receipt = plain.collector.collect(&owner(), protocol, arrival, sent).await.unwrap();
            let world = World::with(plain.keys.clone());
            let source = Source::Request { protocol };
            let key = world.keep(Rejection { source, ..refused(document.bytes.as_slice()) }).await;
            let outcome = world.redrive(key).await.unwrap();
            match (receipt.accepted, receipt.rejected.len()) {
                (0, _) => assert!(matches!(outcome, Outcome::Unreadable(_)), "{outcome:?}"),
                (events, 0) => assert_eq!(outcome, Outcome::Redriven { events }),
                (accepted, _) => assert!(matches!(outcome, Outcome::Partly { events, .. } if events == accepted)),
            }
            assert_eq!(world.events().await, plain.events().await);
            assert_eq!(world.quarantine.rows().await.len(), 1);
            driven += receipt.accepted;
        }
        assert!(driven > 0, "{protocol:?}");
    }
}

#[tokio::test]
async fn what_is_still_unreadable_stays_as_it_was() {
    let world = World::new();
    let unreadable = |outcome: &Outcome| matches!(outcome, Outcome::Unreadable(reason) if reason.code == "no_course");
    world.assert_untouched(refused(r#"{"type":"course.enrolled","learner":"ana"}"#), unreadable).await;
    for raw in [&b"\xff"[..], b"", b"[", b"no JSON"] {
        let refused = refused(raw);
        world.assert_untouched(refused, |outcome| matches!(outcome, Outcome::Unreadable(_))).await;
    }
    let mut damaged = record(0, &[page(0, 1)]).bytes;
    damaged[4] = 0xee;
    world.assert_untouched(refused_record(damaged), |outcome| matches!(outcome, Outcome::Unreadable(_))).await;
}

#[tokio::test]
async fn what_the_collector_refuses_again_makes_no_second_row() {
    let world = World::new();
    let raw = viewed("ana").replace(COURSE, "turma\\u0007");
    world.assert_untouched(refused(raw), |outcome| matches!(outcome, Outcome::Unreadable(_))).await;
}

#[tokio::test]
async fn of_a_row_in_parts_the_readable_ones_go_and_the_row_stays() {
    let world = World::new();
    let body = format!("{{broken\n{}\n{{\"type\":\"nonsense\"}}", viewed("ana"));
    for rejection in [refused(body.as_bytes()), refused_record(body.as_bytes())] {
        let key = world.keep(rejection).await;
        let before = world.quarantine.rows().await;
        let outcome = world.redrive(key).await.unwrap();
        assert!(matches!(outcome, Outcome::Partly { events: 1, .. }), "{outcome:?}");
        assert_eq!(world.quarantine.rows().await, before);
    }
    let ids: BTreeSet<_> = world.events().await.into_iter().map(|(_, event)| event.id).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_put_that_fails_leaves_the_row_open() {
    let world = World::new();
    let key = world.keep(refused(viewed("ana"))).await;
    let own = world.keep(refused_record(record(0, &[page(0, 1)]).bytes)).await;
    world.stream.fail_entries(|_| Some(PutFailure::Throttled));
    for key in [key, own] {
        assert!(matches!(world.redrive(key).await, Err(RedriveError::Unavailable(_))));
        assert_eq!(world.marked(key).await, None);
    }
    world.stream.fail_entries(|_| None);
    for key in [key, own] {
        assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 1 });
    }
}

#[tokio::test]
async fn nobody_writes_more_by_a_re_drive_than_by_sending() {
    let world = World::new();
    let not_allowed = |outcome: &Outcome| matches!(outcome, Outcome::NotAllowed(_));
    let of_token = |raw: String| Rejection { sending: sent_by(token("bia")), ..refused(raw) };
    world.assert_untouched(of_token(viewed("ana")), not_allowed).await;
    let described =
        format!(r#"{{"type":"object.described","learner":"bia","course":"{COURSE}","object":"p","title":"x"}}"#);
    world.assert_untouched(of_token(described), not_allowed).await;
    let unknown = Rejection { sending: None, ..refused(viewed("caio")) };
    world.assert_untouched(unknown, not_allowed).await;
    let key = world.keep(of_token(viewed("bia"))).await;
    assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 1 });
}

#[tokio::test]
async fn the_collector_notes_who_sent_what_it_refused() {
    let world = World::new();
    let bad = viewed("ana").replace("activity.viewed", "activity.imagined");
    let live = Arrival::Live { now_millis: NOW };
    for (by, text) in [(token("bia"), &viewed("ana")), (token("bia"), &bad), (owner(), &bad)] {
        let sent = vec![Sent::native(0, text)];
        world.collector.collect(&by, Protocol::Native, live, sent).await.unwrap();
    }
    let mut senders = Vec::new();
    for row in world.quarantine.rows().await {
        let rejection = world.quarantine.open(row.key).await.unwrap().unwrap();
        senders.push((rejection.code, rejection.sending.unwrap().by == owner()));
        assert!(!matches!(world.redrive(row.key).await.unwrap(), Outcome::Redriven { .. }));
    }
    senders.sort();
    let expected = [("not_yours", false), ("unknown_type", false), ("unknown_type", true)];
    assert_eq!(senders, expected.map(|(code, key)| (code.to_string(), key)));
    assert_eq!(world.records().await, []);
}

#[tokio::test]
async fn a_row_that_was_cut_is_not_driven() {
    let world = World::new();
    let line = format!("{}\n", viewed("ana"));
    let whole_lines = MAX_RAW_BYTES / line.len() * line.len();
    let mut raw = line.repeat(MAX_RAW_BYTES / line.len()).into_bytes();
    raw.resize(MAX_RAW_BYTES + 1, b' ');
    assert!(whole_lines < MAX_RAW_BYTES);
    world.assert_untouched(refused(raw), |outcome| *outcome == Outcome::Cut).await;
}

#[tokio::test]
async fn a_row_that_is_gone_is_named_so() {
    let world = World::new();
    assert_eq!(world.redrive(RowKey([9; 16])).await.unwrap(), Outcome::NoSuchRow);
}

#[tokio::test]
async fn a_row_of_a_file_arrives_at_its_own_time_and_needs_one() {
    let world = World::new();
    let of_file = |raw: String| Rejection { sending: Some(Sending { by: owner(), replayed: true }), ..refused(raw) };
    let timeless = viewed("ana").replace(r#""time":"2026-03-02T19:29:00Z","#, "");
    world.assert_untouched(of_file(timeless), |outcome| matches!(outcome, Outcome::Unreadable(_))).await;
    let old = viewed("ana").replace("2026", "2024");
    let key = world.keep(of_file(old)).await;
    assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 1 });
    let (_, event) = world.events().await.remove(0);
    assert_eq!(Some(event.arrival_millis), event.time_millis);
    assert_eq!(event.flags, Flags::empty());
}

fn page(who: usize, id: u64) -> Event {
    event(who, id, 0, Body::Viewed { object: "page".into() })
}

#[tokio::test]
async fn a_record_of_ours_goes_back_as_it_is() {
    let world = World::new();
    let events = [page(0, 1), page(1, 2)];
    let key = world.keep(refused_record(record(0, &events).bytes)).await;
    assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 2 });
    assert_eq!(world.marked(key).await, Some(LATER));
    let there = world.events().await;
    assert!(there.iter().map(|(_, event)| event).eq(&events));
    assert!(there.iter().all(|(tenant, _)| tenant == stage::records::TENANT));
}

#[tokio::test]
async fn a_record_that_the_stream_has_forgotten_is_driven_from_its_row() {
    let world = World::new();
    let events = [page(0, 1), page(1, 2)];
    let ours = record(0, &events);
    let entry = PutEntry { partition_key: ours.partition_key, data: Bytes::from(ours.bytes) };
    world.stream.put_records(vec![entry]).await.unwrap().remove(0).unwrap();
    // A reader of an earlier version could not decode it.
    let there = world.records().await.remove(0);
    let stray = Stray {
        shard: format!("one/{SHARD_ID}"),
        sequence_number: there.sequence_number,
        arrival_millis: there.arrival_millis,
        bytes: there.data.to_vec(),
    };
    world.strays().damaged(stray, "a later version".into()).await.unwrap();
    world.stream.expire(LATER);
    assert_eq!(world.records().await, []);
    let key = world.quarantine.rows().await[0].key;
    assert_eq!(world.redrive(key).await.unwrap(), Outcome::Redriven { events: 2 });
    assert!(world.events().await.iter().map(|(_, event)| event).eq(&events));
}

#[tokio::test]
async fn no_body_chooses_its_tenant() {
    let world = World::new();
    let body = viewed("ana").replacen('{', r#"{"tenant":"outra","#, 1);
    for rejection in [refused(body.as_bytes()), refused_record(body.as_bytes())] {
        let key = world.keep(rejection).await;
        world.redrive(key).await.unwrap();
    }
    let events = world.events().await;
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|(tenant, event)| tenant == TENANT && event.arrival_millis == NOW));
    assert_eq!(events[0].1.id, events[1].1.id);
}
