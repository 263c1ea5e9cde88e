//! What every reader of events shares: why it refuses one, and how it reads loose JSON.

use std::fmt;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::event::{BodyOf, Pairs, SentEvent, SentEventOf};
use crate::ids::first_16;

/// Why an event was refused: a code for programs, the field, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The reason, one of a closed list.
    pub code: Code,
    /// The field at fault, as the sender wrote it (`object.id`); empty when it is the whole event.
    pub field: String,
    /// What is wrong and what is expected. It quotes no learner id.
    pub message: String,
    /// The sender's id of the event, where one could be read.
    pub id: Option<String>,
}

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Not JSON.
    InvalidJson,
    /// JSON, but no object.
    NotAnObject,
    /// JSON nested more than 32 deep.
    TooDeep,
    /// The type, verb or name is none that Trilha reads.
    UnknownType,
    /// A field that the type needs is absent.
    MissingField,
    /// A field has the wrong JSON type.
    WrongType,
    /// A field's value is out of range or cannot be read.
    InvalidValue,
    /// A text is longer than allowed.
    TooLong,
    /// No learner: absent, empty, null or "anonymous".
    NoLearner,
    /// No course.
    NoCourse,
    /// No time, where one is needed (a replay).
    TimeMissing,
    /// About neither a video nor a quiz, course or activity: nothing that Trilha measures.
    NotRelevant,
    /// The same act is told by another event of the same source, which is the one that counts.
    Redundant,
    /// The credential may not write this learner's events.
    NotYours,
    /// The event cannot fit a stream record.
    TooLarge,
}

impl Code {
    /// The code as it is printed, stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJson => "invalid_json",
            Code::NotAnObject => "not_an_object",
            Code::TooDeep => "too_deep",
            Code::UnknownType => "unknown_type",
            Code::MissingField => "missing_field",
            Code::WrongType => "wrong_type",
            Code::InvalidValue => "invalid_value",
            Code::TooLong => "too_long",
            Code::NoLearner => "no_learner",
            Code::NoCourse => "no_course",
            Code::TimeMissing => "time_missing",
            Code::NotRelevant => "not_relevant",
            Code::Redundant => "redundant",
            Code::NotYours => "not_yours",
            Code::TooLarge => "too_large",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Refusal {
    /// A refusal without the sender's id.
    pub fn new(code: Code, field: impl Into<String>, message: impl Into<String>) -> Refusal {
        Refusal { code, field: field.into(), message: message.into(), id: None }
    }

    /// The same, with the sender's id.
    pub fn with_id(mut self, id: Option<String>) -> Refusal {
        self.id = id;
        self
    }
}

/// What one source document (a statement, a log line, an envelope's event) came to: events, or why not. One document
/// may hold several events (an Open edX `problem_check`: one per question).
pub type Read = Vec<Result<SentEvent, Refusal>>;

/// What a list of documents came to. Most come to one event, so that this many have room at once: a list that grows takes
/// three times the memory.
pub(crate) fn read_each(documents: &[Value], read: impl Fn(&Value) -> Read) -> Read {
    let mut events = Vec::with_capacity(documents.len());
    documents.iter().for_each(|document| events.extend(read(document)));
    events
}

/// The longest id of a learner, course, object or session, in bytes: two of them still make a key that DynamoDB takes.
pub const MAX_ID_BYTES: usize = 500;
/// The longest title, in characters; a longer one is cut and flagged.
pub const MAX_TITLE_CHARS: usize = 200;
/// The longest response that is kept, in characters; a longer one is cut and flagged. Views show 200 of them.
pub const MAX_RESPONSE_CHARS: usize = 2_000;
/// The deepest JSON.
pub const MAX_DEPTH: usize = 32;

/// Fields that name the learner. The event id takes the learner from elsewhere, as a pseudonym; hashed here as well, a raw
/// id could be found again by trying.
const NAMES_OF_LEARNERS: [&str; 6] = ["learner", "actor", "username", "user_id", "assignee", "member"];

/// The first 16 bytes of SHA-256 over the value's compact JSON with sorted keys, without the fields that name the learner:
/// the source id of an event that has none.
pub fn content_hash(value: &Value) -> [u8; 16] {
    let mut text = String::new();
    write_sorted(value, &mut text);
    first_16(&Sha256::digest(text.as_bytes()))
}

fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> =
                map.iter().filter(|(key, _)| !NAMES_OF_LEARNERS.contains(&key.as_str())).collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            write_list(out, '{', '}', entries, |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_sorted(value, out);
            });
        }
        Value::Array(items) => write_list(out, '[', ']', items, write_sorted),
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn write_list<T>(
    out: &mut String,
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// Refuses ids of courses and objects with control characters: nobody means them, and keys of items are made of the rest.
///
/// # Errors
/// [`Code::InvalidValue`], with the field.
pub fn check_ids<T: AsRef<str>>(event: &SentEventOf<T>) -> Result<(), Refusal> {
    let quiz = if let BodyOf::Quiz(quiz) = &event.body { quiz.quiz.as_ref() } else { "" };
    for (field, id) in
        [("course", event.course.as_ref()), ("quiz", quiz), (object_field(&event.body), event.body.object())]
    {
        if has_control(id) {
            return Err(Refusal::new(Code::InvalidValue, field, format!("{field} has a control character")));
        }
    }
    Ok(())
}

/// Without a branch in its loop, so that many bytes go at once.
fn has_control(text: &str) -> bool {
    text.bytes().fold(false, |has, byte| has | byte.is_ascii_control())
}

fn object_field<T>(body: &BodyOf<T, Pairs>) -> &'static str {
    match body {
        BodyOf::Video(_) => "video",
        // Without one it is the quiz, which is looked at before.
        BodyOf::Quiz(_) => "question",
        _ => "object",
    }
}

/// Whether a learner's id names nobody: empty or "anonymous".
pub fn is_nobody(learner: &str) -> bool {
    let learner = learner.trim();
    learner.is_empty() || learner.eq_ignore_ascii_case("anonymous")
}

/// Cuts a text to a number of characters; tells whether it was longer.
pub fn cut(text: String, most_chars: usize) -> (String, bool) {
    match end_of_cut(&text, most_chars) {
        Some(end) => (text[..end].to_string(), true),
        None => (text, false),
    }
}

/// Where a text ends that is cut to a number of characters; `None` where it is no longer.
pub fn end_of_cut(text: &str, most_chars: usize) -> Option<usize> {
    // Most texts have fewer bytes than they may have characters.
    let may_be_longer = text.len() > most_chars;
    may_be_longer.then(|| text.char_indices().nth(most_chars)).flatten().map(|(end, _)| end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Body;

    #[test]
    fn the_content_hash_does_not_depend_on_the_order_of_keys() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b":{"d":"x","c":[1,2]},"a":1}"#).unwrap();
        assert_eq!(content_hash(&one), content_hash(&other));
        assert_ne!(content_hash(&one), content_hash(&json!({"a": 1, "b": {"c": [2, 1], "d": "x"}})));
    }

    #[test]
    fn the_content_hash_tells_nothing_of_the_learner() {
        let of = |who: &str| json!({"learner": who, "actor": {"mbox": who}, "context": {"user_id": who, "path": "/"}});
        assert_eq!(content_hash(&of("ana")), content_hash(&of("bia")));
    }

    /// It is in the ids of events that have no id of their own.
    #[test]
    fn the_content_hash_is_the_same_for_ever() {
        let value = json!({"b": [1, "x", null, true], "a": {"d": {}, "c": []}, "learner": "ana"});
        assert_eq!(content_hash(&value), first_16(&Sha256::digest(r#"{"a":{"c":[],"d":{}},"b":[1,"x",null,true]}"#)));
    }

    #[test]
    fn ids_with_control_characters_are_refused_by_name() {
        use crate::event::{Description, QuizEvent, Role, SourceId, VideoAction};
        let check = |course: &str, body: Body, expected: Result<(), &str>| {
            let event = SentEvent {
                source_id: SourceId::Given("\n".into()),
                time_millis: None,
                learner: Some("\n".into()),
                course: course.into(),
                session: None,
                role: Role::Learner,
                title: Some("\n".into()),
                flags: crate::flags::Flags::empty(),
                body,
            };
            let checked = check_ids(&event).map_err(|refusal| (refusal.code, refusal.field));
            assert_eq!(checked, expected.map_err(|field| (Code::InvalidValue, field.to_string())));
        };
        let quiz = |quiz: &str, question: Option<&str>| {
            Body::Quiz(QuizEvent { quiz: quiz.into(), question: question.map(str::to_string), ..QuizEvent::default() })
        };
        check("ação|1", quiz("z", Some("q")), Ok(()));
        check("a\u{1}", Body::Enrolled, Err("course"));
        check("\u{1}a\u{1}", Body::Enrolled, Err("course"));
        check("c", quiz("z\u{7f}", Some("q")), Err("quiz"));
        check("c", quiz("z\t", None), Err("quiz"));
        check("c", quiz("z", Some("q\n")), Err("question"));
        check("c", Body::Video(crate::loose::Draft::video(VideoAction::Paused, "v\0".into())), Err("video"));
        check("c", Body::Viewed { object: "p\r".into() }, Err("object"));
        check("c", Body::Described(Description { object: "o\n".into(), ..Description::default() }), Err("object"));
    }

    #[test]
    fn nobody_is_empty_or_anonymous() {
        for (learner, nobody) in [("", true), (" ", true), (" AnonyMous ", true), ("ana", false), ("anonymous1", false)]
        {
            assert_eq!(is_nobody(learner), nobody, "{learner}");
        }
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("ação".into(), 2), ("aç".into(), true));
        assert_eq!(cut("ação".into(), 4), ("ação".into(), false));
    }
}
