//! From wire fields to a checked event: what a type needs, what is in range, what is cut.

use std::borrow::Cow;

use serde_json::Value;

use super::wire::{Response, Wire};
use crate::event::{Body, Description, QuizAction, QuizEvent, Role, SentEvent, SourceId, VideoAction, VideoEvent};
use crate::flags::Flags;
use crate::reader::{Code, MAX_ID_BYTES, MAX_RESPONSE_CHARS, MAX_TITLE_CHARS, Refusal, content_hash, cut};
use crate::{number, time};

/// The longest `url`, in bytes.
const MAX_URL_BYTES: usize = 2_048;

type Checked<T> = Result<T, Refusal>;

/// Checks an event; `content` gives the whole object, asked for only when the event has no id.
pub(super) fn event(wire: &mut Wire<'_>, content: impl FnOnce() -> Value) -> Checked<SentEvent> {
    let id = wire.id.take().filter(|id| !id.is_empty()).map(Cow::into_owned);
    let mut flags = Flags::empty();
    let checked = fields(wire, &mut flags).and_then(|common| {
        long("id", id.as_deref())?;
        Ok(common)
    });
    let (body, learner, course, role, time_millis) = checked.map_err(|refusal| refusal.with_id(id.clone()))?;
    let title = wire.title.take().filter(|title| !title.is_empty()).map(|title| {
        let (title, was_longer) = cut(title.into_owned(), MAX_TITLE_CHARS);
        flag_if(&mut flags, was_longer, Flags::TEXT_CUT);
        title
    });
    let source_id = id.map_or_else(|| SourceId::Content(content_hash(&content())), SourceId::Given);
    let session = wire.session.take().filter(|session| !session.is_empty()).map(Cow::into_owned);
    Ok(SentEvent { source_id, time_millis, learner, course, session, role, title, flags, body })
}

type Common = (Body, Option<String>, String, Role, Option<i64>);

fn fields(wire: &mut Wire<'_>, flags: &mut Flags) -> Checked<Common> {
    let kind = wire.kind.take().ok_or_else(|| missing("type", "every event"))?;
    let body = body(&kind, wire, flags)?;
    let learner = learner(wire.learner.take(), &body)?;
    let course = wire.course.take().filter(|course| !course.trim().is_empty());
    let course =
        course.ok_or_else(|| Refusal::new(Code::NoCourse, "course", "course is missing or empty"))?.into_owned();
    long("learner", learner.as_deref())?;
    long("course", Some(&course))?;
    long("session", wire.session.as_deref())?;
    Ok((body, learner, course, role(wire.role.take())?, sent_time(wire.time.take(), flags)?))
}

fn body(kind: &str, wire: &mut Wire<'_>, flags: &mut Flags) -> Checked<Body> {
    if let Some(action) = VideoAction::ALL.into_iter().find(|action| action.type_name() == kind) {
        return video(action, wire, flags).map(Body::Video);
    }
    if let Some(action) = QuizAction::ALL.into_iter().find(|action| action.type_name() == kind) {
        return quiz(action, wire, flags).map(Body::Quiz);
    }
    match kind {
        "activity.viewed" => Ok(Body::Viewed { object: id_field("object", wire.object.take(), kind)? }),
        "course.enrolled" => Ok(Body::Enrolled),
        "course.unenrolled" => Ok(Body::Unenrolled),
        "course.completed" => Ok(Body::Completed),
        "object.described" => description(wire, flags).map(Body::Described),
        _ => {
            let kind = cut(kind.to_string(), 60).0;
            Err(Refusal::new(Code::UnknownType, "type", format!("no event type is called {kind:?}")))
        }
    }
}

fn video(action: VideoAction, wire: &mut Wire<'_>, flags: &mut Flags) -> Checked<VideoEvent> {
    let kind = action.type_name();
    let video = id_field("video", wire.video.take(), kind)?;
    let (position_millis, to_millis) = match action {
        VideoAction::Watched | VideoAction::Seeked => {
            (Some(position("from", wire.from, kind)?), Some(position("to", wire.to, kind)?))
        }
        VideoAction::Initialized | VideoAction::Interacted => (optional_position("position", wire.position)?, None),
        _ => (Some(position("position", wire.position, kind)?), None),
    };
    let length_millis = length(wire.length, flags);
    let rate = wire.rate.and_then(number::rate);
    flag_if(flags, wire.rate.is_some() && rate.is_none(), Flags::RATE_IGNORED);
    let long = action == VideoAction::Watched
        && to_millis.zip(position_millis).is_some_and(|(to, from)| to - from > crate::event::MAX_HEARTBEAT_MILLIS);
    flag_if(flags, long, Flags::HEARTBEAT_CUT);
    Ok(VideoEvent { action, video, position_millis, to_millis, length_millis, rate, threshold: None, segments: None })
}

fn quiz(action: QuizAction, wire: &mut Wire<'_>, flags: &mut Flags) -> Checked<QuizEvent> {
    let kind = action.type_name();
    let quiz = id_field("quiz", wire.quiz.take(), kind)?;
    let question = match action {
        QuizAction::Answered => Some(id_field("question", wire.question.take(), kind)?),
        _ => None,
    };
    let response = wire.response.take().map(|response| {
        let (text, was_longer) = cut(response_text(response), MAX_RESPONSE_CHARS);
        flag_if(flags, was_longer, Flags::TEXT_CUT);
        text
    });
    let event = QuizEvent {
        action,
        quiz,
        question,
        attempt: wire.attempt.map(attempt).transpose()?,
        attempt_id: None,
        response,
        correct: wire.correct,
        score: wire.score,
        max_score: wire.max_score,
        scaled: None,
        elapsed_millis: wire.elapsed.map(elapsed).transpose()?,
    };
    flag_if(flags, event.score_is_out_of_range(), Flags::SCORE_CLAMPED);
    Ok(event)
}

fn description(wire: &mut Wire<'_>, flags: &mut Flags) -> Checked<Description> {
    let object = id_field("object", wire.object.take(), "object.described")?;
    if wire.url.as_ref().is_some_and(|url| url.len() > MAX_URL_BYTES) {
        return Err(Refusal::new(Code::TooLong, "url", format!("url is longer than {MAX_URL_BYTES} bytes")));
    }
    let section = wire.section.take().map(|section| {
        let (section, was_longer) = cut(section.into_owned(), MAX_TITLE_CHARS);
        flag_if(flags, was_longer, Flags::TEXT_CUT);
        section
    });
    let place = |position: f64| {
        let whole = position.fract() == 0.0 && position.abs() < 1e9;
        whole.then_some(position as i64).ok_or_else(|| invalid("position", "a whole number"))
    };
    let position = wire.position.map(place).transpose()?;
    Ok(Description {
        object,
        section,
        position,
        length_millis: length(wire.length, flags),
        url: wire.url.take().map(Cow::into_owned),
    })
}

fn learner(learner: Option<Cow<'_, str>>, body: &Body) -> Checked<Option<String>> {
    let learner = learner.filter(|learner| !crate::reader::is_nobody(learner));
    if learner.is_none() && !matches!(body, Body::Described(_)) {
        return Err(Refusal::new(Code::NoLearner, "learner", "learner is missing, empty or anonymous"));
    }
    Ok(learner.map(Cow::into_owned))
}

fn role(role: Option<Cow<'_, str>>) -> Checked<Role> {
    let parse = |role: Cow<'_, str>| Role::parse(&role).ok_or_else(|| invalid("role", "learner, staff or test"));
    role.map_or(Ok(Role::default()), parse)
}

fn sent_time(text: Option<Cow<'_, str>>, flags: &mut Flags) -> Checked<Option<i64>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let sent = time::parse(&text).ok_or_else(|| invalid("time", "an RFC 3339 time such as 2026-03-02T19:30:00Z"))?;
    flag_if(flags, sent.no_zone, Flags::NO_ZONE);
    Ok(Some(sent.millis))
}

fn response_text(response: Response<'_>) -> String {
    match response {
        Response::Text(text) => text.into_owned(),
        Response::List(mut list) => {
            list.sort();
            list.join(", ")
        }
    }
}

fn attempt(number: f64) -> Checked<u32> {
    let whole = number.fract() == 0.0 && (1.0..=f64::from(i32::MAX)).contains(&number);
    whole.then_some(number as u32).ok_or_else(|| invalid("attempt", "a whole number from 1"))
}

fn elapsed(seconds: f64) -> Checked<i64> {
    number::millis(seconds).filter(|millis| *millis >= 0).ok_or_else(|| invalid("elapsed", "seconds from 0"))
}

fn length(seconds: Option<f64>, flags: &mut Flags) -> Option<i64> {
    let length = seconds.and_then(number::length_millis);
    flag_if(flags, seconds.is_some() && length.is_none(), Flags::LENGTH_IGNORED);
    length
}

fn position(field: &str, seconds: Option<f64>, kind: &str) -> Checked<i64> {
    optional_position(field, seconds)?.ok_or_else(|| missing(field, kind))
}

fn optional_position(field: &str, seconds: Option<f64>) -> Checked<Option<i64>> {
    let millis = |seconds| number::millis(seconds).ok_or_else(|| invalid(field, "seconds up to 10⁹"));
    seconds.map(millis).transpose()
}

fn id_field(field: &str, value: Option<Cow<'_, str>>, kind: &str) -> Checked<String> {
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| missing(field, kind))?;
    long(field, Some(&value))?;
    Ok(value.into_owned())
}

fn long(field: &str, value: Option<&str>) -> Checked<()> {
    match value {
        Some(value) if value.len() > MAX_ID_BYTES => {
            Err(Refusal::new(Code::TooLong, field, format!("{field} is longer than {MAX_ID_BYTES} bytes")))
        }
        _ => Ok(()),
    }
}

fn missing(field: &str, kind: &str) -> Refusal {
    Refusal::new(Code::MissingField, field, format!("{kind} needs {field}"))
}

fn invalid(field: &str, expected: &str) -> Refusal {
    Refusal::new(Code::InvalidValue, field, format!("{field} must be {expected}"))
}

fn flag_if(flags: &mut Flags, condition: bool, flag: Flags) {
    if condition {
        flags.insert(flag);
    }
}
