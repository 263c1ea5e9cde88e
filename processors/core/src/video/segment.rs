//! One watched stretch of content, and the bins and seconds it covers.

use std::ops::Range;

/// The bins' width.
pub(super) const BIN_MILLIS: i64 = 5_000;
/// The shortest segment that is kept, and the least of a bin that touches it.
const LEAST_MILLIS: i64 = 250;

/// [from, to) in content milliseconds, played at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub from: i64,
    pub to: i64,
    pub rate: f64,
    /// It was cut to what the wall time allows.
    pub cut: bool,
}

/// What one event changed in a session's segments.
#[derive(Debug, PartialEq)]
pub(super) enum Change {
    None,
    /// One was replaced, added (`before` is none) or taken away (`after` is none).
    One {
        before: Option<Segment>,
        after: Option<Segment>,
    },
    Many {
        before: Vec<Segment>,
        after: Vec<Segment>,
    },
}

impl Segment {
    /// Clamped to [0, end]; `None` when under 250 ms of it are left.
    pub(super) fn kept(&self, end: i64) -> Option<Segment> {
        let (from, to) = (self.from.clamp(0, end), self.to.clamp(0, end));
        (to - from >= LEAST_MILLIS).then_some(Segment { from, to, ..*self })
    }

    pub(super) fn content_millis(&self) -> i64 {
        self.to - self.from
    }

    pub(super) fn watch_millis(&self) -> i64 {
        (self.content_millis() as f64 / self.rate + 0.5).floor() as i64
    }

    /// Of a kept segment, the bins that it touches: those amid it, and the outer two where it covers enough of them.
    pub(super) fn touched(&self, end: i64) -> Range<usize> {
        let (first, last) = (self.from / BIN_MILLIS, (self.to - 1) / BIN_MILLIS);
        let start = first + i64::from(!self.touches(first, end));
        let stop = last + i64::from(self.touches(last, end));
        start as usize..stop as usize
    }

    /// Whether it covers ≥ 250 ms of a bin, or all of it that lies before the end.
    fn touches(&self, bin: i64, end: i64) -> bool {
        let (start, stop) = (bin * BIN_MILLIS, ((bin + 1) * BIN_MILLIS).min(end));
        let covered = self.to.min(stop) - self.from.max(start);
        covered >= LEAST_MILLIS || covered > 0 && covered >= stop - start
    }

    /// The seconds k with k + 0.5 s inside it.
    pub(super) fn seconds(&self) -> Range<i64> {
        (self.from + 499).div_euclid(1000)..(self.to + 499).div_euclid(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: i64, to: i64) -> Segment {
        Segment { from, to, rate: 1.0, cut: false }
    }

    #[test]
    fn a_second_is_covered_when_its_middle_is() {
        for (from, to, seconds) in
            [(500, 501, 0..1), (501, 1500, 1..1), (501, 1501, 1..2), (0, 500, 0..0), (0, 10_000, 0..10)]
        {
            assert_eq!(segment(from, to).seconds(), seconds, "{from}..{to}");
        }
    }

    #[test]
    fn a_bin_is_touched_from_250_ms_or_by_all_that_lies_before_the_end() {
        assert!(segment(4_750, 5_000).touches(0, 60_000));
        assert!(!segment(4_751, 5_100).touches(0, 60_000));
        assert!(segment(4_000, 5_100).touches(1, 5_100));
        assert!(!segment(4_000, 5_099).touches(1, 5_100));
        assert!(!segment(0, 5_000).touches(1, 60_000));
    }

    #[test]
    fn bins_touched_are_those_of_which_each_is_touched() {
        let ends = [60_000, 10_200, 10_100, 5_000, 4_900, 250];
        let places =
            [0, 249, 250, 4_750, 4_751, 4_900, 5_000, 5_249, 5_250, 9_760, 9_990, 10_100, 10_240, 10_260, 19_000];
        let all = places.iter().flat_map(|from| places.iter().map(|to| segment(*from, *to)));
        let mut none = 0;
        for (segment, end) in all.flat_map(|segment| ends.map(|end| (segment.kept(end), end))) {
            let Some(segment) = segment else { continue };
            let touched: Vec<usize> = (0..9).filter(|bin| segment.touches(*bin as i64, end)).collect();
            assert_eq!(segment.touched(end).collect::<Vec<_>>(), touched, "{segment:?} before {end}");
            none += usize::from(touched.is_empty());
        }
        assert!(none > 0, "some lie across two bins and touch neither");
    }

    #[test]
    fn what_is_left_under_250_ms_is_dropped() {
        assert_eq!(segment(-500, 250).kept(60_000), Some(segment(0, 250)));
        assert_eq!(segment(-500, 249).kept(60_000), None);
        assert_eq!(segment(9_000, 8_000).kept(60_000), None);
        assert_eq!(segment(59_800, 70_000).kept(60_000), None);
        assert_eq!(Segment { rate: 1.5, ..segment(0, 1_000) }.watch_millis(), 667);
    }
}
