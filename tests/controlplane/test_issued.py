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

#: Longer than the grace period, and not yet abandoned.
LATER = timedelta(minutes=3)

_services = itertools.count()


class Later(WallClock):
    """A clock that is ahead of the API server's."""

    def __init__(self, ahead: timedelta) -> None:
        super().__init__(50)
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
                names = [one["Name"] for one in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
                self.metrics.update({name: int(sum(blob[name])) for name in names})

    def of(self, csr: str) -> Any:
        """Return the only line about this CSR."""
        [line] = self.all_of(csr)
        return line

    def all_of(self, csr: str) -> list[Any]:
        return [line for line in self._lines if line.get("csr") == csr]


class ReviewRunner:
    """Runs reviews of the cluster, now or at a later time."""

    def __init__(self, plane: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
        self._plane = plane
        self._capsys = capsys

    def review(self, ahead: timedelta = timedelta(), **settings: str) -> Logged:
        stream = io.StringIO()
        logger = Logger(service=f"issued-{next(_services)}", stream=stream)
        self._capsys.readouterr()
        reviewer(logger, **settings).handle(message(self._plane), Later(ahead))
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
    """It is logged after the signer's grace period, until the certificate is there."""
    with signer_off(plane):
        name, _ = node.file()
        assert runner.review().of(name)["action"] == "approved"
        assert [] == runner.review().all_of(name)

        missed = runner.review(LATER)

    line = missed.of(name)
    assert ("approved-not-issued", "approve") == (line["finding"], line["verdict"])
    assert ([node.name], node.machine.id) == (line["dns"], line["instance"])
    assert line["age_seconds"] == pytest.approx(LATER.total_seconds(), abs=60)
    assert 1 == missed.metrics["ApprovedNotIssued"]

    eventually(lambda: is_issued(plane, name), "the certificate")
    after = runner.review(LATER)
    assert [] == after.all_of(name)
    assert 0 == after.metrics["ApprovedNotIssued"]


def test_an_approval_that_a_check_refuses_is_reported_with_the_refusal(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """The refusal shows why EKS's signer, which checks names too, issues no certificate."""
    name, _ = node.file(dns=["www.corp.example"])
    with signer_off(plane):
        approve(plane, name)

        line = runner.review(LATER).of(name)

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


def test_the_experiment_rewrites_the_approval_of_others_once(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """The API server accepts this, the message quotes the earlier reason, and the signer signs."""
    name, key = node.file()
    with signer_off(plane):
        approve(plane, name)
        runner.review(LATER)
        assert {"Approved": "AutoApproved"} == conditions(plane, name)

        rewritten = runner.review(LATER, REAPPROVE_UNISSUED="true")
        found = stored(plane, name)
        runner.review(LATER, REAPPROVE_UNISSUED="true")

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
        runner.review(LATER, REAPPROVE_UNISSUED="true")

    assert {"Approved": "AutoApproved"} == conditions(plane, name)


def test_a_correct_certificate_is_not_reported(
    plane: ControlPlane, runner: ReviewRunner, node: Node
) -> None:
    """A certificate of Kubernetes's own signer has what was requested, and isn't reported."""
    name, _ = node.file()
    runner.review()
    eventually(lambda: is_issued(plane, name), "the certificate")

    reported = runner.review(LATER)

    assert [] == reported.all_of(name)
    assert 0 == reported.metrics["IssuedMismatch"]


@pytest.mark.parametrize(
    ("wrong", "why"),
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
    why: str,
) -> None:
    """The signer parsed the request differently: its requester gets no other, all others do."""
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
    assert ("issued-mismatch", True) == (
        before.of(name)["finding"],
        why in before.of(name)["detail"],
    )
    assert 1 <= before.metrics["IssuedMismatch"]

    next_one, _ = node.file()
    others, _ = join(plane, aws, profile).file()
    reported = runner.review()

    assert "left" == reported.of(next_one)["action"]
    assert ["not-reissued-in-a-loop"] == [one["check"] for one in reported.of(next_one)["refusals"]]
    assert "approved" == reported.of(others)["action"]


def test_a_wrong_certificate_of_another_roles_session_stops_no_approval(
    plane: ControlPlane, aws: FakeAws, runner: ReviewRunner, node: Node
) -> None:
    """It has the node's username, because EKS makes that from the session's name alone."""
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
    """Issue any certificate, as anyone who may update the status can."""
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
