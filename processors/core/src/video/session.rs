//! One session: its events in order, and the segments that they come to, from the first source that it has:
//! `played-segments` lists, heartbeats, or pairs of play and stop (METRICS.md, Segments).

use trilha_schemas::event::VideoAction;

use super::mark::{List, Mark};
use super::segment::Segment;

/// |from − previous to| up to this continues a heartbeat's run.
const CONTINUES_WITHIN_MILLIS: i64 = 1_000;
/// How late another event still closes a play that nothing closed.
const WITNESS_WITHIN_MILLIS: i64 = 30 * 60 * 1000;
/// What a close may claim beyond the wall time that passed: a tenth, and 5 s.
const SLACK_FACTOR: f64 = 1.1;
const SLACK_MILLIS: i64 = 5_000;

/// Where a session's segments come from; a greater source silences the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Source {
    #[default]
    Pairs,
    Heartbeats,
    List,
}

/// One session of one learner on one video.
#[derive(Debug, Clone, Default)]
pub(super) struct Session {
    named: bool,
    /// In order of (time, id).
    marks: Vec<Mark>,
    marks_bytes: usize,
    /// Ids of events whose content no longer matters.
    spent: Vec<u64>,
    source: Source,
    /// The list that speaks for the session.
    list: Option<List>,
    segments: Vec<Segment>,
    run: Option<Run>,
    open: Option<Open>,
    /// How many of the segments are kept after clamping; kept up by the coverage.
    pub kept: usize,
}

/// What one event changed in a session's segments.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    None,
    /// The last segment was replaced, added (`before` is none) or taken away (`after` is none).
    Last {
        before: Option<Segment>,
        after: Option<Segment>,
    },
    All {
        before: Vec<Segment>,
    },
}

/// The run of heartbeats that the last one belongs to; the last segment is its.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    previous_to: i64,
}

/// A play that nothing closed yet.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Open {
    from: i64,
    rate: f64,
    time_millis: i64,
    /// Another event was seen in time, so that the last segment is this play's, until something closes it.
    witnessed: bool,
}

impl Session {
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(super) fn last_mark(&self) -> Option<&Mark> {
        self.marks.last()
    }

    pub(super) fn first_order(&self) -> Option<(i64, u64)> {
        self.marks.first().map(Mark::order)
    }

    pub(super) fn into_marks(self) -> Vec<Mark> {
        self.marks
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn spent(&self) -> &[u64] {
        &self.spent
    }

    pub(super) fn list(&self) -> Option<&List> {
        self.list.as_ref()
    }

    pub(super) fn source(&self) -> Source {
        self.source
    }

    /// A session with an id of its own: a lesser source can never speak again, so of its events the ids are enough.
    pub(super) fn named() -> Session {
        Session { named: true, ..Session::default() }
    }

    /// From what was stored.
    pub(super) fn restore(
        named: bool,
        marks: Vec<Mark>,
        spent: Vec<u64>,
        source: Source,
        list: Option<List>,
    ) -> Session {
        let marks_bytes = marks.iter().map(Mark::most_bytes).sum();
        let mut session = Session { named, marks, marks_bytes, spent, source, list, ..Session::default() };
        session.derive();
        session
    }

    /// No stored form of it is longer.
    pub(super) fn most_bytes(&self) -> usize {
        let list = self.list.as_ref().filter(|_| self.named).map_or(0, List::most_bytes);
        self.marks_bytes + 8 * self.spent.len() + list
    }

    /// Takes an event in at its place.
    pub(super) fn insert(&mut self, mark: Mark) -> Change {
        let source = Source::of(&mark);
        if source < self.source || source == Source::List && !self.is_better(&mark) {
            if self.named {
                self.spent.push(mark.id)
            } else {
                self.place(mark)
            }
            return Change::None;
        }
        let late = self.marks.last().is_some_and(|last| mark.order() < last.order());
        if source > self.source || source == Source::List || late {
            let before = std::mem::take(&mut self.segments);
            self.place(mark);
            self.derive();
            self.spend();
            return Change::All { before };
        }
        let change = self.step(&mark);
        self.place(mark);
        change
    }

    fn place(&mut self, mark: Mark) {
        self.marks_bytes += mark.most_bytes();
        let late = self.marks.last().is_some_and(|last| mark.order() < last.order());
        let at = if late { self.marks.partition_point(|there| there.order() < mark.order()) } else { self.marks.len() };
        self.marks.insert(at, mark);
    }

    fn is_better(&self, mark: &Mark) -> bool {
        let list = mark.list.as_ref();
        list.is_some_and(|list| self.list.as_ref().is_none_or(|there| list.rank() > there.rank()))
    }

    /// Keeps no more than the ids of events whose content can never count again.
    fn spend(&mut self) {
        if !self.named {
            return;
        }
        let source = self.source;
        let counts = |mark: &Mark| source != Source::List && Source::of(mark) == source;
        self.spent.extend(self.marks.iter().filter(|mark| !counts(mark)).map(|mark| mark.id));
        self.marks.retain(counts);
        self.marks_bytes = self.marks.iter().map(Mark::most_bytes).sum();
    }

    /// All segments anew, from the events in order.
    fn derive(&mut self) {
        (self.segments, self.run, self.open) = (Vec::new(), None, None);
        let marks = std::mem::take(&mut self.marks);
        for mark in &marks {
            self.source = self.source.max(Source::of(mark));
            if self.is_better(mark) {
                self.list.clone_from(&mark.list);
            }
        }
        match &self.list {
            Some(list) => {
                let segment = |(from, to): &(i64, i64)| Segment { from: *from, to: *to, rate: 1.0, cut: false };
                self.segments = list.pairs.iter().map(segment).collect();
            }
            None => marks.iter().for_each(|mark| {
                self.step(mark);
            }),
        }
        self.marks = marks;
    }

    /// The next event in order.
    fn step(&mut self, mark: &Mark) -> Change {
        match self.source {
            Source::List => Change::None,
            Source::Heartbeats if mark.action == VideoAction::Watched => self.step_heartbeat(mark),
            Source::Heartbeats => Change::None,
            Source::Pairs => self.step_pair(mark),
        }
    }

    fn step_heartbeat(&mut self, mark: &Mark) -> Change {
        let Some((from, to)) = mark.position_millis.zip(mark.to_millis) else { return Change::None };
        let continues = self.run.is_some_and(|run| (from - run.previous_to).abs() <= CONTINUES_WITHIN_MILLIS);
        self.run = Some(Run { previous_to: to });
        match self.segments.last_mut() {
            Some(last) if continues => {
                let before = *last;
                last.to = last.to.max(to);
                Change::Last { before: Some(before), after: Some(*last) }
            }
            _ => self.push(None, Some(Segment { from, to, rate: mark.rate, cut: false })),
        }
    }

    fn step_pair(&mut self, mark: &Mark) -> Change {
        let closing = !matches!(mark.action, VideoAction::Initialized | VideoAction::Interacted);
        match self.open {
            Some(open) if closing => {
                self.open = mark.opens(Some(&open));
                self.close(open, open.closed_by(mark))
            }
            Some(open) => self.witness(open, mark),
            None if closing => {
                self.open = mark.opens(None);
                Change::None
            }
            None => Change::None,
        }
    }

    fn close(&mut self, open: Open, segment: Option<Segment>) -> Change {
        let before = if open.witnessed { self.segments.pop() } else { None };
        self.push(before, segment)
    }

    /// An event that closes nothing shows that the learner was still there.
    fn witness(&mut self, open: Open, mark: &Mark) -> Change {
        if open.witnessed {
            return Change::None;
        }
        let Some(segment) = open.played_until(mark.time_millis) else { return Change::None };
        self.open = Some(Open { witnessed: true, ..open });
        self.push(None, Some(segment))
    }

    fn push(&mut self, before: Option<Segment>, after: Option<Segment>) -> Change {
        self.segments.extend(after);
        if before == after { Change::None } else { Change::Last { before, after } }
    }
}

impl Open {
    /// The segment up to a closing event: to its position; where it tells none, to what the wall time makes it.
    fn closed_by(&self, mark: &Mark) -> Option<Segment> {
        match mark.position_millis {
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
    /// A play opens at its position; a seek that interrupts one opens again at its end, at the same rate.
    fn opens(&self, interrupted: Option<&Open>) -> Option<Open> {
        let (from, rate) = match self.action {
            VideoAction::Played => (self.position_millis?, self.rate),
            VideoAction::Seeked => (self.to_millis?, interrupted?.rate),
            _ => return None,
        };
        Some(Open { from, rate, time_millis: self.time_millis, witnessed: false })
    }
}

impl Source {
    fn of(mark: &Mark) -> Source {
        match (&mark.list, mark.action) {
            (Some(_), _) => Source::List,
            (None, VideoAction::Watched) => Source::Heartbeats,
            _ => Source::Pairs,
        }
    }
}

/// Cuts events in order into sessions, where nothing happened for long.
pub(super) fn cut(marks: Vec<Mark>) -> Vec<Session> {
    let mut groups: Vec<Vec<Mark>> = Vec::new();
    for mark in marks {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| !mark.is_cut_from(last)) => group.push(mark),
            _ => groups.push(vec![mark]),
        }
    }
    groups.into_iter().map(|marks| Session::restore(false, marks, Vec::new(), Source::Pairs, None)).collect()
}
