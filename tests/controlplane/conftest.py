"""The control plane as a cluster of a fake account, for one module's tests."""

from collections.abc import Iterator

import pytest

from sandbox.aws import FakeAws
from tests.controlplane.nodes import CSRS, NODE_ROLE, enrol
from tests.faults.conftest import account, lambdas
from tests.real.controlplane import ControlPlane, Kubelets

__all__ = ["account", "lambdas"]  # for the tests of faults


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with FakeAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def plane(eks_plane: ControlPlane, aws: FakeAws) -> ControlPlane:
    """Return the control plane as an EKS cluster of the fake account, with our access set up.

    CSRs of other modules' tests are removed, because some of them can't be read.
    """
    enrol(eks_plane, aws)
    status, _ = eks_plane.admin.request("DELETE", CSRS)
    assert status == 200
    return eks_plane


@pytest.fixture(scope="module")
def profile(aws: FakeAws) -> str:
    return aws.add_profile(NODE_ROLE)


@pytest.fixture(scope="module")
def kubelets(plane: ControlPlane) -> Iterator[Kubelets]:
    """Yield the real kubelet's certificate managers; each test starts those of its own nodes."""
    with plane.kubelets() as kubelets:
        yield kubelets
