"""Whether an issued certificate is what was approved. No other approver looks.

The signer parses the request again. If it reads it differently from us, the requester gets a name
that no one checked. Tests show that Kubernetes's own signer agrees; EKS's source isn't public.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from core.context import ReviewContext
from core.dns import folded
from core.model import (
    Csr,
    Evaluation,
    IssueFinding,
    IssueState,
    ParsedCsr,
    Pkcs10,
    UnreadableRequest,
)
from core.printable import listed
from core.settings import ReviewSettings
from core.signers import SIGNERS

#: What cryptography raises for a certificate that it can't read. Parsing is lazy.
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


#: The public key of a certificate (SubjectPublicKeyInfo, DER), and its names with their kinds.
Contents = tuple[bytes, frozenset[tuple[str, str]]]


def contents(pem: bytes) -> Contents:
    """Return the key and the names of the first certificate of `pem`; raises one of UNREADABLE."""
    with warnings.catch_warnings():
        # cryptography warns of a long CN; here the whole CN is compared.
        warnings.simplefilter("ignore")
        # The first block is the leaf. From: Kubernetes certificates.k8s.io/v1, status.certificate.
        leaf = x509.load_pem_x509_certificates(pem)[0]
        spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return spki, frozenset(_names(leaf))


def certificate_reader(context: ReviewContext) -> Callable[[bytes], Contents]:
    """Return a function that reads a certificate, from memory if it was read before."""
    return lambda pem: context.reader.read("certificate", pem, contents)


def find(
    csr: Csr,
    request: Pkcs10 | UnreadableRequest,
    now: datetime,
    *,
    grace: timedelta,
    max_age: timedelta,
    read: Callable[[bytes], Contents] = contents,
) -> IssueFinding | None:
    """Return what is wrong with an approved CSR's certificate, or that there is none.

    None if all is well. A missing certificate counts after `grace`, and only while the kubelet
    still waits for it. `read`: `contents`, or the same from memory.
    """
    approved, failed = csr.condition("Approved"), csr.condition("Failed")
    if approved is None:
        return None
    age = (now - (approved.last_update or csr.created)).total_seconds()
    if csr.certificate:
        found = _compare(csr, request, read)
        return None if found is None else IssueFinding(csr, request, *found, age)
    if failed is not None:
        detail = f"{failed.reason}: {failed.message}"
        return IssueFinding(csr, request, IssueState.SIGNER_FAILED, detail, age)
    if age > grace.total_seconds() and now - csr.created <= max_age:
        detail = f"approved {age:.0f} s ago by {approved.reason}, no certificate"
        return IssueFinding(csr, request, IssueState.NOT_ISSUED, detail, age)
    return None


class IssuedCertificates:
    """Findings on the certificates of a list's approved requests.

    `findings`: one for each request whose certificate is wrong or missing. `unissued`: the approved
    requests without a certificate.
    """

    def __init__(self, context: ReviewContext, settings: ReviewSettings) -> None:
        """Begin with no findings."""
        self._context = context
        self._grace = timedelta(seconds=settings.issue_grace_seconds)
        self.findings: list[IssueFinding] = []
        self.unissued: list[ParsedCsr] = []

    def inspect(self, parsed: ParsedCsr) -> None:
        """Check the certificate of one request that was read."""
        finding = find(
            parsed.csr,
            parsed.request,
            self._context.now,
            grace=self._grace,
            max_age=self._context.max_age,
            read=certificate_reader(self._context),
        )
        if finding is None:
            return
        self.findings.append(finding)
        if finding.state is IssueState.NOT_ISSUED:
            self.unissued.append(parsed)


def with_evaluations(
    findings: Iterable[IssueFinding], evaluations: Iterable[Evaluation]
) -> tuple[IssueFinding, ...]:
    """Return the findings, each with its evaluation if its request was judged again."""
    by_uid = {one.case.csr.uid: one for one in evaluations}
    return tuple(replace(one, evaluation=by_uid.get(one.csr.uid)) for one in findings)


def mismatch(
    csr: Csr, request: Pkcs10 | UnreadableRequest, read: Callable[[bytes], Contents]
) -> bool:
    """Return True when the CSR's certificate has another key, or a name that wasn't asked for.

    `read`: `contents`, or the same from memory.
    """
    if not csr.certificate:
        return False
    found = _compare(csr, request, read)
    return found is not None and found[0] is IssueState.MISMATCH


def _compare(
    csr: Csr, request: Pkcs10 | UnreadableRequest, read: Callable[[bytes], Contents]
) -> tuple[IssueState, str] | None:
    if isinstance(request, UnreadableRequest):
        # Another approver may approve such a request; then the signer isn't at fault.
        detail = f"issued for a request that can't be read: {request.why}"
        return (IssueState.MISMATCH, detail) if csr.is_approved_by_us else None
    try:
        spki, names = read(csr.certificate)
    except UNREADABLE as error:
        return IssueState.MISMATCH, f"the certificate can't be read: {error}"
    asked = {("DNS", folded(name)) for name in request.dns}
    asked |= {("IP", _address(ip)) for ip in request.addresses}
    asked |= {("CN", name) for name in SIGNERS[csr.signer].common_names(csr, request)}
    if spki != request.key.spki:
        return IssueState.MISMATCH, "the certificate has another key than the request"
    if names - asked:
        return IssueState.MISMATCH, f"the certificate has additional names: {_named(names - asked)}"
    if asked - names:
        return IssueState.FEWER_NAMES, f"the certificate lacks names: {_named(asked - names)}"
    return None


def _named(names: AbstractSet[tuple[str, str]]) -> str:
    return listed(f"{kind} {name}" for kind, name in sorted(names))


def _address(address: object) -> str:
    """Return the text to compare; for an IPv4-mapped address the IPv4 one, as Go writes it.

    From: Go, crypto/x509, marshalSANs (`To4`); later versions of its parser refuse mapped ones.
    """
    return str(getattr(address, "ipv4_mapped", None) or address)


def _names(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        yield "CN", str(attribute.value)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return
    for name in extension.value:
        if isinstance(name, x509.DNSName):
            yield "DNS", folded(name.value)
        elif isinstance(name, x509.IPAddress):
            yield "IP", _address(name.value)
        else:
            yield type(name).__name__, str(name.value)
