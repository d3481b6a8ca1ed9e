"""The addresses of nodes, as AWS's real cloud controller writes them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from sandbox.aws import FakeAws
from sandbox.node_addresses import NodeAddress, kubelet_addresses
from tests.controlplane.node_kinds import KINDS, NodeKind
from tests.controlplane.nodes import VPC, Node, join
from tests.real.controlplane import ControlPlane, eventually
from tests.real.node import NodeProgram

_TAINT = "node.cloudprovider.kubernetes.io/uninitialized"
_NODES = "/api/v1/nodes"
_FAMILIES = sorted({tuple(kind.families) for kind in KINDS if kind.families})


def register(plane: ControlPlane, node: Node, kind: NodeKind) -> None:
    """Register the node as its kubelet does before the cloud controller has seen it."""
    given = {"alpha.kubernetes.io/provided-node-ip": kind.node_ip} if kind.node_ip else {}
    addresses = kubelet_addresses(node.name, kind.node_ip)
    body: Mapping[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "annotations": given},
        "spec": {
            "providerID": f"aws:///us-east-1a/{node.machine.id}",
            "taints": [{"key": _TAINT, "value": "true", "effect": "NoSchedule"}],
        },
        "status": {"addresses": [{"type": kind, "address": text} for kind, text in addresses]},
    }
    assert 201 == plane.admin.request("POST", _NODES, body)[0]


def written(plane: ControlPlane, node: Node) -> list[NodeAddress] | None:
    """Return the node's addresses once the cloud controller has written them."""
    read: Any = plane.admin.request("GET", f"{_NODES}/{node.name}")[1]
    if any(taint["key"] == _TAINT for taint in read["spec"].get("taints", [])):
        return None
    return [(address["type"], address["address"]) for address in read["status"]["addresses"]]


@pytest.mark.parametrize("families", _FAMILIES, ids=", ".join)
def test_the_imitation_gives_the_cloud_controllers_addresses(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    programs: NodeProgram,
    families: tuple[str, ...],
) -> None:
    """`cloud_addresses` gives the same addresses in the same order, for every kind of node."""
    kinds = [kind for kind in KINDS if tuple(kind.families) == families]
    # The provider doesn't ask for managed instances, as the cloud controller that AWS runs does.
    shown = {kind.title: dict(kind.instance) | {"managed": False} for kind in kinds}
    nodes = {
        kind.title: join(plane, aws, profile, named=kind.named, enis=kind.enis, **shown[kind.title])
        for kind in kinds
    }
    for kind in kinds:
        register(plane, nodes[kind.title], kind)

    programs.start_cloud(aws, vpc=VPC, families=families)

    expected = {
        kind.title: kind.addresses(nodes[kind.title].machine, nodes[kind.title].name)
        for kind in kinds
    }
    got = {
        title: eventually(partial(written, plane, node), f"the addresses of {title}")
        for title, node in nodes.items()
    }
    assert expected == got
