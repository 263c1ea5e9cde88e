//! Sessions of the events without a session id.

use super::coverage::Coverage;
use super::mark::Mark;
use super::session::{Session, Source};
use crate::views::VideoView;

/// Sessions cut out of a learner's id-less events where nothing happened for long, in order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Loose(Vec<Session>);

impl Loose {
    /// Cuts events in order.
    pub(super) fn cut(marks: Vec<Mark>) -> Loose {
        let mut groups: Vec<Vec<Mark>> = Vec::new();
        for mark in marks {
            match groups.last_mut() {
                Some(group) if group.last().is_some_and(|last| !mark.is_cut_from(last)) => group.push(mark),
                _ => groups.push(vec![mark]),
            }
        }
        let session = |marks| Session::restore(false, marks, Vec::new(), Source::Pairs, None);
        Loose(groups.into_iter().map(session).collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> + Clone {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.0.iter_mut()
    }

    /// Takes an event in: the session that it falls to goes on, or a new one starts; a late one may join two or part one.
    pub(super) fn insert(&mut self, mark: Mark, coverage: &mut Coverage, view: &mut VideoView) {
        let next = self.0.partition_point(|session| session.first().is_some_and(|first| first.order() < mark.order()));
        let ends_later = |session: &Session| session.last().is_some_and(|last| last.order() > mark.order());
        match next.checked_sub(1) {
            Some(around) if ends_later(&self.0[around]) => self.insert_within(around, mark, coverage, view),
            _ => self.insert_between(next, mark, coverage, view),
        }
    }

    fn insert_between(&mut self, next: usize, mark: Mark, coverage: &mut Coverage, view: &mut VideoView) {
        let before = next.checked_sub(1).and_then(|before| self.0[before].last());
        let goes_on = before.is_some_and(|before| !mark.is_cut_from(before));
        let after = self.0.get(next).and_then(Session::first);
        let leads_on = after.is_some_and(|after| !after.is_cut_from(&mark));
        match (goes_on, leads_on) {
            (false, false) => self.0.insert(next, Session::default()),
            (true, true) => self.join(next, coverage, view),
            _ => {}
        }
        let at = if goes_on { next - 1 } else { next };
        coverage.insert(&mut self.0[at], mark, view);
    }

    /// A session and the one before it become one: the events of the smaller go over into the greater.
    fn join(&mut self, at: usize, coverage: &mut Coverage, view: &mut VideoView) {
        let mut smaller = self.0.remove(at);
        let greater = &mut self.0[at - 1];
        if smaller.marks().len() > greater.marks().len() {
            std::mem::swap(&mut smaller, greater);
        }
        coverage.remove(&mut smaller, view);
        smaller.into_marks().into_iter().for_each(|mark| coverage.insert(greater, mark, view));
    }

    fn insert_within(&mut self, at: usize, mark: Mark, coverage: &mut Coverage, view: &mut VideoView) {
        let marks = self.0[at].marks();
        let place = marks.partition_point(|there| there.order() < mark.order());
        if mark.is_cut_from(&marks[place - 1]) || marks[place].is_cut_from(&mark) {
            self.part(at, place, mark, coverage, view);
        } else {
            coverage.insert(&mut self.0[at], mark, view);
        }
    }

    fn part(&mut self, at: usize, place: usize, mark: Mark, coverage: &mut Coverage, view: &mut VideoView) {
        let mut whole = self.0.remove(at);
        coverage.remove(&mut whole, view);
        let mut marks = whole.into_marks();
        marks.insert(place, mark);
        let mut parts = Loose::cut(marks).0;
        parts.iter_mut().for_each(|part| coverage.add(part, view));
        self.0.splice(at..at, parts);
    }
}
