#!/usr/bin/env python3
"""Tests of the oracle itself: expectations computed by hand from METRICS.md.

    python3 tests/oracle/test_oracle.py
"""

import copy
import gzip
import json
import os
import random
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import generate  # noqa: E402
from compare import compare  # noqa: E402
from events import Event  # noqa: E402
from inputs import BAD, documents  # noqa: E402
from oracle import Replay  # noqa: E402
from quiz import attempts_of  # noqa: E402
from run import other_activity  # noqa: E402
from values import duration_seconds, millis, time_millis  # noqa: E402
from video import closed_pairs  # noqa: E402

AT = time_millis("2024-05-06T10:30:30Z")


def views(name, course="turma-1", at=AT):
    """The oracle's answer for one course of a golden file."""
    path = os.path.join(HERE, "golden", name + ".ndjson")
    return Replay(name.split("-")[0], [path]).views(at)["courses"][course]


def video(answer, name):
    return next(item for item in answer["videos"] if item["video"] == name)


def question(answer, name, quiz="quiz"):
    return next(item for item in answer["questions"] if (item["quiz"], item["question"]) == (quiz, name))


def given(responses):
    return {entry["response"]: entry["learners"] for entry in responses}


class Values(unittest.TestCase):
    def test_seconds_become_milliseconds_by_rounding_half_up(self):
        for seconds, expected in ((0, 0), (1.0004, 1000), (1.0005, 1000 + 1), (9.9995, 10000), ("12.5", 12500)):
            self.assertEqual(millis(seconds), expected, seconds)
        for nothing in (None, True, "", "x", "nan", [], "1_0"):
            self.assertIsNone(millis(nothing), nothing)

    def test_times_in_all_spellings(self):
        noon = 1_715_000_400_000 - 1_715_000_400_000 % 86_400_000 + 43_200_000
        day = "2024-05-06T"
        for text in ("12:00:00Z", "12:00:00", "12:00:00.000+00:00", "09:00:00-03:00", "13:30:00+0130", "12:00:00.0004Z"):
            self.assertEqual(time_millis(day + text), noon, text)
        self.assertEqual(time_millis(day + "12:00:00.0005Z"), noon + 1)
        for text in ("2024-02-30T00:00:00Z", "2024-05-06", "soon", "", None, 5):
            self.assertIsNone(time_millis(text), text)

    def test_durations(self):
        for text, expected in (("PT3M15S", 195), ("P0D", 0), ("P0Y0M0DT0H0M15S", 15), ("PT05M21S", 321), (7, 7)):
            self.assertEqual(duration_seconds(text), expected, text)
        self.assertEqual(millis(duration_seconds("PT1M0.331156S")), 60331)
        self.assertIsNone(duration_seconds("soon"))

    def test_played_segments(self):
        self.assertEqual(closed_pairs("0[.]42.6[,]43.1"), [(0, 42600)])
        self.assertEqual(closed_pairs("1[.]1[,]x[.]2[,]3[.]4[.]5[,]6[.]7"), [(1000, 1000), (6000, 7000)])
        self.assertEqual(closed_pairs(""), [])


class Inputs(unittest.TestCase):
    def read(self, content):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            return list(documents([file.name]))

    def test_all_shapes_of_a_file(self):
        self.assertEqual(self.read(b'[{"a": 1}, {"a": 2}]'), [{"a": 1}, {"a": 2}])
        self.assertEqual(self.read(b'{\n "a": 1\n}\n'), [{"a": 1}])
        self.assertEqual(self.read(b'# said\n\n{"a": 1}\n{"a": 2}\n'), [{"a": 1}, {"a": 2}])
        self.assertEqual(self.read(gzip.compress(b'{"a": 1}\n{"a": 2}\n')), [{"a": 1}, {"a": 2}])
        self.assertEqual(self.read(b'{"a": 1}\n{"a": NaN}\nhello\n'), [{"a": 1}, BAD, BAD])


class Heartbeats(unittest.TestCase):
    answer = views("native-heartbeats")

    def check(self, name, content_time, viewers, plays, watch_time=None):
        got = video(self.answer, name)
        self.assertEqual((got["content_time"], got["viewers"], got["plays"]), (content_time, viewers, plays), name)
        self.assertEqual(got["watch_time"], content_time if watch_time is None else watch_time, name)

    def test_runs(self):
        self.check("run", 40 + 8.999, 1, 1)
        self.assertEqual(video(self.answer, "run")["bins"]["views"], [1] * 10 + [0, 0])
        self.check("overlap", 20, 1, 1)
        self.check("late", 30, 1, 1)

    def test_over_five_minutes_is_cut(self):
        self.check("long", 300 + 300 + 300 + 310, 4, 4)

    def test_rates_that_count(self):
        self.check("rate", 100, 5, 5, watch_time=10 + 80 + 20 + 20 + 5)

    def test_heartbeats_come_before_pairs(self):
        self.check("wins", 3, 1, 1)

    def test_shorter_than_a_quarter_second(self):
        self.check("short", 0.25, 1, 1)

    def test_without_length_nothing_depends_on_it(self):
        got = video(self.answer, "late")
        for field in ("length", "completed", "completion_rate", "average_coverage"):
            self.assertIsNone(got[field], field)


class Pairs(unittest.TestCase):
    def test_each_rule(self):
        answer = views("native-pairs")
        for name, content, watched in (
            ("plain", 10, 10),
            ("cut", 10 * 1.1 + 5, 16),
            ("cut-rate", 27, 13.5),
            ("cut-bad-rate", 16, 16),
            ("seek-playing", 20 + 20, 20),
            ("seek-paused", 0, 0),
            ("backwards", 0, 0),
            ("backwards-seek", 10, 10),
            ("play-play", 15, 15),
            ("never", 0, 0),
            ("ends", 15, 15),
            ("clamp", 12, 12),
            ("short", 0.25, 0.25),
            ("late", 10, 10),
            ("rounding", 10, 10),
        ):
            got = video(answer, name)
            self.assertEqual((got["content_time"], got["watch_time"]), (content, watched), name)
            self.assertEqual(got["viewers"], 1 if content else 0, name)

    def test_what_closes_a_play_that_nothing_closes(self):
        answer = views("xapi-video")
        # a: 20 s at 1.5; b: one millisecond too late; c: exactly 30 minutes
        self.assertEqual(video(answer, "other")["content_time"], 30 + 0 + 1800)
        self.assertEqual(video(answer, "other")["watch_time"], 20 + 1800)
        self.assertEqual(video(answer, "other-ignored")["content_time"], 10)


class Sessions(unittest.TestCase):
    answer = views("native-sessions")

    def test_the_gap_between_events_without_session(self):
        for name, content, plays in (
            ("gap-held", 10, 1),
            ("gap-cut", 0, 0),
            ("gap-rate", 0, 0),
            ("gap-two", 20, 2),
            ("ids", 10 + 10 + 10 + 5, 3),
        ):
            got = video(self.answer, name)
            self.assertEqual((got["content_time"], got["plays"]), (content, plays), name)

    def test_the_length_most_learners_reported(self):
        for name, length in (("lengths", 100), ("length-tie", 120), ("ten-hours", 36000), ("staff", 10)):
            self.assertEqual(video(self.answer, name)["length"], length, name)

    def test_each_learner_is_clamped_to_its_own_length(self):
        got = video(self.answer, "own-length")
        self.assertEqual(got["content_time"], 30 + 40 + 10 + 1)
        self.assertEqual(got["average_coverage"], (30 + 30 + 10 + 1) / (30 * 4))
        self.assertEqual((got["completed"], got["completion_rate"]), (2, 0.5))

    def test_staff_and_test_do_not_count(self):
        self.assertEqual(video(self.answer, "staff")["viewers"], 1)


class Bins(unittest.TestCase):
    answer = views("native-bins")

    def check(self, name, views_, viewers, drop_off):
        got = video(self.answer, name)
        self.assertEqual(got["bins"], {"width": 5, "views": views_, "viewers": viewers}, name)
        self.assertEqual(got["drop_off"], drop_off, name)
        self.assertEqual(got["rewatches"], [a - b for a, b in zip(views_, viewers)], name)

    def test_edges(self):
        self.check("edges", [3, 3, 0], [3, 3, 0], {"bin": 2, "lost": 3})
        self.check("tail", [2, 2, 1], [2, 2, 1], {"bin": 2, "lost": 1})
        self.check("rounded", [1, 1, 1], [1, 1, 1], None)
        self.check("tiny", [1], [1], None)
        self.check("touching", [1, 1], [1, 1], None)
        self.check("beyond", [3, 3], [3, 3], None)

    def test_rewatches_and_drop_off(self):
        self.check("rewatch", [4, 3, 1, 1], [2, 2, 1, 1], {"bin": 2, "lost": 1})
        self.assertEqual(video(self.answer, "rewatch")["retention"], [1.0, 1.0, 0.5, 0.5])

    def test_seconds_and_threshold(self):
        got = video(self.answer, "seconds")
        self.assertEqual((got["completed"], got["average_coverage"]), (2, (19 + 18 + 19) / (20 * 3)))
        self.assertEqual(video(self.answer, "rounded")["average_coverage"], 10 / 11)
        self.assertEqual(video(self.answer, "tiny")["completed"], 0)
        self.assertEqual(video(self.answer, "beyond")["content_time"], 40)


class XapiVideo(unittest.TestCase):
    answer = views("xapi-video")

    def test_which_list_speaks_for_a_session(self):
        for name, content in (("segments", 20), ("zero", 5), ("sum", 8), ("by-id", 5), ("empty", 0), ("open", 0), ("negative", 5)):
            self.assertEqual(video(self.answer, name)["content_time"], content, name)
        self.assertEqual(video(self.answer, "by-id")["bins"]["views"], [1])
        self.assertEqual(video(self.answer, "segments")["bins"]["views"][:7], [1, 1, 0, 0, 1, 1, 0])

    def test_speed_and_sessions(self):
        self.assertEqual((video(self.answer, "pairs")["content_time"], video(self.answer, "pairs")["watch_time"]), (20, 10))
        self.assertEqual(video(self.answer, "registration")["plays"], 2)
        self.assertEqual(video(self.answer, "registration")["content_time"], 3 + 4)
        self.assertEqual(video(self.answer, "gap")["plays"], 2)

    def test_length_and_threshold(self):
        self.assertEqual(video(self.answer, "segments")["threshold"], 0.3)
        self.assertEqual(video(self.answer, "thresholds")["threshold"], 0.9)
        self.assertEqual(video(self.answer, "length-in-result")["length"], 12.5)
        got = video(self.answer, "initialized")
        self.assertEqual((got["length"], got["threshold"], got["viewers"]), (33, 1.0, 0))

    def test_identity(self):
        self.assertEqual(video(self.answer, "learners")["viewers"], 2)
        self.assertEqual(video(self.answer, "learners")["plays"], 3)
        self.assertEqual(video(self.answer, "course")["viewers"], 2)
        self.assertEqual(video(views("xapi-video", "module-1"), "course")["viewers"], 1)


class Quiz(unittest.TestCase):
    answer = views("native-quiz")

    def check(self, name, learners, attempts, facility, final, correct):
        got = question(self.answer, name)
        values = tuple(got[field] for field in ("learners", "attempts", "facility", "final_facility"))
        self.assertEqual(values + (got["correct_first_attempt"],), (learners, attempts, facility, final, correct), name)

    def test_order_of_attempts(self):
        self.check("numbers", 2, 3, (0.25 + 1) / 2, 1.0, 0.5)
        self.assertEqual(given(question(self.answer, "numbers")["responses_last"]), {"ten": 1, "one": 1})
        self.check("after-numbers", 1, 2, 1.0, 0.0, 1.0)
        self.check("late", 1, 2, 0.0, 1.0, 0.0)

    def test_regrade(self):
        self.check("regrade", 1, 1, 1.0, 1.0, 1.0)

    def test_a_later_scaled_score_wins_over_the_flag_alone(self):
        first = Event("quiz.answered", "", "a", "c", "1", correct=True, time=1)
        self.assertEqual([a.score for a in attempts_of([first])], [1_000_000])
        scaled = Event("quiz.answered", "", "a", "c", "2", scaled=0.5, time=2)
        first.attempt_number = scaled.attempt_number = 1
        self.assertEqual([a.score for a in attempts_of([first, scaled])], [500_000])

    def test_copies_of_one_submission(self):
        self.check("loose", 1, 3, 0.0, 1.0, 0.0)
        self.check("loose-lists", 2, 2, None, None, 0.0)
        self.assertEqual(given(question(self.answer, "loose-lists")["responses_first"]), {"a, b": 2})

    def test_scores(self):
        self.check("scores", 7, 7, (333333 + 1000000 + 0 + 1000000) / 4_000_000, 2333333 / 4_000_000, 2 / 7)
        self.check("flag", 4, 4, 2500000 / 3_000_000, 2500000 / 3_000_000, 2 / 4)

    def test_sixty_responses(self):
        got = question(self.answer, "many")
        shown = [entry["response"] for entry in got["responses_first"]]
        self.assertEqual(shown[:4], ["r07", "r12", "r00", "r01"])
        self.assertEqual((len(shown), shown[-1], got["responses_first_other"]), (50, "r49", 10))

    def test_long_responses_are_cut(self):
        got = given(question(self.answer, "cut")["responses_first"])
        self.assertEqual(got, {"é" * 200: 2, "é" * 199 + "1": 1})

    def test_elapsed(self):
        histogram = [{"seconds": second, "attempts": 1} for second in (0, 12, 60, 3600)]
        self.assertEqual(question(self.answer, "elapsed")["elapsed"], {"median": 12, "histogram": histogram})

    def test_the_same_question_in_another_quiz(self):
        self.assertEqual(question(self.answer, "numbers", "other")["facility"], 0.0)


class XapiQuiz(unittest.TestCase):
    answer = views("xapi-quiz")

    def test_verbs_scores_and_attempts(self):
        self.assertEqual(question(self.answer, "verbs")["learners"], 4)
        self.assertEqual(question(self.answer, "scores")["facility"], (0.25 + 1 + 0.7 + 0) / 4)
        got = question(self.answer, "attempts")
        self.assertEqual((got["learners"], got["attempts"]), (2, 4))
        self.assertEqual(given(got["responses_last"]), {"n2": 1, "two": 1})
        self.assertEqual(question(self.answer, "copies")["attempts"], 1)

    def test_children_count_their_parent_does_not(self):
        names = [item["question"] for item in self.answer["questions"] if item["quiz"] == "group"]
        self.assertEqual(names, ["group_1", "group_2"])
        self.assertEqual(question(self.answer, "whole", "whole")["learners"], 1)
        self.assertEqual(question(self.answer, "whole_1", "whole")["learners"], 2)
        self.assertEqual(question(self.answer, "alone", "alone")["elapsed"]["median"], 60)


class OtherFormats(unittest.TestCase):
    def test_open_edx(self):
        answer = views("edx-log", "course-v1:Ex+T+1")
        for name, content in (("v", 10 + 10), ("old", 4), ("done", 12 + 3 + 8), ("inproc", 5 + 4)):
            self.assertEqual(video(answer, name)["content_time"], content, name)
        self.assertEqual(given(question(answer, "p_2_1", "p")["responses_first"]), {"b, d": 1, "x": 1})
        self.assertEqual(question(answer, "p_4_1", "p")["facility"], 0.5)
        self.assertEqual(question(answer, "p_4_1", "p")["final_facility"], 0.25)
        self.assertEqual(question(answer, "q_2_1", "q")["attempts"], 2)

    def test_caliper(self):
        answer = views("caliper-events")
        for name, content in (("v", 5 + 5 + 5 + 4), ("w", 9)):
            self.assertEqual(video(answer, name)["content_time"], content, name)
        got = question(answer, "item-1")
        self.assertEqual((got["learners"], got["attempts"], got["facility"]), (2, 2, (0.75 + 1) / 2))
        got = question(answer, "item-2", "item-2")
        self.assertEqual((got["attempts"], given(got["responses_last"])), (2, {"v2": 1}))

    def test_what_is_refused(self):
        for name, expected in (
            ("native-course", {"bad_json": 1, "no_course": 1, "no_learner": 4, "time_missing": 2, "unsupported": 1}),
            ("xapi-video", {"no_course": 1, "no_learner": 2, "time_missing": 1}),
            ("caliper-events", {"no_course": 1, "no_learner": 2, "time_missing": 1, "unsupported": 4}),
        ):
            path = os.path.join(HERE, "golden", name + ".ndjson")
            self.assertEqual(dict(Replay(name.split("-")[0], [path]).rejected), expected, name)


class Course(unittest.TestCase):
    def test_active_learners(self):
        got = views("native-course")["course"]
        self.assertEqual((got["learners"], got["active_5m"], got["active_today"], got["active_7d"]), (9, 4, 6, 8))
        self.assertEqual(got["minutes"][-1], {"minute": "2024-05-06T10:30:00Z", "learners": 1})
        self.assertEqual(views("native-course", "turma-2")["course"]["learners"], 1)


class Generated(unittest.TestCase):
    def answer(self, content, salt=None):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".ndjson") as file:
            file.write(content)
            file.flush()
            return Replay("native", [file.name], salt).views(time_millis("2024-03-08T12:00:00Z"))

    def test_neither_order_nor_repeats_nor_ties_matter(self):
        for seed in range(1, 4):
            events = generate.generate(seed)
            once = self.answer(generate.lines(events))
            self.assertEqual(self.answer(generate.lines(events, shuffle=seed), "salt"), once)
            twice = self.answer(generate.lines(events + events))
            self.assertEqual(twice["courses"], once["courses"])

    def test_the_same_seed_gives_the_same_bytes(self):
        self.assertEqual(generate.lines(generate.generate(5)), generate.lines(generate.generate(5)))
        self.assertNotEqual(generate.lines(generate.generate(5)), generate.lines(generate.generate(6)))


class Compare(unittest.TestCase):
    def test_equal_answers_have_no_difference(self):
        for name in ("native-bins", "native-quiz"):
            answer = views(name)
            self.assertEqual(compare(answer, json.loads(json.dumps(answer))), ([], []))

    def test_every_changed_number_is_found(self):
        answer = views("native-bins")
        answer["questions"] = views("native-quiz")["questions"]
        chance = random.Random(1)
        places = [place for place in _numbers(answer, ()) if "minute" not in place]
        for place in chance.sample(places, 80):
            changed = copy.deepcopy(answer)
            inner = changed
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] += 1
            self.assertTrue(compare(answer, changed)[0], place)

    def test_what_is_missing_is_found(self):
        answer = views("native-bins")
        for path in (("videos", 0), ("videos", 0, "bins", "views", 0), ("course", "learners"), ("course", "minutes")):
            changed = copy.deepcopy(answer)
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            del inner[path[-1]]
            self.assertTrue(compare(answer, changed)[0], path)

    def test_a_double_off_by_its_last_bit_is_found(self):
        answer = views("native-bins")
        changed = copy.deepcopy(answer)
        changed["videos"][0]["average_coverage"] = 0.9999999999999999
        self.assertEqual(len(compare(answer, changed)[0]), 1)

    def test_more_activity_is_a_note_and_less_is_not(self):
        more = ["course: learners: oracle 3, product 4", "course: minutes: at 5 min since 1970 oracle 0, product 1"]
        less = ["course: learners: oracle 4, product 3", "video v: viewers: oracle 3, product 4"]
        self.assertEqual(other_activity(more + less), (less, more))

    def test_no_viewers_have_no_retention_by_either_spelling(self):
        answer = views("native-bins")
        answer["videos"][0]["retention"] = None
        changed = copy.deepcopy(answer)
        changed["videos"][0]["retention"] = []
        self.assertEqual(compare(answer, changed)[0], [])
        changed["videos"][0]["retention"] = [0.0]
        self.assertEqual(len(compare(answer, changed)[0]), 1)

    def test_minutes_in_a_window_and_in_other_spellings(self):
        answer = views("native-course")
        minutes = answer["course"]["minutes"]
        last = [(time_millis(entry["minute"]), entry["learners"]) for entry in minutes[-3:]]
        for spelling in (
            [{"minute": minute // 60_000, "learners": count} for minute, count in last],
            [[minute // 1000, count] for minute, count in last] + [[AT // 60_000 * 60 + 60, 0]],
        ):
            changed = dict(answer, course=dict(answer["course"], minutes=spelling))
            self.assertEqual(compare(answer, changed)[0], [])
        changed = dict(answer, course=dict(answer["course"], minutes=minutes[-5:-3] + minutes[-2:]))
        self.assertEqual(len(compare(answer, changed)[0]), 1)


def _numbers(value, path):
    """The path of every number."""
    if isinstance(value, dict):
        return [found for key in value for found in _numbers(value[key], path + (key,))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in _numbers(item, path + (index,))]
    return [path] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


STAND_IN = """#!%s
import json, os, sys
sys.path.insert(0, %r)
from oracle import Replay
from values import time_millis
arguments = sys.argv[1:]
def option(name): return arguments[arguments.index(name) + 1]
log = option("--data") + ".json"
if arguments[0] == "replay":
    replays = json.load(open(log)) if os.path.exists(log) else []
    start = arguments.index("--format") + 2
    replays.append([option("--format"), [a for a in arguments[start:] if a != "--json"]])
    json.dump(replays, open(log, "w"))
    replay = Replay(*replays[-1])
    print(json.dumps({"accepted": replay.accepted, "rejected": replay.rejected}))
else:
    replays = json.load(open(log))
    replay = Replay(replays[0][0], [path for _, paths in replays for path in paths])
    answer = replay.views(time_millis(option("--at")), option("--course"))["courses"][option("--course")]
    for video in answer["videos"]:
        if %r and video["bins"]["views"]:
            video["bins"]["views"][0] += 1
    print(json.dumps(answer))
"""


class Run(unittest.TestCase):
    """`run.py` with a stand-in for the product: the oracle itself, right or wrong in one bin."""

    def run_with(self, wrong, only):
        with tempfile.TemporaryDirectory() as folder:
            binary = os.path.join(folder, "trilha")
            with open(binary, "w", encoding="utf-8") as file:
                file.write(STAND_IN % (sys.executable, HERE, wrong))
            os.chmod(binary, os.stat(binary).st_mode | stat.S_IXUSR)
            command = [sys.executable, os.path.join(HERE, "run.py"), "--only", only, "--seeds", "1"]
            return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, TRILHA_BIN=binary))

    def test_a_right_product_passes(self):
        done = self.run_with(False, "golden native")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "12 passed, 0 failed, 0 skipped"), done)

    def test_a_wrong_product_fails(self):
        done = self.run_with(True, "golden native-bins")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, "0 passed, 2 failed, 0 skipped"), done)
        self.assertIn("bins.views[0]: oracle 3, product 4", done.stdout)

    def test_a_product_that_fails_is_said_so(self):
        command = [sys.executable, os.path.join(HERE, "run.py"), "--only", "golden native-bins"]
        done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, TRILHA_BIN="/bin/false"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("trilha replay ended with 1", done.stdout)


if __name__ == "__main__":
    unittest.main()
