"""The contents of a manifest's `spec.request`, as far as it can be read."""

import base64
import binascii
import re
import warnings
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from cli.legacy.asked import Names
from core import pkcs10
from core.errors import MalformedRequest
from core.model import MAX_REQUEST_BYTES, DnsName, IpName, OtherName, Pkcs10, San

_COMMON_NAME: Final = NameOID.COMMON_NAME.dotted_string
_ORGANIZATION: Final = NameOID.ORGANIZATION_NAME.dotted_string
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]+")

# The errors of cryptography for unreadable input.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Read(Enum):
    """How a request was read; the values are a stable contract."""

    #: By the strict parser, which the approver uses.
    STRICT = "strict"
    #: By a lenient parser, for display only: parsers may read it differently.
    LENIENT = "lenient"
    UNREADABLE = "unreadable"
    #: Filled in by a script or a template.
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Request:
    """What was read. `why`: the reason if it is not readable, or not strictly."""

    read: Read
    names: Names | None = None
    why: str = ""


def read_request(value: str | None) -> Request:
    """Read the base64 text of `spec.request`."""
    if value is None or not _BASE64.fullmatch(value):
        return Request(Read.ELSEWHERE)
    try:
        pem = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        return Request(Read.UNREADABLE, why=f"not base64: {error}")
    try:
        return Request(Read.STRICT, _strict(pkcs10.read(pem)))
    except MalformedRequest as error:
        return _lenient(pem, str(error))


def _strict(request: Pkcs10) -> Names:
    def values(oid: str) -> tuple[str, ...]:
        return tuple(one.value for one in request.subject if one.oid == oid)

    return Names(
        common_name=", ".join(values(_COMMON_NAME)),
        organizations=values(_ORGANIZATION),
        dns=request.dns,
        sans=tuple(map(_san, request.sans)),
    )


def _san(san: San) -> str:
    match san:
        case DnsName():
            return san.value
        case IpName():
            return str(san.address)
        case OtherName():
            return f"{san.kind} {san.value}"


def _lenient(pem: bytes, why: str) -> Request:
    if len(pem) > MAX_REQUEST_BYTES:
        return Request(Read.UNREADABLE, why=why)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Request(Read.LENIENT, _names(x509.load_pem_x509_csr(pem)), why)
    except _UNREADABLE:
        return Request(Read.UNREADABLE, why=why)


def _names(request: x509.CertificateSigningRequest) -> Names:
    def values(oid: x509.ObjectIdentifier) -> tuple[str, ...]:
        found = request.subject.get_attributes_for_oid(oid)
        return tuple(one.value if isinstance(one.value, str) else one.value.hex() for one in found)

    try:
        extension = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        general = list(extension.value)
    except x509.ExtensionNotFound:
        general = []
    return Names(
        common_name=", ".join(values(NameOID.COMMON_NAME)),
        organizations=values(NameOID.ORGANIZATION_NAME),
        dns=tuple(name.value for name in general if isinstance(name, x509.DNSName)),
        sans=tuple(str(name.value) for name in general),
    )


def expiry(value: str | None) -> datetime | None:
    """Return when the certificate in `status.certificate` ends; None if it can't be read."""
    if value is None:
        return None
    try:
        pem = base64.b64decode(value)
        return x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except _UNREADABLE:
        return None
