"""Checks of reserved names: the cluster's, AWS's, and each machine's own, such as localhost."""

import re

from core.dns import folded
from core.domains import AWS_SERVICE_DOMAINS
from core.model import Case, IpAddress, IpNetwork, NotProvided, Refusal
from core.printable import listed

# `endswith` takes a tuple: one call for all domains.
_DOTTED_AWS_SERVICE_DOMAINS = tuple(f".{domain}" for domain in AWS_SERVICE_DOMAINS)
# Names by which the pods of every cluster reach the API server.
_NEVER = ("kubernetes", "kubernetes.default")
# Instances' public names are in a domain of AWS's services; `dns-names` judges them.
# From: EC2 User Guide, "EC2 instance hostnames" (ec2-192-0-2-1.<region>.compute.amazonaws.com).
_PUBLIC_INSTANCE_NAME = re.compile(
    r"ec2-[0-9a-z-]+\.(?:compute-1|[a-z0-9-]+\.compute)\.(?:amazonaws\.(?:com|com\.cn|eu)"
    r"|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)


def reserved_names(case: Case) -> Refusal | None:
    """Check that no name is reserved: the cluster's, AWS's, or the machine's own such as localhost.

    From: Kubernetes, "DNS for Services and Pods"; RFC 6761 (localhost); RFC 6890 (addresses).
    """
    request = case.pkcs10
    names = [name for name in request.dns if _is_reserved_name(folded(name))]
    addresses = [ip for ip in request.addresses if _is_reserved_address(case, ip)]
    if not names and not addresses:
        return None
    return Refusal.deny(
        "reserved name",
        f"got {listed([*names, *addresses])}, expected none of the cluster's or AWS's",
    )


def reserved_for_services(case: Case) -> Refusal | None:
    """Check that no name is the API server's, AWS's, or the machine's own such as localhost.

    Neither as subjectAltName nor as CN, which some clients still read. Loopback names are left to a
    person: servers ask for them beside their Service's, to be reached from their own pod. From:
    Kubernetes, "Service" (the Service `kubernetes` has the first address of the range); RFC 6761;
    RFC 6890.
    """
    request = case.pkcs10
    asked = (*request.dns, *request.common_names)
    loopback: list[object] = [name for name in asked if is_loopback(folded(name))]
    names = [name for name in asked if name not in loopback and is_never_allowed(folded(name))]
    own = {network.network_address + 1 for network in _service_ranges(case)}
    addresses = [
        ip
        for ip in request.addresses
        if ip in own or (is_never_allowed_address(ip) and not ip.is_loopback)
    ]
    if names or addresses:
        return Refusal.deny(
            "reserved name",
            f"got {listed([*names, *addresses])}, expected none of the API server's or AWS's",
        )
    loopback += [ip for ip in request.addresses if ip.is_loopback]
    if not loopback:
        return None
    return Refusal.leave(
        "loopback name", f"got {listed(loopback)}, expected none of the machine's own", warns=True
    )


def _is_reserved_name(name: str) -> bool:
    return "svc" in name.split(".")[1:] or _under(name, "cluster.local") or is_never_allowed(name)


def is_never_allowed(name: str) -> bool:
    """Return True for names that no requester of any kind may have."""
    if "*" in name or name in _NEVER or is_loopback(name):
        return True
    if name.startswith("kubernetes.default.") or name.endswith(".kubernetes.default"):
        return True
    if _PUBLIC_INSTANCE_NAME.fullmatch(name):
        return False
    return name in AWS_SERVICE_DOMAINS or name.endswith(_DOTTED_AWS_SERVICE_DOMAINS)


def _is_reserved_address(case: Case, ip: IpAddress) -> bool:
    return is_never_allowed_address(ip) or any(ip in network for network in _service_ranges(case))


def is_never_allowed_address(ip: IpAddress) -> bool:
    """Return True for addresses that are every machine's own, or no single machine's."""
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast


def _service_ranges(case: Case) -> tuple[IpNetwork, ...]:
    return () if isinstance(case.cluster, NotProvided) else case.cluster.service_ranges


def is_loopback(name: str) -> bool:
    """Return True for each machine's own name. From: RFC 6761, section 6.3."""
    return _under(name, "localhost")


def _under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
