"""Descriptions of clusters, kept in the warm environment."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.cluster_cache import ClusterCache
from adapters.eks import ClusterNotFound, DescribedCluster, EksGaveNoAnswer
from core.errors import ClusterUnavailable
from core.model import Cluster

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class CountedDescribe:
    """Describes clusters and counts the calls, with a clock that a test sets."""

    def __init__(self, status: str = "ACTIVE") -> None:
        self.names: list[tuple[str, str]] = []
        self.time = NOW
        self.takes = timedelta()
        self.status = status
        self.error: Exception | None = None

    def __call__(self, name: str, region: str) -> DescribedCluster:
        self.names.append((name, region))
        self.time += self.takes
        if self.error is not None:
            raise self.error
        cluster = Cluster(name, region, "")
        return DescribedCluster(cluster, self.status, "https://x", "PEM", name, "API", False)

    def now(self) -> datetime:
        return self.time


def test_a_description_is_kept_for_15_minutes() -> None:
    """EKS is asked once, and again after 15 minutes."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)

    cache.get("prod", "eu-west-1")
    describe_calls.time = NOW + timedelta(minutes=14, seconds=59)
    cache.get("prod", "eu-west-1")
    assert len(describe_calls.names) == 1
    describe_calls.time = NOW + timedelta(minutes=15)
    cache.get("prod", "eu-west-1")
    assert len(describe_calls.names) == 2


def test_a_description_ages_from_when_eks_was_asked() -> None:
    """Lambda may stop a function in the middle of a call, and continue it after any time."""
    describe_calls = CountedDescribe()
    describe_calls.takes = timedelta(minutes=15)
    cache = ClusterCache(describe_calls, describe_calls.now)

    cache.get("prod", "eu-west-1")
    cache.get("prod", "eu-west-1")

    assert len(describe_calls.names) == 2


def test_clusters_of_one_name_in_two_regions_are_two() -> None:
    """Name and Region together are the cluster."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)

    assert cache.get("prod", "eu-west-1").cluster.region == "eu-west-1"
    assert cache.get("prod", "us-east-1").cluster.region == "us-east-1"


def test_a_forgotten_description_is_requested_again() -> None:
    """After a 401 or a TLS error the cluster of that name may be another one."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)

    cache.get("prod", "eu-west-1")
    cache.forget("prod", "eu-west-1")
    cache.forget("never", "seen")
    cache.get("prod", "eu-west-1")

    assert len(describe_calls.names) == 2


def test_it_says_whether_it_would_ask_eks() -> None:
    """A kept description may be of a cluster that was deleted since."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    assert not cache.kept("prod", "eu-west-1")

    cache.get("prod", "eu-west-1")
    assert cache.kept("prod", "eu-west-1")
    assert not cache.kept("prod", "us-east-1")

    describe_calls.time = NOW + timedelta(minutes=15)
    assert not cache.kept("prod", "eu-west-1")


def test_a_cluster_being_created_is_not_kept() -> None:
    """A cluster is served in the first run after its creation."""
    describe_calls = CountedDescribe("CREATING")
    cache = ClusterCache(describe_calls, describe_calls.now)

    cache.get("prod", "eu-west-1")
    cache.get("prod", "eu-west-1")

    assert len(describe_calls.names) == 2


REFUSED = ClusterUnavailable("describe", "EKS DescribeCluster: AccessDeniedException")
NOT_FOUND = ClusterNotFound("describe", "EKS DescribeCluster: ResourceNotFoundException")
NO_ANSWER = EksGaveNoAnswer("describe", "EKS DescribeCluster: ThrottlingException")


@pytest.mark.parametrize("error", [REFUSED, NOT_FOUND], ids=["refused", "gone"])
def test_an_answer_of_eks_ends_a_kept_description(error: ClusterUnavailable) -> None:
    """The kept description isn't used again, not even while EKS gives no answer afterwards."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    cache.get("prod", "eu-west-1")
    describe_calls.time = NOW + timedelta(minutes=16)
    describe_calls.error = error
    with pytest.raises(type(error)):
        cache.get("prod", "eu-west-1")

    describe_calls.error = NO_ANSWER
    with pytest.raises(EksGaveNoAnswer):
        cache.get("prod", "eu-west-1")


@pytest.mark.parametrize(("minutes", "is_kept"), [(16, True), (59, True), (60, False), (-1, False)])
def test_while_eks_gives_no_answer_a_description_is_kept_for_an_hour(
    minutes: int, *, is_kept: bool
) -> None:
    """EKS is asked each time, so that its next answer counts at once."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    first = cache.get("prod", "eu-west-1")
    describe_calls.time = NOW + timedelta(minutes=minutes)
    describe_calls.error = NO_ANSWER

    if is_kept:
        assert cache.get("prod", "eu-west-1") is first
    else:
        with pytest.raises(EksGaveNoAnswer):
            cache.get("prod", "eu-west-1")

    describe_calls.error = None
    assert cache.get("prod", "eu-west-1") is not first
    assert len(describe_calls.names) == 3


def test_a_forgotten_description_is_not_used_while_eks_gives_no_answer() -> None:
    """The cluster of that name may be another one."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    cache.get("prod", "eu-west-1")
    cache.forget("prod", "eu-west-1")
    describe_calls.error = NO_ANSWER

    with pytest.raises(EksGaveNoAnswer):
        cache.get("prod", "eu-west-1")


def test_a_cluster_that_stops_being_reviewable_is_not_kept() -> None:
    """The last description says that the cluster is being deleted, and no earlier one counts."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    cache.get("prod", "eu-west-1")
    describe_calls.time, describe_calls.status = NOW + timedelta(minutes=16), "DELETING"
    cache.get("prod", "eu-west-1")

    describe_calls.error = NO_ANSWER
    with pytest.raises(EksGaveNoAnswer):
        cache.get("prod", "eu-west-1")


def test_the_number_of_kept_descriptions_is_bounded() -> None:
    """The oldest of two thousand is removed."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now)
    for number in range(2001):
        cache.get(f"c{number}", "eu-west-1")
    cache.get("c1", "eu-west-1")
    assert len(describe_calls.names) == 2001

    cache.get("c0", "eu-west-1")
    assert len(describe_calls.names) == 2002


def test_spread_descriptions_are_not_renewed_all_at_once() -> None:
    """After a cold start, each minute renews about a fifteenth of the clusters."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now, spread=True)
    in_minute = []
    for minute in range(61):
        describe_calls.time = NOW + timedelta(minutes=minute)
        asked = len(describe_calls.names)
        for number in range(600):
            cache.get(f"c{number}", "eu-west-1")
        in_minute.append(len(describe_calls.names) - asked)

    assert in_minute[0] == 600
    assert max(in_minute[1:]) < 60
    assert sum(in_minute[31:46]) == sum(in_minute[46:61]) == 600


def test_a_spread_description_is_kept_for_15_minutes_at_most() -> None:
    """The first one may be kept for less, and later ones are kept for all of them."""
    describe_calls = CountedDescribe()
    cache = ClusterCache(describe_calls, describe_calls.now, spread=True)
    for minute in (0, 15, 29, 30):
        describe_calls.time = NOW + timedelta(minutes=minute)
        cache.get("prod", "eu-west-1")

    assert len(describe_calls.names) == 3
