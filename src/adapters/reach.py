"""Which API endpoints this environment reaches, and which it leaves alone for a while.

A connection that no one answers takes seconds, and a failed one is tried again. Without this, some
dozens of clusters that can't be reached would take up the reviewer's whole concurrency.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.eks import DescribedCluster
from core.errors import ClusterUnavailable, Unreachable

#: How long an endpoint that failed isn't contacted.
LEFT_FOR: Final = timedelta(minutes=15)

#: How far apart two failures must be before the endpoint is left alone.
APART: Final = timedelta(minutes=1)

_MAX_KEPT: Final = 2_000

# On a selected cluster the tag fires the alarm unexpectedly-off for as long as it is selected.
_OR_EXCLUDE: Final = (
    "; or tag the cluster csr-approver:mode=off, and select it neither by ClusterNames (other than"
    " *) nor by ClusterTag"
)

#: What to do about a private endpoint, and about one that is closed to Lambda's addresses.
NEEDS_SUBNETS: Final = (
    f"deploy the stack with SubnetIds and SecurityGroupIds that reach the endpoint{_OR_EXCLUDE}"
)
NEEDS_ADDRESS: Final = (
    "deploy the stack with SubnetIds, and allow their NAT gateway in publicAccessCidrs or reach the"
    f" private endpoint from them{_OR_EXCLUDE}"
)
_NEEDS_ROUTE: Final = (
    "check routes, DNS and security groups between the reviewer's subnets and the endpoint"
)


class Reach:
    """What a warm environment knows of endpoints, each of which belongs to one cluster for ever."""

    def __init__(self, now: Callable[[], datetime], *, in_vpc: bool) -> None:
        """`now`: the time, with time zone. `in_vpc`: whether the reviewer has subnets."""
        self._now = now
        self._in_vpc = in_vpc
        self._connected: dict[str, bool] = {}  # whether it has let us list requests, too
        self._failed: dict[str, tuple[datetime, datetime]] = {}  # the first time and the last one

    def check(self, described: DescribedCluster) -> None:
        """Return if the cluster may be contacted.

        Raises:
            Unreachable: its endpoint can't be reached from here, or failed a short while ago.
        """
        if described.private_only and not self._in_vpc:
            detail = "the endpoint is private, and the reviewer runs outside any VPC"
            raise Unreachable("private", detail, fix=NEEDS_SUBNETS, is_fault=False)
        failed = self._failed.get(described.endpoint)
        if failed is not None and self.is_doubtful(described):
            first, last = failed
            past = self._now() - last
            if last - first >= APART and timedelta() <= past < LEFT_FOR:
                minutes = int(past.total_seconds() // 60)
                raise self._unreachable(f"not contacted: it failed {minutes} minutes ago")

    def is_doubtful(self, described: DescribedCluster) -> bool:
        """Return whether there may be no way to the endpoint, so that attempts should be short.

        Outside a VPC that is so if only some addresses may use it, because Lambda's isn't known;
        inside one, always. It ends with the first connection.
        """
        may_be_shut = self._in_vpc or described.is_restricted
        return may_be_shut and described.endpoint not in self._connected

    def has_listed(self, described: DescribedCluster) -> bool:
        """Return whether the cluster has let this environment list its requests before."""
        return self._connected.get(described.endpoint, False)

    def connected(self, described: DescribedCluster) -> None:
        """Remember that there is a way to the endpoint, even if it gave no answer."""
        self._remember(described.endpoint, listed=self.has_listed(described))

    def listed(self, described: DescribedCluster) -> None:
        """Remember that the cluster let us list its requests."""
        self._remember(described.endpoint, listed=True)

    def explain(self, described: DescribedCluster, error: ClusterUnavailable) -> ClusterUnavailable:
        """Remember how a review failed; return its error, `Unreachable` if no way leads there."""
        if error.cause != "connection" or not self.is_doubtful(described):
            return error
        if isinstance(error, Unreachable):  # it wasn't contacted
            return error
        now = self._now()
        first, _ = self._failed.pop(described.endpoint, (now, now))
        _make_room(self._failed)
        self._failed[described.endpoint] = first, now
        return self._unreachable(error.detail)

    def _remember(self, endpoint: str, *, listed: bool) -> None:
        self._failed.pop(endpoint, None)
        self._connected.pop(endpoint, None)
        _make_room(self._connected)
        self._connected[endpoint] = listed

    def _unreachable(self, detail: str) -> Unreachable:
        fix = _NEEDS_ROUTE if self._in_vpc else NEEDS_ADDRESS
        return Unreachable("connection", detail, fix=fix, is_fault=self._in_vpc)


def _make_room(kept: dict[str, Any]) -> None:
    while len(kept) >= _MAX_KEPT:
        del kept[next(iter(kept))]
