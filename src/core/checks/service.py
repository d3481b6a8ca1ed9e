"""Checks of a ServiceAccount that asks for the names of Services of its own namespace.

The namespace is what Kubernetes separates tenants by: anyone who may act in it may make and
change its Services. So a Service is evidence for every ServiceAccount beside it, and for no other.
What is neither proved nor disproved is a person's to approve.
"""

from collections.abc import Iterable

from core.checks import request as shared
from core.claims import MAX_SERVICES, placed, service_in
from core.dns import folded
from core.model import (
    COMMON_NAME,
    Case,
    NotProvided,
    Refusal,
    Service,
    ServicesHidden,
    StringType,
)

#: So many requests of a namespace are judged in one run, the newest of those that are pending.
MAX_AT_ONCE = 20

_CLIENT_AUTH = "client auth"
_SERVER_AUTH = "server auth"
# From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted key usages).
_USAGES = frozenset({"digital signature", "key encipherment", _SERVER_AUTH})

# subjectAltName, keyUsage, extendedKeyUsage. From: RFC 5280 section 4.2.1.
_EXTENSIONS = frozenset({"2.5.29.17", "2.5.29.15", "2.5.29.37"})

# Deliberately absent: ExternalName, whose DNS name leads to whatever its owner wrote into it.
# From: Kubernetes, "Service", section "Service type".
_KINDS = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def requester_is_service_account(case: Case) -> Refusal | None:
    """The requester is a ServiceAccount: its username and its groups say so.

    From: Kubernetes apiserver pkg/authentication/serviceaccount/util.go (MakeUsername,
    MakeNamespaceGroupName).
    """
    namespace = case.csr.namespace
    if namespace is None:
        expected = "system:serviceaccount:<namespace>:<name>"
        return Refusal.leave(
            "not a ServiceAccount", f"got username {case.csr.username}, expected {expected}"
        )
    group = f"system:serviceaccounts:{namespace}"
    if group not in case.csr.groups:
        return Refusal.leave("not in its namespace's group", f"missing {group}")
    return None


def issuable_name(case: Case) -> Refusal | None:
    """The object's name is one that EKS's signer takes: it passes over those beginning with csr-.

    From: github.com/aws/containers-roadmap, issue 2079.
    """
    if not case.csr.name.startswith("csr-"):
        return None
    return Refusal.leave(
        "EKS never issues this name", f"got {case.csr.name[:80]}, expected one without csr- before"
    )


def among_newest(case: Case) -> Refusal | None:
    """No more than 20 newer requests of its namespace are pending.

    Unlike a kubelet, one ServiceAccount may rightly ask for several certificates at once, so no
    request supersedes another; but who files thousands must not have each of them looked into.
    From: core.checks.requester, newest (the same for nodes).
    """
    if case.peers.newer_in_namespace < MAX_AT_ONCE:
        return None
    return Refusal.leave(
        "too many pending in the namespace",
        f"got {case.peers.newer_in_namespace} newer ones, expected under {MAX_AT_ONCE}",
    )


def service_usages(case: Case) -> Refusal | None:
    """The usages are those of a server, and none that the signer doesn't permit.

    From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted key usages).
    """
    got = set(case.csr.usages)
    if _CLIENT_AUTH in got:
        return Refusal.deny(
            "client auth asked for", f"got {sorted(got)}, expected a server's usages"
        )
    if got <= _USAGES and _SERVER_AUTH in got:
        return None
    return Refusal.leave(
        "usages not permitted", f"got {sorted(got)}, expected server auth, and of {sorted(_USAGES)}"
    )


def service_extensions(case: Case) -> Refusal | None:
    """Besides names at most the usages are asked for that `spec.usages` has; never to be a CA.

    From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted extensions: the
    signer honours subjectAltName and key usages, and the CA bit isn't allowed).
    """
    request = case.pkcs10
    if request.asks_ca or "cert sign" in request.usages:
        return Refusal.deny("CA asked for", "got basicConstraints or keyUsage of a CA")
    if _CLIENT_AUTH in request.usages:
        return Refusal.deny("client auth asked for", f"got {sorted(request.usages)} in the request")
    foreign = sorted(set(request.extensions) - _EXTENSIONS)
    if foreign:
        return Refusal.leave(
            "extensions not permitted", f"got {foreign}, expected of {sorted(_EXTENSIONS)}"
        )
    beyond = sorted(request.usages - set(case.csr.usages))
    if beyond:
        expected = f"expected of spec.usages {sorted(case.csr.usages)}"
        return Refusal.leave(
            "usages beyond spec.usages", f"got {beyond} in the request, {expected}"
        )
    return None


def service_subject(case: Case) -> Refusal | None:
    """The subject is empty, or one CN that is a DNS name of the request as well.

    Clients have long stopped reading names out of the CN, and some that do read the first of
    several, others the last. From: RFC 6125 section 6.4.4; RFC 9525 section 2.
    """
    request = case.pkcs10
    if not request.subject:
        return None
    others = sorted({one.oid for one in request.subject} - {COMMON_NAME})
    if others or len(request.subject) > 1:
        got = [f"{one.oid}={one.value}" for one in request.subject]
        return Refusal.leave(
            "subject is more than one CN", f"got {got}, expected CN alone, or nothing"
        )
    common_name = request.subject[0]
    if common_name.string_type is StringType.OTHER:
        return Refusal.leave("subject is ambiguous", "expected PrintableString or UTF8String")
    if folded(common_name.value) in map(folded, request.dns):
        return None
    # Cut, lest the hint behind it be cut off.
    name = common_name.value[:80]
    return Refusal.leave(
        "CN is not a subjectAltName",
        f"got CN={name}; file it again with -addext subjectAltName=DNS:{name}",
    )


def lifetime(case: Case) -> Refusal | None:
    """No longer life is asked for than the signer gives.

    It gives a year whatever is asked. From: EKS User Guide, "Secure workloads with Kubernetes
    certificates" (expiration).
    """
    refusal = shared.lifetime(case)
    return None if refusal is None else Refusal.leave(refusal.reason, refusal.detail)


def service_known(case: Case) -> Refusal | None:
    """Every Service named is there, and traffic for it goes where its own namespace says.

    From: Kubernetes, "Service", sections "Service type" and "ExternalName".
    """
    if case.claim is None or not case.claim.names:  # which `service-names` refuses
        return None
    names = case.claim.names
    if len(names) > MAX_SERVICES:
        return Refusal.leave(
            "too many Services", f"got {len(names)}, expected at most {MAX_SERVICES}"
        )
    if isinstance(case.services, ServicesHidden):
        return Refusal.leave("Services not readable", case.services.why)
    shown = _by_name(case)
    missing = [name for name in names if name not in shown]
    if missing:
        where = f"namespace {case.claim.namespace} has none of that name"
        return Refusal.leave("no such Service", f"got {missing}; {where}")
    deleting = [name for name in names if shown[name].deleting]
    if deleting:
        return Refusal.leave("Service is being deleted", f"got {deleting}")
    odd = [f"{name} ({shown[name].kind})" for name in names if shown[name].kind not in _KINDS]
    if odd:
        return Refusal.leave("Service of another type", f"got {odd}, expected {sorted(_KINDS)}")
    return None


def service_names(case: Case) -> Refusal | None:
    """Every DNS name is that of a Service of the requester's namespace, in one of its full forms.

    From: Kubernetes, "DNS for Services and Pods", section "Services".
    """
    request, namespace = case.pkcs10, case.csr.namespace
    if namespace is None:  # which `requester-is-service-account` has refused
        return None
    form = f"expected <service>.{namespace}.svc or <service>.{namespace}.svc.cluster.local"
    if not request.dns:
        return Refusal.leave("no DNS name", f"got none as subjectAltName, {form}")
    foreign = [name for name in request.dns if _is_elsewhere(name, namespace)]
    if foreign:
        return Refusal.deny("name of another namespace", f"got {foreign}, {form}")
    short = case.policy.allow_short_service_names
    other = [one for one in request.dns if not service_in(namespace, one, allow_short=short)]
    return Refusal.leave("not a Service's name", f"got {other}, {form}") if other else None


def service_addresses(case: Case) -> Refusal | None:
    """Every IP address is a cluster IP of a Service that is named; of a headless one there is none.

    From: Kubernetes, "Service", sections "Virtual IPs" and "Headless Services".
    """
    own = {ip for service in _by_name(case).values() for ip in service.cluster_ips}
    foreign = [str(ip) for ip in dict.fromkeys(case.pkcs10.addresses) if ip not in own]
    if not foreign:
        return None
    expected = sorted(map(str, own)) or "none"
    return Refusal.leave("address is not a cluster IP", f"got {foreign}, expected of {expected}")


def _is_elsewhere(name: str, namespace: str) -> bool:
    found = placed(name)
    return found is not None and found[1] != namespace


def _by_name(case: Case) -> dict[str, Service]:
    """Of the Services shown, those that are named, in the namespace that is the requester's."""
    claim, shown = case.claim, case.services
    if claim is None or isinstance(shown, ServicesHidden | NotProvided):
        return {}
    return {one.name: one for one in _of(claim.namespace, shown) if one.name in claim.names}


def _of(namespace: str, services: Iterable[Service]) -> Iterable[Service]:
    return (one for one in services if one.namespace == namespace)
