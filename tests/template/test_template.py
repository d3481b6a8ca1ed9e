"""What the stack is made of: which names, which time-outs, what is kept, what is encrypted."""

from typing import Any

from tests.template.cloudformation import Stack, Template

LONGEST_REGION = "ap-southeast-1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


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


def test_the_role_that_clusters_know_stays_the_same(template: Template) -> None:
    """What makes CloudFormation replace a role is pinned: EKS knows it by its unique id.

    From: CloudFormation User Guide, AWS::IAM::Role: RoleName and Path, "update requires:
    replacement"; another logical id is another resource. Whatever changes here breaks every access
    entry of every stack that is upgraded.
    """
    role = template.source["Resources"]["ReviewerRole"]

    assert "AWS::IAM::Role" == role["Type"]
    assert "Condition" not in role
    assert "Path" not in role["Properties"]
    assert {
        "Fn::If": [
            "HasReviewerRoleName",
            {"Ref": "ReviewerRoleName"},
            {"Fn::Sub": "${AWS::StackName}-reviewer-${AWS::Region}"},
        ]
    } == role["Properties"]["RoleName"]
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReviewerRoleName"}, ""]}]} == (
        template.source["Conditions"]["HasReviewerRoleName"]
    )
    assert "" == template.parameters["ReviewerRoleName"]["Default"]
    assert ("Delete", "Retain") == (role["DeletionPolicy"], role["UpdateReplacePolicy"])


def test_the_schedule_repeats_nothing(stack: Stack) -> None:
    """Once a minute; a minute that was missed isn't made up for."""
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()

    assert ("rate(1 minute)", "ENABLED") == (schedule["ScheduleExpression"], schedule["State"])
    assert {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60} == schedule["Target"][
        "RetryPolicy"
    ]
    assert {"Mode": "OFF"} == schedule["FlexibleTimeWindow"]


def test_the_schedule_may_be_slower_or_off(template: Template) -> None:
    """By the parameters, and by nothing else of the stack."""
    stack = template.stack(ScheduleRate="rate(5 minutes)", ScheduleState="DISABLED")
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()

    assert "rate(5 minutes)" == schedule["ScheduleExpression"]
    assert "DISABLED" == schedule["State"]


def test_no_failure_is_lost(stack: Stack) -> None:
    """A start of the dispatcher, a run of it, and a message that fails each leave a trace."""
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()
    [config] = stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    [source] = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    failed = "<FailedDispatchQueue.Arn>"

    assert "<DispatcherFunction.Arn>" == schedule["Target"]["Arn"]
    assert {"Arn": failed} == schedule["Target"]["DeadLetterConfig"]
    assert ("<DispatcherFunction>", failed) == (
        config["FunctionName"],
        config["DestinationConfig"]["OnFailure"]["Destination"],
    )
    assert ("<ReviewerFunction>", "<ReviewQueue.Arn>") == (
        source["FunctionName"],
        source["EventSourceArn"],
    )
    assert (
        "<DeadLetterQueue.Arn>"
        == (stack.properties("ReviewQueue")["RedrivePolicy"]["deadLetterTargetArn"])
    )


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


def test_what_lies_in_aws_is_encrypted(template: Template) -> None:
    """Queues by SQS itself; with a key, queues, logs and the topic by that key."""
    plain = template.stack(AlarmEmail="ops@corp.example")
    keyed = template.stack(AlarmEmail="ops@corp.example", KmsKeyArn=KEY)
    queues = plain.of_type("AWS::SQS::Queue")

    assert {"ReviewQueue", "DeadLetterQueue", "FailedDispatchQueue"} == set(queues)
    assert {(True, None)} == encryption(plain, "AWS::SQS::Queue", "KmsMasterKeyId")
    assert {(None, KEY)} == encryption(keyed, "AWS::SQS::Queue", "KmsMasterKeyId")
    assert {(None, None)} == encryption(plain, "AWS::Logs::LogGroup", "KmsKeyId")
    assert {(None, KEY)} == encryption(keyed, "AWS::Logs::LogGroup", "KmsKeyId")
    assert {(None, None)} == encryption(plain, "AWS::SNS::Topic", "KmsMasterKeyId")
    assert {(None, KEY)} == encryption(keyed, "AWS::SNS::Topic", "KmsMasterKeyId")


def encryption(stack: Stack, kind: str, key: str) -> set[tuple[Any, Any]]:
    """SQS's own, and by which key, of all resources of a kind."""
    return {(one.get("SqsManagedSseEnabled"), one.get(key)) for one in stack.of_type(kind).values()}


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
