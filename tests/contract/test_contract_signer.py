"""The certificate that is issued after an approval."""

from datetime import timedelta
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.contract.objects import a_condition, a_csr, create, decided, issued, put, unique
from tests.contract.signing import a_request, approved, certificate_of
from tests.contract.world import World
from tests.real.controlplane import Client

Extension = TypeVar("Extension", bound=x509.ExtensionType)


def value_of(certificate: x509.Certificate, kind: type[Extension]) -> Extension:
    return certificate.extensions.get_extension_for_class(kind).value


def authority(world: World) -> x509.Certificate:
    return x509.load_pem_x509_certificate(world.plane.signer_ca_pem.encode())


def test_an_approved_request_is_issued(world: World, approver: Client) -> None:
    """The certificate has the request's key, names and subject, and the signer's signature."""
    node = world.node()
    pem = node.pem(dns=[node.name, "another"], ips=["10.0.1.10", "2001:db8::1"])
    item = create(node.api, a_csr(unique("issued"), pem))
    assert put(approver, decided(item, a_condition()))[0] == 200

    certificate = certificate_of(issued(node.api, item["metadata"]["name"]))

    asked = x509.load_pem_x509_csr(pem)
    names = value_of(certificate, x509.SubjectAlternativeName)
    assert certificate.public_key() == asked.public_key()
    assert certificate.subject == asked.subject
    assert names.get_values_for_type(x509.DNSName) == ["another", node.name]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [
        "10.0.1.10",
        "2001:db8::1",
    ]
    certificate.verify_directly_issued_by(authority(world))


def test_what_is_issued_is_a_serving_certificate(world: World, approver: Client) -> None:
    """The certificate has the spec's usages, and isn't a CA even if the request asks for one."""
    more = x509.BasicConstraints(ca=True, path_length=None)

    certificate = certificate_of(approved(world, approver, a_request(more=more)))

    usage = value_of(certificate, x509.KeyUsage)
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (
        True,
        False,
        False,
    )
    assert list(value_of(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert not value_of(certificate, x509.BasicConstraints).ca


def test_an_old_kubelets_request_is_issued(world: World, approver: Client) -> None:
    """An RSA request with key encipherment is signed too."""
    pem = a_request(key=rsa.generate_private_key(65_537, 2048))
    usages = ["digital signature", "key encipherment", "server auth"]

    certificate = certificate_of(approved(world, approver, pem, usages=usages))

    assert value_of(certificate, x509.KeyUsage).key_encipherment


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (600, timedelta(seconds=900)),
        (7 * 3600, timedelta(hours=7, minutes=5)),
        (9 * 3600, timedelta(hours=9)),
        (300_000_000, timedelta(days=365)),
        (None, timedelta(days=365)),
    ],
)
def test_the_lifetime_is_as_requested(
    world: World, approver: Client, asked: int | None, given: timedelta
) -> None:
    """The lifetime is as requested, plus 5 minutes below 8 hours, and ends before the CA's."""
    item = approved(world, approver, a_request(), expirationSeconds=asked)

    certificate = certificate_of(item)

    end = min(certificate.not_valid_before_utc + given, authority(world).not_valid_after_utc)
    assert certificate.not_valid_after_utc == end


@pytest.mark.parametrize(
    "names",
    [
        [x509.DNSName("kubernetes.default.svc")],
        [x509.DNSName("*")],
        [x509.DNSName("line\nend")],
        [x509.DNSName("")],
    ],
    ids=["reserved", "wildcard", "line end", "empty"],
)
def test_the_signer_issues_any_name(
    world: World, approver: Client, names: list[x509.GeneralName]
) -> None:
    """The signer doesn't check names: this is the approver's task alone."""
    certificate = certificate_of(approved(world, approver, a_request(names=names)))

    assert list(value_of(certificate, x509.SubjectAlternativeName)) == names


def test_a_name_of_another_kind_is_dropped(world: World, approver: Client) -> None:
    """An otherName or registeredID beside a DNS name is not in the certificate."""
    names = [
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01x"),
        x509.DNSName("n"),
    ]

    certificate = certificate_of(approved(world, approver, a_request(names=names)))

    assert list(value_of(certificate, x509.SubjectAlternativeName)) == [x509.DNSName("n")]
