"""Approved requests on a real API server: not issued, failed, or issued wrongly."""

import base64
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.kubelet import kubelet_request
from tests.controlplane.nodes import (
    CSRS,
    Key,
    Node,
    conditions,
    join,
    log_in,
    message,
    reviewer,
    stored,
)
from tests.real.controlplane import ControlPlane, eventually

#: How far ahead reviews must run to report an unissued approval: longer than the grace period of
#: 2 minutes, shorter than the 15 minutes after which a CSR is abandoned.
AFTER_GRACE = timedelta(minutes=3)

# Loggers of one service share their first stream, so each review has its own service.
_logger_numbers = itertools.count()


class ShiftedClock(WallClock):
    """A clock that is ahead of the API server's, so that the test needn't wait."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(50)  # seconds: a review's time in Lambda
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead


class Logged:
    """What one review logged."""

    def __init__(self, lines: str, metrics: str) -> None:
        self._lines = [json.loads(line) for line in lines.splitlines()]
        self.metrics: Counter[str] = Counter()
        for line in metrics.splitlines():
            blob = json.loads(line)
            if "Stack" in blob:
                names = [
                    metric["Name"] for metric in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]
                ]
                self.metrics.update({name: int(sum(blob[name])) for name in names})

    def of(self, csr: str) -> Any:
        """Return the only line about this CSR."""
        [line] = self.all_of(csr)
        return line

    def all_of(self, csr: str) -> list[Any]:
        return [line for line in self._lines if line.get("csr") == csr]


class ReviewRunner:
    """Runs reviews of the cluster, with a clock that may be ahead."""

    def __init__(self, plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
        self._plane = plane
        self._capsys = capsys

    def review(self, ahead: timedelta = timedelta(), **settings: str) -> Logged:
        stream = io.StringIO()
        logger = Logger(service=f"issued-{next(_logger_numbers)}", stream=stream)
        self._capsys.readouterr()
        reviewer(logger, **settings).handle(message(self._plane), ShiftedClock(ahead))
        return Logged(stream.getvalue(), self._capsys.readouterr().out)


@pytest.fixture
def runner(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> ReviewRunner:
    return ReviewRunner(plane, capsys)


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    return join(plane, aws, profile)


@contextmanager
def signer_off(plane: ControlPlane) -> Iterator[None]:
    plane.stop("signer")
    try:
        yield
    finally:
        plane.start_process("signer")


def approve(plane: ControlPlane, name: str, reason: str = "AutoApproved") -> None:
    """Approve as another approver does."""
    condition = {"type": "Approved", "status": "True", "reason": reason, "message": "by another"}
    body = stored(plane, name) | {"status": {"conditions": [condition]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200


def is_issued(plane: ControlPlane, name: str) -> bool | None:
    return "certificate" in stored(plane, name)["status"] or None


def test_without_a_signer_an_approved_request_is_reported_until_it_is_issued(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """After the signer's grace period each review logs the request, until it is issued."""
    with signer_off(plane):
        name, _ = node.file()
        assert runner.review().of(name)["action"] == "approved"
        assert [] == runner.review().all_of(name)

        late_review = runner.review(AFTER_GRACE)

    line = late_review.of(name)
    assert ("approved-not-issued", "approve") == (line["finding"], line["verdict"])
    assert ([node.name], node.machine.id) == (line["dns"], line["instance"])
    assert line["age_seconds"] == pytest.approx(AFTER_GRACE.total_seconds(), abs=60)
    assert 1 == late_review.metrics["ApprovedNotIssued"]

    eventually(lambda: is_issued(plane, name), "the certificate")
    last_review = runner.review(AFTER_GRACE)
    assert [] == last_review.all_of(name)
    assert 0 == last_review.metrics["ApprovedNotIssued"]


def test_an_approval_that_a_check_refuses_is_reported_with_the_refusal(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """The refusal shows why EKS's signer, which checks names too, issues no certificate."""
    name, _ = node.file(dns=["www.corp.example"])
    with signer_off(plane):
        approve(plane, name)

        line = runner.review(AFTER_GRACE).of(name)

    assert ("approved-not-issued", "deny") == (line["finding"], line["verdict"])
    assert ["dns-names"] == [refusal["check"] for refusal in line["refusals"]]


def test_a_failed_request_is_reported_with_the_signers_message(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """A failed request is counted separately from one that isn't issued yet."""
    pem, _ = kubelet_request(node.name, dns=[node.name])
    name = node.send(pem, usages=("digital signature", "client auth"))
    approve(plane, name)
    eventually(lambda: "Failed" in conditions(plane, name) or None, "the signer's refusal")

    reported = runner.review()

    assert "signer-failed" == reported.of(name)["finding"]
    assert reported.of(name)["detail"].startswith("SignerValidationFailure: ")
    assert (1, 0) == (reported.metrics["SignerFailed"], reported.metrics["ApprovedNotIssued"])


def test_the_experiment_rewrites_another_approvers_approval_once(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """The API server accepts the new approval, which quotes the earlier one; the signer signs."""
    name, key = node.file()
    with signer_off(plane):
        approve(plane, name)
        runner.review(AFTER_GRACE)
        assert {"Approved": "AutoApproved"} == conditions(plane, name)

        rewritten = runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")
        found = stored(plane, name)
        runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")

    [condition] = found["status"]["conditions"]
    assert ("Approved", "ApprovedByCsrApprover") == (condition["type"], condition["reason"])
    assert "not issued (AutoApproved: by another)" in condition["message"]
    assert {"reapproved", None} == {line.get("action") for line in rewritten.all_of(name)}
    again = stored(plane, name)
    assert found["status"]["conditions"] == again["status"]["conditions"]

    eventually(lambda: is_issued(plane, name), "the certificate")
    assert key.public_key() == certificate_of(plane, name).public_key()


def test_the_experiment_rewrites_nothing_that_a_check_refuses(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """Another approver's approval of names that EC2 doesn't confirm isn't rewritten."""
    name, _ = node.file(dns=["www.corp.example"])
    with signer_off(plane):
        approve(plane, name)
        runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")

    assert {"Approved": "AutoApproved"} == conditions(plane, name)


def test_a_correct_certificate_is_not_reported(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """A certificate of Kubernetes's own signer has what was requested, and isn't reported."""
    name, _ = node.file()
    runner.review()
    eventually(lambda: is_issued(plane, name), "the certificate")

    reported = runner.review(AFTER_GRACE)

    assert [] == reported.all_of(name)
    assert 0 == reported.metrics["IssuedMismatch"]


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        ("key", "another key than the request"),
        ("names", "additional names: [('DNS', 'kubernetes.default')]"),
    ],
)
def test_a_wrong_certificate_stops_approvals_for_its_requester(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    runner: ReviewRunner,
    node: Node,
    wrong: str,
    detail: str,
) -> None:
    """After a certificate that differs from its request, that requester gets no other approval.

    The signer may read that requester's requests differently. Other nodes' CSRs are approved.
    """
    with signer_off(plane):
        name, key = node.file()
        runner.review()
        issue(
            plane,
            name,
            ec.generate_private_key(ec.SECP256R1()) if wrong == "key" else key,
            [node.name, *(["kubernetes.default"] if wrong == "names" else [])],
        )
        before = runner.review()
    assert "issued-mismatch" == before.of(name)["finding"]
    assert detail in before.of(name)["detail"]
    assert 1 <= before.metrics["IssuedMismatch"]

    next_csr, _ = node.file()
    other_nodes_csr, _ = join(plane, aws, profile).file()
    reported = runner.review()

    assert "left" == reported.of(next_csr)["action"]
    assert ["not-reissued-in-a-loop"] == [
        refusal["check"] for refusal in reported.of(next_csr)["refusals"]
    ]
    assert "approved" == reported.of(other_nodes_csr)["action"]


def test_a_wrong_certificate_of_another_roles_session_stops_no_approval(
    plane: ControlPlane, aws: FakeAws, runner: ReviewRunner, node: Node
) -> None:
    """The session has the node's username, because EKS makes that from the session's name alone."""
    username = "system:node:{{EC2PrivateDNSName}}"
    other = log_in(plane, aws, node.machine, "gpu-node", username)
    with signer_off(plane):
        name, key = other.file()
        approve(plane, name)
        issue(plane, name, key, [node.name, "kubernetes.default"])
    own, _ = node.file()

    reported = runner.review()

    assert "issued-mismatch" == reported.of(name)["finding"]
    assert "approved" == reported.of(own)["action"]


def certificate_of(plane: ControlPlane, name: str) -> x509.Certificate:
    pem = stored(plane, name)["status"]["certificate"]
    return x509.load_pem_x509_certificate(base64.b64decode(pem))


def issue(plane: ControlPlane, name: str, key: Key, dns: list[str]) -> None:
    """Write any certificate into the CSR's status, as anyone with the right to update it can."""
    request = x509.load_pem_x509_csr(base64.b64decode(stored(plane, name)["spec"]["request"]))
    asked = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [name for name in asked if isinstance(name, x509.IPAddress)]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([*map(x509.DNSName, dns), *addresses]), critical=False
        )
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    body = stored(plane, name)
    body["status"]["certificate"] = base64.b64encode(
        certificate.public_bytes(Encoding.PEM)
    ).decode()
    status, answer = plane.admin.request("PUT", f"{CSRS}/{name}/status", body)
    assert status == 200, answer
