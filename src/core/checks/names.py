"""Checks of the names: whether each is the instance's own."""

from core.checks.moved import moved_address
from core.checks.own_names import (
    own_addresses,
    own_dns_names,
    public_addresses,
    shown_dns_names,
    shown_on,
)
from core.dns import folded
from core.model import ADDRESS_MOVED, Case, Refusal
from core.printable import listed

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
    expected = f"expected one of {listed(sorted(own))}"
    shown = shown_dns_names(instance)
    unknown = [name for name in foreign if folded(name) not in shown]
    if unknown:
        return _deny(case, "DNS name is not the instance's", f"got {listed(unknown)}, {expected}")
    is_public = folded(instance.public_dns_name) in map(folded, foreign)
    cause = _NO_PUBLIC if is_public else "the node has another name"
    return Refusal.leave(
        "DNS name not accepted", f"got {listed(foreign)}, on {instance.id} but {cause}; {expected}"
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
    if not any(instance.addresses()):
        return Refusal.leave(
            "instance has no address yet", f"EC2 gives no addresses for {instance.id}"
        )
    expected = f"expected one of {listed(sorted(str(ip) for ip in own))}"
    is_shown = shown_on(instance)
    unknown = [ip for ip in foreign if not is_shown(ip)]
    if unknown:
        return _deny(case, "address is not the instance's", f"got {listed(unknown)}, {expected}")
    public = public_addresses(instance)
    is_public = not case.policy.allow_public_addresses and public.issuperset(foreign)
    cause = _NO_PUBLIC if is_public else "a pod's or another interface's"
    return Refusal.leave(
        "address not accepted", f"got {listed(foreign)}, on {instance.id} but {cause}; {expected}"
    )


def _deny(case: Case, reason: str, detail: str) -> Refusal:
    """Deny, with a reason of its own where most likely a public address has left the instance.

    The condition has the usual reason: the other would show that no instance has the address.
    """
    if moved_address(case) is None:
        return Refusal.deny(reason, detail)
    return Refusal.deny(ADDRESS_MOVED, detail, condition_reason=reason)
