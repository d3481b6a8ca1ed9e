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

#: How far a review's clock must be ahead to report an approval that isn't issued: longer than the
#: grace period of 2 minutes, shorter than the 15 minutes after which a CSR is abandoned.
AFTER_GRACE = timedelta(minutes=3)

# Powertools keeps the first stream of each service name, so each review uses a name of its own.
_logger_numbers = itertools.count()


class ShiftedClock(WallClock):
    """A clock that is ahead of the API server's, so that the test needn't wait."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(50)  # seconds: a review's time in Lambda
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead


class ReviewOutput:
    """The log lines of one review, and the cluster's metrics: EMF, one JSON object a line."""

    def __init__(self, lines: str, metrics: str) -> None:
        self._lines = [json.loads(line) for line in lines.splitlines()]
        self.metrics: Counter[str] = Counter()
        for line in metrics.splitlines():
            emf = json.loads(line)
            if "Cluster" in emf:  # other objects have the stack's totals
                names = [
                    metric["Name"] for metric in emf["_aws"]["CloudWatchMetrics"][0]["Metrics"]
                ]
                self.metrics.update({name: int(sum(emf[name])) for name in names})

    def line(self, csr: str) -> Any:
        """Return the only line about this CSR."""
        [line] = self.lines(csr)
        return line

    def lines(self, csr: str) -> list[Any]:
        return [line for line in self._lines if line.get("csr") == csr]


class ReviewRunner:
    """Runs reviews of the cluster, with a clock that may be ahead."""

    def __init__(self, plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
        self._plane = plane
        self._capsys = capsys

    def review(self, ahead: timedelta = timedelta(), **settings: str) -> ReviewOutput:
        stream = io.StringIO()
        logger = Logger(service=f"issued-{next(_logger_numbers)}", stream=stream)
        self._capsys.readouterr()
        reviewer(logger, **settings).handle(message(self._plane), ShiftedClock(ahead))
        return ReviewOutput(stream.getvalue(), self._capsys.readouterr().out)


@pytest.fixture
def runner(plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> ReviewRunner:
    return ReviewRunner(plane, capsys)


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Node:
    return join(plane, aws, profile)


@contextmanager
def signer_off(plane: ControlPlane) -> Iterator[None]:
    """Stop the signer, so that approved requests stay without a certificate."""
    plane.stop("signer")
    try:
        yield
    finally:
        plane.start_process("signer")


def approve(plane: ControlPlane, name: str, reason: str = "AutoApproved") -> None:
    """Approve a CSR as an approver other than ours would."""
    condition = {"type": "Approved", "status": "True", "reason": reason, "message": "by another"}
    body = stored(plane, name) | {"status": {"conditions": [condition]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200


def is_issued(plane: ControlPlane, name: str) -> bool | None:
    """Return True if the CSR has a certificate, otherwise None, for which `eventually` waits."""
    return "certificate" in stored(plane, name)["status"] or None


def test_without_a_signer_an_approved_request_is_reported_until_it_is_issued(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """After the signer's grace period each review logs the request, until it is issued."""
    with signer_off(plane):
        name, _ = node.file()
        assert runner.review().line(name)["action"] == "approved"
        assert [] == runner.review().lines(name)  # within the grace period

        late_review = runner.review(AFTER_GRACE)

    line = late_review.line(name)
    assert ("approved-not-issued", "approve") == (line["finding"], line["verdict"])
    assert ([node.name], node.machine.id) == (line["dns"], line["instance"])
    assert line["age_seconds"] == pytest.approx(AFTER_GRACE.total_seconds(), abs=60)
    assert 1 == late_review.metrics["ApprovedNotIssued"]

    eventually(lambda: is_issued(plane, name), "the certificate")
    last_review = runner.review(AFTER_GRACE)
    assert [] == last_review.lines(name)
    assert 0 == last_review.metrics["ApprovedNotIssued"]


def test_an_approval_that_a_check_refuses_is_reported_with_the_refusal(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """EKS's signer checks names too, so the refusal shows why it issues no certificate."""
    name, _ = node.file(dns=["www.corp.example"])
    with signer_off(plane):
        approve(plane, name)

        line = runner.review(AFTER_GRACE).line(name)

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

    assert "signer-failed" == reported.line(name)["finding"]
    assert reported.line(name)["detail"].startswith("SignerValidationFailure: ")
    assert (1, 0) == (reported.metrics["SignerFailed"], reported.metrics["ApprovedNotIssued"])


def test_reapprove_unissued_rewrites_another_approvers_approval_once(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """The API server accepts our approval, which quotes the other one, and the signer signs."""
    name, key = node.file()
    with signer_off(plane):
        approve(plane, name)
        runner.review(AFTER_GRACE)
        assert {"Approved": "AutoApproved"} == conditions(plane, name)  # off by default

        rewritten = runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")
        found = stored(plane, name)
        runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")

    [condition] = found["status"]["conditions"]
    assert ("Approved", "ApprovedByCsrApprover") == (condition["type"], condition["reason"])
    assert "not issued (AutoApproved: by another)" in condition["message"]
    # The review logs the finding, which has no action, and the new approval.
    assert {"reapproved", None} == {line.get("action") for line in rewritten.lines(name)}
    later = stored(plane, name)
    assert found["status"]["conditions"] == later["status"]["conditions"]

    eventually(lambda: is_issued(plane, name), "the certificate")
    assert key.public_key() == certificate_of(plane, name).public_key()


def test_reapprove_unissued_rewrites_no_approval_that_a_check_refuses(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """Another approver's approval of a name that EC2 doesn't confirm stays as it is."""
    name, _ = node.file(dns=["www.corp.example"])
    with signer_off(plane):
        approve(plane, name)
        runner.review(AFTER_GRACE, REAPPROVE_UNISSUED="true")

    assert {"Approved": "AutoApproved"} == conditions(plane, name)


def test_a_correct_certificate_is_not_reported(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """A certificate of Kubernetes's own signer has the requested key and names."""
    name, _ = node.file()
    runner.review()
    eventually(lambda: is_issued(plane, name), "the certificate")

    reported = runner.review(AFTER_GRACE)

    assert [] == reported.lines(name)
    assert 0 == reported.metrics["IssuedMismatch"]


@pytest.mark.parametrize(
    ("wrong", "detail"),
    [
        ("key", "another key than the request"),
        ("names", "additional names: 'DNS kubernetes.default'"),
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
    """The requester of a certificate that differs from its request gets no other approval.

    The signer may read the requester's other requests differently too. Other nodes' CSRs are
    approved.
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
    assert "issued-mismatch" == before.line(name)["finding"]
    assert detail in before.line(name)["detail"]
    assert 1 <= before.metrics["IssuedMismatch"]  # those of other tests count too

    next_csr, _ = node.file()
    other_nodes_csr, _ = join(plane, aws, profile).file()
    reported = runner.review()

    assert "left" == reported.line(next_csr)["action"]
    assert ["not-reissued-in-a-loop"] == [
        refusal["check"] for refusal in reported.line(next_csr)["refusals"]
    ]
    assert "approved" == reported.line(other_nodes_csr)["action"]


def test_a_wrong_certificate_of_another_roles_session_stops_no_approval(
    plane: ControlPlane, aws: FakeAws, runner: ReviewRunner, node: Node
) -> None:
    """A session of another role may be named after the node's instance.

    EKS makes the username from the session's name alone, so such a session has the node's username.
    It must not be able to stop the node's approvals.
    """
    username = "system:node:{{EC2PrivateDNSName}}"
    other = log_in(plane, aws, node.machine, "gpu-node", username)
    with signer_off(plane):
        name, key = other.file()
        approve(plane, name)
        issue(plane, name, key, [node.name, "kubernetes.default"])
    own, _ = node.file()

    reported = runner.review()

    assert "issued-mismatch" == reported.line(name)["finding"]
    assert "approved" == reported.line(own)["action"]


def certificate_of(plane: ControlPlane, name: str) -> x509.Certificate:
    pem = stored(plane, name)["status"]["certificate"]
    return x509.load_pem_x509_certificate(base64.b64decode(pem))


def issue(plane: ControlPlane, name: str, key: Key, dns: list[str]) -> None:
    """Write a certificate with this key and these names into a CSR's status.

    Anyone with the right to update the status can do this.
    """
    request = x509.load_pem_x509_csr(base64.b64decode(stored(plane, name)["spec"]["request"]))
    asked = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [one for one in asked if isinstance(one, x509.IPAddress)]
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
