"""Packages infra/aws/template.yaml as `sam package` would, deploys it, and answers with the stack's outputs.

    python3 infra/e2e/deploy.py --stack trilha --parameter Tenants=a,b [--endpoint http://127.0.0.1:4566]

Only what every AWS account and every stand-in has is called: S3 for the artifacts, CloudFormation change sets. Region,
credentials and endpoint come from the standard chain and variables (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL …).
"""

import argparse
import hashlib
import io
import json
import os
import sys
import time
import zipfile
from pathlib import Path

import boto3
import yaml
from botocore.exceptions import ClientError, WaiterError

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra/aws/template.yaml"
# Where infra/aws/build puts the functions: a folder each, with `bootstrap` in it.
FUNCTIONS = ROOT / "target/lambda"
# CloudFormation takes a body of this many bytes; a longer one must lie in S3.
LONGEST_BODY = 51_200
# The earliest time that a zip can tell: archives of equal content are equal.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class DeployError(Exception):
    """The stack is not as the template says; the message says why."""


# ------------------------------------------------------------------------------------------------------ template


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (!Ref, !GetAtt, !Sub …)."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# A date stays the text that it is (policy versions).
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_template(path=TEMPLATE):
    """The template as plain data, in the long forms that JSON has."""
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, _Loader)


def local_paths(template, path=TEMPLATE, functions=FUNCTIONS):
    """Yields (properties, name of the property, path) wherever the template points at a local file or folder."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "DefinitionUri"):
            if isinstance(properties.get(name), str) and not properties[name].startswith("s3://"):
                local = (Path(path).parent / properties[name]).resolve()
                yield properties, name, functions / local.name if name == "CodeUri" else local


def archive(folder):
    """A zip of a function's folder, the same bytes for the same content."""
    if not (folder / "bootstrap").is_file():
        raise DeployError(f"{folder}/bootstrap is missing: run infra/aws/build")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path.name == "bootstrap" else 0o100644) << 16
            file.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def package(s3, bucket, path=TEMPLATE, functions=FUNCTIONS):
    """Uploads what the template points at, under names that are hashes of the content, and answers with the template
    that points there."""
    template = load_template(path)
    for properties, name, source in local_paths(template, path, functions):
        content, suffix = (archive(source), ".zip") if name == "CodeUri" else (source.read_bytes(), source.suffix)
        key = upload(s3, bucket, content, suffix)
        properties[name] = {"Bucket": bucket, "Key": key}
    return template


def upload(s3, bucket, content, suffix):
    """Puts content under its own hash, if it is not there yet."""
    key = f"trilha/{hashlib.sha256(content).hexdigest()}{suffix}"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    return key


def artifact_bucket(session, endpoint=None):
    """The account's bucket for artifacts in this region, made when there is none: private, encrypted."""
    account = session.client("sts", endpoint_url=endpoint).get_caller_identity()["Account"]
    region, s3 = session.region_name, session.client("s3", endpoint_url=endpoint)
    bucket = f"trilha-artifacts-{account}-{region}"
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True))
    return bucket


# --------------------------------------------------------------------------------------------------------- stack


def deploy(stack, parameters, endpoint=None, path=TEMPLATE, functions=FUNCTIONS, say=lambda line: None):
    """Makes the stack, or changes it to what the template and the parameters say. Parameters that are not named keep
    the value that they have, or the template's default. `functions` stands for target/lambda. Answers with the
    outputs."""
    session = boto3.Session()
    s3 = session.client("s3", endpoint_url=endpoint)
    bucket = artifact_bucket(session, endpoint)
    say(f"artifacts to {bucket}")
    template = package(s3, bucket, path, functions)
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    before = describe(cloudformation, stack)
    change(cloudformation, stack, before, body_of(s3, bucket, template), given(template, parameters, before), say)
    return outputs(stack, endpoint)


def body_of(s3, bucket, template):
    """How a call says the template: in itself or, when it is long, in S3."""
    body = json.dumps(template, separators=(",", ":"))
    if len(body.encode()) <= LONGEST_BODY:
        return {"TemplateBody": body}
    key = upload(s3, bucket, body.encode(), ".template.json")
    return {"TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}"}


def given(template, parameters, before):
    """The parameters of a call."""
    unknown = parameters.keys() - template["Parameters"].keys()
    if unknown:
        raise DeployError(f"the template has no parameter {', '.join(sorted(unknown))}")
    entries = [{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()]
    kept = {entry["ParameterKey"] for entry in (before or {}).get("Parameters", [])} & template["Parameters"].keys()
    return entries + [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept - parameters.keys())]


def describe(cloudformation, stack):
    """The stack as it stands; none when there is none, or only an attempt at it."""
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found


def change(cloudformation, stack, before, body, parameters, say):
    """Makes a change set and carries it out: the way that templates with a transform go."""
    if before and before["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
        say("the stack's creation had failed: deleting what is left of it")
        delete(cloudformation, stack)
        before = None
    name = f"deploy-{int(time.time() * 1000)}"
    cloudformation.create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType="UPDATE" if before else "CREATE", Parameters=parameters,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"], **body,
    )
    if not is_ready(cloudformation, stack, name):
        say("nothing to change")
        return
    say("changing the stack")
    started = time.time()
    cloudformation.execute_change_set(StackName=stack, ChangeSetName=name)
    wait(cloudformation, "stack_update_complete" if before else "stack_create_complete", stack, started)


def is_ready(cloudformation, stack, name):
    """Waits for a change set; false when it holds no change."""
    while True:
        found = cloudformation.describe_change_set(StackName=stack, ChangeSetName=name)
        if found["Status"] == "CREATE_COMPLETE":
            return True
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
            if "didn't contain changes" in reason or "No updates" in reason:
                return False
            raise DeployError(reason)
        time.sleep(0.5)


def wait(cloudformation, waiter, stack, since):
    """Waits for the stack; raises what failed first when it does not get there."""
    try:
        cloudformation.get_waiter(waiter).wait(StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 1800})
    except WaiterError as error:
        raise DeployError(first_failure(cloudformation, stack, since) or str(error)) from error


def first_failure(cloudformation, stack, since):
    """What went wrong first, of the events since a time."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    failed = [event for page in pages for event in page["StackEvents"]
              if event["ResourceStatus"].endswith("FAILED") and event["Timestamp"].timestamp() >= since - 60]
    if not failed:
        return None
    first = min(failed, key=lambda event: event["Timestamp"])
    return f"{first['LogicalResourceId']} ({first['ResourceType']}): {first.get('ResourceStatusReason', '')}"


def outputs(stack, endpoint=None):
    """The stack's outputs, by name."""
    cloudformation = boto3.Session().client("cloudformation", endpoint_url=endpoint)
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}


def delete(cloudformation, stack):
    """Deletes a stack and waits for its end. What the template retains stays."""
    started = time.time()
    cloudformation.delete_stack(StackName=stack)
    wait(cloudformation, "stack_delete_complete", stack, started)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--stack", default="trilha")
    arguments.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    arguments.add_argument("--endpoint", help="of a stand-in; AWS_ENDPOINT_URL does too")
    arguments.add_argument("--delete", action="store_true", help="delete the stack; what holds data stays")
    chosen = arguments.parse_args()
    if "AWS_REGION" in os.environ:  # The other SDKs read this one, boto3 the older name.
        os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]
    if boto3.Session().region_name is None:
        sys.exit("no region: set AWS_REGION, or one in the profile")
    say = lambda line: print(line, file=sys.stderr)  # noqa: E731
    try:
        if chosen.delete:
            delete(boto3.Session().client("cloudformation", endpoint_url=chosen.endpoint), chosen.stack)
            return
        parameters = dict(pair.split("=", 1) for pair in chosen.parameter)
        print(json.dumps(deploy(chosen.stack, parameters, chosen.endpoint, say=say), indent=2, sort_keys=True))
    except DeployError as error:
        sys.exit(f"not deployed: {error}")


if __name__ == "__main__":
    main()
