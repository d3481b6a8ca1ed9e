"""Findings: an issued certificate differs from the request, or none was issued."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.issued import IssuedCertificates, contents, find, mismatch
from core.memo import weight_of
from core.model import Condition, Csr, IssueFinding, IssueState
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import (
    ADDRESS,
    NODE,
    NOW,
    a_certificate,
    a_context,
    a_csr,
    a_filed_csr,
    a_parsed_csr,
    approved,
    settings,
)

MISMATCH, FEWER = IssueState.MISMATCH, IssueState.FEWER_NAMES
GRACE, MAX_AGE = timedelta(seconds=120), timedelta(seconds=900)


def finding(csr: Csr) -> IssueFinding | None:
    return find(csr, a_parsed_csr(csr).request, NOW, grace=GRACE, max_age=MAX_AGE)


def reported(csr: Csr) -> tuple[IssueState, str] | None:
    found = finding(csr)
    return None if found is None else (found.state, found.detail)


def is_mismatch(csr: Csr) -> bool:
    return mismatch(csr, a_parsed_csr(csr).request, contents)


APPROVED_CSR = a_filed_csr(conditions=(approved(),))
NAMES = (csr_builder.dns(NODE), csr_builder.ip(ADDRESS))


def issued(
    sans: Sequence[bytes] = NAMES,
    *,
    csr: Csr = APPROVED_CSR,
    node: str = NODE,
    spki: bytes | None = None,
    extensions: Sequence[bytes] | None = None,
) -> Csr:
    """Return the CSR with a certificate of these names."""
    certificate = a_certificate(csr, sans=sans, node=node, spki=spki, extensions=extensions)
    return replace(csr, certificate=certificate)


@pytest.mark.parametrize(
    "csr",
    [
        pytest.param(issued(), id="the-same-names"),
        pytest.param(issued(NAMES[::-1]), id="in-another-order"),
        pytest.param(
            issued((csr_builder.dns(f"{NODE.upper()}."), csr_builder.ip(ADDRESS))),
            id="in-another-spelling",
        ),
    ],
)
def test_a_certificate_as_requested_is_no_finding(csr: Csr) -> None:
    """Order and spelling of the names don't matter."""
    assert reported(csr) is None
    assert not is_mismatch(csr)


def test_an_ipv4_mapped_address_equals_its_ipv4_address() -> None:
    """Go writes an IPv4-mapped address into certificates as the IPv4 address."""
    asked = a_filed_csr(ips=(f"::ffff:{ADDRESS}",), conditions=(approved("AutoApproved"),))

    assert reported(issued(csr=asked)) is None


def test_the_names_of_a_request_may_be_spelled_in_other_letters() -> None:
    """The signer may write them in lower case, and without the trailing dot."""
    asked = a_filed_csr(dns=(NODE.upper(),), conditions=(approved(),))

    assert reported(issued(csr=asked)) is None


def test_a_chain_is_judged_by_its_first_certificate() -> None:
    """The certificates of authorities may follow it."""
    chain = issued().certificate + issued(()).certificate

    assert reported(replace(APPROVED_CSR, certificate=chain)) is None


@pytest.mark.parametrize(("own", "other"), [("a", "b"), ("b", "a")])
def test_another_key_is_a_mismatch(own: str, other: str) -> None:
    """Someone else could then impersonate the node."""
    asked = a_filed_csr(words=own, conditions=(approved(),))
    csr = issued(csr=asked, spki=keys.ecdsa(other).spki)

    assert reported(csr) == (MISMATCH, "the certificate has another key than the request")
    assert is_mismatch(csr)


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        (csr_builder.dns("kubernetes.default.svc"), "'DNS kubernetes.default.svc'"),
        (csr_builder.ip("10.0.1.20"), "'IP 10.0.1.20'"),
        (csr_builder.ip(bytes([10, 0, 1, 10] + [255] * 4)), "'IP 10.0.1.10/32'"),
        (der.context(1, b"a@b.example"), "'RFC822Name a@b.example'"),
    ],
)
def test_an_additional_name_is_a_mismatch(extra: bytes, name: str) -> None:
    """An additional name of any kind is a mismatch."""
    csr = issued((*NAMES, extra))

    assert (MISMATCH, f"the certificate has additional names: {name}") == reported(csr)
    assert is_mismatch(csr)


def test_additional_addresses_of_both_ip_versions_are_listed() -> None:
    """Python can't sort them as addresses."""
    csr = issued((*NAMES, csr_builder.ip("fd00::1"), csr_builder.ip("10.0.1.20")))

    assert (MISMATCH, "the certificate has additional names: 'IP 10.0.1.20', 'IP fd00::1'") == (
        reported(csr)
    )


def test_additional_names_without_a_text_are_listed() -> None:
    """Python can't sort them as they are: X.501 names, such as those of directories."""
    names = [
        der.explicit(4, der.sequence(csr_builder.rdn("2.5.4.3", der.utf8(name)))) for name in "ba"
    ]

    listed = "'DirectoryName <Name(CN=a)>', 'DirectoryName <Name(CN=b)>'"
    assert (MISMATCH, f"the certificate has additional names: {listed}") == (
        reported(issued((*NAMES, *names)))
    )


def test_another_subject_is_a_mismatch() -> None:
    """Some clients read the CN as a name."""
    assert reported(issued(node="other")) == (
        MISMATCH,
        "the certificate has additional names: 'CN system:node:other'",
    )


def test_an_additional_name_outweighs_a_missing_one() -> None:
    """The finding is the worse of the two."""
    found = reported(issued((csr_builder.dns("kubernetes"),)))

    assert found is not None
    assert found[0] is MISMATCH


@pytest.mark.parametrize(
    ("csr", "missing"),
    [
        pytest.param(issued(NAMES[:1]), f"'IP {ADDRESS}'", id="one-name-missing"),
        pytest.param(issued(extensions=()), f"'DNS {NODE}', 'IP {ADDRESS}'", id="no-names-at-all"),
    ],
)
def test_fewer_names_are_no_mismatch(csr: Csr, missing: str) -> None:
    """Fewer names are a nuisance, not a danger."""
    assert (FEWER, f"the certificate lacks names: {missing}") == reported(csr)
    assert not is_mismatch(csr)


def test_a_certificate_for_a_request_that_we_cant_read_is_a_mismatch() -> None:
    """What was asked for is unknown."""
    csr = replace(issued(), request=b"x")

    why = "not exactly one CERTIFICATE REQUEST block, first byte to last"

    assert (MISMATCH, f"issued for a request that can't be read: {why}") == reported(csr)
    assert is_mismatch(csr)


def test_another_approvers_unreadable_request_is_no_finding() -> None:
    """A person may approve what we wouldn't; that is no fault of the signer."""
    csr = replace(issued(), request=b"x", conditions=(approved("KubectlApprove"),))

    assert reported(csr) is None
    assert not is_mismatch(csr)


SAN = csr_builder.san_extension(*NAMES)


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(b"x", id="no-PEM"),
        pytest.param(csr_builder.pem(b"", b"CERTIFICATE"), id="nothing-in-it"),
        pytest.param(a_certificate(APPROVED_CSR, extensions=(SAN, SAN)), id="an-extension-twice"),
        pytest.param(
            a_certificate(APPROVED_CSR, extensions=(csr_builder.extension("2.5.29.17", b"x"),)),
            id="a-bad-SAN",
        ),
        pytest.param(
            a_certificate(APPROVED_CSR, sans=(*NAMES, der.element(0xA3, b""))), id="an-X400-address"
        ),
        pytest.param(a_certificate(APPROVED_CSR, version=1), id="version-2"),
        pytest.param(
            a_certificate(APPROVED_CSR, spki=keys.silent_key("1.2.3.4", b"x").spki),
            id="an-unknown-key",
        ),
    ],
)
def test_a_certificate_that_we_cant_read_is_a_mismatch(certificate: bytes) -> None:
    """A certificate that can't be checked may differ from the request."""
    csr = replace(APPROVED_CSR, certificate=certificate)
    found = reported(csr)

    assert found is not None
    assert found[0] is MISMATCH
    assert found[1].startswith("the certificate can't be read: ")
    assert is_mismatch(csr)


def test_a_long_common_name_causes_no_warning() -> None:
    """A node's name may make the CN longer than 64 characters."""
    asked = a_filed_csr(node="n" * 80, conditions=(approved(),))

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = reported(issued(csr=asked, node="n" * 80, sans=NAMES))

    assert [] == heard
    assert found is None


def test_a_certificate_that_was_read_is_kept_for_the_next_run() -> None:
    """The same certificates are listed every minute."""
    csr, context = issued(), a_context()

    IssuedCertificates(context, settings()).inspect(a_parsed_csr(csr))

    assert weight_of(csr.certificate) == context.reader.weight


# --- not issued ----------------------------------------------------------------------------------


def test_a_certificate_is_missing_once_the_grace_period_is_over() -> None:
    """The grace period is 120 s; the finding names the approver."""
    at, over = timedelta(seconds=120), timedelta(seconds=121)

    assert finding(a_csr(conditions=(approved(ago=at),))) is None
    assert reported(a_csr(conditions=(approved(by="AutoApproved", ago=over),))) == (
        IssueState.NOT_ISSUED,
        "approved 121 s ago by AutoApproved, no certificate",
    )


def test_a_certificate_of_an_abandoned_csr_is_not_missing() -> None:
    """After 15 minutes the kubelet has dropped the key and filed a new request."""
    limit = timedelta(seconds=900)

    assert reported(a_csr(age=limit, conditions=(approved(),))) is not None
    assert reported(a_csr(age=limit + timedelta(seconds=1), conditions=(approved(),))) is None


def test_an_approval_without_a_time_counts_from_the_csrs_creation() -> None:
    """`lastUpdateTime` may be absent."""
    undated = replace(approved(), last_update=None)

    found = finding(a_csr(age=timedelta(minutes=5), conditions=(undated,)))

    assert found is not None
    assert found.age_seconds == 300


def test_a_failed_csr_quotes_the_signer() -> None:
    """A failed CSR is a finding at once, and at any age."""
    failed = Condition("Failed", "True", "SignerValidationFailure", "no SAN", NOW)

    csr = a_csr(age=timedelta(hours=1), conditions=(approved(ago=timedelta(0)), failed))

    assert reported(csr) == (IssueState.SIGNER_FAILED, "SignerValidationFailure: no SAN")


@pytest.mark.parametrize("kind", ["Denied", "Failed"])
def test_without_an_approval_no_certificate_is_missing(kind: str) -> None:
    """Other decisions need no certificate."""
    csr = a_csr(conditions=(replace(approved(), type=kind),))

    assert reported(csr) is None
    assert reported(replace(issued(()), conditions=())) is None


def test_without_a_certificate_there_is_no_mismatch() -> None:
    """There is nothing to compare with."""
    assert not is_mismatch(APPROVED_CSR)


def test_a_finding_holds_its_csr_and_its_request() -> None:
    """The ledger logs the names that were asked for."""
    csr = issued(())
    found = finding(csr)

    assert found is not None
    assert (csr, a_parsed_csr(csr).request, 180) == (found.csr, found.request, found.age_seconds)


def test_the_words_for_findings_are_those_of_the_log() -> None:
    """Queries and metrics filter by them."""
    assert [state.value for state in IssueState] == [
        *("approved-not-issued", "signer-failed", "issued-mismatch", "issued-fewer-names")
    ]
