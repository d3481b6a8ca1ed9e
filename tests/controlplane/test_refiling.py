"""When a real kubelet files a request again, and which of its requests it waits for."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509

from sandbox.aws import Eni, FakeAws
from sandbox.node_addresses import NodeAddress, kubelet_addresses
from tests.controlplane.nodes import (
    CSRS,
    REGION,
    Node,
    conditions,
    join,
    names_in,
    requested,
    review,
    stored,
)
from tests.real.controlplane import ControlPlane, Kubelets, eventually

_APPROVED: Final = {"Approved": "ApprovedByCsrApprover"}


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(plane, aws, profile)


def _seconds_since(plane: ControlPlane, csr: str) -> float:
    created = datetime.fromisoformat(stored(plane, csr)["metadata"]["creationTimestamp"])
    return (datetime.now(UTC) - created).total_seconds()


@pytest.fixture(scope="module")
def impatient(plane: ControlPlane) -> Iterator[Kubelets]:
    """Yield kubelets that wait a fifth of a second for a certificate, instead of 15 minutes."""
    with plane.kubelets(wait=timedelta(seconds=0.2)) as kubelets:
        yield kubelets


@pytest.fixture(scope="module")
def left(plane: ControlPlane, aws: FakeAws, profile: str, impatient: Kubelets) -> Node:
    """Return a node whose first request was left, and whose kubelet has stopped waiting for it."""
    node = join(plane, aws, profile, state="stopped")
    node.boot(impatient)
    impatient.filed(node.name)
    return node


@pytest.fixture(scope="module")
def ended(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets, left: Node
) -> Mapping[str, Node]:
    """Return nodes whose first request has ended, by how; they and `left` wait at the same time."""
    assert left
    nodes = {how: join(plane, aws, profile) for how in ("denied", "failed", "deleted")}
    for how, node in nodes.items():
        names: list[NodeAddress] = [("InternalDNS", "ip-10-7-0-1.ec2.internal")]
        node.boot(kubelets, [*node.addresses, *(names if how == "denied" else [])])
    paths = {how: f"{CSRS}/{kubelets.filed(node.name)}" for how, node in nodes.items()}
    kubelets.wait_until_watching(nodes["deleted"].name)
    plane.admin.request("DELETE", paths["deleted"])
    body = plane.admin.request("GET", paths["failed"])[1]
    body["status"] = {"conditions": [{"type": "Failed", "status": "True", "reason": "Test"}]}
    assert 200 == plane.admin.request("PUT", f"{paths['failed']}/status", body)[0]
    kubelets.readdress(nodes["denied"].name, nodes["denied"].addresses)
    review(plane)
    return nodes


@pytest.mark.usefixtures("ended")  # whose nodes wait at the same time
def test_a_change_of_addresses_files_nothing_while_a_nodes_first_request_is_pending(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets
) -> None:
    """A kubelet with a certificate files at each change; it shows that there was time to file.

    This is a race in client-go, kubernetes/kubernetes#136485. If this test fails, a kubelet with
    the fix has come: a node whose public address moves then replaces its first request itself.
    Let this test expect a second request, test the node in a public subnet with the single round
    that it then needs, and correct what docs/kubelets.md says about a change of addresses.
    """
    pending, steady = (
        join(plane, aws, profile, enis=(Eni(f"10.9.2.{number}", public=f"198.51.100.{number}"),))
        for number in (101, 102)
    )
    steady.boot(kubelets)
    kubelets.filed(steady.name)
    review(plane)
    kubelets.certificate(steady.name)
    # For a second after it gets a certificate a kubelet treats a change like its first request.
    kubelets.stop(steady.name)
    steady.boot(kubelets)
    kubelets.certificate(steady.name, after=1)
    pending.boot(kubelets)
    kubelets.filed(pending.name)

    kubelets.readdress(pending.name, [*pending.addresses, ("ExternalIP", "198.51.100.201")])
    for changes in (1, 2):
        moved = f"198.51.100.{201 + changes}"
        kubelets.readdress(steady.name, [*steady.addresses, ("ExternalIP", moved)])
        kubelets.filed(steady.name, after=changes)

    assert 1 == kubelets.count(pending.name, "filed")


@pytest.fixture(scope="module")
def recovered(
    plane: ControlPlane, kubelets: Kubelets, ended: Mapping[str, Node]
) -> Mapping[str, Node]:
    """Return the nodes of `ended` after they have filed again, and after one more review."""
    for node in ended.values():
        kubelets.filed(node.name, after=1)
    review(plane)
    return ended


@pytest.mark.parametrize("how", ["denied", "failed", "deleted"])
def test_a_kubelet_files_again_after_its_request_was(
    kubelets: Kubelets, recovered: Mapping[str, Node], how: str
) -> None:
    """A kubelet files 2 s later, with the names that its node has then: a fixed node recovers."""
    node = recovered[how]

    leaf = x509.load_pem_x509_certificate(kubelets.certificate(node.name).encode())
    assert ([node.name], [node.ip]) == names_in(leaf)


def test_a_kubelet_files_again_when_it_has_waited_for_a_request_that_was_left(
    plane: ControlPlane, aws: FakeAws, left: Node, impatient: Kubelets
) -> None:
    """A kubelet drops the key of its earlier request, so only the new request is approved."""
    first = impatient.filed(left.name)
    impatient.filed(left.name, after=1)
    impatient.stop(left.name)
    newest = impatient.filed(left.name, after=impatient.count(left.name, "filed") - 1)
    aws.change_machine(REGION, left.machine.id, state="running")

    review(plane)

    assert ({}, _APPROVED) == (conditions(plane, first), conditions(plane, newest))


def test_a_kubelet_that_restarts_files_at_once_and_waits_for_the_new_request(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    node.boot(kubelets)
    first = kubelets.filed(node.name)
    kubelets.stop(node.name)
    # Creation times are whole seconds, and of two requests of the same second either is the newest.
    eventually(lambda: True if _seconds_since(plane, first) > 1 else None, "the next second")
    node.boot(kubelets)
    second = kubelets.filed(node.name, after=1)

    review(plane)

    leaf = x509.load_pem_x509_certificate(kubelets.certificate(node.name).encode())
    assert requested(plane, second).public_key() == leaf.public_key()
    assert ({}, _APPROVED) == (conditions(plane, first), conditions(plane, second))


def test_a_kubelet_that_restarts_with_a_certificate_serves_with_it_and_files_nothing(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    node.boot(kubelets)
    kubelets.filed(node.name)
    review(plane)
    before = kubelets.certificate(node.name)

    kubelets.stop(node.name)
    node.boot(kubelets)

    assert before == kubelets.certificate(node.name, after=1)
    assert 1 == kubelets.count(node.name, "filed")


def test_a_kubelet_waits_for_the_same_request_while_the_api_server_restarts(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    node.boot(kubelets)
    kubelets.filed(node.name)
    plane.restart("apiserver")

    review(plane)

    assert kubelets.certificate(node.name)
    assert 1 == kubelets.count(node.name, "filed")


def test_a_kubelet_waits_for_a_signer_that_is_off(
    plane: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    """An approved request is issued, and its certificate used, once the signer is back."""
    node.boot(kubelets)
    csr = kubelets.filed(node.name)
    plane.stop("signer")
    try:
        review(plane)
        assert "certificate" not in stored(plane, csr)["status"]
    finally:
        plane.start_process("signer")

    assert kubelets.certificate(node.name)
    assert (_APPROVED, 1) == (conditions(plane, csr), kubelets.count(node.name, "filed"))


def test_a_node_in_a_public_subnet_gets_its_certificates_in_two_rounds(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets
) -> None:
    """A kubelet asks for all names only once it has a certificate for the private names.

    The cloud controller writes the public name and address while the first request is pending.
    """
    node = join(plane, aws, profile, enis=(Eni("10.9.1.1", public="198.51.100.91"),))
    node.boot(kubelets, kubelet_addresses(node.name, node.ip))
    kubelets.filed(node.name)
    kubelets.readdress(node.name, node.addresses)
    review(plane)
    first = x509.load_pem_x509_certificate(kubelets.certificate(node.name).encode())
    kubelets.filed(node.name, after=1)

    review(plane)

    second = x509.load_pem_x509_certificate(kubelets.certificate(node.name, after=1).encode())
    assert ([node.name], [node.ip]) == names_in(first)
    assert (
        [node.machine.public_name, node.name],
        [node.ip, "198.51.100.91"],
    ) == names_in(second)
