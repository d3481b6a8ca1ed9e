"""One node's CSRs on a real API server, which accepts names and labels of any length."""

import pytest

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from adapters.csr_pages import Limits
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import approver_rules
from tests.contract.objects import a_csr, create, unique
from tests.contract.world import World
from tests.real.controlplane import ControlPlane

PEM, _ = kubelet_request("n", dns=["n"])


@pytest.fixture(scope="module")
def world(eks_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(eks_plane, tmp_path_factory.mktemp("attack"))


@pytest.mark.parametrize("character", ["\x01", "<"])
def test_names_too_long_to_continue_from_hide_no_other_csr(world: World, character: str) -> None:
    """25 names of 140 KB make continue tokens too long for a URL; the list continues after them."""
    signer = f"attack.example/{unique('signer')}"
    for number in range(25):
        create(world.admin, a_csr(f"{character * 140_000}{number:03}", PEM, signer=signer))
    own = unique("csr-own")
    create(world.admin, a_csr(own, PEM, signer=signer))

    token = world.holder(*approver_rules(signer))._headers["Authorization"].removeprefix("Bearer ")
    plane = world.plane
    limits = Limits(page=2 * 1024 * 1024)
    with KubernetesCsrApi(
        plane.server, plane.ca_pem, lambda: token, WallClock(50.0), limits=limits
    ) as api:
        listing = api.list_csrs(signer)

    assert own in [csr.name for csr in listing.csrs]
    assert listing.truncated
