"""The interfaces through which a review reaches the outside. Adapters implement them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address
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
    """The time, and how much of the run's time is left."""

    def now(self) -> datetime:
        """Return the current time, with time zone."""

    def remaining(self) -> float:
        """Return the seconds until the run must end its work; in Lambda, 5 s before the timeout."""


class CertificateApi(Protocol):
    """The CSR API of one cluster."""

    def list_csrs(self, signer: str) -> Listing:
        """Return all of one signer's CSRs, each validated alone.

        Raises:
            ClusterUnavailable: nothing could be listed.
            NotOnboarded: the cluster rejects our credentials or allows us nothing.
        """

    def write_all(self, writes: Sequence[Write]) -> Iterable[tuple[Write, Written]]:
        """Write decisions, several at once; never raises for one of them."""


class Fleet(Protocol):
    """EC2 and IAM in the cluster's account and Region."""

    def by_id(
        self, ids: Collection[str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """Return what EC2 shows for each id, usually one instance; an unknown id may be absent."""

    def by_private_dns_name(
        self, names: Collection[str], vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """Return instances by PrivateDnsName, in a VPC if given; an unknown name may be absent."""

    def holders(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        """Return the ids of the instances on which EC2 shows each address, public or private.

        An address that couldn't be asked for is absent.
        """

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown | OutOfTime:
        """Return the role of an instance profile."""


class Services(Protocol):
    """The Services of the cluster."""

    def named(
        self, namespace: str, names: Collection[str]
    ) -> Mapping[str, Service | ServicesHidden | EvidenceUnavailable]:
        """Return what the API server shows for each name; a Service that doesn't exist is absent.

        Namespace and names must match `core.model.DNS_LABEL`, because they become part of a URL.
        """


class Ledger(Protocol):
    """Where decisions are recorded."""

    def record(self, record: Record) -> None:
        """Record one CSR."""

    def finish(self, run: Run) -> None:
        """Record the run's totals and findings."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one review.

    `services`: None if only nodes are served. `memo`: what earlier reviews have read.
    """

    api: CertificateApi
    fleet: Fleet
    clock: Clock
    ledger: Ledger
    services: Services | None = None
    memo: Memo = field(default_factory=Memo)
