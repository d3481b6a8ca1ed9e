"""Rounds of approvals by the function, beside the most that the API server takes."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.ceiling import Load, ceiling
from benchmarks.cluster import BenchCluster
from benchmarks.ec2_answer import SHAPES
from benchmarks.function import Reviewed, ReviewFunction


class Approvals(NamedTuple):
    """How fast one round's CSRs were approved. `who`: `ceiling`, or a shape of EC2's answers.

    `share`: of the same round's ceiling. `cpu_ms`: of the approver's own process, per CSR.
    """

    who: str
    per_second: float
    share: float
    cpu_ms: float
    seconds: float
    peak_megabytes: int


def rounds(cluster: BenchCluster, count: int, number: int) -> Iterator[Approvals]:
    """File `count` CSRs and approve them all, once in each way, in `number` rounds.

    The signer is off. Each function has reviewed the empty cluster, so it is warm.
    """
    with ExitStack() as stack:
        functions = {
            shape: stack.enter_context(ReviewFunction(cluster, range(count), shape=shape))
            for shape in SHAPES
        }
        for function in functions.values():
            function.review()
        for _ in range(number):
            cluster.file(count)
            best = ceiling(cluster)
            cluster.clear()
            yield _of_load(best, count)
            for shape, function in functions.items():
                yield _approved(cluster, function, shape, best, count)


def _approved(
    cluster: BenchCluster, function: ReviewFunction, shape: str, best: Load, count: int
) -> Approvals:
    cluster.file(count)
    review = function.review()
    cluster.clear()
    return _of_review(review, shape, best.seconds, function.peak_megabytes, count)


def _of_load(load: Load, count: int) -> Approvals:
    cpu_ms = load.cpu_seconds / count * 1_000
    return Approvals("ceiling", count / load.seconds, 1.0, cpu_ms, load.seconds, 0)


def _of_review(
    review: Reviewed, shape: str, ceiling_seconds: float, peak_megabytes: int, count: int
) -> Approvals:
    if review.approved != count:
        raise RuntimeError(f"expected {count} approved, got {review.actions}")
    return Approvals(
        shape,
        count / review.seconds,
        ceiling_seconds / review.seconds,
        review.cpu_seconds / count * 1_000,
        review.seconds,
        peak_megabytes,
    )
