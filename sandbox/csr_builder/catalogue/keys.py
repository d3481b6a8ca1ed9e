"""Attacks by the key: too weak, unusable, or encoded so that two parsers see two keys.

From: NIST SP 800-57 part 1; RFC 5480, 8017 and 8410 (encodings); Go crypto/x509, parsePublicKey.
"""

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.csr_builder import der, keys
from sandbox.csr_builder.entry import CatalogueEntry, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import Names

_WELL_FORMED = "request-well-formed"
_FIXED = "with a fixed key"


def _key(
    name: str, title: str, description: str, key: Key, refused_by: str = "key", effect: str = "deny"
) -> CatalogueEntry:
    def make(_: Key, good: Names, __: Names) -> bytes:
        return genuine(key, good).pem()

    return CatalogueEntry(
        f"key/{name}",
        title,
        description,
        make,
        refused_by,
        effect,
        source="NIST SP 800-57 part 1; Go crypto/x509 parsePublicKey",
    )


def _bent(name: str, title: str, description: str, spki: bytes) -> CatalogueEntry:
    """Return a P-256 key with another SPKI."""
    return _key(name, title, description, keys.with_spki(keys.ecdsa(_FIXED), spki), _WELL_FORMED)


def _rsa_bent(name: str, title: str, description: str, spki: bytes) -> CatalogueEntry:
    return _key(
        name, title, description, keys.with_spki(keys.rsa_key("rsa-2048"), spki), _WELL_FORMED
    )


_POINT = keys.point(_FIXED)
_X, _Y = _POINT[1:33], _POINT[33:]
_PARITY = _Y[-1] & 1
_N, _E = keys.rsa_numbers("rsa-2048")
_ED25519 = keys.ed25519_key(_FIXED)
_PUBLIC_ED25519 = _ED25519.spki[-32:]

# From: SEC 2 section 2.4.2, secp256r1.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_EXPLICIT_P256 = der.sequence(
    der.integer(1),
    der.sequence(der.oid("1.2.840.10045.1.1"), der.integer(_P)),
    der.sequence(der.octets((_P - 3).to_bytes(32)), der.octets(_B.to_bytes(32))),
    der.octets(_G),
    der.integer(_ORDER),
    der.integer(1),
)

KEYS = (
    _key("p224", "P-224 key", "Has too small a curve.", keys.ecdsa(_FIXED, ec.SECP224R1())),
    _key(
        "secp256k1",
        "secp256k1 key",
        "Has a curve that Go doesn't know.",
        keys.ecdsa(_FIXED, ec.SECP256K1()),
    ),
    _key(
        "brainpool",
        "Brainpool key",
        "Has a curve that Go doesn't know.",
        keys.ecdsa(_FIXED, ec.BrainpoolP256R1()),
    ),
    _key("rsa-1024", "RSA of 1024 bits", "Has a key too short.", keys.rsa_key("rsa-1024")),
    _key(
        "rsa-8208",
        "RSA of 8208 bits",
        "Has a key that costs time with every use.",
        keys.rsa_key("rsa-8208"),
    ),
    _key(
        "rsa-exponent-3",
        "RSA with exponent 3",
        "Has an exponent that careless verifiers fall for.",
        keys.rsa_key("rsa-2048-e3", 3),
    ),
    _key(
        "rsa-exponent-17",
        "RSA with exponent 17",
        "Has an exponent below what is recommended.",
        keys.rsa_key("rsa-2048", 17),
    ),
    _key(
        "rsa-exponent-33-bits",
        "RSA with an exponent of 33 bits",
        "Has an exponent for which Go refuses to verify.",
        keys.rsa_key("rsa-2048", 2**32 + 15),
    ),
    _key("ed448", "Ed448 key", "Has a key that Go doesn't know.", keys.ed448_key(_FIXED)),
    _key("dsa", "DSA key", "Has a key for which Go no longer verifies.", keys.dsa_key()),
    _key(
        "x25519",
        "X25519 key",
        "Has a key that can't sign.",
        keys.silent_key(keys.X25519, _PUBLIC_ED25519),
    ),
    _key(
        "ml-dsa",
        "ML-DSA key",
        "Has a key that not every version here can verify.",
        keys.silent_key(keys.ML_DSA_44, bytes(1312)),
        effect="leave",
    ),
    _key(
        "unknown",
        "Key of an unknown algorithm",
        "Has a key of an algorithm that no parser knows.",
        keys.silent_key("1.3.6.1.4.1.99999.1", b"key"),
        effect="leave",
    ),
    # Encodings of an EC key.
    _bent(
        "compressed-point",
        "Compressed point",
        "Has half of the point, which Go doesn't take.",
        keys.ec_spki(bytes([2 + _PARITY]) + _X),
    ),
    _bent(
        "hybrid-point",
        "Hybrid point",
        "Has the point in the third of its forms, which Go doesn't take.",
        keys.ec_spki(bytes([6 + _PARITY]) + _X + _Y),
    ),
    _bent(
        "point-off-curve",
        "Point off the curve",
        "Has a point that isn't on the curve.",
        keys.ec_spki(b"\x04" + _X + _X),
    ),
    _bent("infinity", "Point at infinity", "Has the neutral point.", keys.ec_spki(b"\0")),
    _bent(
        "explicit-curve",
        "Curve spelled out",
        "Describes P-256 by its numbers instead of its name.",
        keys.ec_spki(_POINT, _EXPLICIT_P256),
    ),
    _key(
        "no-curve",
        "No curve",
        "Has NULL where the curve should be named.",
        keys.with_spki(keys.ecdsa(_FIXED), keys.ec_spki(_POINT, der.null())),
        effect="leave",
    ),
    _bent(
        "ec-unused-bits",
        "EC key with unused bits",
        "Claims an unused bit, which makes Go shift the key.",
        keys.ec_spki(_POINT[:-1] + bytes([_POINT[-1] & 0xFE]), unused=1),
    ),
    # Encodings of an RSA key.
    _rsa_bent(
        "rsa-without-null",
        "RSA key without NULL",
        "Leaves out the parameters, which Go demands.",
        keys.rsa_spki(
            der.integer(_N), der.integer(_E), algorithm=der.sequence(der.oid(keys.RSA_ENCRYPTION))
        ),
    ),
    _rsa_bent(
        "rsa-pss-only",
        "RSA key for PSS alone",
        "Announces the key as one for PSS only, which Go doesn't know.",
        keys.rsa_spki(
            der.integer(_N), der.integer(_E), algorithm=der.sequence(der.oid(keys.RSASSA_PSS))
        ),
    ),
    _rsa_bent(
        "rsa-three-numbers",
        "RSA key of three numbers",
        "Adds a number to the key, which Go skips.",
        keys.rsa_spki(der.integer(_N), der.integer(_E), der.integer(1)),
    ),
    _rsa_bent(
        "rsa-negative",
        "RSA with a negative modulus",
        "Has a modulus below zero.",
        keys.rsa_spki(der.integer(-_N), der.integer(_E)),
    ),
    _rsa_bent(
        "rsa-padded-modulus",
        "RSA modulus with a superfluous byte",
        "Has a modulus that isn't in its shortest form.",
        keys.rsa_spki(der.element(0x02, b"\0\0", _N.to_bytes(256)), der.integer(_E)),
    ),
    _rsa_bent(
        "rsa-even-exponent",
        "RSA with an even exponent",
        "Has an exponent that no RSA key can have.",
        keys.rsa_spki(der.integer(_N), der.integer(65_538)),
    ),
    # Encodings of an Ed25519 key.
    _key(
        "ed25519-null",
        "Ed25519 key with NULL",
        "Has parameters, which the algorithm forbids.",
        keys.with_spki(
            _ED25519,
            der.sequence(
                der.sequence(der.oid(keys.ED25519), der.null()), der.bits(_PUBLIC_ED25519)
            ),
        ),
        _WELL_FORMED,
    ),
    _key(
        "ed25519-unused-bits",
        "Ed25519 key with unused bits",
        "Claims an unused bit, which makes Go shift the key, and so see another one.",
        keys.with_spki(
            _ED25519,
            der.sequence(
                der.sequence(der.oid(keys.ED25519)),
                der.bits(_PUBLIC_ED25519[:-1] + bytes([_PUBLIC_ED25519[-1] & 0xFE]), 1),
            ),
        ),
        _WELL_FORMED,
    ),
)
