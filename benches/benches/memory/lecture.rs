//! One video of three hours, as learners may watch it.

use trilha_benches::stamped;
use trilha_schemas::event::{Body, Event, Protocol, Role, SentEvent, SourceId, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;

/// 2026-03-02T12:00:00Z.
const START_MILLIS: i64 = 1_772_452_800_000;
const LENGTH_MILLIS: i64 = 3 * 3_600_000;
const HEARTBEAT_MILLIS: i64 = 10_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// How it is watched, and how that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Heartbeats of 10 s from end to end.
    Heartbeats,
    /// The same, arriving in any order.
    Shuffled,
    /// Heartbeats with a jump every five minutes, and now and then another rate.
    Jumping,
    /// Plays and pauses every one to three minutes, and jumps, without heartbeats.
    Pairs,
    /// The same as xAPI statements, each with the `played-segments` so far.
    Lists,
    /// Two jumps a second for three hours.
    Scrubbing,
}

impl Way {
    pub(crate) const ALL: [Way; 6] =
        [Way::Heartbeats, Way::Shuffled, Way::Jumping, Way::Pairs, Way::Lists, Way::Scrubbing];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::Heartbeats => "heartbeats of 10 s in order",
            Way::Shuffled => "the same shuffled",
            Way::Jumping => "heartbeats with jumps and rates",
            Way::Pairs => "plays and pauses",
            Way::Lists => "the same with played-segments",
            Way::Scrubbing => "two jumps a second",
        }
    }
}

/// What the learner of that number sends, in the order of arrival.
pub(crate) fn events(way: Way, learner: u64) -> Vec<Event> {
    let mut player = Player::new(learner);
    match way {
        Way::Heartbeats | Way::Shuffled => player.watch_to_the_end(),
        Way::Jumping => player.jump_about(),
        Way::Pairs => player.play_and_pause(false),
        Way::Lists => player.play_and_pause(true),
        Way::Scrubbing => player.scrub(),
    }
    if way == Way::Shuffled {
        player.shuffle();
    }
    player.events
}

/// A player that tells what it does.
struct Player {
    learner: u64,
    /// SplitMix64.
    state: u64,
    time_millis: i64,
    position_millis: i64,
    rate: f64,
    events: Vec<Event>,
}

impl Player {
    fn new(learner: u64) -> Player {
        // Nobody begins at the same millisecond.
        let mut player = Player {
            learner,
            state: learner,
            time_millis: START_MILLIS,
            position_millis: 0,
            rate: 1.0,
            events: vec![],
        };
        player.time_millis += player.roll(MINUTE);
        player
    }

    /// A number below `sides`.
    fn roll(&mut self, sides: i64) -> i64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides.unsigned_abs()) as i64
    }

    fn shuffle(&mut self) {
        for at in (1..self.events.len()).rev() {
            let other = self.roll(at as i64 + 1) as usize;
            self.events.swap(at, other);
        }
    }

    fn watch_to_the_end(&mut self) {
        while self.position_millis < LENGTH_MILLIS {
            self.heartbeat();
        }
    }

    fn jump_about(&mut self) {
        for beat in 0..LENGTH_MILLIS / HEARTBEAT_MILLIS {
            if beat % 30 == 29 {
                let to = self.roll(LENGTH_MILLIS - 10 * MINUTE);
                self.seek(to, None);
            }
            if beat % 90 == 89 {
                self.rate = [0.75, 1.0, 1.25, 1.5][self.roll(4) as usize];
                self.tell(VideoAction::Interacted, None, None);
            }
            self.heartbeat();
        }
    }

    fn play_and_pause(&mut self, lists: bool) {
        let mut pairs: Vec<(i64, i64)> = Vec::new();
        while self.time_millis < START_MILLIS + LENGTH_MILLIS {
            let from = self.position_millis;
            self.tell(VideoAction::Played, None, lists.then(|| pairs.clone()));
            let played = MINUTE + self.roll(2 * MINUTE);
            self.go_on(played);
            pairs.push((from, self.position_millis));
            if self.roll(3) == 0 {
                let to = self.roll(LENGTH_MILLIS - 10 * MINUTE);
                self.seek(to, lists.then(|| pairs.clone()));
            } else {
                self.tell(VideoAction::Paused, None, lists.then(|| pairs.clone()));
            }
            self.time_millis += self.roll(20 * SECOND);
        }
    }

    fn scrub(&mut self) {
        while self.time_millis < START_MILLIS + LENGTH_MILLIS {
            self.time_millis += 500;
            let to = self.roll(LENGTH_MILLIS);
            self.seek(to, None);
        }
    }

    fn heartbeat(&mut self) {
        let from = self.position_millis;
        self.go_on(HEARTBEAT_MILLIS);
        let to = std::mem::replace(&mut self.position_millis, from);
        self.tell(VideoAction::Watched, Some(to), None);
        self.position_millis = to;
    }

    fn seek(&mut self, to: i64, list: Option<Vec<(i64, i64)>>) {
        self.tell(VideoAction::Seeked, Some(to), list);
        self.position_millis = to;
    }

    /// So much of the video goes by.
    fn go_on(&mut self, content_millis: i64) {
        self.position_millis = (self.position_millis + content_millis).min(LENGTH_MILLIS);
        self.time_millis += (content_millis as f64 / self.rate) as i64 + self.roll(100);
    }

    fn tell(&mut self, action: VideoAction, to_millis: Option<i64>, segments: Option<Vec<(i64, i64)>>) {
        let protocol = if segments.is_some() { Protocol::Xapi } else { Protocol::Native };
        let video = VideoEvent {
            action,
            video: "lecture".into(),
            position_millis: Some(self.position_millis),
            to_millis,
            length_millis: Some(LENGTH_MILLIS),
            rate: Some(self.rate),
            threshold: None,
            segments,
        };
        let sent = SentEvent {
            source_id: SourceId::Given(format!("{:032x}", u128::from(self.learner) << 64 | self.events.len() as u128)),
            time_millis: Some(self.time_millis),
            learner: Some(format!("learner {}", self.learner)),
            course: "course".into(),
            session: Some(format!("0b6e4d0e-2f0a-4f0e-9a51-{:012x}", self.learner)),
            role: Role::Learner,
            title: Some("Aula magna".into()),
            flags: Flags::empty(),
            body: Body::Video(video),
        };
        self.events.extend(stamped(sent, protocol, self.time_millis + 400));
    }
}
