"""Requests that no kubelet makes, and their approval and certificate."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.contract.objects import Json, a_condition, a_csr, create, decided, issued, put, unique
from tests.contract.world import World
from tests.real.controlplane import Client

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ORGANIZATION, COMMON = NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME


def a_request(
    *,
    subject: list[tuple[x509.ObjectIdentifier, str]] | None = None,
    names: list[x509.GeneralName] | None = None,
    key: Key | None = None,
    more: x509.ExtensionType | None = None,
) -> bytes:
    """Return a kubelet's request with the given differences."""
    fields = subject or [(ORGANIZATION, "system:nodes"), (COMMON, "system:node:n")]
    builder = x509.CertificateSigningRequestBuilder(
        x509.Name([x509.NameAttribute(oid, value) for oid, value in fields])
    )
    wanted = [x509.DNSName("n")] if names is None else names
    if wanted:
        builder = builder.add_extension(x509.SubjectAlternativeName(wanted), critical=False)
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


def approved(world: World, approver: Client, pem: bytes, **spec: object) -> Json:
    """File an administrator's request, approve it, and return it after the signer handled it."""
    item = create(world.admin, a_csr(unique("signed"), pem, **spec))
    status, answer = put(approver, decided(item, a_condition()))
    assert status == 200, answer
    return issued(world.admin, item["metadata"]["name"])


def certificate_of(item: Json) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(item["status"]["certificate"]))
