//! The people of a simulated class: what kind of learner each is, and what that means for what they do.

use crate::event::Rate;
use crate::rng::Rng;

/// A type of learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Studies a little on most days.
    Steady,
    /// Jumps over introductions and whatever seems dull.
    Skipper,
    /// Does it all in a few long sittings near the end.
    Binger,
    /// Rewatches, pauses, needs several attempts.
    Struggler,
    /// Guesses until the quiz gives way, and leaves videos running or not at all.
    Gamer,
    /// Gives up in the first half of the course.
    DropOut,
    /// Teaches; not a learner.
    Staff,
}

/// The shares of the kinds among learners, of 100.
const SHARES: [(Kind, u32); 6] = [
    (Kind::Steady, 34),
    (Kind::Skipper, 16),
    (Kind::Binger, 13),
    (Kind::Struggler, 13),
    (Kind::Gamer, 6),
    (Kind::DropOut, 18),
];

/// How often, of 1,000 occasions, a kind of learner does things.
#[derive(Debug)]
pub(crate) struct Habits {
    pub(crate) studies_on_a_day: u32,
    pub(crate) sitting_minutes: (i32, i32),
    pub(crate) skips_video: u32,
    pub(crate) reads_page: u32,
    pub(crate) skips_intro: u32,
    pub(crate) skips_dull: u32,
    pub(crate) rewatches_hard: u32,
    /// Leaves a video somewhere before its end.
    pub(crate) leaves: u32,
    /// A multiplier of the video's dullness, in tenths.
    pub(crate) bored_tenths: u32,
    /// At a moment of interruption: jumps ahead rather than pauses.
    pub(crate) jumps: u32,
    /// Mean minutes of content between interruptions.
    pub(crate) interrupted_every_minutes: i32,
    pub(crate) guesses: u32,
    pub(crate) max_attempts: u8,
    pub(crate) tries_again: u32,
    /// Tenths of a logit.
    pub(crate) ability_shift: i32,
    pub(crate) rate_weights: [u32; 5],
}

const STEADY: Habits = Habits {
    studies_on_a_day: 460,
    sitting_minutes: (25, 80),
    skips_video: 30,
    reads_page: 850,
    skips_intro: 150,
    skips_dull: 80,
    rewatches_hard: 220,
    leaves: 190,
    bored_tenths: 7,
    jumps: 80,
    interrupted_every_minutes: 9,
    guesses: 20,
    max_attempts: 3,
    tries_again: 700,
    ability_shift: 8,
    rate_weights: [55, 20, 17, 3, 5],
};

const SKIPPER: Habits = Habits {
    studies_on_a_day: 400,
    sitting_minutes: (15, 55),
    skips_video: 160,
    reads_page: 300,
    skips_intro: 850,
    skips_dull: 650,
    rewatches_hard: 60,
    leaves: 340,
    bored_tenths: 15,
    jumps: 700,
    interrupted_every_minutes: 4,
    guesses: 120,
    max_attempts: 3,
    tries_again: 600,
    ability_shift: 2,
    rate_weights: [20, 20, 30, 12, 18],
};

const BINGER: Habits = Habits {
    studies_on_a_day: 90,
    sitting_minutes: (100, 240),
    skips_video: 60,
    reads_page: 500,
    skips_intro: 450,
    skips_dull: 250,
    rewatches_hard: 120,
    leaves: 150,
    bored_tenths: 9,
    jumps: 250,
    interrupted_every_minutes: 12,
    guesses: 60,
    max_attempts: 3,
    tries_again: 600,
    ability_shift: 4,
    rate_weights: [20, 20, 35, 10, 15],
};

const STRUGGLER: Habits = Habits {
    studies_on_a_day: 500,
    sitting_minutes: (30, 90),
    skips_video: 30,
    reads_page: 900,
    skips_intro: 60,
    skips_dull: 30,
    rewatches_hard: 600,
    leaves: 260,
    bored_tenths: 11,
    jumps: 40,
    interrupted_every_minutes: 4,
    guesses: 60,
    max_attempts: 4,
    tries_again: 850,
    ability_shift: -9,
    rate_weights: [88, 8, 4, 0, 0],
};

const GAMER: Habits = Habits {
    studies_on_a_day: 350,
    sitting_minutes: (10, 40),
    skips_video: 520,
    reads_page: 100,
    skips_intro: 700,
    skips_dull: 500,
    rewatches_hard: 10,
    leaves: 620,
    bored_tenths: 25,
    jumps: 600,
    interrupted_every_minutes: 3,
    guesses: 720,
    max_attempts: 6,
    tries_again: 930,
    ability_shift: -3,
    rate_weights: [20, 10, 20, 10, 40],
};

const DROP_OUT: Habits = Habits { studies_on_a_day: 380, leaves: 450, bored_tenths: 18, ..STEADY };

const STAFF: Habits =
    Habits { studies_on_a_day: 300, sitting_minutes: (3, 12), leaves: 800, guesses: 0, ability_shift: 30, ..STEADY };

impl Kind {
    pub(crate) fn habits(self) -> &'static Habits {
        match self {
            Kind::Steady => &STEADY,
            Kind::Skipper => &SKIPPER,
            Kind::Binger => &BINGER,
            Kind::Struggler => &STRUGGLER,
            Kind::Gamer => &GAMER,
            Kind::DropOut => &DROP_OUT,
            Kind::Staff => &STAFF,
        }
    }
}

/// One person.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub(crate) kind: Kind,
    /// Tenths of a logit above an average learner.
    pub(crate) ability: i32,
    pub(crate) rate: Rate,
    pub(crate) client: Client,
}

/// What the person's player and browser send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// Wall time between `video.watched` events; 0 for a player that sends none.
    pub(crate) heartbeat_millis: i32,
    /// Sends a session id.
    pub(crate) sessions: bool,
}

impl Profile {
    /// The learner with this number: the same in each of their courses.
    pub(crate) fn learner(seed: u64, number: u32) -> Profile {
        let mut rng = Rng::keyed(seed, &[0x1E, number.into()]);
        let kind = SHARES[rng.pick(&SHARES.map(|(_, share)| share))].0;
        let habits = kind.habits();
        Profile {
            kind,
            ability: habits.ability_shift + bell(&mut rng),
            rate: Rate(rng.pick(&habits.rate_weights) as u8),
            client: Client {
                heartbeat_millis: [10_000, 12_000, 15_000, 0][rng.pick(&[20, 30, 43, 7])],
                sessions: !rng.chance(50),
            },
        }
    }

    pub(crate) fn staff() -> Profile {
        Profile {
            kind: Kind::Staff,
            ability: STAFF.ability_shift,
            rate: Rate::NORMAL,
            client: Client { heartbeat_millis: 15_000, sessions: true },
        }
    }

    pub(crate) fn habits(&self) -> &'static Habits {
        self.kind.habits()
    }
}

/// A bell-shaped draw around 0 with a deviation of about 12.
fn bell(rng: &mut Rng) -> i32 {
    (0..4).map(|_| rng.between(-10, 10)).sum()
}

/// How many of 1,000 people who are `tenths` tenths of a logit above a question know its answer.
pub(crate) fn knows_permille(tenths: i32) -> u32 {
    let permille = LOGISTIC[tenths.unsigned_abs().min(40) as usize];
    if tenths < 0 { 1_000 - permille } else { permille }
}

/// 1000 / (1 + e^(-x/10)) for x = 0 to 40, rounded.
const LOGISTIC: [u32; 41] = [
    500, 525, 550, 574, 599, 622, 646, 668, 690, 711, 731, 750, 769, 786, 802, 818, 832, 846, 858, 870, 881, 891, 900,
    909, 917, 924, 931, 937, 943, 948, 953, 957, 961, 964, 968, 971, 973, 976, 978, 980, 982,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowing_grows_with_ability() {
        assert_eq!(knows_permille(0), 500);
        assert!((-60..60).all(|tenths| knows_permille(tenths) <= knows_permille(tenths + 1)));
        assert_eq!(knows_permille(-25) + knows_permille(25), 1_000);
    }

    #[test]
    fn every_kind_of_learner_is_in_a_class() {
        let kinds: Vec<Kind> = (0..300).map(|number| Profile::learner(1, number).kind).collect();
        for (kind, share) in SHARES {
            let found = kinds.iter().filter(|found| **found == kind).count() as u32;
            assert!(found >= share && found <= 6 * share, "{kind:?}: {found} of 300");
        }
    }

    #[test]
    fn ability_spreads_around_the_middle() {
        let mut rng = Rng::keyed(3, &[]);
        let draws: Vec<i32> = (0..4_000).map(|_| bell(&mut rng)).collect();
        let mean = draws.iter().sum::<i32>() / 4_000;
        let variance = draws.iter().map(|draw| draw * draw).sum::<i32>() / 4_000;
        assert!(mean.abs() <= 1, "{mean}");
        assert!((120..170).contains(&variance), "{variance}");
    }
}
