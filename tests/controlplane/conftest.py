"""The control plane as a cluster of a practice account, for one module's tests."""

from collections.abc import Iterator

import pytest

from sandbox.aws import PracticeAws
from sandbox.controlplane import ControlPlane
from tests.controlplane.nodes import NODE_ROLE, enrol
from tests.faults.conftest import account, lambdas

__all__ = ["account", "lambdas"]  # for the tests of faults


@pytest.fixture(scope="module")
def aws() -> Iterator[PracticeAws]:
    with PracticeAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def plane(eks_plane: ControlPlane, aws: PracticeAws) -> ControlPlane:
    """The control plane as an EKS cluster of the practice account, with our access set up."""
    enrol(eks_plane, aws)
    return eks_plane


@pytest.fixture(scope="module")
def profile(aws: PracticeAws) -> str:
    return aws.add_profile(NODE_ROLE)
