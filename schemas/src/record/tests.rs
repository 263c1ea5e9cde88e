use proptest::prelude::*;

use super::columns::Column;
use super::*;
use crate::event::{Body, Description, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent};
use crate::flags::Flags;
use crate::ids::{EventId, Pseudonym};
use crate::packing::varint;

fn double() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(prop_oneof![
        Just(1.0),
        Just(0.1),
        Just(-0.0),
        Just(1e300),
        Just(-5e6),
        Just(1e9),
        -1e9..1e9f64
    ])
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::None), Just(Source::InId), text().prop_map(Source::Given)]
}

fn integer() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(-1_000_000_000_000i64..1_000_000_000_000)
}

fn length() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(prop_oneof![1..=36_000_000i64, Just(1), Just(36_000_000)])
}

fn share(most: f64) -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(prop_oneof![Just(1.0), 0.25..=most])
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("curso#1".to_string()),
        Just("ação|x".to_string()),
        ".{1,20}",
        "[0-9a-f]{6,10}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fA-F]{12}",
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let segments = proptest::option::of(proptest::collection::vec((0..9_000_000i64, 0..9_000_000i64), 0..5));
    let video = (0..8usize, text(), integer(), integer(), length(), share(4.0), share(1.0), segments).prop_map(
        |(action, video, position_millis, to_millis, length_millis, rate, threshold, segments)| {
            let action = VideoAction::ALL[action];
            Body::Video(VideoEvent {
                action,
                video,
                position_millis,
                to_millis,
                length_millis,
                rate,
                threshold,
                segments,
            })
        },
    );
    let optional = || proptest::option::of(text());
    let quiz = (0..3usize, text(), optional(), 1..99u32, optional(), any::<Option<bool>>(), double(), length())
        .prop_map(|(action, quiz, question, attempt, response, correct, score, elapsed_millis)| {
            let attempt_id = response.clone();
            let (max_score, scaled, attempt) = (score, score, Some(attempt).filter(|attempt| *attempt > 1));
            let action = QuizAction::ALL[action];
            Body::Quiz(QuizEvent {
                action,
                quiz,
                question,
                attempt,
                attempt_id,
                response,
                correct,
                score,
                max_score,
                scaled,
                elapsed_millis,
            })
        });
    let described = (text(), optional(), integer(), length(), optional()).prop_map(
        |(object, section, position, length_millis, url)| {
            Body::Described(Description { object, section, position, length_millis, url })
        },
    );
    let viewed = text().prop_map(|object| Body::Viewed { object });
    prop_oneof![video, quiz, described, viewed, Just(Body::Enrolled), Just(Body::Unenrolled), Just(Body::Completed)]
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let who =
        (any::<[u8; 16]>(), 0..3u8, text(), proptest::option::of(text()), proptest::option::of(text()), 0..3usize);
    let when = (integer(), 0..2_000_000_000_000i64, -720..720i16, 0..3u32, any::<u16>(), 0..4usize);
    (who, when, source(), body()).prop_map(|(who, when, source, body)| {
        let (id, learner, course, session, title, role) = who;
        let (time_millis, arrival_millis, zone_offset_minutes, settings_version, flags, protocol) = when;
        let (id, learner) = (EventId(id), Pseudonym([learner; 16]));
        let role = [Role::Learner, Role::Staff, Role::Test][role];
        let (flags, protocol) = (Flags::from_bits(flags.into()), Protocol::ALL[protocol]);
        Event {
            id,
            learner,
            course,
            session,
            role,
            title,
            time_millis,
            arrival_millis,
            zone_offset_minutes,
            settings_version,
            flags,
            protocol,
            source,
            body,
        }
    })
}

proptest! {
    #[test]
    fn a_record_reads_back(events in proptest::collection::vec(event(), 0..60)) {
        let decoded = decode(&encode("escola", &events)).unwrap();
        prop_assert_eq!(decoded, Decoded { tenant: "escola".into(), events });
    }

    #[test]
    fn a_cut_or_flipped_record_is_refused(events in proptest::collection::vec(event(), 1..40), at: usize, bit in 0..8u8) {
        let record = encode("t", &events);
        prop_assert!(decode(&record[..at % record.len()]).is_err());
        let mut flipped = record.clone();
        let at = at % record.len();
        flipped[at] ^= 1 << bit;
        let decoded = decode(&flipped);
        prop_assert!(decoded.is_err() || decoded == decode(&record), "byte {} bit {}", at, bit);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut record = b"TRLH\x02\x00".to_vec();
        record.extend_from_slice(&bytes);
        prop_assert!(decode(&record).is_err());
        for form in [ZSTD, ZSTD_WITH_DICTIONARY] {
            record[5] = form;
            prop_assert!(decode(&record).is_err());
        }
    }

    #[test]
    fn a_body_changed_anywhere_never_panics(
        events in proptest::collection::vec(event(), 1..20),
        at: usize,
        byte: u8,
        length: Option<bool>,
    ) {
        let mut record = plain(&events);
        let at = HEAD_BYTES + 4 + at % (record.len() - HEAD_BYTES - 4);
        match length {
            None => record[at] = byte,
            Some(true) => record.insert(at, byte),
            Some(false) => drop(record.remove(at)),
        }
        sealed(&mut record);
        if let Ok(decoded) = decode(&record) {
            prop_assert_eq!(decode(&encode(&decoded.tenant, &decoded.events)), Ok(decoded));
        }
    }

    #[test]
    fn packing_keeps_every_event_once_in_its_bucket(events in proptest::collection::vec(event(), 0..60)) {
        let (records, too_large) = pack("t", &events);
        prop_assert!(too_large.is_empty());
        let mut seen = Vec::new();
        for packed in &records {
            let decoded = decode(&packed.bytes).unwrap().events;
            prop_assert_eq!(decoded.len(), packed.events.len());
            // What the records before left behind is not in it.
            prop_assert_eq!(&packed.bytes, &encode("t", &decoded));
            for (event, at) in decoded.iter().zip(&packed.events) {
                prop_assert_eq!(event.learner.bucket(), packed.bucket);
                prop_assert_eq!(event, &events[*at]);
                seen.push(*at);
            }
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..events.len()).collect::<Vec<_>>());
    }
}

/// A record of form 0, whatever its length.
fn plain(events: &[Event]) -> Vec<u8> {
    let record = encode("t", events);
    if record[5] == PLAIN {
        return record;
    }
    let mut input = crate::packing::Input::new(&record[HEAD_BYTES + 4..]);
    let count = input.varint().unwrap();
    let length = input.varint().unwrap();
    let ids = input.take(16 * count as usize).unwrap();
    let body = frame::decompressed(input.rest(), length as usize, <[u8]>::to_vec).unwrap();
    let mut out = b"TRLH\x02\x00\0\0\0\0".to_vec();
    varint(&mut out, count);
    out.extend_from_slice(ids);
    out.extend_from_slice(&body);
    sealed(&mut out);
    out
}

/// Puts the checksum right.
fn sealed(record: &mut [u8]) {
    let checksum = checksum(record);
    record[HEAD_BYTES..HEAD_BYTES + 4].copy_from_slice(&checksum.to_be_bytes());
}

/// A record of no event with a body of zeros, which claims another length.
fn claiming(claimed: usize, bytes: usize) -> Result<Decoded, RecordError> {
    let mut record = b"TRLH\x02\x01\0\0\0\0\0".to_vec();
    varint(&mut record, claimed as u64);
    record.extend_from_slice(&zstd::bulk::compress(&vec![0; bytes], 1).unwrap());
    sealed(&mut record);
    decode(&record)
}

#[test]
fn a_bomb_and_another_version_are_refused() {
    let bomb = 64 * 1024 * 1024;
    assert_eq!(claiming(bomb, bomb), Err(RecordError::Damaged("it claims a body of over 4 MiB")));
    assert_eq!(claiming(1024, bomb), Err(RecordError::Damaged("its zstd frame")));
    assert_eq!(decode(b"TRLH\x01\x00"), Err(RecordError::Unknown(1)));
    assert_eq!(decode(b"TRLH\x03\x00"), Err(RecordError::Unknown(3)));
    assert_eq!(decode(b"TRLH\x02\x07"), Err(RecordError::Unknown(7)));
    for cut in [&b"TRLH"[..], b"TRLH\x02"] {
        assert_eq!(decode(cut), Err(RecordError::Damaged("it ends after its magic bytes")));
    }
    assert_eq!(decode(b"{}"), Err(RecordError::Foreign));
}

fn viewed() -> Event {
    let mut event = golden_record().events.remove(2);
    event.body = Body::Viewed { object: "page".into() };
    event
}

#[test]
fn texts_that_many_events_share_are_not_copied_without_bound() {
    let long = |bytes: usize| Event { course: "c".repeat(bytes), ..viewed() };
    let most = MAX_EVENT_TEXT_BYTES - "page".len() - "s1".len() - "id-3".len();
    assert!(decode(&encode("t", &[long(most)])).is_ok());
    let refused = Err(RecordError::Damaged("an event's texts are too long"));
    assert_eq!(decode(&encode("t", &vec![long(most + 1); 9])), refused);
    let (records, too_large) = pack("t", &[long(most + 1), viewed(), long(most)]);
    assert_eq!((records[0].events.clone(), too_large), (vec![1, 2], vec![0]));
}

#[test]
fn all_texts_of_an_event_count_and_so_do_its_pairs() {
    let half = "x".repeat(MAX_EVENT_TEXT_BYTES / 2);
    let rest = |more: usize| "x".repeat(MAX_EVENT_TEXT_BYTES / 2 - "c".len() + more);
    let quiz = |more: usize| QuizEvent { quiz: half.clone(), response: Some(rest(more)), ..QuizEvent::default() };
    let asked = |more: usize| QuizEvent { quiz: half.clone(), question: Some(rest(more)), ..QuizEvent::default() };
    let about = |more: usize| Description { object: half.clone(), url: Some(rest(more)), ..Description::default() };
    let event =
        |body: Body| Event { course: "c".into(), session: None, source: Source::None, title: None, body, ..viewed() };
    let bodies = |body: &dyn Fn(usize) -> Body| [body(0), body(1)];
    for [full, over] in [
        bodies(&|more| Body::Quiz(quiz(more))),
        bodies(&|more| Body::Quiz(asked(more))),
        bodies(&|more| Body::Described(about(more))),
    ] {
        let (records, too_large) = pack("t", &[event(full), event(over)]);
        assert_eq!((records.len(), too_large), (1, vec![1]));
    }
    let pairs = (0..100_000).map(|at| (at * 1_000_003 % 36_000_000, at * 777_767 % 36_000_000)).collect();
    let mut listed = crate::loose::Draft::video(VideoAction::Paused, "v".into());
    listed.segments = Some(pairs);
    assert_eq!(pack("t", &[event(Body::Video(listed))]), (vec![], vec![0]));
}

#[test]
fn a_record_holds_so_many_events_and_tables_no_more_than_these_can_point_to() {
    let refused = Err(RecordError::Damaged("a count"));
    let events = |count: usize| vec![Event { body: Body::Enrolled, ..viewed() }; count];
    assert!(decode(&encode("t", &events(MAX_EVENTS))).is_ok());
    assert_eq!(decode(&encode("t", &events(MAX_EVENTS + 1))), refused);
    let own =
        |(at, event): (usize, Event)| Event { session: Some(format!("s{at}")), title: Some(format!("t{at}")), ..event };
    let own = events(MAX_EVENTS).into_iter().enumerate().map(own).collect::<Vec<_>>();
    assert!(decode(&encode("t", &own)).is_ok());
    let strings = (0..40_000).map(|at| Event { course: format!("{at}"), ..viewed() }).collect::<Vec<_>>();
    assert_eq!(decode(&encode("t", &strings)), refused);
}

#[test]
fn values_that_no_reader_lets_in_are_refused() {
    let video = |change: fn(&mut VideoEvent)| {
        let mut event = golden_record().events.remove(0);
        let Body::Video(video) = &mut event.body else { panic!("the first is about a video") };
        change(video);
        event
    };
    let quiz = |change: fn(&mut QuizEvent)| {
        let mut event = golden_record().events.remove(1);
        let Body::Quiz(quiz) = &mut event.body else { panic!("the second is about a quiz") };
        change(quiz);
        event
    };
    let wild = [
        video(|video| video.length_millis = Some(i64::MAX)),
        video(|video| video.length_millis = Some(0)),
        video(|video| video.position_millis = Some(1_000_000_000_001)),
        video(|video| video.to_millis = Some(i64::MIN)),
        video(|video| video.rate = Some(f64::NAN)),
        video(|video| video.rate = Some(0.0)),
        video(|video| video.rate = Some(0.249)),
        video(|video| video.rate = Some(0.1)),
        video(|video| video.rate = Some(4.001)),
        video(|video| video.rate = Some(-1.0)),
        video(|video| video.rate = Some(1e9)),
        video(|video| video.threshold = Some(-1.0)),
        video(|video| video.threshold = Some(1.001)),
        video(|video| video.segments = Some(vec![(0, 1_000_000_000_001)])),
        quiz(|quiz| quiz.score = Some(f64::INFINITY)),
        quiz(|quiz| quiz.max_score = Some(f64::NAN)),
        quiz(|quiz| quiz.elapsed_millis = Some(-1)),
        Event { time_millis: Some(1_000_000_000_000_001), ..viewed() },
        Event { time_millis: Some(-1_000_000_000_000_001), ..viewed() },
        Event { arrival_millis: i64::MAX, time_millis: None, ..viewed() },
    ];
    for event in wild {
        assert!(
            matches!(decode(&encode("t", std::slice::from_ref(&event))), Err(RecordError::Damaged(_))),
            "{event:?}"
        );
    }
}

/// A record as version 2 wrote it: read for ever, and by `schemas/tests/read_record.py`, too.
#[test]
fn the_golden_records_of_version_2_read() {
    let golden = include_bytes!("../../golden/record-v2.bin");
    let decoded = decode(golden).unwrap();
    assert_eq!(decoded, golden_record());
    assert_eq!(encode("escola", &decoded.events), golden);
    let many = include_bytes!("../../golden/record-v2-zstd.bin");
    let decoded = decode(many).unwrap();
    assert_eq!(decoded.events, many_golden());
    let with_dictionary = include_bytes!("../../golden/record-v2-dictionary.bin");
    let decoded = decode(with_dictionary).unwrap();
    assert_eq!(decoded.events, many_golden());
}

#[test]
fn a_frame_that_began_from_nothing_is_read_too() {
    let same = vec![noisy(1); 100];
    let mut plain = plain(&same);
    let body = plain.split_off(HEAD_BYTES + 4 + 1 + 16 * same.len());
    let mut record = plain;
    record[5] = ZSTD;
    let mut length = Vec::new();
    varint(&mut length, body.len() as u64);
    record.splice(HEAD_BYTES + 5..HEAD_BYTES + 5, length);
    // So searched for, a run is told as one byte repeated from one back, which is where matches begin without a dictionary.
    record.extend_from_slice(&zstd::bulk::compress(&body, 19).unwrap());
    sealed(&mut record);
    assert_eq!(decode(&record), Ok(Decoded { tenant: "t".into(), events: same }));
}

/// So many that they are compressed, of several learners.
fn many_golden() -> Vec<Event> {
    let [video, quiz, enrolled] = &golden_record().events[..] else { panic!("three") };
    let event = |at: u8| {
        let mut event = [video, quiz, enrolled][usize::from(at % 3)].clone();
        event.id = EventId([at; 16]);
        event.learner = Pseudonym([0xab, at % 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, at % 4]);
        event.arrival_millis += i64::from(at) * 1_500;
        event
    };
    (0..60).map(event).collect()
}

fn golden_record() -> Decoded {
    let event = |at: u8, body: Body| Event {
        id: EventId([at; 16]),
        learner: Pseudonym([0xab; 16]),
        course: "turma-1".into(),
        session: Some("s1".into()),
        role: Role::Learner,
        title: None,
        time_millis: Some(1_772_479_800_250 + i64::from(at)),
        arrival_millis: 1_772_479_801_000,
        zone_offset_minutes: -180,
        settings_version: 1,
        flags: Flags::NO_ZONE,
        protocol: Protocol::Xapi,
        source: if at == 2 { Source::InId } else { Source::Given(format!("id-{at}")) },
        body,
    };
    let video = VideoEvent {
        action: VideoAction::Paused,
        video: "v1".into(),
        position_millis: Some(12_500),
        to_millis: None,
        length_millis: Some(300_000),
        rate: Some(1.25),
        threshold: Some(0.8),
        segments: Some(vec![(0, 5_000), (10_000, 12_500)]),
    };
    let quiz = QuizEvent {
        quiz: "q".into(),
        question: Some("q1".into()),
        attempt: Some(2),
        response: Some("b".into()),
        correct: Some(false),
        score: Some(0.5),
        max_score: Some(2.0),
        elapsed_millis: Some(4_200),
        ..QuizEvent::default()
    };
    let events = vec![event(1, Body::Video(video)), event(2, Body::Quiz(quiz)), event(3, Body::Enrolled)];
    Decoded { tenant: "escola".into(), events }
}

/// An event with a title of so many characters that compress little.
fn noisy(chars: usize) -> Event {
    let mut state = chars as u64;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + (state >> 58) as u8)
    };
    let title = Some((0..chars).map(|_| letter()).collect());
    Event { title, ..golden_record().events[2].clone() }
}

#[test]
fn a_group_is_parted_until_each_record_fits() {
    let mut events: Vec<Event> = (0..41).map(|at| noisy(10_000 + at)).collect();
    events[20] = noisy(20_000);
    let (records, too_large) = pack("t", &events);
    let positions: Vec<Vec<usize>> = records.iter().map(|record| record.events.clone()).collect();
    assert_eq!((positions, too_large), (vec![(0..20).collect(), (21..41).collect()], vec![20]));
    let sizes = |events: usize| -> Vec<usize> {
        let (records, _) = pack("t", &vec![noisy(1); events]);
        records.iter().map(|record| record.events.len()).collect()
    };
    assert_eq!((sizes(4_096), sizes(4_097)), (vec![4_096], vec![2_048, 2_049]));
}

#[test]
fn a_body_is_compressed_where_that_pays() {
    let few = encode("t", &[noisy(1)]);
    let many = encode("t", &vec![noisy(1); 100]);
    assert!(is_ours(&few) && is_ours(&many) && !is_ours(b"{}") && !is_ours(b"TRL"));
    assert_eq!((few[5], many[5]), (PLAIN, ZSTD_WITH_DICTIONARY));
    assert!(many.len() < 100 * 16 + 2 * few.len(), "{} bytes", many.len());
}

#[test]
fn a_body_is_as_long_as_it_claims_and_at_most_4_mib() {
    // A body of zeros has no tenant, no text, no learner and no shape.
    assert_eq!(claiming(5, 5), Ok(Decoded { tenant: String::new(), events: Vec::new() }));
    assert_eq!(MAX_BODY_BYTES, 4_194_304);
    assert_eq!(claiming(MAX_BODY_BYTES, MAX_BODY_BYTES), Err(RecordError::Damaged("bytes left over")));
    let one_more = MAX_BODY_BYTES + 1;
    assert_eq!(claiming(one_more, one_more), Err(RecordError::Damaged("it claims a body of over 4 MiB")));
    assert_eq!(claiming(1_024, 1_000), Err(RecordError::Damaged("its body's length")));
}

#[test]
fn a_body_that_no_encoder_writes_is_refused() {
    let record = plain(&golden_record().events[2..]);
    // After the head, the checksum, the count and the id: the tenant, four texts' codes and bytes, the learner, the shape.
    let texts = record.windows(8).position(|bytes| bytes == b"turma-1s").unwrap();
    let learner = texts + "turma-1s1id-3".len() + 1;
    let shape = learner + 16 + 1;
    let with = |at: usize, value: u8| {
        let mut record = record.clone();
        record[at] = value;
        sealed(&mut record);
        decode(&record)
    };
    assert!(with(shape, 34).is_ok());
    for (at, value, what) in [
        (texts - 1, 3 << 2 | 3, "a text's kind"),
        (texts - 1, 4 << 2 | 2, "a UUID"),
        (texts, 0xff, "a text"),
        (learner - 1, 2, "a count"),
        (shape, 37, "an event's type"),
        (shape, 8, "an event's type"),
        (shape, 32, "an object is missing"),
    ] {
        assert_eq!(with(at, value), Err(RecordError::Damaged(what)), "{at} {value}");
    }
    let mut longer = record.clone();
    longer.push(0);
    sealed(&mut longer);
    assert_eq!(decode(&longer), Err(RecordError::Damaged("bytes left over")));
}

/// A record of one event, the first byte of its shape and what follows it changed.
fn reshaped(event: &Event, change: fn(&mut [u8])) -> Result<Decoded, RecordError> {
    let mut record = plain(std::slice::from_ref(event));
    let learner = record.windows(16).rposition(|bytes| bytes == event.learner.0).unwrap();
    change(&mut record[learner + 17..]);
    sealed(&mut record);
    decode(&record)
}

#[test]
fn a_type_has_no_fields_of_others_and_one_source_id() {
    let [video, quiz, enrolled] = &golden_record().events[..] else { panic!("three") };
    let refused = Err(RecordError::Damaged("a field that its type does not have"));
    assert_eq!(reshaped(video, |shape| shape[0] = 32), refused);
    assert_eq!(reshaped(quiz, |shape| shape[0] = 32), refused);
    assert_eq!(reshaped(video, |shape| shape[0] = 36), refused);
    let page = Event { body: Body::Viewed { object: "page".into() }, ..enrolled.clone() };
    assert_eq!(reshaped(&page, |shape| shape[0] = 33), refused);
    let in_id = |shape: &mut [u8]| shape[1] |= Column::SourceInId.bit() as u8;
    assert_eq!(reshaped(enrolled, in_id), Err(RecordError::Damaged("two source ids")));
    assert!(reshaped(quiz, in_id).is_ok());
}

#[test]
fn indices_point_into_their_tables() {
    let event = |learner: u8, score: f64, body: Option<Body>| {
        // Its greatest score takes a place behind the table of numbers.
        let (score, max_score) = (Some(score), Some(1e9));
        let quiz = QuizEvent { quiz: "q".into(), score, max_score, ..QuizEvent::default() };
        let learner = Pseudonym([learner; 16]);
        Event { learner, arrival_millis: 0, time_millis: None, body: body.unwrap_or(Body::Quiz(quiz)), ..viewed() }
    };
    // Behind the tables: each one's shape, each one's learner, their arrivals, their sessions, and in the end the two scores,
    // the two greatest, of six bytes each, and the three source ids.
    let record = plain(&[event(1, 1e-9, None), event(2, 1e-8, None), event(1, 0.0, Some(Body::Enrolled))]);
    let numbers = record.windows(8).position(|bytes| bytes == 1e-8f64.to_le_bytes()).unwrap();
    let (shapes, learners, scores) = (numbers + 8, numbers + 11, record.len() - 17);
    assert_eq!(record[shapes..shapes + 9], [0, 0, 1, 0, 1, 0, 0, 0, 0]);
    assert_eq!(record[scores..][..2], [1, 3]);
    for (at, value, what) in [
        (shapes, 2, "a shape's index"),
        (shapes, 3, "an index"),
        (learners, 2, "a learner's index"),
        (learners, 3, "an index"),
        (shapes + 9, 4, "a text's index"),
        (scores, 5, "a number's index"),
        (scores + 1, 5, "a number's index"),
    ] {
        let mut record = record.clone();
        record[at] = value;
        sealed(&mut record);
        assert_eq!(decode(&record), Err(RecordError::Damaged(what)), "{at} {value}");
    }
}

#[test]
fn each_event_tells_which_of_the_learners_it_is_of() {
    let events = many_golden();
    let record = Record::read(&encode("escola", &events)).unwrap();
    assert_eq!((record.len(), record.learner_count(), record.is_empty()), (60, 4, false));
    for (at, event) in events.iter().enumerate() {
        assert_eq!((record.event(at).learner, record.learner_index(at)), (event.learner, at % 4));
    }
    let none = Record::read(&encode("t", &[])).unwrap();
    assert_eq!((none.len(), none.learner_count(), none.is_empty()), (0, 0, true));
}

#[test]
fn symbols_are_those_of_the_events_texts() {
    let events = golden_record().events;
    let record = Record::read(&encode("escola", &events)).unwrap();
    assert_eq!(record.tenant(), "escola");
    assert_eq!(record.len(), events.len());
    for (at, event) in events.iter().enumerate() {
        assert_eq!(&record.event(at).owned(&record), event);
        assert_eq!(record.texts().get(record.event(at).course), event.course);
    }
    assert_eq!(record.events().collect::<Vec<_>>(), events);
}
