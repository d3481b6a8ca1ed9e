"""One requester can't delay the judging and writing of the others' requests."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from adapters import aws_clients
from core import budget
from core.errors import EvidenceUnavailable
from core.model import KUBELET_SERVING, Action, Csr, Instance, OversizedRequest
from core.review import review
from core.signers import SIGNERS
from tests.builders import a_cluster, a_filed_csr, an_extra, an_instance, settings
from tests.core.fakes import DwindlingClock, FakeClock, FakeFleet, FakeWorld

MINUTE = timedelta(minutes=1)
#: `adapters.ec2` makes no call with less time left, in seconds.
EC2_NEEDS = 5.0


@dataclass
class WatchedFleet(FakeFleet):
    """A fleet that records how much time was left at each call."""

    clock: FakeClock = field(default_factory=FakeClock)
    left: list[float] = field(default_factory=list)

    def by_id(
        self, ids: Collection[str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        self.left.append(self.clock.left)
        return super().by_id(ids)


class SlowTags(Mapping[str, str]):
    """Tags of a node of the cluster; each access takes a second."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def __getitem__(self, key: str) -> str:
        self._clock.left -= 1.0
        return {"kubernetes.io/cluster/prod": "owned"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(["kubernetes.io/cluster/prod"])

    def __len__(self) -> int:
        return 1


def node(number: int) -> str:
    return f"ip-10-0-2-{number}.eu-west-1.compute.internal"


def instance_id(number: int) -> str:
    return f"i-{number:017x}"


def asked(number: int, **rest: Any) -> Csr:
    """Return a request of the node of this number, for its DNS name alone."""
    extra = an_extra(instance_id(number))
    return a_filed_csr(
        name=f"csr-{number:04}", node=node(number), dns=(node(number),), ips=(), extra=extra, **rest
    )


def large_request(number: int, dns: tuple[str, ...]) -> bytes | OversizedRequest:
    return a_filed_csr(node=node(number), dns=dns).request


def fleet_of(clock: FakeClock, *numbers: int, slow: bool = False) -> WatchedFleet:
    tags = SlowTags(clock) if slow else None
    instances = [
        an_instance(id=instance_id(n), private_dns_name=node(n), tags=tags) for n in numbers
    ]
    return WatchedFleet(instances, clock=clock)


def run(world: FakeWorld) -> None:
    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode="enforce"), world.ports)


def test_reading_a_flood_leaves_time_to_ask_ec2() -> None:
    """After a listing that took half of the time, EC2 is still asked and the node approved."""
    clock = DwindlingClock(left=25.0, step=0.1)
    flood = [replace(asked(1, age=10 * MINUTE), name=f"a-{n:03}", uid=f"a-{n}") for n in range(500)]
    fleet = fleet_of(clock, 1, 2)
    world = FakeWorld(*flood, asked(2), clock=clock, fleet=fleet)

    run(world)

    assert world.api.conditions.get("csr-0002") == "Approved"
    assert min(fleet.left) >= EC2_NEEDS


def test_reading_many_requesters_csrs_leaves_time_to_ask_ec2() -> None:
    """Of many requesters, those whose requests are read in time are approved."""
    clock = DwindlingClock(left=25.0, step=0.1)
    fleet = fleet_of(clock, *range(200))
    world = FakeWorld(*(asked(n) for n in range(200)), clock=clock, fleet=fleet)

    run(world)

    assert min(fleet.left) >= EC2_NEEDS
    [done] = world.ledger.runs
    assert {Action.APPROVED, Action.DEFERRED} == set(done.totals.actions)


def test_judging_leaves_time_to_write() -> None:
    """Verdicts that take a second each are written as far as time allows."""
    clock = FakeClock(left=25.0)
    fleet = fleet_of(clock, *range(60), slow=True)
    world = FakeWorld(*(asked(n) for n in range(60)), clock=clock, fleet=fleet)

    run(world)

    assert clock.left > 0
    assert {"approved", "deferred"} == {action for _, action in world.ledger.actions}


def test_large_requests_do_not_delay_requests_of_usual_size() -> None:
    """Large older requests, which would use all the time, are judged after a kubelet's."""
    clock = FakeClock(left=40.0)
    many = tuple(f"{n}.example.com" for n in range(500))
    large = [replace(asked(n, age=10 * MINUTE), request=large_request(n, many)) for n in range(60)]
    slow, quick = fleet_of(clock, *range(60), slow=True), fleet_of(clock, 99)
    fleet = WatchedFleet([*slow.instances, *quick.instances], clock=clock)
    world = FakeWorld(*large, asked(99), clock=clock, fleet=fleet)

    run(world)

    assert world.api.conditions.get("csr-0099") == "Approved"


def test_ten_thousand_requests_of_one_node_delay_no_other() -> None:
    """Only one of them is read before the other node's evidence is requested."""
    clock = DwindlingClock(left=25.0, step=0.01)
    first = asked(1, age=5 * MINUTE)
    flood = [replace(first, name=f"a-{n}", uid=f"a-{n}") for n in range(10_000)]
    world = FakeWorld(*flood, asked(2), clock=clock, fleet=fleet_of(clock, 1, 2))

    run(world)

    assert world.api.conditions["csr-0002"] == "Approved"


def test_a_call_to_aws_begun_at_the_last_moment_ends_before_lambda_does() -> None:
    """All attempts and the waits between them fit into the rest of the invocation."""
    backoff = aws_clients._ATTEMPTS - 1
    longest = aws_clients._ATTEMPTS * (aws_clients._CONNECT_SECONDS + aws_clients._READ_SECONDS)

    assert budget.USUAL_CALL_SECONDS + budget.RESERVE_SECONDS > longest + backoff
