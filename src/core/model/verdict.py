"""What was judged, on what, and what came of it."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.model.aws import Cluster, Instance, NotProvided, Role, RoleUnknown
from core.model.csr import Csr
from core.model.request import Pkcs10, UnreadableRequest
from core.model.service import Service, ServiceClaim, ServicesHidden
from core.printable import printable
from core.settings import Policy


class Effect(Enum):
    """What a refusal leads to. Fixed per refusal: DENY on proof only, LEAVE for all else."""

    DENY = "deny"
    LEAVE = "leave"


class Decision(Enum):
    """A verdict's answer. There is no value for "an error": errors give no verdict."""

    APPROVE = "approve"
    DENY = "deny"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a check didn't agree. `reason` is short and stable, `detail` holds the values."""

    effect: Effect
    reason: str
    detail: str
    check: str = ""

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a refusal without a reason")
        object.__setattr__(self, "detail", printable(self.detail))

    @classmethod
    def deny(cls, reason: str, detail: str) -> "Refusal":
        """Refuse on proof."""
        return cls(Effect.DENY, reason, detail)

    @classmethod
    def leave(cls, reason: str, detail: str) -> "Refusal":
        """Refuse without proof: missing, stale or foreign evidence."""
        return cls(Effect.LEAVE, reason, detail)

    def by(self, check: str) -> "Refusal":
        """The same refusal with its check's id; a copy, for its detail is printable already."""
        named = copy(self)
        object.__setattr__(named, "check", check)
        return named


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one CSR with every refusal that led to it, in the checks' order.

    `not_run`: ids of checks that had nothing, or not all, to compare with (offline only).
    """

    decision: Decision
    refusals: tuple[Refusal, ...] = ()
    not_run: tuple[str, ...] = ()


class IdentityKind(Enum):
    """How a CSR was bound to an instance: by the IAM session's name, or by the node's name."""

    SESSION = "session"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which instance the requester claims to be. `instance_id` is None when known by name."""

    kind: IdentityKind
    instance_id: str | None
    node: str


@dataclass(frozen=True, slots=True)
class Peers:
    """What the rest of the list says of one CSR. Names of CSRs and usernames, None for nothing.

    `asking_since`: when the requester filed an earlier one, pending and fresh like this one: the
    first of them. `newer_in_namespace`: how many of its namespace are pending and newer.
    """

    newer: str | None = None
    same_key: str | None = None
    mismatch: str | None = None
    asking_since: datetime | None = None
    newer_in_namespace: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """All that the checks of one CSR may look at. `now` is the review's present."""

    csr: Csr
    request: Pkcs10 | UnreadableRequest
    identity: Identity | None
    now: datetime
    policy: Policy
    peers: Peers = Peers()
    cluster: Cluster | NotProvided = NotProvided.NOT_PROVIDED
    instances: tuple[Instance, ...] | NotProvided = NotProvided.NOT_PROVIDED
    role: Role | RoleUnknown | NotProvided = NotProvided.NOT_PROVIDED
    claim: ServiceClaim | None = None
    services: tuple[Service, ...] | ServicesHidden | NotProvided = NotProvided.NOT_PROVIDED

    @property
    def instance(self) -> Instance | None:
        """The one running instance to compare with; None where there is no such thing."""
        one = self.single_instance
        return one if one is not None and one.state == "running" else None

    @property
    def single_instance(self) -> Instance | None:
        """The one instance that EC2 shows, in whatever state; None for none or several."""
        if isinstance(self.instances, NotProvided) or len(self.instances) != 1:
            return None
        return self.instances[0]

    @property
    def pkcs10(self) -> Pkcs10:
        """The request, for checks that need one.

        Raises:
            ValueError: it can't be read, and the check was run without what it needs.
        """
        if not isinstance(self.request, Pkcs10):
            raise ValueError("the request can't be read")  # noqa: TRY004  a bug, not a type
        return self.request

    @property
    def running_instance(self) -> Instance:
        """The one running instance, for checks that need one.

        Raises:
            ValueError: there is none, and the check was run without what it needs.
        """
        if self.instance is None:
            raise ValueError("no running instance to compare with")
        return self.instance

    @property
    def known_cluster(self) -> Cluster:
        """The cluster, for checks that need it.

        Raises:
            ValueError: it wasn't provided, and the check was run without what it needs.
        """
        if isinstance(self.cluster, NotProvided):
            raise ValueError("no cluster to compare with")  # noqa: TRY004  a bug, not a type
        return self.cluster

    @property
    def profile_role(self) -> Role | RoleUnknown:
        """The role of the instance's profile, for checks that need it.

        Raises:
            ValueError: no role was provided, and the check was run without what it needs.
        """
        if isinstance(self.role, NotProvided):
            raise ValueError("no role to compare with")  # noqa: TRY004  a bug, not a type
        return self.role
