"""Measure the seconds from a cold start to the first answer, under AWS's own runtime client.

The event is a message about a Region that isn't served: the function imports everything and reads
its settings, and needs no network. The seconds are this machine's. Lambda's differ, but the ratios
between packages are similar.
"""

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from platform import machine
from time import perf_counter
from typing import Any, Final

from package.runtime_api import LambdaFunction, Outcome
from package.target import Architecture, Target

_STARTS: Final = 3
_HANDLER: Final = "handlers.review.handler"
_HERE: Final[Mapping[str, Architecture]] = {
    "aarch64": "arm64",
    "arm64": "arm64",
    "amd64": "x86_64",
    "x86_64": "x86_64",
}

# Lambda's folder is read-only, so a module without byte code is compiled at each start.
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "unused",
    "AWS_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "unused",
    "POWERTOOLS_METRICS_NAMESPACE": "CsrApprover",
    "PYTHONDONTWRITEBYTECODE": "1",
    "REGIONS": "us-east-1",
    "STACK_NAME": "csr-approver",
}


def obstacle(target: Target) -> str:
    """Return why packages for this target can't run here; empty if they can."""
    if sys.platform != "linux" or _HERE.get(machine().lower()) != target.architecture:
        return f"this machine isn't Linux on {target.architecture}"
    if not target.has_this_python:
        return f"this Python isn't {target.python_version}"
    try:
        distribution("awslambdaric")
    except PackageNotFoundError:
        return "awslambdaric is not installed"
    return ""


def first_answers(packages: Mapping[str, Path], event: Any) -> dict[str, float]:
    """Return each package's fastest time from process start to first answer, in seconds.

    Other load on the machine only slows starts down, so the fastest of a few counts. Packages take
    turns, so that other load affects them equally.

    Raises:
        RuntimeError: a package fails on the event.
    """
    took: dict[str, list[float]] = {name: [] for name in packages}
    for _ in range(_STARTS):
        for name, package in packages.items():
            took[name].append(_first_answer(package, event))
    return {name: min(seconds) for name, seconds in took.items()}


def _first_answer(package: Path, event: Any) -> float:
    begun = perf_counter()
    with LambdaFunction(package, _HANDLER, _ENVIRONMENT) as function:
        outcome = function.invoke(event)
        seconds = perf_counter() - begun
        if outcome != Outcome():
            raise RuntimeError(f"{package} failed: {outcome}\n{function.output()}")
    return seconds
