"""Gates: who asks, when, and whether a newer request replaced this one."""

from datetime import timedelta

from core.identity import session_instance
from core.model import SESSION_NAME, Case, Refusal

#: How far clocks may differ, in seconds.
CLOCK_SKEW_SECONDS = 30

_NODE_GROUPS = ("system:nodes", "system:authenticated")
# From: EKS User Guide, "Fargate" (node names) and "Hybrid nodes" (SSM managed instance ids).
_OTHER_NODE_KINDS = ("fargate-", "mi-")


def requester_is_node(case: Case) -> Refusal | None:
    """Check that the requester is a node, by its username and its groups.

    From: Kubernetes, TLS bootstrapping, "Certificate rotation" (what an approver must check), and
    pkg/auth/nodeidentifier/default.go.
    """
    if not case.csr.node:
        return Refusal.leave(
            "not a node", f"got username {case.csr.username}, expected system:node:<name>"
        )
    missing = [group for group in _NODE_GROUPS if group not in case.csr.groups]
    if missing:
        return Refusal.leave("not in the nodes' groups", f"missing {', '.join(missing)}")
    return None


def node_kind(case: Case) -> Refusal | None:
    """Check that the node is an EC2 instance: not a Fargate or hybrid node, nor a person's session.

    EKS judges the requests of Fargate and hybrid nodes itself. A session name that isn't an
    instance id was chosen by a person or program that assumed the role. From: EKS User Guide,
    "Troubleshooting hybrid nodes".
    """
    node = case.csr.node or ""
    if node.casefold().startswith(_OTHER_NODE_KINDS):
        return Refusal.leave("not an EC2 node", f"got node {node}")
    if SESSION_NAME in case.csr.extra and session_instance(case.csr) is None:
        got = list(case.csr.extra[SESSION_NAME])
        return Refusal.leave(
            "not an EC2 session", f"got sessionName {got}, expected one instance id"
        )
    return None


def fresh(case: Case) -> Refusal | None:
    """Check that the kubelet still waits: after 15 minutes it gives up and drops the key.

    From: client-go util/certificate/certificate_manager.go, certificateWaitTimeout.
    """
    age = case.now - case.csr.created
    if age > timedelta(seconds=case.policy.max_csr_age_seconds):
        limit = case.policy.max_csr_age_seconds
        return Refusal.leave(
            "abandoned", f"got an age of {age.total_seconds():.0f} s, expected at most {limit} s"
        )
    if age < -timedelta(seconds=CLOCK_SKEW_SECONDS):
        return Refusal.leave("created in the future", f"got {-age.total_seconds():.0f} s from now")
    return None


def newest(case: Case) -> Refusal | None:
    """Check that the requester has no newer request: a kubelet drops the key of the older one.

    From: client-go util/certificate/certificate_manager.go, rotateCerts.
    """
    if case.peers.newer is None:
        return None
    return Refusal.leave("superseded", f"by {case.peers.newer}")
