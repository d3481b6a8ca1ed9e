"""The clusters of the fleet, and nodes as EC2 shows them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sandbox.aws import Eni, Machine

#: A node whose instance EC2 doesn't show (yet).
NOT_SHOWN: Final = "not shown"


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster: its place, and whether the approver has access."""

    name: str
    region: str
    vpc_id: str
    network: str
    service_range: str
    says: str
    tags: Mapping[str, str] = field(default_factory=dict)
    onboarded: bool = True


PLACES: Final = {
    place.name: place
    for place in (
        Place(
            "shop",
            "us-east-1",
            "vpc-0a10c0de5f6a7b8c9",
            "10.20",
            "172.20.0.0/16",
            "IPv4, many nodes",
        ),
        Place(
            "media",
            "eu-west-1",
            "vpc-0b20c0de5f6a7b8c9",
            "10.30",
            "fdaa:bbcc:1::/108",
            "IPv6, named by instance id",
        ),
        Place(
            "lab",
            "us-east-1",
            "vpc-0c30c0de5f6a7b8c9",
            "10.40",
            "172.20.0.0/16",
            "tagged csr-approver:mode=shadow",
            tags={"csr-approver:mode": "shadow"},
        ),
        Place(
            "acquired",
            "eu-west-1",
            "vpc-0d40c0de5f6a7b8c9",
            "10.50",
            "172.20.0.0/16",
            "has not let the approver in",
            onboarded=False,
        ),
    )
}


def tags_of(kind: str, cluster: str) -> dict[str, str]:
    """Return the tags of an instance of this kind.

    From: EKS User Guide, "Self-managed nodes"; karpenter-provider-aws pkg/apis/v1/labels.go.
    """
    owned = {f"kubernetes.io/cluster/{cluster}": "owned"}
    return {
        "node group": {"eks:cluster-name": cluster, "eks:nodegroup-name": "main", **owned},
        "karpenter": {"eks:eks-cluster-name": cluster, "karpenter.sh/nodepool": "spot", **owned},
        "auto mode": {"eks:eks-cluster-name": cluster, "karpenter.sh/nodepool": "general"},
        "self-managed": owned,
        "untagged": {},
    }[kind]


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a cluster, and its instance. `number`: the second half of its address.

    `tagged`: the cluster that its tags name, if another. `up`: how long it has run, in seconds.
    """

    cluster: str
    number: str
    kind: str = "node group"
    role: str = "eks-node"
    tagged: str = ""
    public: str = ""
    ipv6: str = ""
    pod_ips: tuple[str, ...] = ()
    pod_prefix: str = ""
    more: tuple[Eni, ...] = ()
    resource_name: bool = False
    state: str = "running"
    up: int = 3_600
    generation: int = 1

    @property
    def place(self) -> Place:
        """Return the node's cluster."""
        return PLACES[self.cluster]

    @property
    def ip(self) -> str:
        """Return the node's primary private address."""
        return f"{self.place.network}.{self.number}"

    @property
    def id(self) -> str:
        """Return the node's instance id, the same each time."""
        words = f"{self.cluster} {self.number} {self.generation}"
        return "i-0" + hashlib.sha256(words.encode()).hexdigest()[:16]

    def machine(self, now: datetime, profile_arn: str = "") -> Machine:
        """Return the node's instance as EC2 has it."""
        first = Eni(
            ip=self.ip,
            public=self.public,
            secondary=self.pod_ips,
            ipv6=(self.ipv6,) if self.ipv6 else (),
            prefixes=(self.pod_prefix,) if self.pod_prefix else (),
        )
        return Machine(
            id=self.id,
            region=self.place.region,
            vpc_id=self.place.vpc_id,
            launched=now - timedelta(seconds=self.up),
            enis=(first, *self.more),
            profile_arn=profile_arn,
            tags=tags_of(self.kind, self.tagged or self.cluster),
            state="running" if self.state == NOT_SHOWN else self.state,
            resource_name=self.resource_name,
            managed=self.kind == "auto mode",
        )
