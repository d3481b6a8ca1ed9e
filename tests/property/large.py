"""Requests of the largest size, by what is large in them, to test parsers with.

Each is built to a size in bytes of DER, or of text where the framing is what is large.
"""

import base64
from collections.abc import Callable, Mapping

from sandbox.csr_builder import CsrBuilder, Names, der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import ADDRESS, NODE

#: Bytes of DER that fit into the largest request that we parse.
FITS = 47_500
#: The most bytes that the API server accepts in one request. From: Kubernetes apiserver
#: pkg/server/config.go, MaxRequestBodyBytes.
API_LIMIT = 3 * 1024 * 1024

_KEY = keys.ecdsa("large")


def _sans(*names: bytes) -> bytes:
    return CsrBuilder.of_node(_KEY, NODE, Names(NODE)).sans(*names).pem()


def _subject(encoded: bytes) -> bytes:
    return CsrBuilder(_KEY).raw_subject(encoded).sans(csr_builder.dns(NODE)).pem()


def _ou(text: str) -> bytes:
    return csr_builder.attribute_value("2.5.4.11", der.utf8(text))


def _rdns(count: int) -> bytes:
    return der.sequence(*(csr_builder.rdn("2.5.4.11", der.utf8(f"{n}")) for n in range(count)))


def _key(spki: bytes) -> bytes:
    return CsrBuilder.of_node(keys.with_spki(_KEY, spki), NODE, Names(NODE, (NODE,))).pem()


def _attributes(*attributes: bytes) -> bytes:
    return CsrBuilder(_KEY).subject(*csr_builder.kubelet_rdns(NODE)).attributes(*attributes).pem()


def _many(part: Callable[[int], bytes], size: int) -> tuple[bytes, ...]:
    """Return as many parts as fit into `size` bytes."""
    return tuple(map(part, range(size // len(part(size)))))


def _san(number: int) -> bytes:
    return csr_builder.san_extension(csr_builder.dns(f"{number}"))


_HONEST = CsrBuilder.of_node(_KEY, NODE, Names(NODE, (NODE,), (ADDRESS,)))
_BODY = csr_builder.base64_lines(_HONEST.der())

#: What is large -> the request of that size.
LARGE: Mapping[str, Callable[[int], bytes]] = {
    # --- names
    "addresses": lambda size: _sans(*_many(lambda n: csr_builder.ip(n.to_bytes(4)), size)),
    "dns-names": lambda size: _sans(*_many(lambda n: csr_builder.dns(f"n{n}.example"), size)),
    "dns-names-of-one-letter": lambda size: _sans(*[csr_builder.dns("a")] * (size // 3)),
    "one-dns-name": lambda size: _sans(csr_builder.dns("a" * size)),
    "labels": lambda size: _sans(csr_builder.dns("a." * (size // 2))),
    "digits": lambda size: _sans(csr_builder.dns("1." * (size // 2) + "x")),
    "an-address": lambda size: _sans(csr_builder.ip(b"\1" * size)),
    "a-directory-name": lambda size: _sans(der.explicit(4, _rdns(size // 16))),
    "an-other-name": lambda size: _sans(
        der.explicit(0, der.oid("1.2.3"), der.explicit(0, der.nested(size)))
    ),
    "nested-in-a-name": lambda size: _sans(der.nested(size, 0xA4)),
    "uris": lambda size: _sans(*[der.context(6, b"a://" + b"b" * 99)] * (size // 105)),
    # --- subject
    "rdns": lambda size: _subject(_rdns(size // 16)),
    "one-rdn": lambda size: _subject(
        der.sequence(der.set_of(*_many(lambda n: _ou(f"{n:05}"), size)))
    ),
    "a-common-name": lambda size: _subject(
        der.sequence(csr_builder.rdn("2.5.4.3", der.utf8("system:node:" + "a" * size)))
    ),
    "nested-subject": lambda size: _subject(der.nested(size)),
    "sets-in-the-subject": lambda size: _subject(der.nested(size, 0x31)),
    # --- keys and numbers
    "modulus": lambda size: _key(
        keys.rsa_spki(der.integer(2 ** (size * 8) + 1), der.integer(65_537))
    ),
    "exponent": lambda size: _key(
        keys.rsa_spki(der.integer(2**2048 + 1), der.integer(2 ** (size * 8) + 1))
    ),
    "modulus-and-exponent": lambda size: _key(
        keys.rsa_spki(der.integer(2 ** (size * 4) + 1), der.integer(2 ** (size * 4) + 1))
    ),
    "point": lambda size: _key(
        der.sequence(
            der.sequence(der.oid(keys.EC_PUBLIC_KEY), der.oid(keys.P256)), der.bits(b"\4" * size)
        )
    ),
    "ml-dsa-key": lambda size: _key(keys.silent_key(keys.ML_DSA_44, bytes(size)).spki),
    "unknown-key": lambda size: _key(keys.silent_key("1.2.3.4", bytes(size)).spki),
    "dsa-parameters": lambda size: _key(
        der.sequence(
            der.sequence(der.oid(keys.DSA), der.sequence(*[der.integer(2 ** (size * 2) + 1)] * 3)),
            der.bits(der.integer(2 ** (size * 2) - 1)),
        )
    ),
    "version": lambda size: csr_builder.pem(
        _HONEST.sign(der.sequence(der.integer(2 ** (size * 8)), _HONEST.info()))
    ),
    "oid": lambda size: _attributes(
        der.sequence(der.element(0x06, b"\x2a" + b"\xff" * size + b"\x7f"), der.set_of())
    ),
    "oid-arcs": lambda size: _attributes(
        csr_builder.extension_request(
            der.sequence(der.element(0x06, b"\x2a" + b"\1" * size), der.octets(b""))
        )
    ),
    "signature": lambda size: csr_builder.pem(
        der.sequence(_HONEST.info(), _KEY.algorithm, der.bits(b"\x30" * size))
    ),
    "signature-algorithm": lambda size: csr_builder.pem(
        der.sequence(_HONEST.info(), der.nested(size), der.bits(b""))
    ),
    # --- attributes and extensions
    "attributes": lambda size: _attributes(
        *_many(lambda n: csr_builder.extension_request(_san(n)), size)
    ),
    "values": lambda size: _attributes(
        csr_builder.attribute(
            csr_builder.EXTENSION_REQUEST, *_many(lambda n: der.sequence(_san(n)), size)
        )
    ),
    "extensions": lambda size: _attributes(csr_builder.extension_request(*_many(_san, size))),
    "unknown-extensions": lambda size: _attributes(
        csr_builder.extension_request(
            csr_builder.san_extension(csr_builder.dns(NODE)),
            *_many(lambda n: csr_builder.extension(f"1.2.3.{n}", b""), size),
        )
    ),
    "an-extension": lambda size: _attributes(
        csr_builder.extension_request(csr_builder.extension("2.5.29.17", der.nested(size)))
    ),
    "nested-attributes": lambda size: CsrBuilder(_KEY).raw_attributes(der.nested(size, 0xA0)).pem(),
    "policies": lambda size: _attributes(
        csr_builder.extension_request(
            csr_builder.extension(
                "2.5.29.32",
                der.sequence(*_many(lambda n: der.sequence(der.oid(f"1.2.{n}")), size)),
            )
        )
    ),
    # --- the whole request, and its PEM frame
    "nested": lambda size: csr_builder.pem(der.nested(size)),
    "indefinite": lambda size: csr_builder.pem(b"\x30\x80" * (size // 2)),
    "zeros": lambda size: csr_builder.pem(bytes(size)),
    "length-of-lengths": lambda size: csr_builder.pem(b"\x30\xff" + b"\xff" * size),
    "blank-lines": lambda size: csr_builder.framed(_BODY + b"\n" * size),
    "spaces": lambda size: csr_builder.framed(_BODY.replace(b"\n", b" " * (size // 10) + b"\n")),
    "headers": lambda size: csr_builder.framed(b"X: y\n" * (size // 5) + b"\n" + _BODY),
    "one-header": lambda size: csr_builder.framed(b"X: " + b"y" * size + b"\n\n" + _BODY),
    "lines-of-one": lambda size: csr_builder.framed(b"A\n" * (size // 2)),
    "one-line": lambda size: csr_builder.framed(base64.b64encode(bytes(size)) + b"\n"),
    "padding": lambda size: csr_builder.framed(b"A" + b"=" * size + b"\n"),
    "no-line-end": lambda size: csr_builder.framed(b"A" * size),
    "carriage-returns": lambda size: csr_builder.framed(_BODY + b"\r" * size + b"\n"),
    "begin-lines": lambda size: b"-----BEGIN CERTIFICATE REQUEST-----\n" * (size // 36),
    "dashes": lambda size: b"-" * size,
    "text-before": lambda size: b"x" * size + b"\n" + _HONEST.pem(),
    "text-after": lambda size: _HONEST.pem() + b"\n" * size,
    "blocks": lambda size: _HONEST.pem() * (size // len(_HONEST.pem())),
}

#: Those that can quickly be built up to the API's limit, too.
HUGE = (
    *("one-dns-name", "dns-names-of-one-letter", "labels", "uris", "modulus", "unknown-key"),
    *("signature", "oid", "nested", "indefinite", "zeros"),
    *list(LARGE)[list(LARGE).index("blank-lines") :],
)
