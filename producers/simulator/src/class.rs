//! A class over the days of its courses: every event, in the order of sending.

use crate::calendar::{Calendar, MILLIS_PER_DAY};
use crate::catalogue::{self, Course};
use crate::event::Person;
use crate::json::Writer;
use crate::learner::Profile;
use crate::merge::{Merge, Sending};
use crate::rng::Rng;
use crate::walker::{Pace, Start, Walker};

/// Monday 2026-08-03, 08:00 in Brasília.
const DEFAULT_START_MILLIS: i64 = 1_785_754_800_000;
const DEFAULT_LEARNERS: u32 = 200;
/// However few or many events are asked for; so that memory is bounded, further events come from further terms.
const FEWEST_LEARNERS: u32 = 10;
const MOST_LEARNERS: u32 = 100_000;
/// The year 3000.
const LATEST_START_MILLIS: i64 = 32_503_680_000_000;
const LEARNERS_PER_COURSE: u32 = 400;
const MOST_COURSES_BY_DEFAULT: u32 = 12;

/// What to simulate. Numbers out of range are brought into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassConfig {
    /// How many learners. `None`: 200, or with a number of events as many as make about that many in one
    /// run of the courses (1,000,000 events: some 1,900 learners, 5 courses), 10 to 100,000.
    pub learners: Option<u32>,
    /// How many events, exactly. `None`: as many as come in one run of the courses. When one run has fewer, the
    /// next ones follow, with new course ids; when it has more, it is cut.
    pub events: Option<u64>,
    /// The same seed (and the rest) gives the same bytes.
    pub seed: u64,
    /// When the first events happen: milliseconds since 1970 UTC, at most the year 3000; by default Monday
    /// 2026-08-03, 08:00 in Brasília.
    pub start_millis: i64,
    /// How many days a course lasts: 1 to 366, by default 14.
    pub days: u32,
    /// How many courses: 1 to 1,000. `None`: one for each 400 learners, at most 12.
    pub courses: Option<u32>,
    /// How many videos each course has: 1 to 200, by default 12. There is a quiz after each three.
    pub videos: u32,
}

impl Default for ClassConfig {
    fn default() -> ClassConfig {
        ClassConfig {
            learners: None,
            events: None,
            seed: 1,
            start_millis: DEFAULT_START_MILLIS,
            days: 14,
            courses: None,
            videos: 12,
        }
    }
}

/// How an event reaches the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// When it happens.
    OnTime,
    /// Some time after it happened, so that others overtake it.
    Late,
    /// A second time: the same bytes were sent before.
    Resent,
}

/// When an event happened and was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The event's own time: milliseconds since 1970 UTC.
    pub time_millis: i64,
    /// When the client sends it; never before `time_millis`, and it never goes back from one event to the next.
    pub sent_millis: i64,
    /// How it is delivered.
    pub delivery: Delivery,
}

/// One event of a simulated class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedEvent {
    /// When it happened and was sent.
    pub sent: Sent,
    /// The event as one line of native JSON, without the line end.
    pub json: String,
}

/// A simulated class: an iterator over its events in the order of sending.
///
/// For speed use [`Class::write_next`], which reuses the caller's buffer.
#[derive(Debug)]
pub struct Class {
    config: Resolved,
    run: u32,
    courses: Vec<Course>,
    pub(crate) merge: Merge,
    writer: Writer,
    left: Option<u64>,
}

/// A configuration with every number decided.
#[derive(Debug, Clone)]
struct Resolved {
    learners: u32,
    courses: u32,
    videos: u32,
    days: u32,
    seed: u64,
    start_millis: i64,
}

impl Class {
    /// The class that the configuration describes; nothing has happened yet.
    pub fn new(config: &ClassConfig) -> Class {
        let resolved = Resolved::new(config);
        let courses = resolved.courses(0);
        let merge = Merge::new(resolved.walkers(0, &courses));
        Class { config: resolved, run: 0, courses, merge, writer: Writer::new(), left: config.events }
    }

    /// How many learners there are.
    pub fn learners(&self) -> u32 {
        self.config.learners
    }

    /// The ids of the courses that run at the moment.
    pub fn course_ids(&self) -> impl Iterator<Item = &str> {
        self.courses.iter().map(|course| course.id.as_str())
    }

    /// The ids of the questions whose key is wrong: one in each course.
    pub fn broken_questions(&self) -> impl Iterator<Item = &str> {
        let questions = self.courses.iter().flat_map(|course| &course.quizzes).flat_map(|quiz| &quiz.questions);
        questions.filter(|question| question.form.is_broken()).map(|question| question.id.as_str())
    }

    /// Appends the next event's JSON to the buffer, without a line end; `None` at the end of the class.
    pub fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Sent> {
        let sending = self.next_sending()?;
        self.writer.write(&self.courses, &sending.event, out);
        Some(sending.sent())
    }

    pub(crate) fn next_sending(&mut self) -> Option<Sending> {
        let Some(left) = &mut self.left else {
            return self.merge.next(&self.courses);
        };
        *left = left.checked_sub(1)?;
        loop {
            if let Some(sending) = self.merge.next(&self.courses) {
                return Some(sending);
            }
            self.run += 1;
            self.courses = self.config.courses(self.run);
            self.merge = Merge::new(self.config.walkers(self.run, &self.courses));
        }
    }
}

impl Iterator for Class {
    type Item = SimulatedEvent;

    fn next(&mut self) -> Option<SimulatedEvent> {
        let mut json = Vec::with_capacity(320);
        let sent = self.write_next(&mut json)?;
        let json = String::from_utf8(json).expect("ids and titles are UTF-8");
        Some(SimulatedEvent { sent, json })
    }
}

impl Sending {
    pub(crate) fn sent(&self) -> Sent {
        Sent { time_millis: self.event.act.time_millis, sent_millis: self.sent_millis, delivery: self.delivery }
    }
}

impl Resolved {
    fn new(config: &ClassConfig) -> Resolved {
        let videos = config.videos.clamp(1, 200);
        let days = config.days.clamp(1, 366);
        let learners = match (config.learners, config.events) {
            (Some(learners), _) => learners.max(1),
            (None, None) => DEFAULT_LEARNERS,
            (None, Some(events)) => learners_for(events, videos, days),
        };
        Resolved {
            learners,
            courses: config.courses.unwrap_or(usual_courses(learners)).clamp(1, 1_000),
            videos,
            days,
            seed: config.seed,
            start_millis: config.start_millis.clamp(0, LATEST_START_MILLIS),
        }
    }

    fn courses(&self, run: u32) -> Vec<Course> {
        catalogue::courses(self.seed, self.courses, self.videos, run)
    }

    /// Teachers, then learners course by course in their order.
    fn walkers(&self, run: u32, courses: &[Course]) -> impl Iterator<Item = Walker> {
        let staff = (0..courses.len() as u16).map(move |course| self.teacher(run, course));
        staff.chain((0..self.learners).flat_map(move |number| self.enrolments(run, number)))
    }

    /// The start of a run, on the same day of the week as the first one's, a week or more after the end of the last.
    fn start_millis(&self, run: u32) -> i64 {
        let weeks_apart = self.days.div_ceil(7) + 2;
        self.start_millis + i64::from(run) * i64::from(weeks_apart) * 7 * MILLIS_PER_DAY
    }

    fn teacher(&self, run: u32, course: u16) -> Walker {
        let person = Person::Staff(u32::from(course) + 1);
        let start = Start { seed: self.seed, run, person, course, joins_millis: self.start_millis(run) };
        let profile = Profile::staff();
        let mut rng = Rng::keyed(self.seed, &[0x57, run.into(), course.into()]);
        let calendar = Calendar::new(self.start_millis(run), self.days, &profile, &mut rng);
        Walker::new(&start, profile, Pace::Calendar(calendar))
    }

    /// One course, or two for one learner in five of a class that has more than one.
    fn enrolments(&self, run: u32, number: u32) -> impl Iterator<Item = Walker> {
        let mut rng = Rng::keyed(self.seed, &[0xE0, run.into(), number.into()]);
        let first = self.favourite_course(&mut rng);
        let second = (first + 1 + rng.below(self.courses.saturating_sub(1))) % self.courses;
        let both = second != first && rng.chance(200);
        let days_of_first = both.then_some(0);
        let second = both.then(|| self.enrolment(run, number, second, Some(1), &mut rng));
        std::iter::once(self.enrolment(run, number, first, days_of_first, &mut rng)).chain(second)
    }

    /// The lower the number of a course, the more learners it has.
    fn favourite_course(&self, rng: &mut Rng) -> u32 {
        rng.below(self.courses).min(rng.below(self.courses))
    }

    fn enrolment(&self, run: u32, number: u32, course: u32, alternate: Option<u32>, rng: &mut Rng) -> Walker {
        let run_start_millis = self.start_millis(run);
        let latest_seconds = if rng.chance(850) { 4 * 3_600 } else { 3 * 86_400 };
        let joins_millis = run_start_millis + rng.seconds(60, latest_seconds);
        let course = course as u16;
        let start = Start { seed: self.seed, run, person: Person::Learner(number), course, joins_millis };
        let profile = Profile::learner(self.seed, number);
        let mut calendar = Calendar::new(run_start_millis, self.days, &profile, rng);
        calendar.alternate = alternate;
        Walker::new(&start, profile, Pace::Calendar(calendar))
    }
}

/// One for each few hundred learners.
fn usual_courses(learners: u32) -> u32 {
    learners.div_ceil(LEARNERS_PER_COURSE).min(MOST_COURSES_BY_DEFAULT)
}

/// As many learners as make a little more than so many events in one run (measured; one learner in five of several
/// courses takes two).
fn learners_for(events: u64, videos: u32, days: u32) -> u32 {
    let per_learner = u64::from((36 * videos).min(35 * days));
    let several_courses = events / per_learner > u64::from(LEARNERS_PER_COURSE);
    let per_learner = if several_courses { per_learner * 6 / 5 } else { per_learner };
    u32::try_from(events / per_learner).unwrap_or(u32::MAX).clamp(FEWEST_LEARNERS, MOST_LEARNERS)
}
