"""The queue between the functions, and what AWS's own metrics say of it and of both functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

DISPATCHER: Final = "DispatcherFunction"
REVIEWER: Final = "ReviewerFunction"


class Running(Enum):
    """What becomes of a function's invocations."""

    NORMAL = auto()
    #: Every invocation fails before our code runs.
    CRASHES = auto()
    #: Lambda starts none: the account's concurrency is used up, or the function's is 0.
    THROTTLED = auto()
    #: Nothing asks for one: the schedule is disabled, or the queue's consumer is off.
    OFF = auto()


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How long the queue keeps a message, and how often one is tried."""

    retention: int
    visibility: int
    receives: int

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> "QueueLimits":
        """Read the properties of the template's queue."""
        return cls(
            properties["MessageRetentionPeriod"],
            properties["VisibilityTimeout"],
            properties["RedrivePolicy"]["maxReceiveCount"],
        )

    @property
    def buries(self) -> bool:
        """Return whether a message that is never finished becomes a dead letter, or expires before.

        It is buried at the first receive after the last one that is allowed. From: Amazon SQS
        Developer Guide, "Using dead-letter queues".
        """
        return self.receives * self.visibility < self.retention

    @property
    def tries(self) -> int:
        """Return how often a message that always fails is received."""
        return min(self.receives, -(-self.retention // self.visibility))


def invoked(function: str, *, started: int, failed: int, throttled: int = 0) -> Mapping[Any, float]:
    """Return Lambda's metrics of a minute with any invocation; without one it sends none.

    From: AWS Lambda Developer Guide, "Types of metrics" (Throttles aren't Invocations).
    """
    named = frozenset({("FunctionName", f"<{function}>")})
    values: dict[Any, float] = {}
    if started:
        values["AWS/Lambda", "Invocations", named] = started
        values["AWS/Lambda", "Errors", named] = failed
    if throttled:
        values["AWS/Lambda", "Throttles", named] = throttled
    return values


def queued(sent: int, dead: int) -> Mapping[Any, float]:
    """Return SQS's metrics of a minute: messages sent, and dead letters that no one has deleted."""
    values: dict[Any, float] = {}
    if sent:
        named = frozenset({("QueueName", "<ReviewQueue.QueueName>")})
        values["AWS/SQS", "NumberOfMessagesSent", named] = sent
    if dead:
        named = frozenset({("QueueName", "<DeadLetterQueue.QueueName>")})
        values["AWS/SQS", "ApproximateNumberOfMessagesVisible", named] = dead
    return values
