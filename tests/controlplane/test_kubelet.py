"""The real kubelet's certificate manager gets a certificate from this approver."""

import pytest
from aws_lambda_powertools import Logger
from cryptography import x509

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from tests.controlplane.nodes import Node, join, message, reviewer, wait_for_request
from tests.real.controlplane import ControlPlane, Kubelets


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(plane, aws, profile)


def review(plane: ControlPlane) -> None:
    reviewer(Logger(service="kubelet")).handle(message(plane), WallClock(50))


def test_a_kubelet_gets_its_certificate_from_one_review(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    """The certificate has the node's name and address."""
    node.boot(kubelets)
    wait_for_request(plane, node)

    review(plane)

    leaf = x509.load_pem_x509_certificate(kubelets.certificate(node.name).encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [node.name] == names.get_values_for_type(x509.DNSName)
    assert [node.machine.enis[0].ip] == [
        str(address) for address in names.get_values_for_type(x509.IPAddress)
    ]


def test_many_kubelets_in_one_process_get_a_certificate_each(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets
) -> None:
    nodes = [join(plane, aws, profile) for _ in range(5)]
    for node in nodes:
        node.boot(kubelets)
    for node in nodes:
        wait_for_request(plane, node)

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
