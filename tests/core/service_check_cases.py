"""The rule book of the second signer as a table, as `tests/core/check_cases.py` is the nodes'."""

from dataclasses import replace
from datetime import timedelta

from core.model import (
    Case,
    Effect,
    KeyRule,
    OtherName,
    Peers,
    ServicesHidden,
    StringType,
    UnreadableRequest,
)
from tests.builders import a_cluster, a_key, a_policy, a_subject, names
from tests.core.check_cases import Line
from tests.service_builders import (
    CLUSTER_IP,
    DNS,
    a_service,
    a_service_case,
    a_service_csr,
    a_service_request,
    an_account,
)

DENY, LEAVE = Effect.DENY, Effect.LEAVE

_FORM = "expected <service>.shop.svc or <service>.shop.svc.cluster.local"
_SAN, _KEY_USAGE, _PURPOSES, _CONSTRAINTS = (f"2.5.29.{number}" for number in (17, 15, 37, 19))
_PERMITTED = "expected of ['2.5.29.15', '2.5.29.17', '2.5.29.37']"
_SHORT = a_policy(allow_short_service_names=True)


def _named(*values: str, **rest: object) -> Case:
    request = a_service_request(subject=(), sans=names(*values))
    return a_service_case(request=request, **rest)  # type: ignore[arg-type]


def _usages(*usages: str) -> Case:
    return a_service_case(csr=a_service_csr(usages=usages))


def _asking(*extensions: str, usages: tuple[str, ...] = (), ca: bool = False) -> Case:
    request = a_service_request(extensions=(_SAN, *extensions))
    return a_service_case(request=replace(request, usages=frozenset(usages), asks_ca=ca))


def _subject(*attributes: tuple[str, str], string_type: StringType = StringType.UTF8) -> Case:
    subject = a_subject(*attributes, string_type=string_type)
    return a_service_case(request=a_service_request(subject=subject))


_CN = "2.5.4.3"

LINES: tuple[Line, ...] = (
    # --- requester-is-service-account
    Line("requester-is-service-account", "one of its namespace's group", a_service_case()),
    Line(
        "requester-is-service-account",
        "a node",
        a_service_case(
            csr=a_service_csr(username="system:node:a", groups=("system:nodes",)),
        ),
        LEAVE,
        "not a ServiceAccount",
        "got username system:node:a, expected system:serviceaccount:<namespace>:<name>",
    ),
    *(
        Line(
            "requester-is-service-account",
            f"a username that is none: {username}",
            a_service_case(csr=a_service_csr(username=username)),
            LEAVE,
            "not a ServiceAccount",
            f"got username {shown}, expected system:serviceaccount:<namespace>:<name>",
        )
        for username, shown in (
            ("alice", "alice"),
            ("system:serviceaccount:shop:", "system:serviceaccount:shop:"),
            ("system:serviceaccount::issuer", "system:serviceaccount::issuer"),
            ("system:serviceaccount:shop", "system:serviceaccount:shop"),
            ("system:serviceaccount:shop:a:b", "system:serviceaccount:shop:a:b"),
            ("system:serviceaccount:Shop:issuer", "system:serviceaccount:Shop:issuer"),
            ("system:serviceaccount:shop:issuer\n", "system:serviceaccount:shop:issuer\\n"),
            ("system:serviceaccount:../shop:issuer", "system:serviceaccount:../shop:issuer"),
        )
    ),
    Line(
        "requester-is-service-account",
        "a username without its namespace's group",
        a_service_case(csr=a_service_csr(groups=("system:serviceaccounts:other",))),
        LEAVE,
        "not in its namespace's group",
        "missing system:serviceaccounts:shop",
    ),
    # --- issuable-name
    Line("issuable-name", "a name chosen by hand", a_service_case()),
    Line("issuable-name", "csr within it", a_service_case(csr=a_service_csr(name="web-csr-1"))),
    Line(
        "issuable-name",
        "a name as kubelets have it made",
        a_service_case(csr=a_service_csr(name="csr-7znmf")),
        LEAVE,
        "EKS never issues this name",
        "got csr-7znmf, expected one without csr- before",
    ),
    # --- fresh
    Line("fresh", "seven minutes old", a_service_case()),
    Line(
        "fresh",
        "an hour old",
        a_service_case(csr=a_service_csr(age=timedelta(hours=1))),
        LEAVE,
        "abandoned",
        "got an age of 3600 s, expected at most 900 s",
    ),
    # --- among-newest
    Line("among-newest", "the newest", a_service_case()),
    Line("among-newest", "the twentieth", a_service_case(peers=Peers(newer_in_namespace=19))),
    Line(
        "among-newest",
        "a newer one of the same ServiceAccount",
        a_service_case(peers=Peers(newer="web-tls-2", newer_in_namespace=1)),
    ),
    Line(
        "among-newest",
        "the twenty-first",
        a_service_case(peers=Peers(newer_in_namespace=20)),
        LEAVE,
        "too many pending in the namespace",
        "got 20 newer ones, expected under 20",
    ),
    # --- request-well-formed
    Line("request-well-formed", "one plain request", a_service_case()),
    Line(
        "request-well-formed",
        "what the strict reader refuses",
        a_service_case(request=UnreadableRequest("the PEM block is not base64: wrongly padded")),
        DENY,
        "request not well-formed",
        "the PEM block is not base64: wrongly padded",
    ),
    # --- key
    Line("key", "an allowed key", a_service_case()),
    Line(
        "key",
        "a weak key",
        a_service_case(request=a_service_request(key=a_key("DSA", KeyRule.FORBIDDEN))),
        DENY,
        "key not allowed",
        "got DSA, expected ECDSA P-256, P-384, P-521, RSA 2048 to 8192 (e >= 65537) or Ed25519",
    ),
    Line(
        "key",
        "a key that can't be verified here",
        a_service_case(request=a_service_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE))),
        LEAVE,
        "key can't be verified",
        "got MLDSA65, unknown to this version",
    ),
    # --- signature
    Line("signature", "signed with its own key", a_service_case()),
    Line(
        "signature",
        "signed with another key",
        a_service_case(request=a_service_request(signature_valid=False)),
        DENY,
        "signature not valid",
        "the request isn't signed by the key that it holds",
    ),
    # --- service-subject
    Line("service-subject", "a CN that is one of the names", a_service_case()),
    Line("service-subject", "the CN in other letters", _subject((_CN, DNS.upper()))),
    Line("service-subject", "no subject", a_service_case(request=a_service_request(subject=()))),
    Line(
        "service-subject",
        "the example of AWS's page: a CN and no other name",
        a_service_case(request=a_service_request(sans=(), extensions=())),
        LEAVE,
        "CN is not a subjectAltName",
        f"got CN={DNS}; file it again with -addext subjectAltName=DNS:{DNS}",
    ),
    Line(
        "service-subject",
        "a CN that is none of the names",
        _subject((_CN, "db.shop.svc")),
        LEAVE,
        "CN is not a subjectAltName",
        "got CN=db.shop.svc; file it again with -addext subjectAltName=DNS:db.shop.svc",
    ),
    Line(
        "service-subject",
        "a CN that is one of the addresses",
        _subject((_CN, CLUSTER_IP)),
        LEAVE,
        "CN is not a subjectAltName",
        f"got CN={CLUSTER_IP}; file it again with -addext subjectAltName=DNS:{CLUSTER_IP}",
    ),
    Line(
        "service-subject",
        "an organization of masters besides",
        _subject(("2.5.4.10", "system:masters"), (_CN, DNS)),
        LEAVE,
        "subject is more than one CN",
        f"got ['2.5.4.10=system:masters', '2.5.4.3={DNS}'], expected CN alone, or nothing",
    ),
    Line(
        "service-subject",
        "two CNs, of which some take the first and some the last",
        _subject((_CN, DNS), (_CN, "db.other.svc")),
        LEAVE,
        "subject is more than one CN",
        f"got ['2.5.4.3={DNS}', '2.5.4.3=db.other.svc'], expected CN alone, or nothing",
    ),
    Line(
        "service-subject",
        "a BMPString",
        _subject((_CN, DNS), string_type=StringType.OTHER),
        LEAVE,
        "subject is ambiguous",
        "expected PrintableString or UTF8String",
    ),
    # --- service-usages
    Line("service-usages", "all three that are permitted", a_service_case()),
    Line("service-usages", "server auth alone", _usages("server auth")),
    Line(
        "service-usages",
        "client auth besides",
        _usages("server auth", "client auth"),
        DENY,
        "client auth asked for",
        "got ['client auth', 'server auth'], expected a server's usages",
    ),
    Line(
        "service-usages",
        "no server auth",
        _usages("digital signature"),
        LEAVE,
        "usages not permitted",
        "got ['digital signature'], expected server auth, and of "
        "['digital signature', 'key encipherment', 'server auth']",
    ),
    Line(
        "service-usages",
        "none",
        _usages(),
        LEAVE,
        "usages not permitted",
        "got [], expected server auth, and of "
        "['digital signature', 'key encipherment', 'server auth']",
    ),
    Line(
        "service-usages",
        "any usage",
        _usages("server auth", "any"),
        LEAVE,
        "usages not permitted",
        "got ['any', 'server auth'], expected server auth, and of "
        "['digital signature', 'key encipherment', 'server auth']",
    ),
    # --- service-extensions
    Line("service-extensions", "names alone", a_service_case()),
    Line(
        "service-extensions",
        "the usages of the spec",
        _asking(_KEY_USAGE, _PURPOSES, usages=("digital signature", "server auth")),
    ),
    Line(
        "service-extensions",
        "to be a CA",
        _asking(_CONSTRAINTS, ca=True),
        DENY,
        "CA asked for",
        "got basicConstraints or keyUsage of a CA",
    ),
    Line(
        "service-extensions",
        "to sign certificates",
        _asking(_KEY_USAGE, usages=("cert sign",)),
        DENY,
        "CA asked for",
        "got basicConstraints or keyUsage of a CA",
    ),
    Line(
        "service-extensions",
        "client auth in the request itself",
        _asking(_PURPOSES, usages=("client auth", "server auth")),
        DENY,
        "client auth asked for",
        "got ['client auth', 'server auth'] in the request",
    ),
    Line(
        "service-extensions",
        "not to be a CA",
        _asking(_CONSTRAINTS),
        LEAVE,
        "extensions not permitted",
        f"got ['2.5.29.19'], {_PERMITTED}",
    ),
    Line(
        "service-extensions",
        "a usage beyond those of the spec",
        a_service_case(
            csr=a_service_csr(usages=("server auth",)),
            request=replace(a_service_request(), usages=frozenset({"key encipherment"})),
        ),
        LEAVE,
        "usages beyond spec.usages",
        "got ['key encipherment'] in the request, expected of spec.usages ['server auth']",
    ),
    # --- san-kinds
    Line("san-kinds", "DNS names and an address", a_service_case()),
    Line(
        "san-kinds",
        "no subject alternative names",
        a_service_case(request=a_service_request(sans=())),
    ),
    Line(
        "san-kinds",
        "a URI besides",
        a_service_case(
            request=a_service_request(
                sans=(*names(DNS), OtherName("UniformResourceIdentifier", "spiffe://a/b"))
            )
        ),
        DENY,
        "unsupported names",
        "UniformResourceIdentifier spiffe://a/b",
    ),
    Line(
        "san-kinds",
        "a wildcard",
        _named(f"*.{DNS}"),
        DENY,
        "unsupported names",
        f"DNS name '*.{DNS}' is no host name",
    ),
    # --- lifetime
    Line("lifetime", "none asked for", a_service_case()),
    Line(
        "lifetime",
        "more than a year",
        a_service_case(csr=a_service_csr(expiration_seconds=31_536_001)),
        LEAVE,
        "lifetime too long",
        "got 31536001 s, expected at most 31536000 s",
    ),
    # --- key-not-reused
    Line("key-not-reused", "a key of its own", a_service_case()),
    Line(
        "key-not-reused",
        "another namespace's key",
        a_service_case(peers=Peers(same_key="system:serviceaccount:other:issuer")),
        DENY,
        "key used by another requester",
        "also by system:serviceaccount:other:issuer",
    ),
    # --- service-known
    Line("service-known", "a Service with a cluster IP", a_service_case()),
    Line("service-known", "a headless one", a_service_case(services=(a_service(ips=()),))),
    Line(
        "service-known",
        "a load balancer",
        a_service_case(services=(a_service(kind="LoadBalancer"),)),
    ),
    Line("service-known", "none named, which service-names refuses", _named(CLUSTER_IP)),
    Line(
        "service-known",
        "a Service that is not there",
        a_service_case(services=()),
        LEAVE,
        "no such Service",
        "got ['web']; namespace shop has none of that name",
    ),
    Line(
        "service-known",
        "one of another namespace by that name",
        a_service_case(services=(a_service(namespace="other"),)),
        LEAVE,
        "no such Service",
        "got ['web']; namespace shop has none of that name",
    ),
    Line(
        "service-known",
        "one of two that is not there",
        _named(DNS, "db.shop.svc"),
        LEAVE,
        "no such Service",
        "got ['db']; namespace shop has none of that name",
    ),
    Line(
        "service-known",
        "a name that leads elsewhere",
        a_service_case(services=(a_service(kind="ExternalName", ips=()),)),
        LEAVE,
        "Service of another type",
        "got ['web (ExternalName)'], expected ['ClusterIP', 'LoadBalancer', 'NodePort']",
    ),
    Line(
        "service-known",
        "one that is being deleted",
        a_service_case(services=(a_service(deleting=True),)),
        LEAVE,
        "Service is being deleted",
        "got ['web']",
    ),
    Line(
        "service-known",
        "eleven of them",
        _named(*(f"s{number}.shop.svc" for number in range(11))),
        LEAVE,
        "too many Services",
        "got 11, expected at most 10",
    ),
    Line(
        "service-known",
        "a namespace that isn't to be served",
        a_service_case(services=ServicesHidden("403: services is forbidden")),
        LEAVE,
        "Services not readable",
        "403: services is forbidden",
    ),
    # --- reserved-names
    Line("reserved-names", "a Service's names and address", a_service_case()),
    Line(
        "reserved-names",
        "the API server's address, where the range isn't known",
        _named(DNS, "10.100.0.1", cluster=a_cluster(service_ranges=())),
    ),
    *(
        Line(
            "reserved-names",
            name,
            _named(DNS, name, csr=a_service_csr(**an_account("default"))),
            DENY,
            "reserved name",
            f"got ['{name}'], expected none of the API server's or AWS's",
        )
        for name in (
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "Kubernetes.Default.Svc.cluster.local.",
            "web.kubernetes.default",
            "localhost",
            "a.localhost",
            "*.shop.svc",
            "s3.us-east-1.amazonaws.com",
            "10.100.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::",
            "ff02::1",
        )
    ),
    Line(
        "reserved-names",
        "the API server's address of an IPv6 cluster",
        _named(DNS, "fd12::1", cluster=a_cluster(service_ranges=("fd12::/108",))),
        DENY,
        "reserved name",
        "got ['fd12::1'], expected none of the API server's or AWS's",
    ),
    Line(
        "reserved-names",
        "the API server's name as CN",
        _subject((_CN, "kubernetes.default.svc")),
        DENY,
        "reserved name",
        "got ['kubernetes.default.svc'], expected none of the API server's or AWS's",
    ),
    # --- service-names
    Line("service-names", "both full forms", a_service_case()),
    Line("service-names", "in other letters, with a trailing dot", _named("Web.Shop.SVC.")),
    Line("service-names", "short, where allowed", _named("web.shop", policy=_SHORT)),
    Line(
        "service-names",
        "none",
        a_service_case(request=a_service_request(sans=())),
        LEAVE,
        "no DNS name",
        f"got none as subjectAltName, {_FORM}",
    ),
    Line(
        "service-names",
        "an address alone",
        _named(CLUSTER_IP),
        LEAVE,
        "no DNS name",
        f"got none as subjectAltName, {_FORM}",
    ),
    *(
        Line(
            "service-names",
            f"of another namespace: {name}",
            _named(DNS, name),
            DENY,
            "name of another namespace",
            f"got ['{name}'], {_FORM}",
        )
        for name in (
            "web.other.svc",
            "web.other.svc.cluster.local",
            "pod.web.other.svc.cluster.local",
            "web.shop.other.svc",
            "WEB.OTHER.SVC",
        )
    ),
    *(
        Line(
            "service-names",
            f"no Service's: {name}",
            _named(DNS, name),
            LEAVE,
            "not a Service's name",
            f"got ['{name}'], {_FORM}",
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
    Line(
        "service-names",
        "short, of another namespace, where allowed",
        _named("example.com", policy=_SHORT),
        LEAVE,
        "not a Service's name",
        f"got ['example.com'], {_FORM}",
    ),
    # --- service-addresses
    Line("service-addresses", "the cluster IP", a_service_case()),
    Line("service-addresses", "none asked for", _named(DNS)),
    Line(
        "service-addresses",
        "both of a dual-stack Service",
        _named(DNS, "10.100.7.7", "fd12::7", services=(a_service(ips=("10.100.7.7", "fd12::7")),)),
    ),
    Line(
        "service-addresses",
        "another address",
        _named(DNS, "10.100.7.8"),
        LEAVE,
        "address is not a cluster IP",
        f"got ['10.100.7.8'], expected of ['{CLUSTER_IP}']",
    ),
    Line(
        "service-addresses",
        "any of a headless Service",
        a_service_case(services=(a_service(ips=()),)),
        LEAVE,
        "address is not a cluster IP",
        f"got ['{CLUSTER_IP}'], expected of none",
    ),
    Line(
        "service-addresses",
        "that of a Service that isn't named",
        _named(DNS, "10.100.7.8", services=(a_service(), a_service("db", ips=("10.100.7.8",)))),
        LEAVE,
        "address is not a cluster IP",
        f"got ['10.100.7.8'], expected of ['{CLUSTER_IP}']",
    ),
    Line(
        "service-addresses",
        "that of another namespace's Service of that name",
        _named(
            DNS,
            "10.100.7.8",
            services=(a_service(), a_service(namespace="other", ips=("10.100.7.8",))),
        ),
        LEAVE,
        "address is not a cluster IP",
        f"got ['10.100.7.8'], expected of ['{CLUSTER_IP}']",
    ),
)
