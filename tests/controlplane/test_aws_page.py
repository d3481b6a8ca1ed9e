"""AWS's page "Secure workloads with Kubernetes certificates", followed with our commands alone.

`docs/aws-page.md` lists the page's sentences, each with how this project handles it.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from cli.request.run import Pace
from sandbox.aws import FakeAws
from tests.cli.conftest import CommandRunner
from tests.cli.hours import Hours
from tests.controlplane.app_signer import APP_SERVING, AppSigner
from tests.controlplane.nodes import CSRS, conditions, enrol, join, stored
from tests.controlplane.runner import sit_down
from tests.controlplane.test_issued import signer_off
from tests.real.controlplane import ControlPlane, eventually

NAME: Final = "myserver"
DNS: Final = "myserver.default.svc"
AT_ONCE: Final = ("--set", "APPROVE_AFTER_SECONDS=0")


def pages_request() -> str:
    """Return the request that the page's openssl commands make: RSA 2048, a CN, no SAN."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DNS)])
    made = x509.CertificateSigningRequestBuilder(subject).sign(
        rsa.generate_private_key(65537, 2048), hashes.SHA256()
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def old_manifest() -> str:
    """Return the page's manifest as it was before the migration that it requires."""
    return f"""\
apiVersion: certificates.k8s.io/v1beta1
kind: CertificateSigningRequest
metadata:
  name: {NAME}
spec:
  request: {pages_request()}
  signerName: kubernetes.io/legacy-unknown
  usages:
    - digital signature
    - key encipherment
    - server auth
"""


@pytest.fixture(scope="module")
def plane(
    eks_plane: ControlPlane, aws: FakeAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Yield a cluster in which no other test leaves requests."""
    assert eks_plane
    with ControlPlane("page").start(tmp_path_factory.mktemp("page")) as own:
        enrol(own, aws)
        yield own


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hours:
    made = Hours()
    monkeypatch.setattr("cli.request.command.PACE", Pace(made.ticks, made.sleep))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def runner(
    plane: ControlPlane, aws: FakeAws, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> CommandRunner:
    """Return the page's reader: an administrator."""
    assert hours
    sit_down(plane, aws, monkeypatch, "system:masters")
    return CommandRunner()


def test_the_page_can_be_followed_with_our_commands_alone(
    plane: ControlPlane, aws: FakeAws, profile: str, runner: CommandRunner, hours: Hours
) -> None:
    """Migrate; make key and request; submit; approve; verify; export; audit; approve nodes'."""
    # Migrate manifests off v1beta1 and its signer: the server accepts the v1 form only.
    Path("mycsr.yaml").write_text(old_manifest())
    [finding] = runner.json("legacy", "mycsr.yaml", code=1)["findings"]
    v1 = yaml.safe_load(finding["csr"]["manifest"])
    assert ({"v1beta1", "legacy-signer"}, APP_SERVING) == (
        {problem["problem"] for problem in finding["problems"]},
        v1["spec"]["signerName"],
    )
    old = "/apis/certificates.k8s.io/v1beta1/certificatesigningrequests?dryRun=All"
    assert plane.admin.request("POST", old, yaml.safe_load(old_manifest()))[0] == 404
    strictly = f"{CSRS}?dryRun=All&fieldValidation=Strict"
    assert plane.admin.request("POST", strictly, v1)[0] == 201
    # Its request has no subjectAltName, which today's clients don't accept.
    assert finding["csr"]["request"]["sans"] == []
    assert any("no subjectAltName" in note for note in finding["csr"]["notes"])

    # See the manifest first.
    shown = json.loads(runner.run("request", NAME, "--dry-run", "--output", "json").stdout)
    assert v1 | {"spec": v1["spec"] | {"request": ""}} == shown | {
        "spec": shown["spec"] | {"request": ""}
    }

    # Key, request, base64, submit, approve, verify that it was issued, export.
    hours.at(20, lambda: AppSigner(plane).sign(NAME))
    reported = runner.json("request", NAME, "--cluster", plane.cluster, "--approve")
    assert ("issued", "myserver.key", "myserver.crt") == (
        reported["outcome"],
        reported["key"],
        reported["certificate"],
    )
    assert Path("myserver.crt").read_bytes() == base64.b64decode(
        stored(plane, NAME)["status"]["certificate"]
    )
    certificate = x509.load_pem_x509_certificate(Path("myserver.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [DNS] == names.get_values_for_type(x509.DNSName)

    # Audit the nodes before the upgrade: what is approved but not issued, and what is pending.
    node = join(plane, aws, profile)
    with signer_off(plane):
        waiting, _ = node.file()
        [diagnosed] = runner.json("diagnose", plane.cluster, *AT_ONCE, code=1)["clusters"]
        assert {waiting: ["not-approved"]} == {
            csr["csr"]: [cause["cause"] for cause in csr["causes"]] for csr in diagnosed["csrs"]
        }
        runner.json("review", plane.cluster, *AT_ONCE)
        assert {} == conditions(plane, waiting)

        # Approve what EKS can't verify, with an approver that can.
        runner.json("review", plane.cluster, "--apply", *AT_ONCE)
        assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, waiting)
        assert "certificate" not in stored(plane, waiting)["status"]
    eventually(lambda: "certificate" in stored(plane, waiting)["status"] or None, "issue")
    runner.json("diagnose", plane.cluster, *AT_ONCE)
