"""What the stack is made of: which rights, which names, which time-outs, which alarms."""

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.ledger_metrics import ACCOUNT, NAMESPACE
from tests.template.cloudformation import Stack, Template
from tests.template.sam import ROOT

LONGEST_REGION = "ap-southeast-1"
IN_VPC = {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"}

RIGHTS = {
    "DispatcherRole": {
        "eks:ListClusters": "*",
        "eks:DescribeCluster": "arn:aws:eks:*:123456789012:cluster/*",
        "sqs:SendMessage": "<ReviewQueue.Arn>",
        "logs:CreateLogStream": "<DispatcherLogs.Arn>",
        "logs:PutLogEvents": "<DispatcherLogs.Arn>",
    },
    "SchedulerRole": {"lambda:InvokeFunction": "<DispatcherFunction.Arn>"},
    "ReviewerRole": {
        "eks:DescribeCluster": "arn:aws:eks:*:123456789012:cluster/*",
        "ec2:DescribeInstances": "*",
        "iam:GetInstanceProfile": "arn:aws:iam::123456789012:instance-profile/*",
        "sqs:ReceiveMessage": "<ReviewQueue.Arn>",
        "sqs:DeleteMessage": "<ReviewQueue.Arn>",
        "sqs:GetQueueAttributes": "<ReviewQueue.Arn>",
        "logs:CreateLogStream": "<ReviewerLogs.Arn>",
        "logs:PutLogEvents": "<ReviewerLogs.Arn>",
    },
}

# For the VPC alone: Lambda's own, not the code's.
VPC_RIGHTS = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    action = statement["Action"]
    return action if isinstance(action, list) else [action]


# --- rights ---------------------------------------------------------------------------------------


def test_roles_have_these_rights_and_no_others(stack: Stack) -> None:
    """Three roles, each action on its one resource; a new right must be written here too."""
    found = {
        name: {
            action: statement["Resource"]
            for statement in statements(role)
            for action in actions(statement)
        }
        for name, role in stack.of_type("AWS::IAM::Role").items()
    }

    assert RIGHTS == found
    assert {} == stack.of_type("AWS::IAM::Policy")
    assert {} == stack.of_type("AWS::IAM::ManagedPolicy")


def test_roles_take_no_managed_policies(stack: Stack) -> None:
    """AWSLambdaBasicExecutionRole and its like allow all log groups of the account."""
    assert [] == [
        name
        for name, role in stack.of_type("AWS::IAM::Role").items()
        if "ManagedPolicyArns" in role
    ]


@pytest.mark.parametrize("role", ["DispatcherRole", "ReviewerRole"])
@pytest.mark.parametrize(
    ("given", "regions"),
    [({}, "us-east-1"), ({"Regions": "eu-west-1,us-east-1"}, ["eu-west-1", "us-east-1"])],
)
def test_eks_and_ec2_are_allowed_in_the_served_regions_only(
    role: str, given: dict[str, str], regions: str | list[str], template: Template
) -> None:
    """Every right of EKS and EC2 is for the Regions of the parameter, by default the stack's."""
    found = [
        statement["Condition"]
        for statement in statements(template.stack(**given).properties(role))
        if actions(statement)[0].startswith(("eks:", "ec2:"))
    ]

    assert [{"StringEquals": {"aws:RequestedRegion": regions}}] * 2 == found


def test_in_a_vpc_lambda_may_attach_and_the_code_may_not(template: Template) -> None:
    """The rights that attach the function to a VPC are denied to the function's own code."""
    plain = statements(template.stack().properties("ReviewerRole"))
    in_vpc = statements(template.stack(**IN_VPC).properties("ReviewerRole"))
    allow, deny = [statement for statement in in_vpc if statement not in plain]

    assert ("Allow", VPC_RIGHTS) == (allow["Effect"], set(actions(allow)))
    assert ("Deny", VPC_RIGHTS) == (deny["Effect"], set(actions(deny)))
    assert {
        "ArnLike": {"lambda:SourceFunctionArn": "arn:aws:lambda:*:123456789012:function:*"}
    } == deny["Condition"]


def test_the_reviewer_alone_goes_into_the_vpc(template: Template) -> None:
    """The dispatcher needs no cluster's network; without subnets nobody is in a VPC."""
    functions = template.stack(**IN_VPC).of_type("AWS::Lambda::Function")

    assert {"ReviewerFunction"} == {
        name for name, function in functions.items() if "VpcConfig" in function
    }
    assert {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]} == functions[
        "ReviewerFunction"
    ]["VpcConfig"]
    assert "VpcConfig" not in template.stack().properties("ReviewerFunction")


def test_the_boundary_is_on_every_role(template: Template) -> None:
    """A permissions boundary, where given, bounds all roles."""
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    roles = template.stack(PermissionsBoundaryArn=boundary).of_type("AWS::IAM::Role")

    assert dict.fromkeys(roles, boundary) == {
        name: role["PermissionsBoundary"] for name, role in roles.items()
    }


def test_nobody_but_the_dispatcher_sends(stack: Stack) -> None:
    """The queue refuses messages of all others, whatever their own rights are."""
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
    """China, GovCloud and the others have ARNs of their own."""
    assert "arn:aws:" not in Path(ROOT, file).read_text()


def test_arns_are_of_the_stack_s_partition(template: Template) -> None:
    """In GovCloud all ARNs that the template makes are GovCloud's."""
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


# --- names ----------------------------------------------------------------------------------------


def names(stack: Stack) -> dict[str, str]:
    """The names that the template gives, which nothing else of the account may have."""
    fields = ("RoleName", "FunctionName", "QueueName", "LogGroupName", "TopicName", "AlarmName")
    return {
        f"{key}.{field}": resource["Properties"][field]
        for key, resource in stack.resources.items()
        for field in (*fields, "Name")
        if not resource.get("Properties", {}).get(field, "<").startswith("<")
    }


def test_two_stacks_fit_into_one_account(template: Template) -> None:
    """No name that the template gives is the same in two stacks of one Region."""
    one, other = names(template.stack(name="one")), names(template.stack(name="other"))

    assert one
    assert set() == set(one.values()) & set(other.values())


def test_two_regions_fit_into_one_account(template: Template) -> None:
    """IAM knows no Regions: the one role with a name has the Region in it."""
    role = "ReviewerRole.RoleName"
    here = names(template.stack(region="us-east-1"))
    there = names(template.stack(region="eu-west-1"))

    assert "csr-approver-reviewer-us-east-1" == here[role]
    assert "csr-approver-reviewer-eu-west-1" == there[role]
    assert [role] == [name for name in here if name.endswith("RoleName")]


def test_the_reviewer_s_role_may_be_named(template: Template) -> None:
    """A given name is the whole name, for access entries that are written beforehand."""
    stack = template.stack(ReviewerRoleName="kubelet-approver")

    assert "kubelet-approver" == stack.properties("ReviewerRole")["RoleName"]


def test_the_role_s_name_fits_into_iam(template: Template) -> None:
    """Up to 40 characters of stack name, as the parameter says, leave a name that IAM takes."""
    stack = template.stack(name="s" * 40, region=LONGEST_REGION)

    assert 64 >= len(stack.properties("ReviewerRole")["RoleName"])


# --- how it runs ----------------------------------------------------------------------------------


def test_the_schedule_repeats_nothing(stack: Stack) -> None:
    """Once a minute; a minute that was missed isn't made up for."""
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()

    assert "rate(1 minute)" == schedule["ScheduleExpression"]
    assert {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60} == schedule["Target"][
        "RetryPolicy"
    ]
    assert {"Mode": "OFF"} == schedule["FlexibleTimeWindow"]


def test_lambda_doesn_t_retry_the_dispatcher(stack: Stack) -> None:
    """The next minute is the retry."""
    [config] = stack.of_type("AWS::Lambda::EventInvokeConfig").values()

    assert "<DispatcherFunction>" == config["FunctionName"]
    assert 0 == config["MaximumRetryAttempts"]
    assert 60 == config["MaximumEventAgeInSeconds"]


def test_a_failed_message_reaches_the_dead_letters_before_it_expires(stack: Stack) -> None:
    """A message is moved when it would be received once more, which must be in its lifetime."""
    queue = stack.properties("ReviewQueue")
    redrive = queue["RedrivePolicy"]

    assert "<DeadLetterQueue.Arn>" == redrive["deadLetterTargetArn"]
    assert redrive["maxReceiveCount"] * queue["VisibilityTimeout"] < queue["MessageRetentionPeriod"]
    assert (
        queue["MessageRetentionPeriod"]
        < (stack.properties("DeadLetterQueue")["MessageRetentionPeriod"])
    )


def test_no_message_is_reviewed_twice_at_once(stack: Stack) -> None:
    """A message stays out of sight for longer than a review may take."""
    assert (
        stack.properties("ReviewerFunction")["Timeout"]
        < (stack.properties("ReviewQueue")["VisibilityTimeout"])
    )


def test_clusters_are_reviewed_apart_and_not_all_at_once(template: Template) -> None:
    """One message an invocation, and as many invocations as the parameter allows."""
    [source] = (
        template.stack(ReviewerConcurrency="25").of_type("AWS::Lambda::EventSourceMapping").values()
    )

    assert ("<ReviewQueue.Arn>", "<ReviewerFunction>", 1) == (
        source["EventSourceArn"],
        source["FunctionName"],
        source["BatchSize"],
    )
    assert {"MaximumConcurrency": "25"} == source["ScalingConfig"]


def test_functions_are_alike(stack: Stack) -> None:
    """Both run on the same Python and processor; role, limits and log group are their own."""
    functions = stack.of_type("AWS::Lambda::Function")

    assert {"DispatcherFunction", "ReviewerFunction"} == set(functions)
    for name, function in functions.items():
        own = name.removesuffix("Function")
        assert ("python3.13", ["arm64"]) == (function["Runtime"], function["Architectures"])
        assert f"<{own}Role.Arn>" == function["Role"]
        assert {"MemorySize", "Timeout"} <= set(function)
        assert {"LogFormat": "Text", "LogGroup": f"<{own}Logs>"} == function["LoggingConfig"]


def test_logs_are_kept_for_as_long_as_said(template: Template) -> None:
    """Both log groups take the retention of the parameter."""
    groups = template.stack(LogRetentionDays="30").of_type("AWS::Logs::LogGroup")

    assert dict.fromkeys(("DispatcherLogs", "ReviewerLogs"), "30") == {
        name: group["RetentionInDays"] for name, group in groups.items()
    }


def test_the_record_of_decisions_outlives_the_stack(stack: Stack) -> None:
    """Deleting the stack leaves the reviewer's log, and no other resource."""
    kept = {
        name
        for name, resource in stack.resources.items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    }

    assert {"ReviewerLogs"} == kept


# --- alarms ---------------------------------------------------------------------------------------


def alarms(stack: Stack) -> dict[str, Any]:
    return stack.of_type("AWS::CloudWatch::Alarm")


def watched(stack: Stack) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Namespace and name of each metric that an alarm watches, with its dimensions."""
    found = {}
    for alarm in alarms(stack).values():
        queries = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        for metric in [query["Metric"] for query in queries] or [alarm]:
            found[metric["Namespace"], metric["MetricName"]] = metric["Dimensions"]
    return found


def test_the_alarms_watch_these_metrics(stack: Stack) -> None:
    """Denials, reviews missing, and whatever else means that somebody must look."""
    own = {name for namespace, name in watched(stack) if namespace == NAMESPACE}
    others = {key: value for key, value in watched(stack).items() if key[0] != NAMESPACE}

    assert {
        "Denied",
        "ApprovedNotIssued",
        "IssuedMismatch",
        "OldestPendingSeconds",
        "EvidenceUnavailable",
        "ListTruncated",
        "ReviewErrors",
        "Expected",
        "Completed",
        "NotOnboarded",
    } == own
    assert own - {"Expected"} <= set(ACCOUNT)
    assert {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): [
            {"Name": "QueueName", "Value": "<DeadLetterQueue.QueueName>"}
        ],
        ("AWS/Lambda", "Errors"): [{"Name": "FunctionName", "Value": "<DispatcherFunction>"}],
    } == others


def test_own_metrics_are_those_of_this_stack(template: Template) -> None:
    """The dimension Stack, and it alone: with another beside it an alarm would see nothing."""
    found = watched(template.stack(name="other"))

    assert {(("Name", "Stack"), ("Value", "other"))} == {
        tuple(sorted(dimension.items()))
        for (namespace, _), dimensions in found.items()
        if namespace == NAMESPACE
        for dimension in dimensions
    }


def test_silence_is_judged_on_purpose(stack: Stack) -> None:
    """Reviews that don't report are missing; counters that don't report have counted nothing."""
    found = {name: alarm["TreatMissingData"] for name, alarm in alarms(stack).items()}

    assert "breaching" == found.pop("ReviewsMissingAlarm")
    assert {"notBreaching"} == set(found.values())


def test_missing_reviews_are_those_expected_and_not_accounted_for(stack: Stack) -> None:
    """For three times five minutes, more were expected than completed or not onboarded."""
    alarm = stack.properties("ReviewsMissingAlarm")

    assert (
        "expected - FILL(completed, 0) - FILL(notOnboarded, 0)"
        == (alarm["Metrics"][0]["Expression"])
    )
    assert (3, 3, 0) == (
        alarm["EvaluationPeriods"],
        alarm["DatapointsToAlarm"],
        alarm["Threshold"],
    )
    assert {("Sum", 300)} == {
        (one["MetricStat"]["Stat"], one["MetricStat"]["Period"]) for one in alarm["Metrics"][1:]
    }


def test_alarms_say_where_to_read_on(stack: Stack) -> None:
    """Each alarm's description names a row of the runbook, each row is named by an alarm."""
    named = [
        re.findall(r"docs/runbook\.md, row (\w+)\.", alarm["AlarmDescription"])
        for alarm in alarms(stack).values()
    ]
    runbook = Path(ROOT, "docs/runbook.md").read_text()
    rows = re.findall(r"^\| \*\*(\w+)\*\* \|", runbook, re.MULTILINE)

    assert sorted([row] for row in rows) == sorted(named)


TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        ({"AlarmEmail": "ops@corp.example"}, ["<AlarmTopic>"]),
        ({"AlarmTopicArn": TOPIC}, [TOPIC]),
        ({"AlarmEmail": "ops@corp.example", "AlarmTopicArn": TOPIC}, [TOPIC, "<AlarmTopic>"]),
    ],
    ids=["nobody", "address", "topic", "both"],
)
def test_alarms_tell(given: dict[str, str], told: list[str], template: Template) -> None:
    """All alarms tell, when they begin and when they end, whoever the parameters name."""
    stack = template.stack(**given)

    assert ("AlarmEmail" in given) == ("AlarmTopic" in stack.resources)
    for alarm in alarms(stack).values():
        assert told == alarm["AlarmActions"]
        assert told == alarm["OKActions"]
