//! What a learner's segments add up to: seconds covered, segments by bin; and what a change of segments changes in the
//! class's totals.

use std::cmp::Reverse;
use std::ops::Range;

use super::mark::Mark;
use super::seconds::Seconds;
use super::segment::{BIN_MILLIS, Change, Segment};
use super::session::Session;
use crate::views::VideoView;

/// Without a length of the learner's own, segments end here.
const LONGEST_MILLIS: i64 = 36_000_000;

/// What the segments of one item add up to.
#[derive(Debug, Clone)]
pub(super) struct Coverage {
    /// Where segments are clamped to.
    end: i64,
    /// Kept segments that touch each bin.
    bins: Vec<u16>,
    seconds: Seconds,
    kept: usize,
    /// What was changed last and is not yet counted, but for who is a viewer and what was played.
    pending: Option<[Clamped; 2]>,
    /// How many bins were moved.
    #[cfg(test)]
    pub(super) looks: usize,
}

/// What is kept of a segment, and the end that it was clamped to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clamped {
    segment: Option<Segment>,
    end: i64,
}

impl Clamped {
    fn new(segment: Option<Segment>, end: i64) -> Clamped {
        Clamped { segment: segment.and_then(|segment| segment.kept(end)), end }
    }

    fn touched(&self) -> Range<usize> {
        self.segment.map_or(0..0, |segment| segment.touched(self.end))
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Coverage::new(None)
    }
}

impl Coverage {
    pub(super) fn new(length_millis: Option<i64>) -> Coverage {
        let end = length_millis.unwrap_or(LONGEST_MILLIS);
        Coverage {
            end,
            bins: Vec::new(),
            seconds: Seconds::default(),
            kept: 0,
            pending: None,
            #[cfg(test)]
            looks: 0,
        }
    }

    /// Distinct seconds covered, once all is counted.
    pub(super) fn seconds(&self) -> i64 {
        self.seconds.covered()
    }

    pub(super) fn is_viewer(&self) -> bool {
        self.kept > 0
    }

    pub(super) fn memory_bytes(&self) -> usize {
        2 * self.bins.capacity() + self.seconds.memory_bytes()
    }

    /// Puts an event into a session.
    pub(super) fn insert(&mut self, session: &mut Session, mark: Mark, view: &mut VideoView) {
        match session.insert(mark) {
            Change::None => {}
            Change::One { before, after } => self.replace(session, before, after, view),
            Change::Many { before, after } => self.replace_all(session, before, after, view),
        }
    }

    /// Counts a session in.
    pub(super) fn add(&mut self, session: &mut Session, view: &mut VideoView) {
        self.replace_all(session, Vec::new(), session.segments(), view);
    }

    /// Takes a session's segments away.
    pub(super) fn remove(&mut self, session: &mut Session, view: &mut VideoView) {
        self.replace_all(session, session.segments(), Vec::new(), view);
    }

    /// Clamps segments to an end that lies farther on. Those that do not reach into the bin after the old end stay as they are.
    pub(super) fn move_end<'s>(
        &mut self,
        end: i64,
        sessions: impl Iterator<Item = &'s mut Session>,
        view: &mut VideoView,
    ) {
        let same_before = self.end / BIN_MILLIS * BIN_MILLIS;
        for session in sessions {
            for segment in session.segments().into_iter().filter(|segment| segment.to > same_before) {
                let (before, after) = (Clamped::new(Some(segment), self.end), Clamped::new(Some(segment), end));
                self.change(session, before, after, view);
            }
        }
        self.count(view);
        self.end = end;
    }

    fn replace_all(
        &mut self,
        session: &mut Session,
        mut before: Vec<Segment>,
        mut after: Vec<Segment>,
        view: &mut VideoView,
    ) {
        // Of two lists of one session the longer mostly begins as the shorter.
        let same = before.iter().zip(&after).take_while(|(before, after)| before == after).count();
        before.drain(..same);
        after.drain(..same);
        // The longest becomes the longest: a run that takes another in, or is parted, then costs the smaller one's length.
        for segments in [&mut before, &mut after] {
            segments.sort_by_key(|segment| Reverse(segment.to.saturating_sub(segment.from)));
        }
        for at in 0..before.len().max(after.len()) {
            self.replace(session, before.get(at).copied(), after.get(at).copied(), view);
        }
    }

    fn replace(
        &mut self,
        session: &mut Session,
        before: Option<Segment>,
        after: Option<Segment>,
        view: &mut VideoView,
    ) {
        let (before, after) = (Clamped::new(before, self.end), Clamped::new(after, self.end));
        if before != after {
            self.change(session, before, after, view);
        }
    }

    /// Most segments grow with each event: what one grew to is counted once it is known that the next event is not its.
    fn change(&mut self, session: &mut Session, before: Clamped, after: Clamped, view: &mut VideoView) {
        self.count_session(session, before.segment.is_some(), after.segment.is_some(), view);
        if let Some([_, last]) = &mut self.pending
            && *last == before
        {
            *last = after;
            return;
        }
        self.count(view);
        self.pending = Some([before, after]);
    }

    /// Counts what is pending.
    pub(super) fn count(&mut self, view: &mut VideoView) {
        let Some([one, other]) = self.pending.take() else { return };
        let (before, after) = (one.segment, other.segment);
        let content = |segment: &Option<Segment>| segment.map_or(0, |segment| segment.content_millis());
        let watch = |segment: &Option<Segment>| segment.map_or(0, |segment| segment.watch_millis());
        let cut = |segment: &Option<Segment>| segment.map_or(0, |segment| i64::from(segment.cut));
        view.content_millis += content(&after) - content(&before);
        view.watch_millis += watch(&after) - watch(&before);
        view.cut_segments += cut(&after) - cut(&before);
        self.move_bins(one, other, view);
        let seconds = |segment: Option<Segment>| segment.map_or(0..0, |segment| segment.seconds());
        self.seconds.replace(seconds(before), seconds(after));
    }

    fn count_session(&mut self, session: &mut Session, before: bool, after: bool, view: &mut VideoView) {
        if before == after {
            return;
        }
        let had = session.kept > 0;
        session.kept = session.kept + usize::from(after) - usize::from(before);
        self.kept = self.kept + usize::from(after) - usize::from(before);
        view.plays += i64::from(session.kept > 0) - i64::from(had);
    }

    fn move_bins(&mut self, before: Clamped, after: Clamped, view: &mut VideoView) {
        let (before, after) = (before.touched(), after.touched());
        for gone in without(&before, &after) {
            self.shift_bins(gone, false, view);
        }
        for new in without(&after, &before) {
            self.shift_bins(new, true, view);
        }
    }

    /// One segment more over these bins, or one less.
    fn shift_bins(&mut self, bins: Range<usize>, more: bool, view: &mut VideoView) {
        if bins.is_empty() {
            return;
        }
        #[cfg(test)]
        {
            self.looks += bins.len();
        }
        if self.bins.len() < bins.end {
            self.bins.resize(bins.end, 0);
        }
        let totals = view.bins_mut(bins.clone());
        for (segments, total) in self.bins[bins].iter_mut().zip(totals) {
            let before = *segments;
            *segments = if more { before + 1 } else { before - 1 };
            total.views += if more { 1 } else { -1 };
            total.viewers += i64::from(*segments > 0) - i64::from(before > 0);
        }
    }
}

/// What of a range is not another's, before and behind it.
fn without(range: &Range<usize>, other: &Range<usize>) -> [Range<usize>; 2] {
    [range.start..range.end.min(other.start), range.start.max(other.end)..range.end]
}
