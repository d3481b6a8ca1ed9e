"""Run by SAM's own Python: deploy templates into moto, and print what was created, as JSON.

It reads a JSON object for each stack, which gets an account of its own: `template` and `parameters`
for CloudFormation, and `calls` of other APIs to make once the stack exists, each as service, method
and arguments, in which `<name>` is an output's value.
"""

import io
import json
import os
import sys
import warnings
import zipfile
from typing import Any

import boto3
from moto import mock_aws

STACK = "csr-approver"
BUCKET = "bucket"
S3 = f"https://s3.amazonaws.com/{BUCKET}"


def a_package() -> bytes:
    """Return what `sam package` would have put into S3."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handlers/__init__.py", "")
    return package.getvalue()


def deploy(asked: dict[str, Any]) -> dict[str, Any]:
    """Deploy the template, make the calls, and return what exists then."""
    s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="package.zip", Body=a_package())
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(asked["template"]))
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{S3}/template.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in asked["parameters"].items()
        ],
    )
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    calls = json.dumps(asked["calls"])
    for name, value in outputs.items():
        calls = calls.replace(f"<{name}>", value)
    for service, method, arguments in json.loads(calls):
        getattr(boto3.client(service), method)(**arguments)
    return {
        "id": stack["StackId"],
        "status": stack["StackStatus"],
        "outputs": outputs,
        "resources": {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources
            if "LogicalResourceId" in resource  # resources whose condition is false are blank
        },
        "functions": boto3.client("lambda").list_functions()["Functions"],
        "mappings": boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "alarms": boto3.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "queue": boto3.client("sqs").get_queue_attributes(
            QueueUrl=outputs["ReviewQueueUrl"], AttributeNames=["All"]
        )["Attributes"],
        "policies": {
            role["RoleName"]: boto3.client("iam").list_role_policies(RoleName=role["RoleName"])[
                "PolicyNames"
            ]
            for role in boto3.client("iam").list_roles()["Roles"]
        },
    }


def main() -> None:
    """Deploy each stack into an empty account, and print what exists in each."""
    reported = {}
    for name, asked in json.load(sys.stdin).items():
        with mock_aws():
            reported[name] = deploy(asked)
    json.dump(reported, sys.stdout, default=str)


if __name__ == "__main__":
    os.environ.update(AWS_ACCESS_KEY_ID="practice", AWS_SECRET_ACCESS_KEY="practice")
    warnings.simplefilter("error")  # moto warns of types that it doesn't support
    main()
