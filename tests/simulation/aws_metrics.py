"""The metrics that Lambda and SQS send in one minute about both functions and the queue."""

from collections.abc import Mapping
from typing import Final

from tests.template.alarms import DEAD_LETTERS, OLDEST, SENT, of_aws
from tests.template.points import Key

DISPATCHER: Final = "DispatcherFunction"
REVIEWER: Final = "ReviewerFunction"


def invoked(function: str, *, started: int, failed: int, throttled: int = 0) -> Mapping[Key, float]:
    """Return Lambda's metrics; without an invocation it sends none.

    From: AWS Lambda Developer Guide, "Types of metrics" (Throttles aren't Invocations).
    """
    named = frozenset({("FunctionName", f"<{function}>")})
    values: dict[Key, float] = {}
    if started:
        values["AWS/Lambda", "Invocations", named] = started
        values["AWS/Lambda", "Errors", named] = failed
    if throttled:
        values["AWS/Lambda", "Throttles", named] = throttled
    return values


def queued(sent: int, oldest: int, dead: int) -> Mapping[Key, float]:
    """Return SQS's metrics: messages sent, minutes of the oldest, and dead letters so far."""
    values: dict[Key, float] = {of_aws(OLDEST): 60 * oldest}
    if sent:
        values[of_aws(SENT)] = sent
    if dead:
        values[of_aws(DEAD_LETTERS)] = dead
    return values
