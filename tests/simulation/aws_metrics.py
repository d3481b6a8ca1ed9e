"""What AWS's own services report of both functions and the queue, in one minute."""

from collections.abc import Mapping
from typing import Final

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
    named = frozenset({("QueueName", "<ReviewQueue.QueueName>")})
    values: dict[Key, float] = {("AWS/SQS", "ApproximateAgeOfOldestMessage", named): 60 * oldest}
    if sent:
        values["AWS/SQS", "NumberOfMessagesSent", named] = sent
    if dead:
        named = frozenset({("QueueName", "<DeadLetterQueue.QueueName>")})
        values["AWS/SQS", "ApproximateNumberOfMessagesVisible", named] = dead
    return values
