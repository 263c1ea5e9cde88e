//! METRICS.md, "Video": one learner's sessions on a video, and the segments that each comes to.

use std::collections::BTreeMap;

use super::playback;
use crate::event::{Event, Playback, PlaybackKind};

const HALF_HOUR_MILLIS: i64 = 30 * 60 * 1000;
/// A heartbeat continues the one before when it begins within this of its end.
const JOINS_MILLIS: i64 = 1_000;
/// What a close may claim beyond 1.1 times the wall time.
const SLACK_MILLIS: i64 = 5_000;
/// The shortest segment that is kept.
const SHORTEST_MILLIS: i64 = 250;

/// [a, b) in milliseconds of content, watched at a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub a: i64,
    pub b: i64,
    pub rate: f64,
}

/// An event of a session.
#[derive(Clone, Copy)]
struct Step<'e> {
    event: &'e Event,
    playback: &'e Playback,
}

/// The kept segments of each session, those without any left out; `own` is in order, L is `end`.
pub(super) fn kept_sessions(own: &[&Event], end: i64) -> Vec<Vec<Segment>> {
    let kept = |session: Vec<Step<'_>>| -> Vec<Segment> {
        segments(&session).into_iter().filter_map(|segment| segment.kept(end)).collect()
    };
    sessions(own).into_iter().map(kept).filter(|session| !session.is_empty()).collect()
}

/// By session id; the events without one are cut where nothing happened for too long, those without time stand alone.
fn sessions<'e>(own: &[&'e Event]) -> Vec<Vec<Step<'e>>> {
    let mut with_id: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    let (mut timed, mut timeless) = (Vec::<Vec<Step<'_>>>::new(), Vec::new());
    for step in own.iter().filter_map(|event| Some(Step { event, playback: playback(event)? })) {
        if let Some(session) = &step.event.session {
            with_id.entry(session).or_default().push(step);
        } else if !step.event.has_time() {
            timeless.push(vec![step]);
        } else {
            match timed.last_mut().filter(|session| session.last().is_some_and(|before| !is_cut(before, &step))) {
                Some(session) => session.push(step),
                None => timed.push(vec![step]),
            }
        }
    }
    with_id.into_values().chain(timed).chain(timeless).collect()
}

/// t₂ − t₁ > 30 min + max(0, position₂ − position₁) / rate₁.
fn is_cut(one: &Step<'_>, two: &Step<'_>) -> bool {
    let left = one.playback.to;
    // A heartbeat tells at its end what it has just watched; all else is where it finds the player.
    let is_heartbeat = two.playback.kind == PlaybackKind::Watched;
    let found = if is_heartbeat { two.playback.to } else { two.playback.from };
    let moved = left.zip(found).map_or(0, |(left, found)| (found - left).max(0));
    (two.event.at() - one.event.at()) as f64 > HALF_HOUR_MILLIS as f64 + moved as f64 / one.playback.rate
}

/// From the first source that the session has.
fn segments(session: &[Step<'_>]) -> Vec<Segment> {
    let heartbeats: Vec<&Playback> =
        session.iter().map(|step| step.playback).filter(|playback| playback.kind == PlaybackKind::Watched).collect();
    if heartbeats.is_empty() { pairs(session) } else { runs(&heartbeats) }
}

/// Each run of heartbeats that continue one another is a segment, at the rate of the first.
fn runs(heartbeats: &[&Playback]) -> Vec<Segment> {
    let mut runs: Vec<Segment> = Vec::new();
    let mut previous_to: Option<i64> = None;
    for heartbeat in heartbeats {
        let (Some(from), Some(to)) = (heartbeat.from, heartbeat.to) else { continue };
        let continues = previous_to.is_some_and(|previous| (from - previous).abs() <= JOINS_MILLIS);
        match runs.last_mut().filter(|_| continues) {
            Some(run) => run.b = run.b.max(to),
            None => runs.push(Segment { a: from, b: to, rate: heartbeat.rate }),
        }
        previous_to = Some(to);
    }
    runs
}

/// Each event after which the player plays begins a segment, unless it comes to nothing.
fn pairs(session: &[Step<'_>]) -> Vec<Segment> {
    let mut segments = Vec::new();
    // The rate at which the player plays after an event; none while it stands still.
    let mut playing: Option<f64> = None;
    for (place, step) in session.iter().enumerate().filter(|(_, step)| step.closes()) {
        playing = match step.playback.kind {
            PlaybackKind::Played => Some(step.playback.rate),
            PlaybackKind::Seeked => playing,
            _ => None,
        };
        segments.extend(playing.and_then(|rate| played_from(step, rate, &session[place + 1..])));
    }
    segments
}

/// What was played from an event on: up to the next that closes; where none does, up to when the next of any kind shows
/// that the learner was still there.
fn played_from(start: &Step<'_>, rate: f64, later: &[Step<'_>]) -> Option<Segment> {
    let a = start.playback.to?;
    let wall = |until: &Step<'_>| until.event.at() - start.event.at();
    let b = match later.iter().find(|step| step.closes()) {
        Some(close) => {
            let position = close.playback.from.filter(|position| *position >= a)?;
            position.min(a + rounded(wall(close) as f64 * rate * 1.1) + SLACK_MILLIS)
        }
        None => {
            let next = later.first().filter(|next| wall(next) <= HALF_HOUR_MILLIS)?;
            a + rounded(wall(next) as f64 * rate)
        }
    };
    Some(Segment { a, b, rate })
}

impl Step<'_> {
    /// Whether it ends what plays before it.
    fn closes(&self) -> bool {
        matches!(self.playback.kind, PlaybackKind::Played | PlaybackKind::Seeked | PlaybackKind::Stopped)
    }
}

impl Segment {
    /// Clamped to [0, L]; `None` when under 250 ms are left.
    fn kept(self, end: i64) -> Option<Segment> {
        let segment = Segment { a: self.a.max(0), b: self.b.min(end), rate: self.rate };
        (segment.b - segment.a >= SHORTEST_MILLIS).then_some(segment)
    }

    /// The time that it took to watch.
    pub(super) fn watch_millis(&self) -> i64 {
        rounded((self.b - self.a) as f64 / self.rate)
    }

    /// The seconds k with k + 0.5 s in it: from the first, up to but without the second.
    pub(super) fn seconds(&self) -> (i64, i64) {
        let from = |millis: i64| (millis + 499).div_euclid(1000);
        (from(self.a), from(self.b))
    }
}

fn rounded(millis: f64) -> i64 {
    (millis + 0.5).floor() as i64
}
