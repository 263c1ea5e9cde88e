//! What is asked of a whole class: which videos are due, where a percentile of its coverage lies, how well a question
//! tells its learners apart.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{Now, SMALL_GROUP};
use super::status::{LearnerStatus, QuizSummary, Summary};
use trilha_core::roster::Standing;

/// With fewer learners a question's numbers say nothing (METRICS.md, discrimination).
pub const ENOUGH_ANSWERS: i64 = 10;

/// A class, gathered learner by learner.
#[derive(Debug, Clone, Default)]
pub struct Class {
    /// Learners who are a measure for the others.
    active: usize,
    /// Of these, how many have started each video.
    started: BTreeMap<u64, usize>,
    /// By quiz and question.
    questions: BTreeMap<(u64, u64), Moments>,
    /// Quizzes in which somebody answered lately.
    answered_lately: BTreeSet<u64>,
}

/// Sums over learners of a question's score and the mean score of their other questions in the quiz, in millionths.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    learners: i128,
    item: i128,
    rest: i128,
    item_squared: i128,
    rest_squared: i128,
    product: i128,
}

/// Whether a learner belongs to those that the rules of risk are about: on the roster, and not done with the course.
pub fn is_member(status: &LearnerStatus) -> bool {
    status.entry.is_on() && status.entry.standing() != Some(Standing::Completed)
}

/// Whether a learner is a measure for the others: who has been away for four weeks is at risk for that, and their
/// coverage would make everybody else look good.
pub fn is_measure(status: &LearnerStatus, now: &Now) -> bool {
    is_member(status) && now.is_active(last_day(status))
}

/// The last day on which a learner was there.
pub fn last_day(status: &LearnerStatus) -> Option<i64> {
    status.entry.days.map(|(_, last)| last)
}

impl Class {
    /// Adds a learner.
    pub fn add(&mut self, status: &LearnerStatus, now: &Now) {
        if is_measure(status, now) {
            self.active += 1;
            status.summary.videos.keys().for_each(|video| *self.started.entry(*video).or_default() += 1);
        }
        for (quiz, summary) in &status.summary.quizzes {
            if summary.last_millis >= now.news_from_millis() {
                self.answered_lately.insert(*quiz);
            }
            self.add_answers(*quiz, summary);
        }
    }

    fn add_answers(&mut self, quiz: u64, summary: &QuizSummary) {
        let others = summary.scores.len() as i64 - 1;
        let total: i64 = summary.scores.values().sum();
        for (question, score) in summary.scores.iter().filter(|_| others > 0) {
            self.questions.entry((quiz, *question)).or_default().add(*score, (total - score + others / 2) / others);
        }
    }

    /// The videos due, with their whole seconds: those that at least half of the active learners have started, of those
    /// whose length is known. There are no due dates; where most of the class has been is where its course has come to,
    /// whatever a few have watched ahead.
    pub fn due(&self, seconds: &BTreeMap<u64, i64>) -> Vec<(u64, i64)> {
        let has_started = |video: &u64| self.started.get(video).is_some_and(|learners| 2 * learners >= self.active);
        seconds.iter().filter(|(video, _)| has_started(video)).map(|(video, seconds)| (*video, *seconds)).collect()
    }

    /// Whether somebody answered in a quiz lately.
    pub fn answered_lately(&self, quiz: u64) -> bool {
        self.answered_lately.contains(&quiz)
    }

    /// 100 · cov(item, rest) / √(var(item) · var(rest)) over learners' first attempts; none at zero variance or under
    /// 10 learners. The rest is the mean of the learner's other questions in the quiz: blank is not wrong.
    pub fn discrimination(&self, quiz: u64, question: u64) -> Option<f64> {
        self.questions.get(&(quiz, question))?.discrimination()
    }
}

impl Moments {
    fn add(&mut self, item: i64, rest: i64) {
        let (item, rest) = (i128::from(item), i128::from(rest));
        self.learners += 1;
        self.item += item;
        self.rest += rest;
        self.item_squared += item * item;
        self.rest_squared += rest * rest;
        self.product += item * rest;
    }

    fn discrimination(&self) -> Option<f64> {
        let n = self.learners;
        let variances = [n * self.item_squared - self.item * self.item, n * self.rest_squared - self.rest * self.rest];
        if n < ENOUGH_ANSWERS.into() || variances.contains(&0) {
            return None;
        }
        let covariance = n * self.product - self.item * self.rest;
        Some(100.0 * covariance as f64 / variances.map(|variance| variance as f64).iter().product::<f64>().sqrt())
    }
}

/// A learner's mean coverage of the videos due; none where none is.
///
/// It is summed in parts far finer than a double's and rounded once, so that equal means are equal numbers whatever
/// videos they are of: who is at the percentile is not below it.
pub fn coverage(summary: &Summary, due: &[(u64, i64)]) -> Option<f64> {
    let parts = |(video, seconds): &(u64, i64)| {
        let watched = summary.videos.get(video).copied().unwrap_or(0);
        i128::from(watched.min(*seconds)) * WHOLE / i128::from(*seconds)
    };
    (!due.is_empty()).then(|| (due.iter().map(parts).sum::<i128>() / due.len() as i128) as f64 / WHOLE as f64)
}

/// The parts of a whole: a power of two, so that to divide by it rounds nothing.
const WHOLE: i128 = 1 << 90;

/// The nearest-rank percentile: the least value that so many percent of all do not exceed. None of a small group.
pub fn percentile(mut values: Vec<f64>, percent: f64) -> Option<f64> {
    if values.len() < SMALL_GROUP {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let rank = (percent * values.len() as f64 / 100.0).ceil() as usize;
    values.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use trilha_core::roster::{Enrolment, RosterEntry};

    use super::*;

    fn now() -> Now {
        Now { millis: 100 * 86_400_000, today: 100, news_from: 98, fresh_from: 100 }
    }

    fn learner(last_day: i64, videos: &[(u64, i64)]) -> LearnerStatus {
        let entry = RosterEntry { enrolment: None, days: Some((1, last_day)) };
        let summary = Summary { videos: videos.iter().copied().collect(), ..Summary::default() };
        LearnerStatus { entry, summary, ..LearnerStatus::default() }
    }

    fn answered(scores: &[i64]) -> LearnerStatus {
        let mut status = learner(100, &[]);
        let scores = scores.iter().enumerate().filter(|(_, score)| **score >= 0);
        let scores = scores.map(|(question, score)| (question as u64, *score)).collect();
        status.summary.quizzes.insert(1, QuizSummary { last_millis: 0, scores });
        status
    }

    fn class(learners: impl IntoIterator<Item = LearnerStatus>) -> Class {
        let mut class = Class::default();
        learners.into_iter().for_each(|learner| class.add(&learner, &now()));
        class
    }

    #[test]
    fn a_video_is_due_once_half_of_the_active_learners_have_started_it() {
        let enrolled = |standing, mut status: LearnerStatus| {
            status.entry.enrolment = Some(Enrolment { time_millis: 0, id: 0, standing });
            status
        };
        let class = class([
            learner(100, &[(1, 5), (2, 5)]),
            learner(73, &[(1, 5), (4, 5)]),
            learner(100, &[(3, 5), (1, 9)]),
            enrolled(Standing::Enrolled, learner(90, &[(2, 1)])),
            // Who has been away, has left or is done is no measure.
            learner(72, &[(3, 5)]),
            enrolled(Standing::Unenrolled, learner(100, &[(3, 5)])),
            enrolled(Standing::Completed, learner(100, &[(3, 5)])),
        ]);
        let seconds = BTreeMap::from([(1, 60), (2, 70), (3, 80), (5, 90)]);
        assert_eq!(class.due(&seconds), [(1, 60), (2, 70)]);
        assert_eq!(class.due(&BTreeMap::from([(2, 70)])), [(2, 70)], "without a length there is no coverage");
    }

    #[test]
    fn coverage_is_the_mean_over_the_videos_due_whether_started_or_not() {
        let summary = learner(1, &[(1, 30), (2, 500), (9, 10)]).summary;
        assert_eq!(coverage(&summary, &[(1, 60), (2, 100), (3, 10), (4, 10)]), Some(0.375));
        assert_eq!(coverage(&summary, &[]), None);
    }

    #[test]
    fn equal_means_of_other_videos_are_equal_coverages() {
        let of = |watched: [i64; 3]| {
            let videos: Vec<(u64, i64)> = (1..).zip(watched).collect();
            coverage(&learner(1, &videos).summary, &[(1, 100), (2, 100), (3, 100)])
        };
        for watched in [[20, 20, 20], [0, 0, 60], [30, 20, 10], [40, 10, 10]] {
            assert_eq!(of(watched), Some(0.2), "{watched:?}");
        }
        assert_eq!(of([100, 100, 200]), Some(1.0));
    }

    #[test]
    fn a_percentile_is_the_nearest_ranks_and_a_small_group_has_none() {
        let values = |count: i32| (1..=count).rev().map(f64::from).collect::<Vec<_>>();
        for (count, percent, expected) in [
            (4, 15.0, None),
            (5, 15.0, Some(1.0)),
            (6, 15.0, Some(1.0)),
            (7, 15.0, Some(2.0)),
            (20, 15.0, Some(3.0)),
            (21, 15.0, Some(4.0)),
            (10, 50.0, Some(5.0)),
            (10, 99.9, Some(10.0)),
            (10, 0.001, Some(1.0)),
            (25, 28.0, Some(7.0)),
            (100, 7.0, Some(7.0)),
            (20, 55.0, Some(11.0)),
        ] {
            assert_eq!(percentile(values(count), percent), expected, "{percent} of {count}");
        }
    }

    #[test]
    fn a_question_that_the_good_get_right_tells_learners_apart() {
        let million = 1_000_000;
        let good = (0..6).map(|at| answered(&[million, million, if at == 0 { 0 } else { million }]));
        let weak = (0..6).map(|_| answered(&[0, 0, million]));
        let class = class(good.chain(weak));
        let close = |question: u64, expected: f64| {
            let found = class.discrimination(1, question).unwrap();
            assert!((found - expected).abs() < 1e-9, "question {question}: {found}");
        };
        // By hand, of sums over twelve learners.
        close(2, 100.0 * (12.0 * 5.0 - 11.0 * 6.0) / ((12.0 * 11.0 - 121.0f64) * (12.0 * 6.0 - 36.0)).sqrt());
        assert_eq!(class.discrimination(1, 0), class.discrimination(1, 1));
        assert!(class.discrimination(1, 0).unwrap() > 75.0);
        assert_eq!(class.discrimination(1, 9), None);
    }

    #[test]
    fn few_learners_equal_scores_and_a_lonely_question_have_no_discrimination() {
        let million = 1_000_000;
        let of = |learners: i64, scores: &dyn Fn(i64) -> Vec<i64>| {
            class((0..learners).map(|at| answered(&scores(at)))).discrimination(1, 0)
        };
        let mixed = |at: i64| vec![at % 2 * million, at % 3 * 300_000];
        assert_eq!(of(9, &mixed), None);
        assert!(of(10, &mixed).is_some());
        assert_eq!(of(30, &|at| vec![333_333, at % 2 * million]), None);
        assert_eq!(of(30, &|at| vec![at % 2 * million]), None);
        // Blank is not wrong: who did not see the third is measured by the second alone.
        let blank = of(20, &|at| vec![at % 2 * million, at % 2 * million, if at < 10 { -1 } else { at % 2 * million }]);
        assert_eq!(blank, Some(100.0));
        let alike = |at: i64| vec![i64::from(at < 5) * million; 2];
        assert_eq!(of(11, &alike), Some(100.0), "no more and no less");
    }

    #[test]
    fn a_quiz_is_answered_lately_by_a_last_answer_of_the_last_48_hours() {
        let at = |last_millis: i64| {
            let mut status = answered(&[1]);
            status.summary.quizzes.insert(1, QuizSummary { last_millis, ..QuizSummary::default() });
            class([status]).answered_lately(1)
        };
        assert_eq!([98 * 86_400_000 - 1, 98 * 86_400_000].map(at), [false, true]);
    }
}
