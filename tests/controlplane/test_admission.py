"""deploy/admission.yaml on a real kube-apiserver: what it refuses, and what it lets pass."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.controlplane import ControlPlane, eventually
from sandbox.kubelet import kubelet_request

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
POLICIES: Final = "/apis/admissionregistration.k8s.io/v1"
KINDS: Final = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}
MANIFESTS: Final = list(
    yaml.safe_load_all((Path(__file__).parents[2] / "deploy" / "admission.yaml").read_text())
)
NODE: Final = "ip-10-0-1-10.ec2.internal"


def file(
    plane: ControlPlane,
    *,
    signer: str = "kubernetes.io/kubelet-serving",
    padding: int = 0,
    **metadata: Any,
) -> tuple[int, str]:
    """File a request without keeping it; the status, and what the API server says."""
    pem, _ = kubelet_request(NODE, dns=[NODE])
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": metadata or {"generateName": "csr-"},
        "spec": {
            "request": base64.b64encode(pem + b"\n" * padding).decode(),
            "signerName": signer,
            "usages": ["digital signature", "server auth"],
        },
    }
    status, answer = plane.admin.request("POST", f"{CSRS}?dryRun=All", body)
    return status, str(answer.get("message", ""))


LONG: Final = "n" * 254


@pytest.fixture(scope="module")
def bounded(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The control plane with the policy, which is taken back for the other tests."""
    for manifest in MANIFESTS:
        path = f"{POLICIES}/{KINDS[manifest['kind']]}"
        assert control_plane.admin.request("POST", path, manifest)[0] == 201
    eventually(lambda: _is(file(control_plane, name=LONG), 422), "the policy to count")
    yield control_plane
    for manifest in reversed(MANIFESTS):
        path = f"{POLICIES}/{KINDS[manifest['kind']]}/{manifest['metadata']['name']}"
        assert control_plane.admin.request("DELETE", path)[0] == 200
    eventually(lambda: _is(file(control_plane, name=LONG), 201), "the policy to be gone")


def _is(got: tuple[int, str], status: int) -> bool | None:
    return True if got[0] == status else None


def test_a_kubelets_request_passes(bounded: ControlPlane) -> None:
    """It names itself `csr-`, and has neither labels nor annotations."""
    assert (201, "") == file(bounded)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"name": LONG}, "a name of at most 253 characters"),
        ({"generateName": LONG}, "a name of at most 253 characters"),
        ({"name": "a", "labels": {f"l{n}": "" for n in range(17)}}, "at most 16 labels"),
        ({"name": "a", "annotations": {f"l{n}": "" for n in range(17)}}, "at most 16 labels"),
        ({"name": "a", "annotations": {"note": "x" * 257}}, "annotations of 256 characters"),
    ],
)
def test_what_fills_lists_is_refused_with_the_bound(
    bounded: ControlPlane, metadata: dict[str, Any], words: str
) -> None:
    """Whoever files it is told what is allowed."""
    status, message = file(bounded, **metadata)

    assert status == 422
    assert words in message


def test_a_large_request_is_refused(bounded: ControlPlane) -> None:
    """What a request may hold for nothing is bounded too."""
    status, message = file(bounded, padding=16_384)

    assert status == 422
    assert "at most 16384 bytes" in message


def test_other_signers_requests_are_nobodys_business_here(bounded: ControlPlane) -> None:
    """The policy is of kubelets' serving requests alone."""
    assert (201, "") == file(bounded, signer="example.com/other", name=LONG)
