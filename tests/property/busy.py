"""A busy cluster: CSRs with every outcome in one list, and an API that stores what is written.

`WRITTEN` is what a healthy review writes, in `enforce` and with names allowed as identity.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import IPv4Address
from typing import Any

from core.model import (
    KUBELET_SERVING,
    Condition,
    Csr,
    Instance,
    Listing,
    Run,
    UnreadableCsr,
    Write,
    WriteResult,
    Written,
)
from core.ports import Ports
from core.review import review
from core.signers import SIGNERS
from sandbox.csr_builder import request as csr_builder
from tests.builders import (
    NOW,
    a_certificate,
    a_cluster,
    a_csr,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    approved,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld, unreadable

Item = Csr | UnreadableCsr

MINUTE = timedelta(minutes=1)


def node(number: int) -> str:
    return f"ip-10-0-3-{number}.eu-west-1.compute.internal"


def session(number: int) -> str:
    return f"i-{number:017x}"


def asked(number: int, word: str = "", **rest: Any) -> Csr:
    """Return a CSR of the node of this number, for its own names and addresses."""
    own = {
        "dns": (node(number), f"{session(number)}.eu-west-1.compute.internal"),
        "ips": (f"10.0.3.{number}", f"198.51.100.{number}", f"2001:db8::{number}"),
        "extra": an_extra(session(number)),
    }
    name = f"csr-{number:02}{word}"
    return a_filed_csr(**{"name": name, "node": node(number), **own, **rest})


def instance(number: int, id: str = "") -> Instance:  # noqa: A002  the field's name
    """Return the instance of that node, with a second interface and a pod's addresses."""
    first = an_interface(
        address=f"10.0.3.{number}",
        public=(f"198.51.100.{number}", f"198.51.101.{number}"),
        secondary=(f"10.0.4.{number}", f"10.0.5.{number}"),
        ipv6=(f"2001:db8::{number}", f"2001:db8:1::{number}"),
        prefixes=(f"10.0.6.{number}/32", f"2001:db8:2::{number}/128"),
    )
    second = an_interface(device_index=1, address=f"10.0.7.{number}", public=(), secondary=())
    return replace(
        an_instance(
            id=id or session(number),
            private_dns_name=node(number),
            public_dns_name="",
            tags={"kubernetes.io/cluster/prod": "owned", "eks:cluster-name": "prod", "a": "b"},
            interfaces=(first, second),
        ),
        other_addresses=frozenset({IPv4Address(f"192.0.2.{number}"), IPv4Address("192.0.2.255")}),
    )


_APPROVED = asked(10, "-wrong", age=14 * MINUTE, conditions=(approved(),))
_NOTED = (Condition("Noted", "True", "a", "b", NOW), Condition("Seen", "True", "c", "d", None))

CSRS: tuple[Csr, ...] = (
    asked(1),
    asked(2, usages=("digital signature", "key encipherment", "server auth"), age=8 * MINUTE),
    asked(3, conditions=_NOTED, age=9 * MINUTE),
    asked(1, "-superseded", age=10 * MINUTE),
    asked(
        4, dns=("kubernetes.default.svc", node(1)), ips=("10.0.4.4", "192.0.2.4"), age=13 * MINUTE
    ),
    a_csr(name="csr-05", node=node(5), request=b"x", extra=an_extra(session(5)), age=12 * MINUTE),
    asked(6, words="one key", age=11 * MINUTE),
    asked(7, words="one key"),
    asked(8, extra=an_extra("i-0eeeeeeeeeeeeeeee")),
    asked(9, age=MINUTE),
    replace(
        _APPROVED,
        certificate=a_certificate(
            _APPROVED, sans=(csr_builder.dns("a"), csr_builder.dns("kubernetes"))
        ),
    ),
    asked(10),
    asked(11, extra={}),
    asked(12, extra={}),
    asked(13, ips=("10.0.4.13", "10.0.7.13", "10.0.6.13")),
    asked(14, username="alice"),
    asked(15, conditions=(approved(),)),
    asked(16, usages=("client auth", "any"), age=2 * MINUTE),
)
ITEMS: tuple[Item, ...] = (*CSRS, unreadable("csr-17"), unreadable(None))
INSTANCES = (*map(instance, range(1, 17)), instance(12, "i-0ffffffffffffffff"))

WRITTEN = (
    ("csr-03", "Approved"),
    ("csr-02", "Approved"),
    ("csr-01", "Approved"),
    ("csr-11", "Approved"),
    ("csr-04", "Denied"),
    ("csr-05", "Denied"),
    ("csr-06", "Denied"),
    ("csr-07", "Denied"),
)

SETTINGS = settings(mode="enforce", allow_name_identity=True)


def a_world(
    items: Iterable[Item] = ITEMS,
    instances: Sequence[Instance] = INSTANCES,
    unavailable: Collection[str] = (),
) -> FakeWorld:
    return FakeWorld(*items, fleet=FakeFleet(instances, unavailable=unavailable))


def reviewed(ports: Ports) -> Run:
    return review(a_cluster(), SIGNERS[KUBELET_SERVING], SETTINGS, ports)


def written(writes: Iterable[Write]) -> list[tuple[str, str]]:
    return [(write.csr.name, write.condition) for write in writes]


# --- an API that stores what is written ----------------------------------------------------------


@dataclass
class LiveApi:
    """The CSRs of a cluster as the API server stores them: it refuses writes to stale objects.

    `applied`: the writes that it stored. `reported`: those whose results the caller received.
    `ends`: how a write ends, by the name of its CSR; by default it succeeds.
    """

    items: list[Item]
    applied: list[Write] = field(default_factory=list)
    reported: list[Write] = field(default_factory=list)
    ends: dict[str, "End"] = field(default_factory=dict)

    def list_csrs(self, _signer: str) -> Listing:
        return Listing(tuple(self.items), truncated=False, pages=1, cause="")

    def write_all(self, writes: Sequence[Write]) -> Iterator[tuple[Write, Written]]:
        for write in writes:
            end = self.ends.get(write.csr.name, WELL)
            result = self._apply(write) if end.applied else WriteResult.FAILED
            if end.error is not None:
                raise end.error
            self.reported.append(write)
            yield write, Written(end.result or result)

    def _apply(self, write: Write) -> WriteResult:
        for at, item in enumerate(self.items):
            if item is write.csr:  # the same object that was listed: nothing has changed since
                condition = Condition(write.condition, "True", write.reason, write.message, NOW)
                self.items[at] = replace(item, conditions=(*item.conditions, condition))
                self.applied.append(write)
                return WriteResult.WRITTEN
        return WriteResult.OVERTAKEN


@dataclass(frozen=True)
class End:
    """How a write ends: whether the API server stores it, and the result or error that we get."""

    applied: bool = True
    result: WriteResult | None = None
    error: Exception | None = None


WELL = End()
