"""The names that real kubelets request on each kind of node, and the approver's verdict."""

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.aws import FakeAws
from sandbox.node_addresses import kubelet_addresses
from tests.controlplane.node_kinds import KINDS, NodeKind
from tests.controlplane.nodes import Node, join, names_in, requested, review
from tests.real.controlplane import ControlPlane, Kubelets


@pytest.fixture(scope="module")
def nodes(plane: ControlPlane, aws: FakeAws, profile: str) -> Mapping[str, Node]:
    """Return a node of each kind, by title."""
    return {
        kind.title: join(plane, aws, profile, named=kind.named, enis=kind.enis, **kind.instance)
        for kind in KINDS
    }


@pytest.fixture(scope="module")
def filed(nodes: Mapping[str, Node], kubelets: Kubelets) -> Mapping[str, str]:
    """Return the CSR of each kind's kubelet."""
    for kind in KINDS:
        node = nodes[kind.title]
        node.boot(kubelets, kind.addresses(node.machine, node.name))
    return {title: kubelets.filed(node.name) for title, node in nodes.items()}


@pytest.fixture(scope="module")
def reviewed(plane: ControlPlane, filed: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the log line of each CSR after one review."""
    assert filed
    return review(plane)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_kinds_kubelet_requests_these_names(
    plane: ControlPlane, nodes: Mapping[str, Node], filed: Mapping[str, str], kind: NodeKind
) -> None:
    """A kubelet requests every address and name of its Node object, each once."""
    dns, ips = names_in(requested(plane, filed[kind.title]))

    own = [name.format(id=nodes[kind.title].machine.id) for name in kind.dns]
    assert (own, list(kind.ips)) == (dns, ips)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_kinds_request_has_this_verdict(
    filed: Mapping[str, str], reviewed: Mapping[str, Any], kind: NodeKind
) -> None:
    """The verdict is that of one review with default settings."""
    line = reviewed[filed[kind.title]]

    refused_by = [refusal["check"] for refusal in line.get("refusals", [])]
    assert (kind.verdict, kind.refused_by) == (line["verdict"], "".join(refused_by[:1]))


def test_a_node_without_an_address_requests_nothing(
    plane: ControlPlane, aws: FakeAws, profile: str, kubelets: Kubelets
) -> None:
    """A kubelet waits until the cloud controller has written an address."""
    node = join(plane, aws, profile)
    node.boot(kubelets, kubelet_addresses(node.name))
    other = join(plane, aws, profile)
    other.boot(kubelets)
    kubelets.filed(other.name)
    assert 0 == kubelets.count(node.name, "filed")

    kubelets.readdress(node.name, node.addresses)

    assert ([node.name], [node.ip]) == names_in(requested(plane, kubelets.filed(node.name)))
