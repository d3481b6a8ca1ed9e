"""EC2 and IAM of one account and Region: what they show of instances (`core.ports.Fleet`)."""

from collections.abc import Callable, Collection, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from adapters.aws_clients import AWS_FAULTS, fault
from adapters.ec2_items import instance_of, items_of
from adapters.ec2_pages import pages
from adapters.iam import InstanceProfiles
from core.budget import FAST_CALL_SECONDS, HOLDERS_SECONDS, USUAL_CALL_SECONDS
from core.errors import EvidenceUnavailable, OutOfTime
from core.model import Instance, Role, RoleUnknown
from core.ports import Clock

# A filter takes 200 values (EC2 User Guide, "Filtering"); more would fail the call.
_BATCH: Final = 200

_NO_TIME: Final = "not asked, no time was left"

# From a `fast_fail` client these may mean that EC2 works: the next run has longer time-outs.
_TOO_SLOW: Final = (ConnectTimeoutError, ReadTimeoutError)

# From: EC2 User Guide, "Filtering": wildcards and the escape in a filter's values.
_WILDCARDS: Final = frozenset("*?\\")

# From: EC2 API reference, DescribeInstances. The public address of the primary interface, those
# on other private addresses, and private addresses in VPCs with public ranges.
_OF_ADDRESSES: Final = (
    "ip-address",
    "network-interface.addresses.association.public-ip",
    "network-interface.addresses.private-ip-address",
)

_OPERATION: Final = "EC2 DescribeInstances"

_Answer = Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]


class Ec2Fleet:
    """One run's instances, by id or name, and the roles of their profiles.

    A failure is the answer for the ids or names of the failed call only. After a failure of IAM the
    same profile isn't requested again in the run, because each call may take ten seconds.
    """

    def __init__(
        self,
        ec2: Any,
        profiles: InstanceProfiles,
        clock: Clock,
        fast_fail: Callable[[], Any] | None = None,
    ) -> None:
        """`ec2`: a client of the cluster's Region, made with `client_config()`.

        `fast_fail`: returns a client made with `client_config(fast_fail=True)`. Without it EC2 is
        not asked in a run's last 15 seconds.
        """
        self._ec2 = ec2
        self._fast_fail = fast_fail
        self._profiles = profiles
        self._clock = clock
        self._failed: dict[str, RoleUnknown] = {}

    def by_id(self, ids: Collection[str]) -> _Answer:
        """Return what EC2 shows for each id; an id that EC2 doesn't know is absent."""
        known: dict[str, tuple[Instance, ...] | EvidenceUnavailable] = {}
        for batch in _batches(ids):
            # By filter, because one unknown id in `InstanceIds` makes the whole call fail.
            known.update(self._ask(batch, "InstanceId", {"instance-id": list(batch)}))
        return known

    def by_private_dns_name(self, names: Collection[str], vpc_id: str | None) -> _Answer:
        """Return a VPC's instances by PrivateDnsName; a name that EC2 doesn't know is absent.

        `vpc_id`: None for all VPCs; empty if the cluster's is unknown, and then nothing is known.
        """
        if vpc_id == "":
            return dict.fromkeys(names, EvidenceUnavailable("the cluster's VPC is unknown"))
        known: dict[str, tuple[Instance, ...] | EvidenceUnavailable] = {}
        for batch in _batches(names):
            filters = {"private-dns-name": list(batch)}
            filters |= {} if vpc_id is None else {"vpc-id": [vpc_id]}
            known.update(self._ask(batch, "PrivateDnsName", filters))
        return known

    def holders(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        """Return the ids of the instances that show each address; absent if EC2 didn't answer.

        Not asked late in a run: the answer only changes how a denial is counted.
        """
        known: dict[IPv4Address, frozenset[str]] = {}
        for batch in _batches([str(address) for address in addresses]):
            if self._clock.remaining() < HOLDERS_SECONDS:
                break
            try:
                instances = [one for name in _OF_ADDRESSES for one in self._showing(name, batch)]
            except (EvidenceUnavailable, OutOfTime, ValueError, *AWS_FAULTS):
                continue
            for address in map(IPv4Address, batch):
                held = {one.id for one in instances if address in set(one.addresses())}
                known[address] = frozenset(held)
        return known

    def _showing(self, name: str, values: tuple[str, ...]) -> list[Instance]:
        items = self._items(self._client(late=False), {name: list(values)}, late=False)
        return [instance_of(item) for item in items]

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown | OutOfTime:
        """Return the role of an instance profile, or why it is unknown."""
        known = self._profiles.kept(profile_arn) or self._failed.get(profile_arn)
        if known is not None:
            return known
        if self._clock.remaining() < USUAL_CALL_SECONDS:
            return OutOfTime(f"IAM GetInstanceProfile: {_NO_TIME}")
        role = self._profiles.role(profile_arn)
        if isinstance(role, RoleUnknown) and role.fault:
            self._failed[profile_arn] = role
        return role

    def _ask(self, asked: tuple[str, ...], key: str, filters: Mapping[str, list[str]]) -> _Answer:
        """Return the answer for one batch. If any page fails, the failure is the answer for all."""
        late = self._clock.remaining() < USUAL_CALL_SECONDS
        try:
            items = self._items(self._client(late=late), filters, late=late)
            return _by(key, frozenset(asked), items)
        except OutOfTime as error:
            return dict.fromkeys(asked, error)
        except AWS_FAULTS as error:
            if late and isinstance(error, _TOO_SLOW):
                return dict.fromkeys(asked, OutOfTime(fault(_OPERATION, error)))
            return _all(asked, fault(_OPERATION, error))
        except ValueError:
            return _all(asked, f"{_OPERATION}: unreadable answer")

    def _client(self, *, late: bool) -> Any:
        if not late:
            return self._ec2
        if self._fast_fail is not None:
            return self._fast_fail()
        raise OutOfTime(f"{_OPERATION}: {_NO_TIME}")

    def _items(self, ec2: Any, filters: Mapping[str, list[str]], *, late: bool) -> Iterator[object]:
        """Yield the instances of all pages; raise OutOfTime before a page without time for it."""
        reserve = FAST_CALL_SECONDS if late else USUAL_CALL_SECONDS
        remaining = pages(ec2, filters)
        more = True
        while more:
            if self._clock.remaining() < reserve:
                raise OutOfTime(f"{_OPERATION}: {_NO_TIME}")
            page = next(remaining, None)
            if page is None:
                return
            yield from items_of(page)
            more = not isinstance(page, Mapping) or bool(page.get("NextToken"))


def _batches(values: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Yield 200 values at a time, each once, without those that a filter reads as patterns."""
    plain = sorted({value for value in values if value and not _WILDCARDS & set(value)})
    for start in range(0, len(plain), _BATCH):
        yield tuple(plain[start : start + _BATCH])


def _all(asked: Collection[str], problem: str) -> _Answer:
    return dict.fromkeys(asked, EvidenceUnavailable(problem))


def _by(key: str, asked: frozenset[str], items: Iterator[object]) -> _Answer:
    """Return the instances by id or name; one that wasn't asked for is no evidence, and ignored.

    Raises:
        ValueError: an item has no id or name, so it may be evidence for any request.
    """
    found: dict[str, dict[str, Instance]] = {}
    broken: dict[str, EvidenceUnavailable] = {}
    for item in items:
        value = item.get(key) if isinstance(item, Mapping) else None
        if not isinstance(value, str):
            raise ValueError(f"{key}: expected text")  # noqa: TRY004  one error for shapes
        if value not in asked:
            continue
        try:
            instance = instance_of(item)
        except ValueError as error:
            broken[value] = EvidenceUnavailable(f"{_OPERATION}: {error}")
        else:
            found.setdefault(value, {})[instance.id] = instance
    return {
        value: tuple(one for _, one in sorted(by_id.items())) for value, by_id in found.items()
    } | broken
