"""Attacks by invalid DER, which some parsers skip, some refuse and some read.

From: ITU-T X.690 section 10; Go encoding/asn1 (extra elements at a SEQUENCE's end are skipped).
"""

from sandbox.csr_builder import der
from sandbox.csr_builder.entry import CatalogueEntry, Make, genuine, impostor
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import (
    EXTENSION_REQUEST,
    SUBJECT_ALT_NAME,
    CsrBuilder,
    Names,
    attribute,
    extension,
    extension_request,
    kubelet_rdns,
    pem,
    rdn,
    san_extension,
)


def _encoding(name: str, title: str, description: str, make: Make) -> CatalogueEntry:
    return CatalogueEntry(
        f"der/{name}", title, description, make, "request-well-formed", source="X.690 section 10"
    )


def _parts(request: CsrBuilder) -> tuple[bytes, bytes, bytes]:
    info = request.info()
    return info, request.key.algorithm, der.bits(request.key.sign(info))


def _extra_in_info(key: Key, good: Names, evil: Names) -> bytes:
    request = genuine(key, good)
    evil_attributes = der.explicit(0, extension_request(san_extension(*evil.sans)))
    info = der.sequence(
        der.integer(0),
        der.sequence(*kubelet_rdns(good.node)),
        key.spki,
        der.explicit(0, extension_request(san_extension(*good.sans))),
        evil_attributes,
    )
    return pem(request.sign(info))


def _extra_in_extension(key: Key, good: Names, evil: Names) -> bytes:
    inner = (der.sequence(*names.sans) for names in (good, evil))
    extension = der.sequence(der.oid(SUBJECT_ALT_NAME), *map(der.octets, inner))
    return genuine(key, good).extensions(extension).pem()


def _extra_in_attribute(key: Key, good: Names, evil: Names) -> bytes:
    values = (der.set_of(der.sequence(san_extension(*names.sans))) for names in (good, evil))
    return genuine(key, good).attributes(der.sequence(der.oid(EXTENSION_REQUEST), *values)).pem()


def _extra_in_name(key: Key, good: Names, _: Names) -> bytes:
    organization, _cn = kubelet_rdns(good.node)
    common_name = der.set_of(
        der.sequence(
            der.oid("2.5.4.3"),
            der.printable(f"system:node:{good.node}"),
            der.printable("system:admin"),
        )
    )
    return genuine(key, good).subject(organization, common_name).pem()


def _long_san_oid(key: Key, good: Names, evil: Names) -> bytes:
    padded = der.element(0x06, b"\x55\x1d\x80\x11")
    hidden = der.sequence(padded, der.octets(der.sequence(*evil.sans)))
    return genuine(key, good).extensions(san_extension(*good.sans), hidden).pem()


ENCODING = (
    _encoding(
        "trailing-bytes",
        "Bytes after the request",
        "Adds bytes after the request's end, inside the block.",
        lambda key, good, _: pem(genuine(key, good).der() + b"\0"),
    ),
    _encoding(
        "second-request",
        "Second request after the first",
        "Adds the evil request after the node's own, inside the same block.",
        lambda key, good, evil: pem(genuine(key, good).der() + impostor(key, good, evil).der()),
    ),
    _encoding(
        "truncated",
        "Request cut off",
        "Sends a request whose last byte is missing.",
        lambda key, good, _: pem(genuine(key, good).der()[:-1]),
    ),
    _encoding(
        "indefinite-length",
        "Indefinite length",
        "Encodes the request with an indefinite length, as BER allows.",
        lambda key, good, _: pem(der.indefinite(0x30, *_parts(genuine(key, good)))),
    ),
    _encoding(
        "long-length",
        "Length of too many bytes",
        "Encodes the request's length in more bytes than needed.",
        lambda key, good, _: pem(der.long_length(0x30, *_parts(genuine(key, good)))),
    ),
    _encoding(
        "extra-in-request",
        "Fourth part of a request",
        "Adds an element after the signature, which Go skips.",
        lambda key, good, _: pem(der.sequence(*_parts(genuine(key, good)), der.null())),
    ),
    _encoding(
        "extra-in-info",
        "Second set of attributes",
        "Signs two sets of attributes, for the node's own names and for evil ones; Go skips one.",
        _extra_in_info,
    ),
    _encoding(
        "extra-in-extension",
        "SAN extension with two values",
        "Gives the SAN extension a second value, which Go skips.",
        _extra_in_extension,
    ),
    _encoding(
        "extra-in-attribute",
        "Attribute with two sets of values",
        "Gives the attribute a second set of values, which Go skips.",
        _extra_in_attribute,
    ),
    _encoding(
        "extra-in-name",
        "CN with two values",
        "Gives the CN a second value, which Go skips.",
        _extra_in_name,
    ),
    _encoding(
        "long-oid",
        "SAN by an OID with padding",
        "Repeats the SAN under an OID with a superfluous byte, to pass as another extension.",
        _long_san_oid,
    ),
    _encoding(
        "version-1",
        "Version 1",
        "Claims a version that PKCS#10 doesn't have; Go doesn't look.",
        lambda key, good, _: genuine(key, good).version(1).pem(),
    ),
    _encoding(
        "version-negative",
        "Version -1",
        "Claims a negative version; Go doesn't look.",
        lambda key, good, _: genuine(key, good).version(-1).pem(),
    ),
    _encoding(
        "attributes-as-set",
        "Attributes under the wrong tag",
        "Tags the attributes as a universal SET instead of [0].",
        lambda key, good, _: (
            genuine(key, good)
            .raw_attributes(der.set_of(extension_request(san_extension(*good.sans))))
            .pem()
        ),
    ),
    _encoding(
        "subject-as-set",
        "Subject under the wrong tag",
        "Tags the subject as a SET.",
        lambda key, good, _: (
            genuine(key, good).raw_subject(der.set_as_given(*kubelet_rdns(good.node))).pem()
        ),
    ),
    _encoding(
        "empty-rdn",
        "Empty RDN",
        "Has an RDN without attribute in the subject.",
        lambda key, good, _: (
            genuine(key, good).subject(*kubelet_rdns(good.node), der.set_of()).pem()
        ),
    ),
    _encoding(
        "cn-not-utf8",
        "CN of broken UTF-8",
        "Has bytes in the CN that are no UTF-8.",
        lambda key, good, _: (
            genuine(key, good)
            .subject(kubelet_rdns(good.node)[0], rdn("2.5.4.3", der.utf8(b"system:node:\xff")))
            .pem()
        ),
    ),
    _encoding(
        "cn-integer",
        "CN as a number",
        "Makes the CN an INTEGER, which Go skips.",
        lambda key, good, _: (
            genuine(key, good)
            .subject(kubelet_rdns(good.node)[0], rdn("2.5.4.3", der.integer(42)))
            .pem()
        ),
    ),
    _encoding(
        "cn-bit-string",
        "CN as a BIT STRING",
        "Makes the CN a BIT STRING, for which cryptography raises a TypeError.",
        lambda key, good, _: (
            genuine(key, good)
            .subject(kubelet_rdns(good.node)[0], rdn("2.5.4.3", der.bits(b"node")))
            .pem()
        ),
    ),
    _encoding(
        "name-constraints-address",
        "nameConstraints with an address",
        "Puts an address where a network must stand, for which cryptography raises a TypeError.",
        lambda key, good, _: (
            genuine(key, good)
            .extensions(
                san_extension(*good.sans),
                extension(
                    "2.5.29.30",
                    der.sequence(der.explicit(0, der.sequence(der.context(7, bytes(4))))),
                ),
            )
            .pem()
        ),
    ),
    _encoding(
        "values-without-set",
        "Attribute value without a SET",
        "Leaves out the SET round the attribute's value, so that Go skips the attribute.",
        lambda key, good, _: (
            genuine(key, good)
            .attributes(
                der.sequence(der.oid(EXTENSION_REQUEST), der.sequence(san_extension(*good.sans)))
            )
            .pem()
        ),
    ),
    _encoding(
        "no-value",
        "Attribute without value",
        "Has an extensionRequest whose set of values is empty, which Go skips.",
        lambda key, good, _: genuine(key, good).attributes(attribute(EXTENSION_REQUEST)).pem(),
    ),
)
