//! xAPI statements: the Video Profile, quiz statements of many dialects, views and enrolments.
//!
//! Verbs, activity types and extensions are told apart by the last part of their IRI, because the field writes them
//! under several hosts, with `http` and `https`.

mod activity;
mod kind;
mod quiz;
mod video;

use serde_json::Value;

use crate::event::{Body, SentEvent};
use crate::loose::{self, Draft, Names, at, str_at};
use crate::reader::{Code, Read, Refusal, is_nobody};
use activity::Activities;
use kind::Kind;

const NAMES: Names = Names {
    learner: "actor",
    course: "context.contextActivities",
    no_course: "no course: no parent, and no grouping of a type that ends in /course",
};

/// Reads a statement, an array of them, a `{"statements": […]}` result, or a store's record with a `statement` in it.
pub fn read(document: &Value) -> Read {
    if loose::too_deep(document) {
        return vec![Err(loose::deep_refusal())];
    }
    match document {
        Value::Array(statements) => statements.iter().map(statement).collect(),
        _ => match at(document, &["statements"]).and_then(Value::as_array) {
            Some(statements) if document.get("verb").is_none() => statements.iter().map(statement).collect(),
            _ => vec![statement(document)],
        },
    }
}

fn statement(document: &Value) -> Result<SentEvent, Refusal> {
    let wrapped = document.get("statement").filter(|inner| inner.is_object() && document.get("verb").is_none());
    let statement = wrapped.unwrap_or(document);
    if !statement.is_object() {
        return Err(Refusal::new(Code::NotAnObject, "", "a statement is a JSON object"));
    }
    let id = str_at(statement, &["id"]).map(str::to_ascii_lowercase);
    event(statement, id.as_deref()).map_err(|refusal| refusal.with_id(id))
}

fn event(statement: &Value, id: Option<&str>) -> Result<SentEvent, Refusal> {
    let kind = kind::of(statement)?;
    let activities = Activities::of(statement);
    let object = str_at(statement, &["object", "id"]).filter(|object| !object.trim().is_empty());
    let object = object.ok_or_else(|| Refusal::new(Code::MissingField, "object.id", "the object has no id"))?;
    let mut draft = Draft {
        learner: learner(statement)?,
        course: course(statement, &kind, object, &activities),
        session: session(statement),
        title: activity::name(&statement["object"]),
        ..Draft::default()
    };
    draft.take_time("timestamp", loose::first_full(statement, &["timestamp", "stored"]))?;
    let body = match kind {
        Kind::Video(action) => Body::Video(video::event(&mut draft, statement, action, object)),
        Kind::Quiz(action) => quiz::event(&mut draft, statement, action, object, &activities),
        Kind::Viewed => Body::Viewed { object: object.to_string() },
        Kind::Enrolled => Body::Enrolled,
        Kind::Unenrolled => Body::Unenrolled,
        Kind::Completed => Body::Completed,
    };
    draft.finish(&NAMES, loose::source_id(id, statement), body)
}

/// Account, else mbox, mbox_sha1sum, openid; one that is empty is passed over. A group of people is no learner.
fn learner(statement: &Value) -> Result<Option<String>, Refusal> {
    let Some(actor) = at(statement, &["actor"]) else { return Ok(None) };
    if str_at(actor, &["objectType"]) == Some("Group") {
        return Err(Refusal::new(Code::NoLearner, "actor", "the actor is a group, not one learner"));
    }
    if let Some(name) = at(actor, &["account", "name"]).and_then(loose::text) {
        let home = str_at(actor, &["account", "homePage"]).unwrap_or_default();
        return Ok((!is_nobody(&name)).then(|| format!("{home}|{name}")));
    }
    if let Some(mbox) = str_at(actor, &["mbox"]).filter(|mbox| !mbox.trim().is_empty()).map(str::to_lowercase) {
        let address = mbox.strip_prefix("mailto:").unwrap_or(&mbox);
        return Ok((!is_nobody(address)).then_some(mbox));
    }
    Ok(["mbox_sha1sum", "openid"].iter().find_map(|name| at(actor, &[name]).and_then(loose::text)))
}

/// The first parent, then grouping, that is a course; else the first parent. What happens to a course itself (and what has no
/// parent) is about the object.
fn course(statement: &Value, kind: &Kind, object: &str, activities: &Activities) -> Option<String> {
    let itself = activity::is_course(&statement["object"]).then_some(object);
    let roster = matches!(kind, Kind::Enrolled | Kind::Unenrolled | Kind::Completed);
    let course = activities.first_course().or(itself.filter(|_| roster));
    course.or_else(|| activities.first_parent()).or(itself).map(str::to_string)
}

/// The session id of the Video Profile, else any other session id, else the registration.
fn session(statement: &Value) -> Option<String> {
    let extension = activity::extension(at(statement, &["context", "extensions"]), "session-id");
    extension.and_then(loose::text).or_else(|| str_at(statement, &["context", "registration"]).map(str::to_string))
}
