//! What the adapters make of real events: a table of all, and that nothing about a video or a quiz is lost in silence.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test may read files and print")]

use std::collections::BTreeMap;

use serde_json::Value;
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::{Code, Refusal};

mod support;

/// (folder, protocol) → what it came to → how often.
type Table = BTreeMap<(String, &'static str), BTreeMap<String, usize>>;

#[test]
fn every_real_event_is_mapped_or_refused_with_a_reason() {
    let Some(root) = support::root() else { return };
    let (mut table, mut reasons, mut not_json) =
        (Table::new(), BTreeMap::<(String, String, String), usize>::new(), Vec::new());
    for fixture in support::fixtures(&root) {
        for (document, protocol, read) in fixture.read(&root) {
            assert!(!read.is_empty(), "{}: a document came to nothing", fixture.path);
            for event in &read {
                let outcome = match event {
                    Ok(event) => event.body.type_name().to_string(),
                    Err(refusal) => format!("! {}", refusal.code),
                };
                *table.entry((fixture.folder.clone(), protocol.as_str())).or_default().entry(outcome).or_default() += 1;
                if let Err(refusal) = event {
                    let reason = (fixture.folder.clone(), refusal.code.to_string(), refusal.message.clone());
                    *reasons.entry(reason).or_default() += 1;
                    if refusal.code == Code::InvalidJson {
                        not_json.push(fixture.path.clone());
                    }
                    must_be_agreeable(&fixture.path, document.as_ref(), protocol, refusal);
                }
            }
        }
    }
    for ((folder, protocol), outcomes) in &table {
        let row: Vec<String> = outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
        println!("{folder} ({protocol}): {}", row.join(", "));
    }
    for ((folder, code, message), count) in &reasons {
        println!("{count:>6} {folder}: {code}: {message}");
    }
    for (folder, outcome, count) in MAPPED {
        let found: usize =
            table.iter().filter(|((of, _), _)| of == folder).filter_map(|(_, row)| row.get(outcome)).sum();
        assert_eq!(found, count, "{folder}: {outcome}");
    }
    assert_eq!(not_json, ["caliper-common-fixtures/hmh/hmh-ri_development_caliperEventBasicCreated.json"]);
}

/// How many events of a kind the richest folders hold.
const MAPPED: [(&str, &str, usize); 21] = [
    ("openfun-ralph", "video.initialized", 661),
    ("openfun-ralph", "video.played", 3468),
    ("openfun-ralph", "video.paused", 3388),
    ("openfun-ralph", "video.seeked", 1461),
    ("openfun-ralph", "video.completed", 316),
    ("openfun-ralph", "video.terminated", 174),
    ("openfun-ralph", "video.interacted", 1755),
    ("edx-analytics-pipeline", "quiz.answered", 140),
    ("edx-analytics-pipeline", "video.played", 26),
    ("edx-analytics-pipeline", "video.seeked", 5),
    ("moodle-logstore_xapi", "quiz.answered", 13),
    ("openedx-event-routing-backends", "quiz.answered", 16),
    ("openedx-event-routing-backends", "video.played", 4),
    ("openedx-event-routing-backends", "video.seeked", 1),
    ("openedx-event-routing-backends", "video.interacted", 7),
    ("openedx-event-routing-backends", "course.enrolled", 7),
    ("openedx-caliper-tracking", "quiz.answered", 1),
    ("moodle-logstore_xapi", "quiz.submitted", 12),
    ("caliper-common-fixtures", "quiz.submitted", 4),
    ("caliper-1.0-reference", "video.paused", 1),
    ("canvas-live-events", "quiz.submitted", 1),
];

/// Whatever looks like an act on a video or an answer is refused only for reasons that leave no choice.
fn must_be_agreeable(path: &str, document: Option<&Value>, protocol: Protocol, refusal: &Refusal) {
    let Some(document) = document.filter(|document| looks_like_video_or_answer(document, protocol)) else { return };
    let agreed = match refusal.code {
        Code::NoLearner => names_no_learner(document, protocol),
        Code::NoCourse => names_no_course(document, protocol),
        Code::Redundant => protocol == Protocol::Edx,
        _ => AGREED.iter().any(|(message, known)| refusal.message.contains(message) && path.starts_with(known)),
    };
    assert!(agreed, "{path}: {refusal:?}: {document}");
}

/// Whether no member that the definitions name tells who acted; a person agrees then that nobody did.
fn names_no_learner(document: &Value, protocol: Protocol) -> bool {
    let paths: &[&str] = match protocol {
        Protocol::Xapi => &["/actor/account/name", "/actor/mbox", "/actor/mbox_sha1sum", "/actor/openid"],
        Protocol::Edx => &["/context/user_id", "/username", "/context/username"],
        _ => &["/object/assignee"],
    };
    paths.iter().all(|path| is_blank(document.pointer(path)))
}

/// Whether no member that the definitions name tells the course.
fn names_no_course(document: &Value, protocol: Protocol) -> bool {
    let paths: &[&str] = match protocol {
        Protocol::Xapi => &["/context/contextActivities/parent/0/id", "/context/contextActivities/grouping/0/id"],
        Protocol::Edx => &["/context/course_id"],
        _ => &["/group", "/data/0/group"],
    };
    paths.iter().all(|path| is_blank(document.pointer(path)))
}

fn is_blank(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value.as_str() == Some(""))
}

/// Refusals of acts on videos and quizzes: a part of the message, and where it may occur.
const AGREED: [(&str, &str); 8] = [
    ("bumper", "edx-documentation/"),
    ("what was skipped was not answered", "yetanalytics-datasim/"),
    ("what was skipped was not answered", "caliper-common-fixtures/"),
    ("an entity of type", "caliper-common-fixtures/"),
    ("the actor is who graded", "moodle-logstore_xapi/"),
    ("\"AssessmentEvent\" \"Paused\"", "openedx-caliper-tracking/"),
    ("\"AssessmentEvent\" \"Reset\"", "openedx-caliper-tracking/"),
    ("create\" on an object of type \"http://adlnet.gov/expapi/activities/cmi.interaction", "moodle-logstore_xapi/"),
];

fn looks_like_video_or_answer(document: &Value, protocol: Protocol) -> bool {
    let has = |pointer: &str, words: &[&str]| {
        document
            .pointer(pointer)
            .and_then(Value::as_str)
            .is_some_and(|text| words.iter().any(|word| text.contains(word)))
    };
    match protocol {
        Protocol::Xapi => {
            has("/object/definition/type", &["/video", "cmi.interaction"])
                || has("/verb/id", &["/answered", "/evaluated"])
        }
        Protocol::Edx => {
            let is_request = document["event_type"].as_str().is_some_and(|name| name.starts_with('/'));
            !is_request
                && (has("/event_type", &["video", "transcript", "problem_check"])
                    || has("/name", &["video", "transcript", "problem_check"]))
        }
        _ => ["/type", "/@type", "/data/0/type", "/data/0/@type"]
            .iter()
            .any(|pointer| has(pointer, &["MediaEvent", "AssessmentEvent", "AssessmentItemEvent", "GradeEvent"])),
    }
}
