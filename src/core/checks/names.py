"""Checks of the names: which of them are the instance's own."""

from collections.abc import Callable, Iterable, Iterator

from core.checks.instance import node_name, node_names, resource_name
from core.dns import folded
from core.model import (
    Case,
    Instance,
    IpAddress,
    IpNetwork,
    NetworkInterface,
    Refusal,
)

# From: EC2 API reference, NetworkInterface.InterfaceType. Deliberately absent: branch and trunk
# (their addresses are pods'), and all kinds that AWS's services own.
_NODE_INTERFACES = frozenset({"interface", "efa"})

_NO_PUBLIC = "ALLOW_PUBLIC_ADDRESSES=false refuses public names"


def dns_names(case: Case) -> Refusal | None:
    """Check that every DNS name is one of the instance's own.

    A name that EC2 shows on the instance, but that the policy or the node's own name doesn't allow,
    is no proof against the requester. From: cloud-provider-aws pkg/providers/v1/aws.go (what a
    Node's addresses are on EC2).
    """
    instance = case.running_instance
    own = own_dns_names(case, instance)
    foreign = [name for name in case.pkcs10.dns if folded(name) not in own]
    if not foreign:
        return None
    if not instance.private_dns_name:
        return Refusal.leave("instance has no name yet", f"EC2 gives no names for {instance.id}")
    expected = f"expected one of {sorted(own)}"
    shown = shown_dns_names(instance)
    unknown = [name for name in foreign if folded(name) not in shown]
    if unknown:
        return Refusal.deny("DNS name is not the instance's", f"got {unknown}, {expected}")
    is_public = folded(instance.public_dns_name) in map(folded, foreign)
    cause = _NO_PUBLIC if is_public else "the node has another name"
    return Refusal.leave(
        "DNS name not accepted", f"got {foreign}, on {instance.id} but {cause}; {expected}"
    )


def ip_addresses(case: Case) -> Refusal | None:
    """Check that every IP address is one that EC2 shows as this node's own.

    Secondary private addresses, delegated prefixes, and trunk and branch interfaces are what the
    VPC CNI gives to pods. From: amazon-vpc-cni-k8s README; EC2 API reference, NetworkInterface.
    """
    instance = case.running_instance
    own = set(own_addresses(case, instance))
    foreign = [ip for ip in dict.fromkeys(case.pkcs10.addresses) if ip not in own]
    if not foreign:
        return None
    if not any(_shown_addresses(instance)):
        return Refusal.leave(
            "instance has no address yet", f"EC2 gives no addresses for {instance.id}"
        )
    expected = f"expected one of {sorted(str(ip) for ip in own)}"
    is_shown = shown_on(instance)
    unknown = [str(ip) for ip in foreign if not is_shown(ip)]
    if unknown:
        return Refusal.deny("address is not the instance's", f"got {unknown}, {expected}")
    got, public = [str(ip) for ip in foreign], set(_public_addresses(instance))
    is_public = not case.policy.allow_public_addresses and public.issuperset(foreign)
    cause = _NO_PUBLIC if is_public else "a pod's or another interface's"
    return Refusal.leave(
        "address not accepted", f"got {got}, on {instance.id} but {cause}; {expected}"
    )


def own_dns_names(case: Case, instance: Instance) -> frozenset[str]:
    """Return the DNS names that the instance's certificate may have, folded."""
    names = {instance.private_dns_name, resource_name(instance)}
    if node_name(case) is None:
        names.add(case.csr.node or "")
    if case.policy.allow_public_addresses:
        names.add(instance.public_dns_name)
    own = {folded(name) for name in names if name}
    first_labels = {name.partition(".")[0] for name in own}
    extra = {
        f"{label}.{domain}" for label in first_labels for domain in case.policy.extra_dns_suffixes
    }
    return frozenset(own | extra)


def shown_dns_names(instance: Instance) -> frozenset[str]:
    """Return the DNS names that EC2 shows on the instance, folded, whatever the policy allows."""
    return node_names(instance) | {folded(instance.public_dns_name)} - {""}


def own_addresses(case: Case, instance: Instance) -> Iterator[IpAddress]:
    """Yield the addresses that the instance's certificate may have."""
    for interface in instance.interfaces:
        if not _is_the_nodes(case, instance, interface):
            continue
        for private in interface.ipv4:
            if private.primary:
                yield private.address
                if case.policy.allow_public_addresses:
                    yield from private.public
        for ip in interface.ipv6:
            if not any(ip in prefix for prefix in interface.prefixes):
                yield ip


def shown_on(instance: Instance) -> Callable[[IpAddress], bool]:
    """Return a function: whether EC2 shows an address on the instance, even if it is a pod's."""
    shown = frozenset(_shown_addresses(instance))
    delegated = _within(prefix for one in instance.interfaces for prefix in one.prefixes)
    return lambda ip: ip in shown or delegated(ip)


def _is_the_nodes(case: Case, instance: Instance, interface: NetworkInterface) -> bool:
    if not interface.attached or interface.kind not in _NODE_INTERFACES:
        return False
    if interface.device_index == 0 and interface.card_index == 0:
        return True
    same_vpc = bool(interface.vpc_id) and interface.vpc_id == instance.vpc_id
    return case.policy.allow_secondary_enis and same_vpc


def _public_addresses(instance: Instance) -> Iterator[IpAddress]:
    for interface in instance.interfaces:
        for private in interface.ipv4:
            yield from private.public


def _shown_addresses(instance: Instance) -> Iterator[IpAddress]:
    yield from instance.other_addresses
    for interface in instance.interfaces:
        yield from interface.ipv6
        for private in interface.ipv4:
            yield private.address
            yield from private.public


def _within(prefixes: Iterable[IpNetwork]) -> Callable[[IpAddress], bool]:
    """Return a function: whether any prefix contains an address.

    A request may have 8,000 addresses, so it looks up each instead of trying all prefixes.
    """
    blocks = {_block(prefix.network_address, prefix.prefixlen) for prefix in prefixes}
    sizes = {size for _, size, _ in blocks}
    return lambda ip: any(_block(ip, size) in blocks for size in sizes)


def _block(ip: IpAddress, size: int) -> tuple[int, int, int]:
    return ip.version, size, int(ip) >> max(0, ip.max_prefixlen - size)
