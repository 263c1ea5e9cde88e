"""The state machines at work with the real steps: compaction, what happens when a step fails, and the re-drive of a range that
the lake's writer gave up."""

import json
import unittest

import lake
import progress
import school
import world
from common import client, until
from world import OTHER, TENANT


def entered(there, run):
    """The states that a run came to, in order."""
    return [event["stateEnteredEventDetails"]["name"] for event in there.history(run)
            if event["type"].endswith("StateEntered")]


class Compaction(unittest.TestCase):
    def test_a_second_run_changes_nothing_and_both_can_be_read(self):
        there = world.sent()
        self.assertEqual(there.first_compaction["failed"], [])
        self.assertGreater(there.first_compaction["days"], 0)
        before = there.rows()
        run = there.start("CompactionArn")
        status, output = there.finished(run)
        self.assertEqual((status, output["failed"]), ("SUCCEEDED", []))
        self.assertEqual(lake.comparable(there.rows()), lake.comparable(before))
        for state in ("Settle", "Plan", "Each dirty day", "Finish", "Done"):
            self.assertIn(state, entered(there, run))

    def test_what_landed_is_deleted_once_it_is_published(self):
        there = world.sent()
        there.compact()
        self.assertEqual(keys(there, "landing/"), [])

    def test_a_generation_that_nothing_names_goes_when_a_run_is_asked_to_sweep(self):
        there = world.sent()
        there.compact()
        rows, before = there.rows(), keys(there, "events/")
        left = before[0].rpartition("/generation=")[0] + "/generation=999/part-999-0.parquet"
        bucket = {"Bucket": there.outputs["LakeBucketName"], "Key": left}
        client("s3").put_object(**bucket, Body=b"a compaction that came to nothing")
        self.addCleanup(client("s3").delete_object, **bucket)
        self.assertIn(left, keys(there, "events/"))
        run = there.start("CompactionArn", sweep=True)
        self.assertEqual(there.finished(run)[0], "SUCCEEDED")
        self.assertEqual(entered(there, run)[-3:], ["Absorb", "Sweep", "Done"])
        self.assertNotIn(left, keys(there, "events/"))
        self.assertEqual(lake.comparable(there.rows()), lake.comparable(rows))

    def test_a_step_that_fails_fails_the_run_and_tells(self):
        there = world.sent()
        mailbox = there.queue(there.outputs["AlarmTopicArn"])
        function, name = there.outputs["StepsFunction"], "TRILHA_MANIFEST_TABLE"
        before = client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        self.addCleanup(configure, function, before)
        configure(function, before | {name: "no-such-table"})
        # The template's retries, of minutes, are shortened; a test of the template says what they are.
        machine = impatient(there.outputs["CompactionArn"])
        self.addCleanup(client("stepfunctions").delete_state_machine, stateMachineArn=machine)
        run = client("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        self.assertEqual(there.finished(run)[0], "FAILED")
        message = until(lambda: there.received(mailbox), "the notification")[0]
        self.assertIn("compaction failed", message["Subject"])
        self.assertIn(run, message["Message"])
        configure(function, before)
        there.compact()


class Redrive(unittest.TestCase):
    def test_a_range_lands_once_however_often_it_is_sent(self):
        there = world.sent()
        mapping = there.outputs["LakeMappingId"]
        client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
        self.addCleanup(client("lambda").update_event_source_mapping, UUID=mapping, Enabled=True)
        numbers = lambda: progress.last_numbers(client("kinesis"), there.outputs["StreamName"])  # noqa: E731
        before, records = numbers()
        # One learner: one shard, and one record.
        events = [{"id": f"given-up-{at}", "type": "activity.viewed", "time": school.at(), "learner": "davi",
                   "course": "other", "object": f"o{at}"} for at in range(50)]
        there.send(events, OTHER)
        after, records_after = numbers()
        self.assertEqual(records_after, records + 1)
        message = failure(there, *next(end for end in after.items() if before.get(end[0]) != end[1]))
        for _ in range(2):
            client("sqs").send_message(QueueUrl=there.outputs["LakeFailuresUrl"], MessageBody=json.dumps(message))
        self.assertEqual(self.redriven(there), len(events))
        self.assertEqual(there.received(there.outputs["LakeFailuresUrl"]), [])
        there.compact()
        self.assertEqual(self.landed(there), sorted(event["id"] for event in events))
        # And again a day later, when it is published already.
        client("sqs").send_message(QueueUrl=there.outputs["LakeFailuresUrl"], MessageBody=json.dumps(message))
        self.assertEqual(self.redriven(there), 0)
        there.compact()
        self.assertEqual(self.landed(there), sorted(event["id"] for event in events))

    def redriven(self, there):
        """How many rows a run landed."""
        run = there.start("LakeRedriveArn")
        self.assertEqual(there.finished(run)[0], "SUCCEEDED")
        done = [json.loads(event["taskSucceededEventDetails"]["output"]) for event in there.history(run)
                if event["type"] == "TaskSucceeded"]
        steps = [output["Payload"] for output in done if isinstance(output, dict) and "Payload" in output]
        self.assertTrue(steps)
        self.assertEqual([step for step in steps if step["expired"] or step["quarantined"]], [])
        return sum(step["landed"] for step in steps)

    def landed(self, there):
        rows = [row for row in there.rows(OTHER) if (row["source_id"] or "").startswith("given-up-")]
        return sorted(row["source_id"] for row in rows)


def failure(there, shard, number):
    """What the mapping sends to its destination when it gives up."""
    return {
        "requestContext": {"requestId": "00000000-0000-4000-8000-000000000000", "condition": "RetryAttemptsExhausted",
                           "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:lake", "approximateInvokeCount": 101},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0", "timestamp": school.at(),
        "KinesisBatchInfo": {
            "shardId": shard, "startSequenceNumber": str(number), "endSequenceNumber": str(number), "batchSize": 1,
            "approximateArrivalOfFirstRecord": school.at(), "approximateArrivalOfLastRecord": school.at(),
            "streamArn": there.outputs["StreamArn"]}}


def keys(there, folder):
    pages = client("s3").get_paginator("list_objects_v2").paginate(
        Bucket=there.outputs["LakeBucketName"], Prefix=f"{there.outputs['LakePrefix']}/{folder}")
    return [found["Key"] for page in pages for found in page.get("Contents", [])]


def configure(function, variables):
    client("lambda").update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    client("lambda").get_waiter("function_updated_v2").wait(FunctionName=function)


def impatient(machine):
    """A copy of a state machine that tries nothing again."""
    found = client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    definition = json.loads(found["definition"])

    def once(state):
        state.pop("Retry", None)
        for inner in (state.get("ItemProcessor") or {}).get("States", {}).values():
            once(inner)

    for state in definition["States"].values():
        once(state)
    made = client("stepfunctions").create_state_machine(
        name=found["name"] + "-impatient", definition=json.dumps(definition), roleArn=found["roleArn"])
    return made["stateMachineArn"]


if __name__ == "__main__":
    unittest.main()
