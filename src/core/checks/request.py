"""Checks of the request itself: what it asks for, with which key, for how long."""

from core.dns import is_dns_name, looks_like_an_address
from core.model import (
    COMMON_NAME,
    Case,
    IpName,
    KeyRule,
    OtherName,
    Refusal,
    San,
    StringType,
    UnreadableRequest,
)
from core.printable import listed

# From: RFC 5280 section 4.2.1.6.
_SUBJECT_ALT_NAME = "2.5.29.17"
# From: X.520 as profiled by RFC 5280 appendix A.1.
_ORGANIZATION = "2.5.4.10"

# From: Kubernetes pkg/apis/certificates/helpers.go, ValidateKubeletServingCSR.
_USAGES = ["digital signature", "server auth"]
_USAGES_RSA = ["digital signature", "key encipherment", "server auth"]

# ECDSA and RSA PKCS#1 v1.5 with SHA-256, 384 and 512, and Ed25519. Deliberately absent: SHA-1 and
# SHA-224; SHA-3, which Go doesn't verify; RSA PSS, of which Go accepts some parameters only.
# From: RFC 5758, RFC 4055, RFC 8410; Go crypto/x509, getSignatureAlgorithmFromAI.
_SIGNATURE_ALGORITHMS = frozenset(
    {
        *(f"1.2.840.10045.4.3.{number}" for number in (2, 3, 4)),
        *(f"1.2.840.113549.1.1.{number}" for number in (11, 12, 13)),
        "1.3.101.112",
    }
)


def request_well_formed(case: Case) -> Refusal | None:
    """Check that `spec.request` is one PKCS#10 request that all parsers read alike.

    From: RFC 2986 and RFC 7468; see `core.pkcs10`.
    """
    if isinstance(case.request, UnreadableRequest):
        return Refusal.deny("request not well-formed", case.request.why)
    return None


def key(case: Case) -> Refusal | None:
    """Check that the key is strong and of a kind that Go supports.

    From: NIST SP 800-57 part 1 (strengths); kubelet itself makes ECDSA P-256 keys, client-go
    util/certificate/certificate_manager.go.
    """
    request = case.pkcs10
    if request.key.rule is KeyRule.ALLOWED:
        return None
    if request.key.rule is KeyRule.UNVERIFIABLE:
        return Refusal.leave(
            "key can't be verified",
            f"got {request.key.kind}, which this version doesn't support",
        )
    expected = "expected ECDSA P-256, P-384, P-521, RSA 2048 to 8192 (e >= 65537) or Ed25519"
    return Refusal.deny("key not allowed", f"got {request.key.kind}, {expected}")


def signature(case: Case) -> Refusal | None:
    """Check that the requester has the key: the request is signed with it and a strong hash.

    From: RFC 2986 section 3, note 2 (proof of possession).
    """
    request = case.pkcs10
    if request.key.rule is KeyRule.UNVERIFIABLE:
        return None
    if request.signature_algorithm not in _SIGNATURE_ALGORITHMS:
        got = request.signature_hash or request.signature_algorithm
        return Refusal.deny(
            "signature algorithm not allowed", f"got {got}, expected SHA-256 or better"
        )
    if not request.signature_valid:
        return Refusal.deny("signature not valid", "the request isn't signed with its own key")
    return None


def subject(case: Case) -> Refusal | None:
    """Check that the subject is O `system:nodes` and CN the username, once each, and nothing else.

    Of several CNs Go takes the last and others the first. From: Kubernetes
    pkg/apis/certificates/helpers.go (O), and TLS bootstrapping (CN).
    """
    request = case.pkcs10
    got = [(attribute.oid, attribute.value) for attribute in request.subject]
    expected = [(_ORGANIZATION, "system:nodes"), (COMMON_NAME, case.csr.username)]  # sorted
    if sorted(got) != expected:
        return Refusal.deny(
            "subject is not the requester's", f"got {_named(got)}, expected {_named(expected)}"
        )
    if len({attribute.rdn for attribute in request.subject}) != len(expected):
        return Refusal.deny(
            "subject is ambiguous", "got O and CN in one RDN, expected one RDN each"
        )
    if any(attribute.string_type is StringType.OTHER for attribute in request.subject):
        return Refusal.deny("subject is ambiguous", "expected PrintableString or UTF8String")
    return None


def usages(case: Case) -> Refusal | None:
    """Check that the usages are exactly those of a serving certificate.

    From: Kubernetes pkg/apis/certificates/helpers.go, ValidateKubeletServingCSR.
    """
    got = case.csr.usages
    if sorted(got) in (_USAGES, _USAGES_RSA):
        return None
    expected = "digital signature and server auth, with or without key encipherment"
    return Refusal.deny("usages not allowed", f"got {listed(got)}, expected {expected}")


def extensions(case: Case) -> Refusal | None:
    """Check that subjectAltName is the only extension: some signers would grant others.

    From: client-go util/certificate/csr/csr.go (what a kubelet asks for).
    """
    request = case.pkcs10
    foreign = [oid for oid in request.extensions if oid != _SUBJECT_ALT_NAME]
    if foreign:
        return Refusal.deny(
            "extensions not allowed", f"got {listed(foreign)}, expected subjectAltName alone"
        )
    return None


def san_kinds(case: Case) -> Refusal | None:
    """Check that there is a name, and that all are plain DNS names or single IP addresses.

    From: Kubernetes TLS bootstrapping (IP and DNS only); RFC 1123 section 2.1 (host names).
    """
    request = case.pkcs10
    if not request.sans:
        return Refusal.deny(
            "no subject alternative names", "got no subject alternative name, expected at least one"
        )
    return plain_names(case)


def plain_names(case: Case) -> Refusal | None:
    """Check that all names, if any, are plain DNS names or single IP addresses.

    From: RFC 1123 section 2.1 (host names).
    """
    request = case.pkcs10
    problems = [problem for san in request.sans if (problem := _san_problem(san)) is not None]
    return Refusal.deny("unsupported names", ", ".join(problems)) if problems else None


def lifetime(case: Case) -> Refusal | None:
    """Check that the lifetime asked for is at most what the policy allows.

    From: Kubernetes certificates.k8s.io/v1, spec.expirationSeconds.
    """
    limit = case.policy.max_certificate_seconds
    asked = case.csr.expiration_seconds
    if asked is None or asked <= limit:
        return None
    return Refusal.deny("lifetime too long", f"got {asked} s, expected at most {limit} s")


def key_not_reused(case: Case) -> Refusal | None:
    """Check that no other requester uses this key: a key that two nodes have proves no identity.

    Only requests that pass their own requester, form, signature and subject checks count, so that a
    copy of a request blocks no one. From: client-go util/certificate/certificate_manager.go,
    generateCSR (a kubelet makes a new key for every request).
    """
    if case.peers.same_key is None:
        return None
    return Refusal.deny("key used by another requester", f"also by {case.peers.same_key}")


def not_reissued_in_a_loop(case: Case) -> Refusal | None:
    """Check that no certificate of this requester differs from what was approved for it.

    A kubelet whose certificate lacks what it asked for asks again at once, without end. Only the
    requester's own certificates count, by username, session and role, as for `newest`. From:
    awslabs/amazon-eks-ami issue 244 (one certificate per second).
    """
    if case.peers.mismatch is None:
        return None
    return Refusal.leave("issued certificate differs", f"see {case.peers.mismatch}")


def _san_problem(san: San) -> str | None:
    match san:
        case OtherName():
            return f"{san.kind} {san.value}"
        case IpName():
            mapped = getattr(san.address, "ipv4_mapped", None)
            return None if mapped is None else f"IPv4-mapped {mapped}"
    if looks_like_an_address(san.value):
        return f"DNS name {san.value!r} is an address"
    return None if is_dns_name(san.value) else f"DNS name {san.value!r} is not a host name"


def _named(attributes: list[tuple[str, str]]) -> str:
    names = {COMMON_NAME: "CN", _ORGANIZATION: "O"}
    return ", ".join(f"{names.get(oid, oid)}={value}" for oid, value in attributes) or "nothing"
