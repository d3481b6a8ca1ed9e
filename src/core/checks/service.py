"""Checks of a ServiceAccount that asks for the names of Services of its own namespace.

The namespace is the trust boundary: anyone who may act in it may create and change its Services.
So a Service is evidence for every ServiceAccount of its namespace, and for no other. A request that
is neither proved nor disproved is left to a person.
"""

from collections.abc import Iterable

from core.checks import request as shared
from core.claims import MAX_SERVICES, placed, service_in
from core.dns import folded
from core.model import (
    COMMON_NAME,
    Case,
    Refusal,
    Service,
    ServicesHidden,
    StringType,
)
from core.printable import listed

#: How many requests of one namespace a run judges: the newest of the pending ones.
MAX_AT_ONCE = 20

_CLIENT_AUTH = "client auth"
_SERVER_AUTH = "server auth"
# From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted key usages).
_USAGES = frozenset({"digital signature", "key encipherment", _SERVER_AUTH})

# subjectAltName, keyUsage, extendedKeyUsage. From: RFC 5280 section 4.2.1.
_EXTENSIONS = frozenset({"2.5.29.17", "2.5.29.15", "2.5.29.37"})

# Deliberately absent: ExternalName, whose DNS name leads to any host that its owner names.
# From: Kubernetes, "Service", section "Service type".
_KINDS = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


def requester_is_service_account(case: Case) -> Refusal | None:
    """Check that the requester is a ServiceAccount, by its username and its groups.

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
    """Check that EKS's signer accepts the object's name: it ignores names that begin with csr-.

    From: github.com/aws/containers-roadmap, issue 2079.
    """
    if not case.csr.name.startswith("csr-"):
        return None
    return Refusal.leave(
        "EKS never issues this name",
        f"got {case.csr.name[:80]}, expected a name that doesn't begin with csr-",
    )


def among_newest(case: Case) -> Refusal | None:
    """Check that fewer than 20 newer requests of its namespace are pending.

    Unlike a kubelet, a ServiceAccount may ask for several certificates at once, so no request
    supersedes another; but a requester that files thousands must not have all of them judged.
    From: core.checks.requester, newest (the same for nodes).
    """
    if case.peers.newer_in_namespace < MAX_AT_ONCE:
        return None
    return Refusal.leave(
        "too many pending in the namespace",
        f"got {case.peers.newer_in_namespace} newer ones, expected fewer than {MAX_AT_ONCE}",
    )


def service_usages(case: Case) -> Refusal | None:
    """Check that the usages are a server's, and only those that the signer permits.

    From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted key usages).
    """
    got = set(case.csr.usages)
    if _CLIENT_AUTH in got:
        return Refusal.deny(
            "client auth asked for", f"got {listed(sorted(got))}, expected no client auth"
        )
    if got <= _USAGES and _SERVER_AUTH in got:
        return None
    return Refusal.leave(
        "usages not permitted",
        f"got {listed(sorted(got))}, expected server auth, and only {listed(sorted(_USAGES))}",
    )


def service_extensions(case: Case) -> Refusal | None:
    """Check that the extensions are names and the usages of `spec.usages` only, never a CA's.

    From: EKS User Guide, "Secure workloads with Kubernetes certificates" (permitted extensions: the
    signer honours subjectAltName and key usages, and the CA bit isn't allowed).
    """
    request = case.pkcs10
    if request.asks_ca or "cert sign" in request.usages:
        return Refusal.deny("CA asked for", "got basicConstraints or keyUsage of a CA")
    if _CLIENT_AUTH in request.usages:
        return Refusal.deny(
            "client auth asked for", f"got {listed(sorted(request.usages))} in the request"
        )
    foreign = [oid for oid in request.extensions if oid not in _EXTENSIONS]
    if foreign:
        return Refusal.leave(
            "extensions not permitted",
            f"got {listed(foreign)}, expected only {listed(sorted(_EXTENSIONS))}",
        )
    beyond = sorted(request.usages - set(case.csr.usages))
    if beyond:
        expected = f"expected only spec.usages {listed(sorted(case.csr.usages))}"
        return Refusal.leave(
            "usages beyond spec.usages", f"got {listed(beyond)} in the request, {expected}"
        )
    return None


def service_subject(case: Case) -> Refusal | None:
    """Check that the subject is empty, or one CN that is also a DNS name of the request.

    Most clients no longer read names from the CN. Of those that do, some read the first of several,
    others the last. From: RFC 6125 section 6.4.4; RFC 9525 section 2.
    """
    request = case.pkcs10
    if not request.subject:
        return None
    if [one.oid for one in request.subject] != [COMMON_NAME]:
        got = [f"{one.oid}={one.value}" for one in request.subject]
        return Refusal.leave(
            "subject is more than one CN", f"got {listed(got)}, expected one CN or an empty subject"
        )
    [common_name] = request.subject
    if common_name.string_type is StringType.OTHER:
        return Refusal.leave("subject is ambiguous", "expected PrintableString or UTF8String")
    if folded(common_name.value) in map(folded, request.dns):
        return None
    # Shortened, so that the hint after it is not cut off.
    name = common_name.value[:80]
    return Refusal.leave(
        "CN is not a subjectAltName",
        f"got CN={name}; file it again with -addext subjectAltName=DNS:{name}",
    )


def lifetime(case: Case) -> Refusal | None:
    """Check that the lifetime asked for is at most what the policy allows.

    LEAVE instead of DENY: the signer issues for a year whatever is asked. From: EKS User Guide,
    "Secure workloads with Kubernetes certificates" (expiration).
    """
    refusal = shared.lifetime(case)
    return None if refusal is None else Refusal.leave(refusal.reason, refusal.detail)


def service_known(case: Case) -> Refusal | None:
    """Check that every Service named exists, isn't being deleted, and has a type with endpoints.

    From: Kubernetes, "Service", sections "Service type" and "ExternalName".
    """
    if case.claim is None:  # `requester-is-service-account` has refused these
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
        where = f"namespace {case.claim.namespace} has no Service of that name"
        return Refusal.leave("no such Service", f"got {listed(missing)}; {where}")
    deleting = [name for name in names if shown[name].deleting]
    if deleting:
        return Refusal.leave("Service is being deleted", f"got {listed(deleting)}")
    others = [f"{name} ({shown[name].kind})" for name in names if shown[name].kind not in _KINDS]
    if others:
        return Refusal.leave(
            "Service of another type", f"got {listed(others)}, expected {listed(sorted(_KINDS))}"
        )
    return None


def service_names(case: Case) -> Refusal | None:
    """Check that every DNS name is a full name of a Service of the requester's namespace.

    Operators ask for the Services of their tenants' namespaces, so another namespace's is a
    person's to approve. From: Kubernetes, "DNS for Services and Pods", section "Services".
    """
    request, namespace = case.pkcs10, case.csr.namespace
    if namespace is None:  # `requester-is-service-account` has refused these
        return None
    form = f"expected <service>.{namespace}.svc or <service>.{namespace}.svc.cluster.local"
    if not request.dns:
        return Refusal.leave("no DNS name", f"got no DNS name in subjectAltName, {form}")
    foreign = [name for name in request.dns if _is_elsewhere(name, namespace)]
    if foreign:
        return Refusal.leave(
            "name of another namespace", f"got {listed(foreign)}, {form}", warns=True
        )
    short = case.policy.allow_short_service_names
    other = [one for one in request.dns if not service_in(namespace, one, allow_short=short)]
    return Refusal.leave("not a Service's name", f"got {listed(other)}, {form}") if other else None


def service_addresses(case: Case) -> Refusal | None:
    """Check that every IP address is a cluster IP of a named Service; a headless one has none.

    From: Kubernetes, "Service", sections "Virtual IPs" and "Headless Services".
    """
    own = {ip for service in _by_name(case).values() for ip in service.cluster_ips}
    foreign = [ip for ip in dict.fromkeys(case.pkcs10.addresses) if ip not in own]
    if not foreign:
        return None
    expected = f"only {listed(sorted(map(str, own)))}" if own else "none"
    return Refusal.leave(
        "address is not a cluster IP", f"got {listed(foreign)}, expected {expected}"
    )


def _is_elsewhere(name: str, namespace: str) -> bool:
    found = placed(name)
    return found is not None and found[1] != namespace


def _by_name(case: Case) -> dict[str, Service]:
    """Return the named Services that exist in the requester's namespace, by name."""
    claim, shown = case.claim, case.services
    if claim is None or not isinstance(shown, tuple):
        return {}
    in_namespace = _of(claim.namespace, shown)
    return {service.name: service for service in in_namespace if service.name in claim.names}


def _of(namespace: str, services: Iterable[Service]) -> Iterable[Service]:
    return (one for one in services if one.namespace == namespace)
