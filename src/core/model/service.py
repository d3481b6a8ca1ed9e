"""Services as the Kubernetes API shows them, and the ones that a requester names."""

import re
from dataclasses import dataclass

from core.model.aws import IpAddress

#: A DNS label, the form of the names of namespaces and Services; safe in a URL.
#: From: Kubernetes apimachinery pkg/util/validation, IsDNS1123Label.
DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ServiceClaim:
    """The Services of its own namespace that a requester claims to be."""

    namespace: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A Service. `cluster_ips` is empty for a headless one and for an ExternalName.

    `deleting`: it is being deleted, and remains only until its finalizers are done.
    """

    namespace: str
    name: str
    kind: str
    cluster_ips: frozenset[IpAddress]
    deleting: bool


@dataclass(frozen=True, slots=True)
class ServicesHidden:
    """The cluster doesn't let the approver read a namespace's Services, so it must not serve it."""

    why: str
