"""Kinds of nodes on EC2: what EC2 shows, the names that the kubelet requests, and the verdict.

Each has its addresses as cloud-provider-aws gives them. An EKS AMI's kubelet has `--node-ip`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.aws import Eni, Machine
from sandbox.node_addresses import Family, NodeAddress, cloud_addresses, kubelet_addresses


@dataclass(frozen=True)
class NodeKind:
    """A kind of node.

    `dns`, `ips`: what its kubelet requests. `refused_by`: the first check that refuses; empty if
    the request is approved. `node_ip`: `--node-ip`, empty for none. `named`: its name in the
    cluster if not EC2's, with `{id}` for the instance id. `families`: the cloud controller's
    NodeIPFamilies; empty without a cloud controller. `instance`: what else EC2 shows.
    """

    title: str
    enis: tuple[Eni, ...]
    dns: tuple[str, ...]
    ips: tuple[str, ...]
    node_ip: str = ""
    refused_by: str = ""
    verdict: str = "approve"
    named: str = ""
    families: Sequence[Family] = ("ipv4",)
    instance: Mapping[str, Any] = field(default_factory=dict)

    def addresses(self, machine: Machine, name: str) -> list[NodeAddress]:
        """Return the addresses of its Node object."""
        if not self.families:
            return kubelet_addresses(name, self.node_ip)
        return cloud_addresses(machine, name, node_ip=self.node_ip, families=self.families)


_PODS: Final = ("10.8.0.101", "10.8.0.102")

APPROVED: Final = (
    NodeKind(
        "AL2023 in a private subnet",
        (Eni("10.8.0.1"),),
        node_ip="10.8.0.1",
        dns=("ip-10-8-0-1.ec2.internal",),
        ips=("10.8.0.1",),
    ),
    NodeKind(
        "AL2023 in a public subnet",
        (Eni("10.8.0.2", public="198.51.100.2"),),
        node_ip="10.8.0.2",
        dns=("ec2-198-51-100-2.compute-1.amazonaws.com", "ip-10-8-0-2.ec2.internal"),
        ips=("10.8.0.2", "198.51.100.2"),
    ),
    NodeKind(
        "AL2023 in a public subnet of a VPC without DNS hostnames",
        (Eni("10.8.0.3", public="198.51.100.3"),),
        node_ip="10.8.0.3",
        dns=("ip-10-8-0-3.ec2.internal",),
        ips=("10.8.0.3", "198.51.100.3"),
        instance={"public_dns": False},
    ),
    NodeKind(
        "AL2023 with pods' addresses on its interface",
        (Eni("10.8.0.4", secondary=_PODS),),
        node_ip="10.8.0.4",
        dns=("ip-10-8-0-4.ec2.internal",),
        ips=("10.8.0.4",),
    ),
    NodeKind(
        "AL2023 with pods' addresses on a second interface",
        (Eni("10.8.0.5"), Eni("10.8.0.55", secondary=_PODS, device=1)),
        node_ip="10.8.0.5",
        dns=("ip-10-8-0-5.ec2.internal",),
        ips=("10.8.0.5",),
    ),
    NodeKind(
        "without --node-ip, one interface without pods' addresses",
        (Eni("10.8.0.6"),),
        dns=("ip-10-8-0-6.ec2.internal",),
        ips=("10.8.0.6",),
    ),
    NodeKind(
        "without --node-ip, with prefix delegation",
        (Eni("10.8.0.7", prefixes=("10.8.1.0/28",)),),
        dns=("ip-10-8-0-7.ec2.internal",),
        ips=("10.8.0.7",),
    ),
    NodeKind(
        "IPv6 cluster, only IPv6 addresses",
        (Eni("10.8.0.8", ipv6=("2001:db8:8::8",)),),
        node_ip="2001:db8:8::8",
        dns=("ip-10-8-0-8.ec2.internal",),
        ips=("2001:db8:8::8",),
        families=("ipv6",),
    ),
    NodeKind(
        "IPv6 cluster, both families, in a public subnet",
        (Eni("10.8.0.9", public="198.51.100.9", ipv6=("2001:db8:8::9",)),),
        node_ip="2001:db8:8::9",
        dns=("ec2-198-51-100-9.compute-1.amazonaws.com", "ip-10-8-0-9.ec2.internal"),
        ips=("198.51.100.9", "2001:db8:8::9"),
        families=("ipv6", "ipv4"),
    ),
    NodeKind(
        "IPv6 cluster, without --node-ip",
        (Eni("10.8.0.10", ipv6=("2001:db8:8::10",), prefixes=("2001:db8:8:1::/80",)),),
        dns=("ip-10-8-0-10.ec2.internal",),
        ips=("2001:db8:8::10",),
        families=("ipv6",),
    ),
    NodeKind(
        "named by its resource name",
        (Eni("10.8.0.11"),),
        node_ip="10.8.0.11",
        dns=("{id}.ec2.internal",),
        ips=("10.8.0.11",),
        instance={"resource_name": True},
    ),
    NodeKind(
        "named by its instance id",
        (Eni("10.8.0.12"),),
        node_ip="10.8.0.12",
        named="{id}",
        dns=("ip-10-8-0-12.ec2.internal",),
        ips=("10.8.0.12",),
    ),
    NodeKind(
        "EKS Auto Mode",
        (Eni("10.8.0.13"),),
        node_ip="10.8.0.13",
        named="{id}",
        dns=("ip-10-8-0-13.ec2.internal",),
        ips=("10.8.0.13",),
        instance={"managed": True},
    ),
    NodeKind(
        "EFA, with its interface on a second network card",
        (Eni("10.8.0.14"), Eni("10.8.0.144", kind="efa", device=1, card=1)),
        node_ip="10.8.0.14",
        dns=("ip-10-8-0-14.ec2.internal",),
        ips=("10.8.0.14",),
    ),
    NodeKind(
        "before the cloud controller has seen it",
        (Eni("10.8.0.15", public="198.51.100.15"),),
        node_ip="10.8.0.15",
        dns=("ip-10-8-0-15.ec2.internal",),
        ips=("10.8.0.15",),
        families=(),
    ),
)

LEFT: Final = (
    NodeKind(
        "without --node-ip, with pods' addresses",
        (Eni("10.8.0.16", secondary=("10.8.0.166",)),),
        dns=("ip-10-8-0-16.ec2.internal",),
        ips=("10.8.0.16", "10.8.0.166"),
        refused_by="ip-addresses",
        verdict="leave",
    ),
    NodeKind(
        "without --node-ip, two interfaces",
        (Eni("10.8.0.17"), Eni("10.8.0.177", device=1)),
        dns=("ip-10-8-0-17.ec2.internal",),
        ips=("10.8.0.17", "10.8.0.177"),
        refused_by="ip-addresses",
        verdict="leave",
    ),
    NodeKind(
        "IPv6 cluster, without --node-ip, two interfaces",
        (
            Eni("10.8.0.18", ipv6=("2001:db8:8::18",)),
            Eni("10.8.0.188", ipv6=("2001:db8:8::188",), device=1),
        ),
        dns=("ip-10-8-0-18.ec2.internal",),
        ips=("2001:db8:8::18", "2001:db8:8::188"),
        families=("ipv6",),
        refused_by="ip-addresses",
        verdict="leave",
    ),
    NodeKind(
        "with --node-ip on the second interface",
        (Eni("10.8.0.19"), Eni("10.8.0.199", device=1)),
        node_ip="10.8.0.199",
        dns=("ip-10-8-0-19.ec2.internal",),
        ips=("10.8.0.199",),
        refused_by="ip-addresses",
        verdict="leave",
    ),
)

DENIED: Final = (
    NodeKind(
        "named by neither EC2 nor its instance id",
        (Eni("10.8.0.20"),),
        node_ip="10.8.0.20",
        named="worker-7.corp.example",
        dns=("ip-10-8-0-20.ec2.internal",),
        ips=("10.8.0.20",),
        refused_by="node-name",
        verdict="deny",
    ),
)

KINDS: Final = (*APPROVED, *LEFT, *DENIED)
