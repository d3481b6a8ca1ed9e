"""In-memory fakes of the ports in `core.ports`: API server, EC2, IAM, clock, ledger, Services."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address

from core.errors import EvidenceUnavailable, OutOfTime
from core.model import (
    KUBELET_SERVING,
    Csr,
    Instance,
    Listing,
    Record,
    Role,
    RoleUnknown,
    Run,
    Service,
    ServicesHidden,
    UnreadableCsr,
    Write,
    WriteResult,
    Written,
)
from core.ports import Ports
from tests.builders import NOW, PROFILE, ROLE, an_instance
from tests.service_builders import a_service


@dataclass
class FakeApi:
    """Lists its CSRs of the requested signer, and keeps what is written."""

    items: Sequence[Csr | UnreadableCsr] = ()
    truncated: bool = False
    cause: str = ""
    pages: int = 1
    #: The result of a write, by the CSR's name; by default it is written.
    results: Mapping[str, Written] = field(default_factory=dict)
    list_error: Exception | None = None
    written: list[Write] = field(default_factory=list)

    def list_csrs(self, signer: str) -> Listing:
        if self.list_error is not None:
            raise self.list_error
        items = tuple(item for item in self.items if item.signer in (signer, None))
        return Listing(items, truncated=self.truncated, cause=self.cause, pages=self.pages)

    def write_all(self, writes: Sequence[Write]) -> Iterable[tuple[Write, Written]]:
        return iter([(write, self._write(write)) for write in writes])

    def _write(self, write: Write) -> Written:
        self.written.append(write)
        return self.results.get(write.csr.name, Written(WriteResult.WRITTEN))

    @property
    def conditions(self) -> dict[str, str]:
        """Return the conditions that were written, by the names of their CSRs."""
        return {write.csr.name: write.condition for write in self.written}


@dataclass
class FakeFleet:
    """EC2 and IAM. `unavailable`: instance ids and names whose evidence is unavailable."""

    instances: Sequence[Instance] = field(default_factory=lambda: (an_instance(),))
    roles: Mapping[str, Role | RoleUnknown | OutOfTime] = field(
        default_factory=lambda: {PROFILE: ROLE}
    )
    unavailable: Collection[str] = ()
    #: Leave out instances that it doesn't have, as an adapter may.
    silent: bool = False
    #: Every call, in order: the method's name and what was requested.
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def by_id(
        self, ids: Collection[str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        self._note("by_id", *ids)
        return (
            {}
            if self.silent
            else {instance_id: self._answer(instance_id, "id") for instance_id in ids}
        )

    def by_private_dns_name(
        self, names: Collection[str], vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        self._note("by_private_dns_name", *names, f"in {vpc_id}")
        return (
            {} if self.silent else {name: self._answer(name, "private_dns_name") for name in names}
        )

    def holders(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        self._note("holders", *map(str, addresses))
        return {} if self.silent else {one: self._holders(one) for one in addresses}

    def _holders(self, address: IPv4Address) -> frozenset[str]:
        return frozenset(one.id for one in self.instances if address in set(one.addresses()))

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown | OutOfTime:
        self._note("role_of_profile", profile_arn)
        return self.roles.get(profile_arn, RoleUnknown("no such profile"))

    def _answer(self, wanted: str, key: str) -> tuple[Instance, ...] | EvidenceUnavailable:
        if wanted in self.unavailable:
            return EvidenceUnavailable("throttled")
        return tuple(instance for instance in self.instances if getattr(instance, key) == wanted)

    def _note(self, *question: str) -> None:
        self.asked.append(question)


@dataclass
class FakeServices:
    """The cluster's Services. `overrides`: the response for one, by namespace and name."""

    services: Sequence[Service] = field(default_factory=lambda: (a_service(),))
    overrides: Mapping[tuple[str, str], ServicesHidden | EvidenceUnavailable] = field(
        default_factory=dict
    )
    #: Every call, in order: the namespace and the names.
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def named(
        self, namespace: str, names: Collection[str]
    ) -> Mapping[str, Service | ServicesHidden | EvidenceUnavailable]:
        self.asked.append((namespace, *names))
        shown = {(service.namespace, service.name): service for service in self.services}
        answers = {**shown, **self.overrides}
        return {name: answers[namespace, name] for name in names if (namespace, name) in answers}


@dataclass
class FakeClock:
    """Shows these times one after the other, then always the last one."""

    times: Sequence[datetime] = (NOW,)
    left: float = 50.0
    _times: Iterator[datetime] = field(init=False, repr=False)
    _shown: datetime = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._times = iter(self.times)

    def now(self) -> datetime:
        self._shown = next(self._times, None) or self._shown
        return self._shown

    def remaining(self) -> float:
        return self.left


@dataclass
class DwindlingClock(FakeClock):
    """Has one step less time left each time that it is read."""

    step: float = 1.0

    def remaining(self) -> float:
        self.left -= self.step
        return self.left


@dataclass
class FakeLedger:
    """Keeps what is recorded."""

    records: list[Record] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def record(self, record: Record) -> None:
        self.records.append(record)

    def finish(self, run: Run) -> None:
        self.runs.append(run)

    @property
    def actions(self) -> list[tuple[str, str]]:
        """Return the names of the CSRs with their actions, in the order of recording."""
        return [(record.evaluation.case.csr.name, record.action.value) for record in self.records]


class FakeWorld:
    """All ports of a review, and the fakes behind them."""

    def __init__(
        self,
        *items: Csr | UnreadableCsr,
        api: FakeApi | None = None,
        fleet: FakeFleet | None = None,
        clock: FakeClock | None = None,
        ledger: FakeLedger | None = None,
        services: FakeServices | None = None,
    ) -> None:
        self.api = api or FakeApi(items)
        self.fleet = fleet or FakeFleet()
        self.clock = clock or FakeClock()
        self.ledger = ledger or FakeLedger()
        self.services = services or FakeServices()
        self.ports = Ports(self.api, self.fleet, self.clock, self.ledger, self.services)


class Exploding(Mapping[str, tuple[str, ...]]):
    """A `spec.extra` that raises when it is read: a stand-in for a bug that only one CSR causes."""

    def __getitem__(self, key: str) -> tuple[str, ...]:
        raise RuntimeError("boom")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("boom")

    def __len__(self) -> int:
        raise RuntimeError("boom")


def unreadable(name: str | None = "csr-broken") -> UnreadableCsr:
    return UnreadableCsr(name, KUBELET_SERVING, "spec.request: expected base64")
