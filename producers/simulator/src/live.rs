//! A class that is going on now, for demonstrations: some past at once, then without end.

use crate::catalogue::{self, Course};
use crate::class::{Sent, SimulatedEvent};
use crate::event::Person;
use crate::json::Writer;
use crate::learner::Profile;
use crate::merge::Merge;
use crate::rng::{self, Rng};
use crate::walker::{Pace, Seat, Start, Walker, live_profile};

/// How far the past reaches back.
const PAST_MILLIS: i64 = 3 * 3_600_000;
/// Those of the past; their players send a heartbeat each 15 s.
const EARLY_SEATS: u32 = 30;
const EARLY_HEARTBEAT_MILLIS: i32 = 15_000;
/// All seats: the others come shortly before now. Their players send a heartbeat each 5 s, so that a page moves.
const SEATS: u32 = 260;
const PRESENT_HEARTBEAT_MILLIS: i32 = 5_000;
const MOST_SEATS: u32 = 100_000;
const ARRIVAL_MILLIS: i32 = 4 * 60_000;
/// When nobody asked for longer, the class waited.
const LONGEST_STEP_MILLIS: i64 = 2 * 60_000;

/// Which class to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveConfig {
    /// The same seed, with the same times asked for, gives the same bytes.
    pub seed: u64,
    /// The present: milliseconds since 1970 UTC.
    pub now_millis: i64,
    /// How many courses the learners are spread over: 1 to 1,000, by default 1.
    pub courses: u32,
    /// How many learners are there at any moment: 1 to 100,000, by default 260. When one is done, another comes.
    pub seats: u32,
    /// How often the players of those who come shortly before now send a heartbeat, by default each 5,000 ms.
    pub heartbeat_millis: i32,
    /// How many videos each course has: 1 to 200, by default 12.
    pub videos: u32,
}

impl LiveConfig {
    /// One course of twelve videos and 260 learners, at this time.
    pub fn new(seed: u64, now_millis: i64) -> LiveConfig {
        let (seats, heartbeat_millis) = (SEATS, PRESENT_HEARTBEAT_MILLIS);
        LiveConfig { seed, now_millis, courses: 1, seats, heartbeat_millis, videos: 12 }
    }

    fn seats(&self) -> u32 {
        self.seats.clamp(1, MOST_SEATS)
    }

    /// Those of the past.
    fn early_seats(&self) -> u32 {
        self.seats() * EARLY_SEATS / SEATS
    }
}

/// A class of people, some 260 unless others are asked for, most of them at work at any moment.
///
/// What is due at the time of its making is its past: the catalogue and the last three hours, of 260 people at most some
/// 20,000 events. From then on 20 to 60 events a second become due. Time comes only from the caller.
#[derive(Debug)]
pub struct LiveClass {
    courses: Vec<Course>,
    merge: Merge,
    writer: Writer,
    asked_millis: i64,
}

impl LiveClass {
    /// The class; nothing has been sent yet, not even its past.
    pub fn new(config: &LiveConfig) -> LiveClass {
        let courses = config.courses.clamp(1, 1_000);
        let catalogue = catalogue::courses(config.seed, courses, config.videos.clamp(1, 200), 0);
        let seed = rng::key(config.seed, &[0x11, config.now_millis as u64]);
        let staff = (0..courses).map(|course| teacher(seed, course, config.now_millis - PAST_MILLIS));
        let learners = (0..config.seats()).map(|seat| learner(config, seed, seat, courses));
        LiveClass {
            merge: Merge::new(staff.chain(learners)),
            courses: catalogue,
            writer: Writer::new(),
            asked_millis: config.now_millis,
        }
    }

    /// The ids of the courses.
    pub fn course_ids(&self) -> impl Iterator<Item = &str> {
        self.courses.iter().map(|course| course.id.as_str())
    }

    /// Appends the next event that is due at `now_millis` to the buffer, without a line end; `None` when there is
    /// none until later.
    ///
    /// When more than two minutes have passed since the last call, what is to come moves by the rest, as if the
    /// class had waited: a computer that slept does not have to send what it missed.
    pub fn write_due(&mut self, now_millis: i64, out: &mut Vec<u8>) -> Option<Sent> {
        let missed_millis = now_millis - self.asked_millis - LONGEST_STEP_MILLIS;
        if missed_millis > 0 {
            self.merge.postpone(missed_millis);
        }
        self.asked_millis = self.asked_millis.max(now_millis);
        let sending = self.merge.next_until(&self.courses, now_millis)?;
        self.writer.write(&self.courses, &sending.event, out);
        Some(sending.sent())
    }

    /// The events that are due at `now_millis` and have not been taken yet, in the order of sending.
    pub fn due(&mut self, now_millis: i64) -> impl Iterator<Item = SimulatedEvent> {
        std::iter::from_fn(move || {
            let mut json = Vec::with_capacity(320);
            let sent = self.write_due(now_millis, &mut json)?;
            let json = String::from_utf8(json).expect("ids and titles are UTF-8");
            Some(SimulatedEvent { sent, json })
        })
    }
}

fn teacher(seed: u64, course: u32, joins_millis: i64) -> Walker {
    let person = Person::Staff(course + 1);
    let start = Start { seed, run: 0, person, course: course as u16, joins_millis };
    let seat = Seat { seed, seats: 0, heartbeat_millis: EARLY_HEARTBEAT_MILLIS };
    Walker::new(&start, Profile::staff(), Pace::Live(seat))
}

fn learner(config: &LiveConfig, seed: u64, number: u32, courses: u32) -> Walker {
    let mut rng = Rng::keyed(seed, &[0x22, number.into()]);
    let early = number < config.early_seats();
    let joins_millis = if early {
        config.now_millis - PAST_MILLIS + rng.seconds(1, 600)
    } else {
        config.now_millis - i64::from(rng.between(0, ARRIVAL_MILLIS))
    };
    let heartbeat_millis = if early { EARLY_HEARTBEAT_MILLIS } else { config.heartbeat_millis.max(1_000) };
    let seat = Seat { seed, seats: config.seats(), heartbeat_millis };
    let course = rng.below(courses) as u16;
    let start = Start { seed, run: 0, person: Person::Learner(number), course, joins_millis };
    let profile = live_profile(&seat, number);
    Walker::new(&start, profile, Pace::Live(seat))
}
