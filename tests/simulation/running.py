"""What becomes of a function's invocations."""

from enum import Enum, auto


class Running(Enum):
    """Whether a function runs."""

    NORMAL = auto()
    #: Every invocation fails before our code runs.
    CRASHES = auto()
    #: Lambda starts none: the account's concurrency is used up, or the function's is 0.
    THROTTLED = auto()
    #: Nothing asks for one: the schedule is disabled, or the queue's consumer is off.
    OFF = auto()
