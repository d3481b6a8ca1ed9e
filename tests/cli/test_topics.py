"""`csr-approver doctor` finds an alarm whose notification would reach no one."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import boto3
import pytest

from adapters.aws_account import Aws
from cli.doctor.alarms import Alarms, look_at_topics
from cli.doctor.chain import Finding, Status
from sandbox.aws import HOME
from tests.cli.aws_stub import ALARM_NAME, TOPIC, AwsStub, topic

pytestmark = pytest.mark.usefixtures("stub")

SECOND: Final = "arn:aws:sns:eu-west-1:123456789012:security"
CLOUDWATCH: Final = {"Service": "cloudwatch.amazonaws.com"}

#: Each key policy names the account's root: without it, no one could administer the key.
OWNER: Final = {"AWS": "arn:aws:iam::123456789012:root"}


def policy(principal: Any, *actions: str) -> str:
    return json.dumps({"Statement": [statement(principal, *actions)]})


def statement(principal: Any, *actions: str) -> Mapping[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": [*actions], "Resource": "*"}


def key_policy(*actions: str) -> str:
    """Return the policy of a key that CloudWatch may use like this."""
    return json.dumps({"Statement": [statement(OWNER, "kms:*"), statement(CLOUDWATCH, *actions)]})


def looked_at(*topics: str) -> Finding:
    return look_at_topics(Aws(HOME), topics)


# --- the alarms -----------------------------------------------------------------------------------


def alarms() -> Alarms:
    return _alarms(ALARM_NAME)


def _alarms(*names: str) -> Alarms:
    return Alarms(boto3.client("cloudwatch", HOME), names, f"--region {HOME}")


def test_an_alarm_without_topic_notifies_no_one(stub: AwsStub) -> None:
    """That is allowed, so it is open and not broken, and has a fix."""
    stub.alarm["AlarmActions"] = []

    found = alarms().look()

    assert Status.OPEN is found.status
    assert f"these alarms notify no one: {ALARM_NAME}" == found.detail
    assert "deploy the stack with AlarmEmail or AlarmTopicArn" == found.fix


def test_only_topics_among_the_actions_are_checked(stub: AwsStub) -> None:
    """Each topic is checked once; an alarm may have other actions, such as a function."""
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    stub.alarm["AlarmActions"] = [TOPIC, function, SECOND, TOPIC]

    assert (TOPIC, SECOND) == alarms().topics


def test_an_alarm_that_was_deleted_is_named(stub: AwsStub) -> None:
    """CloudFormation still lists it, and nothing else says that it can't fire."""
    stub.alarm["AlarmActions"] = [TOPIC]

    found = _alarms(ALARM_NAME, "csr-approver-denied").look()

    assert Status.BROKEN is found.status
    assert "these alarms don't exist: csr-approver-denied" == found.detail


def test_many_alarms_are_described_a_hundred_at_a_time(stub: AwsStub) -> None:
    """CloudWatch takes a hundred names per call."""
    names = [f"a{number}" for number in range(150)]

    _alarms(*names)

    assert [100, 50] == [len(one["AlarmNames"]) for one in stub.made("DescribeAlarms")]


# --- topics ---------------------------------------------------------------------------------------


def test_the_worst_topic_counts(stub: AwsStub) -> None:
    """A topic that works, or that can't be read, hides no broken one."""
    stub.topics[SECOND] = topic(confirmed=0)

    assert f"{SECOND}: no confirmed subscription, 0 pending" == (looked_at(TOPIC, SECOND).detail)
    stub.topics[TOPIC]["Policy"] = "not JSON"
    assert Status.BROKEN is looked_at(TOPIC, SECOND).status
    assert Status.UNKNOWN is looked_at(TOPIC).status


def test_without_topics_nothing_can_be_checked() -> None:
    assert Status.OPEN is looked_at().status


@pytest.mark.parametrize(
    ("principal", "actions", "may"),
    [
        (CLOUDWATCH, ["sns:Publish"], True),
        (CLOUDWATCH, ["SNS:*"], True),
        ({"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]}, ["sns:Pub*"], True),
        ("*", ["*"], True),
        ({"AWS": "*"}, ["SNS:Publish"], True),
        (CLOUDWATCH, ["sns:Subscribe"], False),
        ({"Service": "events.amazonaws.com"}, ["sns:Publish"], False),
        ({"AWS": "arn:aws:iam::123456789012:root"}, ["sns:*"], False),
    ],
)
def test_the_topics_policy_must_let_cloudwatch_publish(
    stub: AwsStub, principal: Any, actions: Sequence[str], *, may: bool
) -> None:
    """The account's root doesn't stand for AWS's services."""
    stub.topics[TOPIC] = topic(Policy=policy(principal, *actions))

    found = looked_at(TOPIC)

    assert (Status.OK if may else Status.BROKEN) is found.status
    if not may:
        assert f"{TOPIC}: its policy doesn't let CloudWatch publish" == found.detail


def test_a_topic_that_may_not_be_read_is_unknown(stub: AwsStub) -> None:
    """It may be in another account."""
    stub.overrides["GetTopicAttributes"] = "AuthorizationError"

    found = looked_at(TOPIC)

    assert Status.UNKNOWN is found.status
    assert "; get that permission, or use another --profile" in found.detail


# --- the topic's key ------------------------------------------------------------------------------


def a_key(text: str = "") -> str:
    """Create a key; without a policy it has KMS's default one, which names the account's root."""
    kms = boto3.client("kms", HOME)
    made: str = kms.create_key()["KeyMetadata"]["KeyId"]
    if text:
        kms.put_key_policy(KeyId=made, PolicyName="default", Policy=text)
    return made


def test_a_key_whose_policy_lacks_cloudwatch_silences_the_alarms(stub: AwsStub) -> None:
    """CloudWatch reports it only in the alarm's history."""
    key = a_key()
    stub.topics[TOPIC] = topic(KmsMasterKeyId=key)

    found = looked_at(TOPIC)

    assert found.status is Status.BROKEN
    assert found.detail == (
        f"{TOPIC}: the policy of the key {key} doesn't let CloudWatch "
        "kms:Decrypt or kms:GenerateDataKey"
    )
    assert found.fix == (
        "let cloudwatch.amazonaws.com kms:Decrypt and kms:GenerateDataKey* in the key's policy"
    )


@pytest.mark.parametrize(
    ("actions", "may"),
    [
        (["kms:Decrypt", "kms:GenerateDataKey*"], True),
        (["kms:*"], True),
        (["kms:Decrypt", "kms:GenerateDataKey"], True),
        (["kms:Decrypt"], False),
        (["kms:GenerateDataKey*"], False),
    ],
)
def test_cloudwatch_needs_both_rights_of_the_key(
    stub: AwsStub, actions: Sequence[str], *, may: bool
) -> None:
    """It encrypts what it publishes with a new data key.

    From: Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys and costs".
    """
    stub.topics[TOPIC] = topic(KmsMasterKeyId=a_key(key_policy(*actions)))

    assert (Status.OK if may else Status.BROKEN) is looked_at(TOPIC).status


def test_a_key_that_aws_manages_is_broken(stub: AwsStub) -> None:
    """No one can change its policy, which lacks CloudWatch."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId="alias/aws/sns")
    stub.overrides["DescribeKey"] = {"KeyMetadata": {"KeyId": _gone(), "KeyManager": "AWS"}}

    found = looked_at(TOPIC)

    assert found.detail == (
        f"{TOPIC}: CloudWatch can't use the key alias/aws/sns, whose policy AWS manages"
    )
    assert "encrypt the topic with a key of your own, or with none" == found.fix


def _disabled() -> str:
    key = a_key(key_policy("kms:*"))
    boto3.client("kms", HOME).disable_key(KeyId=key)
    return key


def _gone() -> str:
    return "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


@pytest.mark.parametrize(
    ("make", "problem", "fix"),
    [
        (_disabled, "is Disabled", "enable the key"),
        (_gone, "there is no key", "encrypt the topic with another key"),
    ],
)
def test_an_unusable_key_is_broken(
    stub: AwsStub, make: Callable[[], str], problem: str, fix: str
) -> None:
    """Each has its own fix."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId=make())

    found = looked_at(TOPIC)

    assert (Status.BROKEN, True) == (found.status, problem in found.detail)
    assert found.fix.startswith(fix)


def test_a_key_that_may_not_be_read_is_unknown(stub: AwsStub) -> None:
    """It may be in another account."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId=a_key())
    stub.overrides["GetKeyPolicy"] = "AccessDeniedException"

    found = looked_at(TOPIC)

    assert Status.UNKNOWN is found.status
    assert "KMS DescribeKey, GetKeyPolicy: AccessDeniedException" in found.detail
