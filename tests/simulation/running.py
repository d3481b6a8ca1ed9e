"""Whether Lambda runs a function."""

from enum import Enum, auto


class Running(Enum):
    """What happens when a function is due."""

    NORMAL = auto()
    #: Every invocation fails before our code runs.
    CRASHES = auto()
    #: Lambda starts no invocation: the account's concurrency is used up, or the function's is 0.
    THROTTLED = auto()
    #: Nothing invokes it: the schedule is disabled, or the queue's consumer is off.
    OFF = auto()
