//! Where each target's search begins: small inputs that it takes, made here. `cargo run -p trilha-fuzz --example seeds`
//! writes them as files.

use serde_json::{Value, json};
use trilha_core::activity::{ActivityChange, ActivityItem};
use trilha_core::quiz::QuizItem;
use trilha_core::video::VideoItem;
use trilha_core::views::{CourseView, ObjectView, QuizView, VideoView, View, encode_partial};
use trilha_schemas::event::{Event, Owned, Protocol};
use trilha_schemas::packing::{bytes, varint};
use trilha_schemas::{native, record};

use crate::carried::stamped;
use crate::records::sealed;

/// The seeds of a target, by its name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "record" => records(),
        "record_body" => records().iter().filter(|record| record[5] == 0).map(|record| record[10..].to_vec()).collect(),
        "kpl" => vec![aggregate(&[b"{}", b""]), aggregate(&[&native_lines()])],
        "kpl_message" => vec![message(&[b"{}", b""]), message(&[&native_lines()])],
        "native" => native_events().iter().map(text).collect(),
        "native_split" => vec![native_lines(), text(&Value::from(native_events())), pretty()],
        "xapi" => vec![text(&xapi_video()), text(&xapi_answer()), text(&json!([xapi_video(), xapi_answer()]))],
        "edx" => vec![text(&edx_video()), text(&edx_problem())],
        "caliper" => vec![text(&caliper_envelope()), text(&caliper_envelope()["data"][0])],
        "documents" => documents(),
        "segments" => vec![b"0[.]12.5[,]20[.]31[,]7.25[.]9[,]43.1".to_vec(), b"3[.]3".to_vec(), Vec::new()],
        "texts" => texts(),
        "items" => items(),
        "views" => views(),
        other => unreachable!("no target is called {other}"),
    }
}

/// Events of one learner, as the stream carries them.
pub fn events() -> Vec<Event> {
    let sent = native_events().into_iter().filter_map(|event| native::read(&event.to_string()).ok());
    let mut events: Vec<Event> = sent.map(|sent| stamped(sent, Protocol::Native)).collect();
    let listed =
        trilha_schemas::xapi::read(&xapi_video()).into_iter().chain(trilha_schemas::xapi::read(&xapi_answer()));
    events.extend(listed.flatten().map(|sent| stamped(sent, Protocol::Xapi)));
    events
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn native_events() -> Vec<Value> {
    let event = |id: u32, kind: &str, own: Value| {
        let mut event = json!({
            "id": format!("e{id}"), "type": kind, "time": format!("2026-03-02T19:30:{id:02}Z"),
            "learner": "ana", "course": "turma-1", "session": "s1",
        });
        if let (Value::Object(event), Value::Object(own)) = (&mut event, own) {
            event.extend(own);
        }
        event
    };
    vec![
        event(1, "video.played", json!({"video": "v", "position": 0, "length": 600, "rate": 1.25, "title": "Aula 1"})),
        event(2, "video.watched", json!({"video": "v", "from": 0, "to": 9.5})),
        event(3, "video.watched", json!({"video": "v", "from": 9.5, "to": 20})),
        event(4, "video.seeked", json!({"video": "v", "from": 20, "to": 300.25})),
        event(5, "video.paused", json!({"video": "v", "position": 310, "session": null})),
        event(
            6,
            "quiz.answered",
            json!({"quiz": "q", "question": "q1", "attempt": 1, "response": ["b", "a"],
            "correct": true, "score": 1.5, "max_score": 2, "elapsed": 12}),
        ),
        event(7, "quiz.submitted", json!({"quiz": "q", "attempt": 1, "score": 1, "max_score": 2})),
        event(8, "activity.viewed", json!({"object": "page", "role": "staff"})),
        event(9, "course.enrolled", json!({})),
        json!({"type": "object.described", "course": "turma-1", "object": "v", "title": "Aula 1", "section": "1",
            "position": 2, "length": 600, "url": "https://x.test/v"}),
    ]
}

fn native_lines() -> Vec<u8> {
    native_events().iter().map(|event| format!("{event}\n")).collect::<String>().into_bytes()
}

fn pretty() -> Vec<u8> {
    native_events().iter().map(|event| format!("{event:#}\n")).collect::<String>().into_bytes()
}

fn xapi_video() -> Value {
    json!({
        "id": "6c9a1d3e-0000-4000-8000-000000000001",
        "actor": {"account": {"homePage": "https://x.test", "name": "ana"}},
        "verb": {"id": "https://w3id.org/xapi/video/verbs/seeked"},
        "object": {"id": "v", "definition": {"type": "https://w3id.org/xapi/video/activity-type/video",
            "name": {"pt-BR": "Aula 1", "en": "Lesson 1"}}},
        "result": {"extensions": {
            "https://w3id.org/xapi/video/extensions/time-from": 42.6,
            "https://w3id.org/xapi/video/extensions/time-to": "43.1",
            "https://w3id.org/xapi/video/extensions/played-segments": "0[.]12.5[,]20[.]42.6[,]43.1"}},
        "context": {"registration": "r", "contextActivities": {"parent": [{"id": "turma-1"}],
            "category": [{"id": "https://w3id.org/xapi/video"}]},
            "extensions": {"https://w3id.org/xapi/video/extensions/length": 600,
                "https://w3id.org/xapi/video/extensions/completion-threshold": "0.9"}},
        "timestamp": "2026-03-02T19:30:00.250Z",
    })
}

fn xapi_answer() -> Value {
    json!({
        "actor": {"mbox": "mailto:ana@x.test"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "q1", "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"}},
        "result": {"response": "a[,]b", "success": false, "duration": "PT1M2.5S",
            "score": {"raw": 1, "max": 2, "scaled": 0.5}},
        "context": {"contextActivities": {"parent": [{"id": "q"}], "grouping": [{"id": "turma-1",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"}}]}},
        "stored": "2026-03-02 19:30:00",
    })
}

fn edx_video() -> Value {
    json!({
        "username": "ana", "event_type": "play_video", "event_source": "browser", "time": "2026-03-02T19:30:00.123456+00:00",
        "context": {"user_id": 7, "course_id": "course-v1:X+Y+1"}, "session": "s1",
        "event": "{\"id\": \"v\", \"code\": \"html5\", \"currentTime\": 12.5, \"duration\": 600, \"speed\": \"1.25x\"}",
    })
}

fn edx_problem() -> Value {
    json!({
        "username": "ana", "event_type": "problem_check", "event_source": "server", "time": "2026-03-02T19:30:00",
        "context": {"user_id": "7", "course_id": "X/Y/1", "module": {"display_name": "Lista 1"}},
        "event": {"problem_id": "p", "attempts": 2, "answers": {"p_2_1": "choice_1", "p_3_1": ["choice_0", "choice_2"]},
            "correct_map": {"p_2_1": {"correctness": "correct"}, "p_3_1": {"correctness": "partially-correct", "npoints": 0.5}},
            "submission": {"p_2_1": {"answer": "four", "question": "2 + 2"}}},
    })
}

fn caliper_envelope() -> Value {
    let event = |id: &str, own: Value| {
        let mut event = json!({"id": id, "actor": {"id": "urn:ana", "type": "Person"}, "group": {"id": "turma-1"},
            "eventTime": "2026-03-02T19:30:00.000Z"});
        if let (Value::Object(event), Value::Object(own)) = (&mut event, own) {
            event.extend(own);
        }
        event
    };
    json!({"sensor": "s", "sendTime": "2026-03-02T19:31:00+0000", "dataVersion": "http://purl.imsglobal.org/ctx/caliper/v1p2",
    "data": [
        event("urn:uuid:1", json!({"type": "MediaEvent", "action": "JumpedTo",
            "object": {"id": "v", "type": "VideoObject", "duration": "PT10M"},
            "target": {"currentTime": "PT42.6S", "extensions": {"newTime": 43.1}}})),
        event("urn:uuid:2", json!({"type": "GradeEvent", "action": "Graded",
            "object": {"type": "Attempt", "assignee": "urn:ana", "assignable": {"id": "q", "type": "Assessment"}, "count": 1},
            "generated": {"type": "Score", "scoreGiven": "1.5", "maxScore": 2}})),
        event("urn:uuid:3", json!({"type": "AssessmentItemEvent", "action": "Completed",
            "object": {"id": "q1", "type": "AssessmentItem", "isPartOf": "q"},
            "generated": {"type": "Response", "values": ["a", "b"]}, "extensions": {"success": "True"}})),
    ]})
}

fn documents() -> Vec<Vec<u8>> {
    let shipped = [b"# a comment\nhost [tracking]: ", &text(&edx_video())[..], b"\n\n[tracking] {\"a\":1\n{}"].concat();
    vec![native_lines(), text(&Value::from(native_events())), pretty(), shipped]
}

fn texts() -> Vec<Vec<u8>> {
    let texts = [
        "49590338271490256608559692538361571095921575989136588898",
        "2026-03-02T19:30:00.123456-03:00",
        "2026-03-02 19:30 UTC",
        "07070707070707070707070707070707",
        "070707070707070707070707+7070707",
        "abc",
        "turma-1|video|v",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn records() -> Vec<Vec<u8>> {
    let many: Vec<Event> = (0..12).flat_map(|_| events()).collect();
    let mut bomb = vec![0];
    varint(&mut bomb, 4 << 20);
    bomb.extend(zstd::bulk::compress(&vec![0; 5 << 20], 19).unwrap_or_default());
    let of_events = [&events()[..], &many, &[]].map(|events| record::encode("t", events));
    of_events.into_iter().chain([1, 2].map(|form| sealed(form, &bomb))).collect()
}

fn message(records: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::new();
    varint(&mut message, 1 << 3 | 2);
    bytes(&mut message, b"a key");
    for data in records {
        let mut record = Vec::new();
        varint(&mut record, 1 << 3);
        varint(&mut record, 0);
        varint(&mut record, 3 << 3 | 2);
        bytes(&mut record, data);
        varint(&mut message, 3 << 3 | 2);
        bytes(&mut message, &record);
    }
    message
}

fn aggregate(records: &[&[u8]]) -> Vec<u8> {
    crate::records::with_md5(&message(records))
}

fn items() -> Vec<Vec<u8>> {
    let (events, mut change) = (events(), ActivityChange::default());
    let (mut video, mut quiz, mut activity) = (VideoItem::default(), QuizItem::default(), ActivityItem::default());
    video.fold(&events, &mut VideoView::default());
    quiz.fold(&events, &mut QuizView::default());
    activity.fold(&events, &mut change);
    let stored = [video.encode(), quiz.encode(), activity.encode()];
    stored.into_iter().enumerate().map(of_kind).chain([one_answer_twice()]).collect()
}

/// A quiz item with one question and two answers that differ in nothing but whether they are timed.
fn one_answer_twice() -> Vec<u8> {
    let answer = |timeless: u8| [&[0; 9][..], &[timeless, 0]].concat();
    [&[1, 1, 1, 1, 1, b'q', 0, 2][..], &answer(0), &answer(1)].concat()
}

fn views() -> Vec<Vec<u8>> {
    let (events, mut change) = (events(), ActivityChange::default());
    let (mut video, mut quiz) = (VideoView::default(), QuizView::default());
    VideoItem::default().fold(&events, &mut video);
    QuizItem::default().fold(&events, &mut quiz);
    ActivityItem::default().fold(&events, &mut change);
    let hours = change.hours.views().map(|(_, view)| view).next().unwrap_or_default();
    let months = change.months.into_values().next().unwrap_or_default();
    let object = events.iter().find_map(|event| ObjectView::of(event, &Owned)).unwrap_or_default();
    let course: CourseView = change.course;
    let stored = [video.encode(), quiz.encode(), hours.encode(), months.encode(), course.encode(), object.encode()];
    let partial = |view: Vec<u8>| encode_partial(&["0-ab".to_string()], &view);
    stored.into_iter().map(partial).enumerate().map(of_kind).collect()
}

fn of_kind((kind, stored): (usize, Vec<u8>)) -> Vec<u8> {
    [&[kind as u8], &stored[..]].concat()
}
