"""What a review costs when there is nothing to decide."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.cluster import BenchCluster
from benchmarks.function import ReviewFunction

# Linux counts a process's CPU time in steps of 10 ms, so a short review is measured many times.
_REVIEWS: Final = 20


class Idle(NamedTuple):
    """The CPU time of a review, in milliseconds. `memory`: whether it has read the CSRs before."""

    decided: int
    memory: str
    cpu_ms: float


def idle(cluster: BenchCluster, count: int) -> Iterator[Idle]:
    """Measure reviews of an empty cluster, and of one whose CSRs are all decided and issued."""
    cluster.issue(issues=True)
    with ReviewFunction(cluster, (), shape="lean") as function:
        function.review()
        yield Idle(0, "warm", _average(function))
        _decide(cluster, count)
        yield Idle(count, "cold", function.review().cpu_seconds * 1_000)
        yield Idle(count, "warm", _average(function))
    cluster.clear()
    cluster.issue(issues=False)


def _average(function: ReviewFunction) -> float:
    return sum(function.review().cpu_seconds for _ in range(_REVIEWS)) / _REVIEWS * 1_000


def _decide(cluster: BenchCluster, count: int) -> None:
    """Have another environment approve a CSR for each node."""
    cluster.file(count)
    with ReviewFunction(cluster, range(count), shape="lean") as other:
        other.review()
    cluster.wait_until_issued(count)
