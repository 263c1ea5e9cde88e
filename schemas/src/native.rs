//! Trilha's own JSON: one object, an array of them, or one a line (NDJSON).

mod check;
mod flat;
mod wire;

use std::borrow::Cow;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::event::{SentEvent, SentEventOf};
use crate::reader::{Code, MAX_DEPTH, Refusal};
use flat::Cursor;
use wire::Wire;

/// Reads one event: the text of one JSON object. The time may be missing; who needs one says so later.
///
/// # Errors
/// A [`Refusal`] that names the field and what is wrong with it.
pub fn read(text: &str) -> Result<SentEvent, Refusal> {
    read_in_place(text).map(|event| event.map(|text| text.to_string()))
}

/// The same, its texts where they stand.
///
/// # Errors
/// Those of [`read`].
pub fn read_in_place(text: &str) -> Result<InRequest<'_>, Refusal> {
    match flat::whole(text) {
        Some(mut wire) => checked(&mut wire, text),
        None => read_slowly(text),
    }
}

/// An event with the texts of the request that it came in, as far as they stand there as they are.
pub type InRequest<'a> = SentEventOf<Cow<'a, str>>;

/// The events of an array or of lines, read as they are split: what `keep` makes of each one's place, its text
/// and what [`read`] makes of that.
/// `None` for a body that holds more events than `most`, or in which they are not found in one pass; [`split`] says what
/// there is.
pub fn read_each<'a, T>(
    body: &'a str,
    most: usize,
    keep: impl Fn(usize, &'a str, Result<InRequest<'a>, Refusal>) -> T,
) -> Option<Vec<T>> {
    let mut cursor = Cursor::new(beginning(body));
    if cursor.take(b'[') { read_array(&mut cursor, most, keep) } else { read_lines(&mut cursor, most, keep) }
}

fn read_array<'a, T>(
    cursor: &mut Cursor<'a>,
    most: usize,
    keep: impl Fn(usize, &'a str, Result<InRequest<'a>, Refusal>) -> T,
) -> Option<Vec<T>> {
    let mut elements = Vec::with_capacity(most.min((cursor.left() / USUAL_BYTES).max(1)));
    cursor.skip_whitespace();
    let mut ended = cursor.take(b']');
    while !ended {
        (elements.len() < most).then_some(())?;
        cursor.skip_whitespace();
        let start = cursor.at();
        let mut wire = Wire::default();
        let one_pass = cursor.object(&mut wire);
        if one_pass.is_none() {
            cursor.go_to(start);
            cursor.value()?;
        }
        let text = cursor.since(start);
        let read = if one_pass.is_some() { checked(&mut wire, text) } else { read_slowly(text) };
        elements.push(keep(elements.len(), text, read));
        cursor.skip_whitespace();
        ended = cursor.take(b']');
        (ended || cursor.take(b',')).then_some(())?;
    }
    cursor.skip_whitespace();
    cursor.is_at_end().then_some(elements)
}

/// Lines of which the first is all of one object: then no object is spread over lines.
fn read_lines<'a, T>(
    cursor: &mut Cursor<'a>,
    most: usize,
    keep: impl Fn(usize, &'a str, Result<InRequest<'a>, Refusal>) -> T,
) -> Option<Vec<T>> {
    let mut lines = Vec::with_capacity(most.min((cursor.left() / USUAL_BYTES).max(1)));
    loop {
        cursor.skip_whitespace();
        if cursor.is_at_end() {
            return Some(lines);
        }
        let start = cursor.at();
        let mut wire = Wire::default();
        let whole = cursor.object_of_line(&mut wire);
        if whole.is_none() {
            (!lines.is_empty()).then_some(())?;
            cursor.go_to(start);
        }
        let text = whole.unwrap_or_else(|| cursor.line().trim());
        if text.is_empty() {
            continue;
        }
        (lines.len() < most).then_some(())?;
        let read = if whole.is_some() { checked(&mut wire, text) } else { read_slowly(text) };
        lines.push(keep(lines.len(), text, read));
    }
}

/// Most events are at least so long.
const USUAL_BYTES: usize = 192;

fn checked<'a>(wire: &mut Wire<'a>, text: &str) -> Result<InRequest<'a>, Refusal> {
    check::event(wire, || parse(text).unwrap_or_default())
}

/// Splits a body into the texts of its events: the elements of an array, the lines of NDJSON, or one object.
///
/// # Errors
/// [`Code::InvalidJson`] when the body is neither; the message says where. A line of NDJSON that is no JSON is a text
/// like any other, refused when it is read.
pub fn split(body: &str) -> Result<Vec<&str>, Refusal> {
    let trimmed = beginning(body);
    if trimmed.starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(trimmed).map_err(|error| invalid_json(&error))?;
        return Ok(elements.into_iter().map(RawValue::get).collect());
    }
    let lines: Vec<_> = trimmed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let spread = lines.len() > 1 && !lines[0].ends_with('}');
    let objects = spread.then(|| spread_over_lines(trimmed)).flatten();
    Ok(objects.unwrap_or(lines))
}

/// A body from its first character on, without the mark (U+FEFF) that some editors and clients put before UTF-8.
fn beginning(body: &str) -> &str {
    let body = body.trim_start();
    body.strip_prefix('\u{feff}').map_or(body, str::trim_start)
}

/// Objects that are printed over several lines each; `None` when the text is not made of JSON values alone.
fn spread_over_lines(text: &str) -> Option<Vec<&str>> {
    let objects = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    objects.map(|object| Some(object.ok()?.get())).collect()
}

/// The slow way, for what the fast way did not take: duplicate keys (the last counts) and wrong types (say which).
fn read_slowly(text: &str) -> Result<InRequest<'static>, Refusal> {
    if depth(text) > MAX_DEPTH {
        return Err(Refusal::new(Code::TooDeep, "", format!("JSON nested more than {MAX_DEPTH} deep")));
    }
    let value = parse(text)?;
    let Value::Object(fields) = &value else {
        return Err(Refusal::new(Code::NotAnObject, "", "an event is a JSON object"));
    };
    wire::check_types(fields)?;
    let read = check::event(&mut Wire::from_object(fields), || value.clone());
    read.map(|event| event.map(|text| Cow::Owned(text.to_string())))
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
