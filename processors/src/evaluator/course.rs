//! What is decided of a course's questions, and of its activity.

use std::collections::BTreeSet;

use trilha_core::metrics::{self, Mark};
use trilha_core::views::QuestionView;
use trilha_schemas::time::format_day;

use super::class::ENOUGH_ANSWERS;
use super::event::{ActivityDropped, DomainEvent, QuestionBroken, QuestionCode, QuestionReason, Teller};
use super::rules::{Now, SMALL_GROUP};
use super::status::{QuestionStatus, Transitions};

/// Discrimination reads well from here on (METRICS.md, Reading bands).
const DISCRIMINATION_FLOOR: f64 = 25.0;
/// A week with fewer active learners is no measure for the next.
const ENOUGH_LEARNERS: i64 = 10;
const WEEK_DAYS: i64 = 7;

/// What is outside its band, of a question with enough answers; none where there are too few.
pub fn out_of_band(view: &QuestionView, discrimination: Option<f64>) -> Option<Vec<QuestionReason>> {
    if view.first_scored < ENOUGH_ANSWERS {
        return None;
    }
    let facility = metrics::question(view).marks.into_iter().map(|mark| match mark {
        Mark::FacilityLow { value, limit } => QuestionReason { code: QuestionCode::FacilityLow, value, limit },
        Mark::FacilityHigh { value, limit } => QuestionReason { code: QuestionCode::FacilityHigh, value, limit },
    });
    let low = discrimination.filter(|value| *value < DISCRIMINATION_FLOOR).map(|value| QuestionReason {
        code: QuestionCode::DiscriminationLow,
        value,
        limit: DISCRIMINATION_FLOOR,
    });
    Some(facility.chain(low).collect())
}

/// Names a question.
#[derive(Debug, Clone, Copy)]
pub struct QuestionName<'a> {
    /// Its quiz.
    pub quiz: &'a str,
    /// The question.
    pub question: &'a str,
}

/// Notes what of a question is outside its band; answers what is told of it: when something goes out that was within,
/// once a day at most. What comes back is noted in silence, and so is what does not follow from news.
pub fn question(
    status: &mut QuestionStatus,
    name: QuestionName<'_>,
    learners: i64,
    reasons: Vec<QuestionReason>,
    is_news: bool,
    now: &Now,
    teller: &Teller<'_>,
) -> Option<DomainEvent> {
    let out: BTreeSet<QuestionCode> = reasons.iter().map(|reason| reason.code).collect();
    let goes_out = !out.is_subset(&status.out);
    let is_told = goes_out && is_news;
    if is_told && status.count > 0 && status.day == now.today {
        return None;
    }
    status.out = out;
    if !is_told {
        return None;
    }
    (status.count, status.day) = (status.count + 1, now.today);
    Some(teller.question_broken(QuestionBroken {
        quiz: name.quiz.to_string(),
        question: name.question.to_string(),
        transition: status.count,
        learners,
        reasons,
    }))
}

/// Distinct active learners of two weeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weeks {
    /// The seven days that end with yesterday.
    pub last: i64,
    /// The seven before.
    pub before: i64,
}

impl Weeks {
    /// The last days of the two weeks: whole days only, for today has just begun.
    pub fn ends(now: &Now) -> (i64, i64) {
        (now.today - 1, now.today - 1 - WEEK_DAYS)
    }

    /// Whether less than half of at least ten are left.
    pub fn have_dropped(&self) -> bool {
        self.before >= ENOUGH_LEARNERS && 2 * self.last < self.before
    }
}

/// Notes whether a course's activity has dropped; answers what is told of it. That it has risen again is noted in
/// silence.
pub fn activity(
    dropped: &mut Transitions,
    weeks: Weeks,
    is_news: bool,
    now: &Now,
    teller: &Teller<'_>,
) -> Option<DomainEvent> {
    if !weeks.have_dropped() {
        (dropped.is_on, dropped.told) = (false, false);
        return None;
    }
    let transition = dropped.note(true, is_news, now.today)?;
    let is_small = weeks.last < SMALL_GROUP as i64;
    Some(teller.activity_dropped(ActivityDropped {
        transition,
        last_day: format_day(Weeks::ends(now).0),
        active_learners: (!is_small).then_some(weeks.last),
        active_learners_before: weeks.before,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TELLER: Teller<'_> = Teller { tenant: "t", course: "c", now_millis: 0 };

    fn on_day(today: i64) -> Now {
        Now { millis: today * 86_400_000, today, news_from: today - 2, fresh_from: today }
    }

    fn codes(learners: i64, millionths: i64, discrimination: Option<f64>) -> Option<Vec<QuestionCode>> {
        let view = QuestionView { first_scored: learners, first_millionths: millionths, ..QuestionView::default() };
        Some(out_of_band(&view, discrimination)?.into_iter().map(|reason| reason.code).collect())
    }

    #[test]
    fn a_question_is_out_of_its_bands_from_ten_answers_on() {
        use QuestionCode::{DiscriminationLow, FacilityHigh, FacilityLow};
        for (learners, millionths, discrimination, expected) in [
            (9, 0, Some(0.0), None),
            (10, 2_999_999, None, Some(vec![FacilityLow])),
            (10, 3_000_000, None, Some(vec![])),
            (10, 7_000_000, Some(25.0), Some(vec![])),
            (10, 7_000_001, Some(24.9), Some(vec![FacilityHigh, DiscriminationLow])),
            (10, 5_000_000, Some(-80.0), Some(vec![DiscriminationLow])),
        ] {
            assert_eq!(codes(learners, millionths, discrimination), expected, "{learners} {millionths}");
        }
    }

    #[test]
    fn a_question_is_told_of_when_something_more_goes_out() {
        let reason = |code| QuestionReason { code, value: 0.1, limit: 0.3 };
        let (low, flat) = (reason(QuestionCode::FacilityLow), reason(QuestionCode::DiscriminationLow));
        let mut status = QuestionStatus::default();
        let name = QuestionName { quiz: "z", question: "q" };
        let mut told = |reasons: &[QuestionReason], is_news, day| {
            let event = question(&mut status, name, 12, reasons.to_vec(), is_news, &on_day(day), &TELLER)?;
            let DomainEvent::QuestionBroken(event) = event else { panic!("another event") };
            Some((event.what.transition, event.what.reasons.len()))
        };
        assert_eq!(told(&[], true, 1), None);
        assert_eq!(told(&[low], true, 1), Some((1, 1)));
        assert_eq!(told(&[low], true, 2), None);
        assert_eq!(told(&[low, flat], true, 2), Some((2, 2)));
        assert_eq!(told(&[flat], true, 2), None);
        assert_eq!(told(&[low, flat], true, 2), None, "once a day");
        assert_eq!(told(&[low, flat], true, 3), Some((3, 2)));
        assert_eq!(told(&[], true, 4), None);
        assert_eq!(told(&[low], false, 5), None, "an old file");
        assert_eq!(told(&[low], true, 6), None);
    }

    #[test]
    fn activity_drops_below_half_of_ten_and_is_told_once() {
        let mut dropped = Transitions::default();
        let mut told = |last, before, is_news, day| {
            let event = activity(&mut dropped, Weeks { last, before }, is_news, &on_day(day), &TELLER)?;
            let DomainEvent::ActivityDropped(event) = event else { panic!("another event") };
            let what = event.what;
            Some((what.transition, what.active_learners, what.active_learners_before, what.last_day))
        };
        let day = |text: &str| text.to_string();
        assert_eq!(told(4, 9, true, 10), None);
        assert_eq!(told(5, 10, true, 11), None);
        assert_eq!(told(5, 11, true, 12), Some((1, Some(5), 11, day("1970-01-12"))));
        assert_eq!(told(4, 11, true, 13), None);
        assert_eq!(told(8, 11, true, 14), None);
        assert_eq!(told(4, 10, true, 15), Some((2, None, 10, day("1970-01-15"))), "few are not counted out");
        assert_eq!(told(10, 10, true, 16), None);
        assert_eq!(told(0, 10, false, 17), None, "an old file");
        assert_eq!(told(0, 10, true, 18), None);
    }

    #[test]
    fn the_weeks_are_whole_days() {
        assert_eq!(Weeks::ends(&on_day(100)), (99, 92));
    }
}
