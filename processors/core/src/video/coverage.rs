//! What a learner's segments add up to: seconds covered, segments by bin; and what a change of segments changes in the
//! class's totals.

use super::segment::Segment;
use super::session::{Change, Session};
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
    /// One bit a second.
    seconds: Vec<u64>,
    count: i64,
    kept: usize,
    stale: bool,
}

impl Default for Coverage {
    fn default() -> Self {
        Coverage::new(None)
    }
}

impl Coverage {
    pub(super) fn new(length_millis: Option<i64>) -> Coverage {
        let end = length_millis.unwrap_or(LONGEST_MILLIS);
        Coverage { end, bins: Vec::new(), seconds: Vec::new(), count: 0, kept: 0, stale: false }
    }

    /// Distinct seconds covered. Not while [`Coverage::is_stale`].
    pub(super) fn seconds(&self) -> i64 {
        self.count
    }

    pub(super) fn is_viewer(&self) -> bool {
        self.kept > 0
    }

    /// Whether seconds have to be counted anew, since a segment went away.
    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn memory_bytes(&self) -> usize {
        2 * self.bins.capacity() + 8 * self.seconds.capacity()
    }

    /// Follows one change of a session's segments.
    pub(super) fn apply(&mut self, session: &mut Session, change: Change, view: &mut VideoView) {
        match change {
            Change::None => {}
            Change::Last { before, after } => self.replace(session, before.as_ref(), after.as_ref(), view),
            Change::All { before } => self.replace_all(session, &before, view),
        }
    }

    /// From a session's segments before to those it has now; what both begin and end with is not touched.
    pub(super) fn replace_all(&mut self, session: &mut Session, before: &[Segment], view: &mut VideoView) {
        let now = session.segments().to_vec();
        let same = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
        let (before, now) = (&before[same..], &now[same..]);
        let same = before.iter().rev().zip(now.iter().rev()).take_while(|(before, now)| before == now).count();
        let (before, now) = (&before[..before.len() - same], &now[..now.len() - same]);
        for at in 0..before.len().max(now.len()) {
            self.replace(session, before.get(at), now.get(at), view);
        }
    }

    /// Takes a session's segments away.
    pub(super) fn remove_all(&mut self, session: &Session, view: &mut VideoView) {
        let mut gone = Session::default();
        gone.kept = session.kept;
        session.segments().iter().for_each(|segment| self.replace(&mut gone, Some(segment), None, view));
    }

    fn replace(
        &mut self,
        session: &mut Session,
        before: Option<&Segment>,
        after: Option<&Segment>,
        view: &mut VideoView,
    ) {
        let before = before.and_then(|segment| segment.kept(self.end));
        let after = after.and_then(|segment| segment.kept(self.end));
        if before == after {
            return;
        }
        self.count_session(session, before.is_some(), after.is_some(), view);
        let content = |segment: &Option<Segment>| segment.map_or(0, |segment| segment.content_millis());
        let watch = |segment: &Option<Segment>| segment.map_or(0, |segment| segment.watch_millis());
        let cut = |segment: &Option<Segment>| segment.map_or(0, |segment| i64::from(segment.cut));
        view.content_millis += content(&after) - content(&before);
        view.watch_millis += watch(&after) - watch(&before);
        view.cut_segments += cut(&after) - cut(&before);
        self.move_bins(before, after, view);
        self.move_seconds(before, after);
    }

    fn count_session(&mut self, session: &mut Session, before: bool, after: bool, view: &mut VideoView) {
        let had = session.kept > 0;
        session.kept = session.kept + usize::from(after) - usize::from(before);
        self.kept = self.kept + usize::from(after) - usize::from(before);
        view.plays += i64::from(session.kept > 0) - i64::from(had);
    }

    fn move_bins(&mut self, before: Option<Segment>, after: Option<Segment>, view: &mut VideoView) {
        let reach = |segment: &Option<Segment>| segment.map(|segment| (*segment.bins().start(), *segment.bins().end()));
        let (first, last) = match (reach(&before), reach(&after)) {
            (Some((a, b)), Some((c, d))) => (a.min(c), b.max(d)),
            (Some(range), None) | (None, Some(range)) => range,
            (None, None) => return,
        };
        // Where only the end moved, bins that both cover to their end are as they were.
        let first = match (&before, &after) {
            (Some(before), Some(after)) if before.from == after.from => {
                (before.to.min(after.to) / super::segment::BIN_MILLIS).clamp(first, last)
            }
            _ => first,
        };
        for bin in first..=last {
            let touches = |segment: &Option<Segment>| segment.is_some_and(|segment| segment.touches(bin, self.end));
            let (had, has) = (touches(&before), touches(&after));
            if had != has {
                self.move_bin(bin as usize, has, view);
            }
        }
    }

    fn move_bin(&mut self, bin: usize, more: bool, view: &mut VideoView) {
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        let before = self.bins[bin];
        let after = if more { before + 1 } else { before - 1 };
        self.bins[bin] = after;
        view.add_bin(bin, i64::from(after) - i64::from(before), i64::from(after > 0) - i64::from(before > 0));
    }

    fn move_seconds(&mut self, before: Option<Segment>, after: Option<Segment>) {
        match (before, after) {
            (None, Some(after)) => self.cover(after.seconds()),
            (Some(before), Some(after)) if after.from <= before.from && before.to <= after.to => {
                let (old, new) = (before.seconds(), after.seconds());
                self.cover(new.start..old.start);
                self.cover(old.end..new.end);
            }
            _ => self.stale = true,
        }
    }

    fn cover(&mut self, seconds: std::ops::Range<i64>) {
        for second in seconds {
            let (word, bit) = (second as usize / 64, 1 << (second % 64));
            if self.seconds.len() <= word {
                self.seconds.resize(word + 1, 0);
            }
            self.count += i64::from(self.seconds[word] & bit == 0);
            self.seconds[word] |= bit;
        }
    }

    /// Counts the seconds of these sessions anew.
    pub(super) fn recount<'s>(&mut self, sessions: impl Iterator<Item = &'s Session>) {
        self.seconds.clear();
        self.count = 0;
        self.stale = false;
        let end = self.end;
        for session in sessions {
            let kept = session.segments().iter().filter_map(|segment| segment.kept(end));
            kept.for_each(|segment| self.cover(segment.seconds()));
        }
    }
}
