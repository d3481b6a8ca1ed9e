"""The columns of the table of faults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from tests.faults.rig import CSR_NAMES, DUE, Rig


class Place(Enum):
    """Where the fault happens, in the order of a minute's steps."""

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
        """Return whether the fault happens to the dispatcher."""
        return self.name.startswith("DISPATCH")

    @property
    def is_clusters(self) -> bool:
        """Return whether the fault is in a call to the API server, so that a real one can be used.

        The connection between the function and the server is faulty, not the server.
        """
        return self in (Place.TOKEN, Place.LIST, Place.LIST_2, Place.WRITE)


class Kind(Enum):
    """The kind of fault. `table.NEEDED` has the kinds that each place must have."""

    ABSENT = "absent"
    CONFLICT = "conflict"
    CREDENTIALS = "credentials"
    CUT_OFF = "cut off"
    DENIED = "denied"
    EXPIRED = "expired"
    FOREIGN = "foreign"
    GARBAGE = "garbage"
    HANDSHAKE = "handshake"
    CACHED = "cached"
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
    OTHER_CA = "other CA"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"


class Retry(Enum):
    """What retries, and when."""

    NOT_NEEDED = "not needed"
    IN_THE_RUN = "within the run"
    NEXT_MINUTE = "next minute"
    BOTH = "within the run, then next minute"
    DLQ = "message to the DLQ; the next minute's message does the work"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The outcome of a fault. Rows that share it are one row of the document.

    `decided`: the CSRs that are decided in the run with the fault.
    `metrics`: all metrics that aren't 0 in that run, each by its name: of the stack, or of the
    cluster if only clusters have it. `required`: its access is required, so that the cluster has
    its own `NotOnboarded`, too.
    `message` and `fields`: the log line that reports the fault, and fields that identify it.
    `sees`: what the operator finds.
    `alarms`: those that fire, besides those of a healthy run, if every minute is like that for
    15 minutes and there is no other cluster.
    `quiet`: why no alarm fires although something is undecided.
    `tries`: how often the broken call is made in the run.
    `contradicts`: EC2's incomplete answer contradicts the CSR that the line is about.
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
    required: bool = False
    quiet: str = ""

    @property
    def fails(self) -> bool:
        """Return whether the invocation fails.

        The reviewer's fails if the message goes to the DLQ, the dispatcher's if a cluster isn't
        dispatched.
        """
        return self.retry is Retry.DLQ or "DispatchErrors" in self.metrics


@dataclass(frozen=True, slots=True)
class Row:
    """One fault: its place, kind, description, how the test makes it, and its outcome.

    `logged`: additional text in the log line. `age`: the age of the five correct CSRs.
    `warm`: a healthy review runs before, so that the caches are filled. `seconds`: the invocation's
    remaining time.
    """

    place: Place
    kind: Kind
    fault: str
    inject: Callable[[Rig], None]
    outcome: Outcome
    logged: str = ""
    age: timedelta = DUE
    warm: bool = False
    seconds: float = 55.0

    @property
    def id(self) -> str:
        """Return the name of the row's test."""
        return f"{self.place.name.lower()}-{self.fault}"


def healthy(**more: int) -> dict[str, int]:
    """Return the metrics of a run that decides everything."""
    return {"Completed": 1, "Approved": len(CSR_NAMES) - 1, "Denied": 1} | more
