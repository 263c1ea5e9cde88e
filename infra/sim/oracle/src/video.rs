//! METRICS.md, "Video": the numbers of a video, from its learners' segments.

mod segments;

use std::collections::BTreeMap;

use crate::CourseSettings;
use crate::catalogue::{Catalogue, by_learner, most};
use crate::event::{Action, Event, LONGEST_MILLIS, Playback};
use segments::{Segment, kept_sessions};

const BIN_MILLIS: i64 = 5_000;
/// A bin is touched from so much of it on.
const TOUCH_MILLIS: i64 = 250;
const DEFAULT_THRESHOLD: f64 = 0.95;

/// The numbers of one video.
#[derive(Debug, Clone, PartialEq)]
pub struct Video {
    /// The video's id.
    pub video: String,
    /// Of its latest description, else what most learners saw last.
    pub title: Option<String>,
    /// D.
    pub length_millis: Option<i64>,
    /// The share of seconds that completes it.
    pub threshold: f64,
    /// Learners with a kept segment.
    pub viewers: i64,
    /// Sessions with a kept segment.
    pub plays: i64,
    /// Viewers with n / N ≥ threshold; none without D.
    pub completed: Option<i64>,
    /// completed / viewers; none without D or viewers.
    pub completion_rate: Option<f64>,
    /// Σ min(n, N) / (N · viewers); none without D or viewers.
    pub average_coverage: Option<f64>,
    /// Σ (b − a).
    pub content_millis: i64,
    /// Σ floor((b − a) / rate + 0.5).
    pub watch_millis: i64,
    /// By bin: segments that touched it.
    pub views: Vec<i64>,
    /// By bin: learners who touched it.
    pub viewers_by_bin: Vec<i64>,
    /// By bin: views − viewers.
    pub rewatches: Vec<i64>,
    /// By bin: its viewers / viewers; empty without viewers.
    pub retention: Vec<f64>,
    /// Where most viewers are lost.
    pub drop_off: Option<DropOff>,
}

/// The k ≥ 1 with the greatest positive `viewers[k − 1] − viewers[k]`, the first of equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropOff {
    /// k.
    pub bin: i64,
    /// Where that bin starts.
    pub second: i64,
    /// The difference.
    pub lost: i64,
}

/// One learner who has watched, and what of it counts.
struct Viewer {
    sessions: Vec<Vec<Segment>>,
    /// L: where the learner's segments end.
    end: i64,
}

/// The videos of a course, from all that its learners did.
pub(crate) fn videos(acts: &[&Event], catalogue: &Catalogue<'_>, settings: &CourseSettings) -> Vec<Video> {
    let mut by_video: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in acts.iter().filter(|event| matches!(event.action, Action::Video(_))) {
        by_video.entry(&event.identity.object).or_default().push(event);
    }
    by_video.into_iter().map(|(video, events)| one_video(video, &events, catalogue, settings)).collect()
}

fn one_video(video: &str, events: &[&Event], catalogue: &Catalogue<'_>, settings: &CourseSettings) -> Video {
    let by_learner = by_learner(events);
    let length_millis = settings.lengths_millis.get(video).copied();
    let length_millis = length_millis.or_else(|| most(by_learner.values().filter_map(|own| greatest_length(own))));
    let threshold = settings.threshold.unwrap_or(DEFAULT_THRESHOLD);
    let watchers: Vec<Viewer> = by_learner.values().filter_map(|own| Viewer::of(own)).collect();
    let viewers = watchers.len() as i64;
    let segments = || watchers.iter().flat_map(Viewer::segments);

    let whole_seconds = length_millis.map(|length| ((length + 500).div_euclid(1000)).max(1));
    let seconds: Vec<i64> = watchers.iter().map(|watcher| distinct_seconds(watcher.segments())).collect();
    let is_done = |seconds: i64, whole: i64| seconds as f64 / whole as f64 >= threshold;
    let completed = whole_seconds.map(|whole| seconds.iter().filter(|n| is_done(**n, whole)).count() as i64);
    let covered = |whole: i64| seconds.iter().map(|n| (*n).min(whole)).sum::<i64>();

    let (views, viewers_by_bin) = bins(&watchers, length_millis);
    Video {
        video: video.to_string(),
        title: catalogue.title_or_seen(video, &by_learner),
        length_millis,
        threshold,
        viewers,
        plays: watchers.iter().map(|watcher| watcher.sessions.len() as i64).sum(),
        completed,
        completion_rate: completed.and_then(|completed| ratio(completed, viewers)),
        average_coverage: whole_seconds.and_then(|whole| ratio(covered(whole), whole * viewers)),
        content_millis: segments().map(|segment| segment.b - segment.a).sum(),
        watch_millis: segments().map(Segment::watch_millis).sum(),
        rewatches: views.iter().zip(&viewers_by_bin).map(|(views, viewers)| views - viewers).collect(),
        retention: viewers_by_bin.iter().filter_map(|there| ratio(*there, viewers)).collect(),
        drop_off: drop_off(&viewers_by_bin),
        views,
        viewers_by_bin,
    }
}

impl Viewer {
    /// From one learner's events in order; `None` where no segment is kept.
    fn of(own: &[&Event]) -> Option<Viewer> {
        let end = greatest_length(own).unwrap_or(LONGEST_MILLIS);
        let sessions = kept_sessions(own, end);
        (!sessions.is_empty()).then_some(Viewer { sessions, end })
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.sessions.iter().flatten()
    }
}

/// The greatest length that a learner's own events tell.
fn greatest_length(own: &[&Event]) -> Option<i64> {
    own.iter().filter_map(|event| playback(event)?.length).max()
}

pub(crate) fn playback(event: &Event) -> Option<&Playback> {
    if let Action::Video(playback) = &event.action { Some(playback) } else { None }
}

/// n: the seconds k for which a segment covers k + 0.5 s.
fn distinct_seconds<'s>(segments: impl Iterator<Item = &'s Segment>) -> i64 {
    let mut spans: Vec<(i64, i64)> = segments.map(Segment::seconds).collect();
    spans.sort();
    let (mut counted, mut reached) = (0, 0);
    for (first, end) in spans {
        counted += (end - first.max(reached)).max(0);
        reached = reached.max(end);
    }
    counted
}

/// (views, viewers) by bin: those that start before D; without D, those up to the last that was touched.
fn bins(watchers: &[Viewer], length_millis: Option<i64>) -> (Vec<i64>, Vec<i64>) {
    let mut touches: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for watcher in watchers {
        let mut own: BTreeMap<i64, i64> = BTreeMap::new();
        for segment in watcher.segments() {
            touched(segment, watcher.end).for_each(|bin| *own.entry(bin).or_default() += 1);
        }
        for (bin, views) in own {
            let there = touches.entry(bin).or_default();
            *there = (there.0 + views, there.1 + 1);
        }
    }
    let last_touched = touches.keys().next_back().map_or(0, |last| last + 1);
    let count = length_millis.map_or(last_touched, |length| (length + BIN_MILLIS - 1) / BIN_MILLIS);
    (0..count).map(|bin| touches.get(&bin).copied().unwrap_or_default()).unzip()
}

/// The bins of which a segment covers 250 ms or more, or all that is before L.
fn touched(segment: &Segment, end: i64) -> impl Iterator<Item = i64> {
    let (a, b) = (segment.a, segment.b);
    (a / BIN_MILLIS..=b / BIN_MILLIS).filter(move |bin| {
        let (start, stop) = (bin * BIN_MILLIS, ((bin + 1) * BIN_MILLIS).min(end));
        let covered = b.min(stop) - a.max(start);
        covered > 0 && (covered >= TOUCH_MILLIS || covered == stop - start)
    })
}

fn drop_off(viewers: &[i64]) -> Option<DropOff> {
    let mut greatest: Option<DropOff> = None;
    for bin in 1..viewers.len() {
        let lost = viewers[bin - 1] - viewers[bin];
        if lost > greatest.map_or(0, |drop| drop.lost) {
            greatest = Some(DropOff { bin: bin as i64, second: bin as i64 * BIN_MILLIS / 1000, lost });
        }
    }
    greatest
}

/// One double division; `None` for a division by zero.
pub(crate) fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
