//! A video's metrics (METRICS.md, Video).

use super::ratio;
use crate::views::{Bin, VideoView};

/// The share of seconds that completes a video when nobody says.
const DEFAULT_THRESHOLD: f64 = 0.95;
const BIN_MILLIS: i64 = 5_000;

/// Where most viewers leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropOff {
    /// The bin, k ≥ 1, with greatest `viewers[k − 1] − viewers[k]`; the first of equals.
    pub bin: usize,
    /// That difference, positive.
    pub lost: i64,
}

/// A video's metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoMetrics {
    /// D, in milliseconds: the course's setting, else the value that most learners reported (ties: greater).
    pub length_millis: Option<i64>,
    /// The share of seconds that completes it.
    pub threshold: f64,
    /// Learners with a kept segment.
    pub viewers: i64,
    /// Sessions with a kept segment.
    pub plays: i64,
    /// Learners with n / N ≥ threshold; none without D.
    pub completed: Option<i64>,
    /// completed / viewers.
    pub completion_rate: Option<f64>,
    /// Σ min(n, N) / (N · viewers).
    pub average_coverage: Option<f64>,
    /// Σ (b − a), in milliseconds.
    pub content_millis: i64,
    /// Σ floor((b − a) / rate + 0.5), in milliseconds.
    pub watch_millis: i64,
    /// Bins of 5 s that start before D (without D: those up to the last one touched).
    pub bins: Vec<Bin>,
    /// `viewers[k] / viewers`; empty without viewers.
    pub retention: Vec<f64>,
    /// Where most viewers leave.
    pub drop_off: Option<DropOff>,
}

/// What a course says of a video; each goes before what learners reported.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VideoSettings {
    /// D, in milliseconds.
    pub length_millis: Option<i64>,
    /// The share of seconds that completes it.
    pub threshold: Option<f64>,
}

/// Reads a video's metrics.
pub fn video(view: &VideoView, settings: VideoSettings) -> VideoMetrics {
    let length_millis = settings.length_millis.or(view.lengths.most().copied());
    let reported = view.thresholds.most().map(|bits| f64::from_bits(*bits as u64));
    let threshold = settings.threshold.or(reported).unwrap_or(DEFAULT_THRESHOLD);
    let seconds = length_millis.map(seconds_of);
    let completed = seconds.map(|seconds| completed(view, seconds, threshold));
    let bins = bins(view, length_millis);
    VideoMetrics {
        length_millis,
        threshold,
        viewers: view.viewers,
        plays: view.plays,
        completed,
        completion_rate: completed.and_then(|completed| ratio(completed, view.viewers)),
        average_coverage: seconds.and_then(|seconds| ratio(covered(view, seconds), seconds * view.viewers)),
        content_millis: view.content_millis,
        watch_millis: view.watch_millis,
        retention: bins.iter().filter_map(|bin| ratio(bin.viewers, view.viewers)).collect(),
        drop_off: drop_off(&bins),
        bins,
    }
}

/// The seconds of a video that coverage counts: N = max(1, floor(D + 0.5)), D in seconds as a double.
pub fn seconds_of(length_millis: i64) -> i64 {
    ((length_millis as f64 / 1000.0 + 0.5).floor() as i64).max(1)
}

fn completed(view: &VideoView, seconds: i64, threshold: f64) -> i64 {
    let done = |watched: i64| watched as f64 / seconds as f64 >= threshold;
    view.seconds.iter().filter(|(watched, _)| done(**watched)).map(|(_, learners)| learners).sum()
}

fn covered(view: &VideoView, seconds: i64) -> i64 {
    view.seconds.iter().map(|(watched, learners)| (*watched).min(seconds) * learners).sum()
}

fn bins(view: &VideoView, length_millis: Option<i64>) -> Vec<Bin> {
    let count =
        length_millis.map_or(view.bins().len(), |length| (length + BIN_MILLIS - 1).div_euclid(BIN_MILLIS) as usize);
    let mut bins = view.bins().to_vec();
    bins.resize(count, Bin::default());
    bins
}

fn drop_off(bins: &[Bin]) -> Option<DropOff> {
    let lost =
        bins.windows(2).enumerate().map(|(at, pair)| DropOff { bin: at + 1, lost: pair[0].viewers - pair[1].viewers });
    lost.filter(|drop| drop.lost > 0).max_by_key(|drop| (drop.lost, std::cmp::Reverse(drop.bin)))
}
