"""The tags by which an instance belongs to a cluster."""

from core.model import Cluster, Instance

#: The key of a cluster's tag begins with this, and ends with the cluster's name.
CLUSTER_TAG_PREFIX = "kubernetes.io/cluster/"
# From: EKS User Guide (self-managed nodes), karpenter-provider-aws pkg/apis/v1/labels.go
# (eks:eks-cluster-name), and AWS-generated cost allocation tags (aws:eks:cluster-name).
TAG_OF_AWS = "aws:eks:cluster-name"
#: The keys of tags whose value is the cluster's name.
CLUSTER_NAME_TAGS = ("eks:cluster-name", "eks:eks-cluster-name", TAG_OF_AWS)


def has_tag_of(instance: Instance, cluster: Cluster) -> bool:
    """Return True when the instance has one of the cluster's tags."""
    if not cluster.name:
        return False
    if CLUSTER_TAG_PREFIX + cluster.name in instance.tags:
        return True
    return any(instance.tags.get(tag) == cluster.name for tag in CLUSTER_NAME_TAGS)


def clusters_named(instance: Instance) -> frozenset[str]:
    """Return the names of the clusters whose tags the instance has."""
    keys = (key for key in instance.tags if key.startswith(CLUSTER_TAG_PREFIX))
    by_key = (key.removeprefix(CLUSTER_TAG_PREFIX) for key in keys)
    by_value = (instance.tags[tag] for tag in CLUSTER_NAME_TAGS if tag in instance.tags)
    return frozenset(name for name in (*by_key, *by_value) if name)


def joined_cluster(instance: Instance) -> str | None:
    """Return the cluster that the instance's tags name; None if they name none or several."""
    by_aws = instance.tags.get(TAG_OF_AWS)
    named = {by_aws} if by_aws else clusters_named(instance)
    return next(iter(named)) if len(named) == 1 else None
