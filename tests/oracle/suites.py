"""What `run.py` replays: the project's own golden files, generated events, and the real fixtures."""

import glob
import os
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "golden")
FIXTURES = os.path.join(HERE, "..", "..", "..", "shared", "fixtures")

FIXTURE_SUITES = (
    ("xapi", "openfun-ralph", "openfun-ralph/statements.jsonl.gz"),
    ("xapi", "yetanalytics-datasim", "yetanalytics-datasim/statements.jsonl.gz"),
    ("xapi", "yetanalytics-dave", "yetanalytics-dave/*.json"),
    ("xapi", "yetanalytics-xapi-schema", "yetanalytics-xapi-schema/*.json"),
    ("xapi", "adl-xapi-spec", "adl-xapi-spec/*.json"),
    ("xapi", "openedx-event-routing-backends", "openedx-event-routing-backends/expected-xapi/*.json"),
    ("xapi", "moodle-logstore_xapi", "moodle-logstore_xapi/**/statements.json"),
    ("xapi", "jisc-xapi", "jisc-xapi/*.json"),
    ("edx", "edx-analytics-pipeline", "edx-analytics-pipeline/input/*.log"),
    ("edx", "openedx-event-routing-backends", "openedx-event-routing-backends/raw/*.json"),
    ("edx", "openedx-caliper-tracking", "openedx-caliper-tracking/current/*.json"),
    ("edx", "stanford-json_to_relation", "stanford-json_to_relation/*.json"),
    ("edx", "edx-documentation", "edx-documentation/*.json"),
    ("edx", "adl-edx-xapi-bridge", "adl-edx-xapi-bridge/*.json"),
    ("caliper", "caliper-common-fixtures", "caliper-common-fixtures/*/*.json"),
    ("caliper", "caliper-1.0-reference", "caliper-1.0-reference/*.json"),
    ("caliper", "blackboard-caliper", "blackboard-caliper/*.json"),
    ("caliper", "canvas-live-events", "canvas-live-events/caliper/*.json"),
    ("caliper", "openedx-event-routing-backends", "openedx-event-routing-backends/expected-caliper/*.json"),
    ("caliper", "openedx-caliper-tracking", "openedx-caliper-tracking/expected/*.json"),
    ("caliper", "wp-caliper", "wp-caliper/*.json"),
)


@dataclass
class Suite:
    """Files to replay in order; each inner list is one `trilha replay`, all on one folder."""

    name: str
    format: str
    replays: list = field(default_factory=list)


def golden():
    """tests/oracle/golden/<format>-<what>.ndjson, each alone, then once more on top of itself."""
    for path in sorted(glob.glob(os.path.join(GOLDEN, "*.ndjson"))):
        name = os.path.splitext(os.path.basename(path))[0]
        yield Suite("golden " + name, name.split("-")[0], [[path]])
        yield Suite("golden " + name + ", twice", name.split("-")[0], [[path], [path]])


def fixtures():
    """The fixtures, a folder each; None for a folder that is absent."""
    for format_, name, pattern in FIXTURE_SUITES:
        paths = sorted(glob.glob(os.path.join(FIXTURES, pattern), recursive=True))
        name = "fixture %s %s" % (format_, name)
        yield Suite(name, format_, [paths]) if paths else Suite(name, format_, None)
