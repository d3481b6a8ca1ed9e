"""Requests with several attributes, or none: parsers take the extensions from different ones.

From: RFC 2985 section 5.4.2; Go crypto/x509, parseCSRExtensions (all PKCS#9 extensionRequests, the
first value of each); OpenSSL X509_REQ_get_extensions (Microsoft's attribute too, the first found).
"""

from collections.abc import Callable

from sandbox.csr_builder import der
from sandbox.csr_builder.entry import CatalogueEntry, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import (
    EXTENSION_REQUEST,
    Names,
    attribute,
    dns,
    extension,
    extension_request,
    microsoft_extension_request,
    san_extension,
)

_CA = extension("2.5.29.19", der.sequence(der.boolean(0xFF)), der.boolean(0xFF))
_CERT_SIGN = extension("2.5.29.15", der.bits(b"\x04", 2))
_DIGITAL_SIGNATURE = extension("2.5.29.15", der.bits(b"\x80", 7))
_CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"


#: Makes the attributes from the SAN extension of the good names, that of the evil names, and the
#: evil names themselves.
MakeAttributes = Callable[[bytes, bytes, Names], tuple[bytes, ...]]


def _attributes(
    name: str,
    title: str,
    description: str,
    attributes: MakeAttributes,
    *,
    hides: bool = False,
) -> CatalogueEntry:
    """Return an entry whose request is a valid one but for its attributes."""

    def make(key: Key, good: Names, evil: Names) -> bytes:
        made = attributes(san_extension(*good.sans), san_extension(*evil.sans), evil)
        return genuine(key, good).attributes(*made).pem()

    return CatalogueEntry(
        f"attributes/{name}",
        title,
        description,
        make,
        "request-well-formed",
        hides=hides,
        source="RFC 2985 section 5.4.2; Go crypto/x509 parseCSRExtensions",
    )


def _padded_san(names: Names) -> bytes:
    """Return a SAN extension with these names and two long ones.

    DER sorts a SET by its elements' bytes, of which the second is the length: the longest
    attribute comes last.
    """
    return san_extension(*names.sans, *map(dns, ("kubernetes.default.svc", "x" * 60)))


ATTRIBUTES = (
    _attributes(
        "microsoft-then-pkcs9",
        "Microsoft attribute hides the real one",
        "Shows the node's own names in Microsoft's attribute, and asks for others in the one that"
        " Go reads.",
        lambda good_san, _, evil_names: (
            microsoft_extension_request(good_san),
            extension_request(_padded_san(evil_names)),
        ),
        hides=True,
    ),
    _attributes(
        "microsoft-then-pkcs9-both",
        "Microsoft attribute hides names and a key usage",
        "Shows the node's own names in Microsoft's attribute, and asks in the one that Go reads for"
        " others and a key usage.",
        lambda good_san, _, evil_names: (
            microsoft_extension_request(good_san),
            extension_request(_padded_san(evil_names), _DIGITAL_SIGNATURE),
        ),
        hides=True,
    ),
    _attributes(
        "microsoft-then-pkcs9-unsorted",
        "Microsoft attribute first, out of order",
        "Puts Microsoft's attribute first although DER sorts it last.",
        lambda good_san, evil_san, _: (
            microsoft_extension_request(good_san, _DIGITAL_SIGNATURE, _CA),
            extension_request(evil_san),
        ),
    ),
    _attributes(
        "pkcs9-then-microsoft",
        "Microsoft attribute second",
        "Asks for the node's own names, and for others in Microsoft's attribute.",
        lambda good_san, _, evil_names: (
            extension_request(good_san),
            microsoft_extension_request(_padded_san(evil_names)),
        ),
    ),
    _attributes(
        "microsoft-alone",
        "Microsoft attribute alone",
        "Has Microsoft's attribute only, so that Go sees no name at all.",
        lambda good_san, _, __: (microsoft_extension_request(good_san),),
    ),
    _attributes(
        "two-requests",
        "Two extension requests",
        "Asks for SANs twice: for the node's own names and for the evil ones.",
        lambda good_san, _, evil_names: (
            extension_request(good_san),
            extension_request(_padded_san(evil_names)),
        ),
    ),
    _attributes(
        "request-then-ca",
        "Second extension request for a CA",
        "Asks in a second attribute to become a certificate authority.",
        lambda good_san, _, __: (
            extension_request(good_san),
            # The 100 bytes make this attribute the longest, so that DER sorts it last.
            extension_request(_CA, _CERT_SIGN, extension("1.2.3.4", bytes(100))),
        ),
    ),
    _attributes(
        "ca-then-request",
        "Evil names in the second request",
        "Asks for the evil names in the second attribute, and to be a CA in the first.",
        lambda _, evil_san, __: (extension_request(_CA), extension_request(evil_san)),
    ),
    _attributes(
        "key-usage-then-request",
        "Evil names behind a key usage",
        "Asks for a key usage in the first attribute and for the evil names in the second.",
        lambda _, evil_san, __: (
            extension_request(_DIGITAL_SIGNATURE),
            extension_request(evil_san),
        ),
    ),
    _attributes(
        "two-values",
        "Two values in one attribute",
        "Gives extensionRequest two values, of which Go reads the first.",
        lambda good_san, evil_san, _: (
            attribute(EXTENSION_REQUEST, *sorted((der.sequence(good_san), der.sequence(evil_san)))),
        ),
    ),
    _attributes(
        "two-values-unsorted",
        "Two values in one attribute, evil first",
        "Gives extensionRequest two values in the wrong order for DER, the evil one first.",
        lambda good_san, evil_san, _: (
            attribute(EXTENSION_REQUEST, der.sequence(evil_san, _CA), der.sequence(good_san)),
        ),
    ),
    _attributes(
        "san-twice",
        "SAN extension twice",
        "Asks twice for SANs in one extensionRequest.",
        lambda good_san, evil_san, _: (extension_request(good_san, evil_san),),
    ),
    _attributes(
        "challenge-password",
        "Challenge password beside the request",
        "Adds another attribute, which no kubelet sends.",
        lambda good_san, _, __: (
            attribute(_CHALLENGE_PASSWORD, der.utf8("x")),
            extension_request(good_san),
        ),
    ),
    _attributes(
        "none",
        "No attributes",
        "Asks for no extension, so for no name.",
        lambda _, __, ___: (),
    ),
)
