//! The event's JSON fields as they are on the wire, every one optional, types not yet checked against the event's type.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::reader::{Code, Refusal};

#[derive(Default)]
pub(super) struct Wire<'a> {
    pub id: Option<Cow<'a, str>>,
    pub kind: Option<Cow<'a, str>>,
    pub time: Option<Cow<'a, str>>,
    pub learner: Option<Cow<'a, str>>,
    pub course: Option<Cow<'a, str>>,
    pub session: Option<Cow<'a, str>>,
    pub role: Option<Cow<'a, str>>,
    pub title: Option<Cow<'a, str>>,
    pub video: Option<Cow<'a, str>>,
    pub position: Option<f64>,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub length: Option<f64>,
    pub rate: Option<f64>,
    pub quiz: Option<Cow<'a, str>>,
    pub question: Option<Cow<'a, str>>,
    pub attempt: Option<f64>,
    pub response: Option<Response<'a>>,
    pub correct: Option<bool>,
    pub score: Option<f64>,
    pub max_score: Option<f64>,
    pub elapsed: Option<f64>,
    pub object: Option<Cow<'a, str>>,
    pub section: Option<Cow<'a, str>>,
    pub url: Option<Cow<'a, str>>,
}

/// `response`: a text or a list of texts.
pub(super) enum Response<'a> {
    Text(Cow<'a, str>),
    List(Vec<Cow<'a, str>>),
}

const TEXTS: [&str; 14] = [
    "id", "type", "time", "learner", "course", "session", "role", "title", "video", "quiz", "question", "object",
    "section", "url",
];
const NUMBERS: [&str; 9] = ["position", "from", "to", "length", "rate", "attempt", "score", "max_score", "elapsed"];

/// Says which field has the wrong JSON type.
pub(super) fn check_types(fields: &Map<String, Value>) -> Result<(), Refusal> {
    let wrong = |field: &str, expected: &str| {
        let id = fields.get("id").and_then(Value::as_str).map(str::to_string);
        Err(Refusal::new(Code::WrongType, field, format!("{field} must be {expected}")).with_id(id))
    };
    for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            name if TEXTS.contains(&name) && !value.is_string() => return wrong(name, "a text"),
            name if NUMBERS.contains(&name) && !value.is_number() => return wrong(name, "a number"),
            "correct" if !value.is_boolean() => return wrong("correct", "true or false"),
            "response" if !is_response(value) => return wrong("response", "a text or a list of texts"),
            _ => {}
        }
    }
    Ok(())
}

fn is_response(value: &Value) -> bool {
    let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    value.as_array().map_or_else(|| scalar(value), |list| list.iter().all(scalar))
}

impl<'a> Wire<'a> {
    /// From an object whose types were checked. A number or a boolean as response is read as its text.
    pub(super) fn from_object(fields: &'a Map<String, Value>) -> Wire<'a> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(Cow::Borrowed);
        let number = |name: &str| fields.get(name).and_then(Value::as_f64);
        Wire {
            id: text("id"),
            kind: text("type"),
            time: text("time"),
            learner: text("learner"),
            course: text("course"),
            session: text("session"),
            role: text("role"),
            title: text("title"),
            video: text("video"),
            position: number("position"),
            from: number("from"),
            to: number("to"),
            length: number("length"),
            rate: number("rate"),
            quiz: text("quiz"),
            question: text("question"),
            attempt: number("attempt"),
            response: fields.get("response").and_then(response),
            correct: fields.get("correct").and_then(Value::as_bool),
            score: number("score"),
            max_score: number("max_score"),
            elapsed: number("elapsed"),
            object: text("object"),
            section: text("section"),
            url: text("url"),
        }
    }
}

fn response(value: &Value) -> Option<Response<'_>> {
    match value {
        Value::Null => None,
        Value::Array(list) => Some(Response::List(list.iter().map(scalar_text).collect())),
        scalar => Some(Response::Text(scalar_text(scalar))),
    }
}

fn scalar_text(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed)
}
