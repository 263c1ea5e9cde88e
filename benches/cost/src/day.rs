//! How a day's load is spread over its hours: an assumption, for what is counted comes from a class at a constant load.

/// Hours of a day.
pub const HOURS: usize = 24;
const DAY_SECONDS: u32 = 86_400;
const HOUR_SECONDS: u32 = 3_600;
/// The institutions' clocks are in Brasília, those of AWS in UTC.
const ZONE_HOURS: u32 = 3;

/// A day of distance learning in Brazil, by the hour there, as a multiple of the mean: few at night, classes and offices by
/// day, most in the evening after work. Assumed, not measured; every day of a month is one like it.
const USUAL: [f64; HOURS] = [
    0.30, 0.12, 0.06, 0.05, 0.05, 0.10, 0.25, 0.55, 0.95, 1.20, 1.30, 1.15, // From midnight…
    0.95, 1.10, 1.35, 1.40, 1.35, 1.25, 1.45, 2.05, 2.30, 2.20, 1.60, 0.92, // … and from noon on.
];
/// The peak of a day that is steeper than the usual one.
const STEEP_PEAK: f64 = 4.0;

/// A day's shape. Within an hour the load is the same, so that it jumps with the hour, as classes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Day {
    /// The same at every hour.
    Flat,
    /// Distance learning in Brazil: 2.3 times the mean in the evening, a twentieth of it at night.
    #[default]
    Usual,
    /// The usual one drawn out until its peak is four times the mean.
    Steep,
}

impl Day {
    /// All of them.
    pub const ALL: [Day; 3] = [Day::Flat, Day::Usual, Day::Steep];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Day::Flat => "the same load at every hour",
            Day::Usual => "a day of distance learning, 2.3 times the mean at its peak",
            Day::Steep => "a day with a peak of 4 times the mean",
        }
    }

    /// The load by the hour in Brasília, as a multiple of the mean.
    pub fn hours(self) -> [f64; HOURS] {
        match self {
            Day::Flat => [1.0; HOURS],
            Day::Usual => USUAL,
            Day::Steep => steeper(STEEP_PEAK),
        }
    }

    /// The busiest hour's load.
    pub fn peak(self) -> f64 {
        self.hours().into_iter().fold(0.0, f64::max)
    }
}

/// The hour in Brasília, of a second since some midnight in UTC.
pub fn local_hour(second: u32) -> usize {
    let hour = second % DAY_SECONDS / HOUR_SECONDS;
    (hour as usize + HOURS - ZONE_HOURS as usize) % HOURS
}

/// The second of a day in UTC, of a second of the day in Brasília.
pub fn utc_second(local_second: u32) -> u32 {
    (local_second + ZONE_HOURS * HOUR_SECONDS) % DAY_SECONDS
}

/// Each hour to the power by which the peak is what it should be, the mean being one.
fn steeper(peak: f64) -> [f64; HOURS] {
    let of = |power: f64| {
        let powers = USUAL.map(|load| load.powf(power));
        let mean = powers.iter().sum::<f64>() / HOURS as f64;
        powers.map(|load| load / mean)
    };
    let (mut low, mut high) = (1.0, 8.0);
    // Halved until nothing is left between.
    for _ in 0..60 {
        let power = (low + high) / 2.0;
        let reached = of(power).into_iter().fold(0.0, f64::max);
        if reached < peak { low = power } else { high = power }
    }
    of(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_the_same_events_and_the_peak_that_it_says() {
        for (day, peak) in [(Day::Flat, 1.0), (Day::Usual, 2.3), (Day::Steep, 4.0)] {
            let mean = day.hours().iter().sum::<f64>() / 24.0;
            assert!((mean - 1.0).abs() < 1e-9, "{day:?} {mean}");
            assert!((day.peak() - peak).abs() < 1e-9, "{day:?} {}", day.peak());
            assert!(day.hours().iter().all(|load| *load > 0.0));
        }
    }

    #[test]
    fn a_steep_day_has_its_hours_in_the_same_order() {
        let (usual, steep) = (Day::Usual.hours(), Day::Steep.hours());
        assert!(steep[20] > usual[20] && steep[3] < usual[3]);
        let order = |hours: [f64; HOURS]| {
            let mut order: Vec<usize> = (0..HOURS).collect();
            order.sort_by(|a, b| hours[*a].total_cmp(&hours[*b]).then(a.cmp(b)));
            order
        };
        assert_eq!(order(usual), order(steep));
    }

    #[test]
    fn three_in_the_morning_in_utc_is_midnight_in_brasilia() {
        assert_eq!([0, 3 * 3_600 - 1, 3 * 3_600, 86_400 + 3 * 3_600].map(local_hour), [21, 23, 0, 0]);
        assert_eq!([0, 600, 21 * 3_600, 86_399].map(utc_second), [10_800, 11_400, 0, 10_799]);
    }
}
