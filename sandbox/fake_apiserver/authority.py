"""The cluster's CA: its own serving certificate, and the certificates that its signer issues."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.fake_apiserver.goreader import Request

#: The CA is valid at any time that a test may set.
NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2100, 1, 1, tzinfo=UTC)

#: From: Kubernetes v1.36.2, pkg/controller/certificates/authority/policies.go.
BACKDATE = timedelta(minutes=5)
SHORT_LIFETIME = timedelta(hours=8)
LONGEST = timedelta(days=365)
SHORTEST = timedelta(minutes=10)

_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
}
_NO_USAGE = dict.fromkeys(
    (*_KEY_USAGES.values(), "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False
)
_EXTENDED = {
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
}


class Authority:
    """A CA with a random key."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} CA"[:64])])
        self._certificate = self._authority()
        self.pem = _pem(self._certificate)

    def serving(self) -> bytes:
        """Return a key and a certificate for 127.0.0.1 and localhost, in one PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        builder = self._leaf(subject, key.public_key(), ["digital signature", "server auth"])
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.not_valid_before(NOT_BEFORE).not_valid_after(NOT_AFTER)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return private + _pem(builder.sign(self._key, hashes.SHA256()))

    def issue(
        self, request: Request, usages: Sequence[str], seconds: int | None, now: datetime
    ) -> bytes:
        """Return what kube-controller-manager's signer issues: the names and usages, nothing else.

        Of the requested extensions only known kinds of names are copied. It is never a CA.
        """
        asked = LONGEST if seconds is None else timedelta(seconds=seconds)
        life = min(max(asked, SHORTEST), LONGEST)
        end = now + life if life < SHORT_LIFETIME else now + life - BACKDATE
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in request.dns]
        names += [x509.IPAddress(address) for address in request.ips]
        builder = self._leaf(request.csr.subject, request.csr.public_key(), usages)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.not_valid_before(now - BACKDATE).not_valid_after(min(end, NOT_AFTER))
        return _pem(builder.sign(self._key, hashes.SHA256()))

    def _authority(self) -> x509.Certificate:
        public = self._key.public_key()
        usage = x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True})
        builder = (
            x509.CertificateBuilder(self._subject, self._subject, public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOT_BEFORE)
            .not_valid_after(NOT_AFTER)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())

    def _leaf(
        self, subject: x509.Name, key: object, usages: Iterable[str]
    ) -> x509.CertificateBuilder:
        wanted = set(usages)
        bits = {_KEY_USAGES[usage]: True for usage in wanted & _KEY_USAGES.keys()}
        purposes = [_EXTENDED[usage] for usage in sorted(wanted & _EXTENDED.keys())]
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder(self._subject, subject)
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .add_extension(x509.KeyUsage(**{**_NO_USAGE, **bits}), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(issuer, critical=False)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
