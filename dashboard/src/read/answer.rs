//! From merged views to what the API answers.

use trilha_core::metrics::{self, QuestionMetrics, Responses, VideoMetrics, VideoSettings};

use super::{Merged, ReadSettings};
use crate::api::{
    AttemptsPerLearner, Bins, DropOff, Elapsed, ElapsedCount, Mark, MarkCode, QuestionViews, ResponseCount, VideoViews,
};
use crate::units::Seconds;

/// The bins' width, in seconds.
const BIN_SECONDS: i64 = 5;

/// Days since 1970 in a zone; an unknown zone counts as UTC.
pub(super) fn local_day(at_millis: i64, zone: &str) -> i64 {
    let offset = jiff::tz::TimeZone::get(zone).ok().zip(jiff::Timestamp::from_millisecond(at_millis).ok());
    let seconds = offset.map_or(0, |(zone, at)| zone.to_offset(at).seconds());
    (at_millis + i64::from(seconds) * 1000).div_euclid(86_400_000)
}

pub(super) fn videos(merged: &Merged, settings: &ReadSettings) -> Vec<VideoViews> {
    let views = merged.videos.iter().map(|(video, view)| {
        let described = merged.objects.get(video);
        let title = described.and_then(|object| object.title.clone()).or_else(|| view.titles.most().cloned());
        let length_millis = settings.lengths_millis.get(video).copied();
        let settings = VideoSettings { length_millis, threshold: settings.threshold };
        let metrics = metrics::video(view, settings);
        video_views(video.clone(), title, metrics)
    });
    views.collect()
}

fn video_views(video: String, title: Option<String>, metrics: VideoMetrics) -> VideoViews {
    let bins = &metrics.bins;
    VideoViews {
        video,
        title,
        length: metrics.length_millis.map(Seconds::from_millis),
        threshold: metrics.threshold,
        viewers: metrics.viewers,
        plays: metrics.plays,
        completed: metrics.completed,
        completion_rate: metrics.completion_rate,
        average_coverage: metrics.average_coverage,
        content_time: Seconds::from_millis(metrics.content_millis),
        watch_time: Seconds::from_millis(metrics.watch_millis),
        rewatches: bins.iter().map(|bin| bin.views - bin.viewers).collect(),
        bins: Bins {
            width: BIN_SECONDS,
            views: bins.iter().map(|bin| bin.views).collect(),
            viewers: bins.iter().map(|bin| bin.viewers).collect(),
        },
        retention: metrics.retention,
        drop_off: metrics.drop_off.map(|drop| DropOff {
            bin: drop.bin as i64,
            second: drop.bin as i64 * BIN_SECONDS,
            lost: drop.lost,
        }),
    }
}

pub(super) fn questions(merged: &Merged) -> Vec<QuestionViews> {
    let title = |object: &str| merged.objects.get(object).and_then(|object| object.title.clone());
    let mut questions = Vec::new();
    for (quiz, view) in &merged.quizzes {
        for (question, view) in view.questions() {
            let metrics = metrics::question(view);
            let own = title(question).or_else(|| view.titles.most().cloned());
            questions.push(question_views((quiz, title(quiz)), (question, own), metrics));
        }
    }
    questions
}

type Named<'a> = (&'a str, Option<String>);

fn question_views(quiz: (&String, Option<String>), question: Named<'_>, metrics: QuestionMetrics) -> QuestionViews {
    let attempts = |(attempts, learners): &(i64, i64)| AttemptsPerLearner { attempts: *attempts, learners: *learners };
    let elapsed = |(seconds, attempts): &(i64, i64)| ElapsedCount { seconds: *seconds, attempts: *attempts };
    QuestionViews {
        quiz: quiz.0.clone(),
        quiz_title: quiz.1,
        question: question.0.to_string(),
        title: question.1,
        learners: metrics.learners,
        attempts: metrics.attempts,
        attempts_per_learner: metrics.attempts_per_learner.iter().map(attempts).collect(),
        facility: metrics.facility,
        final_facility: metrics.final_facility,
        correct_first_attempt: metrics.correct_first_attempt,
        responses_first_other: metrics.responses_first.other,
        responses_first: responses(metrics.responses_first),
        responses_last_other: metrics.responses_last.other,
        responses_last: responses(metrics.responses_last),
        elapsed: Elapsed {
            median: metrics.elapsed_median_seconds,
            histogram: metrics.elapsed.iter().map(elapsed).collect(),
        },
        marks: metrics.marks.iter().map(mark).collect(),
    }
}

fn responses(responses: Responses) -> Vec<ResponseCount> {
    let count = |shown: metrics::Response| ResponseCount { response: shown.response, learners: shown.learners };
    responses.shown.into_iter().map(count).collect()
}

fn mark(mark: &metrics::Mark) -> Mark {
    match *mark {
        metrics::Mark::FacilityLow { value, limit } => Mark { code: MarkCode::FacilityLow, value, limit },
        metrics::Mark::FacilityHigh { value, limit } => Mark { code: MarkCode::FacilityHigh, value, limit },
    }
}
