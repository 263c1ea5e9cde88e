"""SQL over the lake beside a running `up`, and after its stop.

    TRILHA_BIN=target/release/trilha TRILHA_QUERY_BIN=target/release/trilha-query python3 tests/lake/beside.py
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

TRILHA = os.environ["TRILHA_BIN"]
QUERY = os.environ["TRILHA_QUERY_BIN"]
EVENTS = 500
DEADLINE_SECONDS = 90
SQL = "SELECT count(*) AS events, count(DISTINCT event_id) AS ids, count(DISTINCT learner) AS learners FROM events"


def events():
    for number in range(EVENTS):
        yield {
            "id": str(number), "type": "video.watched", "time": "2026-03-02T18:00:00Z", "learner": f"l{number % 50}",
            "course": "c", "video": "v", "from": number, "to": number + 1,
        }


def send(address, key):
    body = "\n".join(json.dumps(event) for event in events()).encode()
    request = urllib.request.Request(f"{address}v1/events", body, {"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 202 and json.load(answer)["accepted"] == EVENTS


def ask(data):
    """The answer's only row; none while the lake has no table yet."""
    asked = subprocess.run([QUERY, "--data", data, "--json", SQL], capture_output=True, text=True, timeout=60)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)[0]


def announced(process):
    """The address and the write key, from the first lines that `up` prints."""
    lines = [process.stdout.readline().strip() for _ in range(3)]
    return lines[0].split()[-1], lines[2].split()[-1]


def main():
    expected = {"events": EVENTS, "ids": EVENTS, "learners": 50}
    with tempfile.TemporaryDirectory() as data:
        up = subprocess.Popen(
            [TRILHA, "up", "--data", data, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        )
        try:
            send(*announced(up))
            until = time.monotonic() + DEADLINE_SECONDS
            while (row := ask(data)) != expected and time.monotonic() < until:
                assert row["events"] in (0, EVENTS), f"a day is published whole: {row}"
                time.sleep(0.5)
            assert up.poll() is None, "it is still running"
            assert row == expected, f"beside a running up: {row}"
        finally:
            up.terminate()
            up.wait(timeout=60)
        assert ask(data) == expected, "after its stop"
    print("1 passed, 0 failed")


try:
    main()
except AssertionError as error:
    print(f"{error}\n0 passed, 1 failed")
    sys.exit(1)
