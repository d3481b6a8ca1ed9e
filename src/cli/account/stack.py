"""The deployed stack, as CloudFormation describes it, and the state of its schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from adapters.aws_clients import AWS_FAULTS, reported
from core.errors import EvidenceUnavailable
from core.settings import Policy, ReviewSettings

_SETTINGS: Final = tuple(ReviewSettings.model_fields)
_DEFAULTS: Final = ReviewSettings()
_JUDGING: Final = (
    *Policy.model_fields,
    "approve_after_seconds",
    "deny_after_seconds",
    "issue_grace_seconds",
    "reapprove_unissued",
    "app_serving",
)
#: Types of resources.
ALARM: Final = "AWS::CloudWatch::Alarm"
_SCHEDULE: Final = "AWS::Scheduler::Schedule"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack, with its parameters and outputs by name."""

    name: str
    region: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def role_arn(self) -> str:
        """The ARN of the reviewer's role; empty if the stack isn't the approver's."""
        return self.outputs.get("ReviewerRoleArn", "")

    @property
    def reviewer_log_group(self) -> str:
        """The log group of the reviewer; empty if the stack has no such output."""
        return self.outputs.get("ReviewerLogGroup", "")

    @property
    def subnets(self) -> tuple[str, ...]:
        """The reviewer's subnets; none if it runs outside any VPC."""
        return tuple(filter(None, self.parameters.get("SubnetIds", "").split(",")))

    @property
    def is_settled(self) -> bool:
        """Whether its last change succeeded, or was rolled back to one that had."""
        gone = self.status in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
        return self.status.endswith("_COMPLETE") and not gone

    def settings(self) -> ReviewSettings:
        """Return the reviewer's settings: the template's parameters have the same names.

        Raises:
            BadSettings: the reviewer can't start with them.
        """
        return ReviewSettings.from_env({one.upper(): self._given(one) for one in _SETTINGS})

    def judging(self) -> tuple[str, ...]:
        """Return the settings that change verdicts and aren't the defaults, as `NAME=VALUE`.

        Raises:
            BadSettings: the reviewer can't start with them.
        """
        settings = self.settings()
        changed = (one for one in _JUDGING if getattr(settings, one) != getattr(_DEFAULTS, one))
        return tuple(f"{one.upper()}={self._given(one)}" for one in changed)

    def _given(self, setting: str) -> str:
        """Return the value of the parameter for a setting; empty if there is none."""
        return self.parameters.get("".join(map(str.capitalize, setting.split("_"))), "")


def describe(cloudformation: Any, name: str, region: str) -> Stack | None:
    """Return the stack of this name; None if there is none.

    Raises:
        EvidenceUnavailable: CloudFormation couldn't be asked.
    """
    try:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise EvidenceUnavailable(reported("CloudFormation DescribeStacks", error)) from error
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("CloudFormation DescribeStacks", error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceUnavailable("CloudFormation DescribeStacks: unreadable answer") from error
    return Stack(
        name=name,
        region=region,
        status=str(stack["StackStatus"]),
        parameters=_by_name(stack, "Parameter"),
        outputs=_by_name(stack, "Output"),
    )


def schedule_state(cloudformation: Any, scheduler: Any, name: str) -> str | None:
    """Return `ENABLED` or `DISABLED`; None if the stack has no schedule.

    Raises:
        EvidenceUnavailable: AWS couldn't be asked.
    """
    schedules = resources(cloudformation, name, _SCHEDULE)
    if not schedules:
        return None
    try:
        # The physical ID is the schedule's name; of a group that isn't the default one, group|name.
        schedule = schedules[0].rsplit("|", 1)[-1]
        return str(scheduler.get_schedule(Name=schedule)["State"])
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("Scheduler GetSchedule", error)) from error


def resources(cloudformation: Any, name: str, kind: str) -> list[str]:
    """Return the physical IDs of the stack's resources of one type.

    Raises:
        EvidenceUnavailable: CloudFormation couldn't be asked.
    """
    try:
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        summaries = [each for page in pages for each in page["StackResourceSummaries"]]
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("CloudFormation ListStackResources", error)) from error
    return [str(each["PhysicalResourceId"]) for each in summaries if each["ResourceType"] == kind]


def _by_name(stack: Mapping[str, Any], kind: str) -> Mapping[str, str]:
    return {
        str(one[f"{kind}Key"]): str(one.get(f"{kind}Value", ""))
        for one in stack.get(f"{kind}s") or ()
    }
