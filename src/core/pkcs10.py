"""The strict reader of `spec.request`.

The API server and the signer parse a request with Go's encoding/pem and crypto/x509. Python's
parsers disagree with Go's on some inputs; an attacker with a node's credentials could use that to
have one name checked and another signed. So this reader rejects anything that Go would read
differently. tests/property proves it.
"""

import binascii
import re
import warnings
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.errors import MalformedRequest
from core.model import (
    MAX_REQUEST_BYTES,
    DnsName,
    IpName,
    KeyRule,
    OtherName,
    Pkcs10,
    PublicKey,
    San,
    StringType,
    SubjectAttribute,
)
from core.public_keys import public_key

# One block from the first byte to the last, LF or CRLF. Parsers differ on text before, between or
# after blocks. From: RFC 7468 section 3, and Go's encoding/pem.
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE REQUEST-----\r?\n"
    rb"((?:[A-Za-z0-9+/=]+\r?\n)+)"
    rb"-----END CERTIFICATE REQUEST-----(?:\r?\n)?"
)

# From: RFC 4648 section 4. Python 3.12 accepts excess padding, even in strict mode; Go doesn't.
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==|)")

# From: RFC 2985 section 5.4.2, the PKCS#9 extensionRequest. Deliberately absent: Microsoft's
# 1.3.6.1.4.1.311.2.1.14, which OpenSSL and cryptography read like it, and Go doesn't.
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"

_STRING_TYPES = {
    _ASN1Type.PrintableString: StringType.PRINTABLE,
    _ASN1Type.UTF8String: StringType.UTF8,
}

# The bits of keyUsage, and the purposes of extendedKeyUsage.
# From: k8s.io/api/certificates/v1, types.go (KeyUsage).
_KEY_USAGES = {
    "digital_signature": "digital signature",
    "content_commitment": "content commitment",
    "key_encipherment": "key encipherment",
    "data_encipherment": "data encipherment",
    "key_agreement": "key agreement",
    "key_cert_sign": "cert sign",
    "crl_sign": "crl sign",
    "encipher_only": "encipher only",
    "decipher_only": "decipher only",
}
_EXTENDED = {
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "any",
    ExtendedKeyUsageOID.SERVER_AUTH: "server auth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client auth",
}

# What cryptography raises for input that it can't read. Parsing is lazy, so any property may raise.
_UNREADABLE = (
    ValueError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


def read(request: bytes, *, bare: bool = False) -> Pkcs10:
    """Read one PEM-encoded PKCS#10 request (RFC 2986).

    `bare`: accept a request without any attribute too, as OpenSSL makes it unless asked for names.

    Raises:
        MalformedRequest: it is not exactly one such request, or parsers differ on it; the message
            says what is wrong.
    """
    der = _one_pem_block(request)
    try:
        with warnings.catch_warnings():
            # cryptography warns of a long CN; here the whole CN is compared later.
            warnings.simplefilter("ignore")
            csr = x509.load_der_x509_csr(der)
            return _facts(der, csr, _parsed_subject(csr), bare=bare)
    except _UNREADABLE as error:
        raise MalformedRequest(f"not a readable PKCS#10 request: {error}") from error


def _one_pem_block(request: bytes) -> bytes:
    if len(request) > MAX_REQUEST_BYTES:
        raise MalformedRequest(f"got {len(request)} bytes, expected at most {MAX_REQUEST_BYTES}")
    block = _PEM.fullmatch(request)
    if block is None:
        raise MalformedRequest("not exactly one CERTIFICATE REQUEST block, first byte to last")
    text = block[1].replace(b"\r", b"").replace(b"\n", b"")
    if not _BASE64.fullmatch(text):
        raise MalformedRequest("the PEM block is not base64: wrongly padded")
    return binascii.a2b_base64(text)


def _parsed_subject(csr: x509.CertificateSigningRequest) -> x509.Name:
    """Return the subject, which is parsed at each access; parse the extensions too.

    Here a TypeError is the input's fault; in our own code it would be a bug. cryptography raises it
    for a CN as a BIT STRING and for nameConstraints with an address.
    """
    try:
        subject, _ = csr.subject, csr.extensions
    except TypeError as error:
        raise MalformedRequest(f"not a readable PKCS#10 request: {error}") from error
    return subject


def _facts(
    der: bytes, csr: x509.CertificateSigningRequest, subject: x509.Name, *, bare: bool
) -> Pkcs10:
    if csr.attributes or not bare:
        _only_extension_request(csr)
    key = public_key(csr)
    _only_one_encoding(der, csr, subject, key)
    verifiable = key.rule is not KeyRule.UNVERIFIABLE
    return Pkcs10(
        subject=_subject(subject),
        sans=tuple(_sans(csr)),
        extensions=tuple(extension.oid.dotted_string for extension in csr.extensions),
        key=key,
        signature_algorithm=csr.signature_algorithm_oid.dotted_string,
        signature_hash=_signature_hash(csr) if verifiable else "",
        signature_valid=csr.is_signature_valid if verifiable else None,
        usages=frozenset(_usages(csr.extensions)),
        asks_ca=any(
            isinstance(one.value, x509.BasicConstraints) and one.value.ca for one in csr.extensions
        ),
    )


def _only_extension_request(csr: x509.CertificateSigningRequest) -> None:
    found = [attribute.oid.dotted_string for attribute in csr.attributes]
    if found != [_EXTENSION_REQUEST]:
        got = ", ".join(found) or "none"
        raise MalformedRequest(
            f"got attributes {got}, expected extensionRequest ({_EXTENSION_REQUEST})"
        )


def _only_one_encoding(
    der: bytes, csr: x509.CertificateSigningRequest, subject: x509.Name, key: PublicKey
) -> None:
    """Refuse a key with an unusual encoding, and a signature with unused bits.

    cryptography accepts compressed points, curves by explicit parameters, and RSA keys without NULL
    or for PSS alone; Go doesn't, and it shifts a BIT STRING by its unused bits. From: Go
    crypto/x509 parsePublicKey, encoding/asn1 BitString.RightAlign; RFC 5480 section 2.1, RFC 3279
    section 2.3.
    """
    tbs = csr.tbs_certrequest_bytes
    # DER writes a length from 0x80 on as 0x80 + the number of bytes that it then takes.
    content = tbs[2 + max(0, tbs[1] - 0x80) :]
    if not content.startswith(b"\x02\x01\x00" + subject.public_bytes() + key.spki):
        raise MalformedRequest("the subject or the key has an unusual encoding")
    if not der.endswith(b"\0" + csr.signature):
        raise MalformedRequest("the signature has unused bits")


def _subject(name: x509.Name) -> tuple[SubjectAttribute, ...]:
    return tuple(
        SubjectAttribute(
            oid=attribute.oid.dotted_string,
            value=attribute.value if isinstance(attribute.value, str) else attribute.value.hex(),
            # The string type has no public accessor; without it a BMPString would pass as text.
            string_type=_STRING_TYPES.get(attribute._type, StringType.OTHER),  # noqa: SLF001
            rdn=position,
        )
        for position, rdn in enumerate(name.rdns)
        for attribute in rdn
    )


def _sans(csr: x509.CertificateSigningRequest) -> list[San]:
    try:
        extension = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [_san(name) for name in extension.value]


def _san(name: x509.GeneralName) -> San:
    if isinstance(name, x509.DNSName):
        return DnsName(name.value)
    if isinstance(name, x509.IPAddress):
        # Eight or 32 bytes come out as a network, which Go refuses.
        if hasattr(name.value, "num_addresses"):
            return OtherName("IP network", str(name.value))
        return IpName(name.value)
    return OtherName(type(name).__name__, _text_of(name))


def _text_of(name: x509.GeneralName) -> str:
    """Return a name of another kind as text: `str` of some gives a Python object's `repr`."""
    match name:
        case x509.DirectoryName():
            return name.value.rfc4514_string()
        case x509.RegisteredID():
            return name.value.dotted_string
        case x509.OtherName():
            return f"{name.type_id.dotted_string} {name.value.hex()}"
    return str(name.value)


def _usages(extensions: x509.Extensions) -> Iterator[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.KeyUsage):
            yield from _key_usages(extension.value)
        elif isinstance(extension.value, x509.ExtendedKeyUsage):
            yield from (_EXTENDED.get(oid, oid.dotted_string) for oid in extension.value)


def _key_usages(usage: x509.KeyUsage) -> Iterator[str]:
    """Yield the bits that are set; without key agreement the last two have no meaning."""
    for field, word in _KEY_USAGES.items():
        has_meaning = usage.key_agreement or field not in ("encipher_only", "decipher_only")
        if has_meaning and getattr(usage, field):
            yield word


def _signature_hash(csr: x509.CertificateSigningRequest) -> str:
    try:
        algorithm = csr.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return "" if algorithm is None else algorithm.name
