"""The two clusters that every contract test runs against: the fake one and the real one."""

from collections.abc import Iterator

import pytest

from sandbox.kubernetes import FakeCluster
from tests.contract.objects import KUBELET_SERVING, UNSIGNED, Json, make, unique
from tests.contract.world import Plane, World
from tests.real.controlplane import Client

CLUSTERS = [
    pytest.param("fake", id="fake"),
    pytest.param("real", id="real", marks=pytest.mark.controlplane),
]


@pytest.fixture(scope="session")
def fake_cluster() -> Iterator[FakeCluster]:
    with FakeCluster("contract").start() as cluster:
        yield cluster


@pytest.fixture(scope="session", params=CLUSTERS)
def plane(request: pytest.FixtureRequest) -> Plane:
    if request.param == "fake":
        fake: FakeCluster = request.getfixturevalue("fake_cluster")
        return fake
    real: Plane = request.getfixturevalue("eks_plane")
    return real


@pytest.fixture(scope="session")
def world(plane: Plane, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(plane, tmp_path_factory.mktemp("contract"))


@pytest.fixture(scope="session")
def approver(world: World) -> Client:
    """Return a client that may list, and approve for the kubelet signer and an unused one."""
    return world.approver(KUBELET_SERVING, UNSIGNED)


@pytest.fixture
def fresh(world: World) -> Json:
    """Return a new object, as read."""
    return make(world.admin, unique("fresh"))
