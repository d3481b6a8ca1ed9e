"""What a review needs of the world. Adapters implement these; core knows no other way out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.errors import EvidenceUnavailable, OutOfTime
from core.memo import Memo
from core.model import (
    Instance,
    Listing,
    Record,
    Role,
    RoleUnknown,
    Run,
    Service,
    ServicesHidden,
    Write,
    Written,
)


class Clock(Protocol):
    """Time, and how much of it is left."""

    def now(self) -> datetime:
        """The present, with time zone."""

    def remaining(self) -> float:
        """Seconds until the run must take no more work; 5 s before the runtime ends it."""


class CertificateApi(Protocol):
    """The CSR API of one cluster."""

    def list_csrs(self, signer: str) -> Listing:
        """All of one signer's CSRs, each validated alone.

        Raises:
            ClusterUnavailable: nothing could be listed.
            NotOnboarded: the cluster doesn't know us or allows us nothing.
        """

    def write_all(self, writes: Sequence[Write]) -> Iterable[tuple[Write, Written]]:
        """Write decisions, several at once; never raises for one of them."""


class Fleet(Protocol):
    """EC2 and IAM of the cluster's account and Region."""

    def by_id(
        self, ids: Collection[str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """What EC2 shows for each id, one instance as a rule; an unknown id may be absent."""

    def by_private_dns_name(
        self, names: Collection[str], vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """Instances by PrivateDnsName, of a VPC if one is given; an unknown name may be absent."""

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown | OutOfTime:
        """The role of an instance profile."""


class Services(Protocol):
    """The Services of the cluster."""

    def named(
        self, namespace: str, names: Collection[str]
    ) -> Mapping[str, Service | ServicesHidden | EvidenceUnavailable]:
        """What the API server shows for each name in a namespace; one that is not there is absent.

        Both must be labels of DNS (`core.model.DNS_LABEL`), for they become part of a URL.
        """


class Ledger(Protocol):
    """Where decisions are recorded."""

    def record(self, record: Record) -> None:
        """One CSR."""

    def finish(self, run: Run) -> None:
        """The sums of the run."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The world, as one review sees it.

    `services`: None where only nodes are served. `memo`: what earlier reviews have read.
    """

    api: CertificateApi
    fleet: Fleet
    clock: Clock
    ledger: Ledger
    services: Services | None = None
    memo: Memo = field(default_factory=Memo)
