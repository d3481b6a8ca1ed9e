"""CsrBuilder's requests, honest and forged, on both clusters: which are accepted and issued.

The fake API server may refuse more than the real one, since tests can seed such requests. Whatever
it accepts and issues, the real one must accept and issue too.
"""

import base64
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from sandbox.csr_builder import ATTACKS, HONEST, Names
from sandbox.kubernetes import FakeCluster
from tests.contract.objects import (
    CSRS,
    KUBELET_SERVING,
    a_condition,
    a_csr,
    decided,
    issued,
    put,
    unique,
)
from tests.contract.world import World
from tests.real.controlplane import ControlPlane

pytestmark = pytest.mark.controlplane

GOOD: Final = Names("ip-10-0-1-10.ec2.internal", ("ip-10-0-1-10.ec2.internal",), ("10.0.1.10",))
EVIL: Final = Names("ip-10-0-1-20.ec2.internal", ("ip-10-0-1-20.ec2.internal",), ("10.0.1.20",))

REQUESTS: Final = {forged.id: forged.build(GOOD, EVIL) for forged in (*ATTACKS, *HONEST)}

TAKEN_THOUGH_REFUSED: Final = {
    "san/uri-malformed",
    "signature/unused-bits",
    "subject/universal-cn",
}
"""Requests that the fake API server accepts although Kubernetes refuses them."""


@pytest.fixture
def both(
    practice_cluster: FakeCluster, eks_plane: ControlPlane, tmp_path: Path
) -> tuple[World, World]:
    practice, real = tmp_path / "practice", tmp_path / "real"
    practice.mkdir()
    real.mkdir()
    return World(practice_cluster, practice), World(eks_plane, real)


def taken(world: World) -> dict[str, str]:
    """Return the outcome of each accepted request: the names as issued, or the failure."""
    node, approver = world.node(GOOD.node), world.approver(KUBELET_SERVING)
    names = {}
    for forged, pem in REQUESTS.items():
        status, item = node.api.request("POST", CSRS, a_csr(unique("forged"), pem))
        if status == 201:
            status, item = put(approver, decided(item, a_condition()))
            assert status == 200, item
            names[forged] = item["metadata"]["name"]
    return {forged: fate(world, name) for forged, name in names.items()}


def fate(world: World, name: str) -> str:
    status = issued(world.admin, name)["status"]
    if "certificate" not in status:
        message: str = status["conditions"][1]["message"]
        return message
    certificate = x509.load_pem_x509_certificate(base64.b64decode(status["certificate"]))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return str(list(names.value))


def test_the_practice_api_takes_and_issues_nothing_of_its_own(both: tuple[World, World]) -> None:
    """Kubernetes accepts the same but for three known differences, and issues the same names."""
    practice, real = map(taken, both)

    assert practice.keys() - real.keys() == TAKEN_THOUGH_REFUSED
    common = practice.keys() & real.keys()
    assert {one: practice[one] for one in common} == {one: real[one] for one in common}
    assert len(common) > 100
