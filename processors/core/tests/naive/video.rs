//! METRICS.md, Video.

use trilha_schemas::event::{Event, VideoAction, VideoEvent};

use super::{by_learner, tally, time};

const HALF_HOUR: i64 = 1_800_000;

/// A video's totals.
#[derive(Debug, PartialEq)]
pub struct Video {
    pub learners: i64,
    pub viewers: i64,
    pub plays: i64,
    pub content_millis: i64,
    pub watch_millis: i64,
    pub cut_segments: i64,
    /// (views, viewers), the last not zero.
    pub bins: Vec<(i64, i64)>,
    pub lengths: Vec<(i64, i64)>,
    pub thresholds: Vec<(u64, i64)>,
    pub seconds: Vec<(i64, i64)>,
    pub titles: Vec<(String, i64)>,
}

/// One learner, in full.
struct Learner {
    length: Option<i64>,
    threshold: Option<f64>,
    title: Option<String>,
    /// Kept segments of each session that has any.
    sessions: Vec<Vec<Segment>>,
}

/// [a, b) at a rate.
#[derive(Debug, Clone, Copy)]
struct Segment {
    a: i64,
    b: i64,
    rate: f64,
    cut: bool,
}

pub fn video(events: &[Event]) -> Video {
    let learners: Vec<Learner> = by_learner(events).iter().map(|own| learner(own)).collect();
    let viewers: Vec<&Learner> = learners.iter().filter(|learner| !learner.sessions.is_empty()).collect();
    let segments: Vec<Segment> = viewers.iter().flat_map(|viewer| viewer.segments()).collect();
    Video {
        learners: learners.len() as i64,
        viewers: viewers.len() as i64,
        plays: viewers.iter().map(|viewer| viewer.sessions.len() as i64).sum(),
        content_millis: segments.iter().map(|s| s.b - s.a).sum(),
        watch_millis: segments.iter().map(|s| ((s.b - s.a) as f64 / s.rate + 0.5).floor() as i64).sum(),
        cut_segments: segments.iter().filter(|s| s.cut).count() as i64,
        bins: bins(&viewers),
        lengths: tally(learners.iter().filter_map(|learner| learner.length)),
        thresholds: tally(learners.iter().filter_map(|learner| learner.threshold.map(f64::to_bits))),
        seconds: tally(viewers.iter().map(|viewer| viewer.seconds())),
        titles: tally(learners.iter().filter_map(|learner| learner.title.clone())),
    }
}

/// Completed, and the average coverage's numerator and denominator, for a length and a threshold.
pub fn completion(events: &[Event], length_millis: i64, threshold: f64) -> (i64, i64, i64) {
    let whole = ((length_millis as f64 / 1000.0 + 0.5).floor() as i64).max(1);
    let learners: Vec<Learner> = by_learner(events).iter().map(|own| learner(own)).collect();
    let viewers = learners.iter().filter(|learner| !learner.sessions.is_empty());
    let seconds: Vec<i64> = viewers.map(Learner::seconds).collect();
    let completed = seconds.iter().filter(|n| **n as f64 / whole as f64 >= threshold).count() as i64;
    (completed, seconds.iter().map(|n| *n.min(&whole)).sum(), whole * seconds.len() as i64)
}

fn bins(viewers: &[&Learner]) -> Vec<(i64, i64)> {
    let touched: Vec<Vec<usize>> = viewers.iter().map(|viewer| viewer.touched()).collect();
    let count = touched.iter().flatten().max().map_or(0, |last| last + 1);
    let views = |k: usize| touched.iter().flatten().filter(|bin| **bin == k).count() as i64;
    let viewers = |k: usize| touched.iter().filter(|bins| bins.contains(&k)).count() as i64;
    (0..count).map(|k| (views(k), viewers(k))).collect()
}

fn learner(own: &[&Event]) -> Learner {
    let length = own.iter().filter_map(|event| body(event).length_millis).max();
    let thresholds = own.iter().filter_map(|event| body(event).threshold);
    let end = length.unwrap_or(36_000_000);
    let kept = |session: Vec<&Event>| -> Vec<Segment> {
        let clamped = segments(&session).into_iter().map(|s| Segment { a: s.a.max(0), b: s.b.min(end), ..s });
        clamped.filter(|s| s.b - s.a >= 250).collect()
    };
    Learner {
        length,
        threshold: thresholds.reduce(f64::max),
        title: own.iter().rev().find_map(|event| event.title.clone()),
        sessions: sessions(own).into_iter().map(kept).filter(|session| !session.is_empty()).collect(),
    }
}

impl Learner {
    fn segments(&self) -> Vec<Segment> {
        self.sessions.concat()
    }

    fn seconds(&self) -> i64 {
        let segments = self.segments();
        let last = segments.iter().map(|s| s.b).max().unwrap_or(0) / 1000;
        let covered = |k: &i64| segments.iter().any(|s| s.a <= k * 1000 + 500 && k * 1000 + 500 < s.b);
        (0..=last).filter(covered).count() as i64
    }

    /// The bin of each touch.
    fn touched(&self) -> Vec<usize> {
        let end = self.length.unwrap_or(36_000_000);
        let mut bins = Vec::new();
        for segment in self.segments() {
            for k in 0..=segment.b / 5_000 {
                let (start, stop) = (k * 5_000, (k * 5_000 + 5_000).min(end));
                let covered = (segment.b.min(stop) - segment.a.max(start)).max(0);
                if covered >= 250 || covered > 0 && covered == stop - start {
                    bins.push(k as usize);
                }
            }
        }
        bins
    }
}

fn body(event: &Event) -> &VideoEvent {
    match &event.body {
        trilha_schemas::event::Body::Video(video) => video,
        other => panic!("{other:?} is no video event"),
    }
}

fn sessions<'e>(own: &[&'e Event]) -> Vec<Vec<&'e Event>> {
    let mut names: Vec<&String> = own.iter().filter_map(|event| event.session.as_ref()).collect();
    names.sort();
    names.dedup();
    let named = |name: &String| own.iter().copied().filter(|event| event.session.as_ref() == Some(name)).collect();
    let mut all: Vec<Vec<&Event>> = names.into_iter().map(named).collect();
    let nameless = || own.iter().copied().filter(|event| event.session.is_none());
    all.extend(nameless().filter(|event| event.time_millis.is_none()).map(|event| vec![event]));
    let mut before: Option<&Event> = None;
    for event in nameless().filter(|event| event.time_millis.is_some()) {
        match all.last_mut() {
            Some(session) if before.is_some_and(|before| !is_cut(before, event)) => session.push(event),
            _ => all.push(vec![event]),
        }
        before = Some(event);
    }
    all
}

fn heartbeat_to(video: &VideoEvent) -> Option<i64> {
    match (video.position_millis, video.to_millis) {
        (Some(from), Some(to)) => Some(to.min(from + 300_000)),
        (_, to) => to,
    }
}

fn is_cut(one: &Event, two: &Event) -> bool {
    let left = match body(one).action {
        VideoAction::Watched => heartbeat_to(body(one)),
        VideoAction::Seeked => body(one).to_millis,
        _ => body(one).position_millis,
    };
    let found = match body(two).action {
        VideoAction::Watched => heartbeat_to(body(two)),
        _ => body(two).position_millis,
    };
    let moved = left.zip(found).map_or(0, |(left, found)| (found - left).max(0));
    let rate = body(one).rate.unwrap_or(1.0);
    (time(two) - time(one)) as f64 > HALF_HOUR as f64 + moved as f64 / rate
}

fn segments(session: &[&Event]) -> Vec<Segment> {
    if session.iter().any(|event| body(event).segments.is_some()) {
        return from_list(session);
    }
    let heartbeats: Vec<&VideoEvent> = session.iter().map(|event| body(event)).filter(is_heartbeat).collect();
    if heartbeats.is_empty() { from_pairs(session) } else { from_heartbeats(&heartbeats) }
}

fn is_heartbeat(video: &&VideoEvent) -> bool {
    video.action == VideoAction::Watched
}

fn from_list(session: &[&Event]) -> Vec<Segment> {
    let lists = session.iter().filter_map(|event| body(event).segments.as_ref().map(|pairs| (event, pairs)));
    let best = lists.max_by_key(|(event, pairs)| {
        let sum: i64 = pairs.iter().map(|(a, b)| b - a).sum();
        (pairs.len(), sum, event.source_id("t").unwrap_or_default().to_lowercase(), pairs.to_vec())
    });
    let (_, pairs) = best.expect("a session with a list");
    pairs.iter().map(|(a, b)| Segment { a: *a, b: *b, rate: 1.0, cut: false }).collect()
}

fn from_heartbeats(heartbeats: &[&VideoEvent]) -> Vec<Segment> {
    let mut runs: Vec<Segment> = Vec::new();
    let mut previous_to = None;
    for heartbeat in heartbeats {
        let Some((a, b)) = heartbeat.position_millis.zip(heartbeat_to(heartbeat)) else { continue };
        match runs.last_mut() {
            Some(run) if previous_to.is_some_and(|to: i64| (a - to).abs() <= 1_000) => run.b = run.b.max(b),
            _ => runs.push(Segment { a, b, rate: heartbeat.rate.unwrap_or(1.0), cut: false }),
        }
        previous_to = Some(b);
    }
    runs
}

/// Each play with what comes after it.
fn from_pairs(session: &[&Event]) -> Vec<Segment> {
    let is_close = |event: &&Event| !matches!(body(event).action, VideoAction::Initialized | VideoAction::Interacted);
    let mut segments = Vec::new();
    let mut rate_before = None;
    for (at, event) in session.iter().enumerate().filter(|(_, event)| is_close(event)) {
        let opened = match body(event).action {
            VideoAction::Played => body(event).position_millis.map(|a| (a, body(event).rate.unwrap_or(1.0))),
            VideoAction::Seeked => body(event).to_millis.zip(rate_before),
            _ => None,
        };
        rate_before = opened.map(|(_, rate)| rate);
        if let Some((a, rate)) = opened {
            let later = &session[at + 1..];
            let close = later.iter().find(|later| is_close(later)).or(later.first());
            segments.extend(close.and_then(|close| closed(a, rate, event, close)));
        }
    }
    segments
}

fn closed(a: i64, rate: f64, open: &Event, close: &Event) -> Option<Segment> {
    let wall = (time(close) - time(open)) as f64;
    let says = match body(close).action {
        VideoAction::Initialized | VideoAction::Interacted => None,
        _ => body(close).position_millis,
    };
    match says {
        None => {
            let b = a + (wall * rate + 0.5).floor() as i64;
            (wall <= HALF_HOUR as f64).then_some(Segment { a, b, rate, cut: false })
        }
        Some(b) => {
            let most = a + (wall * rate * 1.1 + 0.5).floor() as i64 + 5_000;
            (b >= a).then_some(Segment { a, b: b.min(most), rate, cut: b > most })
        }
    }
}
