//! A class's events, packed into records of one shard.

use trilha_schemas::event::{
    Body, Description, Event, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent,
};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::record;

pub const TENANT: &str = "tenant";
pub const COURSES: [&str; 2] = ["course a", "course|b"];
/// Two buckets of two learners each.
pub const LEARNERS: usize = 4;
/// 2026-03-02T12:00:00Z.
const BASE_MILLIS: i64 = 1_772_452_800_000;

/// One stream record.
#[derive(Debug, Clone)]
pub struct Rec {
    pub sequence_number: String,
    pub partition_key: String,
    pub bytes: Vec<u8>,
}

pub fn learner(number: usize) -> Pseudonym {
    let mut bytes = [number as u8; 16];
    bytes[0] = if number < LEARNERS / 2 { 0x10 } else { 0xf0 };
    bytes[1] &= 0x0f;
    Pseudonym(bytes)
}

/// An event at a second, all else plain; the id must differ from every other's.
pub fn event(who: usize, id: u64, second: i64, body: Body) -> Event {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let time_millis = BASE_MILLIS + second * 1000;
    Event {
        id: EventId(bytes),
        learner: learner(who),
        course: COURSES[0].into(),
        session: None,
        role: Role::Learner,
        title: None,
        time_millis: Some(time_millis),
        arrival_millis: time_millis + 300,
        zone_offset_minutes: -180,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body,
    }
}

pub fn video(action: VideoAction, seconds: impl Into<Option<i64>>) -> VideoEvent {
    let from = seconds.into().map(|seconds| seconds * 1000);
    let ranged = matches!(action, VideoAction::Watched | VideoAction::Seeked);
    VideoEvent {
        action,
        video: "video".into(),
        position_millis: from,
        to_millis: from.filter(|_| ranged).map(|from| from + 10_000),
        length_millis: None,
        rate: None,
        threshold: None,
        segments: None,
    }
}

pub fn quiz(question: &str, correct: bool) -> QuizEvent {
    QuizEvent {
        quiz: "quiz".into(),
        question: Some(question.into()),
        response: Some(if correct { "right" } else { "wrong" }.into()),
        correct: Some(correct),
        ..QuizEvent::default()
    }
}

/// A record of events that share a bucket, in place `at` of the shard.
pub fn record(at: usize, events: &[Event]) -> Rec {
    let mut packed = records(at, events);
    assert_eq!(packed.len(), 1, "one bucket");
    packed.remove(0)
}

/// Records from place `at` of the shard on.
pub fn records(at: usize, events: &[Event]) -> Vec<Rec> {
    let (packed, too_large) = record::pack(TENANT, events);
    assert!(too_large.is_empty());
    let placed = (at + 1..).zip(packed);
    let record = placed.map(|(place, packed)| Rec {
        sequence_number: format!("4959033827149025660855969253836157109592157598913{:07}", 7 * place),
        partition_key: packed.bucket.partition_key(),
        bytes: packed.bytes,
    });
    record.collect()
}

/// A source of choices that is the same for the same seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }
}

/// A class: few learners on few objects, so that changes take each other back; some events late, some sent twice, some
/// of staff. One class in three does little but give and take titles.
pub fn class(dice: &mut Dice) -> Vec<Rec> {
    let narrow = dice.roll(3) == 0;
    let mut sent: Vec<Event> = Vec::new();
    let mut all = Vec::new();
    let chunks = 4 + dice.roll(10);
    for chunk in 0..chunks {
        let mut events: Vec<Event> = Vec::new();
        for _ in 0..1 + dice.roll(4) {
            let again = !sent.is_empty() && dice.roll(8) == 0;
            let event = match (again, narrow) {
                (true, _) => sent[dice.roll(sent.len())].clone(),
                (_, true) => titled(sent.len() as u64, chunk as i64, dice),
                _ => act(sent.len() as u64, chunk as i64, dice),
            };
            sent.push(event.clone());
            events.push(event);
        }
        all.extend(records(all.len(), &events));
    }
    all
}

fn titled(id: u64, chunk: i64, dice: &mut Dice) -> Event {
    let action =
        [VideoAction::Interacted, VideoAction::Interacted, VideoAction::Played, VideoAction::Paused][dice.roll(4)];
    let place = (action != VideoAction::Interacted).then(|| 5 * dice.roll(4) as i64);
    let body = Body::Video(video(action, place));
    let mut event = event(dice.roll(2), id, 20 * chunk + dice.roll(20) as i64, body);
    event.session = Some("session".into());
    event.title = (action == VideoAction::Interacted).then(|| ["Old title", "New title"][dice.roll(2)].into());
    event
}

fn act(id: u64, chunk: i64, dice: &mut Dice) -> Event {
    let second = 20 * chunk + dice.roll(20) as i64 - if dice.roll(5) == 0 { 60 } else { 0 };
    let body = match dice.roll(10) {
        0..6 => Body::Video(player(dice)),
        6..8 => Body::Quiz(answered(dice)),
        8 => present(dice),
        _ => Body::Described(Description {
            object: "video".into(),
            section: Some("One".into()),
            ..Description::default()
        }),
    };
    let days = if dice.roll(8) == 0 { dice.roll(3) as i64 } else { 0 };
    let mut event = event(dice.roll(LEARNERS), id, second + 86_400 * days, body);
    event.course = COURSES[usize::from(dice.roll(6) == 0)].into();
    event.session = (dice.roll(2) == 0).then(|| "session".into());
    event.title = (dice.roll(2) == 0).then(|| ["Old title", "New title"][dice.roll(2)].into());
    match dice.roll(20) {
        0 => event.role = Role::Staff,
        1 => event.role = Role::Test,
        2 => event.flags.insert(Flags::OTHER_PROTOCOL),
        3 => event.flags.insert(Flags::LATE),
        4 => event.time_millis = None,
        _ => {}
    }
    event
}

fn present(dice: &mut Dice) -> Body {
    match dice.roll(6) {
        0 => Body::Viewed { object: "page".into() },
        1 => Body::Completed,
        2 | 3 => Body::Unenrolled,
        _ => Body::Enrolled,
    }
}

fn player(dice: &mut Dice) -> VideoEvent {
    use VideoAction::{Interacted, Paused, Played, Seeked, Watched};
    let action = [Played, Paused, Interacted, Interacted, Seeked, Watched][dice.roll(6)];
    let mut video = video(action, (action != Interacted).then(|| 5 * dice.roll(8) as i64));
    video.video = ["video", "video", "film"][dice.roll(3)].into();
    video.length_millis = (dice.roll(4) == 0).then(|| [60_000, 45_000][dice.roll(2)]);
    video
}

fn answered(dice: &mut Dice) -> QuizEvent {
    let mut quiz = quiz(["q1", "q2"][dice.roll(2)], dice.roll(2) == 0);
    quiz.attempt = (dice.roll(2) == 0).then(|| 1 + dice.roll(2) as u32);
    if dice.roll(6) == 0 {
        (quiz.action, quiz.question) = (QuizAction::Submitted, None);
    }
    quiz
}
