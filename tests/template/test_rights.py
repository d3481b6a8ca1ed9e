"""Each role's rights are those that the code, or AWS on its behalf, needs."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tests.template.cloudformation import Stack, Template
from tests.template.reported import DISPATCHER, REVIEWER, Reported
from tests.template.templates import ROOT

KEY: Final = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
IN_VPC: Final = {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"}
CLUSTERS: Final = "arn:aws:eks:*:123456789012:cluster/*"

RIGHTS: Final = {
    "DispatcherRole": {
        ("eks:ListClusters", "*"),
        ("eks:DescribeCluster", CLUSTERS),
        ("ec2:DescribeInstances", "*"),
        ("sqs:SendMessage", "<ReviewQueue.Arn>"),
        ("sqs:SendMessage", "<FailedDispatchQueue.Arn>"),
        ("logs:CreateLogStream", "<DispatcherLogs.Arn>"),
        ("logs:PutLogEvents", "<DispatcherLogs.Arn>"),
    },
    "SchedulerRole": {
        ("lambda:InvokeFunction", "<DispatcherFunction.Arn>"),
        ("sqs:SendMessage", "<FailedDispatchQueue.Arn>"),
    },
    "ReviewerRole": {
        ("eks:DescribeCluster", CLUSTERS),
        ("ec2:DescribeInstances", "*"),
        ("iam:GetInstanceProfile", "arn:aws:iam::123456789012:instance-profile/*"),
        ("sqs:ReceiveMessage", "<ReviewQueue.Arn>"),
        ("sqs:DeleteMessage", "<ReviewQueue.Arn>"),
        ("sqs:GetQueueAttributes", "<ReviewQueue.Arn>"),
        ("logs:CreateLogStream", "<ReviewerLogs.Arn>"),
        ("logs:PutLogEvents", "<ReviewerLogs.Arn>"),
    },
}

# With a KMS key, and only through SQS.
KEY_RIGHTS: Final = {
    "DispatcherRole": {("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)},
    "SchedulerRole": {("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)},
    "ReviewerRole": {("kms:Decrypt", KEY)},
}

# With a VPC: for Lambda itself, not for the code.
VPC_RIGHTS: Final = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}

# Calls whose IAM action has another name.
RIGHT_OF: Final = {
    # SQS has no separate action for batches. From: IAM Service Authorization Reference, SQS.
    "sqs:SendMessageBatch": "sqs:SendMessage",
}

# What AWS does with a role's permissions, so that no code calls it.
_LOG: Final = {"logs:CreateLogStream", "logs:PutLogEvents"}  # Lambda writes what is printed
IN_ITS_NAME: Final = {
    "DispatcherRole": {("sqs:SendMessage", "<FailedDispatchQueue.Arn>")},  # Lambda, on failure
    "ReviewerRole": {  # Lambda, which polls the queue
        ("sqs:ReceiveMessage", "<ReviewQueue.Arn>"),
        ("sqs:DeleteMessage", "<ReviewQueue.Arn>"),
        ("sqs:GetQueueAttributes", "<ReviewQueue.Arn>"),
    },
}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


def rights(role: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each action with its resource."""
    for statement in statements(role):
        for action in actions(statement):
            yield action, statement["Resource"]


def roles(stack: Stack) -> dict[str, Any]:
    return stack.of_type("AWS::IAM::Role")


def test_roles_have_these_rights_and_no_others(stack: Stack) -> None:
    """A new right must be added here too."""
    assert {name: set(rights(role)) for name, role in roles(stack).items()} == RIGHTS
    assert {} == stack.of_type("AWS::IAM::Policy")
    assert {} == stack.of_type("AWS::IAM::ManagedPolicy")


@pytest.mark.parametrize(
    ("function", "role"), [(DISPATCHER, "DispatcherRole"), (REVIEWER, "ReviewerRole")]
)
def test_rights_are_what_is_called(
    function: str, role: str, stack: Stack, reported: Reported
) -> None:
    """There is no right without a call and no call without a right, in a run of the handlers.

    Tokens for clusters are signed offline, and STS needs no right of their bearer.
    """
    granted = set(rights(stack.properties(role))) - IN_ITS_NAME[role]
    called = {RIGHT_OF.get(call, call) for call in reported.calls[function]}

    assert called
    assert called == {action for action, _ in granted} - _LOG


@pytest.mark.parametrize("given", [{}, IN_VPC, {"KmsKeyArn": KEY}], ids=["plain", "vpc", "key"])
def test_no_action_has_a_wildcard(given: dict[str, str], template: Template) -> None:
    """Rights on all resources are only those of actions without resource-level permissions."""
    allowed = [
        (action, statement["Resource"])
        for role in roles(template.stack(**given)).values()
        for statement in statements(role)
        for action in actions(statement)
        if statement["Effect"] == "Allow"
    ]

    assert [] == [action for action, _ in allowed if "*" in action]
    assert {"eks:ListClusters", "ec2:DescribeInstances"} == {
        action for action, resource in allowed if resource == "*"
    } - VPC_RIGHTS


def test_each_statement_says_what_it_is_for() -> None:
    """Each statement of a policy has a comment above it."""
    lines = [line.strip() for line in Path(ROOT, "template.yaml").read_text().splitlines()]
    policies = lines[lines.index("DispatcherRole:") :]
    bare = [
        line
        for before, line in pairwise(policies)
        if line.startswith(("- Sid:", "- &"))
        and not before.startswith("#")
        and not line.endswith("OnlyOverTls")  # its name says it
    ]

    assert [] == bare


def test_a_key_may_be_used_only_through_sqs(template: Template) -> None:
    """Senders encrypt and receivers decrypt, only through SQS of this Region."""
    stack = template.stack(KmsKeyArn=KEY)
    for name, role in roles(stack).items():
        by_sqs = [
            statement for statement in statements(role) if actions(statement)[0].startswith("kms:")
        ]

        assert RIGHTS[name] | KEY_RIGHTS[name] == set(rights(role))
        assert [{"StringLike": {"kms:ViaService": "sqs.us-east-1.*"}}] == [
            statement["Condition"] for statement in by_sqs
        ]


def test_roles_have_no_managed_policies(stack: Stack) -> None:
    """AWSLambdaBasicExecutionRole, for example, allows all log groups of the account."""
    assert [] == [name for name, role in roles(stack).items() if "ManagedPolicyArns" in role]


@pytest.mark.parametrize("role", ["DispatcherRole", "ReviewerRole"])
@pytest.mark.parametrize(
    ("given", "regions"),
    [({}, "us-east-1"), ({"Regions": "eu-west-1,us-east-1"}, ["eu-west-1", "us-east-1"])],
)
def test_eks_and_ec2_are_allowed_in_the_served_regions_only(
    role: str, given: dict[str, str], regions: str | list[str], template: Template
) -> None:
    """Without the parameter Regions, these are the stack's Region."""
    found = [
        statement["Condition"]
        for statement in statements(template.stack(**given).properties(role))
        if actions(statement)[0].startswith(("eks:", "ec2:"))
    ]

    assert found
    assert all(each == {"StringEquals": {"aws:RequestedRegion": regions}} for each in found)


def test_in_a_vpc_lambda_may_attach_and_the_code_may_not(template: Template) -> None:
    """The rights to attach the function to a VPC are denied to its own code."""
    plain = statements(template.stack().properties("ReviewerRole"))
    in_vpc = statements(template.stack(**IN_VPC).properties("ReviewerRole"))
    allow, deny = [statement for statement in in_vpc if statement not in plain]

    assert ("Allow", VPC_RIGHTS) == (allow["Effect"], set(actions(allow)))
    assert ("Deny", VPC_RIGHTS) == (deny["Effect"], set(actions(deny)))
    assert {
        "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:123456789012:function:*"}
    } == deny["Condition"]


def test_only_the_reviewer_is_in_the_vpc(template: Template) -> None:
    """The dispatcher calls no cluster; without subnets no function is in a VPC."""
    functions = template.stack(**IN_VPC).of_type("AWS::Lambda::Function")

    assert {"ReviewerFunction"} == {
        name for name, function in functions.items() if "VpcConfig" in function
    }
    assert {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]} == functions[
        "ReviewerFunction"
    ]["VpcConfig"]
    assert "VpcConfig" not in template.stack().properties("ReviewerFunction")


def test_the_boundary_is_on_every_role(template: Template) -> None:
    """If a permissions boundary is given, all roles have it."""
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    bounded = roles(template.stack(PermissionsBoundaryArn=boundary))

    assert dict.fromkeys(bounded, boundary) == {
        name: role["PermissionsBoundary"] for name, role in bounded.items()
    }


def test_no_one_but_the_dispatcher_sends(stack: Stack) -> None:
    """The queue refuses messages from every other role, whatever its own policies allow."""
    [policy] = stack.of_type("AWS::SQS::QueuePolicy").values()
    [deny] = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if "ArnNotEquals" in statement["Condition"]
    ]

    assert ["<ReviewQueue>"] == policy["Queues"]
    assert ("Deny", "*", "sqs:SendMessage") == (
        deny["Effect"],
        deny["Principal"],
        deny["Action"],
    )
    assert {"aws:PrincipalArn": "<DispatcherRole.Arn>"} == deny["Condition"]["ArnNotEquals"]


@pytest.mark.parametrize("file", ["template.yaml", "deploy/access-entry.yaml"])
def test_no_partition_is_taken_for_granted(file: str) -> None:
    """ARNs in China, GovCloud and others begin differently."""
    assert "arn:aws:" not in Path(ROOT, file).read_text()


def test_arns_are_of_the_stack_s_partition(template: Template) -> None:
    """In GovCloud, all ARNs in the template are GovCloud's."""
    stack = template.stack(region="us-gov-west-1", **IN_VPC)
    arns = [
        resource
        for name in RIGHTS
        for statement in statements(stack.properties(name))
        for resource in [statement["Resource"]]
        if resource.startswith("arn:")
    ]

    assert 3 == len(arns)
    assert all(arn.startswith("arn:aws-us-gov:") for arn in arns)
