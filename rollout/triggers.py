"""The alarms that roll an update back.

From: CloudFormation API reference, RollbackConfiguration and RollbackTrigger: at most five
triggers, and a missing one fails the update. One that is in ALARM rolls it back, also if it was in
ALARM before.
"""

from collections.abc import Mapping
from typing import Any, Final

from rollout.refusal import Refused

#: What an update can break, by the template's logical IDs: both functions, the queue between them,
#: and the way into the clusters. Nothing that a requester can cause: one node's requests must not
#: keep the approver from being updated.
TRIGGERS: Final = (
    "DispatcherErrorsAlarm",
    "ReviewerErrorsAlarm",
    "DeadLetterAlarm",
    "ReviewsMissingAlarm",
    "StackShutOutAlarm",
)

#: Longer than the slowest of these alarms takes: reviews-missing, three periods of five minutes.
MONITORED_MINUTES: Final = 20

_WITHOUT: Final = "To update without triggers, run make deploy ROLLBACK=0."


def rollback_configuration(
    cloudformation: Any, cloudwatch: Any, stack: str, *, on: bool
) -> dict[str, Any]:
    """Return CreateChangeSet's `RollbackConfiguration` with the stack's alarms, or with none.

    An empty list removes the triggers of earlier updates, which CloudFormation keeps otherwise.

    Raises:
        Refused: one of the alarms doesn't exist, or is in ALARM.
    """
    if not on:
        return {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}
    names = _names(cloudformation, stack)
    answer = cloudwatch.describe_alarms(AlarmNames=sorted(names.values()))
    alarms = {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
    _refuse_absent(stack, [name for name in names.values() if name not in alarms])
    _refuse_firing([name for name in names.values() if alarms[name]["StateValue"] == "ALARM"])
    triggers = [
        {"Arn": alarms[name]["AlarmArn"], "Type": "AWS::CloudWatch::Alarm"}
        for name in names.values()
    ]
    return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": MONITORED_MINUTES}


def _names(cloudformation: Any, stack: str) -> Mapping[str, str]:
    """Return the alarms' names by their logical IDs."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    found = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["LogicalResourceId"] in TRIGGERS and "PhysicalResourceId" in one
    }
    _refuse_absent(stack, [key for key in TRIGGERS if key not in found])
    return {key: found[key] for key in TRIGGERS}


def _refuse_absent(stack: str, absent: list[str]) -> None:
    if absent:
        raise Refused(
            f"{stack} has no alarm {', '.join(absent)}, and CloudFormation rolls back an update "
            f"with a missing trigger. {_WITHOUT}"
        )


def _refuse_firing(firing: list[str]) -> None:
    if firing:
        raise Refused(
            f"in ALARM: {', '.join(firing)}. CloudFormation would roll the update back at once, "
            f"even one that fixes the cause. {_WITHOUT}"
        )
