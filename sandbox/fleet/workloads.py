"""Workloads that request certificates for Services from the second signer."""

from typing import Final

from sandbox.fleet.ordinary import NEIGHBOURS
from sandbox.fleet.scenario import (
    APPROVED,
    Scenario,
    counted,
    denied,
    left,
    service_names,
)

_NODE: Final = NEIGHBOURS["shop"]
_USAGES: Final = ("digital signature", "key encipherment", "server auth")

#: Cluster, namespace and name of each Service, with its cluster IP; without one it is headless.
SERVICES: Final = (
    ("shop", "orders", "web", "172.20.10.10"),
    ("shop", "orders", "peers", ""),
    ("shop", "billing", "web", "172.20.10.20"),
    ("shop", "default", "kubernetes", "172.20.0.1"),
)

WORKLOADS: Final = (
    Scenario(
        "A Service's names and its cluster IP",
        _NODE,
        APPROVED,
        service_names(
            "web.orders.svc",
            "web.orders.svc.cluster.local",
            ips=["172.20.10.10"],
            common_name="web.orders.svc",
        ),
        usages=_USAGES,
        namespace="orders",
    ),
    Scenario(
        "A headless Service's name, of the same ServiceAccount",
        _NODE,
        APPROVED,
        service_names("peers.orders.svc"),
        usages=_USAGES,
        namespace="orders",
    ),
    Scenario(
        "As in AWS's example: a CN and no other name",
        _NODE,
        left("service-subject"),
        service_names(common_name="web.orders.svc"),
        usages=_USAGES,
        namespace="orders",
    ),
    Scenario(
        "A Service that is not there yet",
        _NODE,
        left("service-known"),
        service_names("cart.orders.svc"),
        usages=_USAGES,
        namespace="orders",
    ),
    Scenario(
        "Under a name that EKS never issues",
        _NODE,
        counted("issuable-name"),
        service_names("web.billing.svc.cluster.local"),
        usages=_USAGES,
        namespace="billing",
        name_as="csr-web",
    ),
    Scenario(
        "Another namespace's Service",
        _NODE,
        left("service-names"),
        service_names("web.billing.svc"),
        usages=_USAGES,
        age=420,
        namespace="orders",
    ),
    Scenario(
        "The API server's own name",
        _NODE,
        denied("reserved-names"),
        service_names("kubernetes.default.svc"),
        usages=_USAGES,
        age=420,
        namespace="default",
    ),
)
