"""Checks that compare the requester with the EC2 instance that it claims to be.

If the instance is unknown or not running, the result is LEAVE: EC2 is eventually consistent, and
a denial is final.
"""

from collections.abc import Iterable
from datetime import timedelta

from core.checks.requester import CLOCK_SKEW_SECONDS
from core.cluster_tags import (
    CLUSTER_NAME_TAGS,
    CLUSTER_TAG_PREFIX,
    TAG_OF_AWS,
    clusters_named,
    has_tag_of,
)
from core.dns import folded, suffix
from core.identity import has_iam_keys, has_session_name
from core.model import (
    CANONICAL_ARN,
    Case,
    Cluster,
    Identity,
    IdentityKind,
    Instance,
    NotProvided,
    Refusal,
    Role,
    RoleUnknown,
)
from core.printable import listed
from core.settings import Policy


def instance_known(case: Case) -> Refusal | None:
    """Check that EC2 shows the instance of the requester's session, or, if allowed, of its name.

    From: aws-iam-authenticator pkg/token/token.go, Identity.SessionName.
    """
    if case.identity is None:
        return Refusal.leave("no instance identity", _why_no_identity(case))
    if isinstance(case.instances, NotProvided):
        return Refusal.leave("instance unknown", "no EC2 evidence was given")
    if not case.instances:
        return Refusal.leave("instance unknown", f"EC2 shows no instance for {_claimed(case)}")
    others = [one.id for one in case.instances if case.identity.instance_id not in (None, one.id)]
    if others:
        return Refusal.leave("instance unknown", f"got {listed(others)}, expected {_claimed(case)}")
    return None


def instance_single(case: Case) -> Refusal | None:
    """Check that one instance, not several, matches that identity.

    From: EC2 User Guide, "EC2 instance hostnames": names are unique within a VPC only.
    """
    if len(case.shown_instances) <= 1:
        return None
    ids = ", ".join(sorted(instance.id for instance in case.shown_instances))
    return Refusal.leave("several instances match", f"got {ids}, expected one for {_claimed(case)}")


def instance_running(case: Case) -> Refusal | None:
    """Check that the instance is running: only then it files requests and EC2 shows its names.

    From: EC2 API reference, Instance (PrivateDnsName is empty until running).
    """
    instance = case.single_instance
    if instance is None or instance.state == "running":
        return None
    return Refusal.leave(
        "instance not running", f"got {instance.id} {instance.state}, expected running"
    )


def instance_launched_before(case: Case) -> Refusal | None:
    """Check that the request is younger than its instance: names and addresses are reused.

    From: EC2 API reference, Instance (LaunchTime).
    """
    instance = case.single_instance
    if instance is None:
        return None
    if instance.launched is None:
        return Refusal.leave("launch time unknown", f"EC2 gives no launch time for {instance.id}")
    if instance.launched - case.csr.created <= timedelta(seconds=CLOCK_SKEW_SECONDS):
        return None
    got = f"got {instance.id} launched {instance.launched.isoformat()}"
    return Refusal.leave(
        "instance launched after the request",
        f"{got}, expected before {case.csr.created.isoformat()}",
    )


def node_name(case: Case) -> Refusal | None:
    """Check that the node's name is one of its instance's names.

    From: cloud-provider-aws docs/prerequisites.md; amazon-eks-ami nodeadm (hostname-override is
    PrivateDnsName, or the instance id).
    """
    instance = case.running_instance
    node, names = folded(case.csr.node or ""), node_names(instance)
    if node in names:
        return None
    if not instance.private_dns_name:
        return Refusal.leave(
            "instance has no name yet", f"EC2 gives no PrivateDnsName for {instance.id}"
        )
    return Refusal.deny(
        "node name is not the instance's",
        f"got {node}, expected one of {listed(sorted(names))}",
    )


def cluster(case: Case) -> Refusal | None:
    """Check that the instance belongs to this cluster: by VPC and by tag.

    An instance with another cluster's tag alone is that cluster's, whatever the settings allow. Of
    the tags only `aws:eks:cluster-name` is written by AWS alone, so it outweighs the others. From:
    EKS User Guide, "Self-managed nodes" and "Tagging your resources".
    """
    return not_of_cluster(case.running_instance, case.known_cluster, case.policy)


def not_of_cluster(instance: Instance, cluster: Cluster, policy: Policy) -> Refusal | None:
    """Return why the instance doesn't count as the cluster's; None if it does."""
    by_aws, vpc = instance.tags.get(TAG_OF_AWS, cluster.name), cluster.vpc_id
    if by_aws != cluster.name:
        return _of_another(instance, cluster, {by_aws})
    if not policy.allow_other_vpcs and not (vpc and instance.vpc_id == vpc):
        return Refusal.leave(
            "instance in another VPC",
            f"got {instance.vpc_id or 'none'}, expected {vpc or 'unknown'}",
        )
    if has_tag_of(instance, cluster):
        return None
    named = clusters_named(instance)
    if named:
        return _of_another(instance, cluster, named)
    if policy.require_cluster_tag:
        expected = f"{CLUSTER_TAG_PREFIX}{cluster.name} or {', '.join(CLUSTER_NAME_TAGS)}"
        return Refusal.leave("instance has no cluster tag", f"{instance.id} lacks {expected}")
    return None


def node_role(case: Case) -> Refusal | None:
    """Check that the requester's IAM role is the instance profile's, so EC2 named its session.

    Anyone who may assume another role chooses the session's name. A node known by name has no IAM
    role to compare. From: aws-iam-authenticator README, EC2PrivateDNSName.
    """
    match case.identity:
        case Identity(kind=IdentityKind.NAME):
            return None
    role = case.profile_role
    if isinstance(role, RoleUnknown):
        return Refusal.leave("node role not verified", role.why)
    claimed = _claimed_role(case)
    if claimed is not None and claimed.matches(role):
        return None
    got = claimed or listed(case.csr.extra.get(CANONICAL_ARN, ()))
    return Refusal.leave("node role not verified", f"got {got}, expected {role}")


def node_names(instance: Instance) -> frozenset[str]:
    """Return the names that a node on this instance may have: folded, without empty ones."""
    names = {instance.private_dns_name, instance.id, resource_name(instance)}
    return frozenset(folded(name) for name in names if name)


def resource_name(instance: Instance) -> str:
    """Return the resource-based DNS name: the id and PrivateDnsName's suffix; empty if none.

    From: EC2 User Guide, "EC2 instance hostnames and domains".
    """
    domain = suffix(instance.private_dns_name)
    return f"{instance.id}.{domain}" if domain else ""


def _of_another(instance: Instance, cluster: Cluster, named: Iterable[str]) -> Refusal:
    return Refusal.leave(
        "instance of another cluster",
        f"{instance.id} is tagged as {listed(sorted(named))}, expected {cluster.name or 'unknown'}",
    )


def _claimed_role(case: Case) -> Role | None:
    arns = case.csr.extra.get(CANONICAL_ARN, ())
    return Role.of_arn(arns[0]) if len(arns) == 1 else None


def _claimed(case: Case) -> str:
    if case.identity is None:
        return "no identity"
    return case.identity.instance_id or f"node {case.identity.node}"


def _why_no_identity(case: Case) -> str:
    if has_session_name(case.csr):
        return "spec.extra has a session name under another key than sessionName, so not from EKS"
    if has_iam_keys(case.csr):
        return "spec.extra has IAM keys but no sessionName"
    return "spec.extra has no IAM keys; ALLOW_NAME_IDENTITY=true would allow identity by name"
