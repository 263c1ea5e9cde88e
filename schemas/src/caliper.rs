//! 1EdTech Caliper events, versions 1.0 to 1.2: media, assessments, grades, views and rosters.
//!
//! Types and actions are told apart by the last part of their IRI (1.0 writes it out), `@id` and `@type` stand for
//! `id` and `type`, and an entity may be an object or its bare IRI.

mod entity;
mod kind;
mod media;
mod quiz;

use std::collections::HashMap;

use serde_json::Value;

use crate::event::{Body, Role, SentEvent};
use crate::loose::{self, Draft, Names, at};
use crate::reader::{Code, Read, Refusal, read_each};
use entity::{iri, type_tail};
use kind::Kind;

const NAMES: Names = Names { learner: "actor", course: "group", no_course: "no course: the event has no group" };

/// Reads an envelope with its `data`, a bare event, or an array of either.
pub fn read(document: &Value) -> Read {
    if loose::too_deep(document) {
        return vec![Err(loose::deep_refusal())];
    }
    match document {
        Value::Array(documents) if documents.iter().any(is_envelope) => read_each(documents, one),
        Value::Array(events) => envelope(events),
        _ => one(document),
    }
}

fn one(document: &Value) -> Read {
    match document.get("data") {
        Some(Value::Array(events)) if is_envelope(document) => envelope(events),
        Some(single) if is_envelope(document) => envelope(std::slice::from_ref(single)),
        _ => vec![event(document, iri(document))],
    }
}

/// Some senders write a single event without its list.
fn is_envelope(document: &Value) -> bool {
    let has = |member: &str| document.get(member).is_some();
    match document.get("data") {
        Some(Value::Array(_)) => !has("action"),
        Some(Value::Object(_)) => !has("action") && !has("type") && !has("@type"),
        _ => false,
    }
}

/// An id that repeats within the envelope names no event: some senders put their site's id there.
fn envelope(events: &[Value]) -> Read {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for id in events.iter().filter_map(iri) {
        *times.entry(id).or_default() += 1;
    }
    events.iter().map(|document| event(document, iri(document).filter(|id| times[id] == 1))).collect()
}

fn event(document: &Value, id: Option<&str>) -> Result<SentEvent, Refusal> {
    if !document.is_object() {
        return Err(Refusal::new(Code::NotAnObject, "data", "an event is a JSON object"));
    }
    read_event(document, id).map_err(|refusal| refusal.with_id(id.map(str::to_string)))
}

fn read_event(document: &Value, id: Option<&str>) -> Result<SentEvent, Refusal> {
    let kind = kind::of(document)?;
    let learner = learner(document, kind)?;
    let mut draft = Draft {
        role: role(document, &learner),
        learner: Some(learner),
        course: course(document, kind),
        session: document.get("session").and_then(iri).map(str::to_string),
        title: entity::name(quiz::subject(document)),
        ..Draft::default()
    };
    draft.take_time("eventTime", at(document, &["eventTime"]))?;
    let body = match kind {
        Kind::Media(action) => Body::Video(media::event(&mut draft, document, action)?),
        Kind::Item(action) | Kind::Quiz(action) => quiz::event(&mut draft, document, action)?,
        Kind::Grade => quiz::grade(&mut draft, document)?,
        Kind::Viewed => Body::Viewed { object: entity::object_id(document)?.to_string() },
        Kind::Enrolled => Body::Enrolled,
        Kind::Unenrolled => Body::Unenrolled,
        Kind::Completed => Body::Completed,
    };
    draft.finish(&NAMES, loose::source_id(id, document), body)
}

/// The actor; of a grade the assignee of the attempt, for the actor is the one who graded. Software is no learner.
fn learner(document: &Value, kind: Kind) -> Result<String, Refusal> {
    let (field, entity) = match kind {
        Kind::Grade => ("object.assignee", quiz::assignee(document)),
        _ => ("actor", at(document, &["actor"])),
    };
    let refuse = |message: &str| Refusal::new(Code::NoLearner, field, message);
    let entity = entity.ok_or_else(|| refuse(&format!("{field} is absent")))?;
    if matches!(
        type_tail(entity),
        "SoftwareApplication" | "Organization" | "Group" | "CourseOffering" | "CourseSection"
    ) {
        return Err(refuse(&format!("{field} is no person")));
    }
    iri(entity).map(str::to_string).ok_or_else(|| refuse(&format!("{field} has no id or is anonymous")))
}

/// The group (METRICS.md, Identity); where a roster's event has none, the object that it is about.
fn course(document: &Value, kind: Kind) -> Option<String> {
    let roster = matches!(kind, Kind::Enrolled | Kind::Unenrolled | Kind::Completed);
    let object = || document.get("object").filter(|_| roster).and_then(iri);
    at(document, &["group"]).and_then(iri).or_else(object).map(str::to_string)
}

/// Staff when the membership gives its member (the actor, when it names none), who is this learner, no learner's role
/// but one of those who teach. A single role may stand without its list.
fn role(document: &Value, learner: &str) -> Role {
    let member = at(document, &["membership", "member"]).or_else(|| at(document, &["actor"])).and_then(iri);
    let roles = at(document, &["membership", "roles"]).map(loose::as_list);
    let (true, Some(roles)) = (member == Some(learner), roles) else { return Role::Learner };
    let has = |names: &[&str]| {
        let parts = roles.iter().filter_map(Value::as_str).flat_map(|role| role.split(['#', '/']));
        parts.into_iter().any(|part| names.contains(&part))
    };
    let teaches = has(&["Instructor", "TeachingAssistant", "Administrator", "ContentDeveloper", "Manager", "Mentor"]);
    if teaches && !has(&["Learner"]) { Role::Staff } else { Role::Learner }
}
