//! A class that goes on now, as the demonstration asks for it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Line, check_fields, read};
use trilha_simulator::{LiveClass, LiveConfig, SimulatedEvent};

const NOW_MILLIS: i64 = 1_790_000_000_000;

fn class(seed: u64) -> LiveClass {
    LiveClass::new(&LiveConfig::new(seed, NOW_MILLIS))
}

/// The past and `minutes` more, asked for second by second.
fn first_minutes(seed: u64, minutes: i64) -> Vec<SimulatedEvent> {
    let mut class = class(seed);
    (0..=minutes * 60).flat_map(|second| class.due(NOW_MILLIS + second * 1_000).collect::<Vec<_>>()).collect()
}

#[test]
fn the_past_is_bounded_and_fills_every_video() {
    for seed in 0..8 {
        let past: Vec<Line> = class(seed).due(NOW_MILLIS).map(|event| read(&event)).collect();
        assert!((10_000..=20_000).contains(&past.len()), "{} events", past.len());
        assert!(past.iter().all(|line| line.sent_millis <= NOW_MILLIS));
        let mut viewers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for line in past.iter().filter(|line| line.text("type") == "video.watched" && line.is_learner()) {
            viewers.entry(line.text("video")).or_default().insert(line.text("learner"));
        }
        assert_eq!(viewers.len(), 12);
        let fewest = viewers.values().map(BTreeSet::len).min().unwrap();
        assert!(fewest >= 10, "{fewest} viewers");
    }
}

#[test]
fn from_then_on_twenty_to_sixty_events_a_second_are_due() {
    let mut class = class(3);
    class.due(NOW_MILLIS).for_each(drop);
    for minute in 1..=180 {
        let events: Vec<Line> = class.due(NOW_MILLIS + minute * 60_000).map(|event| read(&event)).collect();
        let per_second = events.len() / 60;
        assert!((18..=60).contains(&per_second), "{per_second} in minute {minute}");
        let active: BTreeSet<&str> = events.iter().map(|line| line.text("learner")).collect();
        assert!((120..=280).contains(&active.len()), "{} active in minute {minute}", active.len());
    }
}

#[test]
fn asking_seldom_or_often_gives_the_same_events() {
    let mut seldom = class(5);
    let late: Vec<SimulatedEvent> =
        (0..=5).flat_map(|m| seldom.due(NOW_MILLIS + m * 60_000).collect::<Vec<_>>()).collect();
    assert!(late == first_minutes(5, 5));
    assert!(late != first_minutes(6, 5));
}

#[test]
fn nothing_is_due_twice_or_before_its_time() {
    let mut class = class(1);
    class.due(NOW_MILLIS).for_each(drop);
    assert_eq!(class.due(NOW_MILLIS).count(), 0);
    assert_eq!(class.due(NOW_MILLIS - 60_000).count(), 0, "time went back");
    let next: Vec<SimulatedEvent> = class.due(NOW_MILLIS + 10_000).collect();
    assert!(!next.is_empty());
    assert!(next.iter().all(|event| (NOW_MILLIS..=NOW_MILLIS + 10_000).contains(&event.sent.sent_millis)));
}

#[test]
fn a_long_silence_is_not_made_up_for() {
    let mut class = class(2);
    class.due(NOW_MILLIS + 60_000).for_each(drop);
    let woken_millis = NOW_MILLIS + 9 * 3_600_000;
    let events: Vec<SimulatedEvent> = class.due(woken_millis).collect();
    assert!((1_000..9_000).contains(&events.len()), "{}", events.len());
    let recent = events.iter().filter(|event| event.sent.time_millis > woken_millis - 180_000).count();
    assert!(recent * 100 > events.len() * 95, "{recent} of {} are recent", events.len());
    assert!(events.iter().all(|event| event.sent.time_millis <= event.sent.sent_millis));
    let after = class.due(woken_millis + 60_000).count() / 60;
    assert!((18..=60).contains(&after), "{after} a second afterwards");
}

#[test]
fn learners_come_and_go_and_each_enrols_first() {
    let lines: Vec<Line> = first_minutes(4, 60).iter().map(read).collect();
    let mut by_time: Vec<&Line> = lines.iter().filter(|line| line.is_learner()).collect();
    by_time.sort_by_key(|line| line.time_millis);
    let mut enrolled = BTreeSet::new();
    for line in by_time {
        check_fields(line);
        match line.text("type") {
            "course.enrolled" => assert!(enrolled.insert(line.text("learner")) || line.resent),
            _ => assert!(enrolled.contains(line.text("learner")), "{}", line.value),
        }
    }
    assert!(enrolled.len() > 300, "{} learners so far", enrolled.len());
}

#[test]
fn ids_differ_between_two_starts() {
    let ids = |now_millis| -> BTreeSet<String> {
        let mut class = LiveClass::new(&LiveConfig::new(1, now_millis));
        class.due(now_millis).map(|event| read(&event).text("id").to_owned()).collect()
    };
    assert!(ids(NOW_MILLIS).is_disjoint(&ids(NOW_MILLIS + 1)));
}

#[test]
fn a_class_is_as_large_as_asked_and_its_players_as_eager() {
    let events = |seats: u32, heartbeat_millis: i32| {
        let config = LiveConfig { seats, heartbeat_millis, courses: 40, ..LiveConfig::new(1, NOW_MILLIS) };
        let mut class = LiveClass::new(&config);
        assert_eq!(class.course_ids().count(), 40);
        class.due(NOW_MILLIS).for_each(drop);
        let hour: Vec<_> =
            (1..=60).flat_map(|minute| class.due(NOW_MILLIS + minute * 60_000).collect::<Vec<_>>()).collect();
        hour.len()
    };
    let (few, many, eager) = (events(30, 10_000), events(300, 10_000), events(300, 5_000));
    assert!((6 * few..12 * few).contains(&many), "{few} and {many}");
    assert!(eager * 10 > many * 14, "{many} and {eager}");
}
