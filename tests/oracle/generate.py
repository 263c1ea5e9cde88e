#!/usr/bin/env python3
"""Nasty native events from a seed: out of order, repeated, at every boundary of METRICS.md.

    python3 tests/oracle/generate.py --seed 7 [--learners 12] [--shuffle] > events.ndjson

The same arguments give the same bytes. What README.md lists as left open by METRICS.md is left out here, so
that a difference found with these events is a fault: two events of one learner on one object never have the
same time, repeats are exact copies, a heartbeat never runs backwards and keeps its session's rate, and equal
responses within 5 s have no other response between them.
"""

import argparse
import json
import random
import sys
from datetime import datetime, timedelta, timezone

START = datetime(2024, 3, 4, 8, 0, 0, tzinfo=timezone.utc)
RATES = (None, 1, 1.0, 1.25, 1.5, 2, 0.25, 4, 0.2, 4.5, 0, -1)
LENGTHS = (None, None, 120, 120, 120, 119.6, 120.4, 0, -3, 36000, 36000.001, 50000)
EDGES = (0, 0.1, 0.249, 0.25, 0.251, 0.4995, 0.5, 0.501, 4.749, 4.75, 4.751, 4.999, 5, 5.001, 7.2344, 7.2345)
RESPONSES = (
    "a",
    "b",
    "c",
    "Ação é reação",
    ["b", "a"],
    ["a", "b"],
    "a, b",
    "x" * 199 + "1",
    "x" * 200 + "1",
    "x" * 200 + "2",
    "😀" * 201,
)


class Class:
    """Draws one class of learners; `events` collects what they send."""

    def __init__(self, seed, learners):
        self.random = random.Random(seed)
        self.events = []
        self.count = 0
        self.learners = ["learner-%02d" % n for n in range(learners)] + ["Ana Müller", "staff-1", "test-1"]

    def draw(self):
        for course in ("algebra-2024", "história/2024"):
            for learner in self.learners:
                for n in range(4):
                    if self.random.random() < 0.8:
                        self.watch(course, learner, "%s-video-%d" % (course, n))
                for n in range(3):
                    if self.random.random() < 0.8:
                        self.answer(course, learner, "quiz-1", "question-%d" % n)
                self.others(course, learner)
        self.refused()
        return self.events

    def send(self, kind, course, learner, at, **fields):
        self.count += 1
        event = {"id": "e%d" % self.count, "type": kind, "time": self.spell(at), "learner": learner, "course": course}
        if self.random.random() < 0.05:
            del event["id"]
        if learner.startswith(("staff", "test")):
            event["role"] = learner.split("-")[0]
        elif self.random.random() < 0.1:
            event["role"] = "learner"
        if self.random.random() < 0.1:
            event["title"] = "Título %d" % self.random.randrange(5)
        event.update((name, value) for name, value in fields.items() if value is not None)
        self.events.append(event)

    def spell(self, at):
        """One instant in different spellings."""
        at = START + timedelta(milliseconds=at)
        which = self.random.randrange(5)
        if which == 0:
            return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"
        if which == 1:
            return at.astimezone(timezone(timedelta(hours=-3))).isoformat(timespec="milliseconds")
        if which == 2:
            return at.replace(tzinfo=None).isoformat(timespec="milliseconds")
        return at.isoformat(timespec="milliseconds")

    # video

    def watch(self, course, learner, video):
        """Some sessions, one after the other in time; those without id are far apart, or just not."""
        at = self.random.randrange(7 * 86_400_000)
        for n in range(self.random.randrange(1, 5)):
            session = self.random.choice((None, "s%d" % n, "s%d" % n, "s0"))
            kind = self.random.choice((self.heartbeats, self.heartbeats, self.pairs, self.pairs, self.mixed, self.gap))
            at = kind(course, learner, video, at, session)
            at += 3 * 3_600_000 + self.random.randrange(3_600_000)

    def length(self):
        return self.random.choice(LENGTHS)

    def position(self):
        return round(self.random.randrange(26) * 5 + self.random.choice(EDGES), 4)

    def heartbeats(self, course, learner, video, at, session):
        rate = self.random.choice(RATES) if session != "s0" else 1
        start = self.position()
        for _ in range(self.random.randrange(1, 8)):
            end = round(start + self.random.choice((0, 0.249, 0.25, 1, 5, 10, 29.9995, 300, 300.001, 400)), 4)
            at += self.random.randrange(1, 60_000)
            fields = {"video": video, "from": start, "to": end, "rate": rate, "session": session}
            self.send("video.watched", course, learner, at, length=self.length(), **fields)
            start = max(0, round(min(end, start + 300) + self.random.choice((0, 0, 0, 1, -1, 1.001, -1.001, 20)), 4))
            if start > 400:
                start = self.position()
        return at

    def pairs(self, course, learner, video, at, session):
        for _ in range(self.random.randrange(2, 12)):
            at += self.random.choice((1, 200, 5_000, 30_000, 120_000, self.random.randrange(1, 20 * 60_000)))
            kind = self.random.choice(("played", "played", "played", "paused", "seeked", "completed", "terminated"))
            fields = {"video": video, "length": self.length(), "session": session}
            if kind == "seeked":
                fields.update({"from": self.position(), "to": self.position()})
            else:
                fields.update(position=self.position(), rate=self.random.choice(RATES))
            self.send("video." + kind, course, learner, at, **fields)
        return at

    def mixed(self, course, learner, video, at, session):
        """Pairs with one heartbeat: the heartbeats count, the pairs do not."""
        at = self.pairs(course, learner, video, at, session)
        return self.heartbeats(course, learner, video, at, session)

    def gap(self, course, learner, video, at, session):
        """A play and a pause as far apart as one session may be, or 1 ms more."""
        rate = self.random.choice((1, 2, 0.5))
        watched = self.random.choice((0, 60, 100))
        self.send("video.played", course, learner, at, video=video, position=3, rate=rate, session=session, length=120)
        at += 1_800_000 + int(watched * 1000 / rate) + self.random.randrange(2)
        fields = {"video": video, "position": 3 + watched, "session": session}
        self.send("video.paused", course, learner, at, **fields)
        return at

    # quiz

    def answer(self, course, learner, quiz, question):
        at = self.random.randrange(7 * 86_400_000)
        numbered = self.random.random() < 0.5
        for number in self.random.sample((1, 2, 3, 9, 10, 11), self.random.randrange(1, 5)):
            response = self.random.choice(RESPONSES)
            attempt = number if numbered else None
            for _ in range(self.random.randrange(1, 5)):
                self.submit(course, learner, quiz, question, at, attempt, response)
                at += self.random.choice((1, 900, 4_999, 5_000, 5_001, 9_000))
            at += self.random.randrange(10_000, 86_400_000)
        if self.random.random() < 0.3:
            self.submit(course, learner, quiz, question, at, None if numbered else 2, "late")

    def submit(self, course, learner, quiz, question, at, attempt, response):
        fields = {"quiz": quiz, "question": question, "attempt": attempt}
        if self.random.random() < 0.9:
            fields["response"] = response
        else:
            fields["response"] = response if attempt is None else None
        if self.random.random() < 0.6:
            fields["correct"] = self.random.random() < 0.5
        if self.random.random() < 0.5:
            fields["score"] = self.random.choice((0, 1, 2, 2.5, 3, 5, -1, 1 / 3))
            fields["max_score"] = self.random.choice((1, 3, 3, 4, 0, -2, 7))
        fields["elapsed"] = self.random.choice((None, 0, 0.4, 59.9994, 59.9995, 12, 3599.9, 3600, 3601, 99999))
        self.send("quiz.answered", course, learner, at, **fields)

    # the rest

    def others(self, course, learner):
        def when():
            return self.random.randrange(9 * 86_400_000)

        self.send("course.enrolled", course, learner, when())
        self.send("activity.viewed", course, learner, when(), object="page-%d" % self.random.randrange(3))
        self.send("quiz.started", course, learner, when(), quiz="quiz-1", attempt=1)
        self.send("quiz.submitted", course, learner, when(), quiz="quiz-1", attempt=1, score=2, max_score=3)
        if learner.startswith("staff"):
            self.send("object.described", course, learner, when(), object="page-1", title="Página", section="1")
            self.send("course.unenrolled", course, learner, when())
            self.send("course.completed", course, learner, when())

    def refused(self):
        whole = {"type": "activity.viewed", "time": "2024-03-05T10:00:00Z", "learner": "x", "course": "algebra-2024"}
        whole["object"] = "page-1"
        for name, values in (
            ("learner", ("", None, "anonymous")),
            ("course", ("", None)),
            ("time", ("", None)),
            ("type", ("video.danced", None)),
        ):
            for value in values:
                self.count += 1
                self.events.append(dict(whole, id="r%d" % self.count, **{name: value}))


def generate(seed, learners=12):
    """The events of a class, some twice, in the order in which they arrive."""
    drawn = Class(seed, learners).draw()
    chance = random.Random(seed + 1_000_000)
    arriving = []
    for event in drawn:
        arriving.append(event)
        if chance.random() < 0.1:
            arriving.insert(chance.randrange(len(arriving)), event)
    return arriving


def lines(events, shuffle=None):
    """NDJSON; shuffled when a seed is given."""
    events = list(events)
    if shuffle is not None:
        random.Random(shuffle).shuffle(events)
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--learners", type=int, default=12)
    parser.add_argument("--shuffle", action="store_true")
    arguments = parser.parse_args()
    events = generate(arguments.seed, arguments.learners)
    sys.stdout.write(lines(events, arguments.seed if arguments.shuffle else None))


if __name__ == "__main__":
    main()
