"""Of each name that a request asks for: whether EC2 confirms it, and if not, what would.

By the checks of a review themselves, run on each name alone, so that the two can't differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from core.checks.names import dns_names, ip_addresses, reserved_names
from core.checks.request import san_kinds
from core.dns import folded, suffix
from core.errors import BadSettings
from core.model import Case, DnsName, Effect, Instance, OtherName, Pkcs10, Refusal, San
from core.settings import Policy

_NAME_CHECKS = (san_kinds, reserved_names, dns_names, ip_addresses)


class Standing(Enum):
    """How a name stands to the requester's instance."""

    CONFIRMED = "confirmed"
    #: It would be confirmed by another setting: a choice of the operator's.
    BY_SETTING = "by-setting"
    #: On the instance, but a pod's, or of an interface that isn't vouched for by any setting.
    PODS = "pods"
    FOREIGN = "foreign"
    RESERVED = "reserved"
    #: Neither a host name nor a single address.
    OTHER_KIND = "other-kind"
    #: There is nothing to compare with: no running instance, or EC2 gives it no names yet.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Named:
    """A name asked for. `settings`: what would confirm it, as NAME=VALUE."""

    kind: str
    value: str
    standing: Standing
    settings: tuple[str, ...] = ()


def standings(case: Case) -> tuple[Named, ...]:
    """Every name of the request, once, in its order; none where the request can't be read."""
    if not isinstance(case.request, Pkcs10):
        return ()
    return tuple(_named(case, case.request, san) for san in dict.fromkeys(case.request.sans))


def _named(case: Case, request: Pkcs10, san: San) -> Named:
    alone = replace(case, request=replace(request, sans=(san,)))
    standing = _standing(alone)
    settings: tuple[str, ...] = ()
    if standing in {Standing.FOREIGN, Standing.PODS}:
        settings = next(_confirming(alone, san), ())
    return Named(_kind(san), _text(san), Standing.BY_SETTING if settings else standing, settings)


def _standing(case: Case) -> Standing:
    for check in _NAME_CHECKS:
        refusal = check(case)
        if refusal is not None:
            return _of_refusal(check, refusal, case.instance)
    return Standing.CONFIRMED


def _of_refusal(check: object, refusal: Refusal, instance: Instance | None) -> Standing:
    if check is san_kinds:
        return Standing.OTHER_KIND
    if check is reserved_names:
        return Standing.RESERVED
    if refusal.effect is Effect.DENY:
        return Standing.FOREIGN
    known = instance is not None and (instance.interfaces or instance.loose_addresses)
    return Standing.PODS if check is ip_addresses and known else Standing.UNKNOWN


def _confirming(case: Case, san: San) -> Iterator[tuple[str, ...]]:
    """The settings under which it is the instance's: the fewest first."""
    policy = case.policy
    public, enis = {"allow_public_addresses": True}, {"allow_secondary_enis": True}
    for changes in (public, enis, public | enis):
        if _confirms(case, policy.model_copy(update=changes)):
            names = [name for name in changes if not getattr(policy, name)]
            yield tuple(f"{name.upper()}=true" for name in names)
    domain = suffix(folded(san.value)) if isinstance(san, DnsName) else ""
    try:
        own = Policy.from_env({"EXTRA_DNS_SUFFIXES": domain}).extra_dns_suffixes
    except BadSettings:  # AWS's or a cluster's own
        return
    suffixes = (*policy.extra_dns_suffixes, *own)
    if _confirms(case, policy.model_copy(update={"extra_dns_suffixes": suffixes})):
        yield (f"EXTRA_DNS_SUFFIXES={','.join(suffixes)}",)


def _confirms(case: Case, policy: Policy) -> bool:
    return _standing(replace(case, policy=policy)) is Standing.CONFIRMED


def _kind(san: San) -> str:
    if isinstance(san, OtherName):
        return san.kind
    return "DNS" if isinstance(san, DnsName) else "IP"


def _text(san: San) -> str:
    return san.value if isinstance(san, DnsName | OtherName) else str(san.address)
