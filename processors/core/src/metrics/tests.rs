use super::{DropOff, Mark, VideoSettings, question, video};
use crate::views::{QuestionView, VideoView};

fn lengths(view: &mut VideoView, reported: &[(i64, i64)]) {
    reported.iter().for_each(|(length, learners)| view.lengths.add(length, *learners));
}

/// A video with so many viewers.
fn viewed_by(viewers: i64) -> VideoView {
    let mut view = VideoView::default();
    view.viewers += viewers;
    view
}

/// Ten viewers of a video of 100.4 s, by seconds watched.
fn class() -> VideoView {
    let mut view = VideoView::default();
    (view.viewers, view.plays) = (10, 12);
    lengths(&mut view, &[(100_400, 6), (99_000, 4)]);
    for (seconds, learners) in [(100, 2), (95, 3), (94, 1), (50, 3), (110, 1)] {
        view.seconds.add(&seconds, learners);
    }
    view
}

#[test]
fn coverage_and_completion_rest_on_the_length_that_most_reported() {
    let metrics = video(&class(), VideoSettings::default());
    assert_eq!((metrics.length_millis, metrics.threshold), (Some(100_400), 0.95));
    assert_eq!(metrics.completed, Some(6));
    assert_eq!(metrics.completion_rate, Some(6.0 / 10.0));
    // 2 · 100 + 3 · 95 + 94 + 3 · 50 + 100, of 100 seconds each.
    assert_eq!(metrics.average_coverage, Some(829.0 / 1_000.0));
}

#[test]
fn the_courses_settings_go_before_what_learners_reported() {
    let mut view = class();
    view.thresholds.add(&(0.5f64.to_bits() as i64), 2);
    view.thresholds.add(&(0.9f64.to_bits() as i64), 2);
    assert_eq!(video(&view, VideoSettings::default()).threshold, 0.9);
    let settings = VideoSettings { threshold: Some(0.5), length_millis: Some(50_000) };
    let metrics = video(&view, settings);
    assert_eq!((metrics.threshold, metrics.length_millis, metrics.completed), (0.5, Some(50_000), Some(10)));
    assert_eq!(video(&view, VideoSettings::default()).length_millis, Some(100_400));
    assert_eq!(video(&VideoView::default(), VideoSettings::default()).length_millis, None);
}

#[test]
fn the_whole_of_a_video_is_its_length_rounded_and_at_least_a_second() {
    for (length, seconds) in [(1, 1), (499, 1), (1_499, 1), (1_500, 2), (100_499, 100), (100_500, 101)] {
        let mut view = viewed_by(1);
        lengths(&mut view, &[(length, 1)]);
        view.seconds.add(&1, 1);
        let metrics = video(&view, VideoSettings::default());
        assert_eq!(metrics.average_coverage, Some(1.0 / f64::from(seconds)), "{length}");
    }
}

#[test]
fn without_a_length_there_is_no_coverage_and_bins_go_as_far_as_they_were_touched() {
    let mut view = viewed_by(2);
    view.add_bin(6, 1, 1);
    let metrics = video(&view, VideoSettings::default());
    assert_eq!((metrics.completed, metrics.completion_rate, metrics.average_coverage), (None, None, None));
    assert_eq!(metrics.bins.len(), 7);
}

#[test]
fn bins_are_those_that_start_before_the_end() {
    for (length, bins) in [(1, 1), (5_000, 1), (5_001, 2), (60_000, 12)] {
        let mut view = viewed_by(1);
        lengths(&mut view, &[(length, 1)]);
        view.add_bin(20, 1, 1);
        let metrics = video(&view, VideoSettings::default());
        assert_eq!((metrics.bins.len(), metrics.retention.len()), (bins, bins), "{length}");
    }
}

#[test]
fn the_drop_off_is_the_first_greatest_loss() {
    let check = |viewers: &[i64], expected: Option<(usize, i64)>| {
        let mut view = viewed_by(10);
        lengths(&mut view, &[(5_000 * viewers.len() as i64, 1)]);
        viewers.iter().enumerate().for_each(|(bin, viewers)| view.add_bin(bin, *viewers, *viewers));
        let metrics = video(&view, VideoSettings::default());
        assert_eq!(metrics.drop_off, expected.map(|(bin, lost)| DropOff { bin, lost }), "{viewers:?}");
    };
    check(&[10, 8, 6, 3, 3], Some((3, 3)));
    check(&[10, 7, 6, 3], Some((1, 3)));
    check(&[3, 3, 4], None);
    check(&[10], None);
    check(&[10, 10, 0], Some((2, 10)));
}

#[test]
fn nobody_watched_is_null_not_zero() {
    let mut view = VideoView::default();
    view.learners += 4;
    lengths(&mut view, &[(60_000, 4)]);
    let metrics = video(&view, VideoSettings::default());
    assert_eq!((metrics.completed, metrics.completion_rate, metrics.average_coverage), (Some(0), None, None));
    assert!(metrics.retention.is_empty());
}

fn answered() -> QuestionView {
    let mut view = QuestionView { learners: 4, attempts: 6, ..QuestionView::default() };
    (view.first_scored, view.first_millionths, view.first_correct) = (3, 1_500_000, 1);
    (view.last_scored, view.last_millionths) = (4, 3_000_000);
    view
}

#[test]
fn facility_is_the_mean_of_attempts_that_have_a_score() {
    let metrics = question(&answered());
    assert_eq!(metrics.facility, Some(0.5));
    assert_eq!(metrics.final_facility, Some(0.75));
    assert_eq!(metrics.correct_first_attempt, Some(0.25));
    let none = question(&QuestionView::default());
    assert_eq!((none.facility, none.final_facility, none.correct_first_attempt), (None, None, None));
    assert_eq!(none.elapsed_median_seconds, None);
}

#[test]
fn fifty_responses_are_shown_most_first_then_in_byte_order() {
    let mut view = answered();
    (0..60).for_each(|at| view.responses_first.add(&format!("{at:02}"), if at == 59 { 3 } else { 1 }));
    view.responses_first.add(&"Z".to_string(), 1);
    view.responses_first.add(&"a".to_string(), 2);
    let responses = question(&view).responses_first;
    let shown: Vec<&str> = responses.shown.iter().map(|response| response.response.as_str()).collect();
    assert_eq!(shown.len(), 50);
    assert_eq!(shown[..4], ["59", "a", "00", "01"]);
    assert_eq!(responses.other, 12);
}

#[test]
fn the_median_is_the_lower_one() {
    let median = |seconds: &[i64]| {
        let mut view = answered();
        seconds.iter().for_each(|seconds| view.elapsed.add(seconds, 1));
        question(&view).elapsed_median_seconds
    };
    assert_eq!(median(&[7]), Some(7));
    assert_eq!(median(&[9, 1]), Some(1));
    assert_eq!(median(&[1, 5, 9]), Some(5));
    assert_eq!(median(&[1, 1, 1, 9]), Some(1));
}

#[test]
fn counts_are_listed_in_order_of_what_is_counted() {
    let mut view = answered();
    [(3, 1), (1, 2)].iter().for_each(|(key, count)| view.attempts_per_learner.add(key, *count));
    [(60, 1), (5, 2)].iter().for_each(|(key, count)| view.elapsed.add(key, *count));
    let metrics = question(&view);
    assert_eq!((metrics.learners, metrics.attempts), (4, 6));
    assert_eq!((metrics.attempts_per_learner, metrics.elapsed), (vec![(1, 2), (3, 1)], vec![(5, 2), (60, 1)]));
}

#[test]
fn a_facility_outside_its_band_is_marked_with_why() {
    let mark = |millionths: i64| {
        let view =
            QuestionView { first_scored: 1, first_millionths: millionths, learners: 1, ..QuestionView::default() };
        question(&view).marks
    };
    assert_eq!(mark(299_999), [Mark::FacilityLow { value: 0.299_999, limit: 0.30 }]);
    assert!(mark(300_000).is_empty() && mark(700_000).is_empty());
    assert_eq!(mark(700_001), [Mark::FacilityHigh { value: 0.700_001, limit: 0.70 }]);
}
