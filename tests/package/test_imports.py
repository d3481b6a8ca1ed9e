"""All modules that the functions import are in the package and compiled.

Each function handles the same events twice: once in the package, from which unused files are
removed, and once with all files of all libraries. The events are those of `events/`, then one while
the cluster can't be reached, then one while AWS can't be reached.
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
from tests.template.templates import ROOT

#: Python prints each import and each file of code, and writes no byte code.
VERBOSE: Final = {"PYTHONVERBOSE": "1", "PYTHONDONTWRITEBYTECODE": "1"}

#: The event during which the cluster or AWS can't be reached.
OUTAGE_EVENT: Final = {DISPATCH: "schedule", REVIEW: "review"}

#: A review stops retrying 5 s before its time-out, so it retries for 2 s.
SHORT_TIMEOUT_SECONDS: Final = 7

#: With less than 15 s left the dispatcher makes no call to AWS.
FULL_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True)
class Outputs:
    """What a function printed, in the package and with all files of all libraries."""

    handler: str
    package: Path
    trimmed: str
    untrimmed: str


def untrimmed(folder: Path) -> Path:
    """Link the same code and all locked libraries, uncompiled, into this folder; return it."""
    for path in (*libraries().iterdir(), *(ROOT / "src").iterdir()):
        (folder / path.name).symlink_to(path)
    return folder


def handle_all(
    handler: str, aws: FakeAws, cluster: FakeCluster, builds: Iterable[LambdaFunction]
) -> None:
    """Send every event to the function, once from the trimmed package and once untrimmed."""
    pending = cluster.get(file_csr(cluster, aws, address="10.0.1.10"))
    for build in builds:
        for name in EVENTS[handler]:
            assert not build.invoke(event(name)).at_init
        # Make the CSR pending again for the other build: the reviewer calls EC2 only for pending
        # CSRs.
        cluster.remove(pending["metadata"]["name"])
        cluster.seed_object(pending)
    cluster.close()
    handle_together(builds, OUTAGE_EVENT[handler], SHORT_TIMEOUT_SECONDS)
    aws.stop_serving()
    handle_together(builds, OUTAGE_EVENT[handler], FULL_TIMEOUT_SECONDS)


def handle_together(builds: Iterable[LambdaFunction], name: str, timeout_seconds: int) -> None:
    """Send the event to both builds at the same time, because both wait until their retries end."""
    with ThreadPoolExecutor() as pool:
        invocations = [
            pool.submit(build.invoke, event(name), timeout_seconds=timeout_seconds)
            for build in builds
        ]
        for invocation in invocations:
            invocation.result()


@pytest.fixture(scope="module", params=FUNCTIONS)
def outputs(
    request: pytest.FixtureRequest, build: Path, tmp_path_factory: pytest.TempPathFactory
) -> Outputs:
    """Send all events to a function, once from each build."""
    handler = request.param
    package = build / FUNCTIONS[handler]
    all_files = untrimmed(tmp_path_factory.mktemp("untrimmed"))
    with ExitStack() as stack:
        aws = stack.enter_context(FakeAws())
        cluster = stack.enter_context(onboarded(aws))
        # In this mode the function also writes a decision, so what that imports is loaded, too.
        variables = environment(handler, aws, Mode="approve-only") | VERBOSE
        builds = [
            stack.enter_context(LambdaFunction(folder, handler, variables))
            for folder in (package, all_files)
        ]
        handle_all(handler, aws, cluster, builds)
        printed = [build.output() for build in builds]
    return Outputs(handler, package, *printed)


def imported(output: str) -> set[str]:
    return set(re.findall(r"^import '([^']+)'", output, re.MULTILINE))


def test_the_package_has_every_module_that_is_imported(outputs: Outputs) -> None:
    """With the package the function imports the same modules as with all files of all libraries."""
    modules = imported(outputs.trimmed)

    assert imported(outputs.untrimmed) == modules
    assert {
        "botocore.client",
        "pydantic_core._pydantic_core",
        outputs.handler.rpartition(".")[0],
    } <= modules


def test_no_unused_distribution_is_imported(outputs: Outputs) -> None:
    """The function imports none of the distributions that aren't packaged."""
    packages = {name.partition(".")[0] for name in imported(outputs.untrimmed)}
    # Not all of them are imported by the names that they have on PyPI.
    names = {
        *(name.replace("-", "_") for name in UNUSED_DISTRIBUTIONS),
        "attr",
        "websocket",
        "yaml",
    }

    assert set() == packages & names


def test_every_situation_came_about(outputs: Outputs) -> None:
    """Both outputs show an approval by the reviewer, and the errors of each outage."""
    expected = {
        DISPATCH: ["EndpointConnectionError"],
        REVIEW: ["NewConnectionError", "EndpointConnectionError", '"action":"approved"'],
    }

    for output in (outputs.trimmed, outputs.untrimmed):
        assert [] == [text for text in expected[outputs.handler] if text not in output]


def test_nothing_is_compiled_at_a_start(outputs: Outputs) -> None:
    """Python loads every module of the package from its byte code."""
    pattern = rf"^# code object from '?({outputs.package}/\S+?)'?$"
    sources = re.findall(pattern, outputs.trimmed, re.MULTILINE)

    assert 200 < len(sources)
    assert {".pyc"} == {Path(path).suffix for path in sources}
