"""The whole path on a real kube-apiserver, from a message to a certificate."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from sandbox.aws import FakeAws
from tests.controlplane.nodes import REGION, Node, conditions, join, review, stored
from tests.controlplane.pods import logs, run_pod
from tests.real.controlplane import ControlPlane, Kubelets, eventually
from tests.real.controlplane.launch import CERTIFICATE_LIFETIME


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(plane, aws, profile)


@pytest.fixture
def short_lived(plane: ControlPlane) -> Iterator[None]:
    """Let certificates last so shortly that a kubelet renews them at once.

    They are backdated by 5 minutes, and renewed after at most 90 % of their time.
    """
    plane.set_certificate_lifetime(timedelta(seconds=30))
    yield
    plane.set_certificate_lifetime(CERTIFICATE_LIFETIME)


@pytest.mark.usefixtures("short_lived")
def test_a_kubelets_whole_life(
    plane: ControlPlane, aws: FakeAws, node: Node, kubelets: Kubelets
) -> None:
    """A node joins, gets a certificate, renews it without a gap, and gets none once it is gone."""
    run_pod(plane, node, "life")
    node.boot(kubelets)
    kubelets.filed(node.name)
    review(plane)
    first = kubelets.certificate(node.name)

    second = kubelets.filed(node.name, after=1)
    review(plane)

    def renewed() -> bool | None:
        assert (200, "app of default/life\n") == logs(plane, "life")
        return True if kubelets.count(node.name, "certificate") > 1 else None

    eventually(renewed, "the second certificate")
    assert 200 == logs(plane, "life")[0]
    assert first != kubelets.certificate(node.name, after=1)

    third = kubelets.filed(node.name, after=2)
    aws.change_machine(REGION, node.machine.id, state="terminated")
    review(plane)
    kubelets.stop(node.name)
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
