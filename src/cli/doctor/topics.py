"""Whether an alarm's notification reaches anyone: the SNS topic, its subscriptions and its key."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.aws_account import Aws
from adapters.aws_clients import AWS_FAULTS, error_code, reported
from cli.doctor.chain import Finding, broken, ok
from cli.doctor.policies import lets_service, parsed
from core.errors import EvidenceUnavailable

_CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
_PUBLISH: Final = "sns:Publish"

#: What CloudWatch needs to publish to an encrypted topic.
#: From: Amazon SNS Developer Guide, "Managing Amazon SNS encryption keys and costs".
_KEY_ACTIONS: Final = ("kms:Decrypt", "kms:GenerateDataKey")


def look_at_topic(own: Aws, arn: str) -> Finding:
    """Return whether an alarm's notification reaches a subscriber of this topic.

    Raises:
        EvidenceUnavailable: SNS or KMS couldn't be asked.
    """
    region = arn.split(":")[3]  # arn:<partition>:sns:<region>:<account>:<name>
    attributes = _attributes(own.client("sns", region), arn)
    if attributes is None:
        return broken(f"there is no topic {arn}", "deploy the stack with an existing AlarmTopicArn")
    if not lets_service(parsed(attributes.get("Policy"), arn), _CLOUDWATCH, _PUBLISH):
        fix = f"let {_CLOUDWATCH} {_PUBLISH} in the topic's policy"
        return broken(f"{arn}: its policy doesn't let CloudWatch publish", fix)
    if key := attributes.get("KmsMasterKeyId"):
        problem, fix = _key_problem(own, region, key)
        if problem:
            return broken(f"{arn}: {problem}", fix)
    return _subscribed(arn, attributes)


def _subscribed(arn: str, attributes: Mapping[str, str]) -> Finding:
    confirmed = int(attributes.get("SubscriptionsConfirmed") or 0)
    pending = int(attributes.get("SubscriptionsPending") or 0)
    if confirmed:
        return ok(f"{arn} (confirmed subscriptions: {confirmed})")
    detail = f"{arn}: no confirmed subscription, {pending} pending"
    if pending:
        return broken(detail, "confirm it by the link in the mail that AWS sent")
    return broken(detail, "subscribe to the topic, or deploy the stack with AlarmEmail")


def _attributes(sns: Any, arn: str) -> Mapping[str, str] | None:
    """Return the topic's attributes; None if there is no such topic."""
    try:
        attributes: Mapping[str, str] = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except AWS_FAULTS as error:
        if error_code(error) == "NotFound":
            return None
        raise EvidenceUnavailable(reported("SNS GetTopicAttributes", error)) from error
    return attributes


def _key_problem(own: Aws, region: str, key: str) -> tuple[str, str]:
    """Return why CloudWatch can't use the topic's key, and the fix; both empty if it can."""
    try:
        kms = own.client("kms", region)
        described = kms.describe_key(KeyId=key)["KeyMetadata"]
        if described["KeyManager"] == "AWS":
            problem = f"CloudWatch can't use the key {key}, whose policy AWS manages"
            return problem, "encrypt the topic with a key of your own, or with none"
        if described["KeyState"] != "Enabled":
            return f"the key {key} is {described['KeyState']}", "enable the key"
        text = kms.get_key_policy(KeyId=described["KeyId"], PolicyName="default")["Policy"]
    except AWS_FAULTS as error:
        if error_code(error) == "NotFoundException":
            return f"there is no key {key}", "encrypt the topic with another key, or with none"
        raise EvidenceUnavailable(reported("KMS DescribeKey, GetKeyPolicy", error)) from error
    policy = parsed(text, key)
    lacking = [action for action in _KEY_ACTIONS if not lets_service(policy, _CLOUDWATCH, action)]
    if not lacking:
        return "", ""
    fix = f"let {_CLOUDWATCH} kms:Decrypt and kms:GenerateDataKey* in the key's policy"
    return f"the policy of the key {key} doesn't let CloudWatch {' or '.join(lacking)}", fix
