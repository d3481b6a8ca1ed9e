"""Nodes: what EC2 shows of their instances, and what their kubelets ask for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv4Address

from core.model import Instance
from sandbox.csr_builder import keys
from sandbox.csr_builder.request import CsrBuilder, Names
from tests.builders import PROFILE, an_instance, an_interface

#: An address that EC2 shows on no instance.
FOREIGN = "10.255.255.254"


@dataclass(slots=True)
class Node:
    """One node, whose names may change. `mapped`: the cluster treats its role as a node's."""

    name: str
    instance: Instance
    dns: tuple[str, ...]
    ips: tuple[str, ...]
    mapped: bool = True
    #: Names that the cloud controller adds after the first certificate.
    public: tuple[tuple[str, ...], tuple[str, ...]] = field(default=((), ()))

    @property
    def request(self) -> bytes:
        """Return a signed request for the node's present names."""
        return request(self.name, self.dns, self.ips)

    @property
    def is_honest(self) -> bool:
        """Return whether EC2 shows every name on the instance, so that EKS may verify them."""
        shown = {str(address) for address in self.instance.addresses()}
        known = {self.instance.private_dns_name, self.instance.public_dns_name}
        return shown.issuperset(self.ips) and known.issuperset(self.dns)


@cache
def request(node: str, dns: tuple[str, ...], ips: tuple[str, ...]) -> bytes:
    """Build a request once per set of names, to save time; a real kubelet would make a new key."""
    return CsrBuilder.of_node(keys.ecdsa(node), node, Names(node, dns, ips)).pem()


def a_node(number: int, cluster: str, region: str, vpc_id: str, now: datetime) -> Node:
    """Return a new node in a private subnet. `number`: unique in the account."""
    instance_id = f"i-{number:017x}"
    address = IPv4Address(int(IPv4Address("10.0.0.1")) + number)
    name = f"ip-{str(address).replace('.', '-')}.{region}.compute.internal"
    instance = an_instance(
        id=instance_id,
        launched=now - timedelta(seconds=60),
        vpc_id=vpc_id,
        private_dns_name=name,
        public_dns_name="",
        profile_arn=PROFILE,
        tags={f"kubernetes.io/cluster/{cluster}": "owned"},
        interfaces=(an_interface(vpc_id=vpc_id, address=str(address), public=(), secondary=()),),
    )
    return Node(name, instance, (name,), (str(address),))


def in_public_subnet(node: Node, number: int, region: str) -> Node:
    """Return the node with a public address, which its kubelet requests from its second CSR on."""
    address = public_address(number)
    node.instance = with_public(node.instance, address, region)
    node.public = ((node.instance.public_dns_name,), (address,))
    return node


def public_address(number: int) -> str:
    """Return one of EC2's public addresses."""
    return str(IPv4Address(int(IPv4Address("198.51.0.1")) + number))


def with_public(instance: Instance, address: str, region: str) -> Instance:
    """Return the instance with this public address in place of any other."""
    private = str(instance.interfaces[0].ipv4[0].address)
    return an_instance(
        id=instance.id,
        launched=instance.launched,
        vpc_id=instance.vpc_id,
        private_dns_name=instance.private_dns_name,
        public_dns_name=f"ec2-{address.replace('.', '-')}.{region}.compute.amazonaws.com",
        profile_arn=instance.profile_arn,
        tags=instance.tags,
        interfaces=(
            an_interface(vpc_id=instance.vpc_id, address=private, public=(address,), secondary=()),
        ),
    )
