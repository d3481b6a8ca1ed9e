"""The public key of a request: its kind, and whether such keys are allowed."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.model import KeyRule, PublicKey

_ALLOWED_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_RSA_BITS = range(2048, 8193)
# Go refuses exponents over 31 bits. From: Go crypto/rsa, checkPublicKeySize and PublicKey.E.
_RSA_EXPONENTS = range(65_537, 2**31)


def public_key(csr: x509.CertificateSigningRequest) -> PublicKey:
    """Return the key of a request, and whether such keys are allowed.

    Raises:
        ValueError: it can't be read.
    """
    try:
        key = csr.public_key()
    except UnsupportedAlgorithm:
        return PublicKey("an unknown algorithm", KeyRule.UNVERIFIABLE, b"")
    kind, rule = _kind_of_key(key)
    return PublicKey(kind, rule, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _kind_of_key(key: object) -> tuple[str, KeyRule]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = _ALLOWED_CURVES.get(key.curve.name)
        rule = KeyRule.FORBIDDEN if name is None else KeyRule.ALLOWED
        return f"ECDSA {name or key.curve.name}", rule
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        good = key.key_size in _RSA_BITS and exponent in _RSA_EXPONENTS
        # A requester may choose thousands of digits, more than Python prints.
        reported = exponent if exponent.bit_length() <= 64 else f"of {exponent.bit_length()} bits"
        kind = f"RSA {key.key_size} with exponent {reported}"
        return kind, KeyRule.ALLOWED if good else KeyRule.FORBIDDEN
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", KeyRule.ALLOWED
    kind = type(key).__name__.removesuffix("PublicKey")
    # Go 1.27 verifies ML-DSA and other libraries don't yet: no proof either way.
    unverifiable = kind.upper().startswith(("MLDSA", "MLKEM"))
    return kind, KeyRule.UNVERIFIABLE if unverifiable else KeyRule.FORBIDDEN
