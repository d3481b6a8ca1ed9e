"""Which endpoints are contacted, which briefly, and which not for a while."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.eks import DescribedCluster
from adapters.reach import APART, LEFT_FOR, Reach
from core.errors import ClusterUnavailable, NotOnboarded, Unreachable
from core.model import Cluster

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

OPEN = DescribedCluster(
    cluster=Cluster("prod", "eu-west-1", "vpc-1"),
    status="ACTIVE",
    endpoint="https://a.eks.amazonaws.com",
    ca_pem="PEM",
    token_for="prod",
    auth_mode="API",
    private_only=False,
    public_cidrs=("0.0.0.0/0",),
)
RESTRICTED = replace(OPEN, public_cidrs=("203.0.113.0/24",))
PRIVATE = replace(OPEN, private_only=True)

NO_CONNECTION = ClusterUnavailable("connection", "ConnectTimeoutError")


class World:
    """What one environment knows, on a clock that a test sets."""

    def __init__(self, *, in_vpc: bool = False) -> None:
        self.time = NOW
        self.reach = Reach(lambda: self.time, in_vpc=in_vpc)

    def fails(self, described: DescribedCluster, after: timedelta = timedelta()) -> None:
        """Let a review fail that is made `after` the one before."""
        self.time += after
        self.reach.check(described)
        self.reach.explain(described, NO_CONNECTION)

    def is_left_alone(self, described: DescribedCluster) -> bool:
        try:
            self.reach.check(described)
        except Unreachable:
            return True
        return False


@pytest.fixture
def outside() -> World:
    """A reviewer without subnets."""
    return World()


@pytest.fixture
def inside() -> World:
    """A reviewer in a VPC."""
    return World(in_vpc=True)


def test_a_private_endpoint_is_not_contacted_from_outside_a_vpc(outside: World) -> None:
    """EKS says that there is no way, and what to do about it is the stack's parameter."""
    with pytest.raises(Unreachable, match=r"^private: ") as raised:
        outside.reach.check(PRIVATE)

    assert raised.value.fix.startswith("deploy the stack with SubnetIds")
    assert not raised.value.is_fault


@pytest.mark.parametrize("described", [PRIVATE, RESTRICTED, OPEN])
def test_inside_a_vpc_every_endpoint_is_contacted_briefly_until_it_answers(
    inside: World, described: DescribedCluster
) -> None:
    """Whether a route leads there isn't known."""
    inside.reach.check(described)
    assert inside.reach.is_doubtful(described)

    inside.reach.listed(described)
    assert not inside.reach.is_doubtful(described)


def test_outside_a_vpc_only_a_restricted_endpoint_is_doubtful(outside: World) -> None:
    """An endpoint that is open to all is reachable, unless something is broken."""
    assert outside.reach.is_doubtful(RESTRICTED)
    assert not outside.reach.is_doubtful(OPEN)
    assert outside.reach.explain(OPEN, NO_CONNECTION) is NO_CONNECTION


def test_a_restricted_endpoint_that_fails_is_unreachable(outside: World) -> None:
    """Lambda's address isn't among those that may use it, which is no fault."""
    error = outside.reach.explain(RESTRICTED, NO_CONNECTION)

    assert isinstance(error, Unreachable)
    assert str(error) == "connection: ConnectTimeoutError"
    assert "publicAccessCidrs" in error.fix
    assert not error.is_fault


def test_inside_a_vpc_a_failure_is_a_fault(inside: World) -> None:
    """The reviewer's subnets are there to reach the clusters."""
    error = inside.reach.explain(PRIVATE, NO_CONNECTION)

    assert isinstance(error, Unreachable)
    assert error.is_fault
    assert "routes" in error.fix


@pytest.mark.parametrize("cause", ["tls", "time", "token", "describe"])
def test_any_other_failure_is_no_matter_of_reach(outside: World, cause: str) -> None:
    """Any other failure stays the error that it is, and nothing is remembered."""
    error = ClusterUnavailable(cause, "x")
    assert outside.reach.explain(RESTRICTED, error) is error

    outside.time += APART
    assert outside.reach.explain(RESTRICTED, error) is error
    assert not outside.is_left_alone(RESTRICTED)


def test_after_two_failures_a_minute_apart_an_endpoint_is_left_alone_for_15_minutes(
    outside: World,
) -> None:
    """Then one attempt follows; if it fails, too, the next fifteen minutes begin."""
    outside.fails(RESTRICTED)
    outside.fails(RESTRICTED, after=APART)

    assert outside.is_left_alone(RESTRICTED)
    outside.time += LEFT_FOR - timedelta(seconds=1)
    assert outside.is_left_alone(RESTRICTED)
    outside.time += timedelta(seconds=1)
    assert not outside.is_left_alone(RESTRICTED)
    outside.fails(RESTRICTED)
    assert outside.is_left_alone(RESTRICTED)


def test_two_failures_within_a_minute_count_as_one(outside: World) -> None:
    """A message may come twice, and a network may be down for some seconds."""
    outside.fails(RESTRICTED)
    outside.fails(RESTRICTED, after=APART - timedelta(seconds=1))

    assert not outside.is_left_alone(RESTRICTED)


def test_each_run_without_an_attempt_says_how_long_ago_the_last_one_failed(
    outside: World,
) -> None:
    """A run without an attempt reports the same error as one with it, and the same fix."""
    outside.fails(RESTRICTED)
    outside.fails(RESTRICTED, after=APART)
    outside.time += timedelta(minutes=5)

    with pytest.raises(Unreachable, match="failed 5 minutes ago") as raised:
        outside.reach.check(RESTRICTED)

    assert outside.reach.explain(RESTRICTED, raised.value) is raised.value
    outside.time += timedelta(minutes=10)
    assert not outside.is_left_alone(RESTRICTED), "what wasn't tried is no failure"


@pytest.mark.parametrize("reached", [Reach.connected, Reach.listed])
def test_an_endpoint_that_was_reached_is_never_left_alone(
    outside: World, reached: Callable[[Reach, DescribedCluster], None]
) -> None:
    """There is a way to it, so a failure is an outage, and an error."""
    reached(outside.reach, RESTRICTED)

    assert outside.reach.explain(RESTRICTED, NO_CONNECTION) is NO_CONNECTION
    outside.time += APART
    assert outside.reach.explain(RESTRICTED, NO_CONNECTION) is NO_CONNECTION
    assert not outside.is_left_alone(RESTRICTED)


def test_a_connection_ends_what_was_remembered(outside: World) -> None:
    """The failures before it don't count any more."""
    outside.fails(RESTRICTED)
    outside.fails(RESTRICTED, after=APART)
    outside.time += LEFT_FOR
    outside.reach.connected(RESTRICTED)

    assert not outside.is_left_alone(RESTRICTED)


def test_only_a_list_shows_that_a_cluster_lets_us_in(outside: World) -> None:
    """Later connections, and refusals on them, don't change that."""
    refused = NotOnboarded("forbidden", "403")
    outside.reach.connected(OPEN)
    assert outside.reach.explain(OPEN, refused) is refused
    assert not outside.reach.has_listed(OPEN)

    outside.reach.listed(OPEN)
    outside.reach.connected(OPEN)
    assert outside.reach.has_listed(OPEN)
    other = replace(OPEN, endpoint="https://b.eks.amazonaws.com")
    assert not outside.reach.has_listed(other), "a new cluster of the same name"


def test_the_number_of_remembered_endpoints_is_bounded(outside: World) -> None:
    """The oldest of two thousand is forgotten."""
    for number in range(2_001):
        each = replace(RESTRICTED, endpoint=f"https://{number}.eks.amazonaws.com")
        outside.reach.listed(each)
        outside.reach.explain(replace(each, endpoint=f"{each.endpoint}:1"), NO_CONNECTION)

    assert not outside.reach.has_listed(replace(OPEN, endpoint="https://0.eks.amazonaws.com"))
    assert outside.reach.has_listed(replace(OPEN, endpoint="https://1.eks.amazonaws.com"))
    assert len(outside.reach._failed) == 2_000
