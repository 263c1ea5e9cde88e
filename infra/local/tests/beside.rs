//! What other commands see of a folder on which an `up` runs, and of one on which none does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::events::{COURSES, Meeting};
use support::http::Target;
use support::up::Up;
use support::{
    command, complaint, course_views, errors, printed, replay, run, run_with_input, share_keys, text, until, views,
};

#[test]
fn views_beside_a_running_up_see_what_was_just_sent_and_the_same_after_its_stop() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (up, meeting) = (Up::start(data, &[]), Meeting::an_hour_ago());
    let mut events: Vec<_> = (0..300).map(|number| meeting.event(number)).collect();
    Target::of(&up).send(&events);
    let shown = until(|| run(&["views", "--data", text(data), "--json"]).status.success().then_some(()));
    shown.expect("`views` reads beside `up`");
    let enrolled = format!(
        r#"{{"id":"just-now","type":"course.enrolled","learner":"aluna-nova","course":"turma-nova","time":"{}"}}"#,
        meeting.end()
    );
    Target::of(&up).send(std::slice::from_ref(&enrolled));
    let seen = until(|| {
        let output = run(&["views", "--data", text(data), "--course", "turma-nova", "--json"]);
        output.status.success().then_some(output)
    });
    let seen: Value = serde_json::from_slice(&seen.expect("the new course is seen").stdout).unwrap();
    assert_eq!(seen["course"]["learners"], 1);
    events.push(enrolled);
    let expected = replayed(data, &events, &meeting.end());
    until(|| (views(data, &meeting.end()) == expected).then_some(())).expect("all that was sent is seen");
    assert!(up.stop("-INT").success());
    assert_eq!(views(data, &meeting.end()), expected);
}

/// The views of another folder into which events were replayed.
fn replayed(data: &Path, events: &[String], at: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (fresh, file) = (folder.path().join("fresh"), folder.path().join("events.ndjson"));
    share_keys(data, &fresh);
    std::fs::write(&file, events.join("\n")).unwrap();
    replay(&fresh, &[&file]);
    views(&fresh, at)
}

#[test]
fn views_and_settings_read_a_folder_whose_up_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (up, meeting) = (Up::start(folder.path(), &[]), Meeting::an_hour_ago());
    let events: Vec<_> = (0..300).map(|number| meeting.event(number)).collect();
    Target::of(&up).send(&events);
    let shown =
        || run(&["views", "--data", text(folder.path()), "--course", COURSES[0]]).status.success().then_some(());
    until(shown).expect("`views` reads beside `up`");
    up.kill();
    assert_eq!(course_views(folder.path(), COURSES[0], &meeting.end())["course"]["course"], COURSES[0]);
    let settings = printed(&["settings", "--data", text(folder.path()), "--course", COURSES[0]]);
    assert!(settings.contains("UTC"), "{settings}");
}

#[test]
fn settings_show_the_zone_of_the_courses_first_event() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let zone = |course: &str| {
        let shown = printed(&["settings", "--data", text(data), "--course", course]);
        serde_json::from_str::<Value>(&shown).unwrap()["settings"]["zone"].clone()
    };
    let up = Up::start(data, &["--zone", "America/Sao_Paulo"]);
    let meeting = Meeting::an_hour_ago();
    Target::of(&up).send(&[meeting.event(1)]);
    let course = serde_json::from_str::<Value>(&meeting.event(1)).unwrap()["course"].clone();
    let course = course.as_str().unwrap();
    assert_eq!(zone(course), "America/Sao_Paulo");
    assert!(up.stop("-TERM").success());
    let up = Up::start(data, &["--zone", "Asia/Tokyo"]);
    Target::of(&up).send(&[meeting.event(1)]);
    assert!(up.stop("-TERM").success());
    assert_eq!(zone(course), "America/Sao_Paulo");
    assert_eq!(course_views(data, course, &meeting.end())["course"]["zone"], "America/Sao_Paulo");
}

#[test]
fn a_video_is_as_long_as_its_course_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let event = r#"{"id":"1","type":"video.watched","time":"2026-03-02T18:00:00Z","learner":"ana","course":"c",
        "video":"https://v.test/?id=7","from":0,"to":50,"length":100}"#;
    let replayed = run_with_input(&["replay", "--data", data, "--format", "native", "-"], event.as_bytes());
    assert!(replayed.status.success(), "{}", errors(&replayed));
    let length = || views(folder.path(), "2026-03-02T18:00:00Z")[0]["videos"][0]["length"].clone();
    assert_eq!(length(), 100);
    printed(&["settings", "--data", data, "--course", "c", "--length", "https://v.test/?id=7=50.5"]);
    assert_eq!(length(), 50.5);
    for bad in ["7", "7=long", "7=-1", "7=NaN"] {
        let change = run(&["settings", "--data", data, "--course", "c", "--length", bad]);
        assert!(!change.status.success() && errors(&change).contains("length"), "{bad}: {}", errors(&change));
    }
}

#[test]
fn who_reads_no_further_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    replay_nothing(data);
    let mut views = command(&["views", "--data", data]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(views.stdout.take());
    let output = views.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
}

fn replay_nothing(data: &str) {
    let replayed = run_with_input(&["replay", "--data", data, "--format", "native", "-"], b"");
    assert!(replayed.status.success(), "{}", errors(&replayed));
}

#[test]
fn a_second_writer_on_the_same_folder_is_refused_and_disturbs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let (up, meeting) = (Up::start(folder.path(), &[]), Meeting::an_hour_ago());
    let second = complaint(&["up", "--data", data, "--listen", "127.0.0.1:0"]);
    assert!(second.contains("is another trilha running on it?"), "{second}");
    let replay = complaint(&["replay", "--data", data, "--format", "native", "-"]);
    assert!(replay.contains("is another trilha running on it?"), "{replay}");
    Target::of(&up).send(&[meeting.event(1)]);
    let change = complaint(&["settings", "--data", data, "--course", COURSES[0], "--threshold", "0.8"]);
    assert!(change.contains("is an `up` running on the folder?"), "{change}");
    assert!(up.stop("-TERM").success());
    assert_eq!(support::lake::rows(folder.path()).len(), 1);
}

#[test]
fn a_folder_that_is_none_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    for command in [&["views", "--json"][..], &["settings", "--course", "c"]] {
        let arguments = [&[command[0], "--data", text(&none)], &command[1..]].concat();
        let complaint = complaint(&arguments);
        assert!(complaint.contains(text(&none)) && complaint.contains("is no data folder"), "{complaint}");
    }
    assert!(!none.exists());
}

#[test]
fn a_course_without_events_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(folder.path());
    let up = Up::start(folder.path(), &[]);
    assert!(up.stop("-TERM").success());
    let unknown = complaint(&["views", "--data", data, "--course", "turma-x"]);
    assert!(unknown.contains("\"turma-x\""), "{unknown}");
    let output = run(&["views", "--data", data]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "no courses yet");
}
