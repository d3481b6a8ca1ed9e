"""The whole path on a real kube-apiserver, from a message to a certificate."""

import base64

import pytest
from aws_lambda_powertools import Logger
from cryptography import x509

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from tests.controlplane.nodes import (
    REGION,
    Node,
    conditions,
    join,
    message,
    reviewer,
    stored,
)
from tests.real.controlplane import ControlPlane, eventually


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(plane, aws, profile)


def review(plane: ControlPlane, **settings: str) -> None:
    """Review one message as after a cold start; everything is due at once."""
    reviewer(Logger(service="slice"), **settings).handle(message(plane), WallClock(50))


def certificate(plane: ControlPlane, name: str) -> x509.Certificate:
    """Return the certificate of an approved CSR, once the signer has made it."""

    def issued() -> x509.Certificate | None:
        pem = stored(plane, name)["status"].get("certificate")
        return x509.load_pem_x509_certificate(base64.b64decode(pem)) if pem else None

    return eventually(issued, f"the certificate of {name}")


def test_a_kubelets_whole_life(plane: ControlPlane, aws: FakeAws, node: Node) -> None:
    """A node joins, gets a certificate, rotates it, and gets none after it is gone."""
    first, first_key = node.file()
    review(plane)
    issued = certificate(plane, first)
    assert first_key.public_key() == issued.public_key()

    second, second_key = node.file()
    review(plane)
    assert second_key.public_key() == certificate(plane, second).public_key()

    aws.change_machine(REGION, node.machine.id, state="terminated")
    third, _ = node.file()
    review(plane)
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, second)
    assert {} == conditions(plane, third)


def test_another_nodes_name_is_denied_with_the_reason(plane: ControlPlane, node: Node) -> None:
    """The API server accepts such a request; the approver denies it with the reason as message."""
    name, _ = node.file(dns=["ip-10-0-7-1.ec2.internal"])

    review(plane)

    (condition,) = stored(plane, name)["status"]["conditions"]
    assert ("Denied", "DeniedByCsrApprover") == (condition["type"], condition["reason"])
    assert "dns-names: DNS name is not the instance's" in condition["message"]


def test_a_stopped_instances_request_is_left(plane: ControlPlane, aws: FakeAws, node: Node) -> None:
    """A request without evidence isn't decided."""
    name, _ = node.file()
    aws.change_machine(REGION, node.machine.id, state="stopped")

    review(plane)

    assert {} == conditions(plane, name)
