"""Attacks by extensions: a certificate for more than serving.

From: RFC 5280 section 4.2; Kubernetes pkg/controller/certificates/authority/policies.go (the
upstream signer copies none; others may).
"""

from sandbox.csr_builder import der
from sandbox.csr_builder.entry import CatalogueEntry, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import Names, extension, san_extension

_TRUE = der.boolean(0xFF)
_ALL_NAMES = der.explicit(0, der.sequence(der.context(2)))


def _extension(name: str, title: str, description: str, *asked: bytes) -> CatalogueEntry:
    def make(key: Key, good: Names, _: Names) -> bytes:
        return genuine(key, good).extensions(san_extension(*good.sans), *asked).pem()

    return CatalogueEntry(
        f"extension/{name}", title, description, make, "extensions", source="RFC 5280 section 4.2.1"
    )


def _usages(*oids: str) -> bytes:
    return extension("2.5.29.37", der.sequence(*map(der.oid, oids)))


EXTENSIONS = (
    _extension(
        "ca",
        "Certificate authority",
        "Asks to become a certificate authority.",
        extension("2.5.29.19", der.sequence(_TRUE), _TRUE),
    ),
    _extension(
        "cert-sign",
        "keyUsage keyCertSign",
        "Asks for a key that may sign certificates.",
        extension("2.5.29.15", der.bits(b"\x04", 2), _TRUE),
    ),
    _extension(
        "client-auth",
        "extendedKeyUsage clientAuth",
        "Asks for a certificate to log in with.",
        _usages("1.3.6.1.5.5.7.3.2"),
    ),
    _extension(
        "any-usage",
        "extendedKeyUsage any",
        "Asks for a certificate for everything.",
        _usages("2.5.29.37.0"),
    ),
    _extension(
        "server-auth",
        "extendedKeyUsage serverAuth",
        "Asks for what it gets anyway, in a way that no kubelet does.",
        _usages("1.3.6.1.5.5.7.3.1"),
    ),
    _extension(
        "name-constraints",
        "nameConstraints",
        "Asks for an extension of certificate authorities.",
        extension("2.5.29.30", der.sequence(_ALL_NAMES), _TRUE),
    ),
    _extension(
        "unknown-critical",
        "Unknown critical extension",
        "Asks for an extension that no parser knows.",
        extension("1.2.3.4", der.null(), _TRUE),
    ),
    _extension(
        "issuer-alt-name",
        "issuerAltName",
        "Puts names into the extension beside the one that is checked.",
        extension("2.5.29.18", der.sequence(der.context(2, b"kubernetes.default.svc"))),
    ),
)
