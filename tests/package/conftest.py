"""The packages that are tested, built once, and the fake AWS account that the functions run in."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from package.target import ARCHITECTURES, Architecture, Target
from sandbox.aws import HOME, FakeAws
from sandbox.kubernetes import KUBELET_SERVING, FakeCluster, approver_rules
from tests.template.sam import run
from tests.template.templates import ROOT

CLUSTER: Final = "prod"
VPC: Final = "vpc-0a1b2c3d"

PYTHON_VERSION: Final = "{}.{}".format(*sys.version_info)
ARCHITECTURE: Final[Architecture] = "arm64" if platform.machine() == "aarch64" else "x86_64"

_PIP: Final = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}


def libraries(architecture: Architecture = ARCHITECTURE) -> Path:
    """Return the folder into which the Makefile installs all libraries."""
    return ROOT / ".aws-sam" / "libraries" / f"{architecture}-{PYTHON_VERSION}"


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a package for each function as `sam build` does, for this machine."""
    if sys.platform != "linux":
        reason = "the packages hold libraries for Linux, which this machine can't load"
        pytest.skip(reason)  # on other systems all other tests still run; CI is Linux
    return once("build", _sam_build, tmp_path_factory)


@pytest.fixture(scope="session", params=ARCHITECTURES)
def target(request: pytest.FixtureRequest) -> Target:
    """Return each processor that Lambda offers, with this Python."""
    return Target(request.param, PYTHON_VERSION)


@pytest.fixture(scope="session")
def package(build: Path, target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return SAM's package for this machine; build the other processor's as SAM has it built."""
    if target.architecture == ARCHITECTURE:
        return build / "ReviewerFunction"
    builder = partial(make, "build-ReviewerFunction", target.architecture)
    return once(target.architecture, builder, tmp_path_factory)


def once(name: str, builder: Callable[[Path], None], tmp: pytest.TempPathFactory) -> Path:
    """Return the folder that one of a run's processes builds, whichever needs it first.

    Two at a time would delete each other's libraries, which are in a folder of the checkout.
    """
    own = tmp.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / name
    with (shared / "package.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not folder.exists():
            unfinished = tmp.mktemp(name)
            builder(unfinished)
            unfinished.rename(folder)
    return folder


def _sam_build(folder: Path) -> None:
    home = folder.with_name(f"{folder.name}-home")
    home.mkdir()
    run(
        "sam",
        "build",
        "--build-dir",
        folder,
        home=home,
        AWS_DEFAULT_REGION=HOME,
        ARCHITECTURE=ARCHITECTURE,
        PYTHON_VERSION=PYTHON_VERSION,
        VENV=sys.prefix,
        **_PIP,
    )


def make(goal: str, architecture: Architecture, artifacts: Path) -> None:
    """Run the Makefile without the variables of a `make` that runs these tests."""
    ran = subprocess.run(  # noqa: S603 - our own Makefile
        [  # noqa: S607
            "make",
            goal,
            f"ARCHITECTURE={architecture}",
            f"PYTHON_VERSION={PYTHON_VERSION}",
            f"VENV={sys.prefix}",
            f"ARTIFACTS_DIR={artifacts}",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **_PIP},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as aws:
        yield aws


@contextmanager
def onboarded(aws: FakeAws) -> Iterator[FakeCluster]:
    """Run the cluster that the events name, onboarded."""
    with FakeCluster(CLUSTER, region=HOME).start() as cluster:
        cluster.add_identity(aws.identity)
        cluster.map_role(aws.role_arn, "csr-approver", ["csr-approver"])
        cluster.grant("csr-approver", approver_rules(KUBELET_SERVING))
        aws.add_cluster(CLUSTER, HOME, server=cluster.server, ca_pem=cluster.ca_pem, vpc_id=VPC)
        yield cluster


@pytest.fixture
def cluster(aws: FakeAws) -> Iterator[FakeCluster]:
    with onboarded(aws) as cluster:
        yield cluster
