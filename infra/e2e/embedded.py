"""The same events through the embedded stack: what everything on AWS must agree with."""

import functools
import hashlib
import hmac
import json
import shutil
import tempfile
from pathlib import Path

import common
import lake
import school

TENANT = "local"


def derived(root, label):
    """A key as the functions derive it: HMAC-SHA-256 of a label under the root."""
    return hmac.new(root.encode(), label.encode(), hashlib.sha256).hexdigest()


class Embedded:
    """A folder that has seen the events, under the same pseudonyms; its numbers and its lake."""

    def __init__(self, root, folder, of=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        labels = {"data_key": "trilha.aws.data.1", "signing_key": "trilha.aws.signing.1",
                  "session_key": "trilha.aws.session.1", "pseudonym_key": f"trilha.aws.pseudonym.1|{TENANT}"}
        keys = {"version": 1, "write_key": "wk_" + "0" * 40} | {name: derived(root, label) for name, label in labels.items()}
        (self.folder / "keys.json").write_text(json.dumps(keys))
        (self.folder / "keys.json").chmod(0o600)
        up = common.Served(common.TRILHA, "up", "--data", self.folder, "--listen", "127.0.0.1:0", log="embedded.log")
        try:
            sender = school.Sender(up.address, up.key, of=of).start()
            self.rate, self.accepted = sender.finish(), sender.accepted
            up.end()
        finally:
            up.kill()

    def views(self, *arguments):
        text = common.output(common.TRILHA, "views", "--data", self.folder, "--json", "--at", school.at(), *arguments)
        return json.loads(text)

    @functools.cached_property
    def numbers(self):
        return numbers(lambda course: self.views("--course", course) if course else self.views())

    @functools.cached_property
    def rows(self):
        return lake.of_folder(self.folder / "lake/events")


def numbers(read):
    """The list of courses, and everything of each, by a call that reads one or the other; less how far the stream was read,
    which each run has of its own."""
    courses = read(None)
    found = {"courses": courses} | {course["course"]: read(course["course"]) for course in courses["courses"]}
    for answer in found.values():
        assert answer.pop("processed_to"), "nothing was processed"
    return found


def run(root):
    """A run of the class, in a folder that goes with the tests."""
    folder = tempfile.mkdtemp(dir=common.LOGS)
    shutil.rmtree(folder)
    return Embedded(root, folder)
