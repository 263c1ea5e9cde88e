//! What is decided of one learner: what they completed, and whether they are at risk.

use super::class::{coverage, is_measure, is_member, last_day};
use super::event::{DomainEvent, RiskChange, RiskCode, RiskReason, Teller, VideoCompleted};
use super::rules::{Now, Rules};
use super::status::{LearnerStatus, QuizSummary, Summary};
use trilha_schemas::ids::Pseudonym;

/// So many quizzes are looked at, the last ones.
const LAST_QUIZZES: usize = 3;

/// A video that a learner has watched enough of.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Stands for the video in statuses.
    pub video_hash: u64,
    /// What is told.
    pub told: VideoCompleted,
    /// It was not completed yet by the events of before 48 h ago.
    pub is_news: bool,
}

/// What the class says of its learners.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measure {
    /// The videos due, with their whole seconds.
    pub due: Vec<(u64, i64)>,
    /// The mean coverage that lies at the rules' percentile.
    pub coverage: Option<f64>,
}

/// Notes what a learner completed; answers what is told of it: once a video, and nothing of who left the course.
pub fn complete(status: &mut LearnerStatus, completions: Vec<Completion>, teller: &Teller<'_>) -> Vec<DomainEvent> {
    let mut events = Vec::new();
    for completion in completions {
        let is_new = status.completed.insert(completion.video_hash);
        if is_new && completion.is_news && status.entry.is_on() {
            events.push(teller.video_completed(completion.told));
        }
    }
    events
}

/// Notes whether a learner is at risk; answers what is told of it.
pub fn risk(
    status: &mut LearnerStatus,
    learner: &Pseudonym,
    measure: &Measure,
    rules: &Rules,
    now: &Now,
    teller: &Teller<'_>,
) -> Option<DomainEvent> {
    let reasons = reasons(status, measure, rules, now);
    let is_news = !std::mem::take(&mut status.is_quiet);
    let transition = status.risk.note(!reasons.is_empty(), is_news, now.today)?;
    let change = if reasons.is_empty() { RiskChange::Left } else { RiskChange::Entered };
    Some(teller.learner_at_risk(learner, change, transition, reasons))
}

/// Why a learner is at risk; empty when they are not.
pub fn reasons(status: &LearnerStatus, measure: &Measure, rules: &Rules, now: &Now) -> Vec<RiskReason> {
    if !is_member(status) {
        return Vec::new();
    }
    [inactivity(status, rules, now), low_coverage(status, measure, now), low_facility(status, rules)]
        .into_iter()
        .flatten()
        .collect()
}

/// Who was enrolled so late that it counts on no day, and has not been there since, is away since the enrolment.
fn inactivity(status: &LearnerStatus, rules: &Rules, now: &Now) -> Option<RiskReason> {
    let since_enrolment = || status.entry.enrolment.map(|enrolment| now.whole_days_since(enrolment.time_millis));
    let days = last_day(status).map(|last_day| now.today - last_day).or_else(since_enrolment)?;
    let (value, threshold) = (days as f64, rules.inactive_days as f64);
    (days >= rules.inactive_days).then_some(RiskReason { code: RiskCode::NoActivity, value, threshold })
}

/// Who is no measure for the others is not measured by them.
fn low_coverage(status: &LearnerStatus, measure: &Measure, now: &Now) -> Option<RiskReason> {
    let (value, threshold) = coverage(&status.summary, &measure.due).zip(measure.coverage)?;
    let is_out = is_measure(status, now) && value < threshold;
    is_out.then_some(RiskReason { code: RiskCode::LowCoverage, value, threshold })
}

fn low_facility(status: &LearnerStatus, rules: &Rules) -> Option<RiskReason> {
    let (value, threshold) = (last_facility(&status.summary)?, rules.facility_floor);
    (value < threshold).then_some(RiskReason { code: RiskCode::LowFacility, value, threshold })
}

/// The mean facility of the quizzes that a learner answered last; none before there are three. A quiz's is the mean
/// score of the learner's first attempts at its questions. One division, so that who is at the floor is not below it.
fn last_facility(summary: &Summary) -> Option<f64> {
    let scored = summary.quizzes.iter().filter(|(_, quiz)| !quiz.scores.is_empty());
    let mut quizzes: Vec<(i64, u64, &QuizSummary)> = scored.map(|(id, quiz)| (quiz.last_millis, *id, quiz)).collect();
    quizzes.sort_by_key(|(last_millis, id, _)| std::cmp::Reverse((*last_millis, *id)));
    let last = quizzes.get(..LAST_QUIZZES)?;
    let (millionths, questions) = last.iter().fold((0, 1), |sum, (_, _, quiz)| add_mean(sum, quiz));
    Some(millionths as f64 / (1_000_000 * LAST_QUIZZES as i128 * questions) as f64)
}

/// A fraction and the mean score of a quiz, as one fraction.
fn add_mean((sum, parts): (i128, i128), quiz: &QuizSummary) -> (i128, i128) {
    let (scores, questions) = (i128::from(quiz.scores.values().sum::<i64>()), quiz.scores.len() as i128);
    (sum * questions + scores * parts, parts * questions)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trilha_core::roster::{Enrolment, RosterEntry, Standing};

    use super::*;

    const RULES: Rules = Rules { inactive_days: 7, coverage_percentile: 15.0, facility_floor: 0.5 };
    const TELLER: Teller<'_> = Teller { tenant: "t", course: "c", now_millis: 0 };

    fn now() -> Now {
        Now { millis: 100 * 86_400_000, today: 100, news_from: 98, fresh_from: 100 }
    }

    fn learner(last_day: i64) -> LearnerStatus {
        let entry = RosterEntry { enrolment: None, days: Some((1, last_day)) };
        LearnerStatus { entry, ..LearnerStatus::default() }
    }

    fn codes(status: &LearnerStatus, measure: &Measure) -> Vec<(RiskCode, f64, f64)> {
        let reasons = reasons(status, measure, &RULES, &now());
        reasons.into_iter().map(|reason| (reason.code, reason.value, reason.threshold)).collect()
    }

    #[test]
    fn who_has_not_been_there_for_the_days_of_the_rules_is_at_risk() {
        assert_eq!(codes(&learner(94), &Measure::default()), []);
        assert_eq!(codes(&learner(93), &Measure::default()), [(RiskCode::NoActivity, 7.0, 7.0)]);
        assert_eq!(codes(&LearnerStatus::default(), &Measure::default()), [], "when they were there is not known");
    }

    #[test]
    fn who_was_enrolled_too_late_for_a_day_and_never_came_is_away_since_the_enrolment() {
        let found = |time_millis: i64, days: Option<(i64, i64)>| {
            let enrolment = Some(Enrolment { time_millis, id: 0, standing: Standing::Enrolled });
            let status = LearnerStatus { entry: RosterEntry { enrolment, days }, ..LearnerStatus::default() };
            codes(&status, &Measure::default())
        };
        let week_ago = 93 * 86_400_000;
        assert_eq!(found(week_ago, None), [(RiskCode::NoActivity, 7.0, 7.0)]);
        assert_eq!(found(week_ago + 1, None), []);
        assert_eq!(found(week_ago, Some((99, 99))), []);
        assert_eq!(found(99 * 86_400_000, Some((1, 90))), [(RiskCode::NoActivity, 10.0, 7.0)]);
    }

    #[test]
    fn who_has_left_or_is_done_is_not_at_risk() {
        for (standing, count) in [(Standing::Enrolled, 1), (Standing::Unenrolled, 0), (Standing::Completed, 0)] {
            let mut status = learner(50);
            status.entry.enrolment = Some(Enrolment { time_millis: 0, id: 0, standing });
            assert_eq!(codes(&status, &Measure::default()).len(), count, "{standing:?}");
        }
    }

    #[test]
    fn coverage_is_low_below_the_classes_percentile_and_not_at_it() {
        let measure = |coverage| Measure { due: vec![(1, 10)], coverage };
        let mut status = learner(100);
        status.summary.videos.insert(1, 4);
        assert_eq!(codes(&status, &measure(Some(0.4))), []);
        assert_eq!(codes(&status, &measure(Some(0.5))), [(RiskCode::LowCoverage, 0.4, 0.5)]);
        assert_eq!(codes(&status, &measure(None)), []);
        status.entry.days = Some((1, 60));
        assert_eq!(codes(&status, &measure(Some(0.5))), [(RiskCode::NoActivity, 40.0, 7.0)], "long gone");
    }

    #[test]
    fn the_facility_of_the_last_three_quizzes_counts_and_two_are_too_few() {
        let mut status = learner(100);
        let mut quiz = |id: u64, last_millis: i64, scores: &[i64]| {
            let scores: BTreeMap<u64, i64> = (0..).zip(scores.iter().map(|score| score * 100_000)).collect();
            status.summary.quizzes.insert(id, QuizSummary { last_millis, scores });
            codes(&status, &Measure::default())
        };
        assert_eq!(quiz(1, 50, &[10, 10]), []);
        assert_eq!(quiz(2, 60, &[0]), []);
        assert_eq!(quiz(3, 65, &[]), [], "no score, no quiz");
        assert_eq!(quiz(4, 70, &[0, 10]), [], "at the floor is not below");
        assert_eq!(quiz(5, 40, &[0, 0]), [], "an older one");
        assert_eq!(quiz(6, 80, &[4]), [(RiskCode::LowFacility, 0.9 / 3.0, 0.5)]);
    }

    #[test]
    fn a_mean_facility_at_the_floor_is_not_below_it_whatever_quizzes_it_is_of() {
        let found = |quizzes: [(i64, i64); 3]| {
            let mut status = learner(100);
            for (id, (right, questions)) in (0..).zip(quizzes) {
                let score = |question: i64| (question as u64, i64::from(question < right) * 1_000_000);
                let scores = (0..questions).map(score).collect();
                status.summary.quizzes.insert(id, QuizSummary { last_millis: -(id as i64), scores });
            }
            codes(&status, &Measure::default())
        };
        for quizzes in [[(2, 3), (2, 4), (1, 3)], [(3, 6), (4, 6), (2, 6)], [(7, 10), (6, 10), (2, 10)]] {
            assert_eq!(found(quizzes), [], "{quizzes:?}");
        }
        assert_eq!(found([(2, 3), (1, 4), (1, 3)]), [(RiskCode::LowFacility, 1.25 / 3.0, 0.5)]);
    }

    #[test]
    fn what_is_quiet_is_noted_and_not_told() {
        let (mut quiet, mut loud) = (learner(90), learner(90));
        quiet.is_quiet = true;
        let told = |status: &mut LearnerStatus, measure: &Measure| {
            risk(status, &Pseudonym([1; 16]), measure, &RULES, &now(), &TELLER)
        };
        assert_eq!(told(&mut quiet, &Measure::default()), None);
        assert_eq!((quiet.is_quiet, quiet.risk.is_on), (false, true));
        assert_eq!(told(&mut quiet, &Measure::default()), None);
        let Some(DomainEvent::LearnerAtRisk(event)) = told(&mut loud, &Measure::default()) else {
            panic!("it is told")
        };
        assert_eq!((event.what.change, event.what.transition, event.what.reasons.len()), (RiskChange::Entered, 1, 1));
    }

    #[test]
    fn a_completion_is_told_once_when_it_is_news_and_the_learner_is_on_the_roster() {
        let completion = |video_hash: u64, is_news: bool| {
            let video = format!("v{video_hash}");
            let learner = "l".to_string();
            let told = VideoCompleted { learner, video, seconds_watched: 10, seconds: 10, threshold: 0.95 };
            Completion { video_hash, told, is_news }
        };
        let mut status = learner(100);
        let mut told = |completions: Vec<Completion>| complete(&mut status, completions, &TELLER).len();
        assert_eq!(told(vec![completion(1, true), completion(2, false)]), 1);
        assert_eq!(told(vec![completion(1, true), completion(2, true)]), 0);
        let enrolment = Some(Enrolment { time_millis: 0, id: 0, standing: Standing::Unenrolled });
        status.entry.enrolment = enrolment;
        assert_eq!(complete(&mut status, vec![completion(3, true)], &TELLER), []);
    }
}
