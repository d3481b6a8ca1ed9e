"""Whether the stack's alarms can notify anyone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.aws_account import Aws
from adapters.aws_clients import AWS_FAULTS, reported
from cli.account.copied import whole_word
from cli.account.problems import with_fix
from cli.doctor.chain import Finding, Status, broken, ok, still_open, unknown, worst
from cli.doctor.topics import look_at_topic
from core.errors import EvidenceUnavailable

# From: CloudWatch API reference, DescribeAlarms, `AlarmNames`.
_MOST_NAMES: Final = 100

_GIVE_TOPIC: Final = "deploy the stack with AlarmEmail or AlarmTopicArn"


class Alarms:
    """The alarms of a stack, as CloudWatch describes them."""

    def __init__(self, cloudwatch: Any, names: Sequence[str], options: str) -> None:
        """`cloudwatch`: the client of the stack's Region. `names`: of the stack's alarms.

        `options`: with which the AWS CLI reaches that Region.

        Raises:
            EvidenceUnavailable: CloudWatch couldn't be asked.
        """
        self._options = options
        self._found = list(_described(cloudwatch, names))
        there = {one["AlarmName"] for one in self._found}
        self._deleted = [name for name in names if name not in there]

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the ARNs of the topics that at least one alarm notifies, each once."""
        actions = (arn for alarm in self._found for arn in alarm.get("AlarmActions", ()))
        return tuple(dict.fromkeys(arn for arn in actions if arn.split(":")[2:3] == ["sns"]))

    def look(self) -> Finding:
        """Return whether all alarms exist, are on, and have a topic."""
        if not self._found:
            return broken("the stack has no alarms", "deploy the stack again")
        if self._deleted:
            fix = "create them again as the template has them, and find out who deleted them"
            return broken(f"these alarms don't exist: {', '.join(self._deleted)}", fix)
        off = _names(alarm for alarm in self._found if not alarm.get("ActionsEnabled", True))
        if off:
            names = " ".join(map(whole_word, off))
            fix = f"aws cloudwatch enable-alarm-actions {self._options} --alarm-names {names}"
            return broken(f"actions are disabled: {', '.join(off)}", fix)
        silent = _names(alarm for alarm in self._found if not alarm.get("AlarmActions"))
        if silent:
            return still_open(f"these alarms notify no one: {', '.join(silent)}", _GIVE_TOPIC)
        return ok("every alarm notifies a topic")


def look_at_topics(own: Aws, topics: Sequence[str]) -> Finding:
    """Return whether notifications reach a subscriber of each topic; the worst finding counts."""
    if not topics:
        return still_open("there is no topic", _GIVE_TOPIC)
    findings = [_looked(own, arn) for arn in topics]
    found = worst(findings)
    if found.status is not Status.OK:
        return found
    return ok(f"CloudWatch may publish to {', '.join(finding.detail for finding in findings)}")


def _looked(own: Aws, arn: str) -> Finding:
    """Return a topic's finding; a topic that can't be read is unknown, and stops no other."""
    try:
        return look_at_topic(own, arn)
    except EvidenceUnavailable as error:
        return unknown(with_fix(f"{arn}: {error}"))


def _described(cloudwatch: Any, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    try:
        for start in range(0, len(names), _MOST_NAMES):
            batch = list(names[start : start + _MOST_NAMES])
            for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNames=batch):
                yield from page["MetricAlarms"]
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("CloudWatch DescribeAlarms", error)) from error


def _names(alarms: Iterator[Mapping[str, Any]]) -> list[str]:
    return [str(alarm["AlarmName"]) for alarm in alarms]
