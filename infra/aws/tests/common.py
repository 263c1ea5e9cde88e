"""Where things are, and the template as AWS sees it."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
AWS = ROOT / "infra/aws"
TEMPLATE = AWS / "template.yaml"
WORKFLOWS = sorted((AWS / "workflows").glob("*.asl.json"))
FUNCTIONS = ("collector", "live", "lake", "read", "evaluator", "steps")
NODE_MODULES = ROOT / "infra/e2e/node_modules"

sys.path.insert(0, str(ROOT / "infra/e2e"))
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("SAM_CLI_TELEMETRY", "0")

import deploy  # noqa: E402


def template():
    """The template as it is written, in long forms."""
    return deploy.load_template()


def expanded():
    """The template as the transform of SAM leaves it: what CloudFormation makes, with nothing that SAM adds hidden."""
    from samtranslator.translator.transform import transform

    packaged = template()
    for properties, name, _ in deploy.local_paths(packaged):
        properties[name] = {"Bucket": "artifacts", "Key": "artifact"}
    loader = type("NoManagedPolicies", (), {"load": staticmethod(dict)})
    return transform(packaged, {}, loader)


def resources(document, kind):
    """Name and properties of each resource of a type."""
    return {name: resource.get("Properties", {}) for name, resource in document["Resources"].items()
            if resource["Type"] == kind}


def tool(name):
    """A command beside this Python, else one on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def scratch(test):
    """A folder that goes with the test."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return Path(folder.name)
