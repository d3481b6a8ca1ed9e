"""Run by SAM's own Python: deploy templates into moto, and print what was created, as JSON.

It reads a JSON object for each stack, which gets an account of its own: `name`, `template` and
`parameters` for CloudFormation, `code`, the bucket and key of the package, and `calls` of other
APIs to make once the stack exists, each as service, method and arguments, in which `<name>` is an
output's value.
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

BUCKET = "templates"
S3 = f"https://s3.amazonaws.com/{BUCKET}"
OU = "ou-abcd-0a1b2c3d"


def a_package() -> bytes:
    """Return what is put into S3 before a stack is created."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handlers/__init__.py", "")
    return package.getvalue()


def deploy(asked: dict[str, Any]) -> dict[str, Any]:
    """Deploy the template, make the calls, and return what exists then."""
    s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
    bucket, key = asked["code"]
    for name in (BUCKET, bucket):
        s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=bucket, Key=key, Body=a_package())
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(asked["template"]))
    parameters = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in asked["parameters"].items()
    ]
    cloudformation.create_stack(
        StackName=asked["name"],
        TemplateURL=f"{S3}/template.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=parameters,
    )
    [stack] = cloudformation.describe_stacks(StackName=asked["name"])["Stacks"]
    resources = cloudformation.describe_stack_resources(StackName=asked["name"])["StackResources"]
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
        "stack_set": in_a_stack_set(cloudformation, parameters),
    }


def in_a_stack_set(cloudformation: Any, parameters: list[dict[str, str]]) -> dict[str, Any]:
    """Create a stack set of the template, for an organizational unit; return its description.

    moto stores the set and its instances, and creates no stacks in other accounts.
    """
    cloudformation.create_stack_set(
        StackSetName="csr-approver",
        TemplateURL=f"{S3}/template.json",
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True},
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=parameters,
    )
    cloudformation.create_stack_instances(
        StackSetName="csr-approver",
        DeploymentTargets={"OrganizationalUnitIds": [OU]},
        Regions=["us-east-1"],
    )
    answer = cloudformation.describe_stack_set(StackSetName="csr-approver")
    described: dict[str, Any] = answer["StackSet"]
    return described


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
