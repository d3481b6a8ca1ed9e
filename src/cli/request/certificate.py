"""What EKS's signer for workloads issued: whose it is, for which names, and whose CA signed it."""

import warnings
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from cli.request.wanted import Wanted
from core.errors import WrongCertificate
from core.issued import UNREADABLE, contents


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of the key that asked. `differences`: from what was asked for, for people.

    `by_cluster`: it verifies against the cluster's own CA.
    """

    issuer: str
    expires: datetime
    differences: tuple[str, ...]
    by_cluster: bool


def inspect(pem: bytes, asked: Wanted, spki: bytes, ca_pem: str, now: datetime) -> Certificate:
    """Hold a certificate against what was asked for. `spki`: the public key that asked.

    Raises:
        WrongCertificate: it can't be read, or is another key's.
    """
    with warnings.catch_warnings():
        # A long CN draws a warning, which is no news here: it is compared as a whole.
        warnings.simplefilter("ignore")
        try:
            own, names = contents(pem)
            leaf, *others = x509.load_pem_x509_certificates(pem)
            if own != spki:
                raise WrongCertificate("the certificate holds another key than the request")
            return Certificate(
                issuer=leaf.issuer.rfc4514_string(),
                expires=leaf.not_valid_after_utc,
                differences=tuple(_differences(leaf, names, asked, now)),
                by_cluster=_verifies(
                    leaf, others, x509.load_pem_x509_certificates(ca_pem.encode())
                ),
            )
        except UNREADABLE as error:
            raise WrongCertificate(f"the certificate can't be read: {error}") from error


def _differences(
    leaf: x509.Certificate, names: AbstractSet[tuple[str, str]], asked: Wanted, now: datetime
) -> Iterator[str]:
    wanted = {("DNS", name) for name in asked.dns}
    wanted |= {("IP", str(address)) for address in asked.addresses}
    # Clients read no names in the CN: nothing is lost where the signer drops it.
    if further := names - wanted - {("CN", asked.common_name)}:
        yield f"it holds further names: {_told(further)}"
    if lacking := wanted - names:
        yield f"it lacks names: {_told(lacking)}"
    if now < leaf.not_valid_before_utc:
        yield f"it is not valid before {leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    if leaf.not_valid_after_utc <= now:
        yield f"it expired on {leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    if not _is_a_servers(leaf):
        yield "it is not for servers: extended key usage lacks server auth"
    if _is_a_ca(leaf):
        yield "it is a CA's"


def _told(names: AbstractSet[tuple[str, str]]) -> str:
    return ", ".join(f"{kind} {value}" for kind, value in sorted(names))


def _is_a_servers(leaf: x509.Certificate) -> bool:
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
    """Whether a chain leads from the leaf, perhaps by way of what came with it, to a trusted one.

    The cluster's CA may be several certificates while it is rotated. Not by cryptography's own
    verifier, which wants extensions that the CAs of old EKS clusters lack.
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
