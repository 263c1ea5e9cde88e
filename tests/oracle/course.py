"""The active learners of METRICS.md, in UTC."""

from collections import defaultdict

from values import time_text

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def course_view(course, events, at):
    """Learners of all time, and those of the minutes and days that end with `at`."""
    minutes, days = defaultdict(set), defaultdict(set)
    for event in events:
        minutes[event.time // MINUTE].add(event.learner)
        days[event.time // DAY].add(event.learner)
    minute, day = at // MINUTE, at // DAY
    return {
        "course": course,
        "learners": len({event.learner for event in events}),
        "active_5m": _distinct(minutes, minute - 4, minute),
        "active_today": _distinct(days, day, day),
        "active_7d": _distinct(days, day - 6, day),
        "minutes": [
            {"minute": time_text(m * MINUTE), "learners": len(minutes[m])} for m in sorted(minutes) if m <= minute
        ],
    }


def _distinct(windows, first, last):
    return len(set().union(*(learners for k, learners in windows.items() if first <= k <= last)))
