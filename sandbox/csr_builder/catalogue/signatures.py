"""Attacks by the signature: of other content, by another key, or weak.

From: RFC 2986 section 3, note 2 (proof of possession); RFC 5758, 4055, 8692 (algorithms); Go
crypto/x509, getSignatureAlgorithmFromAI and CheckSignature (SHA-1 is allowed in requests).
"""

from sandbox.csr_builder import der, keys
from sandbox.csr_builder.entry import CatalogueEntry, Make, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import Names, pem

_SOURCE = "RFC 2986 section 3; Go crypto/x509 CheckSignature"


def _signature(
    name: str, title: str, description: str, make: Make, refused_by: str = "signature"
) -> CatalogueEntry:
    return CatalogueEntry(f"signature/{name}", title, description, make, refused_by, source=_SOURCE)


def _by(key: Key) -> Make:
    return lambda _, good, __: genuine(key, good).pem()


def _altered(key: Key, good: Names, _: Names) -> bytes:
    request = genuine(key, good)
    wrong = key.sign(b"something else")
    return pem(der.sequence(request.info(), key.algorithm, der.bits(wrong)))


def _copied(key: Key, good: Names, evil: Names) -> bytes:
    """Put the signature of the node's own request under a request for the evil names."""
    own = genuine(key, good)
    asked = genuine(key, good).sans(*evil.sans).info()
    signature = key.sign(own.info())
    return pem(der.sequence(asked, key.algorithm, der.bits(signature)))


def _announced_as(kind: str) -> Make:
    return lambda key, good, _: genuine(
        keys.with_algorithm(key, der.sequence(der.oid(kind))), good
    ).pem()


def _zero(key: Key, good: Names, _: Names) -> bytes:
    nothing = der.sequence(der.integer(0), der.integer(0))
    return pem(der.sequence(genuine(key, good).info(), key.algorithm, der.bits(nothing)))


def _shifted(key: Key, good: Names, _: Names) -> bytes:
    """Add a signature that is valid after Go has shifted the unused bit away."""
    info = genuine(key, good).info()
    signature = key.sign(info)
    shifted = (int.from_bytes(signature) << 1).to_bytes(len(signature))
    return pem(der.sequence(info, key.algorithm, der.bits(shifted, 1)))


def _unused_bit(key: Key, good: Names, _: Names) -> bytes:
    """Add a valid signature that ends in a zero bit, and declare that bit unused."""
    candidates = (genuine(key, good).sans(*good.sans * count) for count in range(1, 64))
    even = next(request for request in candidates if key.sign(request.info())[-1] % 2 == 0)
    return even.unused_bits(1).pem()


SIGNATURES = (
    _signature(
        "wrong",
        "Wrong signature",
        "Has a signature of something else.",
        _altered,
    ),
    _signature(
        "copied",
        "Another request's signature",
        "Changes the names of a signed request.",
        _copied,
    ),
    _signature(
        "other-key",
        "Another node's key",
        "Presents a key that it doesn't hold, and signs with its own.",
        lambda key, good, _: genuine(keys.ecdsa("the victim's"), good).signed_by(key).pem(),
    ),
    _signature("zero", "Signature of zeros", "Has zero for both numbers.", _zero),
    _signature(
        "sha1-ecdsa",
        "ECDSA with SHA-1",
        "Signs by a broken hash, which Go allows in requests.",
        _by(keys.ecdsa("sha1", digest="sha1")),
    ),
    _signature(
        "sha1-rsa",
        "RSA with SHA-1",
        "Signs by a broken hash, which Go allows in requests.",
        _by(keys.rsa_key("rsa-2048", digest="sha1")),
    ),
    _signature(
        "sha224-ecdsa",
        "ECDSA with SHA-224",
        "Signs by a hash that Go doesn't know here.",
        _by(keys.ecdsa("sha224", digest="sha224")),
    ),
    _signature(
        "sha3-ecdsa",
        "ECDSA with SHA-3",
        "Signs by a hash that Go doesn't know here.",
        _by(keys.ecdsa("sha3", digest="sha3-256")),
    ),
    _signature(
        "pss-short-salt",
        "RSA PSS with a short salt",
        "Signs by a variant of PSS that Go doesn't take.",
        _by(keys.rsa_pss_key("rsa-2048", 16)),
    ),
    _signature(
        "rsa-oid-on-ec-key",
        "RSA announced, EC key inside",
        "Announces another algorithm than the key's.",
        _announced_as("1.2.840.113549.1.1.11"),
    ),
    _signature(
        "unknown-algorithm",
        "Unknown signature algorithm",
        "Announces an algorithm that no parser knows.",
        _announced_as("1.3.6.1.4.1.99999.2"),
    ),
    _signature(
        "sha512-announced",
        "SHA-512 announced, SHA-256 used",
        "Announces a better hash than was used.",
        _announced_as("1.2.840.10045.4.3.4"),
    ),
    _signature(
        "ecdsa-null-parameters",
        "ECDSA with NULL parameters",
        "Has parameters that the algorithm forbids and Go overlooks.",
        lambda key, good, _: genuine(
            keys.with_algorithm(key, der.sequence(der.oid("1.2.840.10045.4.3.2"), der.null())),
            good,
        ).pem(),
        "request-well-formed",
    ),
    _signature(
        "unused-bits",
        "Signature with unused bits",
        "Claims an unused bit, which makes Go shift the signature, and others not.",
        _unused_bit,
        "request-well-formed",
    ),
    _signature(
        "shifted",
        "Signature that only Go takes",
        "Shifts the signature so that it is right once Go has dropped the unused bit.",
        _shifted,
        "request-well-formed",
    ),
)
