"""The template, as its tools and its own promises see it."""

import json
import re
import subprocess
import unittest

import common

# What AWS publishes, of what the alarms and the dashboard ask for.
AWS_METRICS = {
    "AWS/Lambda": {"Errors", "Throttles", "IteratorAge", "Duration", "Invocations"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/Kinesis": {"IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded"},
    "AWS/DynamoDB": {"WriteThrottleEvents", "ReadThrottleEvents", "ConsumedWriteCapacityUnits"},
    "AWS/States": {"ExecutionsFailed", "ExecutionsSucceeded"},
    "AWS/ApiGateway": {"Count", "4xx", "5xx"},
    "AWS/ApplicationELB": {"HTTPCode_Target_5XX_Count", "UnHealthyHostCount"},
}
# What the functions publish, by the dimension Function.
OWN_METRICS = {"Events", "Lag", "BatchRecords", "Duplicates", "Quarantined", "WriteUnits", "ColdStarts", "Drift",
               "CoursesLeft"}


class Tools(unittest.TestCase):
    def accepts(self, *command):
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_cfn_lint(self):
        self.accepts(common.tool("cfn-lint"), str(common.TEMPLATE))

    def test_sam_validate(self):
        self.accepts(common.tool("sam"), "validate", "--lint", "-t", str(common.TEMPLATE))


class Template(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = common.template()
        cls.expanded = common.expanded()

    def of(self, kind):
        return common.resources(self.expanded, kind)

    def test_every_route_is_explicit_and_those_of_instructors_need_a_token(self):
        routes = self.of("AWS::ApiGatewayV2::Route")
        found = {route["RouteKey"]: route.get("AuthorizationType", "NONE") for route in routes.values()}
        self.assertEqual(found, {
            "POST /v1/events": "NONE", "OPTIONS /v1/events": "NONE", "POST /v1/tokens": "NONE",
            "OPTIONS /v1/tokens": "NONE", "GET /healthz": "NONE", "GET /": "NONE", "GET /favicon.svg": "NONE",
            "GET /assets/{file}": "NONE", "GET /config.json": "NONE", "GET /api/v1/session": "JWT",
            "GET /api/v1/courses": "JWT", "GET /api/v1/views": "JWT",
        })
        for name, route in routes.items():
            if route["RouteKey"].startswith("GET /api/"):
                self.assertEqual(route["AuthorizerId"], {"Ref": "Instructors"}, name)

    def test_route_settings_name_routes_that_are_made_before_the_stage(self):
        stage = self.template["Resources"]["HttpApiStage"]
        made = {self.template["Resources"][name]["Properties"]["RouteKey"] for name in stage["DependsOn"]}
        self.assertLessEqual(set(stage["Properties"]["RouteSettings"]), made)

    def test_the_access_log_holds_no_token_and_no_query(self):
        form = self.of("AWS::ApiGatewayV2::Stage")["HttpApiStage"]["AccessLogSettings"]["Format"]
        json.loads(form)
        self.assertNotRegex(form, r"(?i)authorization|querystring|header|body")

    def test_instructors_cannot_write_their_own_rights(self):
        client = self.of("AWS::Cognito::UserPoolClient")["UserPoolClient"]
        self.assertFalse([name for name in client["WriteAttributes"] if name.startswith("custom:")])
        self.assertLessEqual({"custom:tenant", "custom:courses"}, set(client["ReadAttributes"]))
        pool = self.of("AWS::Cognito::UserPool")["UserPool"]
        self.assertTrue(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"])

    def test_both_mappings_keep_order_and_report_what_failed(self):
        mappings = self.of("AWS::Lambda::EventSourceMapping")
        self.assertEqual(set(mappings), {"LiveMapping", "LakeMapping"})
        for mapping in mappings.values():
            self.assertEqual(mapping["ParallelizationFactor"], 1)
            self.assertEqual(mapping["FunctionResponseTypes"], ["ReportBatchItemFailures"])
            self.assertTrue(mapping["BisectBatchOnFunctionError"])
            self.assertEqual(mapping["StartingPosition"], "TRIM_HORIZON")
            self.assertEqual(mapping["Enabled"], {"Fn::If": ["ByFunctions", True, False]})

    def test_the_live_mapping_never_gives_up_and_the_lakes_does_before_the_stream_forgets(self):
        live, lake = (self.of("AWS::Lambda::EventSourceMapping")[name] for name in ("LiveMapping", "LakeMapping"))
        self.assertEqual((live["MaximumRetryAttempts"], live["MaximumRecordAgeInSeconds"]), (-1, -1))
        self.assertNotIn("DestinationConfig", live)
        self.assertGreater(lake["MaximumRetryAttempts"], 0)
        shortest = min(size["RetentionHours"] for size in self.template["Mappings"]["BySize"].values()) * 3600
        self.assertLessEqual(lake["MaximumRecordAgeInSeconds"], shortest / 2)
        self.assertEqual(lake["DestinationConfig"]["OnFailure"]["Destination"], {"Fn::GetAtt": ["LakeFailures", "Arn"]})

    def test_tables_have_the_keys_that_adapters_expect(self):
        tables = self.of("AWS::DynamoDB::Table")
        self.assertEqual(len(tables), 7)
        for name, table in tables.items():
            self.assertEqual([key["AttributeName"] for key in table["KeySchema"]], ["pk", "sk"], name)
            self.assertEqual({key["AttributeType"] for key in table["AttributeDefinitions"]}, {"S"}, name)
            if name != "LiveTable":
                self.assertEqual(table["BillingMode"], "PAY_PER_REQUEST", name)
            self.assertTrue(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name)
        expiring = {name for name, table in tables.items() if "TimeToLiveSpecification" in table}
        self.assertEqual(expiring, {"QuarantineTable", "StatusTable"})
        for name in expiring:
            self.assertEqual(tables[name]["TimeToLiveSpecification"]["AttributeName"], "expires")

    def test_only_the_live_table_may_be_provisioned_and_then_something_scales_it(self):
        scaling = {name: resource for name, resource in self.expanded["Resources"].items()
                   if resource["Type"].startswith("AWS::ApplicationAutoScaling::") and name.startswith("Live")}
        self.assertEqual(set(scaling), {"LiveWrites", "LiveWritesScaling", "LiveReads", "LiveReadsScaling"})
        for name, resource in scaling.items():
            self.assertEqual(resource["Condition"], "LiveIsProvisioned", name)
        table = self.of("AWS::DynamoDB::Table")["LiveTable"]
        self.assertEqual(table["BillingMode"], {"Fn::If": ["LiveIsProvisioned", "PROVISIONED", "PAY_PER_REQUEST"]})
        condition, first, otherwise = table["ProvisionedThroughput"]["Fn::If"]
        self.assertEqual((condition, otherwise), ("LiveIsProvisioned", {"Ref": "AWS::NoValue"}))
        for kind, part in (("Write", "Writes"), ("Read", "Reads")):
            self.assertEqual(first[f"{kind}CapacityUnits"], self.by_size(f"First{part}"))
            target, policy = (scaling[name]["Properties"] for name in (f"Live{part}", f"Live{part}Scaling"))
            self.assertEqual(target["ResourceId"], {"Fn::Sub": "table/${LiveTable}"})
            self.assertEqual((target["ServiceNamespace"], target["ScalableDimension"]),
                             ("dynamodb", f"dynamodb:table:{kind}CapacityUnits"))
            self.assertEqual((target["MinCapacity"], target["MaxCapacity"]),
                             (self.by_size(f"Least{part}"), self.by_size(f"Most{part}")))
            self.assertEqual(policy["ScalingTargetId"], {"Ref": f"Live{part}"})
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            self.assertEqual(tracking["PredefinedMetricSpecification"]["PredefinedMetricType"],
                             f"DynamoDB{kind}CapacityUtilization")
            self.assertEqual(tracking["TargetValue"], self.by_size(f"{kind}Target"))

    @staticmethod
    def by_size(name):
        return {"Fn::FindInMap": ["BySize", {"Ref": "Size"}, name]}

    def test_a_table_changes_its_mode_in_place(self):
        from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::DynamoDB::Table").schema
        self.assertIn("/properties/TableName", schema["createOnlyProperties"])
        for name in ("BillingMode", "ProvisionedThroughput"):
            self.assertNotIn(f"/properties/{name}", schema["createOnlyProperties"])

    def test_capacity_fits_in_its_bounds(self):
        modes = {}
        for name, size in self.template["Mappings"]["BySize"].items():
            modes[name] = size["LiveCapacity"]
            for part in ("Writes", "Reads"):
                # A table of an account may have 40,000 units unless AWS is asked for more.
                self.assertTrue(0 < size[f"Least{part}"] <= size[f"First{part}"] <= size[f"Most{part}"] <= 40_000, name)
            # Were the most lower than what a run has, the end of the run would lower capacity once more a day.
            self.assertTrue(size["LeastReads"] <= size["RunReads"] <= size["NightReads"] <= size["MostReads"], name)
            for part in ("Write", "Read"):
                self.assertTrue(20 <= size[f"{part}Target"] <= 90, "what auto scaling takes")
        self.assertEqual(modes, {"school": "ON_DEMAND", "university": "ON_DEMAND", "national": "PROVISIONED"})

    def test_the_evaluator_runs_while_it_has_capacity(self):
        actions = {action["ScheduledActionName"]: action
                   for action in self.of("AWS::ApplicationAutoScaling::ScalableTarget")["LiveReads"]["ScheduledActions"]}
        self.assertEqual({name: action["Schedule"] for name, action in actions.items()}, {
            "night": "cron(0 0 * * ? *)", "run": "cron(0 6,12,18 * * ? *)", "over": "cron(30 0/6 * * ? *)"})
        self.assertEqual(self.template["Parameters"]["EvaluatorSchedule"]["Default"], "cron(10 0/6 * * ? *)")
        zones = [action["Timezone"] for action in actions.values()]
        zones.append(self.of("AWS::Scheduler::Schedule")["EvaluatorTimer"]["ScheduleExpressionTimezone"])
        self.assertEqual(zones, [{"Ref": "Zone"}] * 4)
        for name, least, most in (("night", "NightReads", "NightReads"), ("run", "RunReads", "RunReads"),
                                  ("over", "LeastReads", "MostReads")):
            self.assertEqual(actions[name]["ScalableTargetAction"],
                             {"MinCapacity": self.by_size(least), "MaxCapacity": self.by_size(most)})
        # A function's time and the ten minutes before it are within the half hour.
        self.assertLessEqual(10 * 60 + self.of("AWS::Lambda::Function")["Evaluator"]["Timeout"], 30 * 60)

    def test_an_alarm_tells_when_the_live_table_refuses(self):
        watched = {alarm["MetricName"] for alarm in self.of("AWS::CloudWatch::Alarm").values()
                   if {"Name": "TableName", "Value": {"Ref": "LiveTable"}} in alarm["Dimensions"]}
        self.assertEqual(watched, {"WriteThrottleEvents", "ReadThrottleEvents"})

    def test_what_holds_data_outlives_the_stack(self):
        for name in ("Keys", "Lake", "LiveTable", "IdentitiesTable", "SettingsTable", "ManifestTable", "UserPool"):
            resource = self.expanded["Resources"][name]
            self.assertEqual(resource["DeletionPolicy"], "RetainExceptOnCreate", name)
            self.assertEqual(resource["UpdateReplacePolicy"], "Retain", name)

    def test_the_lake_is_private_encrypted_and_reached_by_tls_only(self):
        lake = self.of("AWS::S3::Bucket")["Lake"]
        self.assertEqual(set(lake["PublicAccessBlockConfiguration"].values()), {True})
        self.assertEqual(len(lake["PublicAccessBlockConfiguration"]), 4)
        self.assertTrue(lake["BucketEncryption"]["ServerSideEncryptionConfiguration"])
        statement = self.of("AWS::S3::BucketPolicy")["LakeBucketPolicy"]["PolicyDocument"]["Statement"][0]
        self.assertEqual((statement["Effect"], statement["Condition"]),
                         ("Deny", {"Bool": {"aws:SecureTransport": "false"}}))

    def test_queues_are_encrypted_and_the_stream_too(self):
        for name, queue in self.of("AWS::SQS::Queue").items():
            self.assertTrue(queue["SqsManagedSseEnabled"], name)
        self.assertEqual(self.of("AWS::Kinesis::Stream")["Events"]["StreamEncryption"]["EncryptionType"], "KMS")

    def test_a_message_hides_for_longer_than_its_step_takes_with_retries(self):
        steps = self.of("AWS::Lambda::Function")["Steps"]["Timeout"]
        self.assertGreater(self.of("AWS::SQS::Queue")["LakeFailures"]["VisibilityTimeout"], 3 * steps)

    def test_every_size_says_everything_and_sizes_grow(self):
        sizes = self.template["Mappings"]["BySize"]
        self.assertEqual(list(sizes), self.template["Parameters"]["Size"]["AllowedValues"])
        self.assertEqual({frozenset(size) for size in sizes.values()}, {frozenset(sizes["school"])})
        for name in sizes["school"]:
            if name.endswith(("Memory", "Rate", "Burst", "Reserved", "Hours")):
                values = [size[name] for size in sizes.values()]
                self.assertEqual(values, sorted(values), name)

    def test_functions_run_what_the_build_lays_out(self):
        folders = {properties["CodeUri"].rstrip("/").rsplit("/", 1)[1]
                   for properties in common.resources(self.template, "AWS::Serverless::Function").values()}
        self.assertEqual(folders, set(common.FUNCTIONS))
        build = (common.AWS / "build").read_text()
        self.assertIn(f"functions=({' '.join(common.FUNCTIONS)})", build)
        for name, function in self.of("AWS::Lambda::Function").items():
            self.assertEqual((function["Runtime"], function["Handler"]), ("provided.al2023", "bootstrap"), name)
            self.assertIn("LogGroup", function["LoggingConfig"], name)

    def test_environments_name_only_variables_that_are_agreed_on(self):
        agreed = set("""STREAM LIVE_TABLE IDENTITIES_TABLE QUARANTINE_TABLE SETTINGS_TABLE MANIFEST_TABLE STATUS_TABLE
            LAKE_BUCKET LAKE_PREFIX GLUE_DATABASE GLUE_TABLE KEYS_SECRET TENANTS ZONE EVENT_BUS ALLOWED_ORIGINS
            COMPACTION_GRACE_SECONDS OIDC_ISSUER OIDC_CLIENT OIDC_ORIGINS""".split())
        for name, function in self.of("AWS::Lambda::Function").items():
            variables = {variable.removeprefix("TRILHA_") for variable in function["Environment"]["Variables"]}
            self.assertLessEqual(variables, agreed, name)

    def test_only_the_api_may_call_what_the_api_calls(self):
        for name, permission in self.of("AWS::Lambda::Permission").items():
            self.assertEqual(permission["Principal"], "apigateway.amazonaws.com", name)
            self.assertIn("${HttpApi}", permission["SourceArn"]["Fn::Sub"], name)

    def test_an_alarm_watches_a_metric_that_is_made_and_tells_somebody(self):
        for name, alarm in self.of("AWS::CloudWatch::Alarm").items():
            self.assertEqual(alarm["AlarmActions"], [{"Ref": "AlarmTopic"}], name)
            wanted = "breaching" if alarm["ComparisonOperator"] == "LessThanThreshold" else "notBreaching"
            self.assertEqual(alarm["TreatMissingData"], wanted, name)
            dimensions = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
            self.is_made(alarm["Namespace"], alarm["MetricName"], dimensions, name)

    def test_the_dashboard_shows_metrics_that_are_made(self):
        body = self.of("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]["Fn::Sub"]
        for widget in json.loads(body)["widgets"]:
            for namespace, metric, *dimensions in widget["properties"]["metrics"]:
                pairs = dict(zip(dimensions[::2], dimensions[1::2]))
                self.is_made(namespace, metric, pairs, widget["properties"]["title"])

    def is_made(self, namespace, metric, dimensions, where):
        if namespace == "Trilha":
            self.assertIn(metric, OWN_METRICS, where)
            self.assertEqual(list(dimensions), ["Function"], where)
            self.assertIn(dimensions["Function"], common.FUNCTIONS, where)
        else:
            self.assertIn(metric, AWS_METRICS[namespace], where)

    def test_the_alarms_that_the_design_asks_for_are_there(self):
        found = {(alarm["Namespace"], alarm["MetricName"]) for alarm in self.of("AWS::CloudWatch::Alarm").values()}
        self.assertLessEqual({
            ("AWS/Lambda", "IteratorAge"), ("AWS/Lambda", "Errors"), ("AWS/Lambda", "Throttles"),
            ("Trilha", "Quarantined"), ("Trilha", "Drift"), ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
            ("AWS/Kinesis", "WriteProvisionedThroughputExceeded"), ("AWS/DynamoDB", "WriteThrottleEvents"),
            ("AWS/States", "ExecutionsFailed"),
        }, found)

    def test_domain_events_reach_both_targets_and_mails_are_few(self):
        kinds = {"video.completed", "learner.at_risk", "question.broken", "course.activity_dropped"}
        patterns = {name: set(rule["EventPattern"]["detail-type"])
                    for name, rule in self.of("AWS::Events::Rule").items()}
        self.assertEqual(patterns, {"EventsToLms": kinds, "EventsToMail": kinds - {"video.completed"}})

    def test_substitutions_find_something(self):
        text = json.dumps(self.expanded)
        names = set(self.expanded["Resources"]) | set(self.expanded["Parameters"])
        for name in re.findall(r"\$\{([A-Za-z0-9]+)(?:\.[A-Za-z]+)?\}", text):
            self.assertTrue(name in names or name == "Repository", name)


if __name__ == "__main__":
    unittest.main()
