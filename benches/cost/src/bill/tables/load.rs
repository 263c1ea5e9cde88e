//! What the live table is asked for in each second of a day.

use crate::bill::Basis;
use crate::counts::Rhythm;
use crate::day::{HOURS, local_hour};

/// Write units an event, by how long a batch gathers: with each doubling of its rate more is written that a longer one
/// would have written once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Writing {
    /// Batches a second and units an event, the rarest batches first.
    points: Vec<(f64, f64)>,
}

impl Writing {
    /// From seconds of a batch and units an event, as they were counted.
    pub(super) fn of(counted: impl Iterator<Item = (f64, f64)>) -> Writing {
        let mut points: Vec<(f64, f64)> = counted.map(|(seconds, units)| (1.0 / seconds, units)).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup_by(|a, b| a.0 == b.0);
        Writing { points }
    }

    /// In a straight line between what was counted; beyond it, what is nearest.
    pub(super) fn units(&self, seconds: f64) -> f64 {
        let rate = 1.0 / seconds;
        let above = self.points.partition_point(|point| point.0 < rate);
        let below = above.checked_sub(1).and_then(|below| self.points.get(below));
        match (below, self.points.get(above)) {
            (Some((from, low)), Some((to, high))) => low + (high - low) * (rate - from) / (to - from),
            (Some((_, units)), None) | (None, Some((_, units))) => *units,
            (None, None) => 0.0,
        }
    }
}

/// When shards' batches come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phases {
    /// Evenly after each other.
    Spread,
    /// All at once.
    Together,
}

/// The shards' batches.
pub(super) struct Batches {
    /// A shard's events a second, by hour in Brasília.
    events_per_second: [f64; HOURS],
    window_seconds: f64,
    /// As many events as a batch has when it is full.
    full: f64,
    shards: Vec<Shard>,
}

struct Shard {
    /// When it began to gather, and what it has.
    since: f64,
    gathered: f64,
}

impl Batches {
    pub(super) fn of(basis: &Basis<'_>, phases: Phases) -> Batches {
        let (rhythm, loads, shards) = (basis.counted.rhythm, basis.asked.day.hours(), basis.plan.shards);
        let each = basis.events_per_second() / f64::from(shards);
        let ago = |shard: u32| match phases {
            Phases::Spread => rhythm.seconds * f64::from(shard) / f64::from(shards),
            Phases::Together => 0.0,
        };
        let shards = (0..shards).map(|shard| Shard { since: -ago(shard), gathered: 0.0 }).collect();
        Batches::new(rhythm, loads.map(|load| each * load), each, shards)
    }

    /// Of shards that have so many events a second by the hour, and in the mean.
    fn new(rhythm: Rhythm, events_per_second: [f64; HOURS], mean: f64, shards: Vec<Shard>) -> Batches {
        Batches { events_per_second, window_seconds: rhythm.window_seconds, full: mean * rhythm.full_seconds, shards }
    }

    /// What those that come in a second ask for: the sum of `units` of their events and the seconds that they gathered.
    pub(super) fn at(&mut self, second: u32, units: impl Fn(f64, f64) -> f64) -> f64 {
        let (events, end) = (self.events_per_second[local_hour(second)], f64::from(second + 1));
        let mut sum = 0.0;
        for shard in &mut self.shards {
            shard.gathered += events;
            while let Some(batch) = shard.batch(self.window_seconds, self.full, events, end) {
                sum += units(batch.gathered, end - batch.since);
            }
        }
        sum
    }
}

impl Shard {
    /// The batch that has ended by now, if one has; what came after its end is left.
    fn batch(&mut self, window_seconds: f64, full: f64, events_per_second: f64, now: f64) -> Option<Shard> {
        let by_window = (self.since + window_seconds <= now).then_some(self.since + window_seconds);
        let by_size = (self.gathered >= full).then(|| now - (self.gathered - full) / events_per_second);
        let end = by_window.unwrap_or(f64::INFINITY).min(by_size.unwrap_or(f64::INFINITY));
        if end > now {
            return None;
        }
        let left = (now - end) * events_per_second;
        let batch = Shard { since: self.since + (now - end), gathered: self.gathered - left };
        *self = Shard { since: end, gathered: left };
        Some(batch)
    }
}

/// One run of the evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::bill) struct Run {
    /// The second of the day, in UTC.
    pub(in crate::bill) from: u32,
    /// How long it reads.
    pub(in crate::bill) seconds: f64,
    /// Units.
    pub(in crate::bill) units: f64,
}

impl Run {
    /// Units in a second of the day; all of them are read in whole seconds.
    pub(super) fn at(&self, second: u32) -> f64 {
        let seconds = self.seconds.ceil().max(1.0);
        let within = second >= self.from && f64::from(second) < f64::from(self.from) + seconds;
        if within { self.units / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_an_event_lie_in_a_straight_line_between_what_was_counted() {
        // A batch each 50 s writes 0.4, one each 25 s 0.6: each 33.3 s is halfway.
        let writing = Writing::of([(25.0, 0.6), (50.0, 0.4), (50.0, 0.4)].into_iter());
        let check = |seconds: f64, units: f64| {
            let there = writing.units(seconds);
            assert!((there - units).abs() < 1e-9, "{seconds} s: {there}");
        };
        [(50.0, 0.4), (25.0, 0.6), (100.0 / 3.0, 0.5), (100.0, 0.4), (10.0, 0.6)]
            .into_iter()
            .for_each(|(seconds, units)| check(seconds, units));
    }

    #[test]
    fn a_run_reads_what_it_reads_and_nothing_before_or_after() {
        let run = Run { from: 600, seconds: 99.5, units: 1_000.0 };
        assert_eq!([599, 600, 699, 700].map(|second| run.at(second)), [0.0, 10.0, 10.0, 0.0]);
    }

    fn batches(rhythm: Rhythm, loads: [f64; HOURS]) -> Batches {
        let shards = vec![Shard { since: 0.0, gathered: 0.0 }, Shard { since: -20.0, gathered: 200.0 }];
        Batches::new(rhythm, loads.map(|load| 10.0 * load), 10.0, shards)
    }

    /// Second, events and how long they gathered.
    fn came(batches: &mut Batches, seconds: std::ops::Range<u32>) -> Vec<(u32, f64, f64)> {
        let mut came = Vec::new();
        for second in seconds {
            let gathered = std::cell::Cell::new(0.0);
            let events = batches.at(second, |events, seconds| {
                gathered.set(seconds);
                events
            });
            if events > 0.0 {
                came.push((second, events, gathered.get()));
            }
        }
        came
    }

    /// Two shards with 10 events a second each, a batch each 40 s, and one each 12.5 s.
    #[test]
    fn a_batch_asks_for_what_gathered_since_the_last() {
        let came_at = came(&mut batches(Rhythm::unbounded(40), [1.0; HOURS]), 0..100);
        assert_eq!(came_at, [19, 39, 59, 79, 99].map(|second| (second, 400.0, 40.0)));
        let shards = vec![Shard { since: 0.0, gathered: 0.0 }];
        let rhythm = Rhythm { window_seconds: 12.5, ..Rhythm::unbounded(12) };
        let came_at = came(&mut Batches::new(rhythm, [10.0; HOURS], 10.0, shards), 0..50);
        assert_eq!(came_at, [12, 24, 37, 49].map(|second| (second, 125.0, 12.5)));
    }

    /// At four times the load a batch of 40 s that would be full after 60 s is full after 15.
    #[test]
    fn at_a_peak_batches_come_sooner_and_hold_no_more() {
        let rhythm = Rhythm { full_seconds: 60.0, ..Rhythm::unbounded(40) };
        let mut loads = [1.0; HOURS];
        loads[local_hour(3_600)] = 4.0;
        let mut batches = batches(rhythm, loads);
        assert_eq!(came(&mut batches, 0..3_600).last(), Some(&(3_599, 400.0, 40.0)));
        let peak = came(&mut batches, 3_600..7_200);
        assert_eq!(peak[..4], [(3_609, 600.0, 30.0), (3_614, 600.0, 15.0), (3_624, 600.0, 15.0), (3_629, 600.0, 15.0)]);
        assert_eq!(peak.len(), 2 * 240);
        // Afterwards by the window again, with what had gathered of the peak.
        let after = came(&mut batches, 7_200..7_300);
        assert!(after[2..].iter().all(|(_, events, seconds)| (*events, *seconds) == (400.0, 40.0)), "{after:?}");
    }
}
