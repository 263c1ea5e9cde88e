"""A stand-in for AWS (ministack) for the time of a test class, and functions that only say what they were asked."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

import boto3

import common

DEADLINE_SECONDS = 60
# Answers an API's request with what reached it; a step as steps.json in the stand-in's folder says.
FUNCTION = r'''#!@PYTHON@
import json, os, urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
NAMES = sorted(name for name in os.environ if name.startswith("TRILHA_"))


def answer(event):
    if "requestContext" in event:
        told = {"route": event["requestContext"]["routeKey"], "environment": NAMES}
        claims = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
        return {"statusCode": 200, "body": json.dumps(told | {"claims": claims})}
    if "step" not in event:
        return {"batchItemFailures": []}
    with open("@STEPS@") as file:
        told = json.load(file)[event["step"]]
    for failing in told.get("fails", []):
        if failing.items() <= event.items():
            raise ValueError("told to fail")
    return told.get("answer", {})


while True:
    with urllib.request.urlopen(f"{API}/next") as waiting:
        request, event = waiting.headers["Lambda-Runtime-Aws-Request-Id"], json.load(waiting)
    try:
        body, path = answer(event), "response"
    except ValueError as error:
        body, path = {"errorType": "StepFailed", "errorMessage": str(error)}, "error"
    sent = urllib.request.Request(f"{API}/{request}/{path}", json.dumps(body).encode(), method="POST")
    urllib.request.urlopen(sent).read()
'''


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@unittest.skipUnless(common.tool("ministack"), "ministack is not installed")
class WithStandIn(unittest.TestCase):
    """Starts ministack before the first test of a class and ends it after the last."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.port = free_port()
        cls.endpoint = f"http://127.0.0.1:{cls.port}"
        settings = {"AWS_ENDPOINT_URL": cls.endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}
        before = {name: os.environ.get(name) for name in settings}
        cls.addClassCleanup(cls.restore, before)
        os.environ.update(settings)
        cls.start()

    @staticmethod
    def restore(before):
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})

    @classmethod
    def start(cls):
        environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(cls.port),
                       "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "TMPDIR": str(cls.folder)}
        log = open(cls.folder / "ministack.log", "w", encoding="utf-8")
        cls.process = subprocess.Popen([common.tool("ministack")], cwd=cls.folder, env=environment, stdout=log,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        log.close()
        cls.addClassCleanup(cls.stop)
        until = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{cls.endpoint}/_ministack/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError((cls.folder / "ministack.log").read_text())

    @classmethod
    def stop(cls):
        """Ends the stand-in and the functions that it runs, which are of its own session."""
        os.killpg(cls.process.pid, signal.SIGTERM)
        try:
            cls.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(cls.process.pid, signal.SIGKILL)
            cls.process.wait()

    @classmethod
    def functions(cls):
        """A folder like target/lambda, of functions that say what they were asked."""
        text = FUNCTION.replace("@PYTHON@", sys.executable).replace("@STEPS@", str(cls.folder / "steps.json"))
        for name in common.FUNCTIONS:
            path = cls.folder / "lambda" / name / "bootstrap"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cls.folder / "lambda"

    @staticmethod
    def client(name):
        return boto3.Session().client(name)
