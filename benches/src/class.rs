//! Simulated classes, the same bytes each time.

use trilha_simulator::{Class, ClassConfig, SimulatedEvent};

/// Events in one request of a busy client or server.
pub const REQUEST_EVENTS: usize = 500;

const MILLIS_PER_DAY: i64 = 86_400_000;
/// What a learner sends on a course's first day, rounded down.
const EVENTS_PER_LEARNER: usize = 20;

/// So many events of a class, over the 14 days of its courses, in the order of sending.
pub fn class(events: usize) -> Vec<SimulatedEvent> {
    Class::new(&ClassConfig { events: Some(events as u64), ..ClassConfig::default() }).collect()
}

/// So many events of the first day of a class, one day of UTC.
pub fn day(events: usize) -> Vec<SimulatedEvent> {
    let learners = (events / EVENTS_PER_LEARNER).max(10) as u32;
    let config = ClassConfig { learners: Some(learners), days: 1, ..ClassConfig::default() };
    let first = config.start_millis.div_euclid(MILLIS_PER_DAY);
    let of_day = |event: &SimulatedEvent| event.sent.time_millis.div_euclid(MILLIS_PER_DAY) == first;
    let day: Vec<_> = Class::new(&config).filter(of_day).take(events).collect();
    assert_eq!(day.len(), events, "a day of {learners} learners is too short");
    day
}
