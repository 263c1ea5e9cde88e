#!/usr/bin/env python3
"""The oracle: METRICS.md read naively over raw files, from scratch, to compare the product with.

    python3 tests/oracle/oracle.py --format native|xapi|caliper|edx FILE... [--at RFC3339] [--course ID]

Start at `replay`: documents -> events -> each once -> per course, video and question. See README.md for
every choice where METRICS.md leaves one.
"""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict

import from_caliper
import from_edx
import from_native
import from_xapi
from course import course_view
from events import Refused, check
from inputs import BAD, documents
from quiz import question_view
from values import by_bytes, time_millis
from video import video_view

FORMATS = ("native", "xapi", "caliper", "edx")


class Replay:
    """What a replay of some files accepts."""

    def __init__(self, format_, paths, salt=None):
        self.accepted = 0
        self.rejected = Counter()
        self.refusals = []  # (reason, document), for a person to look at
        once = {}
        for document, events in _events(format_, paths):
            for event in events:
                try:
                    if isinstance(event, Refused):
                        raise event
                    check(event, salt)
                except Refused as refused:
                    self.rejected[refused.args[0]] += 1
                    self.refusals.append((refused.args[0], document))
                    continue
                self.accepted += 1
                once.setdefault(event.identity, event)
        self.events = list(once.values())

    def courses(self):
        """{course: the events of its learners}; staff and test count nowhere."""
        courses = defaultdict(list)
        for event in self.events:
            if event.role == "learner":
                courses[event.course].append(event)
        return courses

    def views(self, at, only=None):
        """The oracle's whole answer."""
        return {
            "courses": {
                course: view_course(course, events, at)
                for course, events in sorted(self.courses().items())
                if only in (None, course)
            },
            "accepted": self.accepted,
            "rejected": dict(sorted(self.rejected.items())),
            "repeated": self.accepted - len(self.events),
        }


def _events(format_, paths):
    """(document, its events or the refusal) of each document."""
    for document in documents(paths):
        members = from_caliper.unpack(document) if format_ == "caliper" else [(document, True)]
        for member, id_is_unique in members:
            yield member, _read(format_, member, id_is_unique)


def _read(format_, document, id_is_unique):
    readers = {"native": from_native.read, "xapi": from_xapi.read, "edx": from_edx.read}
    try:
        if document is BAD:
            raise Refused("bad_json")
        if format_ == "caliper":
            return from_caliper.read(document, id_is_unique)
        return readers[format_](document)
    except Refused as refused:
        return [refused]


def view_course(course, events, at):
    """`trilha views` of one course."""
    videos, questions, answered = defaultdict(list), defaultdict(list), defaultdict(set)
    for event in events:
        if event.kind == "quiz.answered":
            answered[event.learner, event.object].add(event.question)
    for event in events:
        if event.stands_for_quiz and len(answered[event.learner, event.object]) > 1:
            continue  # "A parent statement with per-question children counts the children only."
        if event.kind.startswith("video."):
            videos[event.object].append(event)
        elif event.kind == "quiz.answered":
            questions[event.object, event.question].append(event)
    return {
        "course": course_view(course, events, at),
        "videos": [video_view(video, videos[video]) for video in sorted(videos, key=by_bytes)],
        "questions": [question_view(*key, questions[key]) for key in sorted(questions, key=_question_order)],
    }


def _question_order(key):
    return by_bytes(key[0]), by_bytes(key[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--format", required=True, choices=FORMATS)
    parser.add_argument("--at", help="RFC 3339; default: now")
    parser.add_argument("--course", help="this course alone")
    parser.add_argument("--ties", help="order events of equal time by a hash with this salt, not by id")
    parser.add_argument("--refusals", action="store_true", help="print what is refused instead, one a line")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    at = time_millis(arguments.at) if arguments.at else int(time.time() * 1000)
    if at is None:
        parser.error("--at is not RFC 3339")
    replay = Replay(arguments.format, arguments.files, arguments.ties)
    if arguments.refusals:
        for reason, document in replay.refusals:
            print(reason, "not JSON" if document is BAD else json.dumps(document, ensure_ascii=False)[:300])
        return
    json.dump(replay.views(at, arguments.course), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
