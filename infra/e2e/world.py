"""The template, deployed from its file with the real functions on ministack, and the class sent through it once: what most
tests look at. Made by who asks first."""

import functools
import json
import os
import urllib.parse

import common
import deploy
import embedded
import lake
import progress
import school
from common import client, until
from issuer import AUDIENCE, Issuer

TENANT, OTHER = embedded.TENANT, "outra"
STACK = "e2e"
FUNCTIONS = {"collector": "CollectorFunction", "live": "LiveFunction", "lake": "LakeFunction", "read": "ReadFunction",
             "evaluator": "EvaluatorFunction", "steps": "StepsFunction"}


class World:
    """The stack, and who uses it."""

    def __init__(self):
        client("sts")
        self.issuer = Issuer()
        os.environ.update(AWS_ENDPOINT_URL=common.ENDPOINT)
        self.outputs = deploy.deploy(STACK, {
            "Tenants": f"{TENANT},{OTHER}", "Zone": "UTC", "Architecture": "x86_64", "GlueDatabase": "e2e",
            "JwtIssuer": self.issuer.url, "JwtAudience": AUDIENCE, "LiveWindowSeconds": 0, "LakeWindowSeconds": 0,
            # No timer of the template may come between: the tests start what they look at.
            **dict.fromkeys(("CompactionSchedule", "RedriveSchedule", "EvaluatorSchedule"), "rate(1 day)"),
            "CompactionGraceSeconds": 0,
        }, say=common.say, functions=common.ROOT / "target/lambda")
        self.host = f"{self.outputs['ApiId']}.execute-api.localhost:{common.ENDPOINT.rsplit(':', 1)[1]}"
        secret = client("secretsmanager").get_secret_value(SecretId=self.outputs["KeysSecretArn"])["SecretString"]
        self.root = json.loads(secret)["root"]

    def environment(self):
        """What the program trilha-aws wants to know."""
        names = {"TRILHA_STREAM": "StreamName", "TRILHA_LIVE_TABLE": "LiveTableName",
                 "TRILHA_IDENTITIES_TABLE": "IdentitiesTableName", "TRILHA_QUARANTINE_TABLE": "QuarantineTableName",
                 "TRILHA_SETTINGS_TABLE": "SettingsTableName", "TRILHA_MANIFEST_TABLE": "ManifestTableName",
                 "TRILHA_STATUS_TABLE": "StatusTableName", "TRILHA_LAKE_BUCKET": "LakeBucketName",
                 "TRILHA_GLUE_DATABASE": "GlueDatabaseName", "TRILHA_KEYS_SECRET": "KeysSecretArn"}
        return {"AWS_ENDPOINT_URL": common.ENDPOINT, "TRILHA_TENANTS": f"{TENANT},{OTHER}", "TRILHA_ZONE": "UTC",
                **{name: self.outputs[output] for name, output in names.items()}}

    @functools.cache
    def write_key(self, tenant=TENANT):
        printed = common.output(common.TRILHA_AWS, "keys", "--tenant", tenant, environment=self.environment())
        return printed.split()[-1]

    def call(self, method, path, token=None, body=None):
        """Status and text of a call through the API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return school.call(common.ENDPOINT, method, path, body, headers, self.host)

    def send(self, events, tenant=TENANT):
        """Sends events, given as dictionaries, and answers with what the collector did."""
        body = "\n".join(json.dumps(event) for event in events).encode()
        status, text = self.call("POST", "/v1/events", self.write_key(tenant), body)
        assert status == 202, f"{status}: {text}"
        return json.loads(text)

    def read(self, path, token=None, **query):
        """What the read API answers an instructor."""
        path = f"/api/v1/{path}?{urllib.parse.urlencode(query)}" if query else f"/api/v1/{path}"
        status, text = self.call("GET", path, token or self.issuer.token())
        assert status == 200, f"{path}: {status} {text}"
        return json.loads(text)

    def drained(self):
        return progress.drained(client("kinesis"), self.outputs["StreamName"], client("dynamodb"),
                                self.outputs["LiveTableName"], self.outputs["ManifestTableName"])

    def invoke(self, function, event):
        """What a function answers."""
        answer = client("lambda").invoke(FunctionName=self.outputs[FUNCTIONS[function]], Payload=json.dumps(event).encode())
        payload = json.load(answer["Payload"])
        assert "FunctionError" not in answer, payload
        return payload

    def start(self, machine, **asked):
        """A run of a state machine, by its output."""
        machine = self.outputs[machine]
        return client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(asked))["executionArn"]

    def finished(self, run):
        """Status and output of a run, once it has ended."""
        machines = client("stepfunctions")
        until(lambda: machines.describe_execution(executionArn=run)["status"] != "RUNNING", f"the end of {run}")
        found = machines.describe_execution(executionArn=run)
        return found["status"], json.loads(found.get("output") or "null")

    def compact(self):
        """A run over whatever is pending: the class has events of past days, which a run by the clock may leave."""
        status, output = self.finished(self.start("CompactionArn", all=True))
        assert status == "SUCCEEDED", self.history(None) if output is None else output
        return output

    def history(self, run):
        pages = client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=run)
        return [event for page in pages for event in page["events"]]

    def rows(self, tenant=TENANT):
        """A tenant's rows where the catalogue sends its readers."""
        found = lake.of_catalogue(client("glue"), client("s3"), self.outputs["GlueDatabaseName"])
        return [row for row in found if row["tenant"] == tenant]

    def numbers(self):
        """The list of courses, and everything of each, as the embedded run has it."""
        return embedded.numbers(lambda course: self.read("views", course=course, at=school.at()) if course
                                else self.read("courses", at=school.at()))

    def queue(self, topic=None):
        """A new queue; with a topic, one that hears what it says."""
        queue = client("sqs").create_queue(QueueName=f"mailbox-{os.urandom(6).hex()}")["QueueUrl"]
        if topic:
            attributes = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
            client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        return queue

    def received(self, queue):
        """Bodies of what lies in a queue, and takes it out."""
        bodies = []
        while messages := client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies


@functools.cache
def world():
    return World()


@functools.cache
def expected():
    """The class through the embedded stack, under the world's pseudonyms."""
    return embedded.run(world().root)


@functools.cache
def sent():
    """The world, after the class went through it and was compacted."""
    there = world()
    sender = school.Sender(common.ENDPOINT, there.write_key(), there.host).start()
    rate = sender.finish()
    assert sender.accepted == len(school.lines()), f"{sender.accepted} of {len(school.lines())}"
    records = there.drained()
    there.first_compaction = there.compact()
    common.say(f"{sender.accepted} events by API Gateway, {rate:.0f} a second, {sender.again} requests again, {records} records")
    return there
