//! Events from short drafts, and random ways to deliver them. Shared by the property tests.
#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

use proptest::prelude::*;
use trilha_schemas::event::{Body, Event, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};

/// 2026-03-02T12:00:00Z.
pub const BASE_MILLIS: i64 = 1_772_452_800_000;

/// An event of a learner, all else plain.
pub fn event(learner: u8, id: u64, time_millis: Option<i64>, body: Body) -> Event {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.to_be_bytes());
    Event {
        id: EventId(bytes),
        learner: Pseudonym([learner; 16]),
        course: "course".into(),
        session: None,
        role: Role::Learner,
        title: None,
        time_millis,
        arrival_millis: time_millis.unwrap_or(BASE_MILLIS + 7_000) + 400,
        zone_offset_minutes: 0,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body,
    }
}

/// As the collector stamps it (METRICS.md, Time).
pub fn stamp(event: &mut Event, arrival_millis: i64) {
    let Some(time) = event.time_millis else { return event.arrival_millis = arrival_millis };
    let mut flags = Flags::empty();
    if time - arrival_millis > 5 * 60_000 {
        flags.insert(Flags::FUTURE_TIME);
    }
    if arrival_millis - time > 48 * 3_600_000 {
        flags.insert(Flags::LATE);
    }
    (event.arrival_millis, event.flags) = (arrival_millis, flags);
}

/// A video event without anything but an action.
pub fn video(action: VideoAction) -> VideoEvent {
    VideoEvent {
        action,
        video: "video".into(),
        position_millis: None,
        to_millis: None,
        length_millis: None,
        rate: None,
        threshold: None,
        segments: None,
    }
}

/// One step of a learner with a video; positions and times are relative to the step before.
#[derive(Debug, Clone)]
pub struct VideoDraft {
    learner: u8,
    id: u64,
    action: VideoAction,
    wait: i64,
    jump: i64,
    stretch: i64,
    placed: bool,
    session: Option<u8>,
    timed: u8,
    length: Option<i64>,
    rate: Option<f64>,
    threshold: Option<f64>,
    title: Option<u8>,
    list: Option<Vec<(i64, i64)>>,
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

fn wait() -> impl Strategy<Value = i64> {
    let half_hour = 30 * 60 * 1000;
    prop_oneof![
        4 => one_of(&[0, 1, 999, 1_000, 4_999, 5_000, 10_000, 20_000, 100_000]),
        2 => one_of(&[half_hour - 1, half_hour, half_hour + 1, half_hour + 10_000, half_hour + 10_001]),
        1 => 0..4 * half_hour,
        // It happened before the one drafted before it.
        1 => -40_000i64..0,
    ]
}

fn jump() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0i64),
        3 => one_of(&[-1_001, -1_000, -999, -1, 1, 249, 250, 251, 1_000, 1_001, 5_000]),
        1 => -60_000i64..60_000,
    ]
}

fn stretch() -> impl Strategy<Value = i64> {
    prop_oneof![
        3 => one_of(&[0, 1, 249, 250, 251, 500, 4_750, 5_000, 5_249, 5_250, 10_000]),
        2 => -2_000i64..60_000,
        1 => one_of(&[299_999, 300_000, 300_001, 400_000]),
    ]
}

fn list() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let bound = || one_of(&[-1_000i64, 0, 499, 500, 1_000, 5_249, 5_250, 20_000, 20_250, 61_000]);
    prop::collection::vec((bound(), bound()), 0..4)
}

prop_compose! {
    fn video_draft()(
        (learner, id, action) in (0u8..3, any::<u64>(), one_of(&VideoAction::ALL)),
        (wait, jump, stretch) in (wait(), jump(), stretch()),
        placed in prop::bool::weighted(0.9),
        session in prop::option::weighted(0.5, 0u8..2),
        timed in 0u8..20,
        length in prop::option::weighted(0.2, one_of(&[1i64, 10_000, 60_200, 60_250, 62_700, 120_000])),
        rate in prop::option::weighted(0.3, one_of(&[0.25, 0.7, 1.0, 1.1, 1.5, 2.0, 4.0])),
        threshold in prop::option::weighted(0.1, one_of(&[0.1, 0.5, 0.8, 1.0])),
        title in prop::option::weighted(0.2, 0u8..3),
        list in prop::option::weighted(0.1, list()),
    ) -> VideoDraft {
        VideoDraft { learner, id, action, wait, jump, stretch, placed, session, timed, length, rate, threshold, title, list }
    }
}

/// Events of three learners with one video, ids all different, in the order drafted.
pub fn video_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(video_draft(), 1..40).prop_map(|drafts| {
        let mut places = [(BASE_MILLIS, 0i64); 3];
        let mut events: Vec<Event> = drafts.iter().map(|draft| draft.event(&mut places)).collect();
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        events.sort_by_key(|event| event.arrival_millis);
        events
    })
}

/// What a session may be made of: pairs, heartbeats, all, each with what says nothing.
const PAIRS: &[VideoAction] = &[
    VideoAction::Played,
    VideoAction::Seeked,
    VideoAction::Paused,
    VideoAction::Played,
    VideoAction::Seeked,
    VideoAction::Interacted,
];
const HEARTBEATS: &[VideoAction] =
    &[VideoAction::Watched, VideoAction::Watched, VideoAction::Watched, VideoAction::Seeked];

/// Events of one learner, all with one session id or all with none, ids all different, in order of time.
pub fn dense_video_events() -> impl Strategy<Value = Vec<Event>> {
    let actions = one_of(&[PAIRS, HEARTBEATS, &VideoAction::ALL]);
    let drafts = prop::collection::vec(video_draft(), 1..60);
    (actions, any::<bool>(), 0..3u8, drafts).prop_map(|(actions, named, lists, drafts)| {
        let mut places = [(BASE_MILLIS, 0i64); 3];
        let mut make = |draft: &VideoDraft| {
            let action = actions[draft.action as usize % actions.len()];
            let list = draft.list.clone().filter(|_| lists == 0);
            let session = named.then_some(0);
            VideoDraft { learner: 0, action, list, session, ..draft.clone() }.event(&mut places)
        };
        let mut events: Vec<Event> = drafts.iter().map(&mut make).collect();
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        events.sort_by_key(|event| (event.view_time_millis(), event.id));
        events
    })
}

impl VideoDraft {
    fn event(&self, places: &mut [(i64, i64); 3]) -> Event {
        let (time, place) = &mut places[usize::from(self.learner)];
        *time += self.wait;
        let from = *place + self.jump;
        let to = from + self.stretch;
        let ranged = matches!(self.action, VideoAction::Watched | VideoAction::Seeked);
        *place = if ranged { to } else { from };
        let body = Body::Video(VideoEvent {
            position_millis: self.placed.then_some(from),
            to_millis: (ranged && !self.id.is_multiple_of(16)).then_some(to),
            length_millis: self.length,
            rate: self.rate,
            threshold: self.threshold,
            segments: self.list.clone(),
            ..video(self.action)
        });
        let mut event = event(self.learner, self.id, (self.timed != 0).then_some(*time), body);
        event.session = self.session.map(|session| format!("session {session}"));
        event.title = self.title.map(|title| format!("Title {title}"));
        if self.list.is_some() {
            event.source = Source::Given(["STATEMENT-a", "statement-B"][self.id as usize % 2].to_string());
        }
        if self.timed == 1 {
            event.arrival_millis = *time - 600_000;
            event.flags.insert(Flags::FUTURE_TIME);
        }
        event
    }
}

/// One answer; times are relative to the one drafted before.
#[derive(Debug, Clone)]
pub struct QuizDraft {
    learner: u8,
    id: u64,
    question: u8,
    action: QuizAction,
    wait: i64,
    timed: bool,
    key: (Option<u32>, Option<u8>),
    response: Option<u8>,
    correct: Option<bool>,
    score: Option<(f64, f64)>,
    scaled: Option<f64>,
    elapsed: Option<i64>,
    title: Option<u8>,
}

prop_compose! {
    fn quiz_draft()(
        (learner, id, question) in (0u8..3, any::<u64>(), 0u8..3),
        action in prop_oneof![9 => Just(QuizAction::Answered), 1 => Just(QuizAction::Submitted)],
        wait in prop_oneof![one_of(&[0i64, 1, 2_500, 4_999, 5_000, 5_001]), -10_000i64..60_000],
        timed in prop::bool::weighted(0.9),
        key in (prop::option::weighted(0.3, 1u32..4), prop::option::weighted(0.3, 0u8..2)),
        response in prop::option::weighted(0.8, 0u8..5),
        correct in prop::option::weighted(0.5, any::<bool>()),
        score in prop::option::weighted(0.5, one_of(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (5.0, 2.0), (-1.0, 2.0), (1.0, 0.0)])),
        scaled in prop::option::weighted(0.2, one_of(&[0.0, 0.333, 1.0, 1.5])),
        elapsed in prop::option::weighted(0.5, one_of(&[-1i64, 0, 999, 1_000, 59_999, 3_600_999, 9_000_000])),
        title in prop::option::weighted(0.2, 0u8..3),
    ) -> QuizDraft {
        QuizDraft { learner, id, question, action, wait, timed, key, response, correct, score, scaled, elapsed, title }
    }
}

/// Answers of three learners in one quiz, ids all different, in the order drafted.
pub fn quiz_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(quiz_draft(), 1..40).prop_map(|drafts| {
        let mut times = [BASE_MILLIS; 3];
        let mut events: Vec<Event> = drafts.iter().map(|draft| draft.event(&mut times)).collect();
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        events
    })
}

/// Answers of one learner to one question, ids all different, in the order drafted; few tell which attempt they are.
pub fn dense_quiz_events() -> impl Strategy<Value = Vec<Event>> {
    (1u8..6, prop::collection::vec(quiz_draft(), 1..40)).prop_map(|(keyed, drafts)| {
        let mut times = [BASE_MILLIS; 3];
        let mut make = |draft: &QuizDraft| {
            let key = if draft.id % 8 < u64::from(keyed) { (None, None) } else { draft.key };
            let action = QuizAction::Answered;
            QuizDraft { learner: 0, question: 0, key, action, ..draft.clone() }.event(&mut times)
        };
        let mut events: Vec<Event> = drafts.iter().map(&mut make).collect();
        events.sort_by_key(|event| event.id);
        events.dedup_by_key(|event| event.id);
        events
    })
}

impl QuizDraft {
    fn event(&self, times: &mut [i64; 3]) -> Event {
        let time = &mut times[usize::from(self.learner)];
        *time += self.wait;
        let answered = self.action == QuizAction::Answered;
        let body = Body::Quiz(QuizEvent {
            action: self.action,
            quiz: "quiz".into(),
            // The third is the quiz itself.
            question: answered
                .then(|| if self.question == 2 { "quiz".into() } else { format!("question {}", self.question) }),
            attempt: self.key.0,
            attempt_id: self.key.1.map(|id| format!("attempt {id}")),
            // Some differ only beyond what is shown.
            response: self
                .response
                .map(|response| format!("{}{response}", if response < 3 { "r".into() } else { "é".repeat(200) })),
            correct: self.correct,
            score: self.score.map(|(score, _)| score),
            max_score: self.score.map(|(_, max)| max),
            scaled: self.scaled,
            elapsed_millis: self.elapsed,
        });
        let mut event = event(self.learner, self.id, self.timed.then_some(*time), body);
        event.title = self.title.map(|title| format!("Title {title}"));
        if self.question == 2 {
            event.protocol = Protocol::Xapi;
        }
        event
    }
}

/// A sign of life: minutes and days apart, some late, some without time, in zones that move.
#[derive(Debug, Clone)]
pub struct ActivityDraft {
    learner: u8,
    wait_minutes: i64,
    millis: i64,
    timed: u8,
    zone_minutes: i16,
}

prop_compose! {
    fn activity_draft()(
        learner in 0u8..3,
        wait_minutes in prop_oneof![
            -10i64..10,
            one_of(&[55i64, 60, 65, 23 * 60, 24 * 60, 24 * 60 + 1, 6 * 1_440, 7 * 1_440, 8 * 1_440, 31 * 1_440]),
        ],
        millis in one_of(&[0i64, 1, 30_000, 59_999]),
        timed in 0u8..12,
        zone_minutes in one_of(&[-180i16, -180, -180, 0, -120, 330, 840]),
    ) -> ActivityDraft {
        ActivityDraft { learner, wait_minutes, millis, timed, zone_minutes }
    }
}

/// Events of three learners in one course.
pub fn activity_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(activity_draft(), 1..40).prop_map(|drafts| {
        let mut minutes = [BASE_MILLIS / 60_000; 3];
        let drafts = drafts.iter().enumerate();
        drafts.map(|(id, draft)| draft.event(id as u64, &mut minutes)).collect()
    })
}

impl ActivityDraft {
    fn event(&self, id: u64, minutes: &mut [i64; 3]) -> Event {
        let minute = &mut minutes[usize::from(self.learner)];
        *minute += self.wait_minutes;
        let time = *minute * 60_000 + self.millis;
        let body = Body::Viewed { object: "page".into() };
        let mut event = event(self.learner, id, (self.timed != 0).then_some(time), body);
        event.zone_offset_minutes = self.zone_minutes;
        match self.timed {
            1 => stamp(&mut event, time + 48 * 3_600_000 + 20_000),
            2 => stamp(&mut event, time - 3_600_000),
            3 => stamp(&mut event, time - 5 * 60_000 + 20_000),
            _ => {}
        }
        event
    }
}

/// Every event once, and some again later with another arrival: by any clock that is not over a minute behind.
pub fn resent(events: &[Event], dice: &mut Dice) -> Vec<Event> {
    let minute = 60_000;
    let mut queue: Vec<(usize, Event)> = Vec::new();
    for event in events {
        let place = dice.roll(1_000);
        queue.push((place, event.clone()));
        for _ in 0..dice.roll(3) {
            let mut copy = event.clone();
            let shift = [-minute, -1, 0, 1, minute, 6 * minute, 70 * minute, 49 * 60 * minute][dice.roll(8)];
            stamp(&mut copy, event.arrival_millis + shift);
            queue.push((place + 1 + dice.roll(1_000), copy));
        }
    }
    queue.sort_by_key(|(place, _)| *place);
    queue.into_iter().map(|(_, event)| event).collect()
}

/// A source of choices that is the same for the same seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    /// Any order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        (1..list.len()).rev().for_each(|at| list.swap(at, self.roll(at + 1)));
    }
}

/// One delivery: calls of up to five events, each of one learner, some of them repeats.
pub fn deliveries(events: &[Event], dice: &mut Dice) -> Vec<(Pseudonym, Vec<Event>)> {
    let mut queue = events.to_vec();
    if dice.roll(4) > 0 {
        dice.shuffle(&mut queue);
    }
    for _ in 0..dice.roll(events.len() + 1) {
        let again = events[dice.roll(events.len())].clone();
        queue.insert(dice.roll(queue.len() + 1), again);
    }
    let mut calls: Vec<(Pseudonym, Vec<Event>)> = Vec::new();
    for event in queue {
        let room = 1 + dice.roll(5);
        match calls.iter_mut().rev().take(2).find(|(who, call)| *who == event.learner && call.len() < room) {
            Some((_, call)) => call.push(event),
            None => calls.push((event.learner, vec![event])),
        }
    }
    calls
}
