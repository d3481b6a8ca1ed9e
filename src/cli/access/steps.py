"""The steps of giving the approver access to a cluster, with their results."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

ENTRY: Final = "access entry"
CLUSTER: Final = "cluster"


class State(Enum):
    """The state of a step; the values are a stable contract."""

    OK = "ok"
    CREATED = "created"
    CHANGED = "changed"
    NEEDS_ACTION = "needs action"
    #: A person must decide something first.
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One object that the approver needs. `fix`: lines of instructions for a person."""

    thing: str
    state: State
    detail: str = ""
    fix: tuple[str, ...] = ()
