//! Items stay writable: 4,096 events or 64 KB, whatever is sent, and what does not fit is counted.

#![allow(clippy::unwrap_used, clippy::disallowed_macros, reason = "a test may panic and print")]

mod make;

use std::collections::HashMap;

use make::{BASE_MILLIS, Dice, event, video};
use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::quiz::QuizItem;
use trilha_core::video::VideoItem;
use trilha_core::views::{QuizView, VideoView};
use trilha_core::{Folded, MAX_ITEM_BYTES, MAX_ITEM_EVENTS};
use trilha_schemas::event::{Body, Event, QuizEvent, Source, VideoAction, VideoEvent};
use trilha_schemas::ids::{EventId, Pseudonym, first_16};
use trilha_schemas::native;
use trilha_schemas::packing::Damaged;
use trilha_simulator::{Class, ClassConfig};

/// Year 9999 and year 0, in milliseconds.
const LATEST_MILLIS: i64 = 253_402_300_799_000;
const EARLIEST_MILLIS: i64 = -62_167_219_200_000;
/// The farthest position that a reader lets in.
const FARTHEST_MILLIS: i64 = 1_000_000_000_000;

/// Folds one event a call into two items, one of which is stored and read every time: they must stay the same.
fn fold_videos(events: &[Event]) -> (VideoItem, VideoView, Folded) {
    let (mut kept, mut stored) = (VideoItem::default(), VideoItem::default());
    let (mut view, mut folded) = (VideoView::default(), Folded::default());
    for (at, event) in events.iter().enumerate() {
        let one = kept.fold([event], &mut view);
        let other = stored.fold([event], &mut VideoView::default());
        assert_eq!(one, other, "event {at}");
        if at % 64 == 0 || one.beyond_state() > 0 && folded.beyond_state() == 0 {
            stored = VideoItem::decode(&stored.encode()).expect("an item reads back");
        }
        folded += one;
    }
    assert_eq!(kept.encode(), stored.encode());
    (kept, view, folded)
}

/// The video events that take most room: far apart in time and place, at odd rates, in sessions or with lists.
fn wild_video(id: u64, dice: &mut Dice) -> Event {
    let far = |dice: &mut Dice| if dice.roll(2) == 0 { FARTHEST_MILLIS } else { -FARTHEST_MILLIS };
    let listed = dice.roll(200) == 0;
    let pairs: Vec<(i64, i64)> = (0..dice.roll(8)).map(|_| (far(dice), far(dice))).collect();
    let body = Body::Video(VideoEvent {
        position_millis: Some(FARTHEST_MILLIS),
        to_millis: Some(-FARTHEST_MILLIS),
        length_millis: Some(36_000_000),
        rate: Some(1.1),
        threshold: Some(0.7),
        segments: listed.then_some(pairs),
        ..video(VideoAction::Seeked)
    });
    let time = EARLIEST_MILLIS + id as i64 * ((LATEST_MILLIS - EARLIEST_MILLIS) / 3_000);
    let mut event = event(1, id.wrapping_mul(0x9e37_79b9_7f4a_7c15), Some(time), body);
    event.session = (dice.roll(9) == 0).then(|| format!("{:512}", dice.roll(9)));
    event.title = (dice.roll(9) == 0).then(|| "é".repeat(dice.roll(200)));
    event.source = if listed { Source::Given("s".repeat(512)) } else { Source::None };
    event
}

#[test]
fn no_video_item_outgrows_its_bounds_and_the_rest_is_counted() {
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let events: Vec<Event> = (0..3_000).map(|id| wild_video(id, &mut dice)).collect();
        let (item, view, folded) = fold_videos(&events);
        let bytes = item.encode().len();
        assert!(bytes <= MAX_ITEM_BYTES, "seed {seed}: {bytes} bytes");
        assert!(folded.beyond_state() > 0);
        assert_eq!(folded.applied + folded.beyond_state(), 3_000);
        assert_eq!(view.beyond_state, i64::from(folded.beyond_state()));
    }
}

#[test]
fn the_densest_events_reach_the_bound_on_events() {
    // Of a session with a list, only the ids of the other events are kept.
    let listed = VideoEvent { segments: Some(vec![(0, 9_000)]), ..video(VideoAction::Paused) };
    let mut events = vec![event(1, 1, Some(BASE_MILLIS), Body::Video(listed))];
    let paused = |id| event(1, id, Some(BASE_MILLIS + id as i64), Body::Video(video(VideoAction::Paused)));
    events.extend((2..=5_000).map(paused));
    events.iter_mut().for_each(|event| event.session = Some("s".into()));
    let (item, view, folded) = fold_videos(&events);
    assert_eq!(folded.applied as usize, MAX_ITEM_EVENTS);
    assert_eq!(view.beyond_state as usize, 5_000 - MAX_ITEM_EVENTS);
    assert!(item.encode().len() <= MAX_ITEM_BYTES);
    assert_eq!(fold_again(item, &events[..MAX_ITEM_EVENTS]).duplicates as usize, MAX_ITEM_EVENTS);
}

#[test]
fn what_lies_beyond_counts_nowhere_and_is_counted() {
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let mut events: Vec<Event> = (0..3_000).map(|id| wild_video(id, &mut dice)).collect();
        dice.shuffle(&mut events);
        let (mut view, mut kept) = (VideoView::default(), VideoView::default());
        let beyond = VideoItem::default().fold(&events, &mut view).beyond;
        let inside = events.iter().filter(|event| !beyond.contains(&event.id));
        assert_eq!(VideoItem::default().fold(inside, &mut kept).beyond, []);
        assert!(beyond.len() > 100 && view.beyond_state == beyond.len() as i64 && kept.beyond_state == 0);
        kept.beyond_state = view.beyond_state;
        assert_eq!(view, kept, "seed {seed}");
    }
}

#[test]
fn what_lies_beyond_in_a_quiz_counts_nowhere_and_is_counted() {
    let mut events: Vec<Event> = (0..5_000).map(|id| wild_answer(id, id % 700, 20)).collect();
    Dice(1).shuffle(&mut events);
    let (mut view, mut kept) = (QuizView::default(), QuizView::default());
    let beyond = QuizItem::default().fold(&events, &mut view).beyond;
    let inside = events.iter().filter(|event| !beyond.contains(&event.id));
    assert_eq!(QuizItem::default().fold(inside, &mut kept).beyond, []);
    assert!(beyond.len() > 100 && view.beyond_state == beyond.len() as i64);
    kept.beyond_state = view.beyond_state;
    assert!(view == kept);
}

#[test]
fn a_learner_who_scrubs_for_three_hours_reaches_the_bound_and_no_more() {
    let jump = |at: u64| {
        let place = |at: u64| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 10_800_000) as i64;
        let body = Body::Video(VideoEvent {
            position_millis: Some(place(at)),
            to_millis: Some(place(at + 1)),
            length_millis: Some(10_800_000),
            ..video(VideoAction::Seeked)
        });
        Event { session: Some("s".into()), ..event(1, at, Some(BASE_MILLIS + 500 * at as i64), body) }
    };
    let events: Vec<Event> = (0..21_600).map(jump).collect();
    let (mut item, mut view) = (VideoItem::default(), VideoView::default());
    let folded = item.fold(&events, &mut view);
    assert_eq!(folded.applied + folded.beyond_state(), 21_600);
    assert_eq!(view.beyond_state, i64::from(folded.beyond_state()));
    assert!((2_000..=MAX_ITEM_EVENTS as u32).contains(&folded.applied), "{} events", folded.applied);
    assert!(item.encode().len() <= MAX_ITEM_BYTES);
    // A resend of one that is kept changes nothing; of one that is not, it is counted again.
    assert_eq!(item.fold(&events[..9], &mut view).duplicates, 9);
    assert_eq!(item.fold(&events[21_000..21_009], &mut view).beyond_state(), 9);
}

#[test]
fn stored_items_out_of_bounds_are_refused() {
    let too_long = vec![1; MAX_ITEM_BYTES + 1];
    assert!(VideoItem::decode(&too_long).is_err_and(|damaged| damaged.0.contains("64 KB")));
    assert!(QuizItem::decode(&too_long).is_err_and(|damaged| damaged.0.contains("64 KB")));
    assert!(ActivityItem::decode(&too_long).is_err_and(|damaged| damaged.0.contains("64 KB")));
    let far = |far: i64| {
        let mut stored = vec![1, 1, 1, 2];
        [far, 0, far, 0].into_iter().for_each(|value| trilha_schemas::packing::zigzag(&mut stored, value));
        [&stored[..], &[0, 0]].concat()
    };
    assert!(ActivityItem::decode(&far(1_000_000)).is_ok());
    assert_eq!(ActivityItem::decode(&far(i64::MAX)).map(drop), Err(Damaged("a time")));
}

fn fold_again(mut item: VideoItem, events: &[Event]) -> Folded {
    let mut view = VideoView::default();
    let folded = item.fold(events, &mut view);
    assert_eq!(view, VideoView::default());
    folded
}

#[test]
fn of_what_can_speak_no_more_only_ids_are_kept() {
    let in_session = |id: u64, video: VideoEvent| {
        let body = Body::Video(VideoEvent { position_millis: Some(1_000_000), ..video });
        Event { session: Some("s".into()), ..event(1, id, Some(BASE_MILLIS + id as i64), body) }
    };
    let mut item = VideoItem::default();
    let mut view = VideoView::default();
    (0..400).for_each(|id| _ = item.fold([&in_session(id, video(VideoAction::Paused))], &mut view));
    for speaks in [video(VideoAction::Watched), VideoEvent { segments: Some(vec![]), ..video(VideoAction::Paused) }] {
        let id = 1_000 + u64::from(speaks.segments.is_some());
        item.fold([&in_session(id, speaks)], &mut view);
        assert!(item.encode().len() < 400 * 8 + 64, "{} bytes", item.encode().len());
    }
}

#[test]
fn no_quiz_item_outgrows_its_bounds_and_the_rest_is_counted() {
    for (questions, title_chars) in [(1, 0), (3, 200), (4_000, 0), (4_000, 200), (4_000, 20)] {
        let (mut item, mut stored) = (QuizItem::default(), QuizItem::default());
        let (mut view, mut folded) = (QuizView::default(), Folded::default());
        for id in 0..5_000u64 {
            let event = wild_answer(id, id % questions, title_chars);
            let one = item.fold([&event], &mut view);
            assert_eq!(stored.fold([&event], &mut QuizView::default()), one, "answer {id}");
            if id % 16 == 0 {
                stored = QuizItem::decode(&stored.encode()).expect("an item reads back");
            }
            folded += one;
        }
        let bytes = item.encode().len();
        assert!(bytes <= MAX_ITEM_BYTES, "{questions} questions: {bytes} bytes");
        assert!(folded.beyond_state() > 0);
        assert_eq!(folded.applied + folded.beyond_state(), 5_000);
        assert_eq!(view.beyond_state, i64::from(folded.beyond_state()));
    }
}

fn wild_answer(id: u64, question: u64, title_chars: usize) -> Event {
    let body = Body::Quiz(QuizEvent {
        quiz: "quiz".into(),
        question: Some(format!("{question:128}")),
        attempt: Some(i32::MAX as u32),
        score: Some(1.0),
        max_score: Some(1.0),
        correct: Some(true),
        elapsed_millis: Some(9_000_000),
        ..QuizEvent::default()
    });
    let time = if id.is_multiple_of(2) { EARLIEST_MILLIS } else { LATEST_MILLIS };
    let mut event = event(1, id, Some(time + id as i64), body);
    event.title = (title_chars > 0).then(|| "é".repeat(title_chars));
    event
}

#[test]
fn no_activity_item_outgrows_its_bounds_and_the_rest_is_counted() {
    let mut item = ActivityItem::default();
    let mut change = ActivityChange::default();
    let mut folded = Folded::default();
    for at in 0..6_000i64 {
        // Far apart, so that each hour brings a day; the last minute of an hour takes most room.
        let hour = EARLIEST_MILLIS / 3_600_000 + at * 14_583;
        let event = event(1, at as u64, Some((hour * 60 + 59) * 60_000), Body::Enrolled);
        folded += item.fold([&event], &mut change);
    }
    assert!(item.encode().len() <= MAX_ITEM_BYTES, "{} bytes", item.encode().len());
    assert!(folded.beyond_state() > 0);
    assert_eq!(change.course.beyond_state, i64::from(folded.beyond_state()));
    // What it has room for goes on: another minute of an hour that it has.
    let event = event(1, 0, Some(EARLIEST_MILLIS + 5), Body::Enrolled);
    assert_eq!(item.fold([&event], &mut change).beyond_state(), 0);
    assert_eq!(ActivityItem::decode(&item.encode()).expect("an item reads back").encode(), item.encode());
}

#[test]
fn an_activity_item_keeps_the_ids_of_so_many_late_events_and_has_room_for_others() {
    let mut item = ActivityItem::default();
    let mut change = ActivityChange::default();
    let mut folded = Folded::default();
    for id in 0..5_000u64 {
        let mut event = event(1, id, Some(BASE_MILLIS), Body::Enrolled);
        make::stamp(&mut event, BASE_MILLIS + 49 * 3_600_000);
        folded += item.fold([&event], &mut change);
    }
    assert_eq!((folded.applied, folded.beyond_state()), (4_096, 904));
    assert!(item.encode().len() <= MAX_ITEM_BYTES);
    let event = event(1, 5_000, Some(BASE_MILLIS), Body::Enrolled);
    assert_eq!(item.fold([&event], &mut change).applied, 1);
}

#[test]
fn two_years_of_daily_work_fit_an_activity_item() {
    let mut item = ActivityItem::default();
    let mut change = ActivityChange::default();
    for minute in (0..730 * 4 * 60).step_by(7) {
        let (day, minute) = (minute / 240, minute % 240);
        let time = BASE_MILLIS + (day * 1_440 + minute) * 60_000;
        assert_eq!(item.fold([&event(1, 0, Some(time), Body::Enrolled)], &mut change).beyond_state(), 0, "day {day}");
    }
    println!("two years of four hours a day: {} bytes", item.encode().len());
    assert!(item.encode().len() <= MAX_ITEM_BYTES);
}

#[test]
fn a_lecture_of_three_hours_fits() {
    let heartbeat = |at: u64| {
        let from = at as i64 * 10_000;
        let body = VideoEvent {
            position_millis: Some(from),
            to_millis: Some(from + 10_000),
            length_millis: Some(3 * 3_600_000),
            rate: Some(1.25),
            ..video(VideoAction::Watched)
        };
        let mut event = event(1, at * 0x0123_4567_89ab, Some(BASE_MILLIS + at as i64 * 8_000), Body::Video(body));
        event.session = Some("0b6e4d0e-2f0a-4f0e-9a51-0a4f5d2c6b11".into());
        event
    };
    let events: Vec<Event> = (0..1_080).map(heartbeat).collect();
    let (item, view, folded) = fold_videos(&events);
    assert_eq!((folded.applied, folded.beyond_state()), (1_080, 0));
    assert_eq!((view.plays, view.content_millis), (1, 3 * 3_600_000));
    println!("a lecture of 3 h in heartbeats of 10 s: {} bytes", item.encode().len());
    assert!(item.encode().len() <= MAX_ITEM_BYTES / 2);
}

#[test]
fn an_item_of_a_simulated_class_takes_under_3_kb_in_the_mean() {
    let mut videos: HashMap<(String, String), VideoItem> = HashMap::new();
    let mut quizzes: HashMap<(String, String), QuizItem> = HashMap::new();
    let mut activities: HashMap<String, ActivityItem> = HashMap::new();
    for simulated in Class::new(&ClassConfig { events: Some(40_000), ..ClassConfig::default() }) {
        let Some((learner, event)) = stamped(&simulated.json, simulated.sent.sent_millis) else { continue };
        activities.entry(learner.clone()).or_default().fold([&event], &mut ActivityChange::default());
        match &event.body {
            Body::Video(video) => {
                let item = videos.entry((learner, video.video.clone())).or_default();
                item.fold([&event], &mut VideoView::default());
            }
            Body::Quiz(quiz) => {
                let item = quizzes.entry((learner, quiz.quiz.clone())).or_default();
                item.fold([&event], &mut QuizView::default());
            }
            _ => {}
        }
    }
    check_mean("video", videos.values().map(|item| item.encode().len()).collect());
    check_mean("quiz", quizzes.values().map(|item| item.encode().len()).collect());
    check_mean("activity", activities.values().map(|item| item.encode().len()).collect());
}

fn check_mean(kind: &str, bytes: Vec<usize>) {
    let (total, most) = (bytes.iter().sum::<usize>(), bytes.iter().max().expect("items of every kind"));
    println!("{kind}: {} items, {} bytes in the mean, at most {most}", bytes.len(), total / bytes.len());
    assert!(total / bytes.len() < 3 * 1024);
}

fn stamped(json: &str, arrival_millis: i64) -> Option<(String, Event)> {
    let sent = native::read(json).expect("a simulated event is read");
    let learner = sent.learner.clone()?;
    let mut bytes = [0; 16];
    learner.bytes().enumerate().for_each(|(at, byte)| bytes[at % 16] ^= byte.rotate_left(at as u32 / 16));
    let pseudonym = Pseudonym(first_16(&bytes));
    let (id, _) = EventId::of("t", &pseudonym, &sent);
    let mut event = event(0, 0, sent.time_millis, sent.body);
    (event.id, event.learner, event.course, event.session) = (id, pseudonym, sent.course, sent.session);
    (event.title, event.role, event.arrival_millis) = (sent.title, sent.role, arrival_millis);
    Some((learner, event))
}
