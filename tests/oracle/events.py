"""The event all formats map onto, its identity and its place in the order."""

import hashlib
from dataclasses import dataclass
from typing import Optional

from values import by_bytes, time_millis

CLOSING = ("video.played", "video.paused", "video.seeked", "video.completed", "video.terminated")
VIDEO = CLOSING + ("video.watched", "video.initialized", "video.interacted")


class Refused(Exception):
    """An event that does not count; its only argument is the reason."""


@dataclass(slots=True)
class Event:
    """One event. Positions, lengths and times are integer milliseconds; None means absent."""

    kind: str
    time_sent: object
    learner: Optional[str]
    course: Optional[str]
    source_id: str
    statement_id: str = ""
    session: Optional[str] = None
    role: str = "learner"
    object: Optional[str] = None
    # video
    position: Optional[int] = None
    seek_from: Optional[int] = None
    seek_to: Optional[int] = None
    length: Optional[int] = None
    rate: float = 1.0
    threshold: Optional[float] = None
    played_segments: Optional[str] = None
    # quiz
    question: Optional[str] = None
    attempt_number: Optional[int] = None
    attempt_id: Optional[str] = None
    response: Optional[str] = None
    correct: Optional[bool] = None
    score: Optional[float] = None
    max_score: Optional[float] = None
    scaled: Optional[float] = None
    elapsed: Optional[int] = None
    stands_for_quiz: bool = False
    # filled by `check`
    time: int = 0
    tie: object = b""

    @property
    def order(self):
        """METRICS.md, "Order": (event time, event id); the tie stands for the id."""
        return (self.time, self.tie)

    @property
    def identity(self):
        """METRICS.md, "Event id", without the hash; the tenant is always the same here. An object is one of its course."""
        return (self.learner, self.course, self.role, self.kind, self.object, self.question, str(self.time_sent), self.source_id)


def check(event, salt):
    """The event with its time read, or Refused. Live, an event without time would count; not here."""
    if event.time_sent in (None, ""):
        raise Refused("time_missing")
    event.time = time_millis(event.time_sent)
    if event.time is None:
        raise Refused("time_invalid")
    if not event.learner or event.learner == "anonymous":
        raise Refused("no_learner")
    if not event.course:
        raise Refused("no_course")
    if event.kind.startswith(("video.", "quiz.")) and not event.object:
        raise Refused("no_object")
    event.tie = _tie(event, salt)
    return event


def _tie(event, salt):
    """Equal times: the real id is a hash that nobody outside can repeat, so any fixed order stands in."""
    own = by_bytes("\0".join(str(part) for part in (event.source_id, event.kind, event.object, event.question)))
    return own if salt is None else hashlib.md5(salt.encode() + own).digest()


def valid_rate(rate):
    """"1 when absent, not finite or outside 0.25-4"."""
    return rate if rate is not None and 0.25 <= rate <= 4 else 1.0


def valid_length(length):
    """"Lengths <= 0, over 10 h or not finite are ignored"; in milliseconds."""
    return length if length is not None and 0 < length <= 36_000_000 else None


def valid_threshold(threshold):
    """"Thresholds outside (0, 1] are ignored"."""
    return threshold if threshold is not None and 0 < threshold <= 1 else None


def attempt(value):
    """(number, id): a whole number from 1, also as digits, is a number; other text is an id."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, None) if value >= 1 else (None, None)
    return (None, value) if isinstance(value, str) and value else (None, None)
