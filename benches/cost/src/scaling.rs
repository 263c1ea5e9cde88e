//! Provisioned capacity under target tracking, second by second: what a table is given, and whether that is enough.
//!
//! By DynamoDB's documentation: capacity is raised when what is used was over the target for two minutes in a row, and
//! lowered when it was below for fifteen; it may be lowered four times a day, and once more where the hour before had none;
//! what was not used of the last 300 s may be used at once. How far below is not documented: 20 points, as in the alarms that
//! AWS makes. What else is left open is taken at its worst: an alarm and the change take three minutes, the busiest of an
//! alarm's minutes is what is gone by, and an alarm begins anew after a change. One table is one bucket here: partitions, which
//! take 1,000 writes a second each, are not told apart.

use crate::day::HOURS;

/// So far below the target it is lowered.
const LOWER: f64 = 0.20;
const MINUTES_ABOVE: usize = 2;
const MINUTES_BELOW: usize = 15;
/// From an alarm's last minute until the table has its new capacity.
const DELAY_SECONDS: u32 = 180;
/// Unused capacity of so long may be used at once.
pub const BURST_SECONDS: f64 = 300.0;
/// Four a day for a table: two for its writes and two for its reads.
const DECREASES_A_DAY: u32 = 2;
/// … and one more after so long without.
const QUIET_SECONDS: u32 = 3_600;
/// The last day of so many is what is told: by then each begins as the one before.
const DAYS: u32 = 3;
const DAY_SECONDS: u32 = 86_400;
const HOUR_SECONDS: u32 = 3_600;
const MINUTE_SECONDS: u32 = 60;

/// What auto scaling may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// The part of the capacity that is to be used.
    pub target: f64,
    /// The least capacity.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// When capacity is another one by the clock.
    pub raised: Vec<Raised>,
}

/// From a second of the day (UTC) until another there is just so much capacity, whatever is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raised {
    /// The first second.
    pub from: u32,
    /// The one after the last.
    pub until: u32,
    /// The capacity.
    pub capacity: f64,
}

/// What a table had on one day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    /// By hour in UTC, the highest capacity, which is what is billed.
    pub hours: Vec<f64>,
    /// Units that were used.
    pub used: f64,
    /// The most that were asked for in one second.
    pub most_asked: f64,
    /// Units that waited, for no capacity was left when they came.
    pub refused: f64,
    /// For so many seconds of the day some waited.
    pub waited_seconds: u32,
    /// How often capacity was lowered.
    pub decreases: u32,
}

impl Held {
    /// Of all hours together.
    pub fn unit_hours(&self) -> f64 {
        self.hours.iter().sum()
    }

    /// Capacity in the mean.
    pub fn mean(&self) -> f64 {
        self.unit_hours() / HOURS as f64
    }

    /// The highest.
    pub fn highest(&self) -> f64 {
        self.hours.iter().copied().fold(0.0, f64::max)
    }

    /// What was used of what is paid for.
    pub fn share_used(&self) -> f64 {
        self.used / f64::from(HOUR_SECONDS) / self.unit_hours()
    }
}

impl Scaling {
    /// A day of a table that is asked for so many units in each second since a midnight; the days before it are alike.
    pub fn hold(&self, mean: f64, mut asked: impl FnMut(u32) -> f64) -> Held {
        let mut table = Table::new(self, mean);
        for second in 0..DAYS * DAY_SECONDS {
            if second == (DAYS - 1) * DAY_SECONDS {
                table.held = Held::default();
            }
            table.change(second);
            table.take(asked(second));
            if (second + 1) % MINUTE_SECONDS == 0 {
                table.look(second + 1);
            }
            table.bill(second);
        }
        table.held
    }

    fn raised(&self, second: u32) -> Option<f64> {
        let second = second % DAY_SECONDS;
        self.raised.iter().find(|raised| (raised.from..raised.until).contains(&second)).map(|raised| raised.capacity)
    }

    fn within(&self, capacity: f64) -> f64 {
        capacity.ceil().max(self.least).min(self.most)
    }
}

/// Where a table is.
struct Table<'a> {
    scaling: &'a Scaling,
    capacity: f64,
    /// What may be used at once.
    tokens: f64,
    /// What was refused and comes again.
    waiting: f64,
    /// Used in the present minute, and a second in each since the alarms began.
    used: f64,
    minutes: Vec<f64>,
    /// When there will be another capacity.
    planned: Option<(u32, f64)>,
    decreases_today: u32,
    last_decrease: Option<u32>,
    held: Held,
}

impl<'a> Table<'a> {
    fn new(scaling: &'a Scaling, mean: f64) -> Table<'a> {
        let capacity = scaling.within(mean / scaling.target);
        Table {
            scaling,
            capacity,
            tokens: capacity * BURST_SECONDS,
            waiting: 0.0,
            used: 0.0,
            minutes: Vec::new(),
            planned: None,
            decreases_today: 0,
            last_decrease: None,
            held: Held::default(),
        }
    }

    /// By the clock, or because an alarm asked for it.
    fn change(&mut self, second: u32) {
        if second.is_multiple_of(DAY_SECONDS) {
            self.decreases_today = 0;
        }
        if let Some(capacity) = self.scaling.raised(second) {
            self.planned = None;
            self.set(second, capacity);
        } else if let Some((_, capacity)) = self.planned.filter(|(at, _)| *at <= second) {
            self.planned = None;
            self.set(second, capacity);
        } else {
            self.set(second, self.capacity.min(self.scaling.most));
        }
    }

    fn set(&mut self, second: u32, capacity: f64) {
        if capacity == self.capacity {
            return;
        }
        if capacity < self.capacity {
            self.decreases_today += 1;
            self.last_decrease = Some(second);
            self.held.decreases += 1;
        }
        self.capacity = capacity;
        self.tokens = self.tokens.min(capacity * BURST_SECONDS);
        self.minutes.clear();
    }

    fn take(&mut self, asked: f64) {
        self.tokens = (self.tokens + self.capacity).min(self.capacity * (BURST_SECONDS + 1.0));
        let left = self.tokens - self.waiting;
        self.held.refused += (asked - left.max(0.0)).max(0.0);
        self.held.most_asked = self.held.most_asked.max(asked);
        let taken = (self.waiting + asked).min(self.tokens);
        self.waiting += asked - taken;
        // What is left of sums and differences is nothing.
        if self.waiting < 1e-6 {
            self.waiting = 0.0;
        }
        self.held.waited_seconds += u32::from(self.waiting > 0.0);
        self.tokens -= taken;
        self.used += taken;
        self.held.used += taken;
    }

    /// At the end of a minute both alarms look back.
    fn look(&mut self, second: u32) {
        self.minutes.push(self.used / f64::from(MINUTE_SECONDS));
        self.used = 0.0;
        if self.planned.is_some() || self.scaling.raised(second).is_some() {
            return;
        }
        let target = self.scaling.target;
        let (high, low) = (target * self.capacity, (target - LOWER) * self.capacity);
        let above = self.last(MINUTES_ABOVE).filter(|last| last.iter().all(|used| *used > high));
        let below = self.last(MINUTES_BELOW).filter(|last| last.iter().all(|used| *used < low));
        let Some(busiest) = above.or(below).map(|last| last.iter().copied().fold(0.0, f64::max)) else { return };
        let capacity = self.scaling.within(busiest / target);
        if capacity > self.capacity || (capacity < self.capacity && self.may_decrease(second)) {
            self.planned = Some((second + DELAY_SECONDS, capacity));
        }
    }

    fn last(&self, minutes: usize) -> Option<&[f64]> {
        self.minutes.len().checked_sub(minutes).map(|from| &self.minutes[from..])
    }

    fn may_decrease(&self, second: u32) -> bool {
        let quiet = self.last_decrease.is_none_or(|last| second - last >= QUIET_SECONDS);
        self.decreases_today < DECREASES_A_DAY || quiet
    }

    fn bill(&mut self, second: u32) {
        let hour = (second % DAY_SECONDS / HOUR_SECONDS) as usize;
        if self.held.hours.len() <= hour {
            self.held.hours.resize(hour + 1, 0.0);
        }
        self.held.hours[hour] = self.held.hours[hour].max(self.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u32 = 12 * HOUR_SECONDS;

    fn free() -> Scaling {
        Scaling { target: 0.7, least: 1.0, most: 100_000.0, raised: Vec::new() }
    }

    /// So many a second in the morning, and so many after noon.
    fn halves(morning: f64, afternoon: f64) -> impl FnMut(u32) -> f64 {
        move |second| if second % DAY_SECONDS < NOON { morning } else { afternoon }
    }

    #[test]
    fn a_steady_load_has_what_it_uses_by_the_target() {
        let held = free().hold(70.0, |_| 70.0);
        assert_eq!(held.hours, vec![100.0; 24]);
        assert_eq!((held.unit_hours(), held.mean(), held.highest()), (2_400.0, 100.0, 100.0));
        assert_eq!((held.used, held.refused, held.waited_seconds, held.decreases), (6_048_000.0, 0.0, 0, 0));
        assert!((held.share_used() - 0.7).abs() < 1e-12);
    }

    /// From noon on 140 of 100: two minutes and three more, 300 s × 40 = 12,000 of the 30,000 that were saved. Then 200
    /// until midnight and fifteen minutes and three after it, so that the hour after it is paid for too.
    #[test]
    fn capacity_rises_after_two_minutes_and_falls_after_fifteen() {
        let held = free().hold(70.0, halves(69.0, 140.0));
        assert_eq!(held.hours[1..12], [99.0; 11]);
        assert_eq!(held.hours[12..], [200.0; 12]);
        assert_eq!((held.hours[0], held.decreases), (200.0, 1));
        assert_eq!(held.refused, 0.0);
    }

    /// Between 50 and 70 of a hundred nothing happens.
    #[test]
    fn a_load_that_is_a_little_lower_changes_nothing() {
        let held = free().hold(70.0, halves(70.0, 51.0));
        assert_eq!((held.hours, held.decreases), (vec![100.0; 24], 0));
    }

    /// 280 of 100 from noon on: what was saved, 30,000, lasts for 167 s of 180 more than there is. When there are 400 at 300 s,
    /// 180 × 133 = 24,000 wait, and at 120 a second these take 200 s.
    #[test]
    fn what_the_saved_capacity_does_not_hold_is_refused_and_comes_again() {
        let mut scaling = free();
        let held = scaling.hold(70.0, halves(70.0, 280.0));
        assert!((331..=335).contains(&held.waited_seconds), "{} s", held.waited_seconds);
        // Who comes while others wait, waits too.
        assert!((held.refused / (333.0 * 280.0) - 1.0).abs() < 0.01, "{}", held.refused);
        assert!((held.used - 43_200.0 * 350.0).abs() < 1.0, "nothing is lost: {}", held.used);
        scaling.least = 280.0 / 0.7;
        let held = scaling.hold(70.0, halves(70.0, 280.0));
        assert_eq!((held.refused, held.waited_seconds, held.hours), (0.0, 0, vec![400.0; 24]));
    }

    /// A batch each minute, 6,000 at once, is 100 a second in the mean.
    #[test]
    fn batches_use_what_was_saved_before_them() {
        let held = free().hold(100.0, |second| if second % 60 == 30 { 6_000.0 } else { 0.0 });
        assert_eq!((held.hours.clone(), held.refused, held.most_asked), (vec![143.0; 24], 0.0, 6_000.0));
        assert!((held.share_used() - 100.0 / 143.0).abs() < 1e-12);
        // 300 s of 143 are saved at most, and one second's own.
        let at_once = |units| free().hold(100.0, move |second| if second == 2 * DAY_SECONDS { units } else { 0.0 });
        assert_eq!(at_once(43_000.0).refused, 42_699.0, "the least has 300 and one");
    }

    /// Low for half an hour, high for half an hour: it could fall 24 times, and may fall twice, and then once an hour.
    #[test]
    fn capacity_falls_twice_a_day_and_once_an_hour() {
        let saw = |second: u32| if second % 2_400 < 1_200 { 70.0 } else { 7.0 };
        let held = free().hold(70.0, saw);
        assert!(held.decreases >= 18 && held.decreases <= 25, "{}", held.decreases);
        let fast = free().hold(70.0, |second| if second < NOON { 70.0 } else { 7.0 });
        assert_eq!(fast.hours, vec![10.0; 24]);
    }

    #[test]
    fn it_stays_between_the_least_and_the_most() {
        let scaling = Scaling { target: 0.7, least: 60.0, most: 150.0, raised: Vec::new() };
        let held = scaling.hold(70.0, halves(7.0, 140.0));
        assert_eq!((held.hours[6], held.highest()), (60.0, 150.0));
    }

    /// From one to half past one, 500; the hour is paid so. Twenty minutes of little use lie behind it, so that it falls
    /// with the next look, and three minutes.
    #[test]
    fn what_is_raised_by_the_clock_is_paid_for_one_hour() {
        let raised = Raised { from: HOUR_SECONDS, until: HOUR_SECONDS + 1_800, capacity: 500.0 };
        let scaling = Scaling { raised: vec![raised], ..free() };
        // At ten past, for 100 s, 1,000 more.
        let evaluated = |second: u32| {
            let of_day = second % DAY_SECONDS;
            if (4_200..4_300).contains(&of_day) { 1_070.0 } else { 70.0 }
        };
        let held = scaling.hold(70.0, evaluated);
        assert_eq!((held.hours[0], held.hours[1], held.hours[2]), (100.0, 500.0, 100.0));
        assert_eq!((held.refused, held.decreases), (0.0, 1));
        let held = free().hold(70.0, evaluated);
        assert!(held.refused > 0.0, "without it some wait");
    }
}
