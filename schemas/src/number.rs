//! Doubles become integers on entry, once and in one way (METRICS.md, Arithmetic).

/// floor(x · 1000 + 0.5) in doubles: seconds to milliseconds. `None` when not finite or beyond 10⁹ s either way.
pub fn millis(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() <= 1e9).then(|| floor(seconds * 1000.0 + 0.5))
}

/// The greatest integer up to a double that an integer of 64 bits can hold: where the hardware is not known to have an
/// instruction for it, the standard library's is a call.
fn floor(value: f64) -> i64 {
    let towards_zero = value as i64;
    towards_zero - i64::from(towards_zero as f64 > value)
}

/// The longest video: 10 h in seconds.
const LONGEST_SECONDS: f64 = 36_000.0;

/// A video's length in milliseconds; `None` when ≤ 0, over 10 h or not finite.
pub fn length_millis(seconds: f64) -> Option<i64> {
    let short = seconds <= LONGEST_SECONDS;
    short.then(|| millis(seconds)).flatten().filter(|millis| *millis > 0)
}

/// A playback rate; `None` when not finite or outside 0.25–4.
pub fn rate(rate: f64) -> Option<f64> {
    (rate.is_finite() && (0.25..=4.0).contains(&rate)).then_some(rate)
}

/// A completion threshold; `None` outside (0, 1].
pub fn threshold(threshold: f64) -> Option<f64> {
    (threshold > 0.0 && threshold <= 1.0).then_some(threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_half_up_in_doubles() {
        for (seconds, expected) in [(0.0, 0), (0.0005, 1), (0.00049, 0), (1.0005, 1001), (-0.0005, 0), (-1.5, -1500)] {
            assert_eq!(millis(seconds), Some(expected), "{seconds}");
        }
        assert_eq!(millis(f64::NAN), None);
        assert_eq!(millis(1e300), None);
        assert_eq!(millis(-1e9), Some(-1_000_000_000_000));
        assert_eq!(millis(1e9), Some(1_000_000_000_000));
        assert_eq!(millis(1e9 + 1.0), None);
    }

    #[test]
    fn implausible_lengths_rates_and_thresholds_are_none() {
        assert_eq!(length_millis(36_000.0), Some(36_000_000));
        assert_eq!(length_millis(36_000.001), None);
        assert_eq!(length_millis(0.0), None);
        assert_eq!(length_millis(0.0001), None);
        assert_eq!(length_millis(0.0005), Some(1));
        assert_eq!(length_millis(-1.0), None);
        assert_eq!(length_millis(f64::NEG_INFINITY), None);
        assert_eq!(length_millis(f64::NAN), None);
        assert_eq!(length_millis(f64::INFINITY), None);
        assert_eq!(rate(0.25), Some(0.25));
        assert_eq!(rate(4.0), Some(4.0));
        assert_eq!(rate(4.01), None);
        assert_eq!(rate(0.24), None);
        assert_eq!(rate(f64::NAN), None);
        assert_eq!(threshold(1.0), Some(1.0));
        assert_eq!(threshold(0.0), None);
        assert_eq!(threshold(-0.5), None);
        assert_eq!(threshold(0.5), Some(0.5));
        assert_eq!(threshold(f64::NAN), None);
        assert_eq!(threshold(1.0001), None);
    }
}
