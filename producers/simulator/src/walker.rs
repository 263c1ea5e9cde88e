//! One person's way through one course, an activity at a time.

use crate::answering::Attempt;
use crate::calendar::{Calendar, Sitting};
use crate::catalogue::{Course, StepKind};
use crate::event::{Act, Action, Person, Rate};
use crate::learner::{Habits, Kind, Profile};
use crate::rng::Rng;
use crate::watching::Viewing;

/// Somebody in a course. Holds no acts: they go to the caller, activity by activity.
#[derive(Debug)]
pub(crate) struct Walker {
    /// When the next activity begins; `None` when there will be none.
    pub(crate) next_millis: Option<i64>,
    person: Person,
    course: u16,
    /// Of the present sitting; 0 when the client sends none.
    session: u64,
    profile: Profile,
    rng: Rng,
    pace: Pace,
    stage: Stage,
    sitting_ends_millis: i64,
    step: u16,
    resume_at: i32,
    attempts: u8,
    was_right: u16,
}

/// When a walker studies.
#[derive(Debug, Clone)]
pub(crate) enum Pace {
    /// In sittings on the days of a course.
    Calendar(Calendar),
    /// Without end: when one learner is done, another one takes the seat.
    Live(Seat),
}

/// A place in a class that never ends.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) seed: u64,
    /// How much to add to the number of a learner for the next one on this seat.
    pub(crate) seats: u32,
    /// Wall time between heartbeats of those who sit here.
    pub(crate) heartbeat_millis: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Joining,
    Studying,
    /// One last act, then nothing.
    Parting,
}

/// Who does an activity, and in which session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) person: Person,
    pub(crate) course: u16,
    /// 0: the client sends none.
    pub(crate) session: u64,
}

/// Which walker to make; the same numbers make the same one.
pub(crate) struct Start {
    pub(crate) seed: u64,
    pub(crate) run: u32,
    pub(crate) person: Person,
    pub(crate) course: u16,
    pub(crate) joins_millis: i64,
}

impl Walker {
    pub(crate) fn new(start: &Start, profile: Profile, pace: Pace) -> Walker {
        let person = match start.person {
            Person::Learner(number) => u64::from(number) << 1,
            Person::Staff(number) => u64::from(number) << 1 | 1,
        };
        let parts = [0x3A, start.run.into(), person, start.course.into()];
        Walker {
            person: start.person,
            course: start.course,
            session: 0,
            next_millis: Some(start.joins_millis),
            profile,
            rng: Rng::keyed(start.seed, &parts),
            pace,
            stage: Stage::Joining,
            sitting_ends_millis: 0,
            step: 0,
            resume_at: 0,
            attempts: 0,
            was_right: 0,
        }
    }

    /// Who does the next activity. Ask before [`Walker::advance`], which may plan another session or seat another
    /// learner.
    pub(crate) fn identity(&self) -> Identity {
        let session = if self.stage == Stage::Studying { self.session } else { 0 };
        Identity { person: self.person, course: self.course, session }
    }

    /// A number of its own, for the ids of its events.
    pub(crate) fn key(&self) -> u64 {
        self.rng.clone().bits()
    }

    /// Appends the acts of the next activity, in order, none before `next_millis`; may append none.
    pub(crate) fn advance(&mut self, course: &Course, acts: &mut Vec<Act>) {
        let Some(now_millis) = self.next_millis else { return };
        match self.stage {
            Stage::Joining => self.join(course, now_millis, acts),
            Stage::Studying => self.study(course, now_millis, acts),
            Stage::Parting => self.part(now_millis, acts),
        }
    }

    /// Moves everything to come by some milliseconds.
    pub(crate) fn postpone(&mut self, millis: i64) {
        self.next_millis = self.next_millis.map(|next| next + millis);
        self.sitting_ends_millis += millis;
    }

    fn join(&mut self, course: &Course, now_millis: i64, acts: &mut Vec<Act>) {
        self.stage = Stage::Studying;
        if self.profile.kind == Kind::Staff {
            let described = (0..course.descriptions.len() as u16).zip(now_millis..);
            acts.extend(described.map(|(index, time_millis)| Act { time_millis, action: Action::Described { index } }));
        } else {
            acts.push(Act { time_millis: now_millis, action: Action::Enrolled });
        }
        let ready_millis = now_millis + self.rng.seconds(5, 40);
        match self.pace {
            Pace::Calendar(_) => self.plan_sitting(ready_millis),
            Pace::Live(_) => {
                self.step = self.rng.below(course.outline.len() as u32 * 7 / 8) as u16;
                self.sit_down(Sitting { starts_millis: ready_millis, ends_millis: i64::MAX / 2 });
            }
        }
    }

    fn part(&mut self, now_millis: i64, acts: &mut Vec<Act>) {
        acts.push(Act { time_millis: now_millis, action: Action::Unenrolled });
        self.next_millis = None;
    }

    fn study(&mut self, course: &Course, now_millis: i64, acts: &mut Vec<Act>) {
        if self.rng.chance(90) {
            return self.visit_forum(course, now_millis, acts);
        }
        let Some(step) = course.outline.get(usize::from(self.step)) else {
            return self.complete(now_millis, acts);
        };
        if let Pace::Calendar(calendar) = &self.pace
            && calendar.opens_millis(step.section, course.quizzes.len() as u16) > now_millis
        {
            return self.look_back(course, now_millis, acts);
        }
        let clock_millis = match step.kind {
            StepKind::Page(page) => self.read(page, now_millis, acts),
            StepKind::Video(video) => self.watch(course, video, now_millis, acts),
            StepKind::Quiz(quiz) => self.answer(course, quiz, now_millis, acts),
        };
        self.rest(clock_millis);
    }

    fn habits(&self) -> &'static Habits {
        self.profile.habits()
    }

    fn read(&mut self, page: u16, now_millis: i64, acts: &mut Vec<Act>) -> i64 {
        self.step += 1;
        if !self.rng.chance(self.habits().reads_page) {
            return now_millis;
        }
        acts.push(Act { time_millis: now_millis, action: Action::Viewed { page } });
        now_millis + self.rng.seconds(30, 420)
    }

    fn watch(&mut self, course: &Course, video: u16, now_millis: i64, acts: &mut Vec<Act>) -> i64 {
        if self.resume_at == 0 && self.rng.chance(self.habits().skips_video) {
            self.step += 1;
            return now_millis;
        }
        let position = self.resume_at;
        let viewed = self.viewing(course, video, position, now_millis, acts).watch();
        let length = course.videos[usize::from(video)].length;
        match viewed.left_at {
            Some(at) if position == 0 && at > 20_000 && at < length - 20_000 && self.rng.chance(350) => {
                self.resume_at = at - self.rng.between(0, 5_000);
            }
            _ => self.next_step(),
        }
        viewed.clock_millis
    }

    fn viewing<'a>(
        &'a mut self,
        course: &'a Course,
        video: u16,
        position: i32,
        clock_millis: i64,
        acts: &'a mut Vec<Act>,
    ) -> Viewing<'a> {
        let usual = self.profile.rate;
        Viewing {
            video: &course.videos[usize::from(video)],
            index: video,
            habits: self.profile.habits(),
            client: self.profile.client,
            rate: if self.rng.chance(850) { usual } else { Rate::NORMAL },
            clock_millis,
            position,
            rng: &mut self.rng,
            acts,
        }
    }

    fn answer(&mut self, course: &Course, quiz: u16, now_millis: i64, acts: &mut Vec<Act>) -> i64 {
        if self.profile.kind == Kind::Staff {
            self.step += 1;
            return now_millis;
        }
        self.attempts += 1;
        let attempted = Attempt {
            quiz: &course.quizzes[usize::from(quiz)],
            index: quiz,
            number: self.attempts,
            was_right: self.was_right,
            profile: &self.profile,
            clock_millis: now_millis,
            rng: &mut self.rng,
            acts,
        }
        .take();
        if attempted.tries_again {
            self.was_right = attempted.right;
        } else {
            self.next_step();
        }
        attempted.clock_millis
    }

    fn next_step(&mut self) {
        self.step += 1;
        self.resume_at = 0;
        self.attempts = 0;
        self.was_right = 0;
    }

    fn visit_forum(&mut self, course: &Course, now_millis: i64, acts: &mut Vec<Act>) {
        let page = course.pages.len() as u16 - 1;
        acts.push(Act { time_millis: now_millis, action: Action::Viewed { page } });
        let clock_millis = now_millis + self.rng.seconds(15, 240);
        self.rest(clock_millis);
    }

    /// Nothing new is open: sees the hard passage of some earlier video again, then stops for the day.
    fn look_back(&mut self, course: &Course, now_millis: i64, acts: &mut Vec<Act>) {
        let video = self.rng.below(course.videos.len() as u32) as u16;
        let seen = usize::from(video) < usize::from(self.step) * 3 / 5;
        let mut clock_millis = now_millis;
        if seen && self.rng.chance(self.habits().rewatches_hard) {
            let (from, to) = course.videos[usize::from(video)].hard;
            clock_millis =
                self.viewing(course, video, from - 10_000, now_millis, acts).review(to + 15_000).clock_millis;
        }
        self.plan_sitting(clock_millis);
    }

    fn complete(&mut self, now_millis: i64, acts: &mut Vec<Act>) {
        self.next_millis = None;
        if self.profile.kind != Kind::Staff {
            acts.push(Act { time_millis: now_millis, action: Action::Completed });
        }
        if matches!(self.pace, Pace::Live(_)) {
            self.give_up_seat(now_millis);
        }
    }

    /// What comes after an activity: a short break, the next sitting, or somebody else.
    fn rest(&mut self, clock_millis: i64) {
        let after_break_millis = clock_millis + self.rng.seconds(4, 70);
        match self.pace {
            Pace::Live(_) if self.profile.kind == Kind::Staff => {
                self.next_millis = Some(clock_millis + self.rng.seconds(300, 1_200));
            }
            Pace::Live(_) if self.rng.chance(60) => self.give_up_seat(clock_millis),
            Pace::Calendar(_) if after_break_millis >= self.sitting_ends_millis => self.plan_sitting(clock_millis),
            _ => self.next_millis = Some(after_break_millis),
        }
    }

    fn plan_sitting(&mut self, earliest_millis: i64) {
        let Pace::Calendar(calendar) = &mut self.pace else { return };
        match calendar.next_sitting(earliest_millis, &self.profile, &mut self.rng) {
            Some(sitting) => self.sit_down(sitting),
            None if self.profile.kind == Kind::DropOut && self.stage == Stage::Studying && self.rng.chance(300) => {
                self.stage = Stage::Parting;
                self.next_millis = Some(earliest_millis + self.rng.seconds(3_600, 90_000));
            }
            None => self.next_millis = None,
        }
    }

    fn sit_down(&mut self, sitting: Sitting) {
        self.next_millis = Some(sitting.starts_millis);
        self.sitting_ends_millis = sitting.ends_millis;
        self.session = if self.profile.client.sessions { self.rng.bits() | 1 } else { 0 };
    }

    /// The next learner comes in a moment and begins somewhere in the course.
    fn give_up_seat(&mut self, clock_millis: i64) {
        let Pace::Live(seat) = &self.pace else { return };
        let joins_millis = clock_millis + self.rng.seconds(5, 60);
        let (Person::Learner(number) | Person::Staff(number)) = self.person;
        let (person, profile) = match self.person {
            Person::Staff(_) => (self.person, self.profile.clone()),
            Person::Learner(_) => {
                let next = number.wrapping_add(seat.seats);
                (Person::Learner(next), live_profile(seat, next))
            }
        };
        let start = Start { seed: self.rng.bits(), run: 0, person, course: self.course, joins_millis };
        *self = Walker::new(&start, profile, self.pace.clone());
    }
}

/// A learner for a class that never ends, with the player that its seat prescribes.
pub(crate) fn live_profile(seat: &Seat, number: u32) -> Profile {
    let mut profile = Profile::learner(seat.seed, number);
    profile.client.heartbeat_millis = match profile.client.heartbeat_millis {
        0 => 0,
        _ => seat.heartbeat_millis,
    };
    profile
}
