"""The stack's resources: their names, time-outs, retention and encryption."""

import re
from typing import Any, Final

import pytest

from core.settings import ReviewSettings
from tests.template.cloudformation import RuleBroken, Stack, Template, stack_id

LONGEST_REGION = "us-isof-south-1"
POLL_SECONDS: Final = 20
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


# --- names ----------------------------------------------------------------------------------------


def names(stack: Stack) -> dict[str, str]:
    """Return the names that the template gives, which must be unique in the account."""
    fields = ("RoleName", "FunctionName", "QueueName", "LogGroupName", "TopicName", "AlarmName")
    return {
        f"{key}.{field}": resource["Properties"][field]
        for key, resource in stack.resources.items()
        for field in (*fields, "Name")
        if not resource.get("Properties", {}).get(field, "<").startswith("<")
    }


def test_two_stacks_of_one_region_share_no_name(template: Template) -> None:
    """Two stacks without common names can exist in one account."""
    one, other = names(template.stack(name="one")), names(template.stack(name="other"))

    assert one
    assert set() == set(one.values()) & set(other.values())


def role_name(stack: Stack) -> str:
    name: str = stack.properties("ReviewerRole")["RoleName"]
    return name


def test_the_default_role_name_ends_in_the_uuid_of_the_stack_s_id(template: Template) -> None:
    """IAM names are unique in the account, and stacks of a stack set have long names."""
    stack = template.stack(name="StackSet-csr-approver-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f")
    uuid = stack_id(stack.name, stack.region).rpartition("/")[2]

    assert f"csr-approver-reviewer-{uuid}" == role_name(stack)
    assert 64 >= len(role_name(stack))
    assert ["ReviewerRole.RoleName"] == [name for name in names(stack) if name.endswith("RoleName")]


def test_a_given_role_name_ends_in_the_region(template: Template) -> None:
    """It is known before the stack exists, and two Regions' stacks don't take the same name."""
    named = {
        role_name(template.stack(region=region, ReviewerRolePrefix="kubelet-approver"))
        for region in ("us-east-1", "eu-west-1")
    }

    assert {"kubelet-approver-us-east-1", "kubelet-approver-eu-west-1"} == named


def test_the_longest_given_role_name_fits_iam_s_limit(template: Template) -> None:
    """IAM allows 64 characters; the parameter allows as many as fit in the longest Region."""
    pattern = template.parameters["ReviewerRolePrefix"]["AllowedPattern"]
    [longest] = [name for size in range(65) if re.fullmatch(pattern, name := "r" * size)][-1:]

    assert 64 == len(role_name(template.stack(region=LONGEST_REGION, ReviewerRolePrefix=longest)))


# --- how it runs ----------------------------------------------------------------------------------


def test_the_role_that_clusters_know_stays_the_same(template: Template) -> None:
    """CloudFormation never replaces the role, because EKS stores its unique ID.

    From: CloudFormation User Guide, AWS::IAM::Role: RoleName and Path, "update requires:
    replacement"; another logical ID is another resource. A change here breaks every access entry of
    every stack that is upgraded.
    """
    role = template.source["Resources"]["ReviewerRole"]

    assert "AWS::IAM::Role" == role["Type"]
    assert "Condition" not in role
    assert "Path" not in role["Properties"]
    assert {
        "Fn::If": [
            "HasReviewerRolePrefix",
            {"Fn::Sub": "${ReviewerRolePrefix}-${AWS::Region}"},
            {
                "Fn::Join": [
                    "-",
                    [
                        "csr-approver-reviewer",
                        {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]},
                    ],
                ]
            },
        ]
    } == role["Properties"]["RoleName"]
    assert {"Fn::Not": [{"Fn::Equals": [{"Ref": "ReviewerRolePrefix"}, ""]}]} == (
        template.source["Conditions"]["HasReviewerRolePrefix"]
    )
    assert "" == template.parameters["ReviewerRolePrefix"]["Default"]
    assert ("Delete", "Retain") == (role["DeletionPolicy"], role["UpdateReplacePolicy"])


def test_the_schedule_runs_once_a_minute_without_retries(stack: Stack) -> None:
    """The next minute's run replaces a missed one."""
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()

    assert ("rate(1 minute)", "ENABLED") == (schedule["ScheduleExpression"], schedule["State"])
    assert {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60} == schedule["Target"][
        "RetryPolicy"
    ]
    assert {"Mode": "OFF"} == schedule["FlexibleTimeWindow"]


@pytest.mark.parametrize(
    ("minutes", "rate"),
    [("1", "rate(1 minute)"), ("2", "rate(2 minutes)"), ("4", "rate(4 minutes)")],
)
def test_a_number_of_minutes_makes_the_schedule_slower(
    minutes: str, rate: str, template: Template
) -> None:
    """The unit is singular for 1 and plural for others. The reviewer's settings must fit it.

    From: EventBridge Scheduler User Guide, "Schedule types", rate-based schedules.
    """
    stack = template.stack(ScheduleMinutes=minutes)
    [schedule] = stack.of_type("AWS::Scheduler::Schedule").values()

    assert rate == schedule["ScheduleExpression"]
    assert minutes == stack.environment("ReviewerFunction")["SCHEDULE_MINUTES"]


def test_a_parameter_turns_the_schedule_off(template: Template) -> None:
    """It stays off until the stack is deployed with another value."""
    [schedule] = (
        template.stack(ScheduleState="DISABLED").of_type("AWS::Scheduler::Schedule").values()
    )

    assert "DISABLED" == schedule["State"]


VPC = {"SubnetIds": "subnet-0a1b2c3d", "SecurityGroupIds": "sg-0a1b2c3d"}


@pytest.mark.parametrize("given", VPC)
def test_a_reviewer_in_a_vpc_needs_subnets_and_security_groups(
    given: str, template: Template
) -> None:
    """CloudFormation refuses one without the other before it creates anything."""
    with pytest.raises(RuleBroken, match=f"^{given} needs [A-Za-z]+, give both"):
        template.stack(**{given: VPC[given]})

    assert "VpcConfig" in template.stack(**VPC).properties("ReviewerFunction")
    assert "VpcConfig" not in template.stack().properties("ReviewerFunction")


def test_a_review_each_five_minutes_needs_a_higher_age(template: Template) -> None:
    """With the default age, the reviewer wouldn't start."""
    with pytest.raises(RuleBroken, match="MaxCsrAgeSeconds must be at least 960"):
        template.stack(ScheduleMinutes="5")

    stack = template.stack(ScheduleMinutes="5", MaxCsrAgeSeconds="960")
    assert ReviewSettings.from_env(stack.environment("ReviewerFunction")).schedule_minutes == 5


@pytest.mark.parametrize("minutes", ["1", "2", "3", "4"])
def test_other_schedules_need_no_other_parameter(minutes: str, template: Template) -> None:
    """The reviewer starts with them and the defaults."""
    stack = template.stack(ScheduleMinutes=minutes)

    assert ReviewSettings.from_env(stack.environment("ReviewerFunction"))


def test_every_failure_is_kept_in_a_queue(stack: Stack) -> None:
    """A failed start of the dispatcher, a failed run of it, and a failed message."""
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
    """The next minute's run is the retry."""
    [config] = stack.of_type("AWS::Lambda::EventInvokeConfig").values()

    assert "<DispatcherFunction>" == config["FunctionName"]
    assert 0 == config["MaximumRetryAttempts"]
    assert 60 == config["MaximumEventAgeInSeconds"]


#: For how many seconds a message is delayed when it is sent, and how much later it is received.
#: Lambda's pollers wait up to 20 s for messages; beyond that they are busy with earlier ones.
RECEIVED: Final = [(0, 0), (0, 20), (0, 60), (0, 120), (50, 0), (50, 20), (50, 70)]


@pytest.mark.parametrize(("delay", "late"), RECEIVED)
def test_a_message_that_fails_twice_reaches_the_dead_letters_before_it_expires(
    delay: int, late: int, stack: Stack
) -> None:
    """SQS moves it when it would be received again, and it expires by the time of its sending.

    From: Amazon SQS Developer Guide, "Setting-up dead-letter queue retention". Each receive hides
    it for the visibility time-out, and a poller may take 20 s to ask again.
    """
    queue, dead = stack.properties("ReviewQueue"), stack.properties("DeadLetterQueue")
    receives = queue["RedrivePolicy"]["maxReceiveCount"]
    moved = delay + late + receives * (queue["VisibilityTimeout"] + POLL_SECONDS)

    assert "<DeadLetterQueue.Arn>" == queue["RedrivePolicy"]["deadLetterTargetArn"]
    assert moved < queue["MessageRetentionPeriod"] < dead["MessageRetentionPeriod"]


def test_one_throttle_makes_no_dead_letter(stack: Stack) -> None:
    """Lambda receives a message before a throttle keeps it from running the function."""
    assert 1 < stack.properties("ReviewQueue")["RedrivePolicy"]["maxReceiveCount"]


def test_the_advised_visibility_would_lose_failed_messages(stack: Stack) -> None:
    """Six times the time-out, received twice, is longer than the queue keeps a message."""
    queue, timeout = (
        stack.properties("ReviewQueue"),
        stack.properties("ReviewerFunction")["Timeout"],
    )

    assert 2 * 6 * timeout > queue["MessageRetentionPeriod"]


def test_no_message_is_reviewed_twice_at_once(stack: Stack) -> None:
    """A message stays invisible for longer than a review may take."""
    assert (
        stack.properties("ReviewerFunction")["Timeout"]
        < (stack.properties("ReviewQueue")["VisibilityTimeout"])
    )


def test_each_invocation_reviews_one_cluster_up_to_the_given_concurrency(
    template: Template,
) -> None:
    """A batch has one message, and the parameter limits the concurrency."""
    [source] = (
        template.stack(ReviewerConcurrency="25").of_type("AWS::Lambda::EventSourceMapping").values()
    )

    assert ("<ReviewQueue.Arn>", "<ReviewerFunction>", 1) == (
        source["EventSourceArn"],
        source["FunctionName"],
        source["BatchSize"],
    )
    assert {"MaximumConcurrency": "25"} == source["ScalingConfig"]


def test_both_functions_have_the_same_runtime_and_separate_roles(stack: Stack) -> None:
    """Limits and log groups are separate, too."""
    functions = stack.of_type("AWS::Lambda::Function")

    assert {"DispatcherFunction", "ReviewerFunction"} == set(functions)
    for name, function in functions.items():
        own = name.removesuffix("Function")
        assert ("python3.13", ["arm64"]) == (function["Runtime"], function["Architectures"])
        assert f"<{own}Role.Arn>" == function["Role"]
        assert {"MemorySize", "Timeout"} <= set(function)
        assert {"LogFormat": "Text", "LogGroup": f"<{own}Logs>"} == function["LoggingConfig"]


def test_queues_are_encrypted_and_with_a_key_logs_and_topic_too(template: Template) -> None:
    """SQS encrypts queues itself; with a KMS key, that key encrypts all three."""
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
    """Return SQS's own encryption and the key of all resources of a kind."""
    return {
        (queue.get("SqsManagedSseEnabled"), queue.get(key))
        for queue in stack.of_type(kind).values()
    }


def test_logs_are_kept_for_the_given_days(template: Template) -> None:
    """Both log groups have the retention of the parameter."""
    groups = template.stack(LogRetentionDays="30").of_type("AWS::Logs::LogGroup")

    assert dict.fromkeys(("DispatcherLogs", "ReviewerLogs"), "30") == {
        name: group["RetentionInDays"] for name, group in groups.items()
    }


def test_the_record_of_decisions_outlives_the_stack(stack: Stack) -> None:
    """Deleting the stack keeps the reviewer's log, and no other resource."""
    kept = {
        name
        for name, resource in stack.resources.items()
        if resource.get("DeletionPolicy", "Delete") != "Delete"
    }

    assert {"ReviewerLogs"} == kept
