"""The AWS account: its clusters, and EKS, EC2 and IAM, which may answer with errors."""

from collections.abc import Callable, Collection, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from botocore.exceptions import ClientError

from adapters.eks import ClusterNotFound, DescribedCluster, EksGaveNoAnswer
from core.errors import ClusterUnavailable, EvidenceUnavailable
from core.model import Instance, Role, RoleUnknown
from tests.builders import ROLE
from tests.simulation.world.clusters import RESTLESS, SimulatedCluster
from tests.simulation.world.timeline import MINUTE, Timeline

HOME: Final = "eu-west-1"

# Longer than the dispatcher looks back.
_LAUNCHES_SEEN_FOR: Final = 8 * MINUTE


class SimulatedAccount:
    """Everything that the two functions can see of AWS."""

    def __init__(self, timeline: Timeline, seed: str) -> None:
        self.timeline = timeline
        self.seed = seed
        self.clusters: dict[tuple[str, str], SimulatedCluster] = {}
        self.restless_until = 0.0
        #: Codes of the errors with which the services answer; empty if they work.
        self.eks_error = ""
        self.ec2_error = ""
        self.iam_error = ""
        self._nodes = 0
        self._launches: list[tuple[float, SimulatedCluster]] = []

    def cluster(self, name: str, region: str = HOME) -> SimulatedCluster:
        """Create a cluster."""
        cluster = SimulatedCluster(name, region, self.timeline, self.seed)
        self.clusters[name, region] = cluster
        self.touch()
        return cluster

    def delete_cluster(self, cluster: SimulatedCluster) -> None:
        """Delete it, with its nodes."""
        cluster.each_kubelet(lambda kubelet: cluster.remove(kubelet.node.name))
        del self.clusters[cluster.name, cluster.region]
        self.touch()

    def number(self) -> int:
        """Return a number that no node has yet."""
        self._nodes += 1
        return self._nodes

    def launched(self, cluster: SimulatedCluster) -> None:
        """Let EC2 launch an instance with this cluster's tag."""
        self._launches.append((self.timeline.seconds, cluster))
        self.touch(_LAUNCHES_SEEN_FOR)

    def joined(self, region: str, seconds: float) -> frozenset[str] | str:
        """Return the clusters with launches in the last seconds, or the code of EC2's error."""
        since = self.timeline.seconds - seconds
        self._launches = [each for each in self._launches if each[0] >= since]
        names = (each.name for _, each in self._launches if each.region == region)
        return self.ec2_error or frozenset(names)

    def touch(self, seconds: float = RESTLESS) -> None:
        """Run the real dispatcher each minute for so long: something changes that it may see."""
        self.restless_until = max(self.restless_until, self.timeline.seconds + seconds)

    def set_errors(self, *, eks: str = "", ec2: str = "", iam: str = "") -> None:
        """Let AWS answer with these errors from now on."""
        self.eks_error, self.ec2_error, self.iam_error = eks, ec2, iam
        self.touch()
        for cluster in self.clusters.values():
            cluster.touch()

    def describe(self, name: str, region: str) -> DescribedCluster:
        """Return EKS's description of a cluster, or raise as `adapters.eks.describe` does."""
        if self.eks_error:
            kind = EksGaveNoAnswer if "Throttl" in self.eks_error else ClusterUnavailable
            raise kind("describe", f"EKS DescribeCluster: {self.eks_error}")
        if (name, region) not in self.clusters:
            raise ClusterNotFound("describe", "EKS DescribeCluster: ResourceNotFoundException")
        return self.clusters[name, region].described


class EksClient:
    """EKS's list of the clusters of one Region, for the dispatcher."""

    def __init__(self, account: SimulatedAccount, region: str) -> None:
        self._account = account
        self._region = region

    def get_paginator(self, _operation: str) -> "EksClient":
        """Return this client as its paginator."""
        return self

    def paginate(self, **_: Any) -> list[Mapping[str, list[str]]]:
        """Return one page with all names."""
        if self._account.eks_error:
            raise ClientError({"Error": {"Code": self._account.eks_error}}, "ListClusters")
        named = [name for name, region in self._account.clusters if region == self._region]
        return [{"clusters": named}]


class SimulatedFleet:
    """EC2 and IAM (`core.ports.Fleet`): the instances of one cluster's nodes."""

    def __init__(self, account: SimulatedAccount, cluster: SimulatedCluster) -> None:
        self._account = account
        self._cluster = cluster

    def by_id(
        self, ids: Collection[str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """Return the instances with these ids."""
        return self._answer(ids, lambda instance: instance.id)

    def by_private_dns_name(
        self, names: Collection[str], vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        """Return the instances with these names."""
        del vpc_id
        return self._answer(names, lambda instance: instance.private_dns_name)

    def _answer(
        self, wanted: Collection[str], key: Callable[[Instance], str]
    ) -> Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]:
        if self._account.ec2_error:
            error = EvidenceUnavailable(f"EC2 DescribeInstances: {self._account.ec2_error}")
            return dict.fromkeys(wanted, error)
        known = {key(instance): (instance,) for instance in self._cluster.instances()}
        return {value: known[value] for value in wanted if value in known}

    def holders(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        """Return the ids of the instances that have each address."""
        if self._account.ec2_error:
            return {}
        shown = {found.id: set(found.addresses()) for found in self._cluster.instances()}
        return {
            address: frozenset(holder for holder, own in shown.items() if address in own)
            for address in addresses
        }

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown:
        """Return the nodes' role, which is the same in all clusters."""
        del profile_arn
        if self._account.iam_error:
            return RoleUnknown(f"IAM GetInstanceProfile: {self._account.iam_error}", fault=True)
        return ROLE
