"""Follow AWS's page "Secure workloads with Kubernetes certificates" with our commands only.

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
from tests.cli.manual_clock import ManualClock
from tests.controlplane.app_signer import APP_SERVING, AppSigner
from tests.controlplane.nodes import CSRS, conditions, enrol, join, stored
from tests.controlplane.runner import use_credentials
from tests.controlplane.test_issued import signer_off
from tests.real.controlplane import ControlPlane, eventually

NAME: Final = "myserver"
DNS: Final = "myserver.default.svc"
APPROVE_AT_ONCE: Final = ("--set", "APPROVE_AFTER_SECONDS=0")


def openssl_request() -> str:
    """Return the request that the page's openssl commands make, in base64: RSA 2048, no SAN."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DNS)])
    made = x509.CertificateSigningRequestBuilder(subject).sign(
        rsa.generate_private_key(65537, 2048), hashes.SHA256()
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def old_manifest() -> str:
    """Return the page's manifest as it was before the migration that the page requires."""
    return f"""\
apiVersion: certificates.k8s.io/v1beta1
kind: CertificateSigningRequest
metadata:
  name: {NAME}
spec:
  request: {openssl_request()}
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
    assert eks_plane  # the fixture, which skips the test if there is no control plane
    with ControlPlane("page").start(tmp_path_factory.mktemp("page")) as own:
        enrol(own, aws)
        yield own


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ManualClock:
    """Run `csr-approver request` in an empty folder, with a clock that only its sleep advances."""
    made = ManualClock()
    monkeypatch.setattr("cli.request.filing.PACE", Pace(made.ticks, made.sleep))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def runner(
    plane: ControlPlane, aws: FakeAws, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> CommandRunner:
    """Return a runner of commands with the credentials of a cluster administrator."""
    assert clock  # the fixture: the command waits by this clock
    use_credentials(plane, aws, monkeypatch, "system:masters")
    return CommandRunner()


def test_the_page_can_be_followed_with_our_commands_alone(
    plane: ControlPlane, aws: FakeAws, profile: str, runner: CommandRunner, clock: ManualClock
) -> None:
    """The commands do each step of the page, from the old manifest to a node's certificate."""
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
    # The page's request has no subjectAltName: today's clients don't accept its certificate.
    assert finding["csr"]["request"]["sans"] == []
    assert any("no subjectAltName" in note for note in finding["csr"]["notes"])

    # A dry run prints the same manifest; only the request differs, because its key is new.
    shown = json.loads(runner.run("request", NAME, "--dry-run", "--output", "json").stdout)
    assert v1 | {"spec": v1["spec"] | {"request": ""}} == shown | {
        "spec": shown["spec"] | {"request": ""}
    }

    # One command makes the key and the request, submits and approves it, waits until the
    # certificate is issued (here after 20 s), and saves key and certificate.
    clock.at(20, lambda: AppSigner(plane).sign(NAME))
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

    # The audit before the upgrade finds the nodes whose requests are pending. Without the signer,
    # no request is issued while the test looks at it.
    node = join(plane, aws, profile)
    with signer_off(plane):
        waiting, _ = node.file()
        [diagnosed] = runner.json("diagnose", plane.cluster, *APPROVE_AT_ONCE, code=1)["clusters"]
        assert {waiting: ["not-approved"]} == {
            csr["csr"]: [cause["cause"] for cause in csr["causes"]] for csr in diagnosed["csrs"]
        }
        # Without `--apply` a review only reads.
        runner.json("review", plane.cluster, *APPROVE_AT_ONCE)
        assert {} == conditions(plane, waiting)

        # The page's advice for what EKS can't verify is an approver; this is ours.
        runner.json("review", plane.cluster, "--apply", *APPROVE_AT_ONCE)
        assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, waiting)
        assert "certificate" not in stored(plane, waiting)["status"]
    eventually(lambda: "certificate" in stored(plane, waiting)["status"] or None, "the certificate")
    # The exit code 0 says that the cluster is ready.
    runner.json("diagnose", plane.cluster, *APPROVE_AT_ONCE)
