//! Inputs that grow: of each a size, about in bytes, makes one. What they cost must grow no faster than they do.

use serde_json::{Value, json};
use trilha_schemas::packing::{bytes, varint, zigzag};

use crate::seeds;

/// An input of about so many bytes.
pub type Shape = fn(usize) -> Vec<u8>;

/// The shapes that are known to strain a target.
pub fn of(target: &str) -> Vec<(&'static str, Shape)> {
    match target {
        "record_body" => vec![
            ("many events that share a long string", |size| body(size / 2, size / 64)),
            ("many events that share a string", |size| body(3_000, size / 32)),
            ("many strings", |size| [head(size / 2), vec![0; size / 2]].concat()),
            ("many pairs", |size| body_of_pairs(size / 2)),
        ],
        "kpl_message" => vec![
            ("many empty records", |size| b"\x1a\x02\x1a\x00".repeat(size / 4)),
            ("many fields that are passed over", |size| b"\x08\x00".repeat(size / 2)),
        ],
        "native" => vec![
            ("one key many times", |size| member_repeated("\"learner\":\"a\",", size)),
            ("a long list as response", |size| around("{\"response\":[", "\"a\",", "\"b\"]}", size)),
            ("deep", |size| vec![b'['; size]),
            ("long texts", |size| around("{\"type\":\"", "x", "\",\"id\":\"1\"}", size)),
            ("a number of many digits", |size| around("{\"from\":0.", "1234567890", "}", size)),
        ],
        "native_split" => vec![
            ("a list", |size| around("[", "0,", "0]", size)),
            ("lines", |size| b"0\n".repeat(size / 2)),
            ("objects over lines", |size| b"{\n}\n".repeat(size / 4)),
            ("cut objects over lines", |size| b"{\n".repeat(size / 2)),
        ],
        "xapi" => vec![
            ("nothing but numbers", |size| around("[", "0,", "0]", size)),
            ("many statements", |size| repeated("xapi", 0, size)),
            ("many extensions", |size| in_statement("/result/extensions", &many_members(size))),
            ("many languages", |size| in_statement("/object/definition/name", &many_members(size))),
            ("many parents", |size| in_statement("/context/contextActivities/parent", &many_objects(size))),
            ("a long id", |size| in_statement("/id", &Value::from("i".repeat(size)))),
        ],
        "edx" => vec![
            ("nothing but numbers", |size| around("[", "0,", "0]", size)),
            ("many lines", |size| repeated("edx", 0, size)),
            ("many questions of a long problem", |size| problem("/event/problem_id", size)),
            ("many questions under a long title", |size| problem("/context/module/display_name", size)),
            ("many questions in a long course", |size| problem("/context/course_id", size)),
            ("many questions in a long session", |size| problem("/session", size)),
            ("many questions of a long name", |size| problem("/context/user_id", size)),
        ],
        "caliper" => vec![
            ("nothing but numbers", |size| around("[", "0,", "0]", size)),
            ("many events with one id", |size| repeated("caliper", 1, size)),
            ("many roles", |size| in_event("membership", &json!({"member": "urn:ana", "roles": many_texts(size)}))),
        ],
        "documents" => vec![
            ("many on one line", |size| b"x{}".repeat(size / 3)),
            ("lines that open", |size| b"{\"a\":[\n".repeat(size / 7)),
            ("a long word", |size| vec![b'x'; size]),
        ],
        "segments" => vec![
            ("many pairs", |size| b"0[.]1[,]".repeat(size / 8)),
            ("nothing between commas", |size| b"[,]".repeat(size / 3)),
            ("many points", |size| b"[.]".repeat(size / 3)),
        ],
        _ => Vec::new(),
    }
}

fn around(head: &str, part: &str, tail: &str, size: usize) -> Vec<u8> {
    format!("{head}{}{tail}", part.repeat(size / part.len())).into_bytes()
}

fn member_repeated(member: &str, size: usize) -> Vec<u8> {
    around("{", member, "\"type\":\"course.enrolled\",\"course\":\"c\"}", size)
}

fn repeated(target: &str, seed: usize, size: usize) -> Vec<u8> {
    let one = &seeds::of(target)[seed];
    let list = vec![&one[..]; size.div_ceil(one.len())].join(&b","[..]);
    [b"[", &list[..], b"]"].concat()
}

fn many_members(size: usize) -> Value {
    (0..size / 16).map(|at| (format!("http://{at}/time"), json!("x"))).collect::<serde_json::Map<_, _>>().into()
}

fn many_objects(size: usize) -> Value {
    vec![json!({"definition": {}}); size / 18].into()
}

fn many_texts(size: usize) -> Value {
    vec!["a#b/c"; size / 8].into()
}

fn changed(target: &str, seed: usize, pointer: &str, value: &Value) -> Value {
    let mut document: Value = serde_json::from_slice(&seeds::of(target)[seed]).unwrap_or_default();
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value.clone();
    }
    document
}

fn in_statement(pointer: &str, value: &Value) -> Vec<u8> {
    changed("xapi", 0, pointer, value).to_string().into_bytes()
}

fn in_event(member: &str, value: &Value) -> Vec<u8> {
    let mut document = changed("caliper", 1, "/none", value);
    document[member] = value.clone();
    document.to_string().into_bytes()
}

/// Half of it questions, half of it a text that stands with each.
fn problem(pointer: &str, size: usize) -> Vec<u8> {
    let graded: serde_json::Map<_, _> = (0..size / 24).map(|at| (format!("{at}"), json!({}))).collect();
    let mut document = changed("edx", 1, "/event/correct_map", &graded.into());
    document["session"] = json!("s");
    if let Some(place) = document.pointer_mut(pointer) {
        *place = "x".repeat(size / 2).into();
    }
    document.to_string().into_bytes()
}

/// Of a record's body what stands before its strings, and how many these are.
fn head(strings: usize) -> Vec<u8> {
    let mut head = Vec::new();
    bytes(&mut head, b"t");
    zigzag(&mut head, 0);
    varint(&mut head, strings as u64);
    head
}

/// Events that name one string as course, session, title, source id and page.
fn body(string_bytes: usize, events: usize) -> Vec<u8> {
    let mut body = head(1);
    bytes(&mut body, &vec![b'x'; string_bytes]);
    varint(&mut body, 1);
    body.extend([7; 16]);
    varint(&mut body, events as u64);
    for _ in 0..events {
        event(&mut body, 32, 1 | 1 << 1 | 1 << 5 | 1 << 8);
        body.extend([0; 4]);
    }
    body
}

/// One `video.watched` with a list of pairs.
fn body_of_pairs(pairs: usize) -> Vec<u8> {
    let mut body = head(1);
    bytes(&mut body, b"v");
    varint(&mut body, 1);
    body.extend([7; 16]);
    varint(&mut body, 1);
    event(&mut body, 0, 1 << 8 | 1 << 14);
    varint(&mut body, 0);
    varint(&mut body, pairs as u64);
    body.extend(vec![0; 2 * pairs]);
    body
}

/// Id, learner, type, what is there, course, arrival, flags.
fn event(body: &mut Vec<u8>, code: u8, present: u64) {
    body.extend([1; 16]);
    body.extend([0, code]);
    varint(body, present);
    body.extend([0; 3]);
}
