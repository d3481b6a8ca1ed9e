"""moto's CloudFormation creates the stack, except for what it doesn't support.

It doesn't support alarms, queue policies, schedules and the settings of asynchronous invocation,
nor the dashboard, which refers to alarms. The tests create these by calls of their APIs, which take
the same properties, and which botocore validates by AWS's models. Saved queries are only validated.
Moto leaves AWS::NoValue in lists as null, so policies under a condition are evaluated beforehand.
It checks neither the permissions of IAM, KMS or a VPC, nor everything that AWS refuses.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from tests.template.cloudformation import Stack, Template
from tests.template.sam import run
from tests.template.templates import ROOT

#: By type that moto's CloudFormation doesn't support: the service and method that create it.
CALLED: Final = {
    "AWS::CloudWatch::Alarm": ("cloudwatch", "put_metric_alarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "put_dashboard"),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "put_function_event_invoke_config"),
    "AWS::SQS::QueuePolicy": ("sqs", "set_queue_attributes"),
    "AWS::Scheduler::Schedule": ("scheduler", "create_schedule"),
}
LEFT_OUT: Final = {*CALLED, "AWS::CloudFormation::Stack", "AWS::Logs::QueryDefinition"}

IN_FULL: Final = {
    "AlarmEmail": "ops@corp.example",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:ops",
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    "Regions": "eu-west-1,us-east-1",
    "ReviewerRolePrefix": "kubelet-approver",
    "SubnetIds": "subnet-0a1b2c3d,subnet-1a1b2c3d",
    "SecurityGroupIds": "sg-0a1b2c3d",
}
#: As StackSets names a stack: its own prefix, the set's name and a UUID.
STACK: Final = "StackSet-csr-approver-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
PARAMETERS: Final[Mapping[str, Mapping[str, str]]] = {"by-default": {}, "in-full": IN_FULL}

Json = Any


def for_moto(template: Template, stack: Stack, references: set[str]) -> Json:
    """Return the template without what moto doesn't support, and with the references as outputs."""
    source = json.loads(json.dumps(template.source))
    made = {
        key: resource
        for key, resource in source["Resources"].items()
        if resource["Type"] not in LEFT_OUT
    }
    for key, resource in made.items():
        if resource["Type"] == "AWS::IAM::Role":
            kept = [policy["PolicyName"] for policy in stack.properties(key)["Policies"]]
            properties = resource["Properties"]
            policies = [either.get("Fn::If", ["", either])[1] for either in properties["Policies"]]
            properties["Policies"] = [policy for policy in policies if policy["PolicyName"] in kept]
    del source["Outputs"]["Dashboard"]
    outputs = {
        name: {"Value": {"Fn::GetAtt": name.split(".")} if "." in name else {"Ref": name}}
        for name in references
        if name.partition(".")[0] in made
    }
    return {**source, "Resources": made, "Outputs": {**source["Outputs"], **outputs}}


def calls(stack: Stack) -> Iterator[tuple[str, str, Json]]:
    """Yield the calls with which CloudFormation would create the rest."""
    for key, one in stack.resources.items():
        if one["Type"] in CALLED:
            yield (*CALLED[one["Type"]], arguments(key, one))


def arguments(key: str, resource: Json) -> Json:
    """Return the properties as the API's arguments."""
    properties = dict(resource["Properties"])
    match resource["Type"]:
        case "AWS::Scheduler::Schedule":
            return {"Name": key, **properties}
        case "AWS::Lambda::EventInvokeConfig":
            del properties["Qualifier"]  # $LATEST, which is the API's default
            return properties
        case "AWS::SQS::QueuePolicy":
            [url] = properties["Queues"]
            policy = json.dumps(properties["PolicyDocument"])
            return {"QueueUrl": url, "Attributes": {"Policy": policy}}
    return properties


def asked(stack: Stack, template: Template, given: Mapping[str, str]) -> Json:
    """Return what `in_moto.py` needs to create the stack."""
    called = list(calls(stack))
    references = set(re.findall(r"<([\w.]+)>", json.dumps(called)))
    made = for_moto(template, stack, references)
    code = stack.properties("ReviewerFunction")["Code"]
    return {
        "name": stack.name,
        "template": made,
        "parameters": given,
        "code": [code["S3Bucket"], code["S3Key"]],
        "calls": called,
    }


def parameters(template: Template, case: str) -> dict[str, str]:
    """Return the case's parameters, and those without which no stack can be created."""
    needed = {name for name, one in template.parameters.items() if "Default" not in one}
    return {**dict.fromkeys(needed, "corp-code"), **PARAMETERS[case]}


@pytest.fixture(scope="module")
def deployed(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Return what moto created in each case; one process does both, for moto starts slowly."""
    every = {}
    for case in PARAMETERS:
        given = parameters(template, case)
        every[case] = asked(template.stack(name=STACK, **given), template, given)
    reported = run(
        "python",
        ROOT / "tests/template/in_moto.py",
        home=tmp_path_factory.mktemp("home"),
        stdin=json.dumps(every),
        AWS_DEFAULT_REGION="us-east-1",
    )
    return json.loads(reported)


@pytest.mark.parametrize("case", PARAMETERS)
def test_the_stack_is_created(case: str, template: Template, deployed: Json) -> None:
    """All resources exist, and refer to one another as the template says."""
    given, found = parameters(template, case), deployed[case]
    stack = template.stack(name=STACK, **given)
    there, outputs = found["resources"], found["outputs"]

    assert "CREATE_COMPLETE" == found["status"]
    assert set(there) == {
        key for key, one in stack.resources.items() if one["Type"] not in LEFT_OUT
    }
    assert len(stack.of_type("AWS::CloudWatch::Alarm")) == len(found["alarms"])
    assert environments(found) == {
        there["DispatcherFunction"]: {
            **stack.environment("DispatcherFunction"),
            "QUEUE_URL": outputs["ReviewQueueUrl"],
        },
        there["ReviewerFunction"]: stack.environment("ReviewerFunction"),
    }
    [mapping] = found["mappings"]
    assert mapping["FunctionArn"].endswith(f":{there['ReviewerFunction']}")
    assert mapping["EventSourceArn"] == found["queue"]["QueueArn"]
    redrive = json.loads(found["queue"]["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].split(":")[-1] in outputs["DeadLetterQueueUrl"]
    assert given.get("KmsKeyArn") == found["queue"].get("KmsMasterKeyId")
    assert found["policies"] == {
        there[key]: [policy["PolicyName"] for policy in role["Policies"]]
        for key, role in stack.of_type("AWS::IAM::Role").items()
    }
    assert role_name(found, given) in found["policies"]


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_stack_set_is_created(case: str, template: Template, deployed: Json) -> None:
    """The fake accepts the template and its parameters for a service-managed set with an OU.

    It stores what it is given; test_released.py holds the template to StackSets's own rules.
    """
    found = deployed[case]["stack_set"]

    assert ("ACTIVE", "SERVICE_MANAGED") == (found["Status"], found["PermissionModel"])
    assert parameters(template, case) == {
        one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]
    }


def role_name(found: Json, given: Mapping[str, str]) -> str:
    """Return the name of the reviewer's role: by the prefix, else by the stack's ID."""
    if prefix := given.get("ReviewerRolePrefix"):
        return f"{prefix}-us-east-1"
    return f"csr-approver-reviewer-{found['id'].rpartition('/')[2]}"


def environments(found: Json) -> dict[str, dict[str, str]]:
    """Return each function's variables; moto turns numeric parameters into numbers."""
    return {
        function["FunctionName"]: {
            key: str(value) for key, value in function["Environment"]["Variables"].items()
        }
        for function in found["functions"]
    }


def test_cloudwatch_logs_accepts_the_saved_queries(source_stack: Stack) -> None:
    """AWS's model of the call validates the queries, because moto doesn't support them."""
    model = ServiceModel(create_loader().load_service_model("logs", "service-2"), "logs")
    shape = model.operation_model("PutQueryDefinition").input_shape
    for query in source_stack.of_type("AWS::Logs::QueryDefinition").values():
        validate_parameters(
            {key[0].lower() + key[1:]: value for key, value in query.items()}, shape
        )
