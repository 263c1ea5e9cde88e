"""The README's tables of costs are what costs.py computes, and that counts what the template has."""

import sys
import unittest

import common

sys.path.insert(0, str(common.AWS))

import costs  # noqa: E402
from test_workflows import states  # noqa: E402


class Costs(unittest.TestCase):
    def setUp(self):
        self.template = common.template()

    def test_the_readme_shows_what_is_computed(self):
        self.assertIn("\n".join(costs.tables()), (common.AWS / "README.md").read_text())

    def test_the_parameter_says_it_too(self):
        said = self.template["Parameters"]["Size"]["Description"]
        rest = [costs.total(costs.at_rest(size)) for size in costs.SIZES.values()]
        work = [costs.total(costs.under_load(size)) for size in costs.SIZES.values()]
        for numbers in (rest, map(sum, zip(rest, work))):
            first, second, third = map(round, numbers)
            self.assertIn(f"{first:,}, {second:,} and {third:,} dollars", said)

    def test_alarms_are_counted(self):
        alarms = [name for name, resource in self.template["Resources"].items()
                  if resource["Type"] == "AWS::CloudWatch::Alarm" and "Condition" not in resource]
        self.assertEqual(len(alarms), costs.ALARMS)

    def test_sizes_are_the_templates(self):
        for name, size in self.template["Mappings"]["BySize"].items():
            counted = costs.SIZES[name]
            self.assertEqual(counted["on_demand"], size["StreamMode"] == "ON_DEMAND")
            self.assertEqual((counted["live_window"], counted["lake_window"]),
                             (size["LiveWindowSeconds"], size["LakeWindowSeconds"]))
            self.assertEqual(bool(counted["provisioned"]), size["LiveCapacity"] == "PROVISIONED")
            if counted["provisioned"]:
                runs = [size["NightReads"], *[size["RunReads"]] * 3]
                self.assertEqual(counted["provisioned"],
                                 {"least": size["LeastWrites"], "reads": size["LeastReads"], "raised": runs})
            for part in ("collector", "live", "lake", "steps"):
                self.assertAlmostEqual(counted[f"{part}_gb"], size[f"{part.capitalize()}Memory"] / 1000, delta=0.15)

    def test_capacity_is_paid_for_once(self):
        """400 writes at 0.00065 and 13,000 + 20 × 100 hours of a read a day at 0.00013, for 730 hours; what is used beyond."""
        size = costs.SIZES["national"]
        rest = {what: dollars for what, dollars, _ in costs.at_rest(size)}
        self.assertAlmostEqual(rest["Live table"], 400 * 730 * 0.00065 + 15_000 * 730 / 24 * 0.00013)
        used = 3_600 * 730 * costs.ASSUMED["used of provisioned capacity"]
        self.assertAlmostEqual(costs.writes(size, 1_000 * used), 600 * 730 * 0.00065)
        self.assertEqual(costs.writes(size, 300 * used), 0)
        self.assertAlmostEqual(costs.reads(size, 150 * used), 50 * 730 * 0.00013)
        self.assertAlmostEqual(costs.writes(costs.SIZES["school"], 1e6), 0.625)

    def test_steps_of_quiet_runs_are_counted(self):
        import json

        for name, count in (("compaction", costs.COMPACTION_STEPS), ("lake-redrive", costs.REDRIVE_STEPS)):
            machine = json.loads((common.AWS / f"workflows/{name}.asl.json").read_text())
            path, at = [], machine["StartAt"]
            while at:
                path.append(at)
                state = machine["States"][at]
                at = state.get("Default") or state.get("Next")
            self.assertEqual(len(path), count, path)
            self.assertTrue(list(states(machine)))


if __name__ == "__main__":
    unittest.main()
