"""The names and addresses of an instance: its own, and what else EC2 shows on it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from core.checks.instance import node_name, node_names, resource_name
from core.dns import folded
from core.model import (
    Case,
    Instance,
    IpAddress,
    IpNetwork,
    NetworkInterface,
    Pkcs10,
    UnreadableRequest,
)
from core.settings import Policy

# Without these settings an instance has only the names that EKS, too, can verify.
_NO_SETTING = {"extra_dns_suffixes": (), "allow_secondary_enis": False}

# From: EC2 API reference, NetworkInterface.InterfaceType. Deliberately absent: branch and trunk
# (their addresses are pods'), and all kinds that AWS's services own.
_NODE_INTERFACES = frozenset({"interface", "efa"})


def own_dns_names(case: Case, instance: Instance) -> set[str]:
    """Return the DNS names that the instance's certificate may have, folded."""
    names: set[str | None] = {instance.private_dns_name, resource_name(instance)}
    if node_name(case) is None:
        names.add(case.csr.node)
    if case.policy.allow_public_addresses:
        names.add(instance.public_dns_name)
    own = {folded(name) for name in names if name}
    first_labels = {name.partition(".")[0] for name in own}
    extra = {
        f"{label}.{domain}" for label in first_labels for domain in case.policy.extra_dns_suffixes
    }
    return own | extra


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


def needs_a_setting(case: Case) -> bool:
    """Return whether a name is accepted only by EXTRA_DNS_SUFFIXES or ALLOW_SECONDARY_ENIS.

    EKS doesn't verify such a name, so it issues nothing for the request until it is approved. From:
    EKS User Guide, "Secure workloads with Kubernetes certificates".
    """
    instance, request = case.instance, case.request
    if instance is None or not isinstance(request, Pkcs10):
        return False
    if not accepts_more_by_setting(case.policy):
        return False
    bare = replace(case, policy=case.policy.model_copy(update=_NO_SETTING))
    dns, addresses = own_dns_names(bare, instance), set(own_addresses(bare, instance))
    return not (
        dns.issuperset(map(folded, request.dns)) and addresses.issuperset(request.addresses)
    )


def accepts_more_by_setting(policy: Policy) -> bool:
    """Return whether the policy accepts names that EKS doesn't verify."""
    return bool(policy.extra_dns_suffixes) or policy.allow_secondary_enis


def may_need_a_setting(request: Pkcs10 | UnreadableRequest, policy: Policy) -> bool:
    """Return whether `needs_a_setting` may be true, by the request alone.

    A kubelet names an address of a secondary interface only beside the primary one's.
    """
    if not isinstance(request, Pkcs10):
        return False
    suffixes = tuple(f".{domain}" for domain in policy.extra_dns_suffixes)
    if any(folded(name).endswith(suffixes) for name in request.dns):
        return True
    pairs = combinations(request.addresses, 2)
    return policy.allow_secondary_enis and any(one.version == two.version for one, two in pairs)


def public_addresses(instance: Instance) -> frozenset[IpAddress]:
    """Return the public IPv4 addresses that EC2 shows on the instance's interfaces."""
    interfaces = instance.interfaces
    return frozenset(ip for one in interfaces for private in one.ipv4 for ip in private.public)


def shown_on(instance: Instance) -> Callable[[IpAddress], bool]:
    """Return a function: whether EC2 shows an address on the instance, even if it is a pod's."""
    shown = frozenset(instance.addresses())
    delegated = _within(prefix for one in instance.interfaces for prefix in one.prefixes)
    return lambda ip: ip in shown or delegated(ip)


def _is_the_nodes(case: Case, instance: Instance, interface: NetworkInterface) -> bool:
    if not interface.attached or interface.kind not in _NODE_INTERFACES:
        return False
    if interface.device_index == 0 and interface.card_index == 0:
        return True
    if not case.policy.allow_secondary_enis or not interface.vpc_id:
        return False
    return interface.vpc_id == instance.vpc_id


def _within(prefixes: Iterable[IpNetwork]) -> Callable[[IpAddress], bool]:
    """Return a function: whether any prefix contains an address.

    A request may have 8,000 addresses, so it looks up each instead of trying all prefixes.
    """
    blocks = {_block(prefix.network_address, prefix.prefixlen) for prefix in prefixes}
    sizes = {size for _, size, _ in blocks}
    return lambda ip: any(_block(ip, size) in blocks for size in sizes)


def _block(ip: IpAddress, size: int) -> tuple[int, int, int]:
    return ip.version, size, int(ip) >> max(0, ip.max_prefixlen - size)
