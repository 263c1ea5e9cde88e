"""What the tests share: where things are, waiting, and the processes of ours that they start."""

import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

import boto3

import standins

ROOT = Path(__file__).resolve().parents[2]
AWS = ROOT / "infra/aws"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
TRILHA, TRILHA_AWS = TARGET / "trilha", TARGET / "trilha-aws"
# How many events a run sends. Past a deadline something is wrong; nothing else is decided by time.
EVENTS = int(os.environ.get("TRILHA_E2E_EVENTS", "20000"))
DEADLINE_SECONDS = 240 + EVENTS // 100
SEED = int(os.environ.get("TRILHA_E2E_SEED", "20261123"))

# Their addresses are those of stand-ins that standins.py has started.
ENDPOINT, KINESIS = os.environ.get("TRILHA_TEST_AWS", ""), os.environ.get("TRILHA_TEST_KINESIS", "")
LOGS = Path(os.environ.get("TRILHA_TEST_LOGS", "."))


def client(service, endpoint=ENDPOINT):
    """A client of a stand-in."""
    if not endpoint:
        raise unittest.SkipTest("no stand-in runs: start these tests with infra/e2e/run")
    return boto3.Session(region_name=standins.ACCOUNT["AWS_REGION"]).client(service, endpoint_url=endpoint)


def until(condition, what, seconds=DEADLINE_SECONDS):
    """Waits for a condition to answer with something, and answers with that."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} seconds: {what() if callable(what) else what}")
        time.sleep(0.1)
    return found


def output(*command, environment=None):
    """What a command of ours prints. It must succeed."""
    done = subprocess.run([str(part) for part in command], env={**standins.plain(), **(environment or {})},
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


class Served:
    """A server of ours, ready when it has said where it is."""

    def __init__(self, *command, environment=None, log):
        self.log = LOGS / log
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(part) for part in command], env={**standins.plain(), **(environment or {})}, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
                preexec_fn=standins.ends_with_its_parent)
        lines = [self.process.stdout.readline().strip() for _ in range(3)]
        if not lines[2]:
            self.process.kill()
            raise AssertionError(f"{command} did not start: {self.tail()}")
        self.address, self.token, self.key = lines[0].split()[-1].rstrip("/"), lines[1].split("token=")[-1], lines[2].split()[-1]

    def end(self):
        """Asks it to stop, and waits for what it has to finish."""
        self.process.terminate()
        status = self.process.wait(DEADLINE_SECONDS)
        if status != 0:
            raise AssertionError(f"exit {status}: {self.tail()}")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def tail(self):
        return self.log.read_text(errors="replace")[-4000:]


def say(line):
    """A line for who reads the run's output."""
    print(line, file=sys.stderr, flush=True)
