"""The strict parser on keys and signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core import pkcs10
from core.errors import MalformedRequest
from core.model import KeyRule, Pkcs10
from sandbox.csr_builder import CsrBuilder, Names, der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import NODE


def read(key: keys.Key) -> Pkcs10:
    return pkcs10.read(CsrBuilder.of_node(key, NODE, Names(NODE, (NODE,))).pem())


def rsa_of(bits: int, exponent: int) -> keys.Key:
    """Return an RSA key of any size and exponent; its signatures are invalid."""
    spki = keys.rsa_spki(der.integer(2 ** (bits - 1) + 1), der.integer(exponent))
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.11"), der.null())
    return keys.Key(spki, algorithm, lambda _: bytes(bits // 8))


# From: NIST, Computer Security Objects Register.
ML_KEM_768 = "2.16.840.1.101.3.4.4.2"
ALLOWED, FORBIDDEN, UNVERIFIABLE = KeyRule.ALLOWED, KeyRule.FORBIDDEN, KeyRule.UNVERIFIABLE


@pytest.mark.parametrize(
    ("key", "kind", "rule"),
    [
        (keys.ecdsa("k"), "ECDSA P-256", ALLOWED),
        (keys.ecdsa("k", ec.SECP384R1()), "ECDSA P-384", ALLOWED),
        (keys.ecdsa("k", ec.SECP521R1()), "ECDSA P-521", ALLOWED),
        (keys.ecdsa("k", ec.SECP224R1()), "ECDSA secp224r1", FORBIDDEN),
        (keys.ecdsa("k", ec.SECP256K1()), "ECDSA secp256k1", FORBIDDEN),
        (keys.ed25519_key("k"), "Ed25519", ALLOWED),
        (keys.ed448_key("k"), "Ed448", FORBIDDEN),
        (keys.dsa_key(), "DSA", FORBIDDEN),
        (keys.silent_key(keys.X25519, bytes(range(32))), "X25519", FORBIDDEN),
        (keys.silent_key(keys.ML_DSA_44, bytes(1312)), "MLDSA44", UNVERIFIABLE),
        (keys.silent_key(ML_KEM_768, bytes(1184)), "MLKEM768", UNVERIFIABLE),
        (keys.silent_key("1.2.3.4", bytes(32)), "an unknown algorithm", UNVERIFIABLE),
        (rsa_of(2048, 65_537), "RSA 2048 with exponent 65537", ALLOWED),
        (rsa_of(8192, 65_537), "RSA 8192 with exponent 65537", ALLOWED),
        (rsa_of(2048, 2**31 - 1), "RSA 2048 with exponent 2147483647", ALLOWED),
        (rsa_of(2047, 65_537), "RSA 2047 with exponent 65537", FORBIDDEN),
        (rsa_of(1024, 65_537), "RSA 1024 with exponent 65537", FORBIDDEN),
        (rsa_of(8193, 65_537), "RSA 8193 with exponent 65537", FORBIDDEN),
        (rsa_of(2048, 3), "RSA 2048 with exponent 3", FORBIDDEN),
        (rsa_of(2048, 65_535), "RSA 2048 with exponent 65535", FORBIDDEN),
        (rsa_of(2048, 2**31 + 1), "RSA 2048 with exponent 2147483649", FORBIDDEN),
        (rsa_of(2048, 2**64 - 1), f"RSA 2048 with exponent {2**64 - 1}", FORBIDDEN),
        (rsa_of(2048, 2**64 + 1), "RSA 2048 with exponent of 65 bits", FORBIDDEN),
    ],
)
def test_a_key_has_a_kind_and_a_rule(key: keys.Key, kind: str, rule: KeyRule) -> None:
    """Each kind is allowed, forbidden, or can't be verified here."""
    got = read(key).key

    assert (kind, rule) == (got.kind, got.rule)


def test_a_request_of_less_than_128_bytes_is_readable() -> None:
    """The length of so short a request has one byte in DER, that of a longer one two or three."""
    short = CsrBuilder(keys.ed25519_key("k")).sans(csr_builder.dns("a"))

    assert len(short.info()) < 128
    assert ("a",) == pkcs10.read(short.pem()).dns


def test_the_description_of_a_key_is_bounded() -> None:
    """A requester chooses the exponent, and so the length of its description."""
    got = read(rsa_of(16_384, 2**16_000 + 1)).key

    assert ("RSA 16384 with exponent of 16001 bits", FORBIDDEN) == (got.kind, got.rule)


@pytest.mark.parametrize("algorithm", [keys.ML_DSA_44, "1.2.3.4"])
def test_the_signature_of_a_key_that_cant_be_verified_is_no_proof(algorithm: str) -> None:
    """The signature is neither valid nor invalid."""
    got = read(keys.silent_key(algorithm, bytes(1312)))

    assert ("", None) == (got.signature_hash, got.signature_valid)


def test_a_key_has_one_encoding_only() -> None:
    """The point of an EC key has two encodings, and Go accepts one of them."""
    point = keys.point("k")
    sign = b"\x03" if point[-1] % 2 else b"\x02"
    compressed = keys.with_spki(keys.ecdsa("k"), keys.ec_spki(sign + point[1:33]))

    with pytest.raises(MalformedRequest, match="has an unusual encoding"):
        read(compressed)


def test_equal_keys_have_equal_bytes() -> None:
    """The other contents of two requests don't matter."""
    other = CsrBuilder.of_node(keys.ecdsa("k"), "other", Names("other", ("other",)))

    assert read(keys.ecdsa("k")).key == pkcs10.read(other.pem()).key


def test_another_key_has_other_bytes() -> None:
    """Different keys never count as equal."""
    assert read(keys.ecdsa("k")).key.spki != read(keys.ecdsa("l")).key.spki


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (keys.ecdsa("k", digest="sha1"), "sha1"),
        (keys.ecdsa("k", digest="sha224"), "sha224"),
        (keys.ecdsa("k", digest="sha384"), "sha384"),
        (keys.ecdsa("k", digest="sha3-256"), "sha3-256"),
        (keys.rsa_key("rsa-2048"), "sha256"),
        (keys.ed25519_key("k"), ""),
    ],
)
def test_a_signature_has_the_name_of_its_hash(key: keys.Key, digest: str) -> None:
    """Ed25519 has no separate hash; a check decides which hashes are allowed."""
    assert digest == read(key).signature_hash


def test_a_request_signed_with_sha_1_is_readable() -> None:
    """The parser names the hash; a check refuses SHA-1."""
    got = read(keys.ecdsa("k", digest="sha1"))

    assert ("1.2.840.10045.4.1", "sha1") == (got.signature_algorithm, got.signature_hash)


def test_a_signature_of_another_key_is_not_valid() -> None:
    """A requester without the private key gets no certificate for it."""
    forged = CsrBuilder.of_node(keys.ecdsa("k"), NODE, Names(NODE, (NODE,))).signed_by(
        keys.ecdsa("l")
    )

    assert pkcs10.read(forged.pem()).signature_valid is False


def test_a_signature_with_unused_bits_is_refused() -> None:
    """Go shifts the bits of such a signature, Python doesn't."""
    forged = CsrBuilder.of_node(keys.ecdsa("k"), NODE, Names(NODE, (NODE,))).unused_bits(1)

    with pytest.raises(MalformedRequest):
        pkcs10.read(forged.pem())


def test_a_signature_with_an_unknown_algorithm_is_not_valid() -> None:
    """The key could be verified, its signature could not."""
    got = read(keys.with_algorithm(keys.ecdsa("k"), der.sequence(der.oid("1.2.3.4"))))

    assert ("unknown", False) == (got.signature_hash, got.signature_valid)
