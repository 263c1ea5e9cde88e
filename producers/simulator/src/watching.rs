//! One viewing of one video: playing, skipping, going back, pausing, leaving.

use crate::catalogue::Video;
use crate::event::{Act, Action, Rate, Verb};
use crate::learner::{Client, Habits};
use crate::rng::Rng;

/// Who watches what, and from where.
pub(crate) struct Viewing<'a> {
    pub(crate) video: &'a Video,
    pub(crate) index: u16,
    pub(crate) habits: &'a Habits,
    pub(crate) client: Client,
    pub(crate) rate: Rate,
    pub(crate) clock_millis: i64,
    /// Milliseconds of content.
    pub(crate) position: i32,
    pub(crate) rng: &'a mut Rng,
    pub(crate) acts: &'a mut Vec<Act>,
}

/// How a viewing ended.
pub(crate) struct Viewed {
    pub(crate) clock_millis: i64,
    /// Where the learner left; `None` when the video was watched to its end.
    pub(crate) left_at: Option<i32>,
}

/// The next thing on the way through a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Leave,
    HardPassage,
    DullPassage,
    Interruption,
    End,
}

impl Viewing<'_> {
    /// Watches on from the position, with all that comes in between.
    pub(crate) fn watch(mut self) -> Viewed {
        let leave_at = self.rng.chance(self.habits.leaves).then(|| self.leaving_point());
        self.run(leave_at, 2)
    }

    /// Watches a passage again up to `end`, then stops.
    pub(crate) fn review(self, end: i32) -> Viewed {
        let end = end.min(self.video.length - 1);
        self.run(Some(end), 0)
    }

    fn run(mut self, leave_at: Option<i32>, mut rewatches_left: u8) -> Viewed {
        self.player(Verb::Played);
        self.skip_intro();
        loop {
            let interruption = self.position + self.next_interruption();
            let (at, mark) = self.next_mark(leave_at, interruption, rewatches_left > 0);
            self.watch_until(at);
            match mark {
                Mark::Leave => return self.leave(),
                Mark::End => return self.finish(),
                Mark::HardPassage => {
                    rewatches_left -= 1;
                    self.perhaps_rewatch();
                }
                Mark::DullPassage if self.is_bored_away() => return self.leave(),
                Mark::DullPassage => self.get_through(),
                Mark::Interruption => self.interrupt(),
            }
        }
    }

    fn leaving_point(&mut self) -> i32 {
        let left = (self.video.length - self.position).max(2);
        let early = self.rng.chance(450);
        let permille = if early { self.rng.between(10, 150) } else { self.rng.between(100, 950) };
        self.position + left / 1_000 * permille
    }

    /// Content until something happens at home or in the learner's mind.
    fn next_interruption(&mut self) -> i32 {
        let mean = self.habits.interrupted_every_minutes * 60_000;
        self.rng.between(5_000, mean) + self.rng.between(0, mean)
    }

    fn next_mark(&self, leave_at: Option<i32>, interruption: i32, rewatches: bool) -> (i32, Mark) {
        let hard = rewatches.then_some(self.video.hard.1);
        [
            (leave_at, Mark::Leave),
            (hard.filter(|end| *end > self.position), Mark::HardPassage),
            (Some(self.video.dull.0).filter(|start| *start > self.position), Mark::DullPassage),
            (Some(interruption), Mark::Interruption),
            (Some(self.video.length), Mark::End),
        ]
        .into_iter()
        .filter_map(|(at, mark)| at.map(|at| (at.max(self.position), mark)))
        .min()
        .expect("a video has an end")
    }

    /// Plays up to a position, a heartbeat at a time.
    fn watch_until(&mut self, end: i32) {
        let percent = self.rate.percent();
        let beat = match self.client.heartbeat_millis {
            0 => i32::MAX,
            millis => (i64::from(millis) * percent / 100) as i32,
        };
        while self.position < end {
            let jitter = self.rng.between(-150, 150);
            let from = self.position;
            self.position = end.min(from.saturating_add(beat.saturating_add(jitter)));
            self.clock_millis += i64::from(self.position - from) * 100 / percent;
            if self.client.heartbeat_millis > 0 {
                let (video, to, rate) = (self.index, self.position, self.rate);
                self.act(Action::Watched { video, from, to, rate });
            }
        }
    }

    fn skip_intro(&mut self) {
        if self.position == 0 && self.rng.chance(self.habits.skips_intro) {
            let seen = self.rng.between(500, 5_000);
            self.watch_until(seen);
            let end = self.video.intro_end + self.rng.between(-1_500, 4_000);
            self.seek(end.max(seen));
        }
    }

    fn perhaps_rewatch(&mut self) {
        if self.rng.chance(self.habits.rewatches_hard) {
            let back = self.video.hard.0 - self.rng.between(0, 8_000);
            self.seek(back.max(0));
        }
    }

    fn is_bored_away(&mut self) -> bool {
        self.rng.chance((self.video.dullness * self.habits.bored_tenths / 10).min(900))
    }

    /// The dull passage: jumped over, hurried through or watched.
    fn get_through(&mut self) {
        if self.rng.chance(self.habits.skips_dull) {
            let end = self.video.dull.1 + self.rng.between(-3_000, 6_000);
            self.seek(end);
        } else if self.rng.chance(60) {
            self.rate = Rate::FASTEST;
            self.player(Verb::Played);
        }
    }

    fn interrupt(&mut self) {
        let ahead = self.position + self.rng.between(15, 75) * 1_000;
        if self.rng.chance(self.habits.jumps) && ahead < self.video.length - 20_000 {
            self.seek(ahead);
        } else if self.rng.chance(150) {
            let back = self.position - self.rng.between(8, 20) * 1_000;
            self.seek(back.max(0));
        } else {
            self.player(Verb::Paused);
            let long = self.rng.chance(80);
            self.clock_millis += if long { self.rng.seconds(240, 1_500) } else { self.rng.seconds(4, 150) };
            self.player(Verb::Played);
        }
    }

    /// Closes the player properly, closes it at once, or just leaves the tab.
    fn leave(mut self) -> Viewed {
        match self.rng.pick(&[45, 25, 30]) {
            0 => {
                self.player(Verb::Paused);
                self.clock_millis += self.rng.seconds(1, 30);
                self.player(Verb::Terminated);
            }
            1 => self.player(Verb::Terminated),
            _ => self.clock_millis += self.rng.seconds(20, 300),
        }
        Viewed { clock_millis: self.clock_millis, left_at: Some(self.position) }
    }

    fn finish(mut self) -> Viewed {
        self.player(Verb::Completed);
        if self.rng.chance(500) {
            self.clock_millis += self.rng.seconds(1, 20);
            self.player(Verb::Terminated);
        }
        Viewed { clock_millis: self.clock_millis, left_at: None }
    }

    fn seek(&mut self, to: i32) {
        let (video, from) = (self.index, self.position);
        self.clock_millis += i64::from(self.rng.between(300, 1_500));
        self.act(Action::Seeked { video, from, to });
        self.position = to;
    }

    fn player(&mut self, verb: Verb) {
        let (video, position, rate) = (self.index, self.position, self.rate);
        self.act(Action::Player { verb, video, position, rate });
    }

    fn act(&mut self, action: Action) {
        self.acts.push(Act { time_millis: self.clock_millis, action });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use crate::learner::Profile;

    /// Many viewings of one video by all kinds of learners.
    fn viewings(check: impl Fn(&Video, &[Act], &Viewed)) {
        let course = &catalogue::courses(1, 1, 12, 0)[0];
        for number in 0..2_000 {
            let profile = Profile::learner(9, number);
            let video = &course.videos[number as usize % 12];
            let mut rng = Rng::keyed(4, &[number.into()]);
            let mut acts = Vec::new();
            let viewed = Viewing {
                video,
                index: 0,
                habits: profile.habits(),
                client: profile.client,
                rate: profile.rate,
                clock_millis: 0,
                position: 0,
                rng: &mut rng,
                acts: &mut acts,
            }
            .watch();
            check(video, &acts, &viewed);
        }
    }

    #[test]
    fn positions_stay_inside_the_video_and_time_moves_on() {
        viewings(|video, acts, viewed| {
            assert!(acts.is_sorted_by_key(|act| act.time_millis));
            assert!(acts.iter().all(|act| act.time_millis <= viewed.clock_millis));
            for act in acts {
                let (low, high) = match act.action {
                    Action::Watched { from, to, .. } => (from, to),
                    Action::Seeked { from, to, .. } => (from.min(to), from.max(to)),
                    Action::Player { position, .. } => (position, position),
                    _ => panic!("not an act on a video: {act:?}"),
                };
                assert!(0 <= low && low <= high && high <= video.length, "{act:?}");
            }
        });
    }

    #[test]
    fn only_a_video_seen_to_its_end_is_completed() {
        viewings(|_, acts, viewed| {
            let completed = acts.iter().any(|act| matches!(act.action, Action::Player { verb: Verb::Completed, .. }));
            assert_eq!(completed, viewed.left_at.is_none());
        });
    }

    #[test]
    fn heartbeats_never_cover_more_than_time_allows() {
        viewings(|_, acts, _| {
            for act in acts {
                if let Action::Watched { from, to, rate, .. } = act.action {
                    let wall = i64::from(to - from) * 100 / rate.percent();
                    assert!(wall <= 15_200 && act.time_millis >= wall, "{act:?}");
                }
            }
        });
    }
}
