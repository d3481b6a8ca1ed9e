"""Service requests: the checks of the Services, the names and the addresses."""

from core.model import ServicesHidden
from tests.builders import a_cluster, a_policy
from tests.core.check_cases.example import DENY, LEAVE, CheckExample
from tests.core.check_cases.service_cases import CN, with_names, with_subject
from tests.service_builders import (
    CLUSTER_IP,
    DNS,
    a_service,
    a_service_case,
    a_service_csr,
    a_service_request,
    an_account,
)

EXPECTED_NAME = "expected <service>.shop.svc or <service>.shop.svc.cluster.local"
#: `requester-is-service-account` refuses it.
OF_A_PERSON = a_service_case(csr=a_service_csr(username="alice"))
SHORT_NAMES_ALLOWED = a_policy(allow_short_service_names=True)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- service-known
    CheckExample("service-known", "a Service with a cluster IP", a_service_case()),
    CheckExample(
        "service-known", "a headless Service", a_service_case(services=(a_service(ips=()),))
    ),
    CheckExample(
        "service-known",
        "a load balancer",
        a_service_case(services=(a_service(kind="LoadBalancer"),)),
    ),
    CheckExample(
        "service-known", "no Service named, which service-names refuses", with_names(CLUSTER_IP)
    ),
    CheckExample("service-known", "a requester that is no ServiceAccount", OF_A_PERSON),
    CheckExample(
        "service-known",
        "a Service that doesn't exist",
        a_service_case(services=()),
        LEAVE,
        "no such Service",
        "got 'web'; namespace shop has no Service of that name",
    ),
    CheckExample(
        "service-known",
        "a Service with that name in another namespace",
        a_service_case(services=(a_service(namespace="other"),)),
        LEAVE,
        "no such Service",
        "got 'web'; namespace shop has no Service of that name",
    ),
    CheckExample(
        "service-known",
        "one of two Services doesn't exist",
        with_names(DNS, "db.shop.svc"),
        LEAVE,
        "no such Service",
        "got 'db'; namespace shop has no Service of that name",
    ),
    CheckExample(
        "service-known",
        "an ExternalName Service",
        a_service_case(services=(a_service(kind="ExternalName", ips=()),)),
        LEAVE,
        "Service of another type",
        "got 'web (ExternalName)', expected 'ClusterIP', 'LoadBalancer', 'NodePort'",
    ),
    CheckExample(
        "service-known",
        "a Service that is being deleted",
        a_service_case(services=(a_service(deleting=True),)),
        LEAVE,
        "Service is being deleted",
        "got 'web'",
    ),
    CheckExample(
        "service-known",
        "ten Services",
        with_names(
            *(f"s{number}.shop.svc" for number in range(10)),
            services=tuple(a_service(f"s{number}") for number in range(10)),
        ),
    ),
    CheckExample(
        "service-known",
        "a Service with that name in a namespace that sorts after it",
        a_service_case(services=(a_service(namespace="zoo"),)),
        LEAVE,
        "no such Service",
        "got 'web'; namespace shop has no Service of that name",
    ),
    CheckExample(
        "service-known",
        "eleven Services",
        with_names(*(f"s{number}.shop.svc" for number in range(11))),
        LEAVE,
        "too many Services",
        "got 11, expected at most 10",
    ),
    CheckExample(
        "service-known",
        "a namespace whose Services aren't readable",
        a_service_case(services=ServicesHidden("403: services is forbidden")),
        LEAVE,
        "Services not readable",
        "403: services is forbidden",
    ),
    # --- reserved-names
    CheckExample("reserved-names", "a Service's names and address", a_service_case()),
    CheckExample(
        "reserved-names",
        "the API server's address, where the range is unknown",
        with_names(DNS, "10.100.0.1", cluster=a_cluster(service_ranges=())),
    ),
    *(
        CheckExample(
            "reserved-names",
            name,
            with_names(DNS, name, csr=a_service_csr(**an_account("default"))),
            DENY,
            "reserved name",
            f"got '{name}', expected none of the API server's or AWS's",
        )
        for name in (
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "Kubernetes.Default.Svc.cluster.local.",
            "web.kubernetes.default",
            "*.shop.svc",
            "s3.us-east-1.amazonaws.com",
            "10.100.0.1",
            "169.254.169.254",
            "::",
            "ff02::1",
        )
    ),
    CheckExample(
        "reserved-names",
        "the API server's address of an IPv6 cluster",
        with_names(DNS, "fd12::1", cluster=a_cluster(service_ranges=("fd12::/108",))),
        DENY,
        "reserved name",
        "got 'fd12::1', expected none of the API server's or AWS's",
    ),
    CheckExample(
        "reserved-names",
        "the API server's name as CN",
        with_subject((CN, "kubernetes.default.svc")),
        DENY,
        "reserved name",
        "got 'kubernetes.default.svc', expected none of the API server's or AWS's",
    ),
    *(
        CheckExample(
            "reserved-names",
            f"the loopback name {name}",
            with_names(DNS, name),
            LEAVE,
            "loopback name",
            f"got '{name}', expected none of the machine's own",
        )
        for name in ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1")
    ),
    CheckExample(
        "reserved-names",
        "localhost as CN",
        with_subject((CN, "localhost")),
        LEAVE,
        "loopback name",
        "got 'localhost', expected none of the machine's own",
    ),
    CheckExample(
        "reserved-names",
        "a loopback name and the API server's",
        with_names(DNS, "localhost", "127.0.0.1", "kubernetes.default.svc"),
        DENY,
        "reserved name",
        "got 'kubernetes.default.svc', expected none of the API server's or AWS's",
    ),
    # --- service-names
    CheckExample("service-names", "both full forms", a_service_case()),
    CheckExample(
        "service-names", "in mixed case, with a trailing dot", with_names("Web.Shop.SVC.")
    ),
    CheckExample(
        "service-names", "short, where allowed", with_names("web.shop", policy=SHORT_NAMES_ALLOWED)
    ),
    CheckExample("service-names", "a requester that is no ServiceAccount", OF_A_PERSON),
    CheckExample(
        "service-names",
        "none",
        a_service_case(request=a_service_request(sans=())),
        LEAVE,
        "no DNS name",
        f"got no DNS name in subjectAltName, {EXPECTED_NAME}",
    ),
    CheckExample(
        "service-names",
        "an address alone",
        with_names(CLUSTER_IP),
        LEAVE,
        "no DNS name",
        f"got no DNS name in subjectAltName, {EXPECTED_NAME}",
    ),
    *(
        CheckExample(
            "service-names",
            f"of another namespace: {name}",
            with_names(DNS, name),
            LEAVE,
            "name of another namespace",
            f"got '{name}', {EXPECTED_NAME}",
        )
        for name in (
            "web.other.svc",
            "web.zoo.svc",
            "web.other.svc.cluster.local",
            "pod.web.other.svc.cluster.local",
            "web.shop.other.svc",
            "WEB.OTHER.SVC",
        )
    ),
    *(
        CheckExample(
            "service-names",
            f"not a Service's: {name}",
            with_names(DNS, name),
            LEAVE,
            "not a Service's name",
            f"got '{name}', {EXPECTED_NAME}",
        )
        for name in (
            "web.shop",
            "web",
            "shop.svc",
            "svc.cluster.local",
            "pod.web.shop.svc.cluster.local",
            "web.shop.svc.example.com",
            "web.shop.pod.cluster.local",
            "web.example",
            "w_b.shop.svc",
            "web.shop.svc.cluster",
        )
    ),
    CheckExample(
        "service-names",
        "short, of another namespace, where allowed",
        with_names("example.com", policy=SHORT_NAMES_ALLOWED),
        LEAVE,
        "not a Service's name",
        f"got 'example.com', {EXPECTED_NAME}",
    ),
    # --- service-addresses
    CheckExample("service-addresses", "the cluster IP", a_service_case()),
    CheckExample("service-addresses", "no address requested", with_names(DNS)),
    CheckExample(
        "service-addresses",
        "both of a dual-stack Service",
        with_names(
            DNS, "10.100.7.7", "fd12::7", services=(a_service(ips=("10.100.7.7", "fd12::7")),)
        ),
    ),
    CheckExample(
        "service-addresses",
        "another address",
        with_names(DNS, "10.100.7.8"),
        LEAVE,
        "address is not a cluster IP",
        f"got '10.100.7.8', expected only '{CLUSTER_IP}'",
    ),
    CheckExample(
        "service-addresses",
        "any address, of a headless Service",
        a_service_case(services=(a_service(ips=()),)),
        LEAVE,
        "address is not a cluster IP",
        f"got '{CLUSTER_IP}', expected none",
    ),
    CheckExample(
        "service-addresses",
        "any address, for a requester that is no ServiceAccount",
        OF_A_PERSON,
        LEAVE,
        "address is not a cluster IP",
        f"got '{CLUSTER_IP}', expected none",
    ),
    CheckExample(
        "service-addresses",
        "any address, where the Services aren't readable",
        a_service_case(services=ServicesHidden("403: services is forbidden")),
        LEAVE,
        "address is not a cluster IP",
        f"got '{CLUSTER_IP}', expected none",
    ),
    CheckExample(
        "service-addresses",
        "the address of a Service that isn't named",
        with_names(DNS, "10.100.7.8", services=(a_service(), a_service("db", ips=("10.100.7.8",)))),
        LEAVE,
        "address is not a cluster IP",
        f"got '10.100.7.8', expected only '{CLUSTER_IP}'",
    ),
    CheckExample(
        "service-addresses",
        "the address of another namespace's Service with that name",
        with_names(
            DNS,
            "10.100.7.8",
            services=(a_service(), a_service(namespace="other", ips=("10.100.7.8",))),
        ),
        LEAVE,
        "address is not a cluster IP",
        f"got '10.100.7.8', expected only '{CLUSTER_IP}'",
    ),
)
