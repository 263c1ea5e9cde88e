//! Writes events as Trilha's native JSON, by hand: bytes depend on nothing but the event.

use crate::catalogue::{Course, Video};
use crate::event::{Action, Answer, Event, Person, Rate, Response, Verb};

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Appends JSON objects to a buffer; remembers the text of the last day.
#[derive(Debug)]
pub(crate) struct Writer {
    day: i64,
    date: [u8; 10],
}

impl Writer {
    pub(crate) fn new() -> Writer {
        Writer { day: 0, date: *b"1970-01-01" }
    }

    /// Appends one event, without a line end.
    pub(crate) fn write(&mut self, courses: &[Course], event: &Event, out: &mut Vec<u8>) {
        let course = &courses[usize::from(event.course)];
        out.extend_from_slice(b"{\"id\":\"");
        write_uuid(event.id, out);
        out.extend_from_slice(b"\",\"type\":\"");
        out.extend_from_slice(type_name(&event.act.action).as_bytes());
        out.extend_from_slice(b"\",\"time\":\"");
        self.write_time(event.act.time_millis, out);
        write_person(event.person, out);
        write_text("course", &course.id, out);
        if event.session != 0 {
            out.extend_from_slice(b",\"session\":\"");
            write_hex(event.session, 16, out);
            out.push(b'"');
        }
        write_action(course, &event.act.action, out);
        out.push(b'}');
    }

    fn write_time(&mut self, time_millis: i64, out: &mut Vec<u8>) {
        let day = time_millis.div_euclid(MILLIS_PER_DAY);
        if day != self.day {
            self.date = date(day);
            self.day = day;
        }
        let millis = time_millis.rem_euclid(MILLIS_PER_DAY) as u64;
        let mut clock = *b"T00:00:00.000Z";
        put_digits(&mut clock[1..3], millis / 3_600_000);
        put_digits(&mut clock[4..6], millis / 60_000 % 60);
        put_digits(&mut clock[7..9], millis / 1_000 % 60);
        put_digits(&mut clock[10..13], millis % 1_000);
        out.extend_from_slice(&self.date);
        out.extend_from_slice(&clock);
    }
}

fn type_name(action: &Action) -> &'static str {
    match action {
        Action::Watched { .. } => "video.watched",
        Action::Player { verb: Verb::Played, .. } => "video.played",
        Action::Player { verb: Verb::Paused, .. } => "video.paused",
        Action::Player { verb: Verb::Completed, .. } => "video.completed",
        Action::Player { verb: Verb::Terminated, .. } => "video.terminated",
        Action::Seeked { .. } => "video.seeked",
        Action::Started { .. } => "quiz.started",
        Action::Answered { .. } => "quiz.answered",
        Action::Submitted { .. } => "quiz.submitted",
        Action::Viewed { .. } => "activity.viewed",
        Action::Enrolled => "course.enrolled",
        Action::Unenrolled => "course.unenrolled",
        Action::Completed => "course.completed",
        Action::Described { .. } => "object.described",
    }
}

/// Closes the string before it.
fn write_person(person: Person, out: &mut Vec<u8>) {
    match person {
        Person::Learner(number) => {
            out.extend_from_slice(b"\",\"learner\":\"aluno-");
            write_padded(number, 6, out);
            out.push(b'"');
        }
        Person::Staff(number) => {
            out.extend_from_slice(b"\",\"learner\":\"docente-");
            write_padded(number, 3, out);
            out.extend_from_slice(b"\",\"role\":\"staff\"");
        }
    }
}

fn write_action(course: &Course, action: &Action, out: &mut Vec<u8>) {
    match *action {
        Action::Watched { video, from, to, rate } => {
            let video = &course.videos[usize::from(video)];
            write_text("video", &video.id, out);
            write_seconds("from", from, out);
            write_seconds("to", to, out);
            write_seconds("length", video.length, out);
            write_rate(rate, out);
        }
        Action::Player { verb, video, position, rate } => {
            write_player(&course.videos[usize::from(video)], verb, position, rate, out);
        }
        Action::Seeked { video, from, to } => {
            let video = &course.videos[usize::from(video)];
            write_text("video", &video.id, out);
            write_seconds("from", from, out);
            write_seconds("to", to, out);
            write_seconds("length", video.length, out);
        }
        Action::Started { .. } | Action::Answered { .. } | Action::Submitted { .. } => {
            write_quiz(course, action, out);
        }
        Action::Viewed { page } => {
            let page = &course.pages[usize::from(page)];
            write_text("object", &page.id, out);
            write_text("title", &page.title, out);
        }
        Action::Described { index } => {
            out.extend_from_slice(course.descriptions[usize::from(index)].as_bytes());
        }
        Action::Enrolled | Action::Unenrolled | Action::Completed => {}
    }
}

fn write_player(video: &Video, verb: Verb, position: i32, rate: Rate, out: &mut Vec<u8>) {
    write_text("video", &video.id, out);
    if verb == Verb::Played {
        write_text("title", &video.title, out);
    }
    write_seconds("position", position, out);
    write_seconds("length", video.length, out);
    write_rate(rate, out);
}

fn write_quiz(course: &Course, action: &Action, out: &mut Vec<u8>) {
    match *action {
        Action::Started { quiz, attempt } => {
            let quiz = &course.quizzes[usize::from(quiz)];
            write_text("quiz", &quiz.id, out);
            write_text("title", &quiz.title, out);
            write_whole("attempt", attempt.into(), out);
            write_halves("max_score", quiz.max_halves, out);
        }
        Action::Answered { quiz, question, attempt, answer, elapsed_tenths } => {
            let quiz = &course.quizzes[usize::from(quiz)];
            let question = &quiz.questions[usize::from(question)];
            write_text("quiz", &quiz.id, out);
            write_text("question", &question.id, out);
            write_text("title", &question.title, out);
            write_whole("attempt", attempt.into(), out);
            write_answer(course, answer, out);
            write_halves("max_score", question.max_halves.into(), out);
            write_seconds("elapsed", i32::from(elapsed_tenths) * 100, out);
        }
        Action::Submitted { quiz, attempt, halves } => {
            let quiz = &course.quizzes[usize::from(quiz)];
            write_text("quiz", &quiz.id, out);
            write_whole("attempt", attempt.into(), out);
            write_halves("score", halves, out);
            write_halves("max_score", quiz.max_halves, out);
        }
        _ => {}
    }
}

fn write_answer(course: &Course, answer: Answer, out: &mut Vec<u8>) {
    match answer.response {
        Response::Choice(choice) => {
            out.extend_from_slice(b",\"response\":\"");
            out.extend_from_slice(&[b'a' + choice, b'"']);
        }
        Response::Set(choices) => write_set(choices, out),
        Response::Term(term) => write_text("response", course.terms[usize::from(term)], out),
        Response::DontKnow => write_text("response", "não sei", out),
    }
    let correct: &[u8] = if answer.correct { b",\"correct\":true" } else { b",\"correct\":false" };
    out.extend_from_slice(correct);
    write_halves("score", answer.halves.into(), out);
}

fn write_set(choices: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"response\":[");
    let chosen = (0..8u8).filter(|choice| choices >> choice & 1 == 1);
    for (index, choice) in chosen.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&[b'"', b'a' + choice, b'"']);
    }
    out.push(b']');
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// The text needs no escaping: ids and titles are made here.
fn write_text(name: &str, text: &str, out: &mut Vec<u8>) {
    write_name(name, out);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn write_whole(name: &str, value: u32, out: &mut Vec<u8>) {
    write_name(name, out);
    write_padded(value, 1, out);
}

fn write_rate(rate: Rate, out: &mut Vec<u8>) {
    write_name("rate", out);
    out.extend_from_slice(rate.text().as_bytes());
}

fn write_halves(name: &str, halves: u16, out: &mut Vec<u8>) {
    write_whole(name, u32::from(halves / 2), out);
    if halves % 2 == 1 {
        out.extend_from_slice(b".5");
    }
}

/// Milliseconds as seconds, without needless zeros.
fn write_seconds(name: &str, millis: i32, out: &mut Vec<u8>) {
    let millis = millis.max(0) as u32;
    write_whole(name, millis / 1_000, out);
    if !millis.is_multiple_of(1_000) {
        let mut fraction = *b".000";
        put_digits(&mut fraction[1..], u64::from(millis % 1_000));
        let zeros = fraction.iter().rev().take_while(|digit| **digit == b'0').count();
        out.extend_from_slice(&fraction[..4 - zeros]);
    }
}

fn write_padded(value: u32, width: usize, out: &mut Vec<u8>) {
    let digits = value.checked_ilog10().map_or(1, |log| log as usize + 1).max(width);
    let mut text = [b'0'; 10];
    put_digits(&mut text[..digits], value.into());
    out.extend_from_slice(&text[..digits]);
}

/// Fills the slots with the last digits of the value.
fn put_digits(slots: &mut [u8], mut value: u64) {
    for slot in slots.iter_mut().rev() {
        *slot = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// 128 bits in the form of a random UUID (version 4).
fn write_uuid((high, low): (u64, u64), out: &mut Vec<u8>) {
    let high = high & !0xF000 | 0x4000;
    let low = low & !(0xC << 60) | 0x8 << 60;
    write_hex(high >> 32, 8, out);
    out.push(b'-');
    write_hex(high >> 16 & 0xFFFF, 4, out);
    out.push(b'-');
    write_hex(high & 0xFFFF, 4, out);
    out.push(b'-');
    write_hex(low >> 48, 4, out);
    out.push(b'-');
    write_hex(low & 0xFFFF_FFFF_FFFF, 12, out);
}

fn write_hex(value: u64, digits: u32, out: &mut Vec<u8>) {
    let digit = |index: u32| b"0123456789abcdef"[(value >> (4 * index) & 0xF) as usize];
    out.extend((0..digits).rev().map(digit));
}

/// The Gregorian date of a day counted from 1970-01-01 (years 0 to 9999).
fn date(day: i64) -> [u8; 10] {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let mut text = *b"0000-00-00";
    put_digits(&mut text[..4], year.max(0) as u64);
    put_digits(&mut text[5..7], month as u64);
    put_digits(&mut text[8..], day_of_month as u64);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let check = |millis, text: &str| {
            let mut writer = Writer::new();
            assert_eq!(written(|out| writer.write_time(millis, out)), text);
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_827_696_789, "2000-02-29T12:34:56.789Z");
        check(1_785_754_800_000, "2026-08-03T11:00:00.000Z");
        check(4_102_444_799_999, "2099-12-31T23:59:59.999Z");
        check(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_writer_follows_the_days_in_both_directions() {
        let mut writer = Writer::new();
        for day in [5, 6, 4, 5] {
            let text = written(|out| writer.write_time(day * MILLIS_PER_DAY, out));
            assert_eq!(text, format!("1970-01-0{}T00:00:00.000Z", day + 1));
        }
    }

    #[test]
    fn numbers_have_no_needless_zeros() {
        let check = |millis, text: &str| {
            assert_eq!(written(|out| write_seconds("x", millis, out)), format!(",\"x\":{text}"));
        };
        check(0, "0");
        check(1_000, "1");
        check(12_500, "12.5");
        check(12_050, "12.05");
        check(754_001, "754.001");
        assert_eq!(written(|out| write_halves("x", 7, out)), ",\"x\":3.5");
        assert_eq!(written(|out| write_padded(1_234_567, 6, out)), "1234567");
        assert_eq!(written(|out| write_padded(42, 6, out)), "000042");
    }

    #[test]
    fn ids_have_the_shape_of_a_uuid() {
        let id = written(|out| write_uuid((u64::MAX, u64::MAX), out));
        assert_eq!(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let id = written(|out| write_uuid((0x0123_4567_89ab_cdef, 0x0123_4567_89ab_cdef), out));
        assert_eq!(id, "01234567-89ab-4def-8123-456789abcdef");
    }

    #[test]
    fn several_choices_are_a_list() {
        assert_eq!(written(|out| write_set(0b10101, out)), ",\"response\":[\"a\",\"c\",\"e\"]");
        assert_eq!(written(|out| write_set(0, out)), ",\"response\":[]");
    }
}
