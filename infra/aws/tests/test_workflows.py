"""The workflows as texts; test_deployed.py runs them."""

import json
import re
import subprocess
import unittest

import common

# The steps that the function `steps` knows.
STEPS = {"settle", "plan", "compact", "show", "finish", "absorb", "sweep", "redrive"}
VALUES = {"Partition": "aws", "StepsFunction": "arn:aws:lambda:us-east-1:123456789012:function:steps",
          "AlarmTopic": "arn:aws:sns:us-east-1:123456789012:alarms",
          "FailuresUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/failures"}


def states(machine):
    """Yields (name, state) of a machine and of the machines in its maps."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def evaluated(expression, states):
    """What an expression of a machine comes to."""
    command = ["node", common.AWS / "tests/jsonata.mjs", expression.removeprefix("{%").removesuffix("%}"), json.dumps(states)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Workflows(unittest.TestCase):
    def each(self):
        self.assertEqual(len(common.WORKFLOWS), 2)
        for path in common.WORKFLOWS:
            with self.subTest(path.name):
                yield path, json.loads(path.read_text())

    @unittest.skipUnless((common.NODE_MODULES / "asl-validator").is_dir(), "npm packages are not installed")
    def test_the_language_is_right(self):
        folder = common.scratch(self)
        for path, _ in self.each():
            text = path.read_text()
            for name, value in VALUES.items():
                text = text.replace(f"${{{name}}}", value)
            (folder / path.name).write_text(text)
            command = ["node", common.NODE_MODULES / ".bin/asl-validator", "--json-path", folder / path.name]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_run_ends(self):
        # A compaction that hangs would keep all later ones from beginning.
        for _, machine in self.each():
            self.assertLessEqual(machine["TimeoutSeconds"], 4 * 3600)

    def test_only_steps_that_exist_are_called(self):
        called = set()
        for _, machine in self.each():
            for name, state in states(machine):
                if state.get("Resource", "").endswith(":lambda:invoke"):
                    called.add(state["Arguments"]["Payload"]["step"])
                    self.assertEqual(name.lower(), state["Arguments"]["Payload"]["step"])
        self.assertEqual(called, STEPS)

    @unittest.skipUnless((common.NODE_MODULES / "asl-validator").is_dir(), "npm packages are not installed")
    def test_a_run_absorbs_and_sweeps_in_one_hour_of_the_day_and_when_it_is_asked_to(self):
        machine = json.loads((common.AWS / "workflows/compaction.asl.json").read_text())
        (condition,) = [choice["Condition"] for _, state in states(machine) for choice in state.get("Choices", [])
                        if choice["Next"] == "Absorb"]
        self.check_hour_or_input(condition, "sweep", "all")

    @unittest.skipUnless((common.NODE_MODULES / "asl-validator").is_dir(), "npm packages are not installed")
    def test_a_run_plans_all_in_that_hour_and_when_it_is_asked_to(self):
        machine = json.loads((common.AWS / "workflows/compaction.asl.json").read_text())
        self.check_hour_or_input(machine["States"]["Plan"]["Arguments"]["Payload"]["all"], "all", "sweep")

    def check_hour_or_input(self, condition, name, other):
        for start, asked, expected in (("05:00:00.000Z", {}, True), ("05:59:59.999Z", {}, True), ("06:00:00Z", {}, False),
                                       ("15:05:05Z", {}, False), ("06:00:00Z", {name: True}, True),
                                       ("06:00:00Z", {name: False}, False), ("06:00:00Z", {other: True}, False)):
            execution = {"StartTime": f"2026-05-05T{start}", "Input": asked}
            with self.subTest(execution):
                self.assertEqual(evaluated(condition, {"context": {"Execution": execution}}), expected)

    def test_every_task_retries_with_backoff_and_jitter_has_a_limit_and_is_caught(self):
        for _, machine in self.each():
            for name, state in states(machine):
                if state["Type"] != "Task":
                    continue
                self.assertGreater(state["TimeoutSeconds"], 0, name)
                (retry,) = state["Retry"]
                self.assertGreater(retry["BackoffRate"], 1, name)
                self.assertEqual(retry["JitterStrategy"], "FULL", name)
                self.assertEqual(state["Catch"][-1]["ErrorEquals"], ["States.ALL"], name)

    def test_a_failure_is_told_and_fails_the_run(self):
        for _, machine in self.each():
            self.assertEqual(machine["States"]["Tell"]["Next"], "Failed")
            self.assertEqual(machine["States"]["Failed"]["Type"], "Fail")
            for name, state in machine["States"].items():
                targets = {caught["Next"] for caught in state.get("Catch", [])}
                self.assertLessEqual(targets, {"Tell"} if name != "Tell" else {"Failed"}, name)

    def test_the_template_fills_in_every_name_and_no_other(self):
        machines = common.resources(common.template(), "AWS::Serverless::StateMachine")
        for path, _ in self.each():
            (given,) = [properties["DefinitionSubstitutions"] for properties in machines.values()
                        if properties["DefinitionUri"].endswith(path.name)]
            self.assertEqual(set(re.findall(r"\$\{(\w+)\}", path.read_text())), set(given))

    def test_steps_end_before_their_task_does(self):
        timeout = common.resources(common.template(), "AWS::Serverless::Function")["Steps"]["Timeout"]
        for _, machine in self.each():
            for name, state in states(machine):
                if state.get("Resource", "").endswith(":lambda:invoke"):
                    self.assertGreater(state["TimeoutSeconds"], timeout, name)


if __name__ == "__main__":
    unittest.main()
