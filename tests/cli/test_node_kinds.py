"""Which kind of node a requester claims to be, and by which names it is found."""

import pytest

from cli.node_kinds import NodeKind, is_of_node, kind_of
from core.checks.node import _OTHER_NODE_KINDS
from core.model import Csr
from tests.builders import INSTANCE_ID, NODE, a_csr, an_extra

CASES: dict[str, tuple[Csr, NodeKind | None]] = {
    "EC2": (a_csr(), NodeKind.EC2),
    "Fargate": (a_csr(node="fargate-ip-10-0-1-9.ec2.internal", extra={}), NodeKind.FARGATE),
    "Fargate, in another letter case": (a_csr(node="Fargate-ip-10-0-1-9"), NodeKind.FARGATE),
    "SSM": (a_csr(node="mi-0a1b2c3d4e5f67890"), NodeKind.HYBRID),
    "SSM, mapped to another user": (
        a_csr(username="node", extra=an_extra("mi-0a1b2c3d4e5f67890")),
        NodeKind.HYBRID,
    ),
    "Roles Anywhere": (
        a_csr(node="Rack7.example", extra=an_extra("rack7.EXAMPLE")),
        NodeKind.HYBRID,
    ),
    "HyperPod": (a_csr(node="hyperpod-i-0000000000000005a"), NodeKind.HYPERPOD),
    "SageMaker's session": (
        a_csr(username="node", extra=an_extra("SageMaker-i-0000000000000005a")),
        NodeKind.HYPERPOD,
    ),
    "a person in a node's role": (a_csr(extra=an_extra("mallory")), None),
    "a person": (a_csr(username="alice", extra=an_extra("alice")), None),
    "a person in a session like an instance": (a_csr(username="alice"), None),
    "a ServiceAccount": (a_csr(username="system:serviceaccount:shop:web", extra={}), None),
}


@pytest.mark.parametrize("what", CASES)
def test_the_kind_follows_from_the_nodes_name_or_the_sessions(what: str) -> None:
    csr, kind = CASES[what]

    assert kind is kind_of(csr)


@pytest.mark.parametrize("prefix", _OTHER_NODE_KINDS)
def test_every_kind_that_the_checks_leave_to_eks_is_known(prefix: str) -> None:
    assert kind_of(a_csr(node=f"{prefix}1")) not in {None, NodeKind.EC2}


@pytest.mark.parametrize("name", [NODE, NODE.partition(".")[0], f"system:node:{NODE}", INSTANCE_ID])
def test_a_node_is_found_by_each_of_its_names(name: str) -> None:
    assert is_of_node(a_csr(), name)


@pytest.mark.parametrize("name", ["", "ip-10-0-1-1", "alice", NODE.upper()])
def test_no_other_node_is_found(name: str) -> None:
    assert not is_of_node(a_csr(), name)


def test_an_empty_name_finds_no_requester_that_is_no_node() -> None:
    """`review prod "$NODE" --apply` with an unset variable writes nothing."""
    assert not is_of_node(a_csr(username="system:serviceaccount:shop:web", extra={}), "")
