"""A public address that has left its instance: most likely an honest node's.

A node in a public subnet asks for its public address and name. If the address changes while the
request is pending, the request names one that the instance no longer has. It is never approved; but
its denial is counted apart, because it is no sign of an attack. From: AWS, "Elastic IP addresses"
(associating one replaces the instance's public address).
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Final, TypeGuard

from core.checks.own_names import own_addresses, own_dns_names, public_addresses, shown_on
from core.dns import folded, suffix
from core.model import Case, Instance, IpAddress, Pkcs10

# What no instance has as its public address. From: RFC 1918, RFC 6598, and EC2 User Guide, "VPC
# CIDR blocks" (198.19.0.0/16), with the whole of RFC 2544's range; RFC 6890 and RFC 5771.
_NOT_PUBLIC: Final = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"),
    *("0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
)
# As numbers: asking each network takes ten times as long, for every request.
_NOT_PUBLIC_NUMBERS: Final = tuple(
    (int(network[0]), int(network[-1])) for network in map(IPv4Network, _NOT_PUBLIC)
)
# From: EC2 User Guide, "EC2 instance hostnames" (ec2-192-0-2-1.<region>.compute.amazonaws.com).
_SPELLED: Final = re.compile(r"ec2-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})", re.ASCII)


def moved_address(case: Case) -> IPv4Address | None:
    """Return the address that the instance most likely had when its first such request was filed.

    None if EC2 shows it on another instance, or that wasn't asked.
    """
    free = {one for one, ids in case.holders.items() if ids <= {case.running_instance.id}}
    address = may_have_moved(case)
    return address if address in free and not case.peers.asked_for_public else None


def may_have_moved(case: Case) -> IPv4Address | None:
    """Return the one public address that the request names beyond what is the instance's own.

    None without a readable request or a running instance; if the request names anything else; or if
    the instance has no public address now, or is in a VPC whose private addresses are in public
    ranges: there the address may be another machine's.
    """
    request, instance = case.request, case.instance
    if instance is None or not isinstance(request, Pkcs10):
        return None
    if not public_addresses(instance) or any(map(is_public, _private_addresses(instance))):
        return None
    own_ips, own_dns = set(own_addresses(case, instance)), own_dns_names(case, instance)
    ips = {ip for ip in request.addresses if ip not in own_ips}
    names = [name for name in request.dns if folded(name) not in own_dns]
    spelled = {_spelled(name, instance) for name in names}
    named = ips | spelled
    if len(named) != 1:
        return None
    [address] = named
    return address if is_public(address) and not shown_on(instance)(address) else None


def is_public(address: IpAddress | None) -> TypeGuard[IPv4Address]:
    """Return True for an IPv4 address that EC2 may give to an instance as its public one."""
    if not isinstance(address, IPv4Address):
        return False
    number = int(address)
    return not any(first <= number <= last for first, last in _NOT_PUBLIC_NUMBERS)


def names_public(dns: Sequence[str], addresses: Sequence[IpAddress]) -> bool:
    """Return True when a request names any public IPv4 address, or the name that spells one."""
    if any(map(is_public, addresses)):
        return True
    return any(_SPELLED.fullmatch(folded(name).partition(".")[0]) for name in dns)


def _private_addresses(instance: Instance) -> list[IpAddress]:
    return [private.address for one in instance.interfaces for private in one.ipv4]


def _spelled(name: str, instance: Instance) -> IPv4Address | None:
    """Return the address in a public DNS name of the instance's own Region; None for any other."""
    label, _, domain = folded(name).partition(".")
    match = _SPELLED.fullmatch(label)
    if match is None or not domain or domain != folded(suffix(instance.public_dns_name)):
        return None
    try:
        return IPv4Address(".".join(match.groups()))
    except ValueError:
        return None
