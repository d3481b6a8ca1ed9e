"""All modules that the functions import are in the package and compiled, and no others of ours."""

import re
from pathlib import Path

import pytest

from package.contents import UNUSED_DISTRIBUTIONS
from package.runtime_api import LambdaFunction
from sandbox.aws import HOME, FakeAws
from sandbox.kubernetes import FakeCluster
from tests.package.conftest import CLUSTER, VPC, libraries
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

NOWHERE = "127.0.0.1:9"


@pytest.fixture
def untrimmed(tmp_path: Path) -> Path:
    """Return a folder with the same code and all libraries of the lock, complete and uncompiled."""
    for path in (*libraries().iterdir(), *(ROOT / "src").iterdir()):
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def reported(
    package: Path,
    handler: str,
    environment: dict[str, str],
    *events: str,
    timeout_seconds: int = 60,
) -> str:
    """Return what Python prints of its imports while the function handles these events."""
    verbose = {"PYTHONVERBOSE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with LambdaFunction(
        package, handler, environment | verbose, timeout_seconds=timeout_seconds
    ) as function:
        for name in events:
            assert not function.invoke(event(name)).at_init
        return function.output()


def imported(output: str) -> set[str]:
    return set(re.findall(r"^import '([^']+)'", output, re.MULTILINE))


@pytest.mark.parametrize(("handler", "events"), EVENTS.items())
def test_the_package_has_every_module_that_is_imported(
    handler: str,
    events: tuple[str, ...],
    build: Path,
    untrimmed: Path,
    aws: FakeAws,
    cluster: FakeCluster,
) -> None:
    """The package has every module that the functions import with all libraries complete."""
    given = environment(handler, aws, Mode="approve-only")  # so that a decision is written, too
    pending = cluster.get(file_csr(cluster, aws, address="10.0.1.10"))
    whole = imported(reported(untrimmed, handler, given, *events))
    # The first run decided the CSR, and EC2 is asked only while one is pending.
    cluster.remove(pending["metadata"]["name"])
    cluster.seed_object(pending)
    loaded = imported(reported(build / FUNCTIONS[handler], handler, given, *events))

    assert whole == loaded
    assert {"botocore.client", "pydantic_core._pydantic_core", handler.rpartition(".")[0]} <= loaded
    assert set() == {name.partition(".")[0] for name in loaded} & {*UNUSED_DISTRIBUTIONS, "attr"}


@pytest.mark.parametrize(("handler", "name"), [(DISPATCH, "schedule"), (REVIEW, "review")])
def test_the_package_has_every_module_imported_while_aws_is_unreachable(
    handler: str, name: str, build: Path, untrimmed: Path, aws: FakeAws
) -> None:
    """Errors while no AWS API answers import no module that the package lacks."""
    given = environment(handler, aws) | {"AWS_ENDPOINT_URL": f"http://{NOWHERE}"}
    whole = reported(untrimmed, handler, given, name)
    loaded = reported(build / FUNCTIONS[handler], handler, given, name)

    assert imported(whole) == imported(loaded)
    assert "EndpointConnectionError" in loaded


def test_the_package_has_every_module_imported_while_the_cluster_is_unreachable(
    build: Path, untrimmed: Path, aws: FakeAws
) -> None:
    """Errors of a cluster that doesn't answer within 5 seconds import no module it lacks."""
    with FakeCluster(CLUSTER, region=HOME).start() as cluster:
        ca_pem = cluster.ca_pem
    aws.add_cluster(CLUSTER, HOME, server=f"https://{NOWHERE}", ca_pem=ca_pem, vpc_id=VPC)
    given = environment(REVIEW, aws)
    whole = reported(untrimmed, REVIEW, given, "review", timeout_seconds=10)
    loaded = reported(build / FUNCTIONS[REVIEW], REVIEW, given, "review", timeout_seconds=10)

    assert imported(whole) == imported(loaded)
    assert "NewConnectionError" in loaded


@pytest.mark.parametrize(("handler", "events"), EVENTS.items())
def test_nothing_is_compiled_at_a_start(
    handler: str,
    events: tuple[str, ...],
    build: Path,
    aws: FakeAws,
    cluster: FakeCluster,
) -> None:
    """Python loads every module of the package from its byte code."""
    file_csr(cluster, aws, address="10.0.1.10")
    package = build / FUNCTIONS[handler]
    output = reported(package, handler, environment(handler, aws), *events)
    sources = re.findall(rf"^# code object from '?({package}/\S+?)'?$", output, re.MULTILINE)

    assert 200 < len(sources)
    assert {".pyc"} == {Path(path).suffix for path in sources}
