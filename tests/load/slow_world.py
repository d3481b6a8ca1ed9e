"""A slow cluster and a slow AWS, on a clock that only their calls move.

The real adapters call EC2 and IAM, and stop when too little time is left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

from botocore.exceptions import ReadTimeoutError
from botocore.hooks import HierarchicalEmitter

from adapters.ec2 import Ec2Fleet
from adapters.iam import InstanceProfiles
from core.budget import LISTING_LEAVES
from core.memo import Memo
from core.model import KUBELET_SERVING, Csr, Listing, Run, Write, WriteResult, Written
from core.ports import Ports
from core.review import review
from core.signers import SIGNERS
from sandbox.aws_shapes import Eni, Machine, answer
from tests.builders import LAUNCHED, NOW, VPC, a_cluster, a_filed_csr, an_extra, settings
from tests.core.fakes import FakeLedger

#: Connections over which decisions are written, the default of WRITE_CONNECTIONS.
CONNECTIONS: Final = 8

#: Seconds that a run has in Lambda, without the reserve.
RUN: Final = 50.0

#: The time-out of the EC2 client that is used when little time is left.
_HASTY_SECONDS: Final = 3.0


@dataclass
class Clock:
    """A clock that stands still until `advance` is called."""

    moment: datetime = NOW
    left: float = RUN

    def now(self) -> datetime:
        return self.moment

    def remaining(self) -> float:
        return self.left

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.left -= seconds


@dataclass(frozen=True)
class Speed:
    """Seconds that each call takes; `list` is for the whole list, `write` for one PUT."""

    list: float = 0.5
    ec2: float = 0.2
    iam: float = 0.1
    write: float = 0.05


@dataclass
class SlowApi:
    """An API server that lists pending CSRs, and accepts decisions, eight at a time."""

    clock: Clock
    speed: Speed
    pending: dict[str, Csr]
    written: list[Write] = field(default_factory=list)

    def list_csrs(self, signer: str) -> Listing:
        assert signer == KUBELET_SERVING
        most = self.clock.remaining() * (1 - LISTING_LEAVES)
        self.clock.advance(min(self.speed.list, most))
        return Listing(tuple(self.pending.values()), truncated=False, pages=1, cause="")

    def write_all(self, writes: Sequence[Write]) -> Iterator[tuple[Write, Written]]:
        for start in range(0, len(writes), CONNECTIONS):
            taken = self.clock.remaining() > 0
            if taken:
                self.clock.advance(min(self.speed.write, self.clock.remaining()))
            for write in writes[start : start + CONNECTIONS]:
                if taken:
                    del self.pending[write.csr.name]
                    self.written.append(write)
                yield write, Written(WriteResult.WRITTEN if taken else WriteResult.DEFERRED)


class SlowEc2:
    """A client of EC2 whose every call takes the same time."""

    def __init__(self, clock: Clock, speed: Speed, machines: Mapping[str, Machine]) -> None:
        self._clock, self._speed, self._machines = clock, speed, machines
        shape = SimpleNamespace(input_shape=SimpleNamespace(members=()))
        model = SimpleNamespace(operation_model=lambda _: shape)
        self.meta = SimpleNamespace(service_model=model, events=HierarchicalEmitter())

    def get_paginator(self, _operation: str) -> "SlowEc2":
        return self

    def paginate(self, **asked: Any) -> Iterator[object]:
        self._clock.advance(self._speed.ec2)
        [filtered] = asked["Filters"]
        known = [value for value in filtered["Values"] if value in self._machines]
        yield answer(self._machines, {"InstanceIds": known} if known else asked)


class HastyEc2(SlowEc2):
    """A client that gives up after 3 s."""

    def paginate(self, **asked: Any) -> Iterator[object]:
        if self._speed.ec2 <= _HASTY_SECONDS:
            yield from super().paginate(**asked)
            return
        self._clock.advance(_HASTY_SECONDS)
        raise ReadTimeoutError(endpoint_url="https://ec2")


class SlowIam:
    """A client of IAM: the instance profile `nodes-7` has the role `nodes-7`."""

    def __init__(self, clock: Clock, speed: Speed) -> None:
        self._clock, self._speed = clock, speed
        self.asked: list[str] = []

    def get_instance_profile(self, InstanceProfileName: str) -> object:  # noqa: N803  as boto3
        self._clock.advance(self._speed.iam)
        self.asked.append(InstanceProfileName)
        role = f"arn:aws:iam::111122223333:role/{InstanceProfileName}"
        return {"InstanceProfile": {"Arn": _profile(InstanceProfileName), "Roles": [{"Arn": role}]}}


def _profile(name: str) -> str:
    return f"arn:aws:iam::111122223333:instance-profile/{name}"


def a_machine(number: int, profiles: int = 1) -> Machine:
    """Return the instance of one of many nodes, which use `profiles` profiles in turn."""
    return Machine(
        id=f"i-{number:017x}",
        region="eu-west-1",
        vpc_id=VPC,
        launched=LAUNCHED,
        enis=(Eni(f"10.{number // 65_536}.{number // 256 % 256}.{number % 256}"),),
        profile_arn=_profile(f"nodes-{number % profiles}"),
        tags={"kubernetes.io/cluster/prod": "owned"},
    )


def asked_by(machine: Machine, number: int, profiles: int = 1, **rest: Any) -> Csr:
    """Return the pending request of that node."""
    return a_filed_csr(
        name=f"csr-{number:05}",
        node=machine.name,
        dns=(machine.name,),
        ips=(machine.enis[0].ip,),
        extra=an_extra(machine.id, role=f"nodes-{number % profiles}"),
        **rest,
    )


class SlowWorld:
    """One cluster whose nodes all wait, reviewed every minute in one warm environment."""

    def __init__(
        self, csrs: Sequence[Csr], machines: Mapping[str, Machine], speed: Speed | None = None
    ) -> None:
        self.clock = Clock()
        self.speed = speed or Speed()
        self.api = SlowApi(self.clock, self.speed, {csr.name: csr for csr in csrs})
        self.iam = SlowIam(self.clock, self.speed)
        self.ledger = FakeLedger()
        self._profiles = InstanceProfiles(self.iam, self.clock.now)
        self._ec2 = SlowEc2(self.clock, self.speed, machines)
        self._fast_fail = HastyEc2(self.clock, self.speed, machines)
        self._memo = Memo()

    @classmethod
    def of(cls, count: int, *, profiles: int = 1, speed: Speed | None = None) -> "SlowWorld":
        """Return a world of `count` healthy nodes."""
        machines = [a_machine(number, profiles) for number in range(count)]
        csrs = [asked_by(machine, n, profiles) for n, machine in enumerate(machines)]
        return cls(csrs, {machine.id: machine for machine in machines}, speed)

    def review(self, mode: str = "enforce") -> Run:
        """Run one review, then advance the clock to the next minute."""
        started = self.clock.now()
        self.clock.left = RUN
        fleet = Ec2Fleet(self._ec2, self._profiles, self.clock, lambda: self._fast_fail)
        ports = Ports(self.api, fleet, self.clock, self.ledger, memo=self._memo)
        run = review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode=mode), ports)
        self.left = self.clock.left
        self.clock.moment = started + timedelta(minutes=1)
        return run
