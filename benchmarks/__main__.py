"""`make bench`: measure a review's steps one by one, and whole reviews on a control plane.

Each review's approvals per second are printed beside those of a bare loop of the same PUTs in the
same run, on as many connections. The difference is the approver's own cost.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

from adapters.csr_objects import read_csr
from benchmarks.ec2_answer import SHAPES
from benchmarks.ec2_reading import Ec2Reading
from benchmarks.listed_items import items
from benchmarks.nodes import a_node, cases_of
from benchmarks.reviews import Bench
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import Decision
from core.pkcs10 import read

_BATCHES = 5


def main() -> None:
    """Measure and print."""
    options = _options()
    for kind, item in items().items():
        listed = [item] * options.csrs
        _print_microseconds(f"{kind}, listed", options.csrs, partial(_read_all, listed))
    _print_reader_and_judge(options.csrs)
    for shape in SHAPES:
        reading = Ec2Reading([a_node(number) for number in range(options.csrs)], shape)
        _print_microseconds(f"EC2's answer, {shape}", options.csrs, reading.read)
    if not options.rounds:
        return
    with tempfile.TemporaryDirectory() as folder, Bench(Path(folder)) as bench:
        for round_number in range(options.rounds):
            _print_review(bench, round_number, options.csrs, options.connections)


def _read_all(listed: Sequence[memoryview]) -> Sequence[object]:
    return [read_csr(item) for item in listed]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("--csrs", type=int, default=1_000, help="pending CSRs, one per node")
    parser.add_argument("--connections", type=int, default=8, help="PUTs under way at once")
    parser.add_argument(
        "--rounds", type=int, default=2, help="reviews measured (0: no control plane)"
    )
    return parser.parse_args()


def _print_reader_and_judge(count: int) -> None:
    nodes = [a_node(number) for number in range(count)]
    cases = cases_of(nodes)
    assert all(decide(case, KUBELET_SERVING_CHECKS).decision is Decision.APPROVE for case in cases)  # noqa: S101  a refused case costs less
    _print_microseconds("reader", count, lambda: [read(node.pem) for node in nodes])
    _print_microseconds(
        "judge", count, lambda: [decide(case, KUBELET_SERVING_CHECKS) for case in cases]
    )


def _print_microseconds(what: str, count: int, work: Callable[[], Sequence[object]]) -> None:
    took = [_seconds(work) for _ in range(_BATCHES)]
    each = [seconds / count * 1e6 for seconds in took]
    print(
        f"{what}: {median(each):.0f} microseconds of CPU per CSR "
        f"(median of {_BATCHES} batches of {count}; {min(each):.0f} to {max(each):.0f})"
    )


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()  # the CPU time of this process alone: other programs don't count
    work()
    return process_time() - start


def _print_review(bench: Bench, round_number: int, count: int, connections: int) -> None:
    bare = bench.bare_loop(f"bare{round_number}", count, connections)
    review = bench.review(f"review{round_number}", count, connections)
    print(
        f"round {round_number + 1}, {count} CSRs, {connections} connections: "
        f"review {review.approvals / review.seconds:.0f} approvals/s "
        f"({review.seconds:.2f} s in total, {review.pages} list pages), "
        f"bare loop of the same PUTs {count / bare:.0f}/s ({bare:.2f} s)"
    )


if __name__ == "__main__":
    main()
