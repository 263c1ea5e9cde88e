//! One session: its events in order, and the segments that they come to, from the first source that it has:
//! `played-segments` lists, heartbeats, or pairs of play and stop (METRICS.md, Segments).

use trilha_schemas::event::VideoAction;

use super::mark::{List, Mark};
use super::player::Player;
use super::runs::Runs;
use super::segment::{Change, Segment};

/// Where a session's segments come from; a greater source silences the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
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
    speaker: Speaker,
    /// How many of the segments are kept after clamping; kept up by the coverage.
    pub kept: usize,
}

/// What the session's source came to.
#[derive(Debug, Clone)]
enum Speaker {
    Player(Player),
    Runs(Runs),
    List(Box<List>),
}

impl Default for Speaker {
    fn default() -> Self {
        Speaker::Player(Player::default())
    }
}

impl Session {
    pub(super) fn segments(&self) -> Vec<Segment> {
        match &self.speaker {
            Speaker::Player(_) => Player::segments(&self.marks),
            Speaker::Runs(runs) => runs.segments(),
            Speaker::List(list) => list.segments(),
        }
    }

    pub(super) fn first(&self) -> Option<&Mark> {
        self.marks.first()
    }

    pub(super) fn last(&self) -> Option<&Mark> {
        self.marks.last()
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub(super) fn into_marks(self) -> Vec<Mark> {
        self.marks
    }

    pub(super) fn spent(&self) -> &[u64] {
        &self.spent
    }

    pub(super) fn list(&self) -> Option<&List> {
        if let Speaker::List(list) = &self.speaker { Some(list) } else { None }
    }

    pub(super) fn source(&self) -> Source {
        match self.speaker {
            Speaker::Player(_) => Source::Pairs,
            Speaker::Runs(_) => Source::Heartbeats,
            Speaker::List(_) => Source::List,
        }
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
        list: Option<Box<List>>,
    ) -> Session {
        let marks_bytes = marks.iter().map(Mark::most_bytes).sum();
        let source = marks.iter().map(Source::of).fold(source, Source::max);
        let speaker = match source {
            Source::Pairs => Speaker::Player(Player::after(&marks)),
            Source::Heartbeats => Speaker::Runs(Runs::of(&marks)),
            Source::List => {
                let lists = marks.iter().filter_map(|mark| mark.list.clone()).chain(list);
                let best = lists.max_by(|one, other| one.rank().cmp(&other.rank()));
                Speaker::List(best.unwrap_or_default())
            }
        };
        Session { named, marks, marks_bytes, spent, speaker, kept: 0 }
    }

    /// No stored form of it is longer.
    pub(super) fn most_bytes(&self) -> usize {
        let list = self.list().filter(|_| self.named).map_or(0, List::most_bytes);
        self.marks_bytes + 8 * self.spent.len() + list
    }

    /// Takes an event in at its place.
    #[inline]
    pub(super) fn insert(&mut self, mark: Mark) -> Change {
        let (source, speaking) = (Source::of(&mark), self.source());
        if source < speaking || source == Source::List && !self.is_better(&mark) {
            if self.named {
                self.spent.push(mark.id);
            } else {
                self.place(mark);
            }
            return Change::None;
        }
        if source > speaking || source == Source::List {
            let before = self.segments();
            self.hand_over_to(mark);
            return Change::Many { before, after: self.segments() };
        }
        let at = self.place(mark);
        match &mut self.speaker {
            Speaker::Player(player) if at + 1 == self.marks.len() => player.append(&self.marks[at]),
            Speaker::Player(player) => player.insert(&self.marks, at),
            Speaker::Runs(runs) => runs.insert(&self.marks, at),
            Speaker::List(_) => Change::None,
        }
    }

    fn is_better(&self, mark: &Mark) -> bool {
        let list = mark.list.as_ref();
        list.is_some_and(|list| self.list().is_none_or(|there| list.rank() > there.rank()))
    }

    #[inline]
    fn place(&mut self, mark: Mark) -> usize {
        self.marks_bytes += mark.most_bytes();
        let late = self.marks.last().is_some_and(|last| mark.order() < last.order());
        let at = if late { self.marks.partition_point(|there| there.order() < mark.order()) } else { self.marks.len() };
        self.marks.insert(at, mark);
        at
    }

    /// The session's first heartbeat, or its best list so far.
    fn hand_over_to(&mut self, mark: Mark) {
        self.speaker = match &mark.list {
            Some(list) => Speaker::List(list.clone()),
            None => Speaker::Runs(Runs::of(std::slice::from_ref(&mark))),
        };
        self.place(mark);
        if self.named {
            self.spend();
        }
    }

    /// Keeps no more than the ids of events whose content can never count again.
    fn spend(&mut self) {
        let source = self.source();
        let counts = |mark: &Mark| source != Source::List && Source::of(mark) == source;
        self.spent.extend(self.marks.iter().filter(|mark| !counts(mark)).map(|mark| mark.id));
        self.marks.retain(counts);
        self.marks_bytes = self.marks.iter().map(Mark::most_bytes).sum();
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

impl List {
    fn segments(&self) -> Vec<Segment> {
        let segment = |(from, to): &(i64, i64)| Segment { from: *from, to: *to, rate: 1.0, cut: false };
        self.pairs.iter().map(segment).collect()
    }
}
