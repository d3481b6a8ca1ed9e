"""`spec.request` as kube-apiserver reads it: an approximation of Go's PEM and PKCS#10 parsers.

It refuses some requests that Go accepts: an explicit critical=FALSE, two values in an attribute, a
second or Microsoft's attribute, SHA-1, PSS; and a common name over 64 characters if warnings are
errors, because `cryptography` warns of it. Such requests can be seeded. It accepts three forms that
Go refuses: a UniversalString, a malformed URI, and unused bits in a signature.

From: Go 1.26, encoding/pem (Decode) and crypto/x509 (parseSANExtension), and Kubernetes v1.36.2,
pkg/apis/certificates/helpers.go (ParseCSR).
"""

import base64
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID, SignatureAlgorithmOID

_START = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"

#: The attributes that hold requested extensions: PKCS#9's and Microsoft's.
_MICROSOFT = "1.3.6.1.4.1.311.2.1.14"
_REQUESTS = ("1.2.840.113549.1.9.14", _MICROSOFT)


_CURVES = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")
_SIGNATURES = (
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384,
    SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.ED25519,
)


class Unreadable(Exception):
    """Go would not read this request. The message is Go's."""


@dataclass(frozen=True, slots=True)
class Request:
    """What Kubernetes reads of a request."""

    csr: x509.CertificateSigningRequest
    common_name: str
    organizations: tuple[str, ...]
    dns: tuple[str, ...] = ()
    ips: tuple[IPv4Address | IPv6Address, ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()

    def signature_is_valid(self) -> bool:
        """Return whether the request is signed with its own key, in a way that Go verifies."""
        if self.csr.signature_algorithm_oid not in _SIGNATURES:
            return False
        try:
            return self.csr.is_signature_valid
        except (UnsupportedAlgorithm, ValueError):
            return False


def read(pem: bytes) -> Request:
    """Read the first PEM block, which must be a CERTIFICATE REQUEST. Raises `Unreadable`."""
    label, der = first_block(pem) or ("", b"")
    if label != "CERTIFICATE REQUEST":
        raise Unreadable("PEM block type must be CERTIFICATE REQUEST")
    try:
        request = _request(x509.load_der_x509_csr(der))
    except Unreadable:
        raise
    except Exception as error:  # noqa: BLE001 - cryptography's errors have no common base
        raise Unreadable(f"x509: {error or type(error).__name__}") from None
    return request


def first_block(data: bytes) -> tuple[str, bytes] | None:
    """Return label and content of the first PEM block that Go finds; None if it finds none."""
    position = 0
    while (end := data.find(_END, position)) >= 0:
        start = data.rfind(_START, position, end)
        if start >= 0 and (start == position or data[start - 1 : start] == b"\n"):
            block = _block(data[start + len(_START) : end], data[end + len(_END) :])
            if block is not None:
                return block
        position = end + len(_END)
    return None


def _block(inner: bytes, after: bytes) -> tuple[str, bytes] | None:
    """Return the block between BEGIN and END; None if its lines don't fit together."""
    head, *lines = inner.split(b"\n")
    head = head.removesuffix(b"\r").rstrip(b" \t")
    label = head.removesuffix(_DASHES)
    trailer = after.split(b"\n", 1)[0].removesuffix(b"\r").rstrip(b" \t")
    if label == head or trailer != label + _DASHES:
        return None
    while lines and b":" in lines[0]:
        del lines[0]
    body = re.sub(rb"[ \t\r\n]", b"", b"\n".join(lines))
    try:
        return label.decode("utf-8", "replace"), base64.b64decode(body, validate=True)
    except ValueError:
        return None


def _check_key(csr: x509.CertificateSigningRequest) -> None:
    """Refuse keys that Go doesn't read. Kinds that it doesn't know fail later."""
    key = csr.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise Unreadable("x509: unsupported elliptic curve")
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if encoded not in csr.tbs_certrequest_bytes:
        raise Unreadable("x509: the key is encoded in another way than its own")
    if isinstance(key, rsa.RSAPublicKey) and key.public_numbers().e >= 2**31:
        raise Unreadable("crypto/rsa: public exponent too large")


def _names(csr: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName | None:
    """Return the subjectAltName; None if there is none. Both parsers must find the same one."""
    asked = [a.oid.dotted_string for a in csr.attributes if a.oid.dotted_string in _REQUESTS]
    if len(asked) > 1 or _MICROSOFT in asked:
        raise Unreadable("the fake API server reads only one extension request, PKCS#9's")
    found = [e for e in csr.extensions if e.oid == ExtensionOID.SUBJECT_ALTERNATIVE_NAME]
    value = found[0].value if found else None
    return value if isinstance(value, x509.SubjectAlternativeName) else None


def _request(csr: x509.CertificateSigningRequest) -> Request:
    """Read a request: of several common names Go keeps the last; of SANs it reads four kinds."""
    _check_key(csr)
    common = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    organizations = csr.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    names = _names(csr) or x509.SubjectAlternativeName([])
    dns = tuple(names.get_values_for_type(x509.DNSName))
    if not all(name.isascii() for name in dns):
        raise Unreadable("x509: SAN dNSName is malformed")
    return Request(
        csr=csr,
        common_name=str(common[-1].value) if common else "",
        organizations=tuple(str(attribute.value) for attribute in organizations),
        dns=dns,
        ips=tuple(_address(ip) for ip in names.get_values_for_type(x509.IPAddress)),
        emails=tuple(names.get_values_for_type(x509.RFC822Name)),
        uris=tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
    )


def _address(value: object) -> IPv4Address | IPv6Address:
    if isinstance(value, IPv6Address) and value.ipv4_mapped is not None:
        raise Unreadable("x509: SAN iPAddress contains IPv4-mapped IPv6 address")
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    raise Unreadable("x509: cannot parse IP address of its length")
