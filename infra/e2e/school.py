"""The events of a run: a simulated class that ends now, and their way to a collector."""

import functools
import http.client
import json
import queue
import threading
import time
import urllib.parse
from datetime import datetime, timedelta, timezone
from pathlib import Path

import common

REQUEST_EVENTS = 500
SENDERS = 4
# What lies so close to the limit of lateness would be late in one run and not in another, which comes a little later.
LATE, AROUND = timedelta(hours=48), timedelta(minutes=45)
# How long before the run the last event lies: whatever clock, it is not ahead.
BEFORE = timedelta(minutes=2)
RETRIED = (429, 500, 502, 503, 504)


def time_of(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def text_of(time):
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@functools.cache
def lines(count=common.EVENTS, seed=common.SEED):
    """The class's events, one JSON text each, moved so that the last one has just been."""
    path = common.LOGS / f"class-{count}-{seed}.ndjson"
    common.output(common.TRILHA, "simulate", "--events", count, "--seed", seed, "--out", path)
    events = [json.loads(line) for line in Path(path).read_text().splitlines()]
    now = datetime.now(timezone.utc).replace(microsecond=0)
    shift = now - BEFORE - max(time_of(event["time"]) for event in events)
    moved = []
    for event in events:
        time = time_of(event["time"]) + shift
        if abs(now - time - LATE) > AROUND:
            moved.append(json.dumps(event | {"time": text_of(time)}, separators=(",", ":"), ensure_ascii=False))
    return moved


@functools.cache
def at():
    """The moment for which numbers are asked: after the last event, the same for all runs."""
    return text_of(max(time_of(json.loads(line)["time"]) for line in lines()) + timedelta(minutes=1))


def distinct(of=None):
    """Ids of the events; the class sends some twice."""
    return {json.loads(line)["id"] for line in of or lines()}


class Sender:
    """Sends events to a collector until each is accepted; a request without an answer is sent again, and so is one that met a
    closed door. `address` may change meanwhile. With shares, so many times `allow` lets the next share of the requests go."""

    def __init__(self, address, key, host=None, of=None, events=REQUEST_EVENTS, shares=None):
        self.address, self.key, self.host = address, key, host
        of = of or lines()
        self.requests = queue.SimpleQueue()
        for start in range(0, len(of), events):
            self.requests.put("\n".join(of[start:start + events]).encode())
        self.share = -(-self.requests.qsize() // (shares or 1))
        self.allowed = threading.Semaphore(0 if shares else self.requests.qsize() + SENDERS)
        self.accepted, self.again, self.errors, self.lock = 0, 0, [], threading.Lock()
        self.ends = time.monotonic() + common.DEADLINE_SECONDS
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(SENDERS)]

    def start(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def allow(self):
        self.allowed.release(self.share)

    def work(self):
        while True:
            self.allowed.acquire()
            try:
                body = self.requests.get_nowait()
            except queue.Empty:
                self.allowed.release()
                return
            while not self.errors and not self.send(body):
                if time.monotonic() > self.ends:
                    self.errors.append("not sent in time")
                with self.lock:
                    self.again += 1
                time.sleep(0.05)

    def send(self, body):
        """Whether it is accepted."""
        try:
            status, answer = post(self.address, "/v1/events", body, self.key, self.host)
        except OSError:
            return False
        if status in RETRIED:
            return False
        told = json.loads(answer or "{}")
        if status != 202 or told["rejected"]:
            self.errors.append(f"{status}: {answer[:500]}")
            return True
        with self.lock:
            self.accepted += told["accepted"]
        return True

    def finish(self):
        """Lets go what is left and waits for the last answer; events a second."""
        self.allowed.release(self.requests.qsize() + SENDERS)
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors[0]
        return self.accepted / (time.monotonic() - self.began)


def quoted(text):
    return urllib.parse.quote(text, safe="")


def post(address, path, body, key, host=None):
    return call(address, "POST", path, body, {"Authorization": f"Bearer {key}"}, host)


def call(address, method, path, body=None, headers=None, host=None):
    """Status and text of an answer; any of http.client's own faults counts as no answer."""
    where = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    try:
        connection.request(method, path, body, {**(headers or {}), **({"Host": host} if host else {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
