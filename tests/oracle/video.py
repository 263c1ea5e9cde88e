"""The video metrics of METRICS.md, derived anew from all events of a course on one video."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from events import CLOSING
from values import NUMBER, by_bytes, millis

HALF_HOUR = 30 * 60 * 1000
BIN = 5000
SHORTEST = 250
DEFAULT_LENGTH = 36_000_000
DEFAULT_THRESHOLD = 0.95


@dataclass(frozen=True, slots=True)
class Segment:
    """[a, b) in milliseconds of content, watched at a rate."""

    a: int
    b: int
    rate: float


def video_view(video, events):
    """All numbers of one video; `events` are the learners' own, each once."""
    by_learner = defaultdict(list)
    for event in events:
        by_learner[event.learner].append(event)
    length, threshold = _most_reported(by_learner, "length"), _most_reported(by_learner, "threshold")
    threshold = DEFAULT_THRESHOLD if threshold is None else threshold
    watched = {learner: _sessions_of(own) for learner, own in by_learner.items()}
    watched = {learner: sessions for learner, sessions in watched.items() if sessions}
    bounds = {learner: _own_length(by_learner[learner]) for learner in watched}
    segments = [segment for sessions in watched.values() for session in sessions for segment in session]
    view = {
        "video": video,
        "length": None if length is None else length / 1000,
        "threshold": threshold,
        "viewers": len(watched),
        "plays": sum(len(sessions) for sessions in watched.values()),
        "content_time": sum(s.b - s.a for s in segments) / 1000,
        "watch_time": sum(math.floor((s.b - s.a) / s.rate + 0.5) for s in segments) / 1000,
    }
    view.update(_coverage(watched, length, threshold))
    view.update(_bins(watched, bounds, length))
    return view


def _most_reported(by_learner, field):
    """The value that most learners reported, each with its own greatest; ties: the greater."""
    votes = Counter()
    for own in by_learner.values():
        reported = [getattr(event, field) for event in own if getattr(event, field) is not None]
        if reported:
            votes[max(reported)] += 1
    return max(votes, key=lambda value: (votes[value], value)) if votes else None


def _own_length(own):
    """L of a learner."""
    return max((event.length for event in own if event.length is not None), default=DEFAULT_LENGTH)


def _sessions_of(own):
    """The kept segments of each session of one learner, sessions without any left out."""
    length = _own_length(own)
    kept = []
    for session in split_sessions(own):
        clamped = [Segment(max(s.a, 0), min(s.b, length), s.rate) for s in session_segments(session)]
        clamped = [segment for segment in clamped if segment.b - segment.a >= SHORTEST]
        if clamped:
            kept.append(clamped)
    return kept


def split_sessions(own):
    """By session id; the events without one are cut where the gap is too long."""
    with_id, without = defaultdict(list), []
    for event in sorted(own, key=lambda event: event.order):
        (with_id[event.session] if event.session else without).append(event)
    sessions = list(with_id.values())
    previous = None
    for event in without:
        if previous is None or _is_cut(previous, event):
            sessions.append([])
        sessions[-1].append(event)
        previous = event
    return sessions


def _is_cut(one, two):
    """t2 - t1 > 30 min + max(0, position2 - position1) / rate1."""
    left = one.position if one.position is not None else one.seek_to
    reached = two.position
    if reached is None:
        reached = two.seek_from if two.kind == "video.seeked" else two.seek_to
    moved = 0 if left is None or reached is None else max(0, reached - left)
    return two.time - one.time > HALF_HOUR + moved / one.rate


def session_segments(session):
    """From the first source that the session has; not clamped yet."""
    lists = [event for event in session if event.played_segments is not None]
    if lists:
        return _from_played_segments(lists)
    heartbeats = [event for event in session if event.kind == "video.watched"]
    return _from_heartbeats(heartbeats) if heartbeats else _from_pairs(session)


def _from_played_segments(statements):
    def weight(statement):
        pairs = closed_pairs(statement.played_segments)
        return (len(pairs), sum(b - a for a, b in pairs), by_bytes(statement.statement_id))

    return [Segment(a, b, 1.0) for a, b in closed_pairs(max(statements, key=weight).played_segments)]


def closed_pairs(text):
    """The pairs "a[.]b" that parse, in milliseconds."""
    pairs = []
    for part in text.split("[,]"):
        ends = [end.strip() for end in part.split("[.]")]
        if len(ends) == 2 and all(NUMBER.match(end) for end in ends):
            a, b = millis(ends[0]), millis(ends[1])
            if a is not None and b is not None:
                pairs.append((a, b))
    return pairs


def _from_heartbeats(heartbeats):
    runs = []
    previous_to = None
    for event in sorted(heartbeats, key=lambda event: event.order):
        start, end = event.seek_from, event.seek_to
        if start is None or end is None:
            continue
        end = min(end, start + 300_000)
        if previous_to is not None and abs(start - previous_to) <= 1000:
            runs[-1][1] = max(runs[-1][1], end)
        else:
            runs.append([start, end, event.rate])
        previous_to = end
    return [Segment(a, b, rate) for a, b, rate in runs]


def _from_pairs(session):
    segments = []
    opened = None  # (position, rate, time) of the play that is open
    waiting = None  # the first other event after it, should nothing close it
    for event in sorted(session, key=lambda event: event.order):
        if event.kind not in CLOSING:
            waiting = waiting or (event if opened else None)
            continue
        if opened:
            segments += _close(opened, event)
        opened, waiting = _open(event, opened), None
    if opened and waiting:
        segments += _close_by_wall_time(opened, waiting)
    return segments


def _open(event, opened):
    """What is open after an event that closes."""
    if event.kind == "video.played" and event.position is not None:
        return (event.position, event.rate, event.time)
    if event.kind == "video.seeked" and opened and event.seek_to is not None:
        return (event.seek_to, opened[1], event.time)
    return None


def _close(opened, event):
    a, rate, time = opened
    b = event.seek_from if event.kind == "video.seeked" else event.position
    if b is None:
        return _close_by_wall_time(opened, event)
    furthest = a + math.floor((event.time - time) * rate * 1.1 + 0.5) + 5000
    return [Segment(a, min(b, furthest), rate)] if b >= a else []


def _close_by_wall_time(opened, event):
    a, rate, time = opened
    if event.time - time > HALF_HOUR:
        return []
    return [Segment(a, a + math.floor((event.time - time) * rate + 0.5), rate)]


def seconds_watched(segments):
    """n: second k counts when a segment covers k + 0.5 s."""
    seconds = set()
    for segment in segments:
        # k * 1000 + 500 in [a, b)
        seconds.update(range(-((500 - segment.a) // 1000), (segment.b - 501) // 1000 + 1))
    return len(seconds)


def _coverage(watched, length, threshold):
    if length is None:
        return {"completed": None, "completion_rate": None, "average_coverage": None}
    whole = max(1, math.floor(length / 1000 + 0.5))
    counts = [seconds_watched([s for session in sessions for s in session]) for sessions in watched.values()]
    completed = sum(1 for n in counts if n / whole >= threshold)
    viewers = len(counts)
    return {
        "completed": completed,
        "completion_rate": completed / viewers if viewers else None,
        "average_coverage": sum(min(n, whole) for n in counts) / (whole * viewers) if viewers else None,
    }


def bins_touched(segment, length):
    """The bins with 250 ms or more of the segment, or with all of theirs that is before the length."""
    touched = []
    for k in range(segment.a // BIN, (segment.b - 1) // BIN + 1):
        covered = min(segment.b, (k + 1) * BIN) - max(segment.a, k * BIN)
        there = min(length, (k + 1) * BIN) - k * BIN
        if covered >= SHORTEST or (covered > 0 and covered == there):
            touched.append(k)
    return touched


def _bins(watched, bounds, length):
    views, viewers = Counter(), Counter()
    for learner, sessions in watched.items():
        seen = Counter(k for session in sessions for s in session for k in bins_touched(s, bounds[learner]))
        views.update(seen)
        viewers.update(seen.keys())
    count = max(views, default=-1) + 1 if length is None else -(-length // BIN)
    views, viewers = [views[k] for k in range(count)], [viewers[k] for k in range(count)]
    losses = [(viewers[k - 1] - viewers[k], -k) for k in range(1, count)]
    lost, minus_k = max(losses, default=(0, 0))
    return {
        "bins": {"width": BIN // 1000, "views": views, "viewers": viewers},
        "rewatches": [views[k] - viewers[k] for k in range(count)],
        "retention": [viewers[k] / len(watched) for k in range(count)] if watched else None,
        "drop_off": {"bin": -minus_k, "lost": lost} if lost > 0 else None,
    }
