//! The platform's own reader takes every simulated event as it is meant.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use trilha_schemas::flags::Flags;
use trilha_schemas::native;
use trilha_simulator::{Class, ClassConfig, LiveClass, LiveConfig, SimulatedEvent};

fn check(event: &SimulatedEvent) {
    let read = native::read(&event.json).unwrap_or_else(|refusal| panic!("{refusal}: {}", event.json));
    assert_eq!(read.time_millis, Some(event.sent.time_millis), "{}", event.json);
    assert_eq!(read.flags, Flags::empty(), "{}", event.json);
}

#[test]
fn the_native_reader_accepts_a_class_without_a_mark() {
    let config = ClassConfig { events: Some(30_000), courses: Some(3), ..ClassConfig::default() };
    Class::new(&config).for_each(|event| check(&event));
}

#[test]
fn the_native_reader_accepts_a_live_class_without_a_mark() {
    let now_millis = 1_790_000_000_000;
    let mut class = LiveClass::new(&LiveConfig::new(1, now_millis));
    class.due(now_millis).for_each(|event| check(&event));
}
