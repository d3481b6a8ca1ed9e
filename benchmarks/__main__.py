"""`make bench`: how fast the approver is, and what a CSR costs it.

The reviews are those of the function under Lambda's runtime client, with a real API server, a real
ledger, and AWS over HTTP. Nothing is asserted but that every CSR was approved.

Compare figures of the same interpreter only. Debian's python3.11 took 15 to 25 % less processor
time for an approval than a Python 3.13 built by pyenv with its defaults.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.cluster import BenchCluster
from benchmarks.idle import idle
from benchmarks.kubelets import until_all_serve
from benchmarks.quota import limited_review
from benchmarks.rounds import Approvals, rounds
from benchmarks.start import Start, start
from benchmarks.steps import steps

_Lines = Iterator[str]


def main() -> None:
    """Measure what was asked for, and print each line as soon as it is known."""
    options = _options()
    wanted = options.only or [*_ALONE, *_IN_CLUSTER]
    python = f"Python {platform.python_version()} ({platform.python_compiler()})"
    print(f"{python}, {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}")
    for name in wanted:
        if name in _ALONE:
            _print(_ALONE[name](options))
    if not _IN_CLUSTER.keys() & set(wanted):
        return
    with tempfile.TemporaryDirectory() as folder, BenchCluster(Path(folder), _quiet) as cluster:
        cluster.issue(issues=False)
        for name in wanted:
            if name in _IN_CLUSTER:
                _print(_IN_CLUSTER[name](cluster, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=_DESCRIPTION)
    parser.add_argument("--csrs", type=int, default=1_000, help="CSRs, one per node (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of approvals (5)")
    parser.add_argument("--kubelets", type=int, default=1_000, help="real kubelets (1000)")
    parser.add_argument("--memory", type=int, default=512, help="MB; sets the vCPU share (512)")
    parser.add_argument(
        "--only", nargs="+", choices=[*_ALONE, *_IN_CLUSTER], help="measure these only"
    )
    return parser.parse_args()


def _print(lines: _Lines) -> None:
    print(flush=True)
    for line in lines:
        print(line, flush=True)


def _quiet(_: str) -> None:
    """Print no progress of the control plane's build: `make bench` has built it before."""


def _steps(options: argparse.Namespace) -> _Lines:
    yield f"{'Steps, microseconds of CPU per CSR':50}{'median':>8}{'min':>8}{'max':>8}"
    for step in steps(options.csrs):
        yield f"  {step.name:48}{step.median:8.0f}{step.least:8.0f}{step.most:8.0f}"


def _start(_: argparse.Namespace) -> _Lines:
    found = start()
    yield "Cold start of the built package, from process start to first answer"
    if isinstance(found, Start):
        yield f"  {found.seconds:.2f} s at best; the package is {found.megabytes:.1f} MB zipped"
    else:
        yield f"  not measured: {found}"


def _approvals(cluster: BenchCluster, options: argparse.Namespace) -> _Lines:
    yield f"{options.csrs} pending CSRs, approved in one review; ceiling: the same PUTs from Go"
    yield f"  {'':16}{'per s':>8}{'of ceiling':>12}{'CPU ms/CSR':>12}{'seconds':>10}{'peak MB':>10}"
    found: list[Approvals] = []
    for one in rounds(cluster, options.csrs, options.rounds):
        found.append(one)
        yield _approvals_line(f"{one.who}", one)
    for who in dict.fromkeys(one.who for one in found):
        of_one = [one for one in found if one.who == who]
        yield _approvals_line(f"median {who}", _median(of_one))


def _approvals_line(name: str, one: Approvals) -> str:
    peak = str(one.peak_megabytes or "")
    return (
        f"  {name:16}{one.per_second:8.0f}{one.share:12.0%}{one.cpu_ms:12.2f}"
        f"{one.seconds:10.2f}{peak:>10}"
    )


def _median(found: list[Approvals]) -> Approvals:
    return Approvals(
        found[0].who,
        median(one.per_second for one in found),
        median(one.share for one in found),
        median(one.cpu_ms for one in found),
        median(one.seconds for one in found),
        max(one.peak_megabytes for one in found),
    )


def _idle(cluster: BenchCluster, options: argparse.Namespace) -> _Lines:
    yield "A review with nothing to decide, milliseconds of CPU"
    yield "  warm: the environment has read the same CSRs before"
    for one in idle(cluster, options.csrs):
        yield f"  {one.decided:6} decided CSRs, {one.memory}{one.cpu_ms:10.0f}"


def _quota(cluster: BenchCluster, options: argparse.Namespace) -> _Lines:
    yield f"{options.csrs} pending CSRs of the EKS shape, with the CPU of {options.memory} MB"
    try:
        one = limited_review(cluster, options.csrs, options.memory)
    except OSError as error:
        yield f"  not measured: a process's CPU can't be limited here ({error})"
        return
    yield f"  {one.seconds:.1f} s, {one.cpu_seconds:.1f} s of CPU ({one.vcpus:.3f} vCPU)"
    yield f"  before it, an environment's first review, of no CSRs: {one.cold:.1f} s"


def _kubelets(cluster: BenchCluster, options: argparse.Namespace) -> _Lines:
    yield f"{options.kubelets} real kubelets, which file, wait and serve; without a quota"
    one = until_all_serve(cluster, options.kubelets)
    yield f"  the review took {one.reviewed:.1f} s; the last kubelet served after {one.last:.1f} s"


_DESCRIPTION: Final = (
    "Measure speed and cost per CSR. CPU times are of the approver's own process. The order of "
    "--only doesn't matter."
)
_ALONE: Final[dict[str, Callable[[argparse.Namespace], _Lines]]] = {
    "steps": _steps,
    "start": _start,
}
_IN_CLUSTER: Final[dict[str, Callable[[BenchCluster, argparse.Namespace], _Lines]]] = {
    "approvals": _approvals,
    "idle": _idle,
    "quota": _quota,
    "kubelets": _kubelets,
}

if __name__ == "__main__":
    main()
