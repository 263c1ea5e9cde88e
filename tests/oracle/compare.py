#!/usr/bin/env python3
"""Compares the oracle's answer for one course with what `trilha views --json` printed, exactly.

    python3 tests/oracle/compare.py ORACLE.json VIEWS.json --course ID

Integers must be equal, doubles bit-equal (1 and 1.0 are equal). Exit 1 on any difference.
"""

import argparse
import json
import sys

from values import time_millis

COURSE = ("learners", "active_5m", "active_today")
VIDEO = (
    "length",
    "threshold",
    "viewers",
    "plays",
    "completed",
    "completion_rate",
    "average_coverage",
    "content_time",
    "watch_time",
    "bins",
)
QUESTION = (
    "learners",
    "attempts",
    "facility",
    "final_facility",
    "correct_first_attempt",
    "responses_first",
    "responses_last",
)
# Compared where the product prints them.
OPTIONAL = {
    "course": ("active_7d",),
    "video": ("rewatches", "retention", "drop_off"),
    "question": ("attempts_per_learner", "responses_first_other", "responses_last_other", "elapsed"),
}
MINUTE = 60_000


def compare(expected, actual):
    """(differences, notes): lines for a person. A note is no difference: the page leaves it open."""
    differences, notes = [], []
    course = actual.get("course") if isinstance(actual.get("course"), dict) else {}
    differences += _fields("course", "", expected["course"], course, COURSE)
    differences += _minutes(expected["course"]["minutes"], course.get("minutes"))
    for name, key, fields in (("video", ("video",), VIDEO), ("question", ("quiz", "question"), QUESTION)):
        ours, theirs = _by_key(expected[name + "s"], key), _by_key(actual.get(name + "s") or [], key)
        for which in sorted(ours.keys() | theirs.keys(), key=str):
            label = "%s %s: " % (name, " / ".join(map(str, which)))
            if which not in theirs:
                empty = name == "video" and ours[which]["viewers"] == 0
                (notes if empty else differences).append(label + "not printed" + (" (it has no viewer)" if empty else ""))
            elif which not in ours:
                empty = name == "video" and theirs[which].get("viewers") == 0
                (notes if empty else differences).append(label + "the oracle has none")
            else:
                differences += _fields(name, label, ours[which], theirs[which], fields)
    return differences, notes


def _by_key(items, key):
    return {tuple(item.get(part) for part in key): item for item in items}


def _fields(name, label, ours, theirs, required):
    lines = []
    for field in required:
        if field in theirs:
            lines += [label + line for line in _values(field, ours[field], theirs[field])]
        else:
            lines.append("%s%s: missing, the oracle has %s" % (label, field, _short(ours[field])))
    for field in OPTIONAL[name]:
        if field in theirs:
            lines += [label + line for line in _values(field, ours[field], theirs[field])]
    return lines if name != "course" else ["course: " + line for line in lines]


def _values(path, ours, theirs):
    """Every place where two JSON values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        lines = []
        for key in ours:
            if key in theirs:
                lines += _values(path + "." + key, ours[key], theirs[key])
            else:
                lines.append("%s.%s: missing, the oracle has %s" % (path, key, _short(ours[key])))
        return lines
    if isinstance(ours, list) and isinstance(theirs, list):
        return _lists(path, ours, theirs)
    if path == "retention" and ours is None and theirs == []:
        return []  # nobody has watched: no rates, by either spelling
    return [] if _same(ours, theirs) else ["%s: oracle %s, product %s" % (path, _short(ours), _short(theirs))]


def _lists(path, ours, theirs):
    lines = []
    if len(ours) != len(theirs):
        lines.append("%s: oracle has %d entries, product %d" % (path, len(ours), len(theirs)))
    for index, (one, other) in enumerate(zip(ours, theirs)):
        lines += _values("%s[%d]" % (path, index), one, other)
    return lines


def _same(ours, theirs):
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    return ours == theirs


def _minutes(ours, theirs):
    """The product may print a window of minutes, also empty ones: inside it all must be equal."""
    if theirs is None:
        return ["course: minutes: missing, the oracle has %d" % len(ours)]
    expected = {time_millis(entry["minute"]): entry["learners"] for entry in ours}
    try:
        printed = dict(_minute(entry) for entry in theirs)
    except (KeyError, TypeError, ValueError) as error:
        return ["course: minutes: cannot read %s (%r)" % (_short(theirs), error)]
    if not printed:
        return []
    within = {m: n for m, n in expected.items() if min(printed) <= m <= max(printed)}
    return [
        "course: minutes: at %d min since 1970 oracle %d, product %d"
        % (minute // MINUTE, within.get(minute, 0), printed.get(minute, 0))
        for minute in sorted(within.keys() | printed.keys())
        if within.get(minute, 0) != printed.get(minute, 0)
    ]


def _minute(entry):
    """(milliseconds, learners) of {"minute": ..., "learners": ...} or a pair."""
    if isinstance(entry, dict):
        start = next(entry[name] for name in ("minute", "start", "time", "at") if name in entry)
        count = next(entry[name] for name in ("learners", "active", "count") if name in entry)
    else:
        start, count = entry
    if isinstance(start, str):
        text = start if start.count(":") != 1 else start.rstrip("Z") + ":00Z"
        return time_millis(text), count
    for scale in (1, 1000, MINUTE):  # milliseconds, seconds or minutes since 1970
        if start * scale > 10**11:
            return start * scale, count
    raise ValueError("no time: %r" % (start,))


def _short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("oracle", help="what oracle.py printed")
    parser.add_argument("views", help="what `trilha views --json` printed")
    parser.add_argument("--course", help="default: the only one")
    arguments = parser.parse_args()
    with open(arguments.oracle, encoding="utf-8") as file:
        courses = json.load(file)["courses"]
    with open(arguments.views, encoding="utf-8") as file:
        actual = json.load(file)
    course = arguments.course or (next(iter(courses)) if len(courses) == 1 else None)
    if course not in courses:
        parser.error("--course is one of: " + ", ".join(courses))
    differences, notes = compare(courses[course], actual)
    for line in notes:
        print("note: " + line)
    for line in differences:
        print(line)
    print("%d differences" % len(differences))
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
