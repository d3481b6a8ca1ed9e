"""The real kubelet's certificate manager gets a certificate from this approver."""

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.settings import Policy
from sandbox.aws import Eni, FakeAws
from sandbox.kubelet import kubelet_request
from sandbox.node_addresses import cloud_addresses
from tests.controlplane.nodes import Node, join, names_in, review, stored
from tests.controlplane.pods import logs, run_pod
from tests.real.controlplane import ControlPlane, Kubelets


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(plane, aws, profile)


def test_kubectl_logs_is_an_internal_error_until_one_review(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    """The API server can't read a pod's log from a kubelet without a certificate."""
    run_pod(plane, node, "web")
    node.boot(kubelets)
    kubelets.filed(node.name)
    status, answer = logs(plane, "web")
    assert (500, True) == (status, "remote error: tls: internal error" in answer), answer

    review(plane)

    kubelets.certificate(node.name)
    assert (200, "app of default/web\n") == logs(plane, "web")


def test_a_kubelet_gets_its_certificate_from_one_review(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    """The certificate has the node's name and address."""
    node.boot(kubelets)
    kubelets.filed(node.name)

    review(plane)

    leaf = x509.load_pem_x509_certificate(kubelets.certificate(node.name).encode())
    assert ([node.name], [node.ip]) == names_in(leaf)


def test_many_kubelets_in_one_process_get_a_certificate_each(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets
) -> None:
    nodes = [join(plane, aws, profile) for _ in range(5)]
    for node in nodes:
        node.boot(kubelets)
    for node in nodes:
        kubelets.filed(node.name)

    review(plane)

    chains = [kubelets.certificate(node.name).encode() for node in nodes]
    subjects = [x509.load_pem_x509_certificate(chain).subject for chain in chains]
    assert [f"CN=system:node:{node.name},O=system:nodes" for node in nodes] == [
        subject.rfc4514_string() for subject in subjects
    ]


def test_a_kubelet_whose_token_is_refused_reports_the_api_servers_answer(
    node: Node, kubelets: Kubelets
) -> None:
    kubelets.start(node.name, "no-token", [("InternalIP", "10.7.0.1")])

    assert "401: Unauthorized" == kubelets.error(node.name)


def test_a_kubelet_waits_as_long_as_a_csr_is_fresh(kubelets: Kubelets) -> None:
    """A kubelet never uses the certificate of an older CSR, so the default age limit is exact."""
    assert Policy().max_csr_age_seconds == kubelets.wait_seconds


@pytest.mark.parametrize(
    "eni",
    [
        Eni("10.9.0.1"),
        Eni("10.9.0.2", public="198.51.100.7"),
        Eni("10.9.0.30", secondary=("10.9.0.4", "10.9.0.200")),
    ],
    ids=["one address", "a public address", "several addresses"],
)
def test_the_imitation_sends_what_a_kubelet_sends(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets, eni: Eni
) -> None:
    """`Node.send` files the same fields, `kubelet_request` makes the same bytes, key aside."""
    node = join(plane, aws, profile, enis=(eni,))
    node.boot(kubelets, cloud_addresses(node.machine, node.name))
    real = stored(plane, kubelets.filed(node.name))["spec"]
    dns, ips = names_in(_request(real))

    pem, _ = kubelet_request(node.name, dns=[*reversed(dns), *dns], ips=[*reversed(ips), *ips])
    imitated = stored(plane, node.send(pem))["spec"]

    assert _without_key(real) == _without_key(imitated)


def _without_key(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a CSR's spec, with the part of its request that is signed, but not the public key."""
    request = _request(spec)
    assert base64.b64decode(spec["request"]) == request.public_bytes(Encoding.PEM)
    key = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = request.tbs_certrequest_bytes
    assert 1 == signed.count(key)
    return spec | {
        "request": signed.replace(key, b""),
        "algorithm": request.signature_algorithm_oid,
    }


def _request(spec: dict[str, Any]) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(base64.b64decode(spec["request"]))
