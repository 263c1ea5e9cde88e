//! `quarantine`: what was refused is told without bodies and learners, and driven again once it can be read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use support::{complaint, errors, lake, printed, replay, run, text, views};
use trilha_collector::credential::Credential;
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::quarantine::{Quarantine, Rejection, Sending, Source};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::{Sealer, Secret};
use trilha_schemas::event::Protocol;

const TIME: &str = "2026-03-02T18:00:00Z";
/// What no output may show: a learner's id and what a body holds.
const SECRETS: [&str; 2] = ["aluna-secreta", "resposta-secreta"];

fn answered(id: &str, kind: &str) -> String {
    let [learner, response] = SECRETS;
    let event = json!({ "id": id, "type": kind, "time": TIME, "learner": learner, "course": "turma", "quiz": "q",
        "question": "1", "response": response, "correct": true });
    event.to_string()
}

/// A folder into which one good event and three bad ones were replayed.
fn replayed(data: &Path) {
    let no_course = answered("2", "quiz.answered").replace(r#""course":"turma","#, "");
    let broken = answered("3", "quiz.answered").replace('}', "");
    let lines = [answered("1", "quiz.answered"), answered("4", "quiz.imagined"), no_course, broken];
    let file = data.with_extension("ndjson");
    fs::write(&file, lines.join("\n")).unwrap();
    assert_eq!(replay(data, &[&file])["accepted"], 1);
}

fn quarantine(data: &Path, arguments: &[&str]) -> Vec<String> {
    let all = [&["quarantine", arguments[0], "--data", text(data)], &arguments[1..]].concat();
    all.into_iter().map(str::to_string).collect()
}

fn shown(data: &Path, arguments: &[&str]) -> String {
    let arguments = quarantine(data, arguments);
    let shown = printed(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_tells_nothing(&shown);
    shown
}

/// What a command that must fail printed, and its complaint.
fn refused(data: &Path, arguments: &[&str]) -> (String, String) {
    let arguments = quarantine(data, arguments);
    let output = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    assert_tells_nothing(&printed);
    assert_tells_nothing(&errors(&output));
    (printed, errors(&output))
}

fn assert_tells_nothing(shown: &str) {
    assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
}

fn listed(data: &Path, more: &[&str]) -> Value {
    serde_json::from_str(&shown(data, &[&["list", "--json"], more].concat())).unwrap()
}

fn key_of(data: &Path, code: &str) -> String {
    listed(data, &["--code", code])["rows"][0]["key"].as_str().unwrap().to_string()
}

#[test]
fn what_was_refused_is_listed_by_reason_and_tells_no_learner() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    replayed(&data);
    let list = listed(&data, &[]);
    let codes = json!({ "unknown_type": 1, "no_course": 1, "invalid_json": 1 });
    assert_eq!((&list["total"], &list["open"], &list["by_code"]), (&json!(3), &json!(3), &codes));
    assert_eq!(list["rows"].as_array().unwrap().len(), 3);
    let table = shown(&data, &["list", "--limit", "2"]);
    assert!(table.contains("and 1 more") && table.contains("3 rows, 3 open: invalid_json 1, no_course 1"), "{table}");
    let one = shown(&data, &["list", "--code", "no_course"]);
    assert!(one.contains("1 row, 1 open: no_course 1") && !one.contains("unknown_type"), "{one}");
    assert!(shown(&data, &["list", "--code", "none"]).contains("no such row"));

    let key = key_of(&data, "unknown_type");
    let row = shown(&data, &["show", &key[..8]]);
    assert!(row.contains(&key) && row.contains("unknown_type") && row.contains("send it again"), "{row}");
    let row: Value = serde_json::from_str(&shown(&data, &["show", &key, "--json"])).unwrap();
    assert_eq!((&row["field"], &row["redriven"]), (&json!("type"), &Value::Null));
    for (bad, why) in [("1234567", "is no row's key"), ("zzzzzzzz", "is no row's key"), ("00000000", "30 days")] {
        assert!(refused(&data, &["show", bad]).1.contains(why), "{bad}");
    }
}

#[test]
fn an_empty_quarantine_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("good.ndjson");
    fs::write(&file, answered("1", "quiz.answered")).unwrap();
    replay(&data, &[&file]);
    assert!(shown(&data, &["list"]).contains("the quarantine is empty"));
    assert!(shown(&data, &["redrive", "--all"]).contains("no row to drive again"));
}

#[test]
fn a_row_that_is_still_refused_stays_open_and_is_a_failure_where_it_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    replayed(&data);
    let before = listed(&data, &[]);
    let (printed, complaint) = refused(&data, &["redrive", &key_of(&data, "unknown_type")]);
    assert!(printed.contains("still refused: unknown_type") && printed.contains("1 left open"), "{printed}");
    assert!(complaint.contains("not driven again: 1 of 1 row"), "{complaint}");
    assert!(shown(&data, &["redrive", "--all"]).contains("3 rows: 0 re-driven, 0 events; 3 left open"));
    assert_eq!(listed(&data, &[]), before);
    assert_eq!(lake::rows(&data).len(), 1);
}

/// Keeps an event that can be read, as a version that could not read it has kept it.
fn keep_readable(data: &Path, raw: &str) {
    let keys: Value = serde_json::from_str(&fs::read_to_string(data.join("keys.json")).unwrap()).unwrap();
    let data_key = Secret::from_hex(keys["data_key"].as_str().unwrap()).unwrap();
    let stores =
        EmbeddedStores::open(&data.join("collector.redb"), Sealer::new(&data_key, Arc::new(OsRandom))).unwrap();
    let by = Credential::WriteKey { tenant: "local".into(), name: "first".into() };
    let rejection = Rejection {
        tenant: "local".into(),
        source: Source::Request { protocol: Protocol::Native },
        sending: Some(Sending { by, replayed: true }),
        received_millis: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64,
        pseudonym: None,
        code: "missing_field".into(),
        field: "attempt".into(),
        message: "an answer needs its attempt".into(),
        raw: raw.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(stores.quarantine.keep(vec![rejection])).unwrap();
}

#[test]
fn a_row_that_can_be_read_now_counts_once_however_often_it_is_driven() {
    let folder = tempfile::tempdir().unwrap();
    let (data, plain) = (folder.path().join("data"), folder.path().join("plain"));
    replayed(&data);
    let late = answered("9", "quiz.answered").replace("18:00:00", "17:59:00");
    support::share_keys(&data, &plain);
    let file = folder.path().join("plain.ndjson");
    fs::write(&file, [answered("1", "quiz.answered"), late.clone()].join("\n")).unwrap();
    replay(&plain, &[&file]);

    keep_readable(&data, &late);
    let driven = shown(&data, &["redrive", "--all", "--code", "missing_field"]);
    assert!(driven.contains("1 row: 1 re-driven, 1 event"), "{driven}");
    let key = key_of(&data, "missing_field");
    assert_eq!(listed(&data, &["--open"])["total"], 3);
    assert!(shown(&data, &["redrive", &key]).contains("--again puts it again"));
    assert!(shown(&data, &["redrive", &key, "--again"]).contains("1 re-driven, 1 event"));
    assert!(shown(&data, &["show", &key]).contains("Its events are on the stream"));
    assert_eq!(views(&data, TIME), views(&plain, TIME));
    assert_eq!(lake::rows(&data).len(), 2);
    assert_eq!(views(&data, TIME)[0]["questions"][0]["attempts"], 2);
}

#[cfg(unix)]
#[test]
fn a_list_works_beside_a_running_up_and_a_re_drive_is_told_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    replayed(&data);
    let key = key_of(&data, "no_course");
    let up = support::up::Up::start(&data, &[]);
    assert_eq!(listed(&data, &[])["total"], 3);
    assert!(shown(&data, &["show", &key]).contains("no_course"));
    assert!(refused(&data, &["redrive", &key]).1.contains("is another trilha running on it?"));
    assert!(up.stop("-TERM").success());
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    for arguments in [&["list"][..], &["show", "00000000"], &["redrive", "--all"]] {
        let arguments = quarantine(&none, arguments);
        let complaint = complaint(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(complaint.contains("is no data folder"), "{complaint}");
    }
}
