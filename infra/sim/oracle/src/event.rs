//! The native event: DESIGN.md, section 2, and METRICS.md, "Arithmetic", "Time" and "Identity".

use serde_json::{Map, Value};

use crate::{Told, time};

/// Later than this after its arrival, a time is of the future: 5 min.
const AHEAD_MILLIS: i64 = 5 * 60 * 1000;
/// Later than this after its time, an event counts in totals alone: 48 h.
const LATE_MILLIS: i64 = 48 * 60 * 60 * 1000;
/// A heartbeat tells no more than this: 300 s.
const HEARTBEAT_MILLIS: i64 = 300_000;
/// The longest video: 10 h.
pub(crate) const LONGEST_MILLIS: i64 = 36_000_000;
/// A title is kept to this many characters.
const TITLE_CHARS: usize = 200;

/// What tells one act from another: equal for all copies of one act.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    pub(crate) course: String,
    pub(crate) learner: Option<String>,
    pub(crate) role: String,
    kind: String,
    /// The video, quiz, page or described object; empty for the course itself.
    pub(crate) object: String,
    pub(crate) question: Option<String>,
    /// As it was sent.
    time: Option<String>,
    source: Source,
}

/// The client's id, else all that the client said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Source {
    Id(String),
    Content(String),
}

/// One event that counts.
#[derive(Debug)]
pub(crate) struct Event {
    pub identity: Identity,
    /// As it was sent; none when none was.
    sent_millis: Option<i64>,
    arrival_millis: i64,
    pub session: Option<String>,
    pub title: Option<String>,
    pub action: Action,
}

/// What happened, where it counts for more than activity.
#[derive(Debug)]
pub(crate) enum Action {
    Video(Playback),
    Answer(Answer),
    Described,
    Other,
}

/// A `video.*` event.
#[derive(Debug)]
pub(crate) struct Playback {
    pub kind: PlaybackKind,
    /// Where it finds the player: the position; of a heartbeat or seek its `from`.
    pub from: Option<i64>,
    /// Where it leaves the player: the `to` of a heartbeat or seek, else the position.
    pub to: Option<i64>,
    /// 1 where none, or none that is plausible, is told.
    pub rate: f64,
    pub length: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaybackKind {
    Watched,
    Played,
    Seeked,
    /// Paused, completed, terminated.
    Stopped,
    /// Neither plays nor stops.
    Other,
}

/// A `quiz.answered` event.
#[derive(Debug)]
pub(crate) struct Answer {
    pub attempt: Option<u64>,
    pub response: Option<String>,
    pub correct: Option<bool>,
    pub score: Option<f64>,
    pub max_score: Option<f64>,
    pub elapsed_millis: Option<i64>,
}

impl Event {
    /// Reads what was told.
    pub(crate) fn of(told: &Told<'_>) -> Event {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(told.text) else {
            panic!("not an event: {}", told.text);
        };
        let source = source(&fields);
        let Some(event) = read(&mut fields, source, told.arrival_millis) else {
            panic!("not an event that counts: {}", told.text);
        };
        event
    }

    /// Whose act it is; empty for a description by nobody.
    pub(crate) fn learner(&self) -> &str {
        self.identity.learner.as_deref().unwrap_or_default()
    }

    /// "Who counts": staff and test do not.
    pub(crate) fn is_by_learner(&self) -> bool {
        self.identity.role == "learner" && !self.is_description()
    }

    pub(crate) fn is_description(&self) -> bool {
        matches!(self.action, Action::Described)
    }

    /// What it says of the learner's enrolment.
    pub(crate) fn enrolment(&self) -> Option<&str> {
        self.identity.kind.strip_prefix("course.")
    }

    pub(crate) fn has_time(&self) -> bool {
        self.sent_millis.is_some()
    }

    /// Where it stands in order: its time; the arrival when that is over 5 min in the future, or not there.
    pub(crate) fn at(&self) -> i64 {
        let sent = self.sent_millis.filter(|sent| sent - self.arrival_millis <= AHEAD_MILLIS);
        sent.unwrap_or(self.arrival_millis)
    }

    /// The time at which it makes its learner active: none without a time of its own, none over 48 h late.
    pub(crate) fn active_at(&self) -> Option<i64> {
        let sent = self.sent_millis?;
        (self.arrival_millis - sent <= LATE_MILLIS).then(|| self.at())
    }

    /// Sorts by [`Event::at`]; callers see to it that nothing hangs on what follows.
    pub(crate) fn order(&self) -> (i64, &Identity) {
        (self.at(), &self.identity)
    }
}

/// `None` where something is missing that every event of its type has.
fn read(fields: &mut Map<String, Value>, source: Source, arrival_millis: i64) -> Option<Event> {
    let kind = text(fields, "type")?;
    let (object, action) = act(&kind, fields)?;
    let learner = text(fields, "learner").filter(|learner| learner != "anonymous");
    if learner.is_none() && !matches!(action, Action::Described) {
        return None;
    }
    let time = text(fields, "time");
    let sent_millis = match &time {
        Some(text) => Some(time::millis(text)?),
        None => None,
    };
    let question = if kind == "quiz.answered" { Some(text(fields, "question")?) } else { None };
    let title = text(fields, "title").map(|title| first_chars(&title, TITLE_CHARS));
    let session = text(fields, "session");
    let role = text(fields, "role").unwrap_or_else(|| "learner".to_string());
    let course = text(fields, "course")?;
    let identity = Identity { course, learner, role, kind, object, question, time, source };
    Some(Event { identity, sent_millis, arrival_millis, session, title, action })
}

/// The id of what was acted on, and what was done.
fn act(kind: &str, fields: &mut Map<String, Value>) -> Option<(String, Action)> {
    Some(match kind {
        "quiz.answered" => (text(fields, "quiz")?, Action::Answer(answer(fields))),
        "quiz.started" | "quiz.submitted" => (text(fields, "quiz")?, Action::Other),
        "activity.viewed" => (text(fields, "object")?, Action::Other),
        "course.enrolled" | "course.unenrolled" | "course.completed" => (String::new(), Action::Other),
        "object.described" => (text(fields, "object")?, Action::Described),
        _ => (text(fields, "video")?, Action::Video(playback(kind, fields)?)),
    })
}

fn playback(kind: &str, fields: &Map<String, Value>) -> Option<Playback> {
    let kind = match kind {
        "video.watched" => PlaybackKind::Watched,
        "video.played" => PlaybackKind::Played,
        "video.seeked" => PlaybackKind::Seeked,
        "video.paused" | "video.completed" | "video.terminated" => PlaybackKind::Stopped,
        "video.initialized" | "video.interacted" => PlaybackKind::Other,
        _ => return None,
    };
    let position = |name| number(fields, name).map(millis);
    let (from, to) = match kind {
        PlaybackKind::Watched | PlaybackKind::Seeked => (position("from"), position("to")),
        _ => (position("position"), position("position")),
    };
    let longest = from.filter(|_| kind == PlaybackKind::Watched).map(|from| from + HEARTBEAT_MILLIS);
    let to = to.map(|to| longest.map_or(to, |longest| to.min(longest)));
    let rate = number(fields, "rate").filter(|rate| (0.25..=4.0).contains(rate)).unwrap_or(1.0);
    let length = position("length").filter(|length| (1..=LONGEST_MILLIS).contains(length));
    Some(Playback { kind, from, to, rate, length })
}

fn answer(fields: &Map<String, Value>) -> Answer {
    Answer {
        attempt: number(fields, "attempt").map(|number| number as u64),
        response: fields.get("response").and_then(response),
        correct: fields.get("correct").and_then(Value::as_bool),
        score: number(fields, "score"),
        max_score: number(fields, "max_score"),
        elapsed_millis: number(fields, "elapsed").map(millis),
    }
}

/// A text as it is, a list sorted by bytes and joined by ", ", anything else as it is written in JSON.
fn response(value: &Value) -> Option<String> {
    let scalar = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
    match value {
        Value::Null => None,
        Value::Array(list) => {
            let mut texts: Vec<String> = list.iter().map(scalar).collect();
            texts.sort();
            Some(texts.join(", "))
        }
        other => Some(scalar(other)),
    }
}

fn source(fields: &Map<String, Value>) -> Source {
    match fields.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        Some(id) => Source::Id(id.to_string()),
        None => Source::Content(with_sorted_keys(fields)),
    }
}

fn with_sorted_keys(fields: &Map<String, Value>) -> String {
    let mut members: Vec<_> = fields.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    let written = members.into_iter().map(|(name, value)| format!("{name:?}:{}", any_with_sorted_keys(value)));
    format!("{{{}}}", written.collect::<Vec<_>>().join(","))
}

fn any_with_sorted_keys(value: &Value) -> String {
    match value {
        Value::Object(fields) => with_sorted_keys(fields),
        Value::Array(list) => {
            format!("[{}]", list.iter().map(any_with_sorted_keys).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// A text that is not empty, taken out of the fields.
fn text(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn number(fields: &Map<String, Value>, name: &str) -> Option<f64> {
    fields.get(name)?.as_f64()
}

/// Seconds to whole milliseconds.
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0 + 0.5).floor() as i64
}

/// The text up to a number of characters.
pub(crate) fn first_chars(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}
