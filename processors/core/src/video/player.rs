//! Pairs of play and stop: what is playing, and the segments that closing it comes to (METRICS.md, Segments).

use trilha_schemas::event::VideoAction;

use super::mark::Mark;
use super::segment::{Change, Segment};

/// How late another event still closes a play that nothing closed.
const WITNESS_WITHIN_MILLIS: i64 = 30 * 60 * 1000;
/// What a close may claim beyond the wall time that passed: a tenth, and 5 s.
const SLACK_FACTOR: f64 = 1.1;
const SLACK_MILLIS: i64 = 5_000;

/// The player as a session's events leave it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Player {
    open: Option<Open>,
}

/// A play that nothing closed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Open {
    from: i64,
    rate: f64,
    time_millis: i64,
    /// The time of the first event after it; it shows that the learner was still there.
    witness_millis: Option<i64>,
}

impl Player {
    /// The player after events in order.
    pub(super) fn after(marks: &[Mark]) -> Player {
        let mut player = Player::default();
        for mark in marks {
            player.step(mark);
        }
        player
    }

    /// The segments of events in order.
    pub(super) fn segments(marks: &[Mark]) -> Vec<Segment> {
        let mut player = Player::default();
        let mut segments: Vec<Segment> = marks.iter().filter_map(|mark| player.step(mark)).collect();
        segments.extend(player.unclosed());
        segments
    }

    /// Takes the event at the end of a session in.
    pub(super) fn append(&mut self, mark: &Mark) -> Change {
        let before = self.unclosed();
        let closed = self.step(mark);
        let after = closed.or_else(|| self.unclosed());
        if before == after { Change::None } else { Change::One { before, after } }
    }

    /// Takes a late event in, which stands at its place already. From the nearest event before it that settles what is
    /// playing, two players go on, one without the late event and one with it, until they agree.
    pub(super) fn insert(&mut self, marks: &[Mark], at: usize) -> Change {
        let settled = marks[..at].iter().rposition(Mark::settles).unwrap_or(0);
        let mut without = Player::after(&marks[settled..at]);
        let mut with = without;
        let mut before = Vec::new();
        let mut after = Vec::from_iter(with.step(&marks[at]));
        for mark in &marks[at + 1..] {
            if without == with {
                return Change::Many { before, after };
            }
            before.extend(without.step(mark));
            after.extend(with.step(mark));
        }
        before.extend(without.unclosed());
        after.extend(with.unclosed());
        *self = with;
        Change::Many { before, after }
    }

    /// The next event in order; answers the segment that it closes.
    fn step(&mut self, mark: &Mark) -> Option<Segment> {
        #[cfg(test)]
        super::tests::LOOKS.with(|looks| looks.set(looks.get() + 1));
        if mark.closes() {
            let open = self.open.take();
            self.open = mark.opens(open.as_ref());
            return open?.closed_by(mark);
        }
        if let Some(open) = &mut self.open {
            open.witness_millis.get_or_insert(mark.time_millis);
        }
        None
    }

    /// What an open play is credited with by the event after it, until something closes it.
    fn unclosed(&self) -> Option<Segment> {
        let open = self.open?;
        open.played_until(open.witness_millis?)
    }
}

impl Open {
    /// The segment up to a closing event: to its position; where it tells none, to what the wall time makes it.
    fn closed_by(&self, mark: &Mark) -> Option<Segment> {
        match mark.position_millis() {
            Some(position) => self.closed_at(position, mark.time_millis),
            None => self.played_until(mark.time_millis),
        }
    }

    /// The segment that the wall time makes it; none when that is over 30 min.
    fn played_until(&self, time_millis: i64) -> Option<Segment> {
        let wall = time_millis - self.time_millis;
        let to = self.from + (wall as f64 * self.rate + 0.5).floor() as i64;
        let segment = Segment { from: self.from, to, rate: self.rate, cut: false };
        (wall <= WITNESS_WITHIN_MILLIS).then_some(segment)
    }

    /// The segment up to a close at a position; none when it lies before the open. What the wall time cannot hold is cut.
    fn closed_at(&self, position: i64, time_millis: i64) -> Option<Segment> {
        let wall = (time_millis - self.time_millis) as f64;
        let most = self.from + (wall * self.rate * SLACK_FACTOR + 0.5).floor() as i64 + SLACK_MILLIS;
        let to = position.min(most);
        (position >= self.from).then_some(Segment { from: self.from, to, rate: self.rate, cut: position > most })
    }
}

impl Mark {
    fn closes(&self) -> bool {
        !matches!(self.action, VideoAction::Initialized | VideoAction::Interacted)
    }

    /// Whether what plays after it is the same whatever played before: only a seek goes on with what it interrupts.
    fn settles(&self) -> bool {
        self.closes() && self.action != VideoAction::Seeked
    }

    /// A play opens at its position; a seek that interrupts one opens again at its end, at the same rate.
    fn opens(&self, interrupted: Option<&Open>) -> Option<Open> {
        let (from, rate) = match self.action {
            VideoAction::Played => (self.position_millis()?, self.rate),
            VideoAction::Seeked => (self.to_millis()?, interrupted?.rate),
            _ => return None,
        };
        Some(Open { from, rate, time_millis: self.time_millis, witness_millis: None })
    }
}
