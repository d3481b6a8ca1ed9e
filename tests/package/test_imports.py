"""All modules that the functions import are in the package and compiled.

Each function runs once with the package, and once with all libraries complete, through the same
events: each of `events/`, then one while the cluster can't be reached, then one while AWS can't.
"""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from package.contents import UNUSED_DISTRIBUTIONS
from package.runtime_api import LambdaFunction
from sandbox.aws import FakeAws
from sandbox.kubernetes import FakeCluster
from tests.package.conftest import libraries, onboarded
from tests.package.functions import (
    DISPATCH,
    EVENTS,
    FUNCTIONS,
    REVIEW,
    environment,
    event,
    file_csr,
)
from tests.template.sam import ROOT

#: Python prints each import and each file of code, and writes no byte code.
VERBOSE: Final = {"PYTHONVERBOSE": "1", "PYTHONDONTWRITEBYTECODE": "1"}

#: The event during which something can't be reached.
EVENT: Final = {DISPATCH: "schedule", REVIEW: "review"}

#: A review of an unreachable cluster retries until 5 s before its time-out.
SOON: Final = 7

#: With less than 15 s the dispatcher asks AWS nothing.
LATE: Final = 60


@dataclass(frozen=True)
class Run:
    """What a function printed, with the package and with all libraries complete."""

    handler: str
    package: Path
    loaded: str
    whole: str


def untrimmed(folder: Path) -> Path:
    """Return the folder, with the same code and all libraries of the lock, uncompiled."""
    for path in (*libraries().iterdir(), *(ROOT / "src").iterdir()):
        (folder / path.name).symlink_to(path)
    return folder


def handle_all(
    handler: str, aws: FakeAws, cluster: FakeCluster, both: Iterable[LambdaFunction]
) -> None:
    """Let both functions handle every event, in every situation."""
    pending = cluster.get(file_csr(cluster, aws, address="10.0.1.10"))
    for function in both:
        for name in EVENTS[handler]:
            assert not function.invoke(event(name)).at_init
        # This function decided the CSR, and EC2 is asked only while one is pending.
        cluster.remove(pending["metadata"]["name"])
        cluster.seed_object(pending)
    cluster.close()
    handle_together(both, EVENT[handler], SOON)
    aws.stop_serving()
    handle_together(both, EVENT[handler], LATE)


def handle_together(both: Iterable[LambdaFunction], name: str, timeout_seconds: int) -> None:
    """Both functions retry and wait in vain, so let them do it at the same time."""
    with ThreadPoolExecutor() as pool:
        waiting = [
            pool.submit(one.invoke, event(name), timeout_seconds=timeout_seconds) for one in both
        ]
        for one in waiting:
            one.result()


@pytest.fixture(scope="module", params=FUNCTIONS)
def run(
    request: pytest.FixtureRequest, build: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Run each function through all events, once with each set of libraries."""
    handler = request.param
    package = build / FUNCTIONS[handler]
    whole = untrimmed(tmp_path_factory.mktemp("untrimmed"))
    with ExitStack() as stack:
        aws = stack.enter_context(FakeAws())
        cluster = stack.enter_context(onboarded(aws))
        # In this mode a decision is written, too.
        given = environment(handler, aws, Mode="approve-only") | VERBOSE
        both = [
            stack.enter_context(LambdaFunction(folder, handler, given))
            for folder in (package, whole)
        ]
        handle_all(handler, aws, cluster, both)
        outputs = [function.output() for function in both]
    return Run(handler, package, *outputs)


def imported(output: str) -> set[str]:
    return set(re.findall(r"^import '([^']+)'", output, re.MULTILINE))


def test_the_package_has_every_module_that_is_imported(run: Run) -> None:
    """The package has every module that the functions import with all libraries complete."""
    loaded = imported(run.loaded)

    assert imported(run.whole) == loaded
    assert {
        "botocore.client",
        "pydantic_core._pydantic_core",
        run.handler.rpartition(".")[0],
    } <= loaded
    assert set() == {name.partition(".")[0] for name in loaded} & {*UNUSED_DISTRIBUTIONS, "attr"}


def test_every_situation_came_about(run: Run) -> None:
    """Both outputs have the errors of an unreachable AWS and, of a review, of the cluster."""
    errors = {DISPATCH: ["EndpointConnectionError"]}
    errors[REVIEW] = ["NewConnectionError", "EndpointConnectionError", '"action":"approved"']

    for output in (run.loaded, run.whole):
        assert [] == [error for error in errors[run.handler] if error not in output]


def test_nothing_is_compiled_at_a_start(run: Run) -> None:
    """Python loads every module of the package from its byte code."""
    pattern = rf"^# code object from '?({run.package}/\S+?)'?$"
    sources = re.findall(pattern, run.loaded, re.MULTILINE)

    assert 200 < len(sources)
    assert {".pyc"} == {Path(path).suffix for path in sources}
