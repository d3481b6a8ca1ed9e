"""Return, for each name that a request asks for, whether EC2 confirms it, and if not, why.

It uses the checks' own functions, so it can't differ from a review.
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
    """How a name relates to the requester's instance."""

    CONFIRMED = "confirmed"
    #: Another setting would confirm it; the operator decides.
    NEEDS_SETTING = "needs-setting"
    #: On the instance, but a pod's, on an interface that no setting accepts, or not this node's.
    NOT_ACCEPTED = "not-accepted"
    NOT_ON_INSTANCE = "not-on-instance"
    RESERVED = "reserved"
    #: Neither a host name nor a single address.
    UNSUPPORTED = "unsupported"
    #: EC2 shows no running instance of this cluster, or no names of it yet.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RequestedName:
    """A name asked for. `settings`: those that would confirm it, as NAME=VALUE."""

    kind: str
    value: str
    status: NameStatus
    settings: tuple[str, ...] = ()


def name_statuses(case: Case) -> tuple[RequestedName, ...]:
    """Return every name of the request, once, in its order; none if it can't be read."""
    if not isinstance(case.request, Pkcs10):
        return ()
    own = case.instance if has_own_instance(case, KUBELET_SERVING_CHECKS) else None
    known = None if own is None else _Known(case, own)
    return tuple(_named(case, case.request, san, known) for san in dict.fromkeys(case.request.sans))


class _Known:
    """What EC2 shows of the instance, computed once: there may be thousands of names."""

    def __init__(self, case: Case, instance: Instance) -> None:
        self._case = case
        self._instance = instance
        self._is_shown = shown_on(instance)
        self._shown_dns = shown_dns_names(instance)
        addressed = any(one.ipv4 or one.ipv6 for one in instance.interfaces)
        self._shows_any = addressed or bool(instance.other_addresses)
        self._own_dns = cache(self._own_dns_under)
        self._own_ips = cache(self._own_ips_under)

    def status(self, san: DnsName | IpName) -> NameStatus:
        """Return the status of a name that isn't reserved."""
        if self.confirms(san):
            return NameStatus.CONFIRMED
        if isinstance(san, DnsName):
            is_shown = folded(san.value) in self._shown_dns
            has_any = bool(self._instance.private_dns_name)
        else:
            is_shown, has_any = self._is_shown(san.address), self._shows_any
        if not has_any:
            return NameStatus.UNKNOWN
        return NameStatus.NOT_ACCEPTED if is_shown else NameStatus.NOT_ON_INSTANCE

    def confirms(self, san: DnsName | IpName, **changes: object) -> bool:
        """Return True when the name is the instance's under a policy with these changes."""
        key = tuple(sorted(changes.items()))
        if isinstance(san, DnsName):
            return folded(san.value) in self._own_dns(key)
        return san.address in self._own_ips(key)

    def _own_dns_under(self, changes: tuple[tuple[str, object], ...]) -> frozenset[str]:
        return own_dns_names(self._under(changes), self._instance)

    def _own_ips_under(self, changes: tuple[tuple[str, object], ...]) -> frozenset[IpAddress]:
        return frozenset(own_addresses(self._under(changes), self._instance))

    def _under(self, changes: tuple[tuple[str, object], ...]) -> Case:
        return replace(self._case, policy=self._case.policy.model_copy(update=dict(changes)))


def _named(case: Case, request: Pkcs10, san: San, known: _Known | None) -> RequestedName:
    if isinstance(san, OtherName):
        return RequestedName(san.kind, san.value, NameStatus.UNSUPPORTED)
    kind, value = ("DNS", san.value) if isinstance(san, DnsName) else ("IP", str(san.address))
    alone = replace(case, request=replace(request, sans=(san,)))
    if san_kinds(alone) is not None:
        return RequestedName(kind, value, NameStatus.UNSUPPORTED)
    if reserved_names(alone) is not None:
        return RequestedName(kind, value, NameStatus.RESERVED)
    if known is None:
        return RequestedName(kind, value, NameStatus.UNKNOWN)
    status = known.status(san)
    if status in {NameStatus.NOT_ON_INSTANCE, NameStatus.NOT_ACCEPTED}:
        settings = next(_confirming(case.policy, san, known), ())
        return RequestedName(
            kind, value, NameStatus.NEEDS_SETTING if settings else status, settings
        )
    return RequestedName(kind, value, status)


def _confirming(policy: Policy, san: DnsName | IpName, known: _Known) -> Iterator[tuple[str, ...]]:
    """Yield the settings under which the name is the instance's, the fewest first."""
    public, enis = {"allow_public_addresses": True}, {"allow_secondary_enis": True}
    for changes in (public, enis, public | enis):
        if known.confirms(san, **changes):
            names = [name for name in changes if not getattr(policy, name)]
            yield tuple(f"{name.upper()}=true" for name in names)
    domain = suffix(folded(san.value)) if isinstance(san, DnsName) else ""
    try:
        own = Policy.from_env({"EXTRA_DNS_SUFFIXES": domain}).extra_dns_suffixes
    except BadSettings:  # AWS's or a cluster's own
        return
    suffixes = (*policy.extra_dns_suffixes, *own)
    if own and known.confirms(san, extra_dns_suffixes=suffixes):
        yield (f"EXTRA_DNS_SUFFIXES={','.join(suffixes)}",)
