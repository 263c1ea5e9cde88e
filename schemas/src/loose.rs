//! Loose JSON, as other systems write it: numbers in strings, durations in several forms, names at the end of IRIs.
//! And the draft of an event that the three adapters fill and check alike.

use serde_json::Value;

use crate::event::{Body, QuizEvent, Role, SentEvent, SourceId, VideoAction, VideoEvent};
use crate::flags::Flags;
use crate::reader::{
    Code, MAX_DEPTH, MAX_ID_BYTES, MAX_RESPONSE_CHARS, MAX_TITLE_CHARS, Refusal, content_hash, cut, is_nobody,
};
use crate::{number, time};

/// Follows member names from a value; `None` when one is absent or null.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// The string at a path.
pub(crate) fn str_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// The first of these members that is there and is no empty string.
pub(crate) fn first_full<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| at(value, &[name]).filter(|found| found.as_str() != Some("")))
}

/// The items of a list; a single value stands for a list of one.
pub(crate) fn as_list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

/// A string, or a number written as text; `None` when empty or of another type.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A finite number, also one written in a string.
pub(crate) fn float(value: &Value) -> Option<f64> {
    let float = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    float.filter(|float| float.is_finite())
}

/// true or false, also as a word in a string, in any case.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Seconds: a number, or an ISO 8601 duration.
pub(crate) fn seconds(value: &Value) -> Option<f64> {
    float(value).or_else(|| duration_seconds(value.as_str()?))
}

/// An ISO 8601 duration (`PT5M21.5S`, `P0D`, `P0Y0M0DT0H0M15S`) in seconds, a year 365 days and a month 30.
pub(crate) fn duration_seconds(text: &str) -> Option<f64> {
    let (mut rest, mut clock, mut total, mut parts) = (text.trim().strip_prefix(['P', 'p'])?, false, 0.0, 0);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            if clock {
                return None;
            }
            (rest, clock) = (after, true);
            continue;
        }
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))?;
        let amount: f64 = rest[..end].replace(',', ".").parse().ok()?;
        let unit = rest[end..].chars().next()?;
        total += amount * unit_seconds(unit, clock)?;
        parts += 1;
        rest = &rest[end + unit.len_utf8()..];
    }
    (parts > 0).then_some(total)
}

fn unit_seconds(unit: char, clock: bool) -> Option<f64> {
    let seconds = match (unit.to_ascii_uppercase(), clock) {
        ('Y', false) => 365.0 * 86_400.0,
        ('M', false) => 30.0 * 86_400.0,
        ('W', false) => 7.0 * 86_400.0,
        ('D', false) => 86_400.0,
        ('H', true) => 3_600.0,
        ('M', true) => 60.0,
        ('S', true) => 1.0,
        _ => return None,
    };
    Some(seconds)
}

/// What stands after the last `/`, `#` or `:` of an IRI that is not its end.
pub(crate) fn tail(iri: &str) -> &str {
    let iri = iri.trim_end_matches('/');
    let end = iri.bytes().rposition(is_separator).map_or(0, |at| at + 1);
    &iri[end..]
}

/// Whether the IRI ends in the name as its last part.
pub(crate) fn has_tail(iri: &str, name: &str) -> bool {
    let Some(before) = iri.strip_suffix(name) else { return false };
    before.is_empty() || before.bytes().next_back().is_some_and(is_separator)
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'#' | b':')
}

/// The text of a response: a string, a list sorted and joined by ", ", anything else as JSON.
pub(crate) fn response(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let mut items: Vec<String> = items.iter().filter_map(response).collect();
            items.sort();
            Some(items.join(", "))
        }
        other => Some(other.to_string()),
    }
}

/// Whether the value is nested deeper than allowed; looks no deeper than that.
pub(crate) fn too_deep(value: &Value) -> bool {
    deeper_than(value, MAX_DEPTH)
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    let inside = |child: &Value| deeper_than(child, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inside),
        Value::Object(members) => levels == 0 || members.values().any(inside),
        _ => false,
    }
}

/// The refusal of what is nested too deep.
pub(crate) fn deep_refusal() -> Refusal {
    Refusal::new(Code::TooDeep, "", format!("JSON nested more than {MAX_DEPTH} deep"))
}

/// A foreign word for use in a message, shortened.
pub(crate) fn quoted(word: &str) -> String {
    format!("{:?}", cut(word.to_string(), 80).0)
}

/// What was read of an event besides its body; [`Draft::finish`] checks it all.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    pub(crate) learner: Option<String>,
    pub(crate) course: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) role: Role,
    pub(crate) title: Option<String>,
    pub(crate) time_millis: Option<i64>,
    pub(crate) flags: Flags,
}

/// The names that the learner and the course go by in a format, for messages.
pub(crate) struct Names {
    pub(crate) learner: &'static str,
    pub(crate) course: &'static str,
    pub(crate) no_course: &'static str,
}

impl Draft {
    /// Takes the time, when there is one; one that cannot be read is refused.
    pub(crate) fn take_time(&mut self, field: &str, value: Option<&Value>) -> Result<(), Refusal> {
        let Some(value) = value.filter(|value| value.as_str() != Some("")) else { return Ok(()) };
        let refuse = |what: &str| {
            Refusal::new(Code::InvalidValue, field, format!("{field} is {what}, such as 2026-03-02T19:30:00Z"))
        };
        let text = value.as_str().ok_or_else(|| refuse("no text with a time"))?;
        let sent = time::parse(text).ok_or_else(|| refuse("no time that exists"))?;
        if sent.no_zone {
            self.flags.insert(Flags::NO_ZONE);
        }
        self.time_millis = Some(sent.millis);
        Ok(())
    }

    /// Checks the ids and makes the event.
    pub(crate) fn finish(mut self, names: &Names, source: SourceId, body: Body) -> Result<SentEvent, Refusal> {
        let learner = self
            .learner
            .filter(|learner| !is_nobody(learner))
            .ok_or_else(|| Refusal::new(Code::NoLearner, names.learner, "no learner: absent, empty or anonymous"))?;
        let course = self.course.filter(|course| !course.trim().is_empty());
        let course = course.ok_or_else(|| Refusal::new(Code::NoCourse, names.course, names.no_course))?;
        check_length(names.learner, &learner)?;
        check_length(names.course, &course)?;
        check_length("session", self.session.as_deref().unwrap_or_default())?;
        if let SourceId::Given(id) = &source {
            check_length("id", id)?;
        }
        check_body(&body)?;
        let title = self.title.and_then(|title| kept(title, MAX_TITLE_CHARS, &mut self.flags));
        let session = self.session.filter(|session| !session.is_empty());
        let (role, time_millis, flags) = (self.role, self.time_millis, self.flags);
        let learner = Some(learner);
        Ok(SentEvent { source_id: source, time_millis, learner, course, session, role, title, flags, body })
    }

    /// For an event that becomes many: refuses ids, and cuts the title, that are so long that copies of them would not be
    /// bounded by what was sent. [`Draft::finish`] still tells that the title was longer.
    pub(crate) fn bound(&mut self, names: &Names) -> Result<(), Refusal> {
        check_length(names.learner, self.learner.as_deref().unwrap_or_default())?;
        check_length(names.course, self.course.as_deref().unwrap_or_default())?;
        check_length("session", self.session.as_deref().unwrap_or_default())?;
        let title = self.title.take().map(|title| cut(title.trim().to_string(), MAX_TITLE_CHARS + 1).0);
        self.title = title;
        Ok(())
    }

    /// A video's event without numbers.
    pub(crate) fn video(action: VideoAction, video: String) -> VideoEvent {
        VideoEvent {
            action,
            video,
            position_millis: None,
            to_millis: None,
            length_millis: None,
            rate: None,
            threshold: None,
            segments: None,
        }
    }

    /// A length in seconds as sent: checked, or ignored and flagged.
    pub(crate) fn length(&mut self, value: Option<&Value>) -> Option<i64> {
        let length = seconds(value?).and_then(number::length_millis);
        self.flag_if(length.is_none(), Flags::LENGTH_IGNORED);
        length
    }

    /// A rate as sent (`1.5`, `"1.5"`, `"1.5x"`): checked, or ignored and flagged.
    pub(crate) fn rate(&mut self, value: Option<&Value>) -> Option<f64> {
        let value = value?;
        let number = float(value).or_else(|| value.as_str()?.trim().strip_suffix(['x', 'X'])?.trim().parse().ok());
        let rate = number.and_then(number::rate);
        self.flag_if(rate.is_none(), Flags::RATE_IGNORED);
        rate
    }

    /// A completion threshold as sent: checked, or ignored and flagged.
    pub(crate) fn threshold(&mut self, value: Option<&Value>) -> Option<f64> {
        let threshold = float(value?).and_then(number::threshold);
        self.flag_if(threshold.is_none(), Flags::THRESHOLD_IGNORED);
        threshold
    }

    /// Cuts the response and flags the score of a quiz event that is otherwise done.
    pub(crate) fn quiz(&mut self, mut quiz: QuizEvent) -> Body {
        quiz.response = quiz.response.map(|response| {
            let (response, was_longer) = cut(response, MAX_RESPONSE_CHARS);
            self.flag_if(was_longer, Flags::TEXT_CUT);
            response
        });
        self.flag_if(quiz.score_is_out_of_range(), Flags::SCORE_CLAMPED);
        Body::Quiz(quiz)
    }

    fn flag_if(&mut self, noticed: bool, flag: Flags) {
        if noticed {
            self.flags.insert(flag);
        }
    }
}

/// A position: seconds or an ISO duration, to milliseconds.
pub(crate) fn position_millis(value: Option<&Value>) -> Option<i64> {
    seconds(value?).and_then(number::millis)
}

/// Time taken: seconds or an ISO duration, to milliseconds; a negative one is none.
pub(crate) fn elapsed_millis(value: Option<&Value>) -> Option<i64> {
    position_millis(value).filter(|millis| *millis >= 0)
}

/// An attempt: its number when it is a whole one from 1, else its id.
pub(crate) fn attempt(value: Option<&Value>) -> (Option<u32>, Option<String>) {
    let Some(value) = value else { return (None, None) };
    match float(value).filter(|number| number.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(number)) {
        Some(number) => (Some(number as u32), None),
        None => (None, text(value)),
    }
}

/// The source id: the sender's id, else the content.
pub(crate) fn source_id(id: Option<&str>, content: &Value) -> SourceId {
    match id.filter(|id| !id.is_empty()) {
        Some(id) => SourceId::Given(id.to_string()),
        None => SourceId::Content(content_hash(content)),
    }
}

fn kept(text: String, most_chars: usize, flags: &mut Flags) -> Option<String> {
    let (text, was_longer) = cut(text.trim().to_string(), most_chars);
    if was_longer {
        flags.insert(Flags::TEXT_CUT);
    }
    (!text.is_empty()).then_some(text)
}

fn check_body(body: &Body) -> Result<(), Refusal> {
    check_length("object", body.object())?;
    if let Body::Quiz(quiz) = body {
        check_length("quiz", &quiz.quiz)?;
        check_length("attempt", quiz.attempt_id.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

/// Refuses an id that is too long.
pub(crate) fn check_length(field: &str, text: &str) -> Result<(), Refusal> {
    if text.len() <= MAX_ID_BYTES {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLong, field, format!("{field} is longer than {MAX_ID_BYTES} bytes")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_in_every_form_of_the_field_are_read() {
        for (text, expected) in [
            ("PT05M21S", 321.0),
            ("PT0.01S", 0.01),
            ("P0D", 0.0),
            ("P0Y0M0DT0H0M15S", 15.0),
            ("PT1H12M27S", 4347.0),
            ("PT41.671614S", 41.671614),
            ("PT1,5S", 1.5),
            ("P2Y", 63_072_000.0),
            ("P2M", 5_184_000.0),
            ("P2W", 1_209_600.0),
            ("P2D", 172_800.0),
            ("PT2H2M2S", 7_322.0),
            ("P1DT0.5H", 88_200.0),
            (" pt90m ", 5_400.0),
        ] {
            assert_eq!(duration_seconds(text), Some(expected), "{text}");
        }
        for text in
            ["", "P", "PT", "5", "P5", "PT5", "P5S", "PT5D", "PTT5S", "PT5é", "P-1D", "-PT5S", "PT1.2.3S", "00:05:21"]
        {
            assert_eq!(duration_seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_duration_is_answered_and_finite(noise in "\\PC{0,30}", near in "[Pp]([0-9.,]{0,9}[YMWDTHS]){0,8}") {
            for text in [noise, near] {
                prop_assert!(position_millis(Some(&json!(text))).is_none_or(|millis| millis.abs() <= 1_000_000_000_000));
            }
        }
    }

    #[test]
    fn numbers_and_verdicts_are_read_from_strings_too() {
        assert_eq!(float(&json!("1.0")), Some(1.0));
        assert_eq!(float(&json!("inf")), None);
        assert_eq!(tail("https://w3id.org/xapi/video/activity-type/video/"), "video");
        assert_eq!(
            (tail("http://x.test/v1/action#Paused"), tail("urn:a:b"), tail("/"), tail("b")),
            ("Paused", "b", "", "b")
        );
        assert_eq!(float(&json!(true)), None);
        let words = ["False", "true", "TRUE", "yes"].map(|word| boolean(&json!(word)));
        assert_eq!(words, [Some(false), Some(true), Some(true), None]);
        assert_eq!([true, false].map(|flag| boolean(&json!(flag))), [Some(true), Some(false)]);
        assert_eq!(boolean(&json!(0)), None);
        let mut draft = Draft::default();
        assert_eq!(draft.rate(Some(&json!("1.25x"))), Some(1.25));
        assert_eq!(draft.flags, Flags::empty());
        assert_eq!(draft.rate(Some(&json!("fast"))), None);
        assert_eq!(draft.flags, Flags::RATE_IGNORED);
    }

    #[test]
    fn depth_is_counted_in_brackets() {
        let arrays: fn(usize) -> Value = |levels| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        let objects: fn(usize) -> Value = |levels| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        for nest in [arrays, objects] {
            assert!(!too_deep(&nest(MAX_DEPTH)));
            assert!(too_deep(&nest(MAX_DEPTH + 1)));
        }
        assert!(!too_deep(&json!(1)));
    }

    #[test]
    fn an_attempt_is_a_number_or_an_id() {
        assert_eq!(attempt(Some(&json!(10))), (Some(10), None));
        assert_eq!(attempt(Some(&json!("2"))), (Some(2), None));
        assert_eq!(attempt(Some(&json!("a-1"))), (None, Some("a-1".into())));
        assert_eq!(attempt(Some(&json!(0))), (None, Some("0".into())));
        assert_eq!(attempt(None), (None, None));
    }
}
