//! Which seconds a learner's segments cover, and how often.

use std::ops::Range;

/// How many segments cover each second. Counts, so that one segment can go away without looking at the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Seconds {
    /// In order. Each differs in its count from the one before, the first from 0, and the last one's is 0.
    steps: Vec<Step>,
    covered: i64,
}

/// From this second up to the next step's, so many segments. No video has more than 36,000 seconds.
#[derive(Debug, Clone, Copy)]
struct Step {
    second: u16,
    segments: u16,
}

impl Seconds {
    /// Distinct seconds covered.
    pub(super) fn covered(&self) -> i64 {
        self.covered
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Step>() * self.steps.capacity()
    }

    /// One segment's seconds before and after; either may be empty.
    pub(super) fn replace(&mut self, before: Range<i64>, after: Range<i64>) {
        if before.start < after.end && after.start < before.end {
            self.shift(after.start..before.start, true);
            self.shift(before.end..after.end, true);
            self.shift(before.start..after.start, false);
            self.shift(after.end..before.end, false);
        } else {
            self.shift(before, false);
            self.shift(after, true);
        }
    }

    /// One segment more over these seconds, or one less.
    fn shift(&mut self, seconds: Range<i64>, more: bool) {
        if seconds.is_empty() {
            return;
        }
        let start = self.steps.partition_point(|step| i64::from(step.second) < seconds.start);
        let first = self.begin_step(start, seconds.start);
        // Those up to the end are looked at anyway.
        let within = self.steps[first..].iter().take_while(|step| i64::from(step.second) < seconds.end).count();
        let last = self.begin_step(first + within, seconds.end);
        for at in first..last {
            let length = i64::from(self.steps[at + 1].second) - i64::from(self.steps[at].second);
            let step = &mut self.steps[at];
            let before = step.segments;
            step.segments = if more { before + 1 } else { before - 1 };
            self.covered += length * (i64::from(step.segments > 0) - i64::from(before > 0));
        }
        self.drop_if_level(last);
        self.drop_if_level(first);
    }

    /// The first step from this second on is at `at`; has one begin right there.
    fn begin_step(&mut self, at: usize, second: i64) -> usize {
        if self.steps.get(at).is_none_or(|step| i64::from(step.second) > second) {
            let segments = self.segments_before(at);
            self.steps.insert(at, Step { second: second as u16, segments });
        }
        at
    }

    fn drop_if_level(&mut self, at: usize) {
        if self.steps[at].segments == self.segments_before(at) {
            self.steps.remove(at);
        }
    }

    fn segments_before(&self, at: usize) -> u16 {
        at.checked_sub(1).map_or(0, |before| self.steps[before].segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_segments_that_are_there() {
        let mut state = 1u64;
        let mut roll = |sides: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % sides
        };
        let mut there: Vec<Range<i64>> = Vec::new();
        let mut seconds = Seconds::default();
        for _ in 0..3_000 {
            let from = roll(40) as i64;
            let new = from..from + roll(12) as i64;
            let goes = roll(there.len() as u64 + 2) as usize;
            let old = if goes < there.len() { there.swap_remove(goes) } else { 0..0 };
            let new = if there.len() > 8 { 0..0 } else { new };
            seconds.replace(old, new.clone());
            there.push(new);
            there.retain(|range| !range.is_empty());
            let covering = |second: i64| there.iter().filter(|range| range.contains(&second)).count();
            assert_eq!(seconds.covered(), (0..60).filter(|second| covering(*second) > 0).count() as i64);
            let steps = (0..60).filter(|second| covering(*second) != covering(second - 1)).count();
            assert_eq!(seconds.steps.len(), steps, "{there:?}");
        }
    }
}
