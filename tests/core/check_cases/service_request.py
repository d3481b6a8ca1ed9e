"""Service requests: the checks of what is asked for."""

from dataclasses import replace

from core.model import (
    Case,
    KeyRule,
    OtherName,
    Peers,
    StringType,
    UnreadableRequest,
)
from tests.builders import a_key, names
from tests.core.check_cases.example import DENY, LEAVE, CheckExample
from tests.core.check_cases.service_cases import CN, with_names, with_subject
from tests.service_builders import (
    CLUSTER_IP,
    DNS,
    a_service_case,
    a_service_csr,
    a_service_request,
)

SAN, KEY_USAGE, EXTENDED_KEY_USAGE, BASIC_CONSTRAINTS = (
    f"2.5.29.{number}" for number in (17, 15, 37, 19)
)
PERMITTED_EXTENSIONS = "expected only '2.5.29.15', '2.5.29.17', '2.5.29.37'"


def with_usages(*usages: str) -> Case:
    return a_service_case(csr=a_service_csr(usages=usages))


def with_extensions(*extensions: str, usages: tuple[str, ...] = (), ca: bool = False) -> Case:
    request = a_service_request(extensions=(SAN, *extensions))
    return a_service_case(request=replace(request, usages=frozenset(usages), asks_ca=ca))


EXAMPLES: tuple[CheckExample, ...] = (
    # --- request-well-formed
    CheckExample("request-well-formed", "one plain request", a_service_case()),
    CheckExample(
        "request-well-formed",
        "a request that the strict parser refuses",
        a_service_case(request=UnreadableRequest("the PEM block is not base64: wrongly padded")),
        DENY,
        "request not well-formed",
        "the PEM block is not base64: wrongly padded",
    ),
    # --- key
    CheckExample("key", "an allowed key", a_service_case()),
    CheckExample(
        "key",
        "a weak key",
        a_service_case(request=a_service_request(key=a_key("DSA", KeyRule.FORBIDDEN))),
        DENY,
        "key not allowed",
        "got DSA, expected ECDSA P-256, P-384, P-521, RSA 2048 to 8192 (e >= 65537) or Ed25519",
    ),
    CheckExample(
        "key",
        "a key that can't be verified here",
        a_service_case(request=a_service_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE))),
        LEAVE,
        "key can't be verified",
        "got MLDSA65, which this version doesn't support",
    ),
    # --- signature
    CheckExample("signature", "signed with the request's own key", a_service_case()),
    CheckExample(
        "signature",
        "signed with another key",
        a_service_case(request=a_service_request(signature_valid=False)),
        DENY,
        "signature not valid",
        "the request isn't signed with its own key",
    ),
    # --- service-subject
    CheckExample("service-subject", "a CN that is one of the names", a_service_case()),
    CheckExample("service-subject", "the CN in upper case", with_subject((CN, DNS.upper()))),
    CheckExample(
        "service-subject", "no subject", a_service_case(request=a_service_request(subject=()))
    ),
    CheckExample(
        "service-subject",
        "the example of AWS's page: a CN and no other name",
        a_service_case(request=a_service_request(sans=(), extensions=())),
        LEAVE,
        "CN is not a subjectAltName",
        f"got CN={DNS}; file it again with -addext subjectAltName=DNS:{DNS}",
    ),
    CheckExample(
        "service-subject",
        "a CN that is none of the names",
        with_subject((CN, "db.shop.svc")),
        LEAVE,
        "CN is not a subjectAltName",
        "got CN=db.shop.svc; file it again with -addext subjectAltName=DNS:db.shop.svc",
    ),
    CheckExample(
        "service-subject",
        "a long CN, of which 80 characters are shown",
        with_subject((CN, "a" * 81)),
        LEAVE,
        "CN is not a subjectAltName",
        f"got CN={'a' * 80}; file it again with -addext subjectAltName=DNS:{'a' * 80}",
    ),
    CheckExample(
        "service-subject",
        "a CN that is one of the addresses",
        with_subject((CN, CLUSTER_IP)),
        LEAVE,
        "CN is not a subjectAltName",
        f"got CN={CLUSTER_IP}; file it again with -addext subjectAltName=DNS:{CLUSTER_IP}",
    ),
    CheckExample(
        "service-subject",
        "an additional O system:masters",
        with_subject(("2.5.4.10", "system:masters"), (CN, DNS)),
        LEAVE,
        "subject is more than one CN",
        f"got '2.5.4.10=system:masters', '2.5.4.3={DNS}', expected one CN or an empty subject",
    ),
    CheckExample(
        "service-subject",
        "one of the names as O instead of CN",
        with_subject(("2.5.4.10", DNS)),
        LEAVE,
        "subject is more than one CN",
        f"got '2.5.4.10={DNS}', expected one CN or an empty subject",
    ),
    CheckExample(
        "service-subject",
        "one of the names as OU instead of CN",
        with_subject(("2.5.4.11", DNS)),
        LEAVE,
        "subject is more than one CN",
        f"got '2.5.4.11={DNS}', expected one CN or an empty subject",
    ),
    CheckExample(
        "service-subject",
        "one of the names as a country instead of CN",
        with_subject(("2.5.4.6", DNS)),
        LEAVE,
        "subject is more than one CN",
        f"got '2.5.4.6={DNS}', expected one CN or an empty subject",
    ),
    CheckExample(
        "service-subject",
        "two CNs, of which some clients read the first and some the last",
        with_subject((CN, DNS), (CN, "db.other.svc")),
        LEAVE,
        "subject is more than one CN",
        f"got '2.5.4.3={DNS}', '2.5.4.3=db.other.svc', expected one CN or an empty subject",
    ),
    CheckExample(
        "service-subject",
        "a BMPString",
        with_subject((CN, DNS), string_type=StringType.OTHER),
        LEAVE,
        "subject is ambiguous",
        "expected PrintableString or UTF8String",
    ),
    # --- service-usages
    CheckExample("service-usages", "all three permitted usages", a_service_case()),
    CheckExample("service-usages", "server auth alone", with_usages("server auth")),
    CheckExample(
        "service-usages",
        "additional client auth",
        with_usages("server auth", "client auth"),
        DENY,
        "client auth asked for",
        "got 'client auth', 'server auth', expected no client auth",
    ),
    CheckExample(
        "service-usages",
        "no server auth",
        with_usages("digital signature"),
        LEAVE,
        "usages not permitted",
        "got 'digital signature', expected server auth, and only "
        "'digital signature', 'key encipherment', 'server auth'",
    ),
    CheckExample(
        "service-usages",
        "none",
        with_usages(),
        LEAVE,
        "usages not permitted",
        "got none, expected server auth, and only "
        "'digital signature', 'key encipherment', 'server auth'",
    ),
    CheckExample(
        "service-usages",
        "any usage",
        with_usages("server auth", "any"),
        LEAVE,
        "usages not permitted",
        "got 'any', 'server auth', expected server auth, and only "
        "'digital signature', 'key encipherment', 'server auth'",
    ),
    # --- service-extensions
    CheckExample("service-extensions", "subjectAltName alone", a_service_case()),
    CheckExample(
        "service-extensions",
        "the usages of spec.usages",
        with_extensions(KEY_USAGE, EXTENDED_KEY_USAGE, usages=("digital signature", "server auth")),
    ),
    CheckExample(
        "service-extensions",
        "basicConstraints of a CA",
        with_extensions(BASIC_CONSTRAINTS, ca=True),
        DENY,
        "CA asked for",
        "got basicConstraints or keyUsage of a CA",
    ),
    CheckExample(
        "service-extensions",
        "the usage cert sign",
        with_extensions(KEY_USAGE, usages=("cert sign",)),
        DENY,
        "CA asked for",
        "got basicConstraints or keyUsage of a CA",
    ),
    CheckExample(
        "service-extensions",
        "client auth in the request itself",
        with_extensions(EXTENDED_KEY_USAGE, usages=("client auth", "server auth")),
        DENY,
        "client auth asked for",
        "got 'client auth', 'server auth' in the request",
    ),
    CheckExample(
        "service-extensions",
        "basicConstraints of no CA",
        with_extensions(BASIC_CONSTRAINTS),
        LEAVE,
        "extensions not permitted",
        f"got '2.5.29.19', {PERMITTED_EXTENSIONS}",
    ),
    CheckExample(
        "service-extensions",
        "usages that aren't in spec.usages",
        a_service_case(
            csr=a_service_csr(usages=("server auth",)),
            request=replace(
                a_service_request(),
                usages=frozenset({"key encipherment", "any", "crl sign", "ocsp signing"}),
            ),
        ),
        LEAVE,
        "usages beyond spec.usages",
        "got 'any', 'crl sign', 'key encipherment', 'ocsp signing' in the request, "
        "expected only spec.usages 'server auth'",
    ),
    # --- san-kinds
    CheckExample("san-kinds", "DNS names and an address", a_service_case()),
    CheckExample(
        "san-kinds",
        "no subject alternative names",
        a_service_case(request=a_service_request(sans=())),
    ),
    CheckExample(
        "san-kinds",
        "an additional URI",
        a_service_case(
            request=a_service_request(
                sans=(*names(DNS), OtherName("UniformResourceIdentifier", "spiffe://a/b"))
            )
        ),
        DENY,
        "unsupported names",
        "UniformResourceIdentifier spiffe://a/b",
    ),
    CheckExample(
        "san-kinds",
        "a wildcard",
        with_names(f"*.{DNS}"),
        DENY,
        "unsupported names",
        f"DNS name '*.{DNS}' is not a host name",
    ),
    # --- lifetime
    CheckExample("lifetime", "none requested", a_service_case()),
    CheckExample(
        "lifetime",
        "more than a year",
        a_service_case(csr=a_service_csr(expiration_seconds=31_536_001)),
        LEAVE,
        "lifetime too long",
        "got 31536001 s, expected at most 31536000 s",
    ),
    # --- key-not-reused
    CheckExample("key-not-reused", "a key that no other requester has", a_service_case()),
    CheckExample(
        "key-not-reused",
        "another namespace's key",
        a_service_case(peers=Peers(same_key="system:serviceaccount:other:issuer")),
        DENY,
        "key used by another requester",
        "also by system:serviceaccount:other:issuer",
    ),
)
