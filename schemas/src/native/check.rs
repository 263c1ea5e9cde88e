//! From wire fields to a checked event: what a type needs, what is in range, what is cut.

use std::borrow::Cow;

use serde_json::Value;

use super::wire::{Response, Wire};
use crate::event::{
    BodyOf, DescriptionOf, Pairs, QuizAction, QuizEventOf, Role, SentEventOf, SourceId, VideoAction, VideoEventOf,
};
use crate::flags::Flags;
use crate::reader::{Code, MAX_ID_BYTES, MAX_RESPONSE_CHARS, MAX_TITLE_CHARS, Refusal, content_hash, cut, end_of_cut};
use crate::{number, time};

/// The longest `url`, in bytes.
const MAX_URL_BYTES: usize = 2_048;

type Checked<T> = Result<T, Refusal>;
/// A text of the request where it stands there as it is.
type Text<'a> = Cow<'a, str>;

/// Checks an event; `content` gives the whole object, asked for only when the event has no id.
pub(super) fn event<'a>(wire: &mut Wire<'a>, content: impl FnOnce() -> Value) -> Checked<SentEventOf<Text<'a>>> {
    let id = wire.id.take().filter(|id| !id.is_empty());
    let mut flags = Flags::empty();
    let checked = fields(wire, &mut flags).and_then(|common| {
        long("id", id.as_deref())?;
        Ok(common)
    });
    let (body, learner, course, role, time_millis) =
        checked.map_err(|refusal| refusal.with_id(id.as_deref().map(str::to_string)))?;
    let title = wire.title.take().filter(|title| !title.is_empty());
    let title = title.map(|title| cut_to(title, MAX_TITLE_CHARS, &mut flags));
    let source_id = id.map_or_else(|| SourceId::Content(content_hash(&content())), SourceId::Given);
    let session = wire.session.take().filter(|session| !session.is_empty());
    Ok(SentEventOf { source_id, time_millis, learner, course, session, role, title, flags, body })
}

type Common<'a> = (BodyOf<Text<'a>, Pairs>, Option<Text<'a>>, Text<'a>, Role, Option<i64>);

fn fields<'a>(wire: &mut Wire<'a>, flags: &mut Flags) -> Checked<Common<'a>> {
    let kind = wire.kind.take().ok_or_else(|| missing("type", "every event"))?;
    let body = body(&kind, wire, flags)?;
    let learner = learner(wire.learner.take(), &body)?;
    let course = wire.course.take().filter(|course| !course.trim_start().is_empty());
    let course = course.ok_or_else(|| Refusal::new(Code::NoCourse, "course", "course is missing or empty"))?;
    long("learner", learner.as_deref())?;
    long("course", Some(&course))?;
    long("session", wire.session.as_deref())?;
    Ok((body, learner, course, role(wire.role.take())?, sent_time(wire.time.take(), flags)?))
}

fn body<'a>(kind: &str, wire: &mut Wire<'a>, flags: &mut Flags) -> Checked<BodyOf<Text<'a>, Pairs>> {
    if let Some(action) = VideoAction::of_type(kind) {
        return video(action, wire, flags).map(BodyOf::Video);
    }
    if let Some(action) = QuizAction::of_type(kind) {
        return quiz(action, wire, flags).map(BodyOf::Quiz);
    }
    match kind {
        "activity.viewed" => Ok(BodyOf::Viewed { object: id_field("object", wire.object.take(), kind)? }),
        "course.enrolled" => Ok(BodyOf::Enrolled),
        "course.unenrolled" => Ok(BodyOf::Unenrolled),
        "course.completed" => Ok(BodyOf::Completed),
        "object.described" => description(wire, flags).map(BodyOf::Described),
        _ => {
            let kind = cut(kind.to_string(), 60).0;
            Err(Refusal::new(Code::UnknownType, "type", format!("no event type is called {kind:?}")))
        }
    }
}

fn video<'a>(action: VideoAction, wire: &mut Wire<'a>, flags: &mut Flags) -> Checked<VideoEventOf<Text<'a>, Pairs>> {
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
    Ok(VideoEventOf { action, video, position_millis, to_millis, length_millis, rate, threshold: None, segments: None })
}

fn quiz<'a>(action: QuizAction, wire: &mut Wire<'a>, flags: &mut Flags) -> Checked<QuizEventOf<Text<'a>>> {
    let kind = action.type_name();
    let quiz = id_field("quiz", wire.quiz.take(), kind)?;
    let question = match action {
        QuizAction::Answered => Some(id_field("question", wire.question.take(), kind)?),
        _ => None,
    };
    let response = wire.response.take().map(|response| cut_to(response_text(response), MAX_RESPONSE_CHARS, flags));
    let event = QuizEventOf {
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

fn description<'a>(wire: &mut Wire<'a>, flags: &mut Flags) -> Checked<DescriptionOf<Text<'a>>> {
    let object = id_field("object", wire.object.take(), "object.described")?;
    if wire.url.as_ref().is_some_and(|url| url.len() > MAX_URL_BYTES) {
        return Err(Refusal::new(Code::TooLong, "url", format!("url is longer than {MAX_URL_BYTES} bytes")));
    }
    let section = wire.section.take().map(|section| cut_to(section, MAX_TITLE_CHARS, flags));
    let place = |position: f64| {
        let whole = position.fract() == 0.0 && position.abs() < 1e9;
        whole.then_some(position as i64).ok_or_else(|| invalid("position", "a whole number"))
    };
    let position = wire.position.map(place).transpose()?;
    Ok(DescriptionOf { object, section, position, length_millis: length(wire.length, flags), url: wire.url.take() })
}

fn learner<'a>(learner: Option<Text<'a>>, body: &BodyOf<Text<'a>, Pairs>) -> Checked<Option<Text<'a>>> {
    let learner = learner.filter(|learner| !crate::reader::is_nobody(learner));
    if learner.is_none() && !matches!(body, BodyOf::Described(_)) {
        return Err(Refusal::new(Code::NoLearner, "learner", "learner is missing, empty or anonymous"));
    }
    Ok(learner)
}

fn role(role: Option<Text<'_>>) -> Checked<Role> {
    let parse = |role: Text<'_>| Role::parse(&role).ok_or_else(|| invalid("role", "learner, staff or test"));
    role.map_or(Ok(Role::default()), parse)
}

fn sent_time(text: Option<Text<'_>>, flags: &mut Flags) -> Checked<Option<i64>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let sent = time::parse(&text).ok_or_else(|| invalid("time", "an RFC 3339 time such as 2026-03-02T19:30:00Z"))?;
    flag_if(flags, sent.no_zone, Flags::NO_ZONE);
    Ok(Some(sent.millis))
}

fn response_text(response: Response<'_>) -> Text<'_> {
    match response {
        Response::Text(text) => text,
        Response::List(mut list) => {
            list.sort();
            list.join(", ").into()
        }
    }
}

/// A text of at most so many characters, flagged where it was longer.
fn cut_to<'a>(text: Text<'a>, most_chars: usize, flags: &mut Flags) -> Text<'a> {
    let Some(end) = end_of_cut(&text, most_chars) else { return text };
    flags.insert(Flags::TEXT_CUT);
    match text {
        Cow::Borrowed(text) => text[..end].into(),
        Cow::Owned(text) => text[..end].to_string().into(),
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

fn id_field<'a>(field: &str, value: Option<Text<'a>>, kind: &str) -> Checked<Text<'a>> {
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| missing(field, kind))?;
    long(field, Some(&value))?;
    Ok(value)
}

#[inline]
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
