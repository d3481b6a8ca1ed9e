"""How long a cold function takes to its first answer, under AWS's own runtime client.

The answer is that to a message about a Region that isn't served: everything is imported and
settings are read, and no network is needed. It is this machine's time, with its processors to
itself; Lambda's differs, the ratios are what carries over.
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

# Lambda's folder can't be written to: what wasn't compiled before is compiled at each start.
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
    """Why packages for this target can't be run here; empty, if they can."""
    if sys.platform != "linux" or _HERE.get(machine().lower()) != target.architecture:
        return f"this is no Linux on {target.architecture}"
    if not target.has_this_python:
        return f"this is no Python {target.python_version}"
    try:
        distribution("awslambdaric")
    except PackageNotFoundError:
        return "awslambdaric is not installed"
    return ""


def first_answers(packages: Mapping[str, Path], event: Any) -> dict[str, float]:
    """Seconds from a process's start to its first answer, of each package: the fastest of a few.

    What else the machine does can only slow them, and does so to all alike: they take turns.

    Raises:
        RuntimeError: a package doesn't answer as it should.
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
            raise RuntimeError(f"{package}: {outcome}\n{function.output()}")
    return seconds
