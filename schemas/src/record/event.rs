//! One event inside a record: a type code, a bitmap of the optional fields that are there, then the fields in the
//! order of their bits.
//!
//! ```text
//! event = id (16 bytes) · learner's index · type · present (varint bitmap) · course's index
//!       · arrival − base (zigzag) · flags · the optional fields
//! ```

use super::read::Interned;
use super::write::Tables;
use super::{MAX_EVENT_TEXT_BYTES, RecordError};
use crate::event::{Body, Description, Event, Protocol, QuizAction, QuizEvent, Role, VideoAction, VideoEvent};
use crate::flags::Flags;
use crate::ids::EventId;
use crate::number;
use crate::packing::{Input, varint, zigzag};

// Types 0–7 are VideoAction::ALL, 16–18 QuizAction::ALL.
const QUIZ: u8 = 16;
const VIEWED: u8 = 32;
const ENROLLED: u8 = 33;
const UNENROLLED: u8 = 34;
const COMPLETED: u8 = 35;
const DESCRIBED: u8 = 36;

/// The year 33,658, either way.
const FARTHEST_TIME_MILLIS: u64 = 1_000_000_000_000_000;
/// 10⁹ s, either way.
const FARTHEST_PLACE_MILLIS: u64 = 1_000_000_000_000;

// Bits 0–7 of the bitmap: what all types have, as `write_common` writes it; from 8: the type's own fields.
const OWN: u32 = 8;

/// Optional fields of a type: noted in the bitmap and written as they come.
struct Fields<'o, 'a> {
    present: u64,
    next: u32,
    out: Vec<u8>,
    tables: &'o mut Tables<'a>,
}

impl<'a> Fields<'_, 'a> {
    fn note(&mut self, there: bool) -> bool {
        self.present |= u64::from(there) << self.next;
        self.next += 1;
        there
    }

    fn text(&mut self, text: Option<&'a str>) {
        if self.note(text.is_some()) {
            let at = self.tables.string(text.unwrap_or_default());
            varint(&mut self.out, at);
        }
    }

    fn integer(&mut self, value: Option<i64>) {
        if self.note(value.is_some()) {
            zigzag(&mut self.out, value.unwrap_or_default());
        }
    }

    fn double(&mut self, value: Option<f64>) {
        if self.note(value.is_some()) {
            self.out.extend_from_slice(&value.unwrap_or_default().to_le_bytes());
        }
    }

    fn truth(&mut self, value: Option<bool>) {
        self.note(value.is_some());
        self.note(value == Some(true));
    }
}

pub(super) fn write_event<'a>(out: &mut Vec<u8>, event: &'a Event, base: i64, tables: &mut Tables<'a>) {
    out.extend_from_slice(&event.id.0);
    varint(out, tables.learner(event.learner));
    let course = tables.string(&event.course);
    let mut fields = Fields { present: 0, next: 0, out: Vec::with_capacity(32), tables };
    write_common(&mut fields, event);
    fields.next = OWN;
    let code = write_body(&mut fields, &event.body);
    let (present, optional) = (fields.present, fields.out);
    out.push(code);
    varint(out, present);
    varint(out, course);
    zigzag(out, event.arrival_millis - base);
    varint(out, u64::from(event.flags.bits()));
    out.extend_from_slice(&optional);
}

fn write_common<'a>(fields: &mut Fields<'_, 'a>, event: &'a Event) {
    fields.text(event.session.as_deref());
    fields.text(event.title.as_deref());
    fields.integer(event.time_millis.map(|time| time.wrapping_sub(event.arrival_millis)));
    fields.integer(Some(i64::from(event.zone_offset_minutes)).filter(|minutes| *minutes != 0));
    fields.integer(Some(i64::from(event.settings_version)).filter(|version| *version != 0));
    fields.text(event.source_id.as_deref());
    fields.integer((event.role != Role::Learner).then_some(event.role as i64));
    fields.integer((event.protocol != Protocol::Native).then_some(event.protocol as i64));
}

fn write_body<'a>(fields: &mut Fields<'_, 'a>, body: &'a Body) -> u8 {
    match body {
        Body::Video(video) => {
            write_video(fields, video);
            video.action as u8
        }
        Body::Quiz(quiz) => {
            write_quiz(fields, quiz);
            QUIZ + quiz.action as u8
        }
        Body::Viewed { object } => {
            fields.text(Some(object));
            VIEWED
        }
        Body::Enrolled => ENROLLED,
        Body::Unenrolled => UNENROLLED,
        Body::Completed => COMPLETED,
        Body::Described(description) => {
            write_description(fields, description);
            DESCRIBED
        }
    }
}

fn write_video<'a>(fields: &mut Fields<'_, 'a>, video: &'a VideoEvent) {
    fields.text(Some(&video.video));
    fields.integer(video.position_millis);
    fields.integer(video.to_millis);
    fields.integer(video.length_millis);
    fields.double(video.rate);
    fields.double(video.threshold);
    if fields.note(video.segments.is_some()) {
        write_segments(&mut fields.out, video.segments.as_deref().unwrap_or_default());
    }
}

fn write_segments(out: &mut Vec<u8>, segments: &[(i64, i64)]) {
    varint(out, segments.len() as u64);
    let mut before = 0;
    for (from, to) in segments {
        zigzag(out, from - before);
        zigzag(out, to - from);
        before = *to;
    }
}

fn write_quiz<'a>(fields: &mut Fields<'_, 'a>, quiz: &'a QuizEvent) {
    fields.text(Some(&quiz.quiz));
    fields.text(quiz.question.as_deref());
    fields.integer(quiz.attempt.map(i64::from));
    fields.text(quiz.attempt_id.as_deref());
    fields.text(quiz.response.as_deref());
    fields.truth(quiz.correct);
    fields.double(quiz.score);
    fields.double(quiz.max_score);
    fields.double(quiz.scaled);
    fields.integer(quiz.elapsed_millis);
}

fn write_description<'a>(fields: &mut Fields<'_, 'a>, description: &'a Description) {
    fields.text(Some(&description.object));
    fields.text(description.section.as_deref());
    fields.integer(description.position);
    fields.integer(description.length_millis);
    fields.text(description.url.as_deref());
}

/// The optional fields of an event as they are read.
struct Present<'i, 'a> {
    bits: u64,
    next: u32,
    input: &'i mut Input<'a>,
    tables: &'i Interned<'a>,
    /// How many bytes of texts the event may still have.
    text_bytes: usize,
}

impl Present<'_, '_> {
    fn note(&mut self) -> bool {
        let there = self.bits >> self.next & 1 == 1;
        self.next += 1;
        there
    }

    fn text(&mut self) -> Result<Option<String>, RecordError> {
        if !self.note() {
            return Ok(None);
        }
        let at = self.input.varint()?;
        self.string(at).map(Some)
    }

    fn string(&mut self, at: u64) -> Result<String, RecordError> {
        let text = self.tables.string(at)?;
        let left = self.text_bytes.checked_sub(text.len());
        self.text_bytes = left.ok_or(RecordError::Damaged("an event's texts are too long"))?;
        Ok(text.to_string())
    }

    fn required(&mut self) -> Result<String, RecordError> {
        self.text()?.ok_or(RecordError::Damaged("an object is missing"))
    }

    fn integer(&mut self) -> Result<Option<i64>, RecordError> {
        if self.note() { Ok(Some(self.input.zigzag()?)) } else { Ok(None) }
    }

    fn millis(&mut self) -> Result<Option<i64>, RecordError> {
        self.integer()?.map(|millis| place(millis).ok_or(RecordError::Damaged("a position"))).transpose()
    }

    fn double(&mut self) -> Result<Option<f64>, RecordError> {
        if self.note() { Ok(Some(self.input.double()?)) } else { Ok(None) }
    }

    fn truth(&mut self) -> Option<bool> {
        let (there, value) = (self.note(), self.note());
        there.then_some(value)
    }
}

pub(super) fn read_event<'a>(input: &mut Input<'a>, base: i64, tables: &Interned<'a>) -> Result<Event, RecordError> {
    let id = EventId(input.array()?);
    let learner = tables.learner(input.varint()?)?;
    let code = input.byte()?;
    let bits = input.varint()?;
    let course = input.varint()?;
    let arrival_millis = input.zigzag()?.checked_add(base).and_then(time).ok_or(RecordError::Damaged("an arrival"))?;
    let flags = u32::try_from(input.varint()?).map_err(|_| RecordError::Damaged("flags"))?;
    let mut fields = Present { bits, next: 0, input, tables, text_bytes: MAX_EVENT_TEXT_BYTES };
    Ok(Event {
        id,
        learner,
        course: fields.string(course)?,
        arrival_millis,
        flags: Flags::from_bits(flags),
        session: fields.text()?,
        title: fields.text()?,
        time_millis: fields.integer()?.map(|delta| sent_time(arrival_millis, delta)).transpose()?,
        zone_offset_minutes: small(fields.integer()?)?,
        settings_version: small(fields.integer()?)?,
        source_id: fields.text()?,
        role: one_of(&[Role::Learner, Role::Staff, Role::Test], fields.integer()?)?,
        protocol: one_of(&Protocol::ALL, fields.integer()?)?,
        body: read_body(code, &mut fields)?,
    })
}

/// No clock and no reader tells a time that is farther away, so that sums and differences of times never overflow.
fn time(millis: i64) -> Option<i64> {
    (millis.unsigned_abs() <= FARTHEST_TIME_MILLIS).then_some(millis)
}

fn sent_time(arrival_millis: i64, delta: i64) -> Result<i64, RecordError> {
    arrival_millis.checked_add(delta).and_then(time).ok_or(RecordError::Damaged("a time"))
}

/// What [`number::millis`] lets in.
fn place(millis: i64) -> Option<i64> {
    (millis.unsigned_abs() <= FARTHEST_PLACE_MILLIS).then_some(millis)
}

fn plausible(length_millis: &i64) -> bool {
    number::length_millis(*length_millis as f64 / 1000.0) == Some(*length_millis)
}

fn small<T: TryFrom<i64>>(value: Option<i64>) -> Result<T, RecordError> {
    T::try_from(value.unwrap_or(0)).map_err(|_| RecordError::Damaged("a small integer"))
}

fn one_of<T: Copy>(all: &[T], at: Option<i64>) -> Result<T, RecordError> {
    let at = usize::try_from(at.unwrap_or(0)).ok();
    at.and_then(|at| all.get(at)).copied().ok_or(RecordError::Damaged("a code"))
}

fn read_body(code: u8, fields: &mut Present<'_, '_>) -> Result<Body, RecordError> {
    match code {
        0..QUIZ => read_video(one_of(&VideoAction::ALL, Some(code.into()))?, fields).map(Body::Video),
        QUIZ..VIEWED => read_quiz(one_of(&QuizAction::ALL, Some((code - QUIZ).into()))?, fields).map(Body::Quiz),
        VIEWED => fields.required().map(|object| Body::Viewed { object }),
        ENROLLED => Ok(Body::Enrolled),
        UNENROLLED => Ok(Body::Unenrolled),
        COMPLETED => Ok(Body::Completed),
        DESCRIBED => read_description(fields).map(Body::Described),
        _ => Err(RecordError::Damaged("an event's type")),
    }
}

fn read_video(action: VideoAction, fields: &mut Present<'_, '_>) -> Result<VideoEvent, RecordError> {
    Ok(VideoEvent {
        action,
        video: fields.required()?,
        position_millis: fields.millis()?,
        to_millis: fields.millis()?,
        length_millis: checked(fields.integer()?, plausible, "a length")?,
        rate: checked(fields.double()?, |rate| number::rate(*rate).is_some(), "a rate")?,
        threshold: checked(fields.double()?, |share| number::threshold(*share).is_some(), "a threshold")?,
        segments: if fields.note() { Some(read_segments(fields.input)?) } else { None },
    })
}

fn read_segments(input: &mut Input<'_>) -> Result<Vec<(i64, i64)>, RecordError> {
    let count = input.count(2)?;
    let mut before = 0i64;
    let step = |from: i64, delta: i64| from.checked_add(delta).and_then(place).ok_or(RecordError::Damaged("a segment"));
    let pair = |_| {
        let from = step(before, input.zigzag()?)?;
        let to = step(from, input.zigzag()?)?;
        before = to;
        Ok((from, to))
    };
    (0..count).map(pair).collect()
}

fn checked<T>(value: Option<T>, is_valid: impl Fn(&T) -> bool, what: &'static str) -> Result<Option<T>, RecordError> {
    if value.as_ref().is_none_or(is_valid) { Ok(value) } else { Err(RecordError::Damaged(what)) }
}

fn read_quiz(action: QuizAction, fields: &mut Present<'_, '_>) -> Result<QuizEvent, RecordError> {
    Ok(QuizEvent {
        action,
        quiz: fields.required()?,
        question: fields.text()?,
        attempt: fields.integer()?.map(|number| small(Some(number))).transpose()?,
        attempt_id: fields.text()?,
        response: fields.text()?,
        correct: fields.truth(),
        score: checked(fields.double()?, |points| points.is_finite(), "a score")?,
        max_score: checked(fields.double()?, |points| points.is_finite(), "a score")?,
        scaled: checked(fields.double()?, |share| share.is_finite(), "a score")?,
        elapsed_millis: checked(fields.millis()?, |millis| *millis >= 0, "a time taken")?,
    })
}

fn read_description(fields: &mut Present<'_, '_>) -> Result<Description, RecordError> {
    Ok(Description {
        object: fields.required()?,
        section: fields.text()?,
        position: fields.integer()?,
        length_millis: checked(fields.integer()?, plausible, "a length")?,
        url: fields.text()?,
    })
}
