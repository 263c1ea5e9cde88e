"""Stand-ins for AWS, for the time of one command.

    python infra/e2e/standins.py [--most-seconds N] COMMAND…

starts ministack, kinesis-local and dynalite, each on a free port of this machine, and runs the command with their addresses in
TRILHA_TEST_AWS, TRILHA_TEST_KINESIS and TRILHA_TEST_DYNALITE. Whatever becomes of the command or of this program, the stand-ins
end with it. Their logs lie in the folder TRILHA_TEST_LOGS while the command runs; what a stand-in wrote last is shown if it
does not start.
"""

import argparse
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Past these, something is wrong: each is there within two seconds on an idle machine.
START_SECONDS = 120
STOP_SECONDS = 10
# What the tools of AWS want to know before they call anybody.
ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
           "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
PR_SET_PDEATHSIG = 1


class StandInError(Exception):
    """A stand-in is not there; the message says which, and what it wrote."""


def plain():
    """The environment, with nothing of a real account in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | ACCOUNT


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name):
    """A command beside this Python, else one on the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise StandInError(f"{name} is not installed: see infra/e2e/README.md")
    return found


def package(name, program):
    """A program of a package that npm has installed here."""
    path = HERE / "node_modules" / name / program
    if not path.exists():
        raise StandInError(f"{name} is not installed: run npm ci in infra/e2e")
    return path


def ends_with_its_parent():
    """In a new process: it is ended when who started it is gone, however that went (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(command, log, environment=None, **options):
    """A process that leads a session of its own, so that it can be ended with all that it starts."""
    with open(log, "wb") as out:
        return subprocess.Popen([str(part) for part in command], env={**plain(), **(environment or {})},
                                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                                preexec_fn=ends_with_its_parent, **options)


def stop(process):
    """Ends a process and all that it started."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            pass
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        if sign == signal.SIGTERM:
            # What it started may outlive it by a moment, and by more than one if nobody ends it.
            time.sleep(0.2)


class StandIns:
    """The three of them; a context."""

    def __init__(self, logs):
        self.logs, self.processes, self.addresses = Path(logs), [], {}

    def __enter__(self):
        try:
            self.ministack()
            self.kinesis_local()
            self.dynalite()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            stop(process)

    def started(self, name, address, command, environment=None, **options):
        log = self.logs / f"{name}.log"
        process = start(command, log, environment, **options)
        self.processes.append(process)
        until = time.monotonic() + START_SECONDS
        while not answers(address):
            if process.poll() is not None or time.monotonic() > until:
                raise StandInError(f"{name} does not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def ministack(self):
        port = free_port()
        self.addresses["TRILHA_TEST_AWS"] = address = f"http://127.0.0.1:{port}"
        self.started("ministack", f"{address}/_ministack/health", [tool("ministack")], {
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0",
            # Its functions call this stand-in, by the address that the caller of the command cannot know.
            "AWS_ENDPOINT_URL": address,
            # It unpacks functions there, and leaves them.
            "TMPDIR": str(self.logs)}, cwd=self.logs)

    def kinesis_local(self):
        plain, tls = free_port(), free_port()
        self.addresses["TRILHA_TEST_KINESIS"] = address = f"http://127.0.0.1:{plain}"
        program = package("kinesis-local", "main.js")
        self.started("kinesis-local", address, ["node", program.name], {
            "KINESIS_MOCK_PLAIN_PORT": str(plain), "KINESIS_MOCK_TLS_PORT": str(tls)}, cwd=program.parent)

    def dynalite(self):
        port = free_port()
        self.addresses["TRILHA_TEST_DYNALITE"] = address = f"http://127.0.0.1:{port}"
        self.started("dynalite", address, ["node", package("dynalite", "cli.js"), "--host", "127.0.0.1", "--port", port,
                                           "--createTableMs", "0", "--deleteTableMs", "0"])


def answers(address):
    """Whether anybody listens there; any status will do."""
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def run(command, most_seconds):
    """The command's own status; 124 when it took too long."""
    logs = tempfile.mkdtemp(prefix="trilha-stand-ins-")
    try:
        with StandIns(logs) as there:
            environment = {**plain(), **there.addresses, "TRILHA_TEST_LOGS": logs}
            process = subprocess.Popen(command, env=environment, preexec_fn=ends_with_its_parent, start_new_session=True)
            try:
                return process.wait(most_seconds)
            except subprocess.TimeoutExpired:
                print(f"{command[0]}: not done after {most_seconds} seconds", file=sys.stderr)
                return 124
            finally:
                stop(process)
    finally:
        shutil.rmtree(logs, ignore_errors=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--most-seconds", type=int, default=3600)
    arguments.add_argument("command", nargs=argparse.REMAINDER)
    chosen = arguments.parse_args()
    # So that what is started ends when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(run(chosen.command, chosen.most_seconds))
    except StandInError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
