//! Heartbeats: runs of those that continue one another, one segment each (METRICS.md, Segments).

use trilha_schemas::event::VideoAction;

use super::mark::Mark;
use super::segment::{Change, Segment};

/// |from − previous to| up to this continues a heartbeat's run.
const CONTINUES_WITHIN_MILLIS: u64 = 1_000;

/// A session's runs, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Vec<Run>);

/// Heartbeats that continue one another, or one alone.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// (time, id) of the first and the last.
    first: (i64, u64),
    last: (i64, u64),
    /// The last one's `to`.
    last_to: i64,
    /// [first from, greatest to), at the rate of the first.
    segment: Segment,
}

impl Runs {
    /// Of events in order.
    #[inline]
    pub(super) fn of(marks: &[Mark]) -> Runs {
        let mut runs = Runs::default();
        for run in marks.iter().filter_map(Run::of) {
            runs.insert_between(runs.0.len(), run);
        }
        runs
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        self.0.iter().map(|run| run.segment).collect()
    }

    /// Takes an event in, which stands at its place already.
    pub(super) fn insert(&mut self, marks: &[Mark], at: usize) -> Change {
        let Some(run) = Run::of(&marks[at]) else { return Change::None };
        let next = match self.0.last() {
            Some(last) if last.first > run.first => self.0.partition_point(|there| there.first < run.first),
            _ => self.0.len(),
        };
        match next.checked_sub(1) {
            Some(before) if self.0[before].last > run.first => self.insert_within(before, run, marks, at),
            _ => self.insert_between(next, run),
        }
    }

    /// The heartbeat lies before run `next` and after the one before that: it may continue the one, the other it.
    fn insert_between(&mut self, next: usize, beat: Run) -> Change {
        let continues = next > 0 && beat.continues(&self.0[next - 1]);
        let is_continued = self.0.get(next).is_some_and(|next| next.continues(&beat));
        match (continues, is_continued) {
            (false, false) => {
                self.0.insert(next, beat);
                Change::One { before: None, after: Some(beat.segment) }
            }
            (true, false) => self.replace(next - 1, self.0[next - 1].joined_with(&beat)),
            (false, true) => self.replace(next, beat.joined_with(&self.0[next])),
            (true, true) => {
                let (leader, follower) = (self.0[next - 1], self.0.remove(next));
                self.0[next - 1] = leader.joined_with(&beat).joined_with(&follower);
                let before = vec![leader.segment, follower.segment];
                Change::Many { before, after: vec![self.0[next - 1].segment] }
            }
        }
    }

    /// The heartbeat lies between two of a run: one that does not continue the first, or that the second does not
    /// continue, parts it.
    fn insert_within(&mut self, at: usize, beat: Run, marks: &[Mark], place: usize) -> Change {
        let mut run = self.0[at];
        let previous = marks[..place].iter().rev().find_map(Run::of);
        let next = marks[place + 1..].iter().find_map(Run::of);
        if previous.is_some_and(|previous| beat.continues(&previous)) && next.is_some_and(|next| next.continues(&beat))
        {
            run.segment.to = run.segment.to.max(beat.segment.to);
            return self.replace(at, run);
        }
        let from = marks.partition_point(|mark| mark.order() < run.first);
        let to = marks.partition_point(|mark| mark.order() <= run.last);
        let parts = Runs::of(&marks[from..to]);
        let change = Change::Many { before: vec![run.segment], after: parts.segments() };
        self.0.splice(at..=at, parts.0);
        change
    }

    fn replace(&mut self, at: usize, run: Run) -> Change {
        let before = std::mem::replace(&mut self.0[at], run);
        Change::One { before: Some(before.segment), after: Some(run.segment) }
    }
}

impl Run {
    /// A heartbeat alone; `None` for anything else, and for one that does not tell both its ends.
    fn of(mark: &Mark) -> Option<Run> {
        #[cfg(test)]
        super::tests::LOOKS.with(|looks| looks.set(looks.get() + 1));
        let (from, to) =
            mark.position_millis().zip(mark.to_millis()).filter(|_| mark.action == VideoAction::Watched)?;
        let segment = Segment { from, to, rate: mark.rate, cut: false };
        Some(Run { first: mark.order(), last: mark.order(), last_to: to, segment })
    }

    #[inline]
    fn continues(&self, before: &Run) -> bool {
        self.segment.from.abs_diff(before.last_to) <= CONTINUES_WITHIN_MILLIS
    }

    #[inline]
    fn joined_with(&self, later: &Run) -> Run {
        let segment = Segment { to: self.segment.to.max(later.segment.to), ..self.segment };
        Run { first: self.first, last: later.last, last_to: later.last_to, segment }
    }
}
