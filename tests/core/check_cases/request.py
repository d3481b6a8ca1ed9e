"""Node requests: the checks of what is asked for."""

from core.model import KeyRule, OtherName, Peers, StringType, UnreadableRequest
from tests.builders import NODE, O_AND_CN, a_case, a_csr, a_key, a_request, a_subject, names
from tests.core.check_cases.cases import OTHER_NODE, with_names
from tests.core.check_cases.example import DENY, LEAVE, CheckExample

CN_ONLY = (("2.5.4.3", f"system:node:{NODE}"),)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- request-well-formed
    CheckExample("request-well-formed", "one plain request", a_case()),
    CheckExample(
        "request-well-formed",
        "a request that the strict parser refuses",
        a_case(
            request=UnreadableRequest(
                "not exactly one CERTIFICATE REQUEST block, first byte to last"
            )
        ),
        DENY,
        "request not well-formed",
        "not exactly one CERTIFICATE REQUEST block, first byte to last",
    ),
    # --- key
    CheckExample("key", "an allowed key", a_case()),
    CheckExample(
        "key",
        "a weak key",
        a_case(request=a_request(key=a_key("RSA 1024 with exponent 65537", KeyRule.FORBIDDEN))),
        DENY,
        "key not allowed",
        "got RSA 1024 with exponent 65537, expected ECDSA P-256, P-384, P-521, "
        "RSA 2048 to 8192 (e >= 65537) or Ed25519",
    ),
    CheckExample(
        "key",
        "a key that can't be verified here",
        a_case(request=a_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE), signature_valid=None)),
        LEAVE,
        "key can't be verified",
        "got MLDSA65, which this version doesn't support",
    ),
    # --- signature
    CheckExample("signature", "signed with the request's own key", a_case()),
    CheckExample(
        "signature",
        "Ed25519, which has no separate hash",
        a_case(request=a_request(signature_algorithm="1.3.101.112", signature_hash="")),
    ),
    *(
        CheckExample("signature", name, a_case(request=a_request(signature_algorithm=oid)))
        for oid, name in (
            ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
            ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
            ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
            ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
            ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
            ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
        )
    ),
    CheckExample(
        "signature",
        "not run for a key that can't be verified",
        a_case(request=a_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE), signature_valid=None)),
    ),
    CheckExample(
        "signature",
        "signed with another key",
        a_case(request=a_request(signature_valid=False)),
        DENY,
        "signature not valid",
        "the request isn't signed with its own key",
    ),
    CheckExample(
        "signature",
        "SHA-1",
        a_case(
            request=a_request(
                signature_algorithm="1.2.840.10045.4.1",
                signature_hash="sha1",
                signature_valid=False,
            )
        ),
        DENY,
        "signature algorithm not allowed",
        "got sha1, expected SHA-256 or better",
    ),
    CheckExample(
        "signature",
        "an algorithm without a separate hash, which is named by its OID",
        a_case(request=a_request(signature_algorithm="1.3.101.113", signature_hash="")),
        DENY,
        "signature algorithm not allowed",
        "got 1.3.101.113, expected SHA-256 or better",
    ),
    # --- subject
    CheckExample("subject", "O and CN of the requester", a_case()),
    CheckExample(
        "subject",
        "the subject in PrintableString",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, string_type=StringType.PRINTABLE))),
    ),
    CheckExample(
        "subject", "CN before O", a_case(request=a_request(subject=a_subject(*O_AND_CN[::-1])))
    ),
    CheckExample(
        "subject",
        "two CNs, the requester's last",
        a_case(request=a_request(subject=a_subject(("2.5.4.3", "system:node:other"), *O_AND_CN))),
        DENY,
        "subject is not the requester's",
        f"got CN=system:node:other, O=system:nodes, CN=system:node:{NODE}, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "the CN of another node",
        a_case(request=a_request(subject=a_subject(O_AND_CN[0], ("2.5.4.3", "system:node:b")))),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:b, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "the CN in upper case",
        a_case(
            request=a_request(
                subject=a_subject(O_AND_CN[0], ("2.5.4.3", f"system:node:{NODE.upper()}"))
            )
        ),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:{NODE.upper()}, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "no O",
        a_case(request=a_request(subject=a_subject(*CN_ONLY))),
        DENY,
        "subject is not the requester's",
        f"got CN=system:node:{NODE}, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "an additional O system:masters",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, ("2.5.4.10", "system:masters")))),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:{NODE}, O=system:masters, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "nothing",
        a_case(request=a_request(subject=())),
        DENY,
        "subject is not the requester's",
        f"got nothing, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    CheckExample(
        "subject",
        "O and CN in one RDN",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, rdns=False))),
        DENY,
        "subject is ambiguous",
        "got O and CN in one RDN, expected one RDN each",
    ),
    CheckExample(
        "subject",
        "a BMPString",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, string_type=StringType.OTHER))),
        DENY,
        "subject is ambiguous",
        "expected PrintableString or UTF8String",
    ),
    # --- usages
    CheckExample("usages", "a kubelet's with an ECDSA key", a_case()),
    CheckExample(
        "usages",
        "a kubelet's with an RSA key",
        a_case(csr=a_csr(usages=("server auth", "key encipherment", "digital signature"))),
    ),
    CheckExample(
        "usages",
        "additional client auth",
        a_case(csr=a_csr(usages=("digital signature", "server auth", "client auth"))),
        DENY,
        "usages not allowed",
        "got 'digital signature', 'server auth', 'client auth', expected digital signature "
        "and server auth, with or without key encipherment",
    ),
    CheckExample(
        "usages",
        "none",
        a_case(csr=a_csr(usages=())),
        DENY,
        "usages not allowed",
        "got none, expected digital signature and server auth, with or without key encipherment",
    ),
    CheckExample(
        "usages",
        "a usage twice",
        a_case(csr=a_csr(usages=("digital signature", "server auth", "server auth"))),
        DENY,
        "usages not allowed",
        "got 'digital signature', 'server auth', 'server auth', expected digital signature "
        "and server auth, with or without key encipherment",
    ),
    # --- extensions
    CheckExample("extensions", "subjectAltName alone", a_case()),
    CheckExample(
        "extensions",
        "additional basicConstraints",
        a_case(request=a_request(extensions=("2.5.29.17", "2.5.29.19"))),
        DENY,
        "extensions not allowed",
        "got '2.5.29.19', expected subjectAltName alone",
    ),
    # --- san-kinds
    CheckExample("san-kinds", "a DNS name and an address", a_case()),
    CheckExample("san-kinds", "a name with one trailing dot", with_names(f"{NODE}.")),
    CheckExample(
        "san-kinds",
        "no subject alternative names",
        a_case(request=a_request(sans=())),
        DENY,
        "no subject alternative names",
        "got no subject alternative name, expected at least one",
    ),
    CheckExample(
        "san-kinds",
        "an additional e-mail address",
        a_case(request=a_request(sans=(*names(NODE), OtherName("RFC822Name", "a@b.example")))),
        DENY,
        "unsupported names",
        "RFC822Name a@b.example",
    ),
    CheckExample(
        "san-kinds",
        "an address as a DNS name",
        with_names("10.0.1.10", "10.0.1.10."),
        DENY,
        "unsupported names",
        "DNS name '10.0.1.10.' is an address",
    ),
    CheckExample(
        "san-kinds",
        "an address in hex as a DNS name",
        with_names("0x0a00010a"),
        DENY,
        "unsupported names",
        "DNS name '0x0a00010a' is an address",
    ),
    CheckExample(
        "san-kinds",
        "an empty DNS name",
        with_names(""),
        DENY,
        "unsupported names",
        "DNS name '' is not a host name",
    ),
    CheckExample(
        "san-kinds",
        "a line end in a DNS name",
        with_names(f"{NODE}\n{OTHER_NODE}"),
        DENY,
        "unsupported names",
        f"DNS name '{NODE}\\\\n{OTHER_NODE}' is not a host name",
    ),
    CheckExample(
        "san-kinds",
        "two trailing dots",
        with_names(f"{NODE}.."),
        DENY,
        "unsupported names",
        f"DNS name '{NODE}..' is not a host name",
    ),
    CheckExample(
        "san-kinds",
        "an underscore",
        with_names("ip_10_0_1_10.ec2.internal"),
        DENY,
        "unsupported names",
        "DNS name 'ip_10_0_1_10.ec2.internal' is not a host name",
    ),
    CheckExample(
        "san-kinds",
        "an IPv4-mapped IPv6 address",
        with_names("::ffff:10.0.1.10"),
        DENY,
        "unsupported names",
        "IPv4-mapped 10.0.1.10",
    ),
    # --- lifetime
    CheckExample("lifetime", "none requested", a_case()),
    CheckExample("lifetime", "an hour", a_case(csr=a_csr(expiration_seconds=3_600))),
    CheckExample("lifetime", "a year", a_case(csr=a_csr(expiration_seconds=31_536_000))),
    CheckExample(
        "lifetime",
        "more than a year",
        a_case(csr=a_csr(expiration_seconds=31_536_001)),
        DENY,
        "lifetime too long",
        "got 31536001 s, expected at most 31536000 s",
    ),
    # --- key-not-reused
    CheckExample("key-not-reused", "a key that no other requester has", a_case()),
    CheckExample(
        "key-not-reused",
        "another node's key",
        a_case(peers=Peers(same_key="system:node:b")),
        DENY,
        "key used by another requester",
        "also by system:node:b",
    ),
    # --- not-reissued-in-a-loop
    CheckExample("not-reissued-in-a-loop", "no mismatch", a_case()),
    CheckExample(
        "not-reissued-in-a-loop",
        "an earlier certificate differed",
        a_case(peers=Peers(mismatch="csr-earlier")),
        LEAVE,
        "issued certificate differs",
        "see csr-earlier",
    ),
)
