"""How soon each alarm must notify after its cause begins.

docs/runbook.md states the same times. Each is the time until our functions count the problem, then
the alarm's data points, and five minutes by which metrics may reach CloudWatch late.
"""

from typing import Any, Final

from tests.template.cloudformation import Stack

_LATE: Final = 5

#: After how many minutes a problem is in the metrics, with the default settings and a review each
#: minute.
COUNTED_AFTER: Final = {
    # A denial is due 360 s after the request.
    "denied": 7,
    "stack-denied": 7,
    # Approved at 90 s to 150 s by us, at up to 75 s by EKS; signed within seconds.
    "issued-mismatch": 4,
    "stack-issued-mismatch": 4,
    "signer-failed": 4,
    "issued-fewer-names": 4,
    # Approved within 150 s; counted after 120 s without a certificate.
    "approved-not-issued": 6,
    # Counted with each review; the threshold is 600 s.
    "oldest-pending": 11,
    "review-errors": 1,
    "shut-out": 1,
    "unreachable": 1,
    # A cluster's description is kept for 15 minutes.
    "unexpectedly-off": 16,
    "stack-unexpectedly-off": 16,
    "nothing-selected": 16,
    # Counted from the first request on which something is due.
    "evidence-unavailable": 4,
    "list-truncated": 1,
    # A failed message is tried for two minutes, and SQS reports an idle queue 15 minutes late.
    "dead-letters": 17,
    "dispatcher-errors": 1,
    "reviewer-errors": 1,
    "stack-shut-out": 1,
    "reviews-missing": 1,
}


def minutes(alarm: str, stack: Stack) -> float:
    """Return within how many minutes an alarm must notify."""
    properties = _alarms(stack)[alarm]
    points = float(properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]))
    return COUNTED_AFTER[alarm] + points * _period(properties) + _LATE


def alarms(stack: Stack) -> set[str]:
    """Return the names of all alarms."""
    return set(_alarms(stack))


def _alarms(stack: Stack) -> dict[str, Any]:
    alarms: list[Any] = list(stack.of_type("AWS::CloudWatch::Alarm").values())
    return {one["AlarmName"].removeprefix(f"{stack.name}-"): one for one in alarms}


def _period(alarm: Any) -> float:
    """Return the length of an alarm's periods, in minutes."""
    parts = [one.get("MetricStat", one) for one in alarm.get("Metrics", [alarm])]
    return float(next(one["Period"] for one in parts if "Period" in one)) / 60
