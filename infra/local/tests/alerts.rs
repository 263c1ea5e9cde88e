//! What the evaluator tells on one machine: once, beside a running `up`, and still there after its stop.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::http::Target;
use support::up::Up;
use support::{complaint, printed, text, until};

/// Heartbeats by which a learner watches all of a video of 60 s, an hour ago.
fn watched(learner: &str) -> Vec<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let beat = |at: i64| {
        let time = jiff::Timestamp::from_millisecond(now - 3_600_000 + 20_000 * at).unwrap();
        format!(
            r#"{{"id":"{learner}-{at}","type":"video.watched","time":"{time}","learner":"{learner}","course":"turma-1",
            "session":"s","video":"v1","from":{},"to":{},"length":60}}"#,
            20 * at,
            20 * at + 20
        )
        .replace('\n', " ")
    };
    (0..3).map(beat).collect()
}

fn alerts(data: &Path) -> Vec<Value> {
    let shown: Value = serde_json::from_str(&printed(&["alerts", "--data", text(data), "--json"])).unwrap();
    shown["alerts"].as_array().unwrap().clone()
}

#[test]
fn a_completed_video_is_told_once_and_stays_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let up = Up::start(data, &["--evaluate-every", "100"]);
    assert_eq!(alerts(data), [] as [Value; 0]);
    assert_eq!(printed(&["alerts", "--data", text(data)]).trim(), "nothing was told of yet");
    Target::of(&up).send(&watched("ana"));
    until(|| (alerts(data).len() == 1).then_some(())).expect("the completed video is told of");
    assert!(up.stop("-TERM").success());

    let up = Up::start(data, &["--evaluate-every", "100"]);
    Target::of(&up).send(&watched("bia"));
    until(|| (alerts(data).len() == 2).then_some(())).expect("the second one is told of, and the first not again");
    assert!(up.stop("-TERM").success());
    let told = alerts(data);
    assert!(told.iter().all(|alert| alert["type"] == "video.completed" && alert["video"] == "v1"), "{told:?}");
    assert_ne!(told[0]["learner"], told[1]["learner"]);
    assert!(!format!("{told:?}").contains("ana"), "no learner is named");
    let shown = printed(&["alerts", "--data", text(data), "--limit", "1"]);
    assert!(shown.lines().count() == 1 && shown.contains("video.completed"), "{shown}");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    assert!(complaint(&["alerts", "--data", text(&none)]).contains("is no data folder"));
}
