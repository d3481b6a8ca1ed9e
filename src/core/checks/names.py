"""Checks of the names: reserved ones, which no one gets, and the instance's own."""

import re
from collections.abc import Callable, Iterable, Iterator

from core.checks.instance import node_name, resource_name
from core.dns import folded
from core.model import (
    Case,
    Instance,
    IpAddress,
    IpNetwork,
    NetworkInterface,
    NotProvided,
    Refusal,
)
from core.settings import AWS_SERVICE_DOMAINS

# Names by which the pods of every cluster reach the API server, or themselves.
_NEVER = ("kubernetes", "localhost", "kubernetes.default")
# Instances' public names are in a domain of AWS's services; `dns-names` judges them.
# From: EC2 User Guide, "EC2 instance hostnames" (ec2-192-0-2-1.<region>.compute.amazonaws.com).
_PUBLIC_INSTANCE_NAME = re.compile(
    r"ec2-[0-9a-z-]+\.(?:compute-1|[a-z0-9-]+\.compute)\.(?:amazonaws\.(?:com|com\.cn|eu)"
    r"|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)",
    re.ASCII,
)
# From: EC2 API reference, NetworkInterface.InterfaceType. Deliberately absent: branch and trunk
# (their addresses are pods'), and all kinds that AWS's services own.
_NODE_INTERFACES = frozenset({"interface", "efa"})


def reserved_names(case: Case) -> Refusal | None:
    """Check that no name is reserved: the cluster's, AWS's, or the machine's own such as localhost.

    From: Kubernetes, "DNS for Services and Pods"; RFC 6761 (localhost); RFC 6890 (addresses).
    """
    request = case.pkcs10
    names = [name for name in request.dns if _is_reserved_name(folded(name))]
    addresses = [str(ip) for ip in request.addresses if _is_reserved_address(case, ip)]
    if not names and not addresses:
        return None
    return Refusal.deny(
        "reserved name", f"got {names + addresses}, expected none of the cluster's or AWS's"
    )


def reserved_for_services(case: Case) -> Refusal | None:
    """Check that no name is the API server's, AWS's, or the machine's own such as localhost.

    Neither as subjectAltName nor as CN, which some clients still read. From: Kubernetes,
    "Service" (the Service `kubernetes` has the first address of the range); RFC 6761; RFC 6890.
    """
    request = case.pkcs10
    asked = (*request.dns, *request.common_names)
    names = [name for name in asked if is_never_allowed(folded(name))]
    own = {network.network_address + 1 for network in _service_ranges(case)}
    addresses = [str(ip) for ip in request.addresses if is_never_allowed_address(ip) or ip in own]
    if not names and not addresses:
        return None
    return Refusal.deny(
        "reserved name", f"got {names + addresses}, expected none of the API server's or AWS's"
    )


def dns_names(case: Case) -> Refusal | None:
    """Check that every DNS name is one of the instance's own.

    From: cloud-provider-aws pkg/providers/v1/aws.go (what a Node's addresses are on EC2).
    """
    instance = case.running_instance
    own = own_dns_names(case, instance)
    foreign = [name for name in case.pkcs10.dns if folded(name) not in own]
    if not foreign:
        return None
    if not instance.private_dns_name:
        return Refusal.leave("instance has no name yet", f"EC2 gives no names for {instance.id}")
    return Refusal.deny(
        "DNS name is not the instance's", f"got {foreign}, expected one of {sorted(own)}"
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
    got = [str(ip) for ip in foreign]
    return Refusal.leave(
        "address not accepted",
        f"got {got}, on {instance.id} but a pod's or another interface's; {expected}",
    )


def _is_reserved_name(name: str) -> bool:
    return "svc" in name.split(".")[1:] or _under(name, "cluster.local") or is_never_allowed(name)


def is_never_allowed(name: str) -> bool:
    """Return True for names that no requester of any kind may have."""
    if "*" in name or name in _NEVER or _under(name, "localhost"):
        return True
    if name.startswith("kubernetes.default.") or name.endswith(".kubernetes.default"):
        return True
    if _PUBLIC_INSTANCE_NAME.fullmatch(name):
        return False
    return any(_under(name, domain) for domain in AWS_SERVICE_DOMAINS)


def _is_reserved_address(case: Case, ip: IpAddress) -> bool:
    return is_never_allowed_address(ip) or any(ip in network for network in _service_ranges(case))


def is_never_allowed_address(ip: IpAddress) -> bool:
    """Return True for addresses that are every machine's own, or no single machine's."""
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


def _service_ranges(case: Case) -> tuple[IpNetwork, ...]:
    return () if isinstance(case.cluster, NotProvided) else case.cluster.service_ranges


def _under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


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
