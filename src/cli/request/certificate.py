"""Comparison of an issued certificate with the request: key, names, dates, usages and CA."""

import warnings
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from cli.request.spec import CertificateSpec
from core.errors import WrongCertificate
from core.issued import UNREADABLE, contents


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for the request's key. `differences`: from the request, for people.

    `by_cluster`: it verifies against the cluster's own CA.
    """

    issuer: str
    expires: datetime
    differences: tuple[str, ...]
    by_cluster: bool


def inspect(
    pem: bytes, spec: CertificateSpec, spki: bytes, ca_pem: str, now: datetime
) -> Certificate:
    """Compare a certificate with the request. `spki`: the request's public key.

    Raises:
        WrongCertificate: it can't be read, or has another key than the request.
    """
    with warnings.catch_warnings():
        # cryptography warns of long CNs; here the CN is only compared.
        warnings.simplefilter("ignore")
        try:
            own, names = contents(pem)
            leaf, *others = x509.load_pem_x509_certificates(pem)
            if own != spki:
                raise WrongCertificate("the certificate has another key than the request")
            return Certificate(
                issuer=leaf.issuer.rfc4514_string(),
                expires=leaf.not_valid_after_utc,
                differences=tuple(_differences(leaf, names, spec, now)),
                by_cluster=_verifies(
                    leaf, others, x509.load_pem_x509_certificates(ca_pem.encode())
                ),
            )
        except UNREADABLE as error:
            raise WrongCertificate(f"the certificate can't be read: {error}") from error


def _differences(
    leaf: x509.Certificate,
    names: AbstractSet[tuple[str, str]],
    spec: CertificateSpec,
    now: datetime,
) -> Iterator[str]:
    wanted = {("DNS", name) for name in spec.dns}
    wanted |= {("IP", str(address)) for address in spec.addresses}
    # Clients don't read names in the CN, so the signer may drop it.
    if additional := names - wanted - {("CN", spec.common_name)}:
        yield f"it has additional names: {_shown(additional)}"
    if missing := wanted - names:
        yield f"it lacks names: {_shown(missing)}"
    if now < leaf.not_valid_before_utc:
        yield f"it is not valid before {leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    if leaf.not_valid_after_utc <= now:
        yield f"it expired on {leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    if not _is_for_servers(leaf):
        yield "it is not for servers: its extended key usage lacks server auth"
    if _is_a_ca(leaf):
        yield "it is a CA certificate"


def _shown(names: AbstractSet[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} {value}" for kind, value in sorted(names))


def _is_for_servers(leaf: x509.Certificate) -> bool:
    try:
        found = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.SERVER_AUTH in found


def _is_a_ca(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _verifies(
    leaf: x509.Certificate, others: list[x509.Certificate], trusted: list[x509.Certificate]
) -> bool:
    """Return whether a chain leads from the leaf to a trusted CA, directly or through `others`.

    While the cluster's CA is rotated it is several certificates. cryptography's own verifier isn't
    used: it requires extensions that the CAs of old EKS clusters lack.
    """
    at = leaf
    for _ in range(len(others) + 1):
        if any(_issued(at, ca) for ca in trusted):
            return True
        above = next((one for one in others if _is_a_ca(one) and _issued(at, one)), None)
        if above is None:
            return False
        at = above
    return False


def _issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (InvalidSignature, *UNREADABLE, TypeError):
        return False
    return True
