"""The kinds of nodes that a requester may be: EKS judges the requests of all but EC2's itself."""

from enum import Enum
from typing import Final

from core.identity import session_instance
from core.model import SESSION_NAME, Csr


class NodeKind(Enum):
    """A kind of node."""

    EC2 = "EC2"
    FARGATE = "Fargate"
    HYBRID = "hybrid"
    HYPERPOD = "HyperPod"


# From: as in core.checks.node. An SSM managed instance's session has its id as its name, and
# SageMaker's has this prefix.
_PREFIXES: Final = {
    "fargate-": NodeKind.FARGATE,
    "mi-": NodeKind.HYBRID,
    "hyperpod-i-": NodeKind.HYPERPOD,
    "sagemaker-i-": NodeKind.HYPERPOD,
}


def kind_of(csr: Csr) -> NodeKind | None:
    """Return the kind of node that a requester claims to be; None if it claims to be none.

    By the node's name, or else by the session's, which a requester who isn't EC2's may choose: so
    this says whose advice fits, and proves nothing.
    """
    sessions = csr.extra.get(SESSION_NAME, ())
    for name in filter(None, (csr.node, *sessions)):
        found = next(
            (k for start, k in _PREFIXES.items() if name.casefold().startswith(start)), None
        )
        if found is not None:
            return found
    if csr.node and session_instance(csr) is not None:
        return NodeKind.EC2
    # A hybrid node by IAM Roles Anywhere has a name of its own, which is its session's too.
    if csr.node and [name.casefold() for name in sessions] == [csr.node.casefold()]:
        return NodeKind.HYBRID
    return None


def is_of_node(csr: Csr, node: str) -> bool:
    """Return whether a node filed the request, by its name, first label, username or session."""
    name = csr.node or ""
    known = {name, name.partition(".")[0], csr.username, *csr.extra.get(SESSION_NAME, ())}
    return node != "" and node in known  # a requester that is no node has no name
