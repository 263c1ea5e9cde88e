"""Events by HTTP through API Gateway, the collector, Kinesis, both processors and the compaction; numbers and rows equal those
of the embedded stack on the same events."""

import unittest

import common
import lake
import school
import world
from common import client, until
from world import TENANT


class Pipeline(unittest.TestCase):
    maxDiff = 4000

    def test_the_read_api_answers_as_the_embedded_stack_does(self):
        there, expected = world.sent(), world.expected()
        self.assertGreater(len(expected.numbers), 1)
        found = there.numbers()
        self.assertEqual(found.keys(), expected.numbers.keys())
        for name, numbers in expected.numbers.items():
            with self.subTest(name):
                self.assertEqual(found[name], numbers)

    def test_the_lake_holds_each_event_once_as_the_embedded_lake_does(self):
        there, expected = world.sent(), world.expected()
        found = lake.comparable(there.rows())
        self.assertEqual(len(found), len(school.distinct()))
        self.assertEqual(found, lake.comparable(expected.rows))

    def test_athena_counts_what_was_sent(self):
        there = world.sent()
        # A second run deletes generations that the first one superseded: this Athena reads all files of a table.
        there.compact()
        sql = f"SELECT count(*), count(DISTINCT event_id), count(DISTINCT learner) FROM events WHERE tenant = '{TENANT}'"
        rows = world.expected().rows
        expected = [str(len(rows)), str(len(rows)), str(len({row["learner"] for row in rows}))]
        self.assertEqual([list(row.values()) for row in ask(there, sql)], [expected])

    def test_a_bad_event_is_named_and_kept_and_the_others_go_on(self):
        there = world.sent()
        good = {"id": "good", "type": "activity.viewed", "time": school.at(), "learner": "zoe", "course": "other", "object": "o"}
        told = there.send([good, good | {"id": "bad", "time": "yesterday"}], world.OTHER)
        self.assertEqual((told["accepted"], [entry["index"] for entry in told["rejected"]]), (1, [1]))
        listed = common.output(common.TRILHA_AWS, "quarantine", "list", environment=there.environment())
        self.assertIn("time", listed)
        self.assertNotIn("zoe", listed)


def ask(there, sql):
    """Rows of an answer of Athena's, by column, as texts; the empty text also stands for nothing."""
    athena = client("athena")
    query = athena.start_query_execution(
        QueryString=sql, WorkGroup=there.outputs["AthenaWorkGroup"],
        QueryExecutionContext={"Database": there.outputs["GlueDatabaseName"]})["QueryExecutionId"]
    status = lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]  # noqa: E731
    until(lambda: status()["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"), "Athena's answer")
    assert status()["State"] == "SUCCEEDED", status()
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
    rows = [[cell.get("VarCharValue", "") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    names, *rows = rows
    return [dict(zip(names, row)) for row in rows]


if __name__ == "__main__":
    unittest.main()
