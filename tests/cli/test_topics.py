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
from tests.handlers.account import Account

SECOND: Final = "arn:aws:sns:eu-west-1:123456789012:security"
CLOUDWATCH: Final = {"Service": "cloudwatch.amazonaws.com"}

#: Without it no one could administer a key.
OWNER: Final = {"AWS": "arn:aws:iam::123456789012:root"}


def policy(principal: Any, *actions: str) -> str:
    return json.dumps({"Statement": [statement(principal, *actions)]})


def statement(principal: Any, *actions: str) -> Mapping[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": [*actions], "Resource": "*"}


def key_policy(*actions: str) -> str:
    """Return the policy of a key that CloudWatch may use like this."""
    return json.dumps({"Statement": [statement(OWNER, "kms:*"), statement(CLOUDWATCH, *actions)]})


def looked_at(account: Account, *topics: str) -> Finding:
    assert account
    return look_at_topics(Aws(HOME), topics)


# --- the alarms -----------------------------------------------------------------------------------


def alarms(account: Account) -> Alarms:
    assert account
    return Alarms(boto3.client("cloudwatch", HOME), [ALARM_NAME])


def test_an_alarm_without_topic_notifies_no_one(account: Account, stub: AwsStub) -> None:
    """That is allowed, and shown with what to do."""
    stub.alarm["AlarmActions"] = []

    found = alarms(account).look()

    assert Status.OPEN is found.status
    assert f"these alarms notify no one: {ALARM_NAME}" == found.detail
    assert "deploy the stack with AlarmEmail or AlarmTopicArn" == found.fix


def test_only_topics_among_the_actions_are_checked(account: Account, stub: AwsStub) -> None:
    """Each once; an alarm may have other actions, such as a function."""
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    stub.alarm["AlarmActions"] = [TOPIC, function, SECOND, TOPIC]

    assert (TOPIC, SECOND) == alarms(account).topics


def test_many_alarms_are_asked_for_in_parts(account: Account, stub: AwsStub) -> None:
    """CloudWatch takes a hundred names per call."""
    names = [f"a{number}" for number in range(150)]

    Alarms(boto3.client("cloudwatch", HOME), names)

    assert account
    assert [100, 50] == [len(one["AlarmNames"]) for one in stub.made("DescribeAlarms")]


# --- topics ---------------------------------------------------------------------------------------


def test_the_worst_topic_counts(account: Account, stub: AwsStub) -> None:
    """One that works hides none that doesn't, and one that can't be read hides none either."""
    stub.topics[SECOND] = topic(confirmed=0)

    assert f"{SECOND}: no confirmed subscription, 0 pending" == (
        looked_at(account, TOPIC, SECOND).detail
    )
    stub.topics[TOPIC]["Policy"] = "not JSON"
    assert Status.BROKEN is looked_at(account, TOPIC, SECOND).status
    assert Status.UNKNOWN is looked_at(account, TOPIC).status


def test_without_topics_nothing_can_be_checked(account: Account, stub: AwsStub) -> None:
    assert stub
    assert Status.OPEN is looked_at(account).status


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
    account: Account, stub: AwsStub, principal: Any, actions: Sequence[str], *, may: bool
) -> None:
    """The account's root doesn't stand for AWS's services."""
    stub.topics[TOPIC] = topic(Policy=policy(principal, *actions))

    found = looked_at(account, TOPIC)

    assert (Status.OK if may else Status.BROKEN) is found.status
    if not may:
        assert f"{TOPIC}: its policy doesn't let CloudWatch publish" == found.detail


# --- the topic's key ------------------------------------------------------------------------------


def a_key(text: str = "") -> str:
    """Create a key; without a policy it has KMS's default one, which names the account's root."""
    kms = boto3.client("kms", HOME)
    made: str = kms.create_key()["KeyMetadata"]["KeyId"]
    if text:
        kms.put_key_policy(KeyId=made, PolicyName="default", Policy=text)
    return made


def test_a_key_whose_policy_lacks_cloudwatch_silences_the_alarms(
    account: Account, stub: AwsStub
) -> None:
    """CloudWatch reports that nowhere but in the alarm's history."""
    key = a_key()
    stub.topics[TOPIC] = topic(KmsMasterKeyId=key)

    found = looked_at(account, TOPIC)

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
    account: Account, stub: AwsStub, actions: Sequence[str], *, may: bool
) -> None:
    """It encrypts what it publishes with a new data key.

    From: Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys and costs".
    """
    stub.topics[TOPIC] = topic(KmsMasterKeyId=a_key(key_policy(*actions)))

    assert (Status.OK if may else Status.BROKEN) is looked_at(account, TOPIC).status


def test_a_key_that_aws_manages_is_broken(account: Account, stub: AwsStub) -> None:
    """No one can change its policy, which lacks CloudWatch."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId="alias/aws/sns")
    stub.overrides["DescribeKey"] = {"KeyMetadata": {"KeyId": _gone(), "KeyManager": "AWS"}}

    found = looked_at(account, TOPIC)

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
    account: Account, stub: AwsStub, make: Callable[[], str], problem: str, fix: str
) -> None:
    """Each has its own fix."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId=make())

    found = looked_at(account, TOPIC)

    assert (Status.BROKEN, True) == (found.status, problem in found.detail)
    assert found.fix.startswith(fix)


def test_a_key_that_may_not_be_read_is_unknown(account: Account, stub: AwsStub) -> None:
    """It may be in another account."""
    stub.topics[TOPIC] = topic(KmsMasterKeyId=a_key())
    stub.overrides["GetKeyPolicy"] = "AccessDeniedException"

    found = looked_at(account, TOPIC)

    assert Status.UNKNOWN is found.status
    assert "KMS DescribeKey, GetKeyPolicy: AccessDeniedException" in found.detail
