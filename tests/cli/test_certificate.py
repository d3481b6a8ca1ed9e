"""The CA that signed a certificate, and certificates that lack common extensions."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from cli.request.certificate import Certificate, inspect
from cli.request.spec import CertificateSpec
from core.errors import WrongCertificate

NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
DNS: Final = "web.shop.svc"
SPEC: Final = CertificateSpec("web", "shop", (DNS,))
KEYS: Final = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "between", DNS)}


def a_certificate(name: str, issuer: str, *, ca: bool | None) -> x509.Certificate:
    """Return a certificate for this name's key, by the issuer's; `ca` None: no such extension."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(KEYS[name].public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    return builder.sign(KEYS[issuer], hashes.SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def inspected(*chain: x509.Certificate, root: x509.Certificate) -> Certificate:
    spki = KEYS[DNS].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    return inspect(pem, SPEC, spki, root.public_bytes(Encoding.PEM).decode(), NOW)


ROOT: Final = a_certificate("root", "root", ca=True)
BETWEEN: Final = a_certificate("between", "root", ca=True)
LEAF: Final = a_certificate(DNS, "between", ca=None)


def test_a_chain_may_lead_to_the_clusters_ca_through_intermediates() -> None:
    assert inspected(LEAF, BETWEEN, root=ROOT).by_cluster
    assert not inspected(LEAF, root=ROOT).by_cluster


def test_a_chain_through_a_certificate_that_is_no_ca_is_rejected() -> None:
    """No client accepts it."""
    for ca in (False, None):
        assert not inspected(LEAF, a_certificate("between", "root", ca=ca), root=ROOT).by_cluster


def test_a_circular_chain_is_rejected() -> None:
    around = a_certificate("between", "between", ca=True)

    assert not inspected(LEAF, around, around, root=ROOT).by_cluster


def test_a_certificate_without_key_usage_suits_any_server() -> None:
    """Only an extension that is there restricts it. From: RFC 5280, section 4.2.1.12."""
    found = inspected(LEAF, BETWEEN, root=ROOT)

    assert ((), "CN=between") == (found.differences, found.issuer)


def test_a_certificate_for_another_key_is_wrong() -> None:
    with pytest.raises(WrongCertificate, match="another key"):
        inspected(BETWEEN, root=ROOT)
