"""Every policy, of the template as AWS gets it: nobody may do everything, or anything to everything."""

import unittest

import common

# Actions for which AWS has no resource: "*" is the only one that a policy can name.
# https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = {
    "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
    "ecr:GetAuthorizationToken",
}
# Objects have no names before they are written: a folder of the lake is as exact as a policy can be.
FOLDERS = {f"${{Lake.Arn}}/${{LakePrefix}}/{folder}/*" for folder in ("landing", "events", "pointers")}


def documents(value, path=""):
    """Yields (path, document) of every policy document below a value."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield path, value
        for name, part in value.items():
            yield from documents(part, f"{path}/{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from documents(part, f"{path}/{number}")


def listed(value):
    return value if isinstance(value, list) else [value]


def texts(value):
    """Yields every text below a value: what an intrinsic function is made of, too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def faults(statement):
    """What is wrong with a statement that allows something."""
    if statement["Effect"] == "Deny":
        return
    for action in listed(statement["Action"]):
        if "*" in action:
            yield f"action {action}"
    for unwanted in ("NotAction", "NotResource", "NotPrincipal"):
        if unwanted in statement:
            yield unwanted
    for principal in texts(statement.get("Principal", [])):
        if "*" in principal:
            yield f"principal {principal}"
    for resource in listed(statement.get("Resource", [])):
        for text in texts(resource):
            if "*" not in text or text in FOLDERS:
                continue
            if text == "*" and set(listed(statement["Action"])) <= WITHOUT_RESOURCE:
                continue
            yield f"resource {text}"


class Policies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.expanded = common.expanded()
        cls.documents = list(documents(cls.expanded["Resources"]))

    def test_no_policy_allows_everything(self):
        self.assertGreater(len(self.documents), 20)
        for path, document in self.documents:
            for statement in document["Statement"]:
                self.assertEqual(list(faults(statement)), [], path)

    def test_the_check_sees_what_it_looks_for(self):
        allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::GetAtt": ["Lake", "Arn"]}}
        self.assertEqual(list(faults(allow)), [])
        for change in ({"Action": ["s3:Get*"]}, {"Action": "*"}, {"Resource": "*"}, {"NotAction": "s3:PutObject"},
                       {"Resource": [{"Fn::Sub": "${Lake.Arn}/*"}]}, {"Principal": {"AWS": "*"}},
                       {"Action": ["s3:GetObject", "logs:GetLogDelivery"], "Resource": "*"}):
            self.assertNotEqual(list(faults({**allow, **change})), [], change)

    def test_no_role_takes_a_policy_that_is_not_written_here(self):
        here = set(common.resources(self.expanded, "AWS::IAM::ManagedPolicy"))
        for name, role in common.resources(self.expanded, "AWS::IAM::Role").items():
            for policy in role.get("ManagedPolicyArns", []):
                self.assertIn(policy.get("Ref") if isinstance(policy, dict) else policy, here, name)

    def test_every_allowance_without_resource_is_used(self):
        used = {action for _, document in self.documents for statement in document["Statement"]
                if statement.get("Resource") == "*" for action in listed(statement["Action"])}
        self.assertEqual(used, WITHOUT_RESOURCE)

    def test_only_one_service_takes_each_role_and_none_of_another_account(self):
        for name, role in common.resources(self.expanded, "AWS::IAM::Role").items():
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual((statement["Action"], list(statement["Principal"])), ("sts:AssumeRole", ["Service"]), name)
            if statement["Principal"]["Service"] != "lambda.amazonaws.com":
                self.assertIn("aws:SourceAccount", str(statement["Condition"]), name)

    def test_each_function_has_a_role_of_its_own(self):
        functions = common.resources(self.expanded, "AWS::Lambda::Function")
        roles = [str(function["Role"]) for function in functions.values()]
        self.assertEqual(len(roles), len(set(roles)))

    def test_nobody_reads_identities_but_who_takes_events_in(self):
        resources = self.expanded["Resources"]
        granting = {name for name, resource in resources.items()
                    if resource["Type"].startswith("AWS::IAM::") and "IdentitiesTable" in str(resource)}
        self.assertEqual(granting, {"IntakePolicy"})
        holders = {name for name, role in common.resources(self.expanded, "AWS::IAM::Role").items()
                   if {"Ref": "IntakePolicy"} in role.get("ManagedPolicyArns", [])}
        self.assertEqual(holders, {"CollectorRole", "LiveRole", "TaskRole"})

    def test_no_policy_scans_a_table_or_deletes_one(self):
        actions = {action for _, document in self.documents for statement in document["Statement"]
                   if statement["Effect"] == "Allow" for action in listed(statement["Action"])}
        self.assertFalse({"dynamodb:Scan", "dynamodb:DeleteTable", "s3:DeleteBucket", "kinesis:DeleteStream"} & actions)


if __name__ == "__main__":
    unittest.main()
