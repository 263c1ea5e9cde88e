//! The stored forms of statuses: packed integers, ids as 8-byte hashes.
//!
//! ```text
//! learner    = version 1 · flags (the second: is quiet; the first is no longer read) · roster entry (length, bytes) · risk · completed (count, 8 bytes each)
//!            · videos (count, each: id, seconds) · quizzes (count, each: id, last answer, scores (count, each: id, score))
//! course     = version 2 · seen (8 bytes) · dropped · questions (count, each: id, codes, count, day)
//!            · swept (count of 0 or 1, day)
//! transition = flags · count · day
//! ```
//!
//! Version 1 of a course ends before what was swept.

use std::collections::{BTreeMap, BTreeSet};

use trilha_core::roster::RosterEntry;
use trilha_schemas::packing::{Damaged, Input, bytes, varint, zigzag};

use super::{CourseStatus, LearnerStatus, QuestionStatus, QuizSummary, Summary, Transitions};
use crate::evaluator::event::QuestionCode;

const LEARNER_VERSION: u8 = 1;
const COURSE_VERSION: u8 = 2;
/// Courses of which no sweep is known.
const BEFORE_SWEEPS: u8 = 1;
const CODES: [QuestionCode; 3] =
    [QuestionCode::FacilityLow, QuestionCode::FacilityHigh, QuestionCode::DiscriminationLow];

impl LearnerStatus {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![LEARNER_VERSION, flags(false, self.is_quiet)];
        bytes(&mut out, &self.entry.encode());
        write_transitions(&mut out, &self.risk);
        varint(&mut out, self.completed.len() as u64);
        self.completed.iter().for_each(|video| id(&mut out, *video));
        write_numbers(&mut out, &self.summary.videos);
        varint(&mut out, self.summary.quizzes.len() as u64);
        for (quiz, summary) in &self.summary.quizzes {
            id(&mut out, *quiz);
            zigzag(&mut out, summary.last_millis);
            write_numbers(&mut out, &summary.scores);
        }
        out
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(stored: &[u8]) -> Result<LearnerStatus, Damaged> {
        let mut input = versioned(LEARNER_VERSION, stored)?.1;
        let (_, is_quiet) = read_flags(&mut input)?;
        let entry = input.count(1)?;
        let entry = RosterEntry::decode(input.take(entry)?)?;
        let risk = read_transitions(&mut input)?;
        let count = input.count(8)?;
        let completed = (0..count).map(|_| read_id(&mut input)).collect::<Result<BTreeSet<u64>, _>>()?;
        let videos = read_numbers(&mut input)?;
        let count = input.count(10)?;
        let quiz = |_| {
            let (quiz, last_millis) = (read_id(&mut input)?, input.zigzag()?);
            Ok((quiz, QuizSummary { last_millis, scores: read_numbers(&mut input)? }))
        };
        let quizzes = (0..count).map(quiz).collect::<Result<_, Damaged>>()?;
        Ok(LearnerStatus { entry, is_quiet, summary: Summary { videos, quizzes }, completed, risk })
    }
}

impl CourseStatus {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![COURSE_VERSION];
        id(&mut out, self.seen);
        write_transitions(&mut out, &self.dropped);
        varint(&mut out, self.questions.len() as u64);
        for (question, status) in &self.questions {
            id(&mut out, *question);
            let is_out = |(at, code): (usize, &QuestionCode)| u8::from(status.out.contains(code)) << at;
            out.push(CODES.iter().enumerate().map(is_out).sum());
            varint(&mut out, status.count.into());
            zigzag(&mut out, status.day);
        }
        varint(&mut out, self.swept_day.is_some().into());
        self.swept_day.iter().for_each(|day| zigzag(&mut out, *day));
        out
    }

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    pub fn decode(stored: &[u8]) -> Result<CourseStatus, Damaged> {
        let (version, mut input) = versioned(COURSE_VERSION, stored)?;
        let (seen, dropped) = (read_id(&mut input)?, read_transitions(&mut input)?);
        let count = input.count(11)?;
        let question = |_| {
            let (question, codes) = (read_id(&mut input)?, input.byte()?);
            let out = CODES.iter().enumerate().filter(|(at, _)| codes >> at & 1 == 1).map(|(_, code)| *code).collect();
            Ok((question, QuestionStatus { out, count: read_count(&mut input)?, day: input.zigzag()? }))
        };
        let questions = (0..count).map(question).collect::<Result<_, Damaged>>()?;
        let is_swept = version > BEFORE_SWEEPS && input.varint()? > 0;
        let swept_day = is_swept.then(|| input.zigzag()).transpose()?;
        Ok(CourseStatus { seen, swept_day, dropped, questions })
    }
}

/// The version, up to a last one, and what follows it.
fn versioned(last: u8, stored: &[u8]) -> Result<(u8, Input<'_>), Damaged> {
    match stored {
        [version, rest @ ..] if (1..=last).contains(version) => Ok((*version, Input::new(rest))),
        _ => Err(Damaged("the version of a status")),
    }
}

fn flags(one: bool, other: bool) -> u8 {
    u8::from(one) | u8::from(other) << 1
}

fn read_flags(input: &mut Input<'_>) -> Result<(bool, bool), Damaged> {
    input.byte().map(|flags| (flags & 1 != 0, flags & 2 != 0))
}

fn id(out: &mut Vec<u8>, id: u64) {
    out.extend_from_slice(&id.to_be_bytes());
}

fn read_id(input: &mut Input<'_>) -> Result<u64, Damaged> {
    input.array().map(u64::from_be_bytes)
}

fn read_count(input: &mut Input<'_>) -> Result<u32, Damaged> {
    input.varint().and_then(|count| u32::try_from(count).map_err(|_| Damaged("a count")))
}

fn write_transitions(out: &mut Vec<u8>, transitions: &Transitions) {
    out.push(flags(transitions.is_on, transitions.told));
    varint(out, transitions.count.into());
    zigzag(out, transitions.day);
}

fn read_transitions(input: &mut Input<'_>) -> Result<Transitions, Damaged> {
    let (is_on, told) = read_flags(input)?;
    Ok(Transitions { is_on, told, count: read_count(input)?, day: input.zigzag()? })
}

fn write_numbers(out: &mut Vec<u8>, numbers: &BTreeMap<u64, i64>) {
    varint(out, numbers.len() as u64);
    for (name, number) in numbers {
        id(out, *name);
        zigzag(out, *number);
    }
}

fn read_numbers(input: &mut Input<'_>) -> Result<BTreeMap<u64, i64>, Damaged> {
    let count = input.count(9)?;
    (0..count).map(|_| Ok((read_id(input)?, input.zigzag()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learner() -> LearnerStatus {
        LearnerStatus {
            entry: RosterEntry { enrolment: None, days: Some((20_000, 20_100)) },
            is_quiet: true,
            summary: Summary {
                videos: BTreeMap::from([(7, 300), (u64::MAX, 1)]),
                quizzes: BTreeMap::from([(
                    9,
                    QuizSummary { last_millis: 1_772_452_800_000, scores: BTreeMap::from([(1, 0), (2, 1_000_000)]) },
                )]),
            },
            completed: BTreeSet::from([7]),
            risk: Transitions { is_on: true, told: false, count: 3, day: 20_099 },
        }
    }

    fn course() -> CourseStatus {
        let out = BTreeSet::from([QuestionCode::FacilityHigh, QuestionCode::DiscriminationLow]);
        CourseStatus {
            seen: 5,
            swept_day: Some(20_002),
            dropped: Transitions { is_on: false, told: true, count: 1, day: -1 },
            questions: BTreeMap::from([(4, QuestionStatus { out, count: 2, day: 20_001 }), (5, Default::default())]),
        }
    }

    #[test]
    fn statuses_read_back_and_no_cut_of_them_does() {
        let stored = learner().encode();
        assert_eq!(LearnerStatus::decode(&stored), Ok(learner()));
        (0..stored.len()).for_each(|end| assert!(LearnerStatus::decode(&stored[..end]).is_err(), "cut at {end}"));
        let stored = course().encode();
        assert_eq!(CourseStatus::decode(&stored), Ok(course()));
        (0..stored.len()).for_each(|end| assert!(CourseStatus::decode(&stored[..end]).is_err(), "cut at {end}"));
        assert_eq!(CourseStatus::decode(&[3, 0]), Err(Damaged("the version of a status")));
    }

    /// Statuses are read for ever: one that is not would be told all over again.
    #[test]
    fn the_stored_forms_stay() {
        let hex = |stored: Vec<u8>| stored.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let videos = "020000000000000007d804ffffffffffffffff02";
        let quizzes = "0100000000000000098098dbe69567020000000000000001000000000000000002";
        let head = "010208010001c0b802c801010386ba02010000000000000007";
        assert_eq!(hex(learner().encode()), format!("{head}{videos}{quizzes}80897a"));
        let mut earlier = learner().encode();
        earlier[1] |= 1;
        assert_eq!(LearnerStatus::decode(&earlier), Ok(learner()));
        let questions = "0200000000000000040602c2b8020000000000000005000000";
        let swept = "01c4b802";
        assert_eq!(hex(course().encode()), format!("020000000000000005020101{questions}{swept}"));
    }

    #[test]
    fn a_course_of_version_1_reads_as_never_swept() {
        let mut stored = CourseStatus { swept_day: None, ..course() }.encode();
        assert_eq!(CourseStatus::decode(&stored), Ok(CourseStatus { swept_day: None, ..course() }));
        assert_eq!(stored.pop(), Some(0));
        stored[0] = BEFORE_SWEEPS;
        assert_eq!(CourseStatus::decode(&stored), Ok(CourseStatus { swept_day: None, ..course() }));
    }
}
