//! One video event as an item keeps it.

use trilha_schemas::event::{EventOf, MAX_HEARTBEAT_MILLIS, Resolve, Source, VideoAction, VideoEventOf};

use crate::ids::id_hash;

/// After this long without an event, a learner without session id begins another session.
const GAP_MILLIS: f64 = 30.0 * 60.0 * 1000.0;

/// One video event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub time_millis: i64,
    pub id: u64,
    pub rate: f64,
    position: Place,
    to: Place,
    /// Boxed, for few events have one and all are moved about.
    pub list: Option<Box<List>>,
    pub action: VideoAction,
}

/// A position in content milliseconds, or none; half of what an optional integer takes, for a learner has many.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place(i64);

impl Place {
    /// No reader lets such a position in.
    const NONE: Place = Place(i64::MIN);

    #[inline]
    fn of(millis: Option<i64>) -> Place {
        millis.map_or(Place::NONE, Place)
    }

    #[inline]
    fn millis(self) -> Option<i64> {
        (self != Place::NONE).then_some(self.0)
    }
}

/// The `played-segments` of a statement.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct List {
    /// The statement's id in lower case.
    pub statement: String,
    pub pairs: Vec<(i64, i64)>,
}

impl Mark {
    #[inline]
    pub(super) fn new(
        (time_millis, id): (i64, u64),
        action: VideoAction,
        position_millis: Option<i64>,
        to_millis: Option<i64>,
        rate: f64,
        list: Option<Box<List>>,
    ) -> Mark {
        let (position, to) = (Place::of(position_millis), Place::of(to_millis));
        Mark { time_millis, id, rate, position, to, list, action }
    }

    pub(super) fn of<T, L>(event: &EventOf<T, L>, video: &VideoEventOf<T, L>, texts: &impl Resolve<T, L>) -> Mark {
        let mut to_millis = video.to_millis;
        if let (VideoAction::Watched, Some(from), Some(to)) = (video.action, video.position_millis, &mut to_millis) {
            *to = (*to).min(from.saturating_add(MAX_HEARTBEAT_MILLIS));
        }
        let list = video.segments.as_ref().map(|pairs| Box::new(List::of(event, texts.pairs(pairs), texts)));
        let time_millis = event.view_time_millis().unwrap_or(event.arrival_millis);
        let order = (time_millis, id_hash(&event.id));
        Mark::new(order, video.action, video.position_millis, to_millis, video.rate.unwrap_or(1.0), list)
    }

    /// Where the event stands; of a heartbeat or a seek, where it began.
    #[inline]
    pub(super) fn position_millis(&self) -> Option<i64> {
        self.position.millis()
    }

    /// Where a heartbeat or a seek ended.
    #[inline]
    pub(super) fn to_millis(&self) -> Option<i64> {
        self.to.millis()
    }

    /// "Before", "next" and "first" mean this (METRICS.md, Order).
    #[inline]
    pub(super) fn order(&self) -> (i64, u64) {
        (self.time_millis, self.id)
    }

    /// Where the event leaves the player: the `to` of a heartbeat or seek, else its position.
    fn leaves_at(&self) -> Option<i64> {
        let moves = matches!(self.action, VideoAction::Watched | VideoAction::Seeked);
        if moves { self.to_millis() } else { self.position_millis() }
    }

    /// Where the event finds the player: the `to` of a heartbeat (it tells what was just watched), else its position.
    fn finds_at(&self) -> Option<i64> {
        if self.action == VideoAction::Watched { self.to_millis() } else { self.position_millis() }
    }

    /// Whether a new session begins between `before` and this: t₂ − t₁ > 30 min + max(0, position₂ − position₁) / rate₁.
    pub(super) fn is_cut_from(&self, before: &Mark) -> bool {
        let moved = self.finds_at().zip(before.leaves_at()).map_or(0, |(here, there)| (here - there).max(0));
        (self.time_millis - before.time_millis) as f64 > GAP_MILLIS + moved as f64 / before.rate
    }

    /// No stored form of it is longer.
    #[inline]
    pub(super) fn most_bytes(&self) -> usize {
        let list = self.list.as_deref().map_or(0, List::most_bytes);
        8 + 1 + 8 + 6 + 6 + if self.rate == 1.0 { 0 } else { 8 } + list
    }
}

impl List {
    fn of<T, L>(event: &EventOf<T, L>, pairs: &[(i64, i64)], texts: &impl Resolve<T, L>) -> List {
        // The collector keeps a source id beside a list as it was given.
        let statement =
            if let Source::Given(id) = &event.source { texts.text(id).to_lowercase() } else { String::new() };
        List { statement, pairs: pairs.to_vec() }
    }

    /// No stored form of it is longer.
    pub(super) fn most_bytes(&self) -> usize {
        self.statement.len() + 12 * self.pairs.len() + 8
    }

    /// The rank by which one list speaks for a session: most pairs, greatest sum, greatest statement id; the pairs
    /// themselves, so that it never depends on which came first.
    pub(super) fn rank(&self) -> (usize, i64, &str, &[(i64, i64)]) {
        let sum = self.pairs.iter().map(|(from, to)| to.saturating_sub(*from)).sum();
        (self.pairs.len(), sum, &self.statement, &self.pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_takes_no_more_than_seven_words() {
        assert_eq!(size_of::<Mark>(), 56);
        let mark = |position| Mark::new((1, 2), VideoAction::Seeked, position, Some(-5), 1.0, None);
        assert_eq!([None, Some(0)].map(|at| mark(at).position_millis()), [None, Some(0)]);
        assert_eq!(mark(None).to_millis(), Some(-5));
    }
}
