//! The stored form of a quiz item, version 1.
//!
//! ```text
//! item     = version 1 · fold version · questions: count, then each name, title?, answers
//! answer   = id (8 bytes) · what is there (2 bytes) · time − previous time · number? · id? · response? · rest (8 bytes)?
//!            · millionths? · seconds?
//! ```

use trilha_schemas::event::Score;
use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};

use super::{Answer, Question, QuizItem};
use crate::views::version;
use crate::{FOLD_VERSION, ITEM_HEADER_BYTES, limits};

const TIMELESS: u16 = 1;
const ATTEMPT: u16 = 1 << 1;
const ATTEMPT_ID: u16 = 1 << 2;
const RESPONSE: u16 = 1 << 3;
const BY_CORRECT: u16 = 1 << 4;
const BY_POINTS: u16 = 1 << 5;
const JUDGED: u16 = 1 << 6;
const CORRECT: u16 = 1 << 7;
const ELAPSED: u16 = 1 << 8;
const REST: u16 = 1 << 9;
const OF_PARENT: u16 = 1 << 10;

pub(super) fn encode(item: &QuizItem) -> Vec<u8> {
    let mut out = version();
    out.reserve(ITEM_HEADER_BYTES + item.bytes);
    varint(&mut out, FOLD_VERSION.into());
    varint(&mut out, item.questions.len() as u64);
    for (name, question) in &item.questions {
        bytes(&mut out, name.as_bytes());
        write_question(&mut out, question);
    }
    out
}

pub(super) fn decode(stored: &[u8]) -> Result<QuizItem, Damaged> {
    let mut input = limits::item(stored)?;
    input.varint()?;
    let count = input.count(3)?;
    let mut item = QuizItem::default();
    for _ in 0..count {
        let name = input.text()?.to_string();
        let question = read_question(&mut input)?;
        item.seen.extend(question.answers.iter().map(|answer| answer.id));
        item.bytes += question.header_bytes(&name) + question.answers.iter().map(Answer::most_bytes).sum::<usize>();
        item.questions.insert(name, question);
    }
    Ok(item)
}

fn write_question(out: &mut Vec<u8>, question: &Question) {
    out.push(u8::from(question.title.is_some()));
    if let Some((time, id, title)) = &question.title {
        zigzag(out, *time);
        out.extend_from_slice(&id.to_be_bytes());
        bytes(out, title.as_bytes());
    }
    varint(out, question.answers.len() as u64);
    let mut time = 0;
    for answer in &question.answers {
        write_answer(out, answer, time);
        time = answer.time_millis;
    }
}

fn write_answer(out: &mut Vec<u8>, answer: &Answer, time: i64) {
    out.extend_from_slice(&answer.id.to_be_bytes());
    out.extend_from_slice(&answer.present().to_be_bytes());
    zigzag(out, answer.time_millis - time);
    answer.attempt.iter().for_each(|number| varint(out, u64::from(*number)));
    answer.attempt_id.iter().for_each(|id| bytes(out, id.as_bytes()));
    answer.response.iter().for_each(|response| bytes(out, response.as_bytes()));
    answer.rest.iter().for_each(|rest| out.extend_from_slice(&rest.to_be_bytes()));
    if let Score::ByCorrect(millionths) | Score::ByPoints(millionths) = answer.score {
        varint(out, millionths.into());
    }
    answer.elapsed_seconds.iter().for_each(|seconds| zigzag(out, *seconds));
}

impl Answer {
    fn present(&self) -> u16 {
        let bit = |there: bool, bit: u16| if there { bit } else { 0 };
        bit(self.timeless, TIMELESS)
            | bit(self.attempt.is_some(), ATTEMPT)
            | bit(self.attempt_id.is_some(), ATTEMPT_ID)
            | bit(self.response.is_some(), RESPONSE)
            | bit(matches!(self.score, Score::ByCorrect(_)), BY_CORRECT)
            | bit(matches!(self.score, Score::ByPoints(_)), BY_POINTS)
            | bit(self.correct.is_some(), JUDGED)
            | bit(self.correct == Some(true), CORRECT)
            | bit(self.elapsed_seconds.is_some(), ELAPSED)
            | bit(self.rest.is_some(), REST)
            | bit(self.of_parent, OF_PARENT)
    }
}

fn read_question(input: &mut Input<'_>) -> Result<Question, Damaged> {
    let title = match input.byte()? {
        0 => None,
        _ => Some((limits::time(0, input.zigzag()?)?, u64::from_be_bytes(input.array()?), input.text()?.to_string())),
    };
    let count = input.count(11)?;
    let mut time = 0;
    let mut question = Question { title, ..Question::default() };
    for _ in 0..count {
        let answer = read_answer(input, &mut time)?;
        if question.answers.last().is_some_and(|last| (last.time_millis, last.id) >= (answer.time_millis, answer.id)) {
            return Err(Damaged("answers out of order"));
        }
        question.of_parent |= answer.of_parent;
        question.place(answer);
    }
    Ok(question)
}

fn read_answer(input: &mut Input<'_>, time: &mut i64) -> Result<Answer, Damaged> {
    let id = u64::from_be_bytes(input.array()?);
    let present = u16::from_be_bytes(input.array()?);
    let has = |bit: u16| present & bit != 0;
    *time = limits::time(*time, input.zigzag()?)?;
    let small = |value: u64| u32::try_from(value).map_err(|_| Damaged("a small integer"));
    Ok(Answer {
        time_millis: *time,
        id,
        timeless: has(TIMELESS),
        attempt: if has(ATTEMPT) { Some(small(input.varint()?)?) } else { None },
        attempt_id: if has(ATTEMPT_ID) { Some(input.text()?.to_string()) } else { None },
        response: if has(RESPONSE) { Some(input.text()?.to_string()) } else { None },
        rest: if has(REST) { Some(u64::from_be_bytes(input.array()?)) } else { None },
        score: match (has(BY_CORRECT), has(BY_POINTS)) {
            (true, _) => Score::ByCorrect(small(input.varint()?)?),
            (_, true) => Score::ByPoints(small(input.varint()?)?),
            _ => Score::None,
        },
        correct: has(JUDGED).then_some(has(CORRECT)),
        elapsed_seconds: if has(ELAPSED) { Some(input.zigzag()?) } else { None },
        of_parent: has(OF_PARENT),
    })
}
