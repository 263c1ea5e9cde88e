//! `trilha compact`: what landed is published, by hand.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use support::http::Target;
use support::up::Up;
use support::{complaint, lake, printed, text, until};

#[test]
fn what_landed_before_a_crash_is_published_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let compact = ["compact", "--data", text(data)];
    let up = Up::start(data, &["--compact-every", "3600000", "--lake-window", "1"]);
    let target = Target::of(&up);
    let landed = || std::fs::read_dir(data.join("lake/landing")).map_or(0, Iterator::count);
    // Batches of one learner land one after the other: when the second lands, the first is committed.
    for number in 1..=2 {
        target.send(&[viewed(number)]);
        until(|| (landed() >= number).then_some(())).expect("it lands");
    }
    assert!(complaint(&compact).contains("a running `up` compacts by itself"));
    assert!(up.kill());
    assert!(lake::rows(data).is_empty());

    let told = printed(&compact);
    let rows = lake::rows(data).len();
    assert!((1..=2).contains(&rows), "{rows}");
    assert_eq!(told, format!("1 day: {rows} landed rows taken, {rows} rows published\n"));
    assert_eq!(printed(&compact), "0 days: 0 landed rows taken, 0 rows published\n");

    // What had not landed is on the stream.
    assert!(Up::start(data, &[]).stop("-TERM").success());
    assert_eq!(lake::counts_by_source_id(data), [("1".to_string(), 1), ("2".to_string(), 1)].into());
}

fn viewed(number: usize) -> String {
    let when = format!("2026-11-23T12:00:0{number}Z");
    format!(r#"{{"id":"{number}","type":"activity.viewed","time":"{when}","learner":"ana","course":"c","object":"p"}}"#)
}
