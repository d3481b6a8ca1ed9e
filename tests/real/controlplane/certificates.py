"""The certificates and keys of a control plane, in files, valid for a day."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SKEW: Final = dt.timedelta(minutes=5)
_LIFETIME: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its key, in files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority: its own key pair, and the certificates that it issues."""

    def __init__(
        self, pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        """Use `make` instead."""
        self.pair = pair
        self._certificate = certificate
        self._key = key

    @property
    def pem(self) -> str:
        """Return the CA certificate."""
        return self.pair.certificate.read_text()

    @classmethod
    def make(cls, folder: Path, name: str) -> Self:
        """Make an authority in the files `<name>.crt` and `<name>.key`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name, ())
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            _builder(subject, subject, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(_write(folder, name, certificate, key), certificate, key)

    def server(self, folder: Path, name: str, address: str) -> KeyPair:
        """Issue a serving certificate for an IP address and localhost."""
        names = [x509.IPAddress(ipaddress.ip_address(address)), x509.DNSName("localhost")]
        san = x509.SubjectAlternativeName(names)
        return self._issue(folder, name, _subject(name, ()), ExtendedKeyUsageOID.SERVER_AUTH, san)

    def client(self, folder: Path, user: str, groups: tuple[str, ...]) -> KeyPair:
        """Issue a client certificate: CN is the Kubernetes user, each O a group."""
        subject = _subject(user, groups)
        return self._issue(folder, user, subject, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def _issue(
        self,
        folder: Path,
        name: str,
        subject: x509.Name,
        usage: x509.ObjectIdentifier,
        san: x509.SubjectAlternativeName | None,
    ) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._certificate.subject, key)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(authority, critical=False)
        if san:
            builder = builder.add_extension(san, critical=False)
        return _write(folder, name, builder.sign(self._key, hashes.SHA256()), key)


def make_key(folder: Path, name: str) -> KeyPair:
    """Make a bare key in `<name>.key`, and its public half in `<name>.crt`."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _write_pair(folder, name, public, key)


def _subject(name: str, organizations: tuple[str, ...]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFETIME)
    )


def _write(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> KeyPair:
    return _write_pair(folder, name, certificate.public_bytes(serialization.Encoding.PEM), key)


def _write_pair(folder: Path, name: str, public: bytes, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    pair = KeyPair(folder / f"{name}.crt", folder / f"{name}.key")
    pair.certificate.write_bytes(public)
    pair.key.touch(mode=0o600)
    pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return pair
