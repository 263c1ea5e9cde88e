//! What a batch changes in a course's minutes: learner by learner the same few hours are come back to, so that each minute has
//! its place.

use std::collections::BTreeMap;

use crate::views::{HourView, Presence};

const MINUTES: i64 = 60;

/// Changes by minute, kept by hour.
#[derive(Debug, Clone, Default)]
pub struct Hours {
    /// Hours since 1970 UTC, each with its minutes.
    hours: Vec<(i64, Box<[Presence; MINUTES as usize]>)>,
    place_of: BTreeMap<i64, usize>,
    /// The place of the hour that was changed last.
    last: usize,
}

impl Hours {
    /// What changes in a minute since 1970 UTC.
    #[inline]
    pub(super) fn at(&mut self, minute: i64) -> &mut Presence {
        let hour = minute.div_euclid(MINUTES);
        if self.hours.get(self.last).is_none_or(|(there, _)| *there != hour) {
            self.last = *self.place_of.entry(hour).or_insert_with(|| {
                self.hours.push((hour, Box::new([Presence::default(); MINUTES as usize])));
                self.hours.len() - 1
            });
        }
        &mut self.hours[self.last].1[minute.rem_euclid(MINUTES) as usize]
    }

    /// Each hour that something changes in, in order, with what does.
    pub fn views(&self) -> impl Iterator<Item = (i64, HourView)> {
        self.place_of.iter().map(|(hour, place)| {
            let minutes = (hour * MINUTES..).zip(*self.hours[*place].1);
            let mut view = HourView::default();
            let changed = minutes.filter(|(_, presence)| *presence != Presence::default());
            changed.for_each(|(minute, presence)| view.change(minute, presence));
            (*hour, view)
        })
    }
}

impl PartialEq for Hours {
    fn eq(&self, other: &Hours) -> bool {
        self.views().eq(other.views())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_told_by_hour_and_in_order_whatever_was_changed_first() {
        let (mut hours, mut others) = (Hours::default(), Hours::default());
        let minutes = [121, 59, 60, -1, 121, 0];
        minutes.iter().for_each(|minute| hours.at(*minute).active += 1);
        minutes.iter().rev().for_each(|minute| others.at(*minute).active += 1);
        let views: Vec<(i64, HourView)> = hours.views().collect();
        let active = |at: usize, minute: i64| views[at].1.at(minute).active;
        assert_eq!(views.iter().map(|(hour, _)| *hour).collect::<Vec<_>>(), [-1, 0, 1, 2]);
        assert_eq!([active(0, -1), active(1, 0), active(1, 59), active(2, 60), active(3, 121)], [1, 1, 1, 1, 2]);
        assert_eq!(hours, others);
        others.at(7).window += 1;
        assert_ne!(hours, others);
    }
}
