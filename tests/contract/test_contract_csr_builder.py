"""CsrBuilder's requests, valid and hostile, on both clusters: which are accepted and issued.

The fake API server may refuse more than the real one, since tests can seed such requests. Whatever
it accepts and issues, the real one must accept and issue too.
"""

import base64
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from sandbox.csr_builder import ATTACKS, VALID, Names
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

REQUESTS: Final = {forged.id: forged.build(GOOD, EVIL) for forged in (*ATTACKS, *VALID)}

TAKEN_THOUGH_REFUSED: Final = {
    "san/uri-malformed",
    "signature/unused-bits",
    "subject/universal-cn",
}
"""Requests that the fake API server accepts although Kubernetes refuses them."""


@pytest.fixture
def worlds(
    fake_cluster: FakeCluster, eks_plane: ControlPlane, tmp_path: Path
) -> tuple[World, World]:
    fake, real = tmp_path / "fake", tmp_path / "real"
    fake.mkdir()
    real.mkdir()
    return World(fake_cluster, fake), World(eks_plane, real)


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


def test_the_fake_api_server_accepts_and_issues_only_what_kubernetes_does(
    worlds: tuple[World, World],
) -> None:
    """Kubernetes accepts the same but for three known differences, and issues the same names."""
    fake, real = map(taken, worlds)

    assert fake.keys() - real.keys() == TAKEN_THOUGH_REFUSED
    common = fake.keys() & real.keys()
    assert {request_id: fake[request_id] for request_id in common} == {
        request_id: real[request_id] for request_id in common
    }
    assert len(common) > 100
