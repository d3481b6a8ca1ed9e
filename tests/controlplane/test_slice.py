"""The whole path on a real kube-apiserver, from a message to a certificate."""

import base64

import pytest
from aws_lambda_powertools import Logger
from cryptography import x509

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from tests.controlplane.nodes import (
    APPROVERS,
    CSRS,
    REGION,
    RULES,
    Node,
    conditions,
    grant,
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


def test_the_issued_certificate_has_the_approved_names(plane: ControlPlane, node: Node) -> None:
    """The signer issues what was judged: the node's own name and address."""
    name, _ = node.file()

    review(plane)

    found = certificate(plane, name).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    addresses = [str(ip) for ip in found.value.get_values_for_type(x509.IPAddress)]
    assert [node.name] == found.value.get_values_for_type(x509.DNSName)
    assert [node.machine.enis[0].ip] == addresses


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


@pytest.mark.parametrize("mode", ["shadow", "approve-only"])
def test_a_denial_is_withheld_below_enforce(plane: ControlPlane, node: Node, mode: str) -> None:
    """Only `enforce` writes denials."""
    name, _ = node.file(dns=["kubernetes.default.svc"])

    review(plane, MODE=mode)

    assert {} == conditions(plane, name)


def test_shadow_writes_no_approval(plane: ControlPlane, node: Node) -> None:
    """`shadow` writes nothing at all."""
    name, _ = node.file()

    review(plane, MODE="shadow")

    assert {} == conditions(plane, name)


def test_too_young_a_request_waits(plane: ControlPlane, node: Node) -> None:
    """EKS's own approver has 90 seconds to decide first."""
    name, _ = node.file()

    review(plane, APPROVE_AFTER_SECONDS="90")

    assert {} == conditions(plane, name)


def test_labels_and_annotations_survive_an_approval(plane: ControlPlane, node: Node) -> None:
    """They survive because the approver sends them back: the server deletes omitted ones."""
    labels, notes = {"team": "edge"}, {"why": "a\nnote"}
    name, _ = node.file(generateName="csr-", labels=labels, annotations=notes)

    review(plane)

    metadata = stored(plane, name)["metadata"]
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, name)
    assert (labels, notes) == (metadata["labels"], metadata["annotations"])


def test_another_approvers_decision_stays(plane: ControlPlane, node: Node) -> None:
    """A CSR that a person denied isn't approved, and its reason isn't overwritten."""
    name, _ = node.file()
    denied = {"type": "Denied", "status": "True", "reason": "Person", "message": "no"}
    body = stored(plane, name) | {"status": {"conditions": [denied]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200

    review(plane)

    assert {"Denied": "Person"} == conditions(plane, name)


@pytest.mark.parametrize("missing", range(len(RULES)))
def test_each_right_is_needed(plane: ControlPlane, node: Node, missing: int) -> None:
    """Without any one of the three rules nothing is approved; with all three, it is."""
    name, _ = node.file()
    grant(plane, APPROVERS, RULES[:missing] + RULES[missing + 1 :])
    review(plane)
    assert {} == conditions(plane, name)

    grant(plane, APPROVERS, RULES)
    review(plane)
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, name)
