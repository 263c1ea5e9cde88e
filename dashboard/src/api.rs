//! What the read API answers, and what `trilha views --json` prints. Names and meanings are those of METRICS.md; a
//! `None` is written as `null`, never left out. Counts are signed, as the sums that they come from.

use serde::{Deserialize, Serialize};

use crate::units::{Seconds, Time};

/// What the page has to know before anyone is signed in: `GET /config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageConfig {
    /// How instructors sign in.
    pub sign_in: SignInWay,
}

/// How instructors sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SignInWay {
    /// They open a link that they were given.
    Link,
    /// The page leads them to an OpenID Connect issuer, and shows the API the token that it gets there.
    Oidc {
        /// What the issuer calls itself; its discovery document is under this address.
        issuer: String,
        /// What the issuer calls the page, a public client.
        client_id: String,
        /// The scopes to ask for, with spaces between.
        scope: String,
    },
}

/// Who is signed in: `GET /api/v1/session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The instructor's name or address.
    pub instructor: String,
    /// The tenant whose courses they see.
    pub tenant: String,
    /// Ids of the courses they may see; `None` means all of the tenant.
    pub courses: Option<Vec<String>>,
}

/// The courses an instructor may see: `GET /api/v1/courses`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourseList {
    /// T: what "now" means in this answer.
    pub as_of: Time,
    /// Arrival of the newest event that the views hold; `None` before the first.
    pub processed_to: Option<Time>,
    /// Ordered by id.
    pub courses: Vec<CourseSummary>,
}

/// One course in a [`CourseList`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseSummary {
    /// The course's id.
    pub course: String,
    /// What the course calls itself, if an event said so.
    pub title: Option<String>,
    /// Learners with any event in the course.
    pub learners: i64,
    /// Distinct learners with an event in the minute of T or the four before.
    pub active_5m: i64,
    /// Distinct learners with an event today, in the course's zone.
    pub active_today: i64,
}

/// All that is known of one course: `GET /api/v1/views`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CourseViews {
    /// T: what "now" means in this answer.
    pub as_of: Time,
    /// Arrival of the newest event that the views hold; `None` before the first.
    pub processed_to: Option<Time>,
    /// A shard's views need a rebuild: some numbers may be incomplete.
    pub stale: bool,
    /// The course as a whole.
    pub course: CourseActivity,
    /// Its videos, ordered by id.
    pub videos: Vec<VideoViews>,
    /// Its questions, ordered by quiz and question id.
    pub questions: Vec<QuestionViews>,
}

/// Who is active in a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseActivity {
    /// The course's id.
    pub course: String,
    /// What the course calls itself, if an event said so.
    pub title: Option<String>,
    /// IANA name of the zone that its days are counted in.
    pub zone: String,
    /// Learners with any event in the course.
    pub learners: i64,
    /// Distinct learners with an event in the minute of T or the four before.
    pub active_5m: i64,
    /// Distinct learners with an event today, in the course's zone.
    pub active_today: i64,
    /// Distinct learners with an event today or on the six days before, in the course's zone.
    pub active_7d: i64,
    /// 60 minutes, oldest first; the last is T's.
    pub minutes: Vec<MinuteActivity>,
}

/// One UTC minute of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteActivity {
    /// The start of the minute.
    pub minute: Time,
    /// Distinct learners with an event in it.
    pub active: i64,
}

/// One video of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoViews {
    /// The video's id.
    pub video: String,
    /// What events call it.
    pub title: Option<String>,
    /// D: the course's setting, else the length that most learners reported.
    pub length: Option<Seconds>,
    /// Share of the video that counts as completed, in (0, 1].
    pub threshold: f64,
    /// Learners with a kept segment.
    pub viewers: i64,
    /// Sessions with a kept segment.
    pub plays: i64,
    /// Learners who watched at least the threshold; `None` without a length.
    pub completed: Option<i64>,
    /// completed / viewers; `None` without a length or viewers.
    pub completion_rate: Option<f64>,
    /// Mean share of distinct seconds watched; `None` without a length or viewers.
    pub average_coverage: Option<f64>,
    /// Sum of the content that was watched, repeats included.
    pub content_time: Seconds,
    /// Sum of the time spent watching: content time divided by speed.
    pub watch_time: Seconds,
    /// Views and viewers over the video's timeline.
    pub bins: Bins,
    /// Per bin: views − viewers.
    pub rewatches: Vec<i64>,
    /// Per bin: its viewers / viewers of the video.
    pub retention: Vec<f64>,
    /// Where most viewers are lost; `None` when no bin has fewer viewers than the one before.
    pub drop_off: Option<DropOff>,
}

/// Counts per bin of the timeline: bin k starts at k · `width` seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bins {
    /// Seconds per bin.
    pub width: i64,
    /// Segments that touched the bin.
    pub views: Vec<i64>,
    /// Distinct learners who touched the bin.
    pub viewers: Vec<i64>,
}

/// The steepest loss of viewers from one bin to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropOff {
    /// Index of the bin that has fewer viewers than the one before.
    pub bin: i64,
    /// Where that bin starts, in seconds.
    pub second: i64,
    /// How many viewers fewer.
    pub lost: i64,
}

/// One question of a quiz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionViews {
    /// The quiz's id.
    pub quiz: String,
    /// What events call the quiz.
    pub quiz_title: Option<String>,
    /// The question's id.
    pub question: String,
    /// What events call the question.
    pub title: Option<String>,
    /// Learners with an attempt.
    pub learners: i64,
    /// Attempts in all.
    pub attempts: i64,
    /// How many learners made how many attempts, fewest attempts first.
    pub attempts_per_learner: Vec<AttemptsPerLearner>,
    /// Mean score of first attempts; `None` when none has a score.
    pub facility: Option<f64>,
    /// Mean score of last attempts; `None` when none has a score.
    pub final_facility: Option<f64>,
    /// Learners whose first attempt is known correct / learners; `None` without learners.
    pub correct_first_attempt: Option<f64>,
    /// Learners by the response of their first attempt, the most common 50, most learners first.
    pub responses_first: Vec<ResponseCount>,
    /// Learners whose first response is not among those shown.
    pub responses_first_other: i64,
    /// Learners by the response of their last attempt, the most common 50, most learners first.
    pub responses_last: Vec<ResponseCount>,
    /// Learners whose last response is not among those shown.
    pub responses_last_other: i64,
    /// How long attempts took.
    pub elapsed: Elapsed,
    /// Why the question deserves a look; empty when nothing lies outside its reading band.
    pub marks: Vec<Mark>,
}

/// One row of a question's distribution of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptsPerLearner {
    /// A number of attempts.
    pub attempts: i64,
    /// Learners who made that many.
    pub learners: i64,
}

/// One row of a question's distribution of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseCount {
    /// The answer as given, cut to 200 characters.
    pub response: String,
    /// Learners who gave it.
    pub learners: i64,
}

/// How long attempts took, in whole seconds from 0 to 3,600.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elapsed {
    /// Lower median in seconds; `None` when no attempt says how long it took.
    pub median: Option<i64>,
    /// The seconds that occur, ascending.
    pub histogram: Vec<ElapsedCount>,
}

/// One row of [`Elapsed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElapsedCount {
    /// Whole seconds.
    pub seconds: i64,
    /// Attempts that took that long.
    pub attempts: i64,
}

/// Why a question deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Which reading band it lies outside of.
    pub code: MarkCode,
    /// The question's value.
    pub value: f64,
    /// The edge of the band that it lies beyond.
    pub limit: f64,
}

/// A reading band that a question can lie outside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkCode {
    /// Facility below 0.30: very hard, ambiguous, or keyed wrong.
    FacilityLow,
    /// Facility above 0.70: it tells little about who has learnt.
    FacilityHigh,
}

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A stable code in snake case.
    pub code: String,
    /// One English sentence.
    pub message: String,
}
