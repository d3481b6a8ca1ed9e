"""Cases, refusals and verdicts: what is judged, on which evidence, with which result."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address

from core.model.aws import Cluster, Instance, NotProvided, Role, RoleUnknown
from core.model.csr import Csr
from core.model.request import Pkcs10, UnreadableRequest
from core.model.service import Service, ServiceClaim, ServicesHidden
from core.printable import printable
from core.settings import Policy

#: The reason of a denial for a public address that has most likely left the instance.
ADDRESS_MOVED = "public address has moved"


class Effect(Enum):
    """What a refusal leads to: DENY on proof only, LEAVE for all else."""

    DENY = "deny"
    LEAVE = "leave"


class Decision(Enum):
    """A verdict's decision. There is no value for an error: errors give no verdict."""

    APPROVE = "approve"
    DENY = "deny"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a check refused. `reason` is short and stable, `detail` has the values.

    `warns`: a person should see it, so its line in the log is a warning. `condition_reason`: what a
    condition in the cluster says instead of `reason`, where that depends on other instances.
    """

    effect: Effect
    reason: str
    detail: str
    check: str = ""
    warns: bool = False
    condition_reason: str = ""

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("a refusal needs a reason")
        object.__setattr__(self, "detail", printable(self.detail))

    @classmethod
    def deny(cls, reason: str, detail: str, *, condition_reason: str = "") -> "Refusal":
        """Refuse on proof."""
        return cls(Effect.DENY, reason, detail, condition_reason=condition_reason)

    @classmethod
    def leave(cls, reason: str, detail: str, *, warns: bool = False) -> "Refusal":
        """Refuse without proof: missing, stale or foreign evidence."""
        return cls(Effect.LEAVE, reason, detail, warns=warns)

    def by(self, check: str) -> "Refusal":
        """Return a copy with its check's id. Not by `replace`: it would escape `detail` again."""
        named = copy(self)
        object.__setattr__(named, "check", check)
        return named


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one CSR with every refusal that led to it, in the checks' order.

    `not_run`: ids of checks that lacked evidence, or a part of it (offline only).
    """

    decision: Decision
    refusals: tuple[Refusal, ...] = ()
    not_run: tuple[str, ...] = ()

    @property
    def is_moved_address(self) -> bool:
        """Return True when it denies only because a public address has most likely moved."""
        return bool(self.refusals) and all(one.reason == ADDRESS_MOVED for one in self.refusals)


class IdentityKind(Enum):
    """How a CSR was bound to an instance: by the IAM session's name, or by the node's name."""

    SESSION = "session"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Identity:
    """The instance that the requester claims to be.

    `instance_id` is None when known by name; `node` is empty if the cluster treats it as no node.
    """

    kind: IdentityKind
    instance_id: str | None
    node: str


@dataclass(frozen=True, slots=True)
class Peers:
    """What the rest of the list shows about one CSR; None if there is no such CSR.

    `newer`: the requester's newest CSR, by name. `same_key`: the username of another requester with
    the same key. `mismatch`: a CSR of this requester whose certificate is wrong, by name.
    `asking_since`: when the requester filed the first of its earlier CSRs that are pending and
    fresh. `newer_in_namespace`: how many CSRs of its namespace are pending, fresh and newer.
    `asked_for_public`: the requester has an earlier CSR, not issued, that names a public address,
    or that wasn't read.
    """

    newer: str | None = None
    same_key: str | None = None
    mismatch: str | None = None
    asking_since: datetime | None = None
    newer_in_namespace: int = 0
    asked_for_public: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """All that the checks of one CSR may look at. `now`: the time as of which it is judged.

    `holders`: the ids of the instances on which EC2 shows an address, if it was asked.
    """

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
    holders: Mapping[IPv4Address, frozenset[str]] = field(default_factory=dict)

    @property
    def instance(self) -> Instance | None:
        """Return the one running instance to compare with; None if there is none."""
        one = self.single_instance
        return one if one is not None and one.state == "running" else None

    @property
    def single_instance(self) -> Instance | None:
        """Return the one instance that EC2 shows, in any state; None for none or several."""
        if isinstance(self.instances, NotProvided) or len(self.instances) != 1:
            return None
        [instance] = self.instances
        return instance

    @property
    def shown_instances(self) -> tuple[Instance, ...]:
        """Return the instances that EC2 shows, for checks that need its answer.

        Raises:
            ValueError: EC2 wasn't asked, so the check must not have run.
        """
        if isinstance(self.instances, NotProvided):
            raise ValueError("no answer of EC2 to compare with")  # noqa: TRY004  a bug, not a type
        return self.instances

    @property
    def pkcs10(self) -> Pkcs10:
        """Return the request, for checks that need it.

        Raises:
            ValueError: it can't be read, so the check must not have run.
        """
        if not isinstance(self.request, Pkcs10):
            raise ValueError("the request can't be read")  # noqa: TRY004  a bug, not a type
        return self.request

    @property
    def running_instance(self) -> Instance:
        """Return the one running instance, for checks that need it.

        Raises:
            ValueError: there is none, so the check must not have run.
        """
        instance = self.instance
        if instance is None:
            raise ValueError("no running instance to compare with")
        return instance

    @property
    def known_cluster(self) -> Cluster:
        """Return the cluster, for checks that need it.

        Raises:
            ValueError: it wasn't provided, so the check must not have run.
        """
        if isinstance(self.cluster, NotProvided):
            raise ValueError("no cluster to compare with")  # noqa: TRY004  a bug, not a type
        return self.cluster

    @property
    def profile_role(self) -> Role | RoleUnknown:
        """Return the role of the instance's profile, for checks that need it.

        Raises:
            ValueError: no role was provided, so the check must not have run.
        """
        if isinstance(self.role, NotProvided):
            raise ValueError("no role to compare with")  # noqa: TRY004  a bug, not a type
        return self.role
