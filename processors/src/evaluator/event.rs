//! Domain events, as they go onto a bus; their JSON Schemas are `schemas/domain/*.schema.json`.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use trilha_schemas::ids::{Pseudonym, first_16};
use trilha_schemas::time::format_millis;

/// The version of the events' shapes.
const VERSION: u32 = 1;

/// Something that people or other systems should hear of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum DomainEvent {
    /// `video.completed`.
    VideoCompleted(About<VideoCompleted>),
    /// `learner.at_risk`.
    LearnerAtRisk(About<LearnerAtRisk>),
    /// `question.broken`.
    QuestionBroken(About<QuestionBroken>),
    /// `course.activity_dropped`.
    ActivityDropped(About<ActivityDropped>),
}

/// What all events say first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct About<T> {
    /// 32 hexadecimal digits that follow from what the event is about and which of its transitions it tells: a repeat
    /// has the same.
    pub id: String,
    /// The version of the event's shape.
    pub version: u32,
    /// Whose.
    pub tenant: String,
    /// One run of a course.
    pub course: String,
    /// When the evaluator found it, RFC 3339.
    pub at: String,
    /// The rest.
    #[serde(flatten)]
    pub what: T,
}

/// A learner has watched enough of a video.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VideoCompleted {
    /// The learner's pseudonym.
    pub learner: String,
    /// The video's id.
    pub video: String,
    /// n: distinct seconds watched.
    pub seconds_watched: i64,
    /// N: the video's length in whole seconds.
    pub seconds: i64,
    /// The share n / N from which on the video is completed.
    pub threshold: f64,
}

/// Which way a learner went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskChange {
    /// They are at risk now.
    Entered,
    /// They are no more.
    Left,
}

/// A learner is at risk, or no more.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnerAtRisk {
    /// The learner's pseudonym.
    pub learner: String,
    /// Which way they went.
    pub change: RiskChange,
    /// Which of the learner's transitions in this course it is, from 1.
    pub transition: u32,
    /// Why they are at risk; none when they left.
    pub reasons: Vec<RiskReason>,
}

/// Why a learner is at risk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RiskReason {
    /// What of the learner is out of bounds.
    pub code: RiskCode,
    /// The learner's number.
    pub value: f64,
    /// What it is measured by.
    pub threshold: f64,
}

/// What of a learner is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskCode {
    /// Days since the last one with an event; at or over the threshold.
    NoActivity,
    /// Mean coverage of the videos due; below the threshold, the class's percentile.
    LowCoverage,
    /// Facility of the last three quizzes; below the threshold.
    LowFacility,
}

/// A question's numbers have left their reading bands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuestionBroken {
    /// The quiz's id.
    pub quiz: String,
    /// The question's id.
    pub question: String,
    /// Which of the question's transitions it is, from 1.
    pub transition: u32,
    /// Learners whose first attempt has a score.
    pub learners: i64,
    /// All that is outside its band now.
    pub reasons: Vec<QuestionReason>,
}

/// Why a question looks broken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct QuestionReason {
    /// What is outside its band.
    pub code: QuestionCode,
    /// The question's number.
    pub value: f64,
    /// The band's end.
    pub limit: f64,
}

/// What of a question is outside its band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionCode {
    /// Too hard, or its key is wrong.
    FacilityLow,
    /// Too easy to tell learners apart.
    FacilityHigh,
    /// Who does well elsewhere does not do well here.
    DiscriminationLow,
}

/// A course has far fewer active learners than the week before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActivityDropped {
    /// Which of the course's transitions it is, from 1.
    pub transition: u32,
    /// The last of the seven days, whole ones in the course's zone, as in 2026-03-02.
    pub last_day: String,
    /// Distinct learners in these seven days; none when they are under 5.
    pub active_learners: Option<i64>,
    /// Distinct learners in the seven days before.
    pub active_learners_before: i64,
}

impl DomainEvent {
    /// The event's type, as a bus names it.
    pub fn detail_type(&self) -> &'static str {
        match self {
            DomainEvent::VideoCompleted(_) => VIDEO_COMPLETED,
            DomainEvent::LearnerAtRisk(_) => LEARNER_AT_RISK,
            DomainEvent::QuestionBroken(_) => QUESTION_BROKEN,
            DomainEvent::ActivityDropped(_) => ACTIVITY_DROPPED,
        }
    }

    /// What tells a repeat.
    pub fn id(&self) -> &str {
        match self {
            DomainEvent::VideoCompleted(about) => &about.id,
            DomainEvent::LearnerAtRisk(about) => &about.id,
            DomainEvent::QuestionBroken(about) => &about.id,
            DomainEvent::ActivityDropped(about) => &about.id,
        }
    }

    /// The event as JSON.
    pub fn detail(&self) -> Value {
        // Structures of texts and finite numbers have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}

const VIDEO_COMPLETED: &str = "video.completed";
const LEARNER_AT_RISK: &str = "learner.at_risk";
const QUESTION_BROKEN: &str = "question.broken";
const ACTIVITY_DROPPED: &str = "course.activity_dropped";

/// Makes the events of one course at one time.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    /// Whose course.
    pub tenant: &'a str,
    /// The course.
    pub course: &'a str,
    /// Milliseconds since 1970 UTC.
    pub now_millis: i64,
}

impl Teller<'_> {
    /// Told once a learner and video.
    pub fn video_completed(&self, what: VideoCompleted) -> DomainEvent {
        let id = self.id(VIDEO_COMPLETED, &[&what.learner, &what.video], 1);
        DomainEvent::VideoCompleted(self.about(id, what))
    }

    /// Told once a transition.
    pub fn learner_at_risk(
        &self,
        learner: &Pseudonym,
        change: RiskChange,
        transition: u32,
        reasons: Vec<RiskReason>,
    ) -> DomainEvent {
        let what = LearnerAtRisk { learner: learner.to_string(), change, transition, reasons };
        let id = self.id(LEARNER_AT_RISK, &[&what.learner], transition);
        DomainEvent::LearnerAtRisk(self.about(id, what))
    }

    /// Told once a transition.
    pub fn question_broken(&self, what: QuestionBroken) -> DomainEvent {
        let id = self.id(QUESTION_BROKEN, &[&what.quiz, &what.question], what.transition);
        DomainEvent::QuestionBroken(self.about(id, what))
    }

    /// Told once a transition.
    pub fn activity_dropped(&self, what: ActivityDropped) -> DomainEvent {
        let id = self.id(ACTIVITY_DROPPED, &[], what.transition);
        DomainEvent::ActivityDropped(self.about(id, what))
    }

    fn about<T>(&self, id: String, what: T) -> About<T> {
        About {
            id,
            version: VERSION,
            tenant: self.tenant.to_string(),
            course: self.course.to_string(),
            at: format_millis(self.now_millis),
            what,
        }
    }

    /// SHA-256 over the parts, each after its length in eight big-endian bytes, and the transition's number.
    fn id(&self, kind: &str, subject: &[&str], transition: u32) -> String {
        let mut hash = Sha256::new();
        for part in [self.tenant, self.course, kind].iter().chain(subject) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(transition.to_be_bytes());
        format!("{:032x}", u128::from_be_bytes(first_16(&hash.finalize())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TELLER: Teller<'_> = Teller { tenant: "t", course: "c", now_millis: 1_772_452_800_000 };

    fn left(teller: Teller<'_>, learner: u8, transition: u32) -> DomainEvent {
        teller.learner_at_risk(&Pseudonym([learner; 16]), RiskChange::Left, transition, Vec::new())
    }

    #[test]
    fn an_id_follows_from_what_is_told_and_not_from_when() {
        let first = left(TELLER, 1, 1);
        let later = left(Teller { now_millis: 0, ..TELLER }, 1, 1);
        assert_eq!(first.id(), later.id());
        assert_eq!(first.id().len(), 32);
        let course = "d";
        for other in [left(TELLER, 1, 2), left(TELLER, 2, 1), left(Teller { course, ..TELLER }, 1, 1)] {
            assert_ne!(first.id(), other.id());
        }
        // Where one part ends and the next begins is told.
        let (one, other) =
            (Teller { tenant: "tc", course: "", ..TELLER }, Teller { tenant: "t", course: "c", ..TELLER });
        assert_ne!(left(one, 1, 1).id(), left(other, 1, 1).id());
    }

    /// Whoever noted an id must know it again after an update.
    #[test]
    fn ids_stay() {
        assert_eq!(left(TELLER, 1, 1).id(), "e06ca24e9f925da6d3c22830912aa20d");
    }
}
