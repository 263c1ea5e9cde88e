#!/usr/bin/env python3
"""Replays inputs with `trilha`, asks it for its views, and compares them with the oracle's.

    TRILHA_BIN=target/release/trilha python3 tests/oracle/run.py [--only TEXT] [--seeds N] [--jobs N] [--keep DIR]

A suite passes when every course of its input is equal in every field at two instants. Ends with
`N passed, N failed, N skipped`; exit 1 when any failed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import suites
from compare import compare
from generate import generate, lines
from oracle import Replay
from values import time_text

SALTS = (None, "1", "2", "3")
SHOWN = 12
TIMEOUT = 600
ACTIVITY = re.compile(r"course: .*: (?:at .* )?oracle (\d+), product (\d+)$")


class ProductFailed(Exception):
    """The command did not end well; the argument says how."""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="suites whose name holds this text")
    parser.add_argument("--seeds", type=int, default=6, help="generated classes")
    parser.add_argument("--jobs", type=int, default=2, help="suites at a time")
    parser.add_argument("--keep", help="keep inputs and data folders in this folder")
    arguments = parser.parse_args()
    binary = os.environ.get("TRILHA_BIN")
    if not binary or not os.path.isfile(binary):
        sys.exit("set TRILHA_BIN to the path of the built `trilha`")
    work = arguments.keep or tempfile.mkdtemp(prefix="trilha-oracle-")
    os.makedirs(work, exist_ok=True)
    try:
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        chosen = [suite for suite in all_suites(work, arguments.seeds) if arguments.only in suite.name]
        folders = [os.path.join(work, "data-%d" % number) for number in range(len(chosen))]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            for outcome, text in pool.map(run, [os.path.abspath(binary)] * len(chosen), chosen, folders):
                print(text, flush=True)
                counts[outcome] += 1
    finally:
        if not arguments.keep:
            shutil.rmtree(work, ignore_errors=True)
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % counts)
    sys.exit(1 if counts["failed"] else 0)


def all_suites(work, seeds):
    yield from suites.golden()
    for seed in range(1, seeds + 1):
        yield from generated(work, seed)
    yield from suites.fixtures()


def generated(work, seed):
    """One class in file order, shuffled, twice, and in two halves."""
    events = generate(seed)

    def write(name, part, shuffle=None):
        path = os.path.join(work, "seed-%d-%s.ndjson" % (seed, name))
        with open(path, "w", encoding="utf-8") as file:
            file.write(lines(part, shuffle))
        return path

    whole = write("whole", events)
    half = len(events) // 2
    first, second = write("first", events[:half], seed), write("second", events[half:], seed)
    name = "generated, seed %d" % seed
    yield suites.Suite(name, "native", [[whole]])
    yield suites.Suite(name + ", shuffled", "native", [[write("shuffled", events, seed)]])
    yield suites.Suite(name + ", twice", "native", [[whole], [whole]])
    yield suites.Suite(name + ", in two halves, the later first", "native", [[second], [first]])


def run(binary, suite, data):
    """("passed", "failed" or "skipped", a line or more for a person)."""
    if suite.replays is None:
        return "skipped", "skipped  %s: the folder is absent" % suite.name
    try:
        differences, notes = check(binary, suite, data)
    except ProductFailed as failure:
        differences, notes = [str(failure)], []
    outcome = "failed" if differences else "passed"
    text = ["%-8s %s" % (outcome, suite.name)]
    text += ["           note: " + line for line in notes[:SHOWN]]
    text += ["           " + line for line in differences[:SHOWN]]
    if len(differences) > SHOWN:
        text.append("           and %d more differences" % (len(differences) - SHOWN))
    return outcome, "\n".join(text)


def check(binary, suite, data):
    """(differences, notes) of a suite."""
    reports = [
        _json(binary, "replay", "--data", data, "--format", suite.format, *paths, "--json") for paths in suite.replays
    ]
    accepted = sum(report.get("accepted", 0) for report in reports)
    once = [path for paths in suite.replays for path in paths]
    oracles = [Replay(suite.format, once, salt) for salt in SALTS]
    differences, notes = [], _counts(suite, oracles[0], reports[-1])
    for course, events in sorted(oracles[0].courses().items()):
        for at in instants(events):
            command = ("views", "--data", data, "--course", course, "--json", "--at", time_text(at))
            actual = _json(binary, *command)
            expected = [oracle.views(at, course)["courses"][course] for oracle in oracles]
            found, said = compare_any(expected, actual)
            if suite.format != "native" and accepted > oracles[0].accepted:
                found, more = other_activity(found)
                said += more
            differences += ["%s at %s: %s" % (course, time_text(at), line) for line in found]
            notes += ["%s: %s" % (course, line) for line in said]
    return differences, list(dict.fromkeys(notes))


def instants(events):
    """The minute of the last event, and that of the event in the middle."""
    times = sorted(event.time for event in events)
    return sorted({times[-1], times[len(times) // 2]})


def other_activity(differences):
    """(differences, notes): of formats other than native the product also reads page views, rosters and quizzes begun
    or handed in, which the oracle refuses; they make learners active, so more of those than the oracle's is a note."""
    def is_more(line):
        counts = ACTIVITY.match(line)
        return counts is not None and int(counts[1]) < int(counts[2])

    return [line for line in differences if not is_more(line)], [line for line in differences if is_more(line)]


def compare_any(expected, actual):
    """Compares with the first answer; an item that depends on the order of equal times may equal any."""
    differences, notes = compare(expected[0], actual)
    for section in ("videos", "questions"):
        for index, item in enumerate(expected[0][section]):
            variants = [other[section][index] for other in expected[1:]]
            if all(variant == item for variant in variants):
                continue
            label = " / ".join(item[key] for key in ("quiz", "question", "video") if key in item)
            mine = [line for line in differences if line.split(" ", 1)[1].startswith(label + ": ")]
            differences = [line for line in differences if line not in mine]
            equal = not mine or any(not _item(expected[0], section, variant, actual, label) for variant in variants)
            outcome = "equals one of the orders" if equal else "UNDETERMINED, differs from all tried"
            notes.append("%s depends on the order of events of equal time: %s" % (label, outcome))
    return differences, notes


def _item(course, section, variant, actual, label):
    """The differences of one item."""
    alone = {"course": course["course"], "videos": [], "questions": [], section: [variant]}
    lines_ = compare(alone, actual)[0]
    return [line for line in lines_ if line.split(" ", 1)[1].startswith(label + ": ")]


def _counts(suite, oracle, report):
    """Accepted and refused, as notes: which reason comes first is not defined anywhere."""
    notes = []
    accepted, rejected = report.get("accepted"), report.get("rejected")
    if len(suite.replays) > 1:
        return notes
    if accepted is not None and accepted != oracle.accepted:
        notes.append("accepted: oracle %d, product %s" % (oracle.accepted, accepted))
    if rejected is not None and rejected not in (dict(oracle.rejected), sum(oracle.rejected.values())):
        notes.append("rejected: oracle %s, product %s" % (dict(sorted(oracle.rejected.items())), rejected))
    return notes


def _json(binary, *command):
    """The JSON object that a command prints."""
    try:
        done = subprocess.run((binary,) + command, capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProductFailed("trilha %s: %s" % (command[0], error)) from error
    output = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-600:]
        raise ProductFailed("trilha %s ended with %d: %s" % (command[0], done.returncode, said))
    for candidate in (output, output.splitlines()[-1] if output else ""):
        try:
            answer = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(answer, dict):
            return answer
    raise ProductFailed("trilha %s printed no JSON object: %s" % (command[0], output[:300]))


if __name__ == "__main__":
    main()
