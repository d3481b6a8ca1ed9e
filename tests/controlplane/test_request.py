"""`csr-approver request` on a real kube-apiserver, with a signer like EKS's."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509

from cli.request.own_csr import Filed, OwnCsr
from cli.request.run import Pace
from sandbox.aws import FakeAws
from tests.cli.conftest import CommandRunner
from tests.cli.manual_clock import ManualClock
from tests.controlplane.app_signer import (
    APP_SERVING,
    APPROVING,
    FILING,
    AppSigner,
    Rule,
    grant,
    rule,
)
from tests.controlplane.nodes import CSRS, stored
from tests.controlplane.runner import forget, use_credentials
from tests.real.controlplane import ControlPlane

GROUP: Final = "request-people"
ECDSA: Final = ("--key-type", "ecdsa-p256")

_numbers: Final = itertools.count(1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ManualClock:
    made = ManualClock()
    monkeypatch.setattr("cli.request.filing.PACE", Pace(made.ticks, made.sleep))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def runner(
    plane: ControlPlane, aws: FakeAws, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandRunner]:
    """Return a runner for a person who has no rights in the cluster yet."""
    assert clock
    use_credentials(plane, aws, monkeypatch, GROUP)
    yield CommandRunner()
    forget(plane, GROUP)


@pytest.fixture
def name() -> str:
    return f"myserver-{next(_numbers)}"


def decide(plane: ControlPlane, name: str, kind: str) -> None:
    """Decide as another approver."""
    condition = {"type": kind, "status": "True", "reason": "Another", "message": "not this one"}
    body = stored(plane, name) | {"status": {"conditions": [condition]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200


def is_there(plane: ControlPlane, name: str) -> bool:
    return plane.admin.request("GET", f"{CSRS}/{name}")[0] == 200


def names_here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_the_least_rights_suffice_to_file_to_approve_and_to_fetch(
    plane: ControlPlane, runner: CommandRunner, clock: ManualClock, name: str
) -> None:
    """A certificate of the cluster's own CA is recognized as such."""
    grant(plane, GROUP, [*FILING, *APPROVING])
    clock.at(10, lambda: AppSigner(plane).sign(name))

    reported = runner.json(
        "request", name, "--cluster", plane.cluster, "--approve", "--ca", "ca.crt"
    )

    assert ("issued", "me", True) == (
        reported["outcome"],
        reported["requester"],
        reported["trusted_by_cluster_ca"],
    )
    found = stored(plane, name)
    assert (APP_SERVING, "ApprovedByRequester") == (
        found["spec"]["signerName"],
        found["status"]["conditions"][0]["reason"],
    )
    certificate = x509.load_pem_x509_certificate(Path(f"{name}.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [f"{name}.default.svc"] == names.get_values_for_type(x509.DNSName)
    certificate.verify_directly_issued_by(
        x509.load_pem_x509_certificate(Path("ca.crt").read_bytes())
    )


def test_another_signers_ca_is_reported(
    plane: ControlPlane, runner: CommandRunner, clock: ManualClock, name: str
) -> None:
    grant(plane, GROUP, [*FILING, *APPROVING])
    clock.at(10, lambda: AppSigner(plane, of_cluster=False).sign(name))

    shown = runner.run("request", name, "--cluster", plane.cluster, "--approve", *ECDSA).stdout

    assert "does NOT verify against the cluster's own CA" in shown


@pytest.mark.parametrize(
    "options",
    [
        ("--key-type", "rsa-4096"),
        ("--key-type", "ecdsa-p384"),
        (*ECDSA, "--dns", f"{'a' * 60}.default.svc"),
        (*ECDSA, "--ip", "10.100.0.7", "--ip", "fd00::7"),
    ],
)
def test_every_kind_of_request_is_accepted(
    plane: ControlPlane, runner: CommandRunner, name: str, options: tuple[str, ...]
) -> None:
    """Go's parser accepts each kind, also without a subject, and with any of its usages."""
    printed = runner.run("request", name, "--dry-run", "--output", "json", *options).stdout
    path = f"{CSRS}?dryRun=All&fieldValidation=Strict"

    status, answer = plane.admin.request("POST", path, json.loads(printed))

    assert status == 201, answer


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ([], "create certificatesigningrequests, nor get certificatesigningrequests {name}, nor "),
        ([rule("certificatesigningrequests", "get"), *APPROVING], "create "),
        ([rule("certificatesigningrequests", "create"), *APPROVING], "get "),
        ([*FILING, APPROVING[1]], "update certificatesigningrequests/approval {name}:"),
        ([*FILING, APPROVING[0]], f"approve signers {APP_SERVING}:"),
    ],
)
def test_a_right_that_is_missing_is_named(
    plane: ControlPlane, runner: CommandRunner, name: str, rules: list[Rule], missing: str
) -> None:
    grant(plane, GROUP, rules)

    stderr = runner.run(
        "request", name, "--cluster", plane.cluster, "--approve", *ECDSA, code=3
    ).stderr

    assert f"prod: you may not {missing.format(name=name)}" in stderr
    assert ([], False) == (names_here(), is_there(plane, name))


@pytest.mark.parametrize(("kind", "outcome"), [("Denied", "denied"), ("Failed", "failed")])
def test_a_denial_is_reported_with_its_reason(
    plane: ControlPlane,
    runner: CommandRunner,
    clock: ManualClock,
    name: str,
    kind: str,
    outcome: str,
) -> None:
    grant(plane, GROUP, FILING)
    clock.at(3, lambda: decide(plane, name, kind))

    reported = runner.json("request", name, "--cluster", plane.cluster, *ECDSA, code=1)

    assert (outcome, "Another: not this one") == (reported["outcome"], reported["detail"])
    assert [] == names_here()


def test_what_is_not_issued_in_time_is_deleted(
    plane: ControlPlane, runner: CommandRunner, name: str
) -> None:
    grant(plane, GROUP, [*FILING, *APPROVING])

    reported = runner.json("request", name, "--cluster", plane.cluster, "--approve", *ECDSA, code=1)

    assert (
        "approved (ApprovedByRequester), but not issued within 300 s: try a longer --timeout"
        == reported["detail"]
    )
    assert ("deleted", [], False) == (reported["request"], names_here(), is_there(plane, name))


def test_what_is_issued_just_before_it_would_be_deleted_stays(
    plane: ControlPlane,
    runner: CommandRunner,
    clock: ManualClock,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The deletion's precondition is the version before the issuance."""
    grant(plane, GROUP, [*FILING, *APPROVING])
    delete = OwnCsr.delete

    def sign_first(own: OwnCsr, filed: Filed) -> bool:
        AppSigner(plane).sign(name)
        return delete(own, filed)

    monkeypatch.setattr(OwnCsr, "delete", sign_first)
    clock.at(7, clock.interrupt)

    reported: Any = runner.json(
        "request", name, "--cluster", plane.cluster, "--approve", *ECDSA, code=130
    )

    assert ("stopped", "there", f"{name}.key") == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )


def test_a_name_that_is_taken_is_reported(
    plane: ControlPlane, runner: CommandRunner, name: str
) -> None:
    grant(plane, GROUP, FILING)
    command = ("request", name, "--cluster", plane.cluster, *ECDSA)
    runner.run(*command, "--timeout", "3", "--keep", code=1)
    Path(f"{name}.key").unlink()

    stderr = runner.run(*command, code=1).stderr

    assert f"a request {name} exists (pending), filed by me" in stderr
