"""What a row of the table of faults says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from tests.faults.rig import ALL, DUE, Rig


class Place(Enum):
    """Where it goes wrong, in the order of a minute."""

    DISPATCH_LIST = "The dispatcher lists clusters (EKS ListClusters)"
    DISPATCH_DESCRIBE = "The dispatcher describes a cluster (EKS DescribeCluster)"
    DISPATCH_SEND = "The dispatcher sends messages (SQS SendMessageBatch)"
    QUEUE = "SQS delivers a message, and Lambda runs the reviewer"
    MESSAGE = "The reviewer reads its message"
    DESCRIBE = "The reviewer describes the cluster (EKS DescribeCluster)"
    TOKEN = "The reviewer makes the cluster's token"
    LIST = "The reviewer lists CSRs, first page"
    LIST_2 = "The reviewer lists CSRs, second page"
    EC2 = "The reviewer asks EC2 (DescribeInstances)"
    EC2_2 = "The reviewer asks EC2, second page"
    IAM = "The reviewer asks IAM (GetInstanceProfile)"
    WRITE = "The reviewer writes a decision"

    @property
    def is_dispatchers(self) -> bool:
        """Whether it is the dispatcher that meets it."""
        return self.name.startswith("DISPATCH")

    @property
    def is_clusters(self) -> bool:
        """Whether it is the cluster's API server that is asked, so that a real one can be."""
        return self in (Place.TOKEN, Place.LIST, Place.LIST_2, Place.WRITE)


class Kind(Enum):
    """Of what kind it is. Every place must have its kinds (`table.NEEDED`)."""

    ABSENT = "absent"
    CONFLICT = "conflict"
    CREDENTIALS = "credentials"
    CUT_OFF = "cut off"
    DENIED = "denied"
    EXPIRED = "expired"
    FOREIGN = "foreign"
    GARBAGE = "garbage"
    HANDSHAKE = "handshake"
    KEPT = "kept"
    KILLED = "killed"
    LAGGING = "lagging"
    LOST_ANSWER = "lost answer"
    PARTIAL = "partial"
    POISONED = "poisoned"
    REDELIVERED = "redelivered"
    REDIRECT = "redirect"
    REFUSED = "refused"
    RESET = "reset"
    SERVER_ERROR = "server error"
    SLOW = "slow"
    STRANGER = "stranger"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"


class Retry(Enum):
    """Who tries again."""

    NOT_NEEDED = "not needed"
    IN_THE_RUN = "within the run"
    NEXT_MINUTE = "next minute"
    BOTH = "within the run, then next minute"
    DLQ = "message to the DLQ, next minute's does the work"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What comes of a fault. Rows that share it are one row of the document.

    `decided`: the CSRs that are decided in the run that meets the fault.
    `metrics`: all of the stack's that aren't 0 in it.
    `message` and `fields`: the log line that tells, and what it tells by.
    `sees`: what the operator finds.
    `alarms`: those that ring if every minute is like that for fifteen, and there is no other
    cluster; besides those of a healthy run.
    `quiet`: why none rings though something is undecided.
    `tries`: how often the broken call is made in the run.
    `contradicts`: so far EC2 shows what contradicts the one CSR that the line is about.
    """

    decided: tuple[str, ...]
    metrics: Mapping[str, int]
    message: str
    retry: Retry
    sees: str
    fields: Mapping[str, object] = field(default_factory=dict)
    alarms: tuple[str, ...] = ()
    tries: int | None = None
    contradicts: bool = False
    quiet: str = ""

    @property
    def fails(self) -> bool:
        """Whether the invocation fails: by a message for the DLQ, or by the dispatcher's end."""
        return self.retry is Retry.DLQ or "DispatchErrors" in self.metrics


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: where it is, of what kind, in words, how it is made, and what comes of it.

    `tells`: what stands in the telling line besides. `age`: of the CSRs that are to be approved.
    `warm`: there was a healthy review before. `seconds`: what the invocation has left.
    """

    place: Place
    kind: Kind
    fault: str
    breaks: Callable[[Rig], None]
    outcome: Outcome
    tells: str = ""
    age: timedelta = DUE
    warm: bool = False
    seconds: float = 55.0

    @property
    def id(self) -> str:
        """The name of its test."""
        return f"{self.place.name.lower()}-{self.fault}"


def healthy(**more: int) -> dict[str, int]:
    """The metrics of a run that decides everything."""
    return {"Completed": 1, "Approved": len(ALL) - 1, "Denied": 1} | more
