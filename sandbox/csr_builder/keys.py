"""Keys for hostile requests, fixed or derived from words, so that a request never changes.

The keys are public and protect nothing. There are good kinds, weak kinds, and kinds whose encoding
is wrong. Each key signs, as far as its kind can.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.csr_builder import der

_ECDSA = {
    "sha1": "1.2.840.10045.4.1",
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
    "sha3-256": "2.16.840.1.101.3.4.3.10",
}
_RSA = {
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha512": "1.2.840.113549.1.1.13",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - to be refused
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3-256": hashes.SHA3_256(),
}

EC_PUBLIC_KEY = "1.2.840.10045.2.1"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"
DSA = "1.2.840.10040.4.1"
ED25519 = "1.3.101.112"
ED448 = "1.3.101.113"
X25519 = "1.3.101.110"
ML_DSA_44 = "2.16.840.1.101.3.4.3.17"
P256 = "1.2.840.10045.3.1.7"


@dataclass(frozen=True, slots=True)
class Key:
    """A key in a request: its SPKI, its signature algorithm, and how it signs."""

    spki: bytes
    algorithm: bytes
    sign: Callable[[bytes], bytes]


def ecdsa(words: str, curve: ec.EllipticCurve | None = None, digest: str = "sha256") -> Key:
    """Return an ECDSA key derived from `words`; P-256 by default."""
    curve = curve or ec.SECP256R1()
    secret = int.from_bytes(hashlib.sha512(words.encode()).digest()) % 2 ** (curve.key_size - 1)
    return of_private(ec.derive_private_key(secret, curve), digest)


def of_private(private: ec.EllipticCurvePrivateKey, digest: str = "sha256") -> Key:
    """Return an ECDSA key from its private half."""
    scheme = ec.ECDSA(_HASHES[digest], deterministic_signing=True)
    return Key(
        _spki(private.public_key()),
        der.sequence(der.oid(_ECDSA[digest])),
        lambda signed: private.sign(signed, scheme),
    )


def with_spki(key: Key, spki: bytes) -> Key:
    """Return the same key, with another SPKI."""
    return Key(spki, key.algorithm, key.sign)


def with_algorithm(key: Key, algorithm: bytes) -> Key:
    """Return the same key, with another signature algorithm in the request."""
    return Key(key.spki, algorithm, key.sign)


def point(words: str) -> bytes:
    """Return the uncompressed point of the P-256 key of these words, 65 bytes."""
    return ecdsa(words).spki[-65:]


def ec_spki(encoded_point: bytes, parameters: bytes = b"", unused: int = 0) -> bytes:
    """Return an EC SPKI with any point; the parameters are P-256's by default."""
    algorithm = der.sequence(der.oid(EC_PUBLIC_KEY), parameters or der.oid(P256))
    return der.sequence(algorithm, der.bits(encoded_point, unused))


def ed25519_key(words: str) -> Key:
    """Return an Ed25519 key derived from `words`."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(words.encode()).digest())
    return Key(_spki(private.public_key()), der.sequence(der.oid(ED25519)), private.sign)


def ed448_key(words: str) -> Key:
    """Return an Ed448 key derived from `words`."""
    seed = hashlib.shake_256(words.encode()).digest(57)
    private = ed448.Ed448PrivateKey.from_private_bytes(seed)
    return Key(_spki(private.public_key()), der.sequence(der.oid(ED448)), private.sign)


def rsa_key(name: str, exponent: int = 65_537, digest: str = "sha256") -> Key:
    """Return the RSA key of this name in numbers.json, PKCS#1 v1.5."""
    private = _rsa_private(name, exponent)
    return Key(
        _spki(private.public_key()),
        der.sequence(der.oid(_RSA[digest]), der.null()),
        lambda signed: private.sign(signed, padding.PKCS1v15(), _HASHES[digest]),
    )


def rsa_numbers(name: str, exponent: int = 65_537) -> tuple[int, int]:
    """Return modulus and exponent of such a key."""
    numbers = _rsa_private(name, exponent).public_key().public_numbers()
    return numbers.n, numbers.e


def rsa_spki(*numbers: bytes, algorithm: bytes = b"", unused: int = 0) -> bytes:
    """Return an RSA SPKI with any two encoded numbers."""
    algorithm = algorithm or der.sequence(der.oid(RSA_ENCRYPTION), der.null())
    return der.sequence(algorithm, der.bits(der.sequence(*numbers), unused))


def pss_algorithm(salt_bytes: int) -> bytes:
    """Return RSASSA-PSS's AlgorithmIdentifier with SHA-256 and this salt length. From: RFC 4055."""
    sha256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.null())
    mgf1 = der.sequence(der.oid("1.2.840.113549.1.1.8"), sha256)
    return der.sequence(
        der.oid(RSASSA_PSS),
        der.sequence(
            der.explicit(0, sha256),
            der.explicit(1, mgf1),
            der.explicit(2, der.integer(salt_bytes)),
        ),
    )


def rsa_pss_key(name: str, salt_bytes: int) -> Key:
    """Return an RSA key that signs with PSS, SHA-256 and a fixed salt, to return the same bytes."""
    n, e = rsa_numbers(name)
    private = _rsa_private(name, e).private_numbers()
    spki = _spki(_rsa_private(name, e).public_key())

    def sign(signed: bytes) -> bytes:
        size = (n.bit_length() + 7) // 8
        salt = bytes(salt_bytes)
        proof = hashlib.sha256(bytes(8) + hashlib.sha256(signed).digest() + salt).digest()
        seed = bytes(size - salt_bytes - len(proof) - 2) + b"\x01" + salt
        mask = _mgf1(proof, len(seed))
        masked = bytearray(a ^ b for a, b in zip(seed, mask, strict=True))
        masked[0] &= 0x7F
        message = int.from_bytes(bytes(masked) + proof + b"\xbc")
        return pow(message, private.d, n).to_bytes(size)

    return Key(spki, pss_algorithm(salt_bytes), sign)


def _mgf1(seed: bytes, size: int) -> bytes:
    blocks = (hashlib.sha256(seed + count.to_bytes(4)).digest() for count in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def dsa_key() -> Key:
    """Return a DSA key of 2048 bits; k is derived from the signed bytes.

    From: FIPS 186-4 section 4.6.
    """
    p, q, g, secret = _numbers()["dsa-2048"]

    def sign(signed: bytes) -> bytes:
        digest = hashlib.sha256(signed).digest()
        k = int.from_bytes(hashlib.sha512(secret.to_bytes(64) + digest).digest()) % (q - 1) + 1
        r = pow(g, k, p) % q
        s = pow(k, -1, q) * (int.from_bytes(digest) + secret * r) % q
        return utils.encode_dss_signature(r, s)

    domain = der.sequence(*(der.integer(number) for number in (p, q, g)))
    spki = der.sequence(
        der.sequence(der.oid(DSA), domain), der.bits(der.integer(pow(g, secret, p)))
    )
    return Key(spki, der.sequence(der.oid("2.16.840.1.101.3.4.3.2")), sign)


def silent_key(algorithm: str, public_bytes: bytes) -> Key:
    """Return a key of any algorithm that can't sign here: its signatures are 64 zero bytes."""
    identifier = der.sequence(der.oid(algorithm))
    return Key(der.sequence(identifier, der.bits(public_bytes)), identifier, lambda _: bytes(64))


@cache
def _numbers() -> dict[str, list[int]]:
    text = Path(__file__).with_name("numbers.json").read_text()
    return {name: [int(number, 16) for number in row] for name, row in json.loads(text).items()}


@cache
def _rsa_private(name: str, e: int) -> rsa.RSAPrivateKey:
    p, q = _numbers()[name]
    d = pow(e, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, p * q),
    ).private_key(unsafe_skip_rsa_key_validation=True)


def _spki(
    public: ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | rsa.RSAPublicKey,
) -> bytes:
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
