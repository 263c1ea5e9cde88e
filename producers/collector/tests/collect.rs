//! The collector's core: what it stamps, whom it lets write, what it answers when the stream fails.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod support;

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use support::*;
use tokio::sync::Semaphore;
use trilha_collector::collector::{Arrival, CollectError, Collector, Ports, Sent, Sleep};
use trilha_collector::credential::Credential;
use trilha_collector::identities::{Identities, Identity, IdentityError};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::quarantine::{Cursor, Quarantine, QuarantineError, Redacted, Rejection, RowKey};
use trilha_collector::settings::{Change, SettingsStore};
use trilha_schemas::event::Protocol;
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::native;
use trilha_schemas::reader::{Code, Refusal};
use trilha_stream::port::PutFailure;

fn ports(world: &World) -> Ports<ScriptedStream, MemoryIdentities, MemoryQuarantine, MemorySettings> {
    Ports {
        stream: world.stream.clone(),
        identities: world.identities.clone(),
        quarantine: world.quarantine.clone(),
        settings: world.settings.clone(),
    }
}

fn names(flags: Flags) -> Vec<&'static str> {
    flags.names().collect()
}

#[tokio::test]
async fn times_are_flagged_by_how_far_they_lie_from_arrival() {
    // (time, arrival mode, flags, the offset of São Paulo at the view's time)
    let summer = "2018-12-01T12:00:00Z"; // UTC−2 then
    let cases: [(&str, Arrival, &[&str], i16); 9] = [
        ("2026-03-02T19:35:00Z", LIVE, &[], -180),
        ("2026-03-02T19:35:00.001Z", LIVE, &["future_time"], -180),
        ("2026-02-28T19:30:00Z", LIVE, &[], -180),
        ("2026-02-28T19:29:59.999Z", LIVE, &["late"], -180),
        (summer, LIVE, &["late"], -120),
        (summer, REPLAY, &[], -120),
        ("1999-12-31T23:59:59Z", LIVE, &["absurd_time", "late"], -120),
        ("2100-01-01T00:00:00Z", LIVE, &["future_time", "absurd_time"], -180),
        ("2100-01-01T00:00:00", REPLAY, &["no_zone", "absurd_time"], -180),
    ];
    for (time, arrival, expected, offset) in cases {
        let world = World::new(ScriptedStream::default());
        let receipt = world.collect(arrival, &[viewed_at("ana", "e", time)]).await.unwrap();
        assert_eq!(receipt.accepted, 1, "{time}");
        let event = &world.stream.events()[0];
        let (mut found, mut expected) = (names(event.flags), expected.to_vec());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{time}");
        assert_eq!(event.zone_offset_minutes, offset, "{time}");
        let own_time = event.time_millis.unwrap();
        assert_eq!(event.arrival_millis, if arrival == LIVE { NOW } else { own_time }, "{time}");
    }
}

#[tokio::test]
async fn an_id_of_a_course_or_object_holds_no_control_character() {
    let event = |course: &str, body: &str| {
        format!(r#"{{"id":"e","learner":"ana","time":"2026-03-02T19:30:00Z","course":"{course}",{body}}}"#)
    };
    let viewed = r#""type":"activity.viewed","object":"a|b%""#;
    let answered = |quiz: &str, question: &str| {
        format!(r#""type":"quiz.answered","quiz":"{quiz}","question":"{question}","attempt":1,"correct":true"#)
    };
    let cases = [
        (event(r"c\u0001", viewed), "course"),
        (event("c", r#""type":"activity.viewed","object":"a\nb""#), "object"),
        (event("c", &answered(r"q\u007f", "1")), "quiz"),
        (event("c", &answered("q", r"\u0000")), "question"),
    ];
    let world = World::new(ScriptedStream::default());
    for (text, field) in cases {
        let receipt = world.collect(LIVE, &[text]).await.unwrap();
        assert_eq!((receipt.accepted, receipt.rejected[0].code), (0, "invalid_value"), "{field}");
        assert_eq!(receipt.rejected[0].field, field);
    }
    assert_eq!(world.collect(LIVE, &[event("ação", viewed)]).await.unwrap().accepted, 1);
}

#[tokio::test]
async fn an_event_without_time_is_taken_live_and_refused_in_a_replay() {
    let text = r#"{"id":"e","type":"activity.viewed","learner":"ana","course":"c","object":"p"}"#.to_string();
    let world = World::new(ScriptedStream::default());
    let live = world.collect(LIVE, std::slice::from_ref(&text)).await.unwrap();
    assert_eq!((live.accepted, live.rejected.len()), (1, 0));
    assert_eq!((world.stream.events()[0].time_millis, world.stream.events()[0].arrival_millis), (None, NOW));
    let replay = world.collect(REPLAY, &[text]).await.unwrap();
    assert_eq!((replay.accepted, replay.rejected[0].code), (0, "time_missing"));
    assert_eq!(replay.rejected[0].id.as_deref(), Some("e"));
    assert_eq!(world.quarantine.list(None, 9).await.unwrap()[0].code, "time_missing");
}

#[tokio::test]
async fn no_raw_id_reaches_the_stream_and_the_identity_row_maps_back() {
    let world = World::new(ScriptedStream::default());
    world.collect(LIVE, &[viewed("ana-maria-silva", "e1"), viewed("ana-maria-silva", "e2")]).await.unwrap();
    for record in world.stream.records.lock().unwrap().iter() {
        assert!(!record.data.windows(15).any(|window| window == b"ana-maria-silva"));
    }
    let events = world.stream.events();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].learner, events[1].learner);
    let row = world.identities.rows(TENANT, &[events[0].learner]).await.unwrap().remove(0).unwrap();
    assert_eq!((row.learner.as_deref(), row.n), (Some("ana-maria-silva"), 0));
}

#[tokio::test]
async fn a_pseudonym_is_the_hmac_of_the_id_and_n_under_the_tenants_key() {
    use trilha_collector::seal::Secret;
    let (mut keys, _) = trilha_collector::credential::KeyRing::generate(TENANT, &|bytes: &mut [u8]| bytes.fill(7));
    keys.tenants[0].pseudonym_key = Secret::new([1; 32]);
    let world = World::new(ScriptedStream::default());
    let collector = Collector::new(ports(&world), &keys, "UTC", no_sleep()).unwrap();
    let texts = [viewed("ana", "e")];
    collector.collect(&key(), Protocol::Native, LIVE, native_events(&texts)).await.unwrap();
    // HMAC-SHA-256 with key 01 × 32 over "ana" 00 00 00 00, as OpenSSL computes it.
    assert_eq!(world.stream.events()[0].learner.to_string(), "6f7a5ed4e35c4546752699536cf989ba");
}

#[tokio::test]
async fn an_erased_learner_gets_another_pseudonym() {
    let world = World::new(ScriptedStream::default());
    let mut seen = HashSet::new();
    for n in 0..3 {
        world.collect(LIVE, &[viewed("ana", &format!("e{n}"))]).await.unwrap();
        let learner = world.stream.events().last().unwrap().learner;
        assert!(seen.insert(learner), "the pseudonym of n = {n} was used before");
        assert_eq!(world.identities.rows(TENANT, &[learner]).await.unwrap()[0].as_ref().unwrap().n, n);
        assert!(world.identities.erase(TENANT, learner).await.unwrap());
        world.collector.forget(TENANT, "ana");
    }
}

#[tokio::test]
async fn the_same_act_sent_again_has_the_same_id_and_another_tenants_another() {
    let world = World::new(ScriptedStream::default());
    for _ in 0..2 {
        world.collect(LIVE, &[viewed("ana", "e1")]).await.unwrap();
    }
    let ids: Vec<EventId> = world.stream.events().iter().map(|event| event.id).collect();
    assert_eq!(ids[0], ids[1]);
    let other = Credential::WriteKey { tenant: "outra".into(), name: "first".into() };
    let texts = [viewed("ana", "e1")];
    let refused = world.collector.collect(&other, Protocol::Native, LIVE, native_events(&texts)).await;
    assert!(matches!(refused, Err(CollectError::UnknownTenant)), "{refused:?}");
}

#[tokio::test]
async fn the_tenant_never_comes_from_the_body() {
    let world = World::new(ScriptedStream::default());
    let text = viewed("ana", "e").replacen('{', r#"{"tenant":"outra","#, 1);
    world.collect(LIVE, &[text]).await.unwrap();
    // `events` checks each record's tenant.
    assert_eq!(world.stream.events().len(), 1);
}

#[tokio::test]
async fn a_learners_token_writes_no_other_learners_events() {
    let world = World::new(ScriptedStream::default());
    let token = Credential::Learner { tenant: TENANT.into(), learner: "ana".into(), course: None };
    let texts = [viewed("ana", "e1"), viewed("bia", "e2")];
    let receipt = world.collector.collect(&token, Protocol::Native, LIVE, native_events(&texts)).await.unwrap();
    assert_eq!(receipt.accepted, 1);
    let rejected = &receipt.rejected[0];
    assert_eq!((rejected.index, rejected.code, rejected.field.as_str()), (1, "not_yours", "learner"));
    assert_eq!(rejected.id.as_deref(), Some("e2"));
    assert_eq!(world.stream.events().len(), 1);
    assert!(!rejected.message.contains("bia") && !rejected.message.contains("ana"));
}

#[tokio::test]
async fn an_object_described_without_a_learner_has_a_pseudonym_of_its_own() {
    let world = World::new(ScriptedStream::default());
    let described = |course: &str, object: &str| {
        format!(r#"{{"type":"object.described","course":"{course}","object":"{object}","title":"x"}}"#)
    };
    let texts = [described("c", "o"), described("c", "p"), described("cp", ""), described("c", "o")];
    let receipt = world.collect(LIVE, &texts).await.unwrap();
    assert_eq!((receipt.accepted, receipt.rejected.len()), (3, 1));
    let learners: BTreeSet<Pseudonym> = world.stream.events().iter().map(|event| event.learner).collect();
    assert_eq!(learners.len(), 2);
    for learner in learners {
        assert!(world.identities.rows(TENANT, &[learner]).await.unwrap() == [None]);
    }
}

#[tokio::test]
async fn the_settings_in_force_are_stamped_and_a_protocol_that_does_not_count_is_flagged() {
    let world = World::new(ScriptedStream::default());
    world.collect(LIVE, &[viewed("ana", "e1")]).await.unwrap();
    let change = Change::CountedProtocol(Some(Protocol::Xapi));
    world.settings.change(TENANT, "turma-1", "prof", change, NOW).await.unwrap();
    world.collect(LIVE, &[viewed("ana", "e2")]).await.unwrap();
    let texts = [viewed("ana", "e3")];
    world.collector.collect(&key(), Protocol::Xapi, LIVE, native_events(&texts)).await.unwrap();
    let events = world.stream.events();
    let stamped: Vec<_> = events.iter().map(|event| (event.settings_version, names(event.flags))).collect();
    assert_eq!(stamped, [(1, vec![]), (2, vec!["other_protocol"]), (2, vec![])]);
    let settings = world.settings.in_force(TENANT, "turma-1").await.unwrap().unwrap();
    assert_eq!(settings.zone, "America/Sao_Paulo");
}

#[tokio::test]
async fn what_is_refused_is_kept_with_its_bytes_and_found_by_learner() {
    let world = World::new(ScriptedStream::default());
    world.collect(LIVE, &[viewed("ana", "e0")]).await.unwrap();
    let ana = world.stream.events()[0].learner;
    let bad = r#"{"id":"e1","type":"video.watched","learner":"ana","course":"turma-1","video":"v","from":"x","to":9}"#;
    let texts = [viewed("bia", "e2"), bad.to_string(), "nonsense".to_string()];
    let receipt = world.collect(LIVE, &texts).await.unwrap();
    assert_eq!(receipt.accepted, 1);
    let told: Vec<_> = receipt.rejected.iter().map(|one| (one.index, one.code, one.field.as_str())).collect();
    assert_eq!(told, [(1, "wrong_type", "from"), (2, "invalid_json", "")]);
    let about = world.quarantine.about(TENANT, ana).await.unwrap();
    assert_eq!(about.len(), 1);
    let kept = world.quarantine.open(about[0].key).await.unwrap().unwrap();
    assert_eq!((kept.raw.as_slice(), kept.received_millis), (bad.as_bytes(), NOW));
    assert_eq!(world.quarantine.list(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_event_adds_no_identity() {
    let world = World::new(ScriptedStream::default());
    let bad = r#"{"type":"video.watched","learner":"ana","course":"c"}"#.to_string();
    world.collect(LIVE, &[bad]).await.unwrap();
    world.collect(LIVE, &[viewed("ana", "e0")]).await.unwrap();
    let ana = world.stream.events()[0].learner;
    // Found although the learner was unknown when it was refused.
    assert_eq!(world.quarantine.about(TENANT, ana).await.unwrap().len(), 1);
}

#[tokio::test]
async fn callers_may_say_whom_a_refused_event_is_about() {
    let world = World::new(ScriptedStream::default());
    world.collect(LIVE, &[viewed("ana", "e0")]).await.unwrap();
    let refusal = Refusal::new(Code::NotRelevant, "verb", "not measured");
    let sent: Vec<Sent<'_>> = vec![Sent { index: 4, raw: b"{\"actor\":1}", read: Err(refusal), about: Some("ana") }];
    let receipt = world.collector.collect(&key(), Protocol::Xapi, REPLAY, sent).await.unwrap();
    assert_eq!((receipt.accepted, receipt.rejected[0].index), (0, 4));
    let ana = world.stream.events()[0].learner;
    assert_eq!(world.quarantine.about(TENANT, ana).await.unwrap()[0].code, "not_relevant");
}

#[tokio::test]
async fn entries_that_fail_are_put_again_and_only_they() {
    for failure in [PutFailure::Throttled, PutFailure::Internal] {
        let world = World::new(ScriptedStream::new(&[Call::HalfFails(failure), Call::HalfFails(failure)]));
        let receipt = world.collect(LIVE, &views_of(0..40)).await.unwrap();
        assert_eq!((receipt.accepted, receipt.rejected.len()), (40, 0));
        let calls = world.stream.calls.lock().unwrap().clone();
        let first = calls[0];
        assert_eq!(calls, [first, first.div_ceil(2), first.div_ceil(2).div_ceil(2)]);
        let ids: HashSet<_> = world.stream.events().iter().map(|event| event.id).collect();
        assert_eq!((ids.len(), world.stream.events().len()), (40, 40), "each once");
    }
}

#[tokio::test]
async fn a_time_out_that_had_written_is_put_again_with_the_same_ids() {
    let world = World::new(ScriptedStream::new(&[Call::WrittenButLost]));
    let receipt = world.collect(LIVE, &views_of(0..10)).await.unwrap();
    assert_eq!((receipt.accepted, receipt.rejected.len()), (10, 0));
    let events = world.stream.events();
    let ids: HashSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!((events.len(), ids.len()), (20, 10));
}

#[tokio::test]
async fn what_the_stream_never_takes_is_an_error_when_nothing_came_through() {
    let cases = [
        (Call::AllFails(PutFailure::Throttled), true),
        (Call::AllFails(PutFailure::Internal), false),
        (Call::Lost, false),
    ];
    for (call, throttled) in cases {
        let world = World::new(ScriptedStream::new(&[call; 9]));
        let error = world.collect(LIVE, &views_of(0..3)).await.unwrap_err();
        assert_eq!(matches!(error, CollectError::Throttled), throttled, "{error}");
        assert_eq!(world.stream.calls.lock().unwrap().len(), 5, "attempts are bounded");
    }
}

#[tokio::test]
async fn what_came_through_in_part_says_which_to_send_again() {
    // In one put, and in several.
    for events in [200, 3_000] {
        let world = World::new(ScriptedStream::new(&[Call::HalfFails(PutFailure::Throttled); 40]));
        let receipt = world.collect(LIVE, &views_of(0..events)).await.unwrap();
        assert!(receipt.accepted > 0 && !receipt.rejected.is_empty());
        assert_eq!(receipt.accepted + receipt.rejected.len(), events);
        let written: HashSet<_> =
            world.stream.events().into_iter().map(|event| event.source_id(TENANT).unwrap().into_owned()).collect();
        assert_eq!(written.len(), receipt.accepted);
        for rejected in &receipt.rejected {
            assert_eq!(rejected.code, "try_again");
            assert_eq!(rejected.id, Some(format!("e-{}", rejected.index)));
            assert!(!written.contains(rejected.id.as_ref().unwrap()));
        }
        assert!(world.quarantine.list(None, 9).await.unwrap().is_empty(), "what may be sent again is not refused");
    }
}

#[tokio::test]
async fn many_records_go_in_parts_of_500() {
    let world = World::new(ScriptedStream::default());
    let receipt = world.collect(REPLAY, &views_of(0..3_000)).await.unwrap();
    assert_eq!((receipt.accepted, receipt.rejected.len()), (3_000, 0));
    let calls = world.stream.calls.lock().unwrap().clone();
    assert!(calls.len() > 1 && calls.iter().all(|entries| *entries <= 500), "{calls:?}");
    let ids: HashSet<_> = world.stream.events().iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 3_000);
}

#[tokio::test]
async fn nothing_is_answered_before_the_stream_has_it() {
    let gate = Arc::new(Semaphore::new(0));
    let world = Arc::new(World::new(ScriptedStream::behind(gate.clone())));
    let collecting = tokio::spawn({
        let world = world.clone();
        async move { world.collect(LIVE, &views_of(0..1)).await }
    });
    // The identity is durable first; then the put waits at the gate.
    while world.settings.in_force(TENANT, "turma-1").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!collecting.is_finished());
    gate.add_permits(1);
    assert_eq!(collecting.await.unwrap().unwrap().accepted, 1);
}

#[tokio::test]
async fn an_event_too_large_for_a_record_is_refused_and_kept() {
    let world = World::new(ScriptedStream::default());
    let mut event = native::read(
        r#"{"id":"e","type":"video.paused","time":"2026-03-02T19:29:00Z","learner":"ana","course":"c","video":"v","position":1}"#,
    )
    .unwrap();
    if let trilha_schemas::event::Body::Video(video) = &mut event.body {
        let scattered = (0..200_000i64).map(|at| (at * 7_919 % 36_000_000, at * 104_729 % 36_000_000));
        video.segments = Some(scattered.collect());
    }
    let sent = vec![Sent { index: 0, raw: b"raw", read: Ok(event), about: None }];
    let receipt = world.collector.collect(&key(), Protocol::Xapi, LIVE, sent).await.unwrap();
    assert_eq!((receipt.accepted, receipt.rejected[0].code), (0, "too_large"));
    assert_eq!(world.quarantine.list(None, 9).await.unwrap()[0].code, "too_large");
}

#[tokio::test]
async fn a_zone_that_does_not_exist_is_refused() {
    let world = World::new(ScriptedStream::default());
    assert!(Collector::new(ports(&world), &world.keys, "Mars/Olympus", no_sleep()).is_err());
}

/// The waits between the attempts of one event, by a source of chance.
async fn waits(random: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Vec<u128> {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let world = World::new(ScriptedStream::new(&[Call::Lost; 9]));
    let sleep: Sleep = Arc::new({
        let waits = waits.clone();
        move |wait| {
            waits.lock().unwrap().push(wait.as_millis());
            Box::pin(std::future::ready(()))
        }
    });
    let collector = Collector::new(ports(&world), &world.keys, "UTC", sleep).unwrap();
    let collector = collector.with_randomness(Arc::new(random));
    let texts = views_of(0..1);
    collector.collect(&key(), Protocol::Native, LIVE, native_events(&texts)).await.unwrap_err();
    waits.lock().unwrap().clone()
}

#[tokio::test]
async fn attempts_wait_longer_each_time_and_by_chance() {
    assert_eq!(waits(|bytes| bytes.fill(0)).await, [50, 100, 200, 400]);
    assert_eq!(waits(|bytes| bytes.fill(0xff)).await, [100, 200, 400, 800]);
    let turn = AtomicU8::new(0);
    let waits = waits(move |bytes| bytes.fill(if turn.fetch_add(1, Ordering::Relaxed) == 1 { 0 } else { 0xff })).await;
    assert_eq!(waits, [100, 100, 400, 800], "each wait has its own chance");
}

#[tokio::test]
async fn only_who_was_refused_every_time_is_told_that_nothing_was_taken() {
    let full = Call::AllFails(PutFailure::Throttled);
    for other in [Call::Lost, Call::WrittenButLost, Call::AllFails(PutFailure::Internal)] {
        for at in 0..5 {
            let mut calls = [full; 5];
            calls[at] = other;
            let world = World::new(ScriptedStream::new(&calls));
            let error = world.collect(LIVE, &views_of(0..3)).await.unwrap_err();
            assert!(matches!(error, CollectError::Unavailable(_)), "attempt {at}: {error}");
        }
    }
}

/// Stores that are down.
struct Down;

impl Identities for Down {
    async fn rows(&self, _: &str, learners: &[Pseudonym]) -> Result<Vec<Option<Identity>>, IdentityError> {
        Ok(vec![None; learners.len()])
    }

    async fn add(&self, _: &str, _: Vec<(Pseudonym, Identity)>) -> Result<Vec<bool>, IdentityError> {
        Err(IdentityError::Unavailable("the disk is full".into()))
    }

    async fn erase(&self, _: &str, _: Pseudonym) -> Result<bool, IdentityError> {
        Err(IdentityError::Unavailable("the disk is full".into()))
    }
}

#[tokio::test]
async fn nothing_is_put_before_its_identity_is_durable() {
    let world = World::new(ScriptedStream::default());
    let Ports { stream, quarantine, settings, .. } = ports(&world);
    let ports = Ports { stream, identities: Arc::new(Down), quarantine, settings };
    let collector = Collector::new(ports, &world.keys, "UTC", no_sleep()).unwrap();
    let texts = views_of(0..1);
    let refused = collector.collect(&key(), Protocol::Native, LIVE, native_events(&texts)).await;
    assert!(matches!(refused, Err(CollectError::Unavailable(_))), "{refused:?}");
    assert!(world.stream.calls.lock().unwrap().is_empty());
}

impl Quarantine for Down {
    async fn keep(&self, _: Vec<Rejection>) -> Result<Vec<RowKey>, QuarantineError> {
        Err(QuarantineError::Unavailable("the disk is full".into()))
    }

    async fn list(&self, _: Option<Cursor>, _: usize) -> Result<Vec<Redacted>, QuarantineError> {
        Ok(Vec::new())
    }

    async fn about(&self, _: &str, _: Pseudonym) -> Result<Vec<Redacted>, QuarantineError> {
        Ok(Vec::new())
    }

    async fn open(&self, _: RowKey) -> Result<Option<Rejection>, QuarantineError> {
        Ok(None)
    }

    async fn mark_redriven(&self, _: RowKey, _: i64) -> Result<bool, QuarantineError> {
        Ok(false)
    }

    async fn expire(&self, _: i64) -> Result<usize, QuarantineError> {
        Ok(0)
    }
}

#[tokio::test]
async fn nothing_is_rejected_before_the_quarantine_has_it() {
    let world = World::new(ScriptedStream::default());
    let Ports { stream, identities, settings, .. } = ports(&world);
    let ports = Ports { stream, identities, quarantine: Arc::new(Down), settings };
    let collector = Collector::new(ports, &world.keys, "UTC", no_sleep()).unwrap();
    let texts = [viewed("ana", "e"), "nonsense".to_string()];
    let refused = collector.collect(&key(), Protocol::Native, LIVE, native_events(&texts)).await;
    assert!(matches!(refused, Err(CollectError::Unavailable(_))), "{refused:?}");
    assert!(world.stream.calls.lock().unwrap().is_empty(), "the good one is sent again with the bad one");
    let good = [viewed("ana", "e")];
    let taken = collector.collect(&key(), Protocol::Native, LIVE, native_events(&good)).await.unwrap();
    assert_eq!(taken.accepted, 1);
}
