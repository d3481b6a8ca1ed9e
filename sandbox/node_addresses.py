"""A node's addresses: what its kubelet knows itself, and what the cloud controller writes."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Literal

from sandbox.aws_shapes import Machine

Family = Literal["ipv4", "ipv6"]
NodeAddress = tuple[
    Literal["Hostname", "InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS"], str
]


def kubelet_addresses(hostname: str, node_ip: str = "") -> list[NodeAddress]:
    """Return the addresses with which a kubelet registers its node.

    `hostname`: --hostname-override. `node_ip`: --node-ip; the EKS AMIs set both.
    From: Kubernetes v1.36.2, pkg/kubelet/nodestatus/setters.go (NodeAddress).
    """
    own: list[NodeAddress] = [("InternalIP", node_ip)] if node_ip else []
    return [*own, ("Hostname", hostname)]


def cloud_addresses(
    machine: Machine, hostname: str, *, node_ip: str = "", families: Sequence[Family] = ("ipv4",)
) -> list[NodeAddress]:
    """Return the addresses that the cloud controller writes after it has seen the instance.

    `families`: the cloud controller's NodeIPFamilies. Of the type of `node_ip`, only it remains.
    From: cloud-provider-aws v1.36.2, pkg/providers/v1/aws.go (getInstanceNodeAddress);
    cloud-provider v0.36.2, controllers/node/node_controller.go (updateNodeAddress),
    node/helpers/address.go (GetNodeAddressesFromNodeIP).
    """
    of_family = {"ipv4": _ipv4, "ipv6": _ipv6}
    shown = [address for family in families for address in of_family[family](machine)]
    if not any(kind == "Hostname" for kind, _ in shown):
        shown.append(("Hostname", hostname))
    if not node_ip:
        return shown
    first = [address for address in shown if address[1] == node_ip]
    types = {kind for kind, _ in first}
    return first + [address for address in shown if address[0] not in types]


def names(addresses: Iterable[NodeAddress]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the DNS names and the IP addresses that a kubelet requests, each sorted as text.

    From: Kubernetes v1.36.2, pkg/kubelet/certificate/kubelet.go (addressesToHostnamesAndIPs).
    """
    ips = {address for kind, address in addresses if kind in {"InternalIP", "ExternalIP"}}
    dns = {address for kind, address in addresses if kind not in {"InternalIP", "ExternalIP"}}
    return tuple(sorted(dns)), tuple(sorted(ips))


def _ipv4(machine: Machine) -> Iterator[NodeAddress]:
    for eni in sorted(machine.enis, key=lambda eni: eni.device):
        for address in (eni.ip, *eni.secondary):
            if address:
                yield "InternalIP", address
    if machine.enis[0].public:
        yield "ExternalIP", machine.enis[0].public
    if machine.name:
        yield "InternalDNS", machine.name
        yield "Hostname", machine.name
    if machine.public_name:
        yield "ExternalDNS", machine.public_name


def _ipv6(machine: Machine) -> Iterator[NodeAddress]:
    for eni in machine.enis:
        for address in eni.ipv6[:1]:
            yield "InternalIP", str(ip_address(address))
