"""Whether EC2 confirms each name that a request asks for, and if not, why.

The statuses come from the checks' own functions, so they can't differ from a review's verdict.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from core.checks import KUBELET_SERVING_CHECKS
from core.checks.own_names import own_addresses, own_dns_names, shown_dns_names, shown_on
from core.checks.request import san_kinds
from core.checks.reserved import reserved_names
from core.decision import has_own_instance
from core.dns import folded, suffix
from core.errors import BadSettings
from core.model import Case, DnsName, Instance, IpAddress, IpName, OtherName, Pkcs10, San
from core.settings import Policy


class NameStatus(Enum):
    """How a requested name relates to the requester's instance."""

    CONFIRMED = "confirmed"
    #: A change of settings would confirm it; the operator decides.
    NEEDS_SETTING = "needs-setting"
    #: EC2 shows it on the instance, but no setting would confirm it: a pod's address, an address of
    #: an interface that isn't the node's, or one of the instance's names that isn't the node's.
    NOT_ACCEPTED = "not-accepted"
    NOT_ON_INSTANCE = "not-on-instance"
    #: Only the cluster or AWS may have it, such as `kubernetes.default` or a Service's address.
    RESERVED = "reserved"
    #: Neither a host name nor a single address.
    UNSUPPORTED = "unsupported"
    #: EC2 shows no running instance of this cluster, or no names or addresses of it yet.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RequestedName:
    """One name that a request asks for, and its status.

    `kind`: `DNS`, `IP`, or another kind of GeneralName. `settings`: those that would confirm the
    name, as NAME=VALUE; empty unless the status is NEEDS_SETTING.
    """

    kind: str
    value: str
    status: NameStatus
    settings: tuple[str, ...] = ()


def name_statuses(case: Case) -> tuple[RequestedName, ...]:
    """Return each name of the request with its status, once, in the request's order.

    Empty if the request can't be read.
    """
    if not isinstance(case.request, Pkcs10):
        return ()
    # An instance that may not be the requester's proves nothing: its names would mislead.
    instance = case.instance if has_own_instance(case, KUBELET_SERVING_CHECKS) else None
    shown = None if instance is None else _InstanceNames(case, instance)
    sans = dict.fromkeys(case.request.sans)
    return tuple(_requested_name(case, case.request, san, shown) for san in sans)


class _InstanceNames:
    """The instance's names, as EC2 shows them and as the settings allow them.

    They are computed once per instance, because a request may ask for thousands of names.
    """

    def __init__(self, case: Case, instance: Instance) -> None:
        self._case = case
        self._instance = instance
        self._is_address_shown = shown_on(instance)
        self._shown_dns = shown_dns_names(instance)
        interface_has_address = any(one.ipv4 or one.ipv6 for one in instance.interfaces)
        self._has_address = interface_has_address or bool(instance.other_addresses)
        self._own_dns = cache(self._own_dns_under)
        self._own_ips = cache(self._own_ips_under)

    def status(self, san: DnsName | IpName) -> NameStatus:
        """Return the status of a name that isn't reserved."""
        if self.confirms(san):
            return NameStatus.CONFIRMED
        if isinstance(san, DnsName):
            is_shown = folded(san.value) in self._shown_dns
            has_names_yet = bool(self._instance.private_dns_name)
        else:
            is_shown, has_names_yet = self._is_address_shown(san.address), self._has_address
        if not has_names_yet:
            return NameStatus.UNKNOWN
        return NameStatus.NOT_ACCEPTED if is_shown else NameStatus.NOT_ON_INSTANCE

    def confirms(self, san: DnsName | IpName, **changes: object) -> bool:
        """Return True when the instance may have the name, under a policy with these changes."""
        # Sorted, so that the same changes in another order are found in the cache.
        key = tuple(sorted(changes.items()))
        if isinstance(san, DnsName):
            return folded(san.value) in self._own_dns(key)
        return san.address in self._own_ips(key)

    def _own_dns_under(self, changes: tuple[tuple[str, object], ...]) -> set[str]:
        return own_dns_names(self._case_under(changes), self._instance)

    def _own_ips_under(self, changes: tuple[tuple[str, object], ...]) -> frozenset[IpAddress]:
        return frozenset(own_addresses(self._case_under(changes), self._instance))

    def _case_under(self, changes: tuple[tuple[str, object], ...]) -> Case:
        return replace(self._case, policy=self._case.policy.model_copy(update=dict(changes)))


def _requested_name(
    case: Case, request: Pkcs10, san: San, shown: _InstanceNames | None
) -> RequestedName:
    """Return one name with its status. `shown`: None if the instance isn't known to be its own."""
    if isinstance(san, OtherName):
        return RequestedName(san.kind, san.value, NameStatus.UNSUPPORTED)
    kind, value = ("DNS", san.value) if isinstance(san, DnsName) else ("IP", str(san.address))
    # The checks judge a whole request: one with this name alone shows what they say about it.
    alone = replace(case, request=replace(request, sans=(san,)))
    if san_kinds(alone) is not None:
        return RequestedName(kind, value, NameStatus.UNSUPPORTED)
    if reserved_names(alone) is not None:
        return RequestedName(kind, value, NameStatus.RESERVED)
    if shown is None:
        return RequestedName(kind, value, NameStatus.UNKNOWN)
    status = shown.status(san)
    if status in {NameStatus.NOT_ON_INSTANCE, NameStatus.NOT_ACCEPTED}:
        settings = next(_confirming_settings(case.policy, san, shown), ())
        return RequestedName(
            kind, value, NameStatus.NEEDS_SETTING if settings else status, settings
        )
    return RequestedName(kind, value, status)


def _confirming_settings(
    policy: Policy, san: DnsName | IpName, shown: _InstanceNames
) -> Iterator[tuple[str, ...]]:
    """Yield each group of settings that would confirm the name, as NAME=VALUE.

    The smaller groups come first, so that the first one allows no more than is needed.
    """
    public, enis = {"allow_public_addresses": True}, {"allow_secondary_enis": True}
    for changes in (public, enis, public | enis):
        if shown.confirms(san, **changes):
            settings = [name for name in changes if not getattr(policy, name)]
            yield tuple(f"{name.upper()}=true" for name in settings)
    domain = suffix(folded(san.value)) if isinstance(san, DnsName) else ""
    try:
        # Read as the setting is, so that nothing is suggested that the settings would refuse.
        added = Policy.from_env({"EXTRA_DNS_SUFFIXES": domain}).extra_dns_suffixes
    except BadSettings:  # a domain that AWS or the cluster owns
        return
    suffixes = (*policy.extra_dns_suffixes, *added)
    if added and shown.confirms(san, extra_dns_suffixes=suffixes):
        yield (f"EXTRA_DNS_SUFFIXES={','.join(suffixes)}",)
