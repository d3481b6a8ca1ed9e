"""What the Kubernetes API says of Services, and which of them a requester names."""

import re
from dataclasses import dataclass

from core.model.aws import IpAddress

#: A label of DNS as namespaces and Services are named; such a one may stand in a URL.
#: From: Kubernetes apimachinery pkg/util/validation, IsDNS1123Label.
DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServiceClaim:
    """The Services of the requester's own namespace that a request names: who it claims to be."""

    namespace: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A Service. `cluster_ips` is empty for a headless one and for an ExternalName.

    `deleting`: it is being deleted, and is only there for as long as others clean up after it.
    """

    namespace: str
    name: str
    kind: str
    cluster_ips: frozenset[IpAddress] = frozenset()
    deleting: bool = False


@dataclass(frozen=True, slots=True)
class ServicesHidden:
    """The cluster doesn't let the approver see a namespace's Services: it isn't to serve it."""

    why: str
