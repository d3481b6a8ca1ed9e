"""Attacks by the subject: another user, several, or one that some parsers read as several.

From: Kubernetes pkg/apis/certificates/helpers.go, validateKubeletServingCSR; NodeRestriction (the
CN must be the requester's); Go crypto/x509/pkix, FillFromRDNSequence (the last CN wins).
"""

from collections.abc import Callable

from sandbox.csr_builder import der
from sandbox.csr_builder.entry import CatalogueEntry, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import (
    COMMON_NAME,
    ORGANIZATION,
    Names,
    attribute_value,
    kubelet_rdns,
    rdn,
)

_ORGANIZATION = rdn(ORGANIZATION, der.printable("system:nodes"))


def _subject(
    name: str, title: str, description: str, rdns: Callable[[str, str], tuple[bytes, ...]]
) -> CatalogueEntry:
    """Return an entry. `rdns` gets the CN that the node must have and the one that it wants."""

    def make(key: Key, good: Names, evil: Names) -> bytes:
        own, other = (f"system:node:{names.node}" for names in (good, evil))
        return genuine(key, good).subject(*rdns(own, other)).pem()

    return CatalogueEntry(
        f"subject/{name}",
        title,
        description,
        make,
        "subject",
        source="Kubernetes pkg/apis/certificates/helpers.go validateKubeletServingCSR",
    )


def _cn(value: bytes) -> bytes:
    return rdn(COMMON_NAME, value)


def _own(cn: str) -> tuple[bytes, bytes]:
    return kubelet_rdns(cn.removeprefix("system:node:"))


def _extra(kind: str, value: bytes) -> Callable[[str, str], tuple[bytes, ...]]:
    return lambda own, _: (*_own(own), rdn(kind, value))


_EXTRA = {
    "ou": ("2.5.4.11", "an OU", der.utf8("kubernetes admins")),
    "country": ("2.5.4.6", "a country", der.printable("US")),
    "serial-number": ("2.5.4.5", "a serial number", der.printable("42")),
    "dc": ("0.9.2342.19200300.100.1.25", "a domain component", der.ia5("cluster")),
    "uid": ("0.9.2342.19200300.100.1.1", "a user id", der.utf8("root")),
    "email": ("1.2.840.113549.1.9.1", "an email address", der.ia5("root@example.com")),
    "title": ("2.5.4.12", "a title", der.utf8("Admin")),
}

SUBJECT = (
    _subject(
        "other-node",
        "Another node's name",
        "Asks in the name of another node.",
        lambda _, other: (_ORGANIZATION, _cn(der.printable(other))),
    ),
    _subject(
        "two-cns-own-last",
        "Two CNs, own one last",
        "Has another node's CN first, for some readers, and the node's own last, for Go.",
        lambda own, other: (_ORGANIZATION, _cn(der.printable(other)), _cn(der.printable(own))),
    ),
    _subject(
        "two-cns-own-first",
        "Two CNs, own one first",
        "Has the node's own CN first, for some readers, and another node's last, for Go.",
        lambda own, other: (_ORGANIZATION, _cn(der.printable(own)), _cn(der.printable(other))),
    ),
    _subject(
        "own-cn-twice",
        "The same CN twice",
        "Has the node's own CN twice.",
        lambda own, _: (*_own(own), _cn(der.printable(own))),
    ),
    _subject(
        "one-rdn",
        "O and CN in one RDN",
        "Puts both attributes into one RDN.",
        lambda own, _: (
            der.set_of(
                attribute_value(ORGANIZATION, der.printable("system:nodes")),
                attribute_value(COMMON_NAME, der.printable(own)),
            ),
        ),
    ),
    _subject(
        "organization-masters",
        "O = system:masters",
        "Asks for the group of cluster administrators.",
        lambda own, _: (rdn(ORGANIZATION, der.printable("system:masters")), _own(own)[1]),
    ),
    _subject(
        "two-organizations",
        "system:nodes and system:masters",
        "Asks for the group of cluster administrators beside the nodes'.",
        lambda own, _: (*_own(own), rdn(ORGANIZATION, der.printable("system:masters"))),
    ),
    _subject(
        "organization-twice",
        "system:nodes twice",
        "Has the nodes' group twice.",
        lambda own, _: (_ORGANIZATION, *_own(own)),
    ),
    _subject("empty", "Empty subject", "Says nothing of who asks.", lambda _, __: ()),
    _subject("no-organization", "No O", "Leaves out the group.", lambda own, _: (_own(own)[1],)),
    _subject("no-cn", "No CN", "Leaves out the node.", lambda _, __: (_ORGANIZATION,)),
    _subject(
        "empty-cn",
        "Empty CN",
        "Leaves the CN empty.",
        lambda _, __: (_ORGANIZATION, _cn(der.utf8(""))),
    ),
    _subject(
        "nul-in-cn",
        "NUL in the CN",
        "Ends the node's own CN by a NUL and continues it, for readers that stop there.",
        lambda own, _: (_ORGANIZATION, _cn(der.utf8(own + "\0.example.com"))),
    ),
    _subject(
        "blank-after-cn",
        "Blank after the CN",
        "Adds a blank to the CN, which some comparisons strip.",
        lambda own, _: (_ORGANIZATION, _cn(der.printable(own + " "))),
    ),
    _subject(
        "upper-case-cn",
        "CN in upper case",
        "Writes the node's name in upper case, which some comparisons fold.",
        lambda own, _: (
            _ORGANIZATION,
            _cn(der.printable("system:node:" + own.removeprefix("system:node:").upper())),
        ),
    ),
    _subject(
        "homoglyph-cn",
        "Cyrillic letter in the CN",
        "Has a letter in the CN that only looks like the node's.",
        lambda own, _: (_ORGANIZATION, _cn(der.utf8(own.replace("e", "\u0435")))),
    ),
    _subject(
        "t61-cn",
        "CN as a T61String",
        "Encodes the CN in a string type that readers decode differently.",
        lambda own, _: (_ORGANIZATION, _cn(der.t61(own))),
    ),
    _subject(
        "bmp-cn",
        "CN as a BMPString",
        "Encodes the CN in two bytes a character.",
        lambda own, _: (_ORGANIZATION, _cn(der.bmp(own))),
    ),
    _subject(
        "universal-cn",
        "CN as a UniversalString",
        "Encodes the CN in four bytes a character, which Go doesn't decode.",
        lambda own, _: (_ORGANIZATION, _cn(der.universal(own))),
    ),
    _subject(
        "ia5-cn",
        "CN as an IA5String",
        "Encodes the CN in a string type that RFC 5280 doesn't allow for it.",
        lambda own, _: (_ORGANIZATION, _cn(der.ia5(own))),
    ),
    *(
        _subject(
            f"extra-{name}",
            f"Subject with {what}",
            f"Adds {what} to the subject, which the certificate may carry on.",
            _extra(kind, value),
        )
        for name, (kind, what, value) in _EXTRA.items()
    ),
)
