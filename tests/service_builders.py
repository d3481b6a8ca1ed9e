"""Builders for the second signer's values, valid by default; each test changes one thing."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from core.claims import claim_of
from core.model import (
    APP_SERVING,
    Case,
    Cluster,
    Csr,
    NotProvided,
    Peers,
    Pkcs10,
    San,
    Service,
    ServicesHidden,
    SubjectAttribute,
    UnreadableRequest,
)
from core.settings import Policy
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import NOW, a_cluster, a_csr, a_policy, a_request, a_subject, names

NAMESPACE = "shop"
SERVICE = "web"
DNS = f"{SERVICE}.{NAMESPACE}.svc"
CLUSTER_IP = "10.100.7.7"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:issuer"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated")
USAGES = ("digital signature", "key encipherment", "server auth")


def an_account(namespace: str, name: str = "issuer") -> dict[str, Any]:
    """Return username and groups of a ServiceAccount, as `a_csr` takes them."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return {
        "username": f"system:serviceaccount:{namespace}:{name}",
        "groups": (*groups, "system:authenticated"),
    }


def a_service_csr(**changes: Any) -> Csr:
    """Return a pending CSR of a ServiceAccount, seven minutes old."""
    good: dict[str, Any] = {
        "name": "web-tls",
        **an_account(NAMESPACE),
        "extra": {"authentication.kubernetes.io/credential-id": ("JTI=1",)},
        "usages": USAGES,
        "signer": APP_SERVING,
    }
    return a_csr(**good | changes)


def a_service_request(
    *,
    subject: tuple[SubjectAttribute, ...] | None = None,
    sans: tuple[San, ...] | None = None,
    **changes: Any,
) -> Pkcs10:
    """Return a request for a Service's name and address as the strict parser returns it."""
    return a_request(
        subject=a_subject(("2.5.4.3", DNS)) if subject is None else subject,
        sans=names(DNS, f"{DNS}.cluster.local", CLUSTER_IP) if sans is None else sans,
        **changes,
    )


def a_service(
    name: str = SERVICE,
    *,
    namespace: str = NAMESPACE,
    kind: str = "ClusterIP",
    ips: Sequence[str] = (CLUSTER_IP,),
    deleting: bool = False,
) -> Service:
    return Service(namespace, name, kind, frozenset(map(ip_address, ips)), deleting)


def a_service_case(
    *,
    csr: Csr | None = None,
    request: Pkcs10 | UnreadableRequest | None = None,
    policy: Policy | None = None,
    peers: Peers | None = None,
    cluster: Cluster | NotProvided | None = None,
    services: tuple[Service, ...] | ServicesHidden | NotProvided | None = None,
) -> Case:
    """Return an approvable case."""
    csr = a_service_csr() if csr is None else csr
    request = a_service_request() if request is None else request
    policy = a_policy() if policy is None else policy
    return Case(
        csr=csr,
        request=request,
        identity=None,
        now=NOW,
        policy=policy,
        peers=Peers() if peers is None else peers,
        cluster=a_cluster() if cluster is None else cluster,
        claim=claim_of(csr, request, allow_short=policy.allow_short_service_names),
        services=(a_service(),) if services is None else services,
    )


def a_filed_service_csr(
    *,
    dns: Sequence[str] = (DNS,),
    ips: Sequence[str] = (CLUSTER_IP,),
    cn: str | None = DNS,
    words: str = "a Service's key",
    **rest: Any,
) -> Csr:
    """Return a CSR with a real request; its key is derived from `words`."""
    subject = () if cn is None else (csr_builder.rdn(csr_builder.COMMON_NAME, der.utf8(cn)),)
    made = csr_builder.CsrBuilder(keys.ecdsa(words)).subject(*subject)
    made = made.sans(*map(csr_builder.dns, dns), *map(csr_builder.ip, ips)) if dns or ips else made
    return a_service_csr(request=made.pem(), **{"age": timedelta(minutes=7)} | rest)
