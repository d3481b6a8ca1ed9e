"""The key of a certificate request, and the request that it signs."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from cli.request.key_type import KeyType
from cli.request.spec import CertificateSpec

_CURVES: Final = {KeyType.ECDSA_P256: ec.SECP256R1(), KeyType.ECDSA_P384: ec.SECP384R1()}
# From: RFC 8017, section A.1.1, and FIPS 186-5, section A.1.
_EXPONENT: Final = 65537


@dataclass(frozen=True, eq=False)  # two keys of one type are not the same key
class Key:
    """A private key, generated on first use and then kept."""

    kind: KeyType

    @property
    def is_rsa(self) -> bool:
        """Whether it is RSA. Only RSA requests get the usage key encipherment.

        From: RFC 5480, section 3.
        """
        return self.kind not in _CURVES

    @cached_property
    def _private(self) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
        if self.kind in _CURVES:
            return ec.generate_private_key(_CURVES[self.kind])
        return rsa.generate_private_key(_EXPONENT, int(self.kind.value.removeprefix("rsa-")))

    @property
    def pem(self) -> bytes:
        """The private key in PKCS#8 PEM, unencrypted, as `openssl genpkey` writes it."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def spki(self) -> bytes:
        """The public key's SubjectPublicKeyInfo in DER, as certificates have it."""
        public = self._private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def request(self, spec: CertificateSpec) -> bytes:
        """Return the PKCS#10 request in PEM, with its names as subjectAltName."""
        name = spec.common_name
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
        names: list[x509.GeneralName] = [x509.DNSName(one) for one in spec.dns]
        names += [x509.IPAddress(one) for one in spec.addresses]
        builder = x509.CertificateSigningRequestBuilder(x509.Name(subject)).add_extension(
            # From: RFC 5280, section 4.2.1.6: critical where there is no subject.
            x509.SubjectAlternativeName(names),
            critical=not name,
        )
        return builder.sign(self._private, hashes.SHA256()).public_bytes(Encoding.PEM)
