//! The core's events beside those that are made of the same JSON naively: as the formats and METRICS.md have it, one
//! field at a time, and by other libraries where there are some.

use std::borrow::Cow;
use std::collections::HashSet;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use trilha_benches::{Bench, FrontDoor, TENANT};
use trilha_schemas::event::{
    Body, Description, Event, Protocol, QuizAction, QuizEvent, Role, Source, VideoAction, VideoEvent,
};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::record;
use trilha_simulator::SimulatedEvent;

use crate::door::write_key;
use crate::requests::Requests;

/// Takes the requests in and compares what is on the stream.
pub(crate) async fn check(class: &[SimulatedEvent], requests: &Requests) -> Bench {
    let door = FrontDoor::new()?;
    let mut naive = Vec::new();
    let mut sent = class.iter();
    for (body, now_millis) in &requests.bodies {
        let receipt = door.collector.collect_body(&write_key(), *now_millis, body.as_bytes()).await?;
        naive.extend(sent.by_ref().take(receipt.accepted).map(|event| event_of(&door, &event.json, *now_millis)));
    }
    let mut packed = Vec::new();
    for (_, records) in door.records().await? {
        for stored in records {
            let decoded = record::decode(&stored.data)?;
            assert_eq!(decoded.tenant, TENANT);
            assert!(decoded.events.iter().all(|event| event.learner.bucket().partition_key() == stored.partition_key));
            packed.extend(decoded.events);
        }
    }
    let source_id =
        |event: &Event| event.source_id(TENANT).map(Cow::into_owned).expect("each event has an id of its own");
    // Some are sent again, in another request.
    naive.sort_by_key(|(id, event)| (id.clone(), event.arrival_millis));
    packed.sort_by_cached_key(|event| (source_id(event), event.arrival_millis));
    assert_eq!((packed.len(), naive.len()), (class.len(), class.len()));
    let ids: HashSet<EventId> = packed.iter().map(|event| event.id).collect();
    let sent_ids: HashSet<String> = packed.iter().map(source_id).collect();
    assert_eq!(ids.len(), sent_ids.len());
    for (packed, (sent_id, naive)) in packed.into_iter().zip(naive) {
        assert_eq!(source_id(&packed), sent_id);
        // Which id an act has, the tests of ids say; here it tells the UUID that was sent.
        let naive = Event { id: packed.id, ..naive };
        assert_eq!(packed, naive);
    }
    Ok(())
}

/// With the id that was sent.
fn event_of(door: &FrontDoor, json: &str, arrival_millis: i64) -> (String, Event) {
    let object: Value = serde_json::from_str(json).expect("an event is JSON");
    let text = |name: &str| object[name].as_str().map(str::to_string);
    let (kind, course) = (text("type").expect("a type"), text("course").expect("a course"));
    let time: jiff::Timestamp = object["time"].as_str().expect("a time").parse().expect("an RFC 3339 time");
    let time_millis = time.as_millisecond();
    let body = body_of(&kind, &object);
    let learner = learner_of(door, &course, &text("learner"), &body);
    let role = text("role").map_or(Role::Learner, |role| Role::parse(&role).expect("a role"));
    let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").expect("a zone");
    let source_id = text("id").expect("an id");
    let event = Event {
        id: EventId([0; 16]),
        learner,
        course,
        session: text("session"),
        role,
        title: text("title"),
        time_millis: Some(time_millis),
        arrival_millis,
        zone_offset_minutes: (zone.to_offset(time).seconds() / 60) as i16,
        settings_version: 1,
        flags: if arrival_millis - time_millis > 48 * 3_600_000 { Flags::LATE } else { Flags::empty() },
        protocol: Protocol::Native,
        source: Source::InId,
        body,
    };
    (source_id, event)
}

fn body_of(kind: &str, object: &Value) -> Body {
    let text = |name: &str| object[name].as_str().map(str::to_string);
    let millis = |name: &str| object[name].as_f64().map(|seconds| (seconds * 1000.0 + 0.5).floor() as i64);
    if let Some(action) = VideoAction::ALL.into_iter().find(|action| action.type_name() == kind) {
        let places = [("from", "to"), ("position", "")][usize::from(object["from"].is_null())];
        return Body::Video(VideoEvent {
            action,
            video: text("video").expect("a video"),
            position_millis: millis(places.0),
            to_millis: millis(places.1),
            length_millis: millis("length"),
            rate: object["rate"].as_f64(),
            threshold: None,
            segments: None,
        });
    }
    if let Some(action) = QuizAction::ALL.into_iter().find(|action| action.type_name() == kind) {
        return Body::Quiz(QuizEvent {
            action,
            quiz: text("quiz").expect("a quiz"),
            question: text("question"),
            attempt: object["attempt"].as_u64().map(|attempt| attempt as u32),
            attempt_id: None,
            response: response_of(&object["response"]),
            correct: object["correct"].as_bool(),
            score: object["score"].as_f64(),
            max_score: object["max_score"].as_f64(),
            scaled: None,
            elapsed_millis: millis("elapsed"),
        });
    }
    match kind {
        "activity.viewed" => Body::Viewed { object: text("object").expect("an object") },
        "course.enrolled" => Body::Enrolled,
        "course.unenrolled" => Body::Unenrolled,
        "course.completed" => Body::Completed,
        "object.described" => Body::Described(Description {
            object: text("object").expect("an object"),
            section: text("section"),
            position: object["position"].as_i64(),
            length_millis: millis("length"),
            url: text("url"),
        }),
        other => panic!("no type is called {other}"),
    }
}

fn response_of(response: &Value) -> Option<String> {
    let Some(list) = response.as_array() else { return response.as_str().map(str::to_string) };
    let mut texts: Vec<&str> = list.iter().map(|text| text.as_str().expect("a text")).collect();
    texts.sort_unstable();
    Some(texts.join(", "))
}

/// HMAC-SHA-256(tenant key, learner ‖ 0), or of the object where nobody acts.
fn learner_of(door: &FrontDoor, course: &str, learner: &Option<String>, body: &Body) -> Pseudonym {
    let message = match learner {
        Some(learner) => [learner.as_bytes(), &[0; 4]].concat(),
        None => {
            let length = (course.len() as u64).to_be_bytes();
            [b"\xffcatalogue", &length[..], course.as_bytes(), body.object().as_bytes()].concat()
        }
    };
    let key = door.keys.tenants[0].pseudonym_key.bytes();
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    hmac.update(&message);
    Pseudonym(first(&hmac.finalize().into_bytes()))
}

fn first(bytes: &[u8]) -> [u8; 16] {
    std::array::from_fn(|at| bytes[at])
}
