"""What the template's alarms look at is there: metrics in the logs of each function, queues, streams, tables, machines, and the
topic that they tell."""

import json
import unittest

import world
from botocore.exceptions import ClientError
from common import client, until

# Metrics that only a service of AWS makes, by namespace: the dimension names something that must exist.
EXISTS = {
    "FunctionName": lambda name: client("lambda").get_function_configuration(FunctionName=name),
    "QueueName": lambda name: client("sqs").get_queue_url(QueueName=name),
    "StreamName": lambda name: client("kinesis").describe_stream_summary(StreamName=name),
    "TableName": lambda name: client("dynamodb").describe_table(TableName=name),
    "StateMachineArn": lambda arn: client("stepfunctions").describe_state_machine(stateMachineArn=arn),
    "ApiId": lambda name: client("apigatewayv2").get_api(ApiId=name),
}


class Alarms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.there = there = world.sent()
        pages = client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=world.STACK)
        cls.alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        # Each function has been called once by now.
        there.invoke("evaluator", {})
        there.read("session")

    def test_there_are_alarms_and_each_tells_the_topic(self):
        self.assertGreater(len(self.alarms), 20)
        for alarm in self.alarms:
            with self.subTest(alarm["AlarmName"]):
                self.assertEqual(alarm["AlarmActions"], [self.there.outputs["AlarmTopicArn"]])
        client("sns").get_topic_attributes(TopicArn=self.there.outputs["AlarmTopicArn"])

    def test_what_alarms_of_aws_metrics_look_at_exists(self):
        for alarm in self.alarms:
            if alarm["Namespace"] == "Trilha":
                continue
            for dimension in alarm["Dimensions"]:
                with self.subTest(alarm["AlarmName"], **{dimension["Name"]: dimension["Value"]}):
                    try:
                        EXISTS[dimension["Name"]](dimension["Value"])
                    except ClientError as error:
                        self.fail(str(error))

    def test_functions_log_the_metrics_that_alarms_look_at(self):
        made = {(metric, line["Function"]) for lines in self.lines().values() for line in lines
                for directive in line["_aws"]["CloudWatchMetrics"] for metric in
                (entry["Name"] for entry in directive["Metrics"]) if directive["Namespace"] == "Trilha"}
        wanted = {(alarm["MetricName"], dimension["Value"]) for alarm in self.alarms if alarm["Namespace"] == "Trilha"
                  for dimension in alarm["Dimensions"]}
        self.assertTrue(wanted)
        self.assertEqual(wanted - made, set())

    def test_each_line_has_the_metrics_that_it_declares(self):
        for function, lines in self.lines().items():
            self.assertTrue(lines, function)
            for line in lines:
                for directive in line["_aws"]["CloudWatchMetrics"]:
                    for metric in directive["Metrics"]:
                        self.assertIsInstance(line[metric["Name"]], (int, float), f"{function}: {line}")
                    for dimension in (name for names in directive["Dimensions"] for name in names):
                        self.assertIsInstance(line[dimension], str)

    def test_batches_tell_how_many_events_they_held(self):
        for function in ("collector", "live", "lake"):
            events = sum(line.get("Events", 0) for line in self.lines()[function])
            self.assertGreater(events, 0, function)

    def test_no_line_names_a_learner(self):
        for function in world.FUNCTIONS:
            for text in self.texts(function):
                self.assertNotRegex(text, r"aluno-\d|docente-\d", function)

    def lines(self):
        """Each function's metric lines."""
        return {function: until(lambda: [line for line in map(read, self.texts(function)) if "_aws" in line],  # noqa: B023
                                f"metrics of {function}") for function in world.FUNCTIONS}

    def texts(self, function):
        name = self.there.outputs[world.FUNCTIONS[function]]
        group = client("lambda").get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
        pages = client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [line for page in pages for event in page["events"] for line in event["message"].splitlines()]


def read(text):
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    unittest.main()
