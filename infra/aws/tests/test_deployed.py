"""The template deployed from its file, on a stand-in: what CloudFormation makes of it, and the workflows at work."""

import json
import re
import shutil
import time
import unittest
import urllib.error
import urllib.request

import common
from common import deploy
from standin import DEADLINE_SECONDS, WithStandIn

DAYS = [{"tenant": "a", "day": f"2026-11-{day:02}"} for day in range(1, 4)]
PASSWORD = "Correct-horse-1"


class Deployed(WithStandIn):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.impatient()
        cls.built = cls.functions()
        cls.outputs = cls.deploy("trilha", Tenants="a,b", Architecture="x86_64")

    @classmethod
    def impatient(cls):
        """A copy of the template whose workflows try again at once."""
        shutil.copytree(common.AWS / "workflows", cls.folder / "aws/workflows")
        shutil.copy(common.TEMPLATE, cls.folder / "aws")
        for path in (cls.folder / "aws/workflows").iterdir():
            text = re.sub(r'("IntervalSeconds|"MaxDelaySeconds)": \d+', r'\1": 1', path.read_text())
            path.write_text(re.sub(r'"MaxAttempts": \d+', '"MaxAttempts": 1', text))
        return cls.folder / "aws/template.yaml"

    @classmethod
    def deploy(cls, stack, **parameters):
        return cls.deploy_from(cls.template, stack, **parameters)

    @classmethod
    def deploy_from(cls, template, stack, **parameters):
        return deploy.deploy(stack, parameters, path=template, functions=cls.built)

    def steps(self, **steps):
        told = {"settle": {}, "plan": {"answer": {"partitions": DAYS}}, "show": {"answer": {"location": "s3://l/"}},
                "compact": {"answer": {"generation": 1, "landed_rows": 2, "published_rows": 5}}, "finish": {},
                "absorb": {"answer": {"shards": 1}}, "sweep": {"answer": {"landing_files": 1}},
                "redrive": {"answer": {"landed": 3, "quarantined": 0, "expired": 0}}}
        (self.folder / "steps.json").write_text(json.dumps(told | steps))

    def run_machine(self, name, **asked):
        """The run's status, its output, and the states that it entered."""
        machines = self.client("stepfunctions")
        run = machines.start_execution(stateMachineArn=self.outputs[name], input=json.dumps(asked))["executionArn"]
        until = time.monotonic() + DEADLINE_SECONDS
        while (found := machines.describe_execution(executionArn=run))["status"] == "RUNNING":
            self.assertLess(time.monotonic(), until, "the run does not end")
            time.sleep(0.1)
        events = machines.get_execution_history(executionArn=run, maxResults=1000)["events"]
        entered = [event["stateEnteredEventDetails"]["name"] for event in events
                   if event["type"].endswith("StateEntered")]
        return found["status"], json.loads(found.get("output") or "null"), entered

    def mailbox(self, topic):
        """A queue that hears what a topic says."""
        queue = self.client("sqs").create_queue(QueueName=f"mailbox-{time.monotonic_ns()}")["QueueUrl"]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        told = self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"],
                                            ReturnSubscriptionArn=True)
        self.addCleanup(self.client("sns").unsubscribe, SubscriptionArn=told["SubscriptionArn"])
        return queue

    def received(self, queue, wait=10):
        messages = self.client("sqs").receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=wait).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    def call(self, method, path, token=None):
        """Status and body of a call through the API."""
        headers = {"Host": f"{self.outputs['ApiId']}.execute-api.localhost:{self.port}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.endpoint}{path}", method=method, headers=headers,
                                         data=b"{}" if method == "POST" else None)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}

    # ------------------------------------------------------------------------------------------------- the API

    def test_routes_reach_their_functions(self):
        for method, path, route, variable in (
            ("POST", "/v1/events", "POST /v1/events", "TRILHA_STREAM"),
            ("POST", "/v1/tokens", "POST /v1/tokens", "TRILHA_STREAM"),
            ("GET", "/healthz", "GET /healthz", "TRILHA_STREAM"),
            ("GET", "/", "GET /", "TRILHA_LIVE_TABLE"),
            ("GET", "/assets/page.js", "GET /assets/{file}", "TRILHA_LIVE_TABLE"),
        ):
            status, told = self.call(method, path)
            self.assertEqual((status, told["route"]), (200, route))
            self.assertIn(variable, told["environment"])
        self.assertEqual(self.call("GET", "/elsewhere")[0], 404)

    def test_instructors_need_a_token_of_the_pool(self):
        self.assertEqual(self.call("GET", "/api/v1/session")[0], 401)
        token = self.instructor("ana@ufx.br", tenant="a", courses="bio,qui")
        status, told = self.call("GET", "/api/v1/session", token)
        self.assertEqual(status, 200)
        self.assertEqual({name: told["claims"][name] for name in ("custom:tenant", "custom:courses", "email")},
                         {"custom:tenant": "a", "custom:courses": "bio,qui", "email": "ana@ufx.br"})
        self.assertEqual(self.call("GET", "/api/v1/session", token[:-4] + "AAAA")[0], 401)

    def instructor(self, email, **rights):
        pool, client = self.outputs["UserPoolId"], self.outputs["Audience"]
        cognito = self.client("cognito-idp")
        attributes = {"email": email} | {f"custom:{name}": value for name, value in rights.items()}
        cognito.admin_create_user(UserPoolId=pool, Username=email, MessageAction="SUPPRESS", UserAttributes=[
            {"Name": name, "Value": value} for name, value in attributes.items()])
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
        answer = cognito.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH",
                                       AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD})
        return answer["AuthenticationResult"]["IdToken"]

    # ------------------------------------------------------------------------------------------- what is made

    def test_the_stack_has_what_the_template_lists(self):
        listed = common.expanded()["Resources"]
        wanted = {name for name, resource in listed.items()
                  if resource.get("Condition") in (None, "MakesUserPool")}
        found = {resource["LogicalResourceId"] for page in self.client("cloudformation").get_paginator(
            "list_stack_resources").paginate(StackName="trilha") for resource in page["StackResourceSummaries"]}
        self.assertEqual(found, wanted)

    def test_the_root_of_all_keys_is_random_and_long(self):
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs["KeysSecretArn"])
        self.assertEqual(len(json.loads(secret["SecretString"])["root"]), 64)

    def test_the_catalogue_has_the_table(self):
        table = self.client("glue").get_table(DatabaseName=self.outputs["GlueDatabaseName"], Name="events")["Table"]
        bucket = self.outputs["LakeBucketName"]
        self.assertEqual(table["StorageDescriptor"]["Location"], f"s3://{bucket}/lake/events/")

    def test_alarms_and_timers_exist(self):
        alarms = self.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
        self.assertGreater(len(alarms), 25)
        timers = self.client("scheduler").list_schedules()["Schedules"]
        self.assertEqual(len([timer for timer in timers if timer["Name"].startswith("trilha-")]), 3)

    def test_a_second_deployment_changes_nothing_and_a_parameter_changes_what_it_says(self):
        self.assertEqual(self.deploy("trilha"), self.outputs)
        self.assertEqual(self.live_window(), 10)
        self.assertEqual(self.deploy("trilha", LiveWindowSeconds=3), self.outputs)
        self.assertEqual(self.live_window(), 3)
        self.deploy("trilha", LiveWindowSeconds=-1)
        self.assertEqual(self.live_window(), 10)

    def live_window(self):
        mapping = self.client("lambda").get_event_source_mapping(UUID=self.outputs["LiveMappingId"])
        return mapping["MaximumBatchingWindowInSeconds"]

    def test_other_sizes_a_poller_and_an_issuer_of_ones_own(self):
        for size, mode in (("school", "PROVISIONED"), ("national", "ON_DEMAND")):
            made = self.deploy(f"trilha-{size}", Size=size, Processing="poller", GlueDatabase=size, Tenants="c",
                               LiveCapacity="ON_DEMAND",  # The stand-in has no Application Auto Scaling.
                               JwtIssuer="https://id.example.edu", JwtAudience="trilha", AlarmEmail="it@example.edu")
            self.assertNotIn("UserPoolId", made)
            self.assertEqual((made["Issuer"], made["Audience"]), ("https://id.example.edu", "trilha"))
            self.assertIn("CheckpointsTableName", made)
            stream = self.client("kinesis").describe_stream_summary(StreamName=made["StreamName"])
            self.assertEqual(stream["StreamDescriptionSummary"]["StreamModeDetails"]["StreamMode"], mode)

    def test_the_live_table_becomes_provisioned_in_place_and_on_demand_again(self):
        """The mode is named: the stand-in reads no mapping in a condition."""
        template, tables = self.without_scaling(), self.client("dynamodb")
        size = deploy.load_template(self.template)["Mappings"]["BySize"]["national"]

        def deployed(capacity):
            made = self.deploy_from(template, "trilha-capacity", Size="national", GlueDatabase="capacity", Tenants="c",
                                    LiveCapacity=capacity)
            found = tables.describe_table(TableName=made["LiveTableName"])["Table"]
            throughput = [found["ProvisionedThroughput"][f"{kind}CapacityUnits"] for kind in ("Write", "Read")]
            return found["TableName"], found["BillingModeSummary"]["BillingMode"], throughput

        name, mode, _ = deployed("ON_DEMAND")
        self.assertEqual(mode, "PAY_PER_REQUEST")
        item = {"pk": {"S": "progress"}, "sk": {"S": "shard"}}
        tables.put_item(TableName=name, Item=item)
        self.assertEqual(deployed("PROVISIONED"), (name, "PROVISIONED", [size["FirstWrites"], size["FirstReads"]]))
        self.assertEqual(tables.get_item(TableName=name, Key=item)["Item"], item)
        self.assertEqual(deployed("ON_DEMAND")[:2], (name, "PAY_PER_REQUEST"))

    def test_the_service_on_fargate_is_made_with_its_endpoints(self):
        made = self.deploy_from(self.without_scaling(), "trilha-fargate", GlueDatabase="fargate", Tenants="c",
                                Fargate="yes", **self.network())
        self.assertRegex(made["ServiceUrl"], r"^https://")
        (cluster,) = [arn for arn in self.client("ecs").list_clusters()["clusterArns"] if "trilha-fargate" in arn]
        self.assertEqual(len(self.client("ecs").list_services(cluster=cluster)["serviceArns"]), 1)
        services = {endpoint["ServiceName"] for endpoint in self.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]}
        self.assertEqual(services, {f"com.amazonaws.us-east-1.{name}" for name in (
            "s3", "dynamodb", "kinesis-streams", "secretsmanager", "logs", "ecr.api", "ecr.dkr")})

    def without_scaling(self):
        """The stand-in has no Application Auto Scaling, and starts no task."""
        template = deploy.load_template(self.template)
        template["Resources"] = {name: resource for name, resource in template["Resources"].items()
                                 if not resource["Type"].startswith("AWS::ApplicationAutoScaling::")}
        template["Resources"]["Service"]["Properties"]["DesiredCount"] = 0
        path = self.template.with_name("fargate.json")
        path.write_text(json.dumps(template))
        return path

    def network(self):
        compute = self.client("ec2")
        network = compute.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [compute.create_subnet(VpcId=network, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"]
                   for number in range(4)]
        table = compute.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"]
        certificate = self.client("acm").request_certificate(DomainName="events.example.edu")["CertificateArn"]
        return {"VpcId": network, "PublicSubnetIds": ",".join(subnets[:2]), "PrivateSubnetIds": ",".join(subnets[2:]),
                "PrivateRouteTableIds": table, "CertificateArn": certificate}

    def test_a_service_without_a_network_is_refused(self):
        with self.assertRaisesRegex(Exception, "VPC"):
            self.deploy_from(self.without_scaling(), "trilha-wrong", Fargate="yes", CertificateArn="arn:aws:acm:::c")

    def test_what_failed_first_is_said(self):
        template = deploy.load_template(self.template)
        template["Resources"]["Catalogue"]["Properties"]["DatabaseInput"]["Name"] = "trilha"  # It is there already.
        path = self.template.with_name("wrong.json")
        path.write_text(json.dumps(template))
        with self.assertRaisesRegex(deploy.DeployError, r"^Catalogue \(AWS::Glue::Database\): .*exists"):
            self.deploy_from(path, "trilha-wrong", Tenants="c")

    def test_an_issuer_without_audience_is_refused(self):
        with self.assertRaisesRegex(Exception, "audience"):
            self.deploy("trilha-wrong", JwtIssuer="https://id.example.edu")

    def test_a_parameter_that_does_not_exist_is_refused(self):
        with self.assertRaisesRegex(deploy.DeployError, "Tenant"):
            self.deploy("trilha-wrong", Tenant="a")

    def test_deleting_the_stack_leaves_what_holds_data(self):
        made = self.deploy("trilha-gone", GlueDatabase="gone", Tenants="c")
        deploy.delete(self.client("cloudformation"), "trilha-gone")
        tables = self.client("dynamodb").list_tables()["TableNames"]
        self.assertIn(made["IdentitiesTableName"], tables)
        self.assertNotIn(made["StatusTableName"], tables)
        self.client("s3").head_bucket(Bucket=made["LakeBucketName"])
        self.assertNotIn(made["StreamName"], self.client("kinesis").list_streams()["StreamNames"])

    # ------------------------------------------------------------------------------------------ domain events

    def test_a_domain_event_reaches_the_lms_and_the_topic(self):
        topic = self.mailbox(self.outputs["EventsTopicArn"])
        for kind in ("learner.at_risk", "video.completed", "something.else"):
            self.client("events").put_events(Entries=[{
                "EventBusName": self.outputs["EventBusName"], "Source": "trilha", "DetailType": kind,
                "Detail": json.dumps({"id": kind})}])
        told = [json.loads(message["Message"])["detail-type"] for message in self.received(topic)]
        self.assertEqual(told, ["learner.at_risk"])
        queued = {message["detail-type"] for message in self.received(self.outputs["LmsQueueUrl"])}
        self.assertEqual(queued, {"learner.at_risk", "video.completed"})

    # ---------------------------------------------------------------------------------------------- workflows

    def test_compaction_runs_its_steps_in_order(self):
        self.steps()
        status, output, entered = self.run_machine("CompactionArn")
        self.assertEqual((status, output), ("SUCCEEDED", {"days": 3, "published_rows": 15, "failed": []}))
        self.assertEqual([name for name in entered if name in ("Settle", "Plan", "Each dirty day", "Finish", "Done")],
                         ["Settle", "Plan", "Each dirty day", "Finish", "Done"])

    def test_a_run_that_is_asked_to_sweep_does_so_once_all_is_shown(self):
        self.steps()
        status, output, entered = self.run_machine("CompactionArn", sweep=True)
        self.assertEqual((status, output), ("SUCCEEDED", {"days": 3, "published_rows": 15, "failed": []}))
        self.assertEqual(entered[-5:], ["Finish", "Did any day fail?", "Absorb", "Sweep", "Done"])

    def test_absorbing_or_a_sweep_that_fails_is_told(self):
        for state in ("Absorb", "Sweep"):
            with self.subTest(state):
                self.steps(**{state.lower(): {"fails": [{}]}})
                mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
                status, _, entered = self.run_machine("CompactionArn", sweep=True)
                self.assertEqual((status, entered[-3:]), ("FAILED", [state, "Tell", "Failed"]))
                self.assertEqual(len(self.received(mailbox)), 1)

    def test_compaction_without_dirty_days_is_done(self):
        self.steps(plan={"answer": {"partitions": []}})
        self.assertEqual(self.run_machine("CompactionArn")[:2],
                         ("SUCCEEDED", {"days": 0, "published_rows": 0, "failed": []}))

    def test_a_day_that_fails_lets_the_others_finish_and_is_told(self):
        self.steps(compact={"answer": {"generation": 1, "landed_rows": 2, "published_rows": 5}, "fails": [DAYS[1]]})
        mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
        status, _, entered = self.run_machine("CompactionArn")
        self.assertEqual(status, "FAILED")
        self.assertIn("Finish", entered)
        (message,) = self.received(mailbox)
        self.assertIn('"day":"2026-11-02"', message["Message"])
        self.assertIn('"days":3,"published_rows":10', message["Message"])

    def test_a_plan_that_fails_is_told(self):
        self.steps(plan={"fails": [{}]})
        mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
        status, _, entered = self.run_machine("CompactionArn")
        self.assertEqual((status, entered[-3:]), ("FAILED", ["Plan", "Tell", "Failed"]))
        self.assertEqual(len(self.received(mailbox)), 1)

    def test_a_run_that_is_asked_for_all_plans_all(self):
        self.steps(plan={"answer": {"partitions": DAYS}, "fails": [{"all": True}]})
        mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
        status, _, entered = self.run_machine("CompactionArn", all=True)
        self.assertEqual((status, entered[-3:]), ("FAILED", ["Plan", "Tell", "Failed"]))
        self.assertEqual(len(self.received(mailbox)), 1)

    def test_a_redrive_empties_the_queue(self):
        self.steps()
        for size in range(6):
            self.fail_batch({"KinesisBatchInfo": {"batchSize": size}})
        status, _, entered = self.run_machine("LakeRedriveArn")
        self.assertEqual((status, entered.count("Each range")), ("SUCCEEDED", 2))
        self.assertEqual(self.waiting(), 0)

    def test_a_range_that_fails_stays_in_the_queue_and_is_told(self):
        message = {"KinesisBatchInfo": {"batchSize": 7}}
        self.steps(redrive={"fails": [{"message": message}]})
        mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
        self.fail_batch(message)
        self.assertEqual(self.run_machine("LakeRedriveArn")[0], "FAILED")
        self.assertEqual(self.waiting(), 1)
        self.assertEqual(len(self.received(mailbox)), 1)
        self.client("sqs").purge_queue(QueueUrl=self.outputs["LakeFailuresUrl"])

    def test_records_that_had_expired_are_told(self):
        self.steps(redrive={"answer": {"landed": 1, "quarantined": 0, "expired": 6}})
        mailbox = self.mailbox(self.outputs["AlarmTopicArn"])
        self.fail_batch({"KinesisBatchInfo": {"batchSize": 7}})
        self.assertEqual(self.run_machine("LakeRedriveArn")[0], "FAILED")
        self.assertEqual(self.waiting(), 0, "there is nothing to read again")
        (message,) = self.received(mailbox)
        self.assertIn('"expired":6', message["Message"])

    def fail_batch(self, message):
        self.client("sqs").send_message(QueueUrl=self.outputs["LakeFailuresUrl"], MessageBody=json.dumps(message))

    def waiting(self):
        """How many messages the queue holds, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client("sqs").get_queue_attributes(QueueUrl=self.outputs["LakeFailuresUrl"], AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)


if __name__ == "__main__":
    unittest.main()
