//! The oracle in `tests/oracle` reads the same page on its own: the two must agree on what its generator draws, and
//! on its golden files. `TRILHA_ORACLE_SEEDS` is the number of generated classes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::event::Event;
use crate::{Course, CourseSettings, Told, courses, differences, ties};

const SEEDS: u32 = 2;
const MINUTE_MILLIS: i64 = 60_000;

#[test]
fn generated_classes_come_to_the_same() {
    if !python_is_there() {
        return eprintln!("skipped: python3 is missing");
    }
    let seeds = std::env::var("TRILHA_ORACLE_SEEDS").map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 1..=seeds {
        let seed = seed.to_string();
        let drawn = python(&["generate.py", "--seed", &seed, "--learners", "4", "--shuffle"]);
        // Those that must be refused have ids of their own.
        let counting: Vec<&str> = drawn.lines().filter(|line| !line.contains("\"id\": \"r")).collect();
        check(&format!("seed {seed}"), &counting);
    }
}

#[test]
fn golden_files_come_to_the_same() {
    if !python_is_there() {
        return eprintln!("skipped: python3 is missing");
    }
    for name in ["heartbeats", "pairs", "sessions", "bins", "quiz"] {
        let path = folder().join(format!("golden/native-{name}.ndjson"));
        let text = std::fs::read_to_string(path).unwrap();
        check(name, &text.lines().filter(|line| line.starts_with('{')).collect::<Vec<_>>());
    }
}

fn check(what: &str, lines: &[&str]) {
    let told = replayed(lines);
    assert_eq!(ties(&told), Vec::<String>::new());
    let path = std::env::temp_dir().join(format!("trilha-sim-oracle-{}-{what}.ndjson", std::process::id()));
    std::fs::write(&path, lines.join("\n")).unwrap();
    let times: Vec<i64> = told.iter().map(|told| told.arrival_millis).collect();
    for at in [times[times.len() / 2], times[times.len() / 3], *times.iter().max().unwrap()] {
        let moment = jiff::Timestamp::from_millisecond(at).unwrap().to_string();
        let printed = python(&["oracle.py", "--format", "native", path.to_str().unwrap(), "--at", &moment]);
        let theirs: Value = serde_json::from_str(&printed).unwrap();
        let settings = CourseSettings { zone: "UTC".to_string(), ..CourseSettings::default() };
        let ours = courses(&told, &|_| settings.clone(), at);
        assert!(!ours.is_empty() && ours.keys().eq(theirs["courses"].as_object().unwrap().keys()), "{what}");
        for (name, course) in &ours {
            let theirs = as_views(&theirs["courses"][name], course, at);
            assert_eq!(differences(course, &theirs), Vec::<String>::new(), "{what}, {name} at {moment}");
        }
    }
    std::fs::remove_file(path).unwrap();
}

/// A replay takes each event as arrived at its own time.
fn replayed<'a>(lines: &[&'a str]) -> Vec<Told<'a>> {
    let time = |text| Event::of(&Told { text, arrival_millis: i64::MAX }).at();
    lines.iter().map(|text| Told { text, arrival_millis: time(text) }).collect()
}

/// What the other oracle printed, as the read API would; what it does not know of is filled in from ours.
fn as_views(theirs: &Value, ours: &Course, at_millis: i64) -> Value {
    let mut views = theirs.clone();
    views["course"]["minutes"] = shown_minutes(&theirs["course"]["minutes"], at_millis);
    views["course"]["title"] = json!(ours.title);
    views["course"]["zone"] = json!(ours.zone);
    for (name, value) in [("as_of", Value::Null), ("processed_to", Value::Null), ("stale", json!(false))] {
        views[name] = value;
    }
    for (theirs, ours) in views["videos"].as_array_mut().unwrap().iter_mut().zip(&ours.videos) {
        theirs["title"] = json!(ours.title);
        if theirs["retention"].is_null() {
            theirs["retention"] = json!([]);
        }
        if let Some(drop) = theirs["drop_off"].as_object_mut() {
            drop.insert("second".to_string(), json!(drop["bin"].as_i64().unwrap() * 5));
        }
    }
    for (theirs, ours) in views["questions"].as_array_mut().unwrap().iter_mut().zip(&ours.questions) {
        theirs["title"] = json!(ours.title);
        theirs["quiz_title"] = json!(ours.quiz_title);
        let mark = |mark: &crate::Mark| json!({"code": mark.code, "value": mark.value, "limit": mark.limit});
        theirs["marks"] = ours.marks.iter().map(mark).collect();
    }
    views
}

/// The other oracle prints all minutes that are not empty; the read API the 60 up to T.
fn shown_minutes(theirs: &Value, at_millis: i64) -> Value {
    let last = at_millis.div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS;
    let starts = (0..60).map(|back| last - (59 - back) * MINUTE_MILLIS);
    let shown = starts.map(|start| {
        let minute = jiff::Timestamp::from_millisecond(start).unwrap().to_string();
        let there = theirs.as_array().unwrap().iter().find(|entry| entry["minute"] == minute.as_str());
        json!({"minute": minute, "active": there.map_or(json!(0), |entry| entry["learners"].clone())})
    });
    shown.collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/oracle")
}

fn python_is_there() -> bool {
    let quiet = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

fn python(arguments: &[&str]) -> String {
    let done = Command::new("python3").current_dir(folder()).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}
