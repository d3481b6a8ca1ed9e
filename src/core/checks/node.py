"""Gates: whether a node asks, and whether its instance is one that EC2 shows."""

from core.checks import instance
from core.cluster_tags import has_tag_of
from core.dns import folded
from core.identity import session_instance
from core.model import SESSION_NAME, Case, Csr, NotProvided, Refusal
from core.printable import listed

_NODE_GROUPS = ("system:nodes", "system:authenticated")
# From: EKS User Guide, "Fargate" (node names) and "Hybrid nodes" (SSM managed instance ids); Amazon
# SageMaker HyperPod, whose instances EC2 doesn't show in the customer's account.
_OTHER_NODE_KINDS = ("fargate-", "mi-", "hyperpod-i-")

_OF_INSTANCE = (
    instance.instance_known,
    instance.instance_launched_before,
    instance.cluster,
    instance.node_role,
)


def requester_is_node(case: Case) -> Refusal | None:
    """Check that the requester is a node, by its username and its groups.

    An instance that EC2 and IAM confirm as this cluster's passes too, for `node-kind` to say that
    its role isn't mapped as a node's. From: Kubernetes, TLS bootstrapping, "Certificate rotation"
    (what an approver must check), and pkg/auth/nodeidentifier/default.go.
    """
    return None if _is_confirmed(case) else _not_treated_as_node(case.csr)


def node_kind(case: Case) -> Refusal | None:
    """Check that the node is an EC2 instance: not of another kind, nor a person's session.

    EKS judges the requests of Fargate, hybrid and HyperPod nodes itself. A session name that isn't
    an instance id was chosen by a person or program that assumed the role. From: EKS User Guide,
    "Troubleshooting hybrid nodes" and "Create access entries" (EC2_LINUX).
    """
    if _not_treated_as_node(case.csr) is not None:
        return _not_mapped(case) if _is_confirmed(case) else None
    node = case.csr.node or ""
    if node.casefold().startswith(_OTHER_NODE_KINDS):
        return Refusal.leave("not an EC2 node", f"got node {node}")
    if SESSION_NAME not in case.csr.extra or session_instance(case.csr) is not None:
        return None
    got = case.csr.extra[SESSION_NAME]
    # HYBRID_LINUX access entries make the username from the session, whose name is the node's.
    if [folded(name) for name in got] == [folded(node)]:
        return Refusal.leave("not an EC2 node", f"got node {node}, named like its session")
    return Refusal.leave(
        "not an EC2 session", f"got sessionName {listed(got)}, expected one instance id"
    )


def claims_instance(case: Case) -> bool:
    """Return True when EC2 and IAM may show that a requester who isn't treated as a node is one."""
    return session_instance(case.csr) is not None


def _not_treated_as_node(csr: Csr) -> Refusal | None:
    if not csr.node:
        return Refusal.leave(
            "not a node", f"got username {csr.username}, expected system:node:<name>"
        )
    missing = [group for group in _NODE_GROUPS if group not in csr.groups]
    if missing:
        return Refusal.leave("not in the nodes' groups", f"missing {', '.join(missing)}")
    return None


def _is_confirmed(case: Case) -> bool:
    """Return True when EC2 and IAM confirm the session's instance as this cluster's own.

    Whatever the settings allow, the instance must have the cluster's tag, and its profile's role
    must be the requester's: anyone else would be advised to have a role mapped as a node's.
    """
    if isinstance(case.role, NotProvided) or isinstance(case.cluster, NotProvided):
        return False
    if case.identity is None or case.identity.instance_id is None or case.instance is None:
        return False
    is_tagged = has_tag_of(case.running_instance, case.known_cluster)
    return is_tagged and all(check(case) is None for check in _OF_INSTANCE)


def _not_mapped(case: Case) -> Refusal:
    return Refusal.leave(
        "role not mapped as a node's",
        f"EC2 instance {case.running_instance.id} isn't treated as a node: if it is meant to be "
        f"one, map its role {case.profile_role} to system:node:{{{{EC2PrivateDNSName}}}} with the "
        f"nodes' groups, or give it an access entry of type EC2_LINUX; got {case.csr.username}",
        warns=True,
    )
