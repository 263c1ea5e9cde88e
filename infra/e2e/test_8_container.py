"""The container of infra/aws/Containerfile: the file system that infra/aws/image lays out, entered without privileges."""

import json
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import common
import school
import standins
import world
from common import until

ENTER = ["unshare", "--map-root-user", "chroot"]


def may_enter():
    """Whether this machine lets anybody have a name space of their own."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*ENTER, "/", "true"], capture_output=True).returncode == 0


@unittest.skipUnless(may_enter(), "unshare --map-root-user is not allowed on this machine")
class Container(unittest.TestCase):
    def setUp(self):
        self.there = world.sent()
        self.root = tempfile.mkdtemp(dir=common.LOGS)
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        common.output(common.AWS / "image", "--root", self.root, common.TRILHA_AWS)
        self.address = f"http://127.0.0.1:{standins.free_port()}"

    def serve(self):
        environment = self.there.environment() | {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
        command = [*ENTER, self.root, "/trilha-aws", "serve", "--listen", self.address.removeprefix("http://"),
                   "--drain-seconds", "2"]
        process = standins.start(command, common.LOGS / "container.log", environment)
        self.addCleanup(standins.stop, process)
        until(lambda: process.poll() is not None or self.health() == 200, "health")
        self.assertIsNone(process.poll(), (common.LOGS / "container.log").read_text()[-4000:])
        return process

    def health(self):
        try:
            return school.call(self.address, "GET", "/healthz")[0]
        except OSError:
            return None

    def send(self, name):
        event = {"id": name, "type": "activity.viewed", "time": school.at(), "learner": "eva", "course": "other", "object": "o"}
        return school.post(self.address, "/v1/events", json.dumps(event).encode(), self.there.write_key(world.OTHER))

    def test_it_takes_events_and_drains_when_it_is_told_to_stop(self):
        process = self.serve()
        self.assertEqual(self.send("in-a-container")[0], 202)
        accepted, stopped = ["in-a-container"], threading.Event()

        def load():
            while not stopped.is_set():
                name = f"in-a-container-{len(accepted)}"
                try:
                    status, _ = self.send(name)
                except OSError:
                    return
                if status == 202:
                    accepted.append(name)

        sender = threading.Thread(target=load)
        sender.start()
        until(lambda: len(accepted) > 20, "load")
        process.send_signal(signal.SIGTERM)
        # While it drains, health checks fail and requests are served.
        until(lambda: self.health() != 200, "a failing health check")
        until(lambda: process.poll() is not None, "its end")
        stopped.set()
        sender.join()
        self.assertEqual(process.returncode, 0, (common.LOGS / "container.log").read_text()[-4000:])
        # What was acknowledged is there.
        self.there.drained()
        self.there.compact()
        landed = {row["source_id"] for row in self.there.rows(world.OTHER)}
        self.assertEqual(set(accepted) - landed, set())

    def test_the_file_system_holds_the_program_and_what_it_needs_alone(self):
        files = sorted(path.relative_to(self.root) for path in Path(self.root).rglob("*") if path.is_file())
        names = {path.name for path in files}
        self.assertLessEqual({"trilha-aws", "ca-certificates.crt", "libc.so.6"}, names)
        self.assertFalse([name for name in names if name in ("sh", "bash", "busybox")])
        self.assertLess(len(files), 10)


if __name__ == "__main__":
    unittest.main()
