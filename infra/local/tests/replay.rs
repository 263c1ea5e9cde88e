//! `replay`: whatever the order, the repeats and the number of runs, the numbers and the lake come out the same.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use support::events::{Meeting, shuffle};
use support::{errors, lake, printed, replay, run_with_input, share_keys, text, views};
use tempfile::TempDir;

const EVENTS: usize = 6_000;

/// A simulated class, and a folder that it was replayed into.
struct Fixture {
    folder: TempDir,
    lines: Vec<String>,
    at: String,
}

impl Fixture {
    fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let count = EVENTS.to_string();
        let simulated = printed(&["simulate", "--events", &count, "--seed", "5"]);
        let lines: Vec<String> = simulated.lines().map(str::to_string).collect();
        assert_eq!(lines.len(), EVENTS);
        let times = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["time"].clone());
        let at = times.map(|time| time.as_str().unwrap().to_string()).max().unwrap();
        let fixture = Fixture { folder, lines, at };
        let report = replay(&fixture.data("base"), &[&fixture.file("all", &fixture.lines)]);
        assert_eq!((&report["read"], &report["accepted"]), (&json!(EVENTS), &json!(EVENTS)), "{report}");
        fixture
    }

    fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, lines: &[String]) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.ndjson"));
        fs::write(&path, lines.join("\n")).unwrap();
        path
    }

    /// A folder in which learners have the same pseudonyms.
    fn another(&self, name: &str) -> PathBuf {
        share_keys(&self.data("base"), &self.data(name));
        self.data(name)
    }

    fn assert_same(&self, data: &Path) {
        let expected = views(&self.data("base"), &self.at);
        assert!(expected.iter().any(|course| course["videos"][0]["viewers"].as_i64() > Some(0)), "there is something");
        assert_eq!(views(data, &self.at), expected);
        assert_eq!(lake::contents(data), lake::contents(&self.data("base")));
    }
}

#[test]
fn repeats_order_and_new_processes_change_nothing() {
    let fixture = Fixture::new();
    let all = fixture.data("all.ndjson");

    let twice = fixture.another("twice");
    assert_eq!(replay(&twice, &[&all, &all])["accepted"], 2 * EVENTS);
    replay(&twice, &[&all]);
    fixture.assert_same(&twice);

    let shuffled = fixture.another("shuffled");
    let mut lines = fixture.lines.clone();
    shuffle(&mut lines, 11);
    assert_ne!(lines, fixture.lines);
    replay(&shuffled, &[&fixture.file("shuffled", &lines)]);
    fixture.assert_same(&shuffled);

    let halves = fixture.another("halves");
    let (first, second) = fixture.lines.split_at(EVENTS / 2);
    replay(&halves, &[&fixture.file("second", second)]);
    replay(&halves, &[&fixture.file("first", first)]);
    fixture.assert_same(&halves);
}

#[test]
fn gzip_and_standard_input_are_read_like_files() {
    let fixture = Fixture::new();
    let (first, second) = fixture.lines.split_at(EVENTS / 2);

    let zipped = fixture.another("zipped");
    let path = fixture.folder.path().join("zipped.gz");
    // Two members one after the other, as log rotation leaves them.
    let mut file = File::create(&path).unwrap();
    for part in [first, second] {
        file.write_all(&gzip(part)).unwrap();
    }
    drop(file);
    assert_eq!(replay(&zipped, &[&path])["accepted"], EVENTS);
    fixture.assert_same(&zipped);

    let piped = fixture.another("piped");
    let first = fixture.file("first", first);
    let arguments = ["replay", "--data", text(&piped), "--format", "native", text(&first), "-"];
    let output = run_with_input(&arguments, &gzip(second));
    assert!(output.status.success(), "{}", errors(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains(&format!("accepted  {EVENTS}\n")), "{shown}");
    fixture.assert_same(&piped);
}

fn gzip(lines: &[String]) -> Vec<u8> {
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    lines.iter().for_each(|line| writeln!(zipped, "{line}").unwrap());
    zipped.finish().unwrap()
}

#[test]
fn bad_lines_are_counted_by_reason_and_end_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let meeting = Meeting::an_hour_ago();
    let with = |field: &str, value: Value| {
        let mut event: Value = serde_json::from_str(&meeting.event(1)).unwrap();
        event[field] = value;
        event.to_string()
    };
    let bad = [
        "{\"id\": \"cut short".to_string(),
        "not JSON at all".to_string(),
        with("type", json!("video.exploded")),
        with("learner", json!("anonymous")),
        with("course", json!(" ")),
        with("time", Value::Null),
        with("time", Value::Null),
    ];
    let mut lines = vec![meeting.event(2)];
    for (number, bad) in bad.into_iter().enumerate() {
        lines.extend([bad, String::new(), meeting.event(10 + number as u64)]);
    }
    let file = folder.path().join("mixed.ndjson");
    fs::write(&file, lines.join("\n")).unwrap();
    let report = replay(&folder.path().join("data"), &[&file]);
    let rejected = json!({ "invalid_json": 2, "unknown_type": 1, "no_learner": 1, "no_course": 1, "time_missing": 2 });
    assert_eq!((&report["read"], &report["accepted"], &report["rejected"]), (&json!(15), &json!(8), &rejected));
    assert!(report["events_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{report}");
    assert_eq!(lake::rows(&folder.path().join("data")).len(), 8);
}

#[test]
fn a_file_that_is_not_there_is_named_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (data, good) = (folder.path().join("data"), folder.path().join("good.ndjson"));
    fs::write(&good, Meeting::an_hour_ago().event(1)).unwrap();
    let arguments = ["replay", "--data", text(&data), "--format", "native", text(&good), "/nowhere/at/all"];
    let complaint = support::complaint(&arguments);
    assert!(complaint.contains("/nowhere/at/all"), "{complaint}");
}

#[test]
fn a_damaged_gzip_file_fails_and_what_came_before_it_is_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (data, good, cut) =
        (folder.path().join("data"), folder.path().join("good.ndjson"), folder.path().join("cut.gz"));
    fs::write(&good, Meeting::an_hour_ago().event(1)).unwrap();
    let zipped = gzip(&(2..500).map(|number| Meeting::an_hour_ago().event(number)).collect::<Vec<_>>());
    fs::write(&cut, &zipped[..zipped.len() / 2]).unwrap();
    let arguments = ["replay", "--data", text(&data), "--format", "native", text(&good), text(&cut)];
    let complaint = support::complaint(&arguments);
    assert!(complaint.contains("cut.gz"), "{complaint}");
    assert!(!lake::rows(&data).is_empty());
}

#[test]
fn answers_in_thousands_of_ways_and_watching_without_end_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (essays, beats) = (6_000, 3_000);
    let essay = |learner: usize| {
        json!({ "id": format!("a{learner}"), "type": "quiz.answered", "time": "2026-03-02T18:00:00Z", "course": "c",
            "learner": format!("l{learner}"), "quiz": "q", "question": "1", "attempt": 1,
            "response": format!("{learner} {}", "ção ".repeat(40)) })
    };
    let beat = |number: usize| {
        json!({ "id": format!("b{number}"), "type": "video.watched", "course": "c", "learner": "ana", "video": "v",
            "time": format!("2026-03-02T{:02}:{:02}:{:02}Z", number / 360, number / 6 % 60, number % 6 * 10),
            "from": 0, "to": 10, "session": format!("{}", number / 100) })
    };
    let lines: Vec<String> =
        (0..essays).map(essay).chain((0..beats).map(beat)).map(|event| event.to_string()).collect();
    let file = folder.path().join("all.ndjson");
    fs::write(&file, lines.join("\n")).unwrap();
    assert_eq!(replay(&data, &[&file, &file])["accepted"], 2 * (essays + beats));

    let course = &views(&data, "2026-03-02T18:00:00Z")[0];
    let question = &course["questions"][0];
    assert_eq!((&question["learners"], &question["attempts"]), (&json!(essays), &json!(essays)));
    assert_eq!(question["responses_first"].as_array().map(Vec::len), Some(50));
    assert_eq!(question["responses_first_other"], essays - 50);

    let rows = lake::rows(&data);
    let beyond = rows.iter().filter(|row| row["beyond_state"] == "true").count();
    assert_eq!(rows.len(), essays + beats);
    assert!(beyond > 0 && rows.iter().all(|row| row["beyond_state"] == "false" || row["video"].contains('v')));
    // What counts is what the item had room for: heartbeats of 10 s each.
    assert_eq!(course["videos"][0]["content_time"], 10 * (beats - beyond));
}
