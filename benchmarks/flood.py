"""Measure how many waiting nodes the function approves, run after run.

    python -m benchmarks.flood --pending 10000 --ec2-seconds 0.5

The function has the vCPU share of its memory size, and begins cold.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.cluster import BenchCluster
from benchmarks.cpu_quota import limited
from benchmarks.ec2_answer import SHAPES
from benchmarks.function import ReviewFunction


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, BenchCluster(Path(folder), print) as cluster:
        cluster.issue(issues=False)
        cluster.file(options.pending)
        with ReviewFunction(
            cluster,
            range(options.pending),
            shape=options.shape,
            ec2_seconds=options.ec2_seconds,
            memory=options.memory,
        ) as function:
            _runs(function, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    parser.add_argument("--pending", type=int, default=10_000, help="CSRs, one per node")
    parser.add_argument("--ec2-seconds", type=float, default=0.5, help="duration of an EC2 call")
    parser.add_argument("--shape", choices=SHAPES, default="eks", help="shape of EC2's answers")
    parser.add_argument("--memory", type=int, default=512, help="megabytes; sets the vCPU share")
    parser.add_argument("--runs", type=int, default=8, help="maximum number of runs")
    return parser.parse_args()


def _runs(function: ReviewFunction, options: argparse.Namespace) -> None:
    with limited(function.pid, options.memory) as share:
        print(f"{options.pending} pending, {options.shape}, {options.ec2_seconds} s per call,")
        print(f"{options.memory} MB, {share:.3f} vCPU")
        for number in range(1, options.runs + 1):
            review = function.review()
            print(
                f"run {number}: {review.seconds:.1f} s, CPU {review.cpu_seconds:.1f} s, "
                f"{review.actions}, not read {review.totals['not_read']}, "
                f"peak {function.peak_megabytes} MB"
            )
            if not review.totals["actions"]["deferred"]:
                break


if __name__ == "__main__":
    main()
