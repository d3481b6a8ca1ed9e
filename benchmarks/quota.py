"""How long the function takes with the vCPU share of its memory size."""

from typing import NamedTuple

from benchmarks.cluster import BenchCluster
from benchmarks.cpu_quota import limited
from benchmarks.function import ReviewFunction


class Limited(NamedTuple):
    """One review that approved all CSRs. `cold`: the seconds of a review before it, without CSRs.

    The first review of an environment connects to the API server and describes the cluster.
    """

    megabytes: int
    vcpus: float
    cold: float
    seconds: float
    cpu_seconds: float


def limited_review(cluster: BenchCluster, count: int, megabytes: int) -> Limited:
    """Approve `count` CSRs of nodes of the EKS shape in one review.

    Raises:
        OSError: this machine's cgroups can't limit a process, or this isn't root.
        RuntimeError: not all were approved.
    """
    with (
        ReviewFunction(cluster, range(count), shape="eks", memory=megabytes) as function,
        limited(function.pid, megabytes) as vcpus,
    ):
        first = function.review()
        cluster.file(count)
        review = function.review()
        cluster.clear()
    if review.approved != count:
        raise RuntimeError(f"expected {count} approved, got {review.actions}")
    return Limited(megabytes, vcpus, first.seconds, review.seconds, review.cpu_seconds)
