"""Which Services a request names: the identity that an app-serving requester claims.

From: Kubernetes, "DNS for Services and Pods": `<service>.<namespace>.svc.<cluster domain>`. A
pod's DNS search list allows the shorter forms. EKS clusters have the domain cluster.local.
"""

from core.dns import folded
from core.model import DNS_LABEL, Csr, Pkcs10, ServiceClaim, UnreadableRequest

#: How many Services one request may name; each is a call to the API server.
MAX_SERVICES = 10

_ENDINGS = (["svc", "cluster", "local"], ["svc"])


def claim_of(
    csr: Csr, request: Pkcs10 | UnreadableRequest, *, allow_short: bool
) -> ServiceClaim | None:
    """Return the Services of its own namespace that a ServiceAccount's request names.

    None for a requester that isn't a ServiceAccount.
    """
    namespace = csr.namespace
    if namespace is None:
        return None
    dns = request.dns if isinstance(request, Pkcs10) else ()
    named = {service_in(namespace, name, allow_short=allow_short) for name in dns}
    return ServiceClaim(namespace, tuple(sorted(name for name in named if name)))


def service_in(namespace: str, name: str, *, allow_short: bool) -> str | None:
    """Return the Service of this namespace that a DNS name belongs to; None if there is none."""
    found = placed(name) or (_short(name) if allow_short else None)
    if found is None:
        return None
    service, place = found
    return service if place == namespace and DNS_LABEL.fullmatch(service) else None


def placed(name: str) -> tuple[str, str] | None:
    """Split a full name of a Service into the part before the namespace, and the namespace.

    None for any other name.
    """
    labels = folded(name).split(".")
    for ending in _ENDINGS:
        own = labels[: -len(ending)]
        if labels[-len(ending) :] == ending and len(own) >= 2:
            return ".".join(own[:-1]), own[-1]
    return None


def _short(name: str) -> tuple[str, str]:
    service, _, namespace = folded(name).partition(".")
    return service, namespace
