"""Build PKCS#10 requests and PEM blocks, valid or not. `CsrBuilder` builds a whole request.

From: RFC 2986 (PKCS#10), RFC 2985 (extensionRequest), RFC 5280 (names, extensions), RFC 7468 (PEM).
"""

import base64
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Self

from sandbox.csr_builder import der
from sandbox.csr_builder.keys import Key

COMMON_NAME = "2.5.4.3"
ORGANIZATION = "2.5.4.10"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MICROSOFT_EXTENSION_REQUEST = "1.3.6.1.4.1.311.2.1.14"
SUBJECT_ALT_NAME = "2.5.29.17"


@dataclass(frozen=True, slots=True)
class Names:
    """A node's name, DNS names and addresses."""

    node: str
    dns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()

    @property
    def sans(self) -> tuple[bytes, ...]:
        """Return the names as GeneralNames, DNS names first."""
        return (*map(dns, self.dns), *map(ip, self.ips))


# --- names ---------------------------------------------------------------------------------------


def attribute_value(oid: str, value: bytes) -> bytes:
    """Return one AttributeTypeAndValue; `value` is a string in DER."""
    return der.sequence(der.oid(oid), value)


def rdn(oid: str, value: bytes) -> bytes:
    """Return a RelativeDistinguishedName of one attribute; `value` is a string in DER."""
    return der.set_of(attribute_value(oid, value))


def dns(name: str | bytes) -> bytes:
    """Return a dNSName; bytes go in as they are, even if they are no valid name."""
    return der.context(2, name.encode() if isinstance(name, str) else name)


def ip(address: str | bytes) -> bytes:
    """Return an iPAddress; bytes go in as they are, of any length."""
    return der.context(7, ip_address(address).packed if isinstance(address, str) else address)


# --- extensions and attributes -------------------------------------------------------------------


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    """Return an Extension; `critical` is a BOOLEAN in DER, or empty to leave the field out."""
    return der.sequence(der.oid(oid), critical, der.octets(value))


def san_extension(*names: bytes, critical: bytes = b"") -> bytes:
    """Return a subjectAltName extension."""
    return extension(SUBJECT_ALT_NAME, der.sequence(*names), critical)


def attribute(oid: str, *values: bytes) -> bytes:
    """Return an Attribute with its values in the order given."""
    return der.sequence(der.oid(oid), der.set_as_given(*values))


def extension_request(*extensions: bytes) -> bytes:
    """Return the PKCS#9 extensionRequest attribute, which Go reads."""
    return attribute(EXTENSION_REQUEST, der.sequence(*extensions))


def microsoft_extension_request(*extensions: bytes) -> bytes:
    """Return Microsoft's attribute of the same form, which Go doesn't read."""
    return attribute(MICROSOFT_EXTENSION_REQUEST, der.sequence(*extensions))


# --- requests ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CsrBuilder:
    """A request that isn't signed yet.

    Each method that sets a part returns a changed copy. `der` and `pem` sign it and return bytes.
    """

    key: Key
    _subject: bytes = der.sequence()
    _attributes: bytes = der.explicit(0)
    _version: bytes = der.integer(0)
    _signer: Key | None = None
    _unused_bits: int = 0

    @classmethod
    def of_node(cls, key: Key, node: str, names: Names) -> Self:
        """Return the request of `node`'s kubelet for these names, even if they aren't its own.

        The node in `names` is ignored, so that an attack can ask for another node's names.
        """
        return cls(key).subject(*kubelet_rdns(node)).sans(*names.sans)

    def subject(self, *rdns: bytes) -> Self:
        """Return the request with these RDNs."""
        return replace(self, _subject=der.sequence(*rdns))

    def raw_subject(self, encoded: bytes) -> Self:
        """Return the request with these bytes in place of the subject's Name."""
        return replace(self, _subject=encoded)

    def sans(self, *names: bytes) -> Self:
        """Return the request with one extension only: a subjectAltName of these GeneralNames."""
        return self.extensions(san_extension(*names))

    def extensions(self, *extensions: bytes) -> Self:
        """Return the request with one extensionRequest of these extensions."""
        return self.attributes(extension_request(*extensions))

    def attributes(self, *attributes: bytes) -> Self:
        """Return the request with these attributes, in the order given."""
        return replace(self, _attributes=der.explicit(0, *attributes))

    def raw_attributes(self, encoded: bytes) -> Self:
        """Return the request with these bytes in place of the whole attributes field (tag [0])."""
        return replace(self, _attributes=encoded)

    def version(self, number: int) -> Self:
        """Return the request with this version; 0 is the only valid one."""
        return replace(self, _version=der.integer(number))

    def signed_by(self, key: Key) -> Self:
        """Return the request signed by another key; the public key in it stays the same."""
        return replace(self, _signer=key)

    def unused_bits(self, count: int) -> Self:
        """Return the request with this number of unused bits in the signature's BIT STRING."""
        return replace(self, _unused_bits=count)

    def info(self) -> bytes:
        """Return the part that is signed, the CertificationRequestInfo."""
        return der.sequence(self._version, self._subject, self.key.spki, self._attributes)

    def der(self) -> bytes:
        """Return the request in DER, signed."""
        return self.sign(self.info())

    def sign(self, info: bytes) -> bytes:
        """Return a signed request with these bytes as its CertificationRequestInfo."""
        signer = self._signer or self.key
        signature = der.bits(signer.sign(info), self._unused_bits)
        return der.sequence(info, signer.algorithm, signature)

    def pem(self) -> bytes:
        """Return the request as one PEM block."""
        return pem(self.der())


def kubelet_rdns(node: str) -> tuple[bytes, bytes]:
    """Return the RDNs of the subject that a kubelet requests.

    From: client-go and kubelet certificate managers.
    """
    return (
        rdn(ORGANIZATION, der.printable("system:nodes")),
        rdn(COMMON_NAME, der.printable(f"system:node:{node}")),
    )


def base64_lines(content: bytes, newline: bytes = b"\n", width: int = 64) -> bytes:
    """Return base64 in lines of `width` characters; the last line, too, ends with `newline`."""
    text = base64.b64encode(content)
    return b"".join(text[at : at + width] + newline for at in range(0, len(text), width))


def pem(content: bytes, label: bytes = b"CERTIFICATE REQUEST", newline: bytes = b"\n") -> bytes:
    """Return one PEM block with this content in base64."""
    return framed(base64_lines(content, newline), label, newline)


def framed(body: bytes, label: bytes = b"CERTIFICATE REQUEST", newline: bytes = b"\n") -> bytes:
    """Return a PEM block with any text, even no base64, between its BEGIN and END lines."""
    begin, end = (b"-----" + word + b" " + label + b"-----" for word in (b"BEGIN", b"END"))
    return begin + newline + body + end + newline
