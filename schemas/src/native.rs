//! Trilha's own JSON: one object, an array of them, or one a line (NDJSON).

mod check;
mod wire;

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::SentEvent;
use crate::reader::{Code, MAX_DEPTH, Refusal};
use wire::Wire;

/// Reads one event: the text of one JSON object. The time may be missing; who needs one says so later.
///
/// # Errors
/// A [`Refusal`] that names the field and what is wrong with it.
pub fn read(text: &str) -> Result<SentEvent, Refusal> {
    if depth(text) > MAX_DEPTH {
        return Err(Refusal::new(Code::TooDeep, "", format!("JSON nested more than {MAX_DEPTH} deep")));
    }
    match serde_json::from_str::<Wire>(text) {
        Ok(wire) => check::event(wire, || parse(text).unwrap_or_default()),
        Err(_) => read_value(parse(text)?),
    }
}

/// Splits a body into the texts of its events: the elements of an array, the lines of NDJSON, or one object.
///
/// # Errors
/// [`Code::InvalidJson`] when the body is neither; the message says where. A line of NDJSON that is no JSON is a text
/// like any other, refused when it is read.
pub fn split(body: &str) -> Result<Vec<Cow<'_, str>>, Refusal> {
    let trimmed = body.trim_start();
    if trimmed.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(trimmed).map_err(|error| invalid_json(&error))?;
        return Ok(elements.into_iter().map(|element| Cow::Borrowed(element.get())).collect());
    }
    let lines: Vec<_> = trimmed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let spread = lines.len() > 1 && !lines[0].ends_with('}');
    let objects = spread.then(|| spread_over_lines(trimmed)).flatten();
    Ok(objects.unwrap_or_else(|| lines.into_iter().map(Cow::Borrowed).collect()))
}

/// Objects that are printed over several lines each; `None` when the text is not made of JSON values alone.
fn spread_over_lines(text: &str) -> Option<Vec<Cow<'_, str>>> {
    let objects = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    objects.map(|object| Some(Cow::Borrowed(object.ok()?.get()))).collect()
}

/// The slow way, for what the fast way did not take: duplicate keys (the last counts) and wrong types (say which).
fn read_value(value: Value) -> Result<SentEvent, Refusal> {
    let Value::Object(fields) = &value else {
        return Err(Refusal::new(Code::NotAnObject, "", "an event is a JSON object"));
    };
    wire::check_types(fields)?;
    let wire = Wire::from_object(fields);
    check::event(wire, || value.clone())
}

fn parse(text: &str) -> Result<Value, Refusal> {
    serde_json::from_str(text).map_err(|error| invalid_json(&error))
}

fn invalid_json(error: &serde_json::Error) -> Refusal {
    Refusal::new(Code::InvalidJson, "", format!("not JSON: {error}"))
}

/// The deepest nesting of brackets outside strings.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
