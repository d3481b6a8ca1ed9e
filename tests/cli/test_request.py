"""`csr-approver request`: a serving certificate for a workload, or nothing is left behind."""

import base64
import json
import os
import re
import ssl
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from typer.testing import CliRunner

from cli.app import app
from cli.request.files import Files
from cli.request.outcome import Outcome
from cli.request.run import Pace
from core import pkcs10
from sandbox.aws import ACCOUNT
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.status import ApiError, forbidden
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import APP_SERVING, Rule
from sandbox.tokens import User
from tests.cli.conftest import CommandRunner, an_account
from tests.cli.manual_clock import ManualClock
from tests.handlers.account import GROUP, Account, Cluster
from tests.hiding import NOT_UTF_8

PAGE: Final = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()

NAME: Final = "myserver"
DNS: Final = "myserver.default.svc"
CSRS: Final = "certificatesigningrequests"
COMMAND: Final = ("request", NAME, "--cluster", "prod", "--key-type", "ecdsa-p256")

WITHOUT: Final = ": ask for that right; without --approve, it waits for another person's approval"

FILING: Final = Rule(("create", "get", "delete"), CSRS)
APPROVING: Final = (
    Rule(("update",), f"{CSRS}/approval"),
    Rule(("approve",), "signers", (APP_SERVING,)),
)
ANOTHER_USER: Final = User("jane", "", ("system:authenticated",), {})


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ManualClock:
    """Run the commands in an empty folder, with a clock that only their sleep advances."""
    made = ManualClock()
    monkeypatch.setattr("cli.request.filing.PACE", Pace(made.ticks, made.sleep))
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture(scope="module")
def shared_account() -> Iterator[Account]:
    with an_account() as account:
        yield account


@pytest.fixture
def account(shared_account: Account) -> Iterator[Account]:
    """Yield an account without clusters: these commands read and change nothing else of it."""
    yield shared_account
    shared_account.remove_clusters()


@pytest.fixture
def cluster(account: Account) -> Cluster:
    """Return a cluster with a signer for workloads; the caller may file and approve there."""
    made = account.cluster(onboarded=False)
    made.map_role(account.aws.role_arn, "jane", [GROUP])
    made.grant(GROUP, [FILING, *APPROVING])
    made._api.signs_app_serving = True
    return made


def decide(cluster: Cluster, kind: str = "Approved", message: str = "by hand") -> None:
    """Decide as another person; if that approves, the signer signs."""
    item = cluster.get(NAME)
    condition = {"type": kind, "status": "True", "reason": "ByHand", "message": message}
    item["status"]["conditions"] = [*(item["status"].get("conditions") or ()), condition]
    cluster.seed_object(item)
    cluster._api.sign(NAME)


def a_certificate(
    cluster: Cluster,
    *,
    dns: tuple[str, ...] = (DNS,),
    key: ec.EllipticCurvePrivateKey | None = None,
    since: timedelta = timedelta(hours=-1),
    until: timedelta = timedelta(hours=1),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    ca: bool = False,
) -> bytes:
    """Return a certificate for the request, signed by an unknown CA."""
    request = x509.load_pem_x509_csr(base64.b64decode(cluster.get(NAME)["spec"]["request"]))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([]))
        .public_key(key.public_key() if key else request.public_key())
        .serial_number(1)
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, dns)), critical=False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def names_here() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def mode(name: str) -> int:
    return stat.S_IMODE(Path(name).stat().st_mode)


# --- issued -------------------------------------------------------------------------------------


def test_one_command_makes_what_the_page_makes(cluster: Cluster, runner: CommandRunner) -> None:
    """The command makes a key, a request with subjectAltName, the approval and the certificate."""
    reported = runner.json("request", NAME, "--cluster", "prod", "--approve")

    assert ("issued", "jane", "there") == (
        reported["outcome"],
        reported["requester"],
        reported["request"],
    )
    assert ("myserver.key", "myserver.crt", None) == (
        reported["key"],
        reported["certificate"],
        reported["ca"],
    )
    spec = cluster.get(NAME)["spec"]
    assert (APP_SERVING, ["digital signature", "key encipherment", "server auth"]) == (
        spec["signerName"],
        spec["usages"],
    )
    read = pkcs10.read(base64.b64decode(spec["request"]))
    assert ((DNS,), DNS, "RSA 2048 with exponent 65537") == (
        read.dns,
        read.subject[0].value,
        read.key.kind,
    )
    assert ("2.5.29.17",) == read.extensions
    assert 0o600 == mode("myserver.key")
    assert ["myserver.crt", "myserver.key"] == names_here()
    assert "ApprovedByRequester" == cluster.get(NAME)["status"]["conditions"][0]["reason"]


def test_a_server_can_serve_with_what_was_written(cluster: Cluster, runner: CommandRunner) -> None:
    """TLS loads the pair, so the key matches the certificate."""
    assert cluster
    runner.run(*COMMAND, "--approve")

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain("myserver.crt", "myserver.key")


def test_keys_of_curves_encipher_no_other(cluster: Cluster, runner: CommandRunner) -> None:
    runner.run(*COMMAND, "--approve")

    assert ["digital signature", "server auth"] == cluster.get(NAME)["spec"]["usages"]


@pytest.mark.parametrize("kind", ["rsa-3072", "ecdsa-p384"])
def test_other_kinds_of_keys_are_created(
    cluster: Cluster, runner: CommandRunner, kind: str
) -> None:
    assert cluster
    reported = runner.json("request", NAME, "--cluster", "prod", "--approve", "--key-type", kind)

    assert ("issued", kind) == (reported["outcome"], reported["key_type"])


def test_all_names_and_addresses_are_requested(cluster: Cluster, runner: CommandRunner) -> None:
    names = (
        "--dns",
        "Web.shop.svc.",
        "--dns",
        "web.shop.svc",
        "--dns",
        "web.shop.svc.cluster.local",
    )
    reported = runner.json(
        *COMMAND,
        "--namespace",
        "shop",
        *names,
        "--ip",
        "10.100.0.7",
        "--ip",
        "fd00::7",
        "--approve",
    )

    assert ["web.shop.svc", "web.shop.svc.cluster.local"] == reported["dns"]
    assert ["10.100.0.7", "fd00::7"] == reported["addresses"]
    assert [] == reported["warnings"]
    read = pkcs10.read(base64.b64decode(cluster.get(NAME)["spec"]["request"]))
    assert (ip_address("10.100.0.7"), ip_address("fd00::7")) == read.addresses


def test_a_name_too_long_for_a_cn_is_only_in_subject_alt_name(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The names are critical then, as there is no subject."""
    long = f"{'a' * 60}.default.svc"
    runner.run(*COMMAND, "--dns", long, "--approve")

    csr = x509.load_pem_x509_csr(base64.b64decode(cluster.get(NAME)["spec"]["request"]))
    assert 0 == len(csr.subject.rdns)
    assert csr.extensions[0].critical
    assert long.encode() in csr.public_bytes(serialization.Encoding.DER)


def test_files_are_written_to_the_given_paths(cluster: Cluster, runner: CommandRunner) -> None:
    Path("tls").mkdir()
    where = ("--key", "tls/a.key", "--cert", "tls/a.crt", "--ca", "tls/ca.crt")
    reported = runner.json(*COMMAND, *where, "--approve")

    assert ("tls/a.key", "tls/a.crt", "tls/ca.crt") == (
        reported["key"],
        reported["certificate"],
        reported["ca"],
    )
    assert cluster.ca_pem == Path("tls/ca.crt").read_text()
    assert (0o600, 0o644) == (mode("tls/a.key"), mode("tls/a.crt") | 0o044)


def test_the_table_shows_the_written_files_and_the_ca_to_trust(
    cluster: Cluster, runner: CommandRunner
) -> None:
    assert cluster
    shown = runner.run(*COMMAND, "--approve").stdout

    assert f"{NAME}: issued\nkey          myserver.key\ncertificate  myserver.crt\n" in shown
    assert f"names        {DNS}\n" in shown
    assert "give the CA to your clients" in " ".join(shown.split())
    assert "verifies against the cluster's own CA" in shown
    assert "kube-root-ca.crt" in shown


def test_the_page_shows_what_is_printed(cluster: Cluster, runner: CommandRunner) -> None:
    """Only the date may differ."""
    assert cluster
    command = "request myserver --cluster prod --approve"
    runner.environment = {"COLUMNS": "80"}
    printed = runner.run(*command.split()).stdout
    shown = PAGE.split(f"$ csr-approver {command}\n")[1].split("```")[0]

    assert _dateless(shown) == _dateless(printed)


def test_the_page_and_the_help_name_every_outcome(runner: CommandRunner) -> None:
    """Programs rely on the outcomes, so the page and the help name each of them."""
    outcomes = [outcome.value for outcome in Outcome]
    page = PAGE.split("`outcome` is ")[1].split(". ")[0].split(";")[0]
    reported = " ".join(runner.run("request", "--help").stdout.split())

    assert outcomes == re.findall(r"`([a-z-]+)`", page)
    assert f"`outcome` ({', '.join(outcomes)})" in reported


def _dateless(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "date", text)


def test_a_cluster_is_found_by_its_arn_without_any_other_region(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = account.cluster(region="eu-west-1")
    made.grant(GROUP, [FILING, *APPROVING])
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    arn = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"

    answer = runner.json("request", NAME, "--cluster", arn, "--approve")

    assert ("prod", "eu-west-1", "issued") == (
        answer["cluster"],
        answer["region"],
        answer["outcome"],
    )


def test_the_problem_of_a_cluster_that_is_named_by_arn_names_its_region(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster(region="eu-west-1", onboarded=False)
    arn = f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod"

    stderr = runner.run("request", NAME, "--cluster", arn, code=3).stderr

    assert stderr.startswith("csr-approver: prod in eu-west-1: the API server answered 401")


# --- waiting ------------------------------------------------------------------------------------


def test_the_command_waits_for_another_person_to_approve(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """While it waits, the command shows how a person approves the request."""
    clock.at(40, lambda: decide(cluster))

    result = runner.run(*COMMAND)

    assert (
        "A person has to approve it: kubectl --context CONTEXT certificate approve myserver"
        in result.stderr
    )
    assert "Approved (ByHand); waiting for the certificate." not in result.stderr
    assert 40 <= clock.now < 46


def test_the_approver_may_do_it_for_a_service_account(
    account: Account, cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    cluster.map_role(account.aws.role_arn, "system:serviceaccount:default:web", [GROUP])
    clock.at(2, lambda: decide(cluster))

    assert "The approver may approve it (with APP_SERVING=true)" in runner.run(*COMMAND).stderr


def test_it_waits_for_the_signer(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    cluster.stop("signer")
    clock.at(50, lambda: cluster.start_process("signer"))

    result = runner.run(*COMMAND, "--approve")

    assert "Approved (ApprovedByRequester); waiting for the certificate." in result.stderr
    assert 50 <= clock.now < 56


def test_a_cluster_that_is_gone_for_a_while_is_asked_again(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The port stays closed for half a minute."""
    clock.at(5, lambda: cluster.stop("apiserver"))
    clock.at(35, lambda: cluster.start_process("apiserver"), lambda: decide(cluster))

    stderr = runner.run(*COMMAND).stderr

    assert 1 == stderr.count(
        "The cluster doesn't answer, trying again: the API server can't be reached: "
    )


def test_a_cluster_that_is_gone_at_the_approval_is_asked_again(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    def lose(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "PUT" and clock.now < 30:
            raise ApiError(503, "ServiceUnavailable", "not now")
        return answer(call)

    cluster.fault = lose

    assert "issued" == runner.json(*COMMAND, "--approve")["outcome"]


def test_a_request_that_changes_before_its_approval_is_read_again(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """Another user labels the request at that moment: 409."""
    touched: list[str] = []

    def touch(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "PUT" and not touched:
            item = cluster.get(NAME)
            touched.append(item["metadata"].setdefault("labels", {}).setdefault("a", "b"))
            cluster.seed_object(item)
        return answer(call)

    cluster.fault = touch

    assert "issued" == runner.json(*COMMAND, "--approve")["outcome"]
    assert {"a": "b"} == cluster.get(NAME)["metadata"]["labels"]


def test_a_filing_whose_answer_was_lost_is_found_again(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The second attempt finds the same request, so it is ours."""
    lost: list[Answer] = []

    def lose(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        found = answer(call)
        if call.method == "POST" and call.path[3] == CSRS and not lost:
            lost.append(found)
            raise ApiError(504, "Timeout", "too slow")
        return found

    cluster.fault = lose

    assert "issued" == runner.json(*COMMAND, "--approve")["outcome"]
    assert 1 == len(lost)


# --- not issued ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "outcome"), [("Denied", "denied"), ("Failed", "failed")])
def test_a_denial_or_failure_is_shown_with_its_message(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock, kind: str, outcome: str
) -> None:
    """The key is deleted, as nothing can be issued for it; the request stays as a record."""
    clock.at(3, lambda: decide(cluster, kind, "not\n\x1b[31myours"))

    reported = runner.json(*COMMAND, code=1)

    assert (outcome, "ByHand: not\n\x1b[31myours") == (reported["outcome"], reported["detail"])
    assert (None, None, "there") == (reported["key"], reported["certificate"], reported["request"])
    assert [] == names_here()
    assert [NAME] == [stored["metadata"]["name"] for stored in cluster.objects()]


def test_text_of_others_is_escaped(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(3, lambda: decide(cluster, "Denied", "not\n\x1b[31m[bold]yours"))

    shown = runner.run(*COMMAND, code=1).stdout

    assert "myserver: denied: ByHand: not\\n\\x1b[31m[bold]yours\n" in shown
    assert "kubectl --context CONTEXT delete csr myserver" in shown


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ((), "no one approved it within 90 s: use --approve, or a longer --timeout"),
        (
            ("--approve",),
            "approved (ApprovedByRequester), but not issued within 90 s: try a longer --timeout",
        ),
    ],
)
def test_a_request_that_is_not_issued_in_time_is_deleted(
    cluster: Cluster, runner: CommandRunner, options: tuple[str, ...], detail: str
) -> None:
    cluster.stop("signer")

    reported = runner.json(*COMMAND, "--timeout", "90", *options, code=1)

    assert ("not-issued", detail, "deleted") == (
        reported["outcome"],
        reported["detail"],
        reported["request"],
    )
    assert ([], []) == (names_here(), cluster.objects())


def test_with_keep_the_command_for_the_later_certificate_is_shown(
    cluster: Cluster, runner: CommandRunner
) -> None:
    shown = runner.run(*COMMAND, "--timeout", "5", "--keep", code=1).stdout

    assert (
        "kubectl --context CONTEXT get csr myserver -o jsonpath='{.status.certificate}' | " in shown
    )
    assert (["myserver.key"], 1) == (names_here(), len(cluster.objects()))


def test_without_the_right_to_delete_the_request_and_its_key_stay(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """A request that can't be deleted may still be approved, so its key is kept."""
    cluster.revoke(GROUP)
    cluster.grant(GROUP, [Rule(("create", "get"), CSRS)])

    result = runner.run(*COMMAND, "--timeout", "5", code=1)

    assert "Could not delete myserver: the API server answered 403: " in result.stderr
    assert "its key was kept" in result.stdout
    assert ["myserver.key"] == names_here()


def test_a_cluster_that_stays_unreachable_leaves_the_key(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The certificate may have been issued, and needs its key."""
    clock.at(5, lambda: cluster.stop("apiserver"))

    reported = runner.json(*COMMAND, "--timeout", "60", code=3)

    assert ("unknown", "unknown", "myserver.key") == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )


@pytest.mark.parametrize("left", [0, 1])
def test_a_request_that_someone_else_deletes_ends_the_wait(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock, left: int
) -> None:
    """A new one of the same name is left alone."""

    def swap() -> None:
        item = cluster.get(NAME)
        cluster.remove(NAME)
        if left:
            cluster.seed(NAME, ANOTHER_USER, base64.b64decode(item["spec"]["request"]))

    clock.at(3, swap)

    reported = runner.json(*COMMAND, code=1)

    assert ("deleted", None) == (reported["outcome"], reported["key"])
    assert "someone else deleted the request: run this again" == reported["detail"]
    assert left == len(cluster.objects())


# --- issued otherwise ---------------------------------------------------------------------------


def test_a_certificate_for_another_key_is_unusable(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    clock.at(3, lambda: cluster.issue(NAME, a_certificate(cluster, key=other)))

    reported = runner.json(*COMMAND, code=1)

    assert ("unusable", "the certificate has another key than the request") == (
        reported["outcome"],
        reported["detail"],
    )
    assert [] == names_here()


def test_an_unreadable_certificate_is_unusable(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(3, lambda: cluster.issue(NAME, b"none"))

    assert "the certificate can't be read" in runner.json(*COMMAND, code=1)["detail"]
    assert [] == names_here()


@pytest.mark.parametrize(
    ("way", "difference"),
    [
        ({"dns": (DNS, "kubernetes")}, "it has additional names: DNS kubernetes"),
        ({"dns": ("other.default.svc",)}, f"it lacks names: DNS {DNS}"),
        ({"ca": True}, "it is a CA certificate"),
        ({"until": -timedelta(seconds=1)}, "it expired on "),
        ({"since": timedelta(minutes=30)}, "it is not valid before "),
        ({"purpose": ExtendedKeyUsageOID.CLIENT_AUTH}, "it is not for servers"),
    ],
)
def test_other_contents_are_saved_and_reported(
    cluster: Cluster,
    runner: CommandRunner,
    clock: ManualClock,
    way: dict[str, Any],
    difference: str,
) -> None:
    clock.at(3, lambda: cluster.issue(NAME, a_certificate(cluster, **way)))

    reported = runner.json(*COMMAND, code=1)

    assert "differs" == reported["outcome"]
    assert [] != [text for text in reported["differences"] if text.startswith(difference)]
    assert ["myserver.crt", "myserver.key"] == names_here()


def test_a_ca_that_did_not_sign_is_not_written(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The certificate is good, but its clients need another CA."""
    clock.at(3, lambda: cluster.issue(NAME, a_certificate(cluster)))

    result = runner.run(*COMMAND, "--ca", "ca.crt", code=1)

    assert "does NOT verify against the cluster's own CA" in result.stdout
    assert (
        "myserver: issued and saved to myserver.crt, but ca.crt isn't written: the cluster's CA "
        "didn't sign the certificate"
    ) in " ".join(result.stdout.split())
    assert ["myserver.crt", "myserver.key"] == names_here()


def test_without_a_ca_file_another_ca_is_no_difference(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(3, lambda: cluster.issue(NAME, a_certificate(cluster)))

    reported = runner.json(*COMMAND)

    assert ("issued", False) == (reported["outcome"], reported["trusted_by_cluster_ca"])


def test_any_of_a_clusters_cas_is_accepted(
    account: Account, cluster: Cluster, runner: CommandRunner
) -> None:
    """A cluster has several while EKS rotates them."""
    account.trust("prod", Authority("old").pem.decode() + cluster.ca_pem)

    assert runner.json(*COMMAND, "--approve")["trusted_by_cluster_ca"]


# --- stopped ------------------------------------------------------------------------------------


def test_ctrl_c_deletes_request_and_key(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(7, clock.interrupt)

    reported = runner.json(*COMMAND, code=130)

    assert ("stopped", "deleted", None) == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )
    assert ([], []) == (names_here(), cluster.objects())


def test_ctrl_c_with_keep_deletes_nothing(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(7, clock.interrupt)

    reported = runner.json(*COMMAND, "--keep", code=130)

    assert ("stopped", "there", "myserver.key") == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )
    assert 1 == len(cluster.objects())


def test_ctrl_c_keeps_the_key_of_an_issued_certificate(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    clock.at(7, lambda: decide(cluster), clock.interrupt)

    shown = runner.run(*COMMAND, code=130).stdout

    assert "myserver: stopped" in shown
    assert "| base64 -d > myserver.crt" in shown
    assert (["myserver.key"], 1) == (names_here(), len(cluster.objects()))


def test_a_certificate_issued_during_the_deletion_keeps_its_key(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The resource version shows the change between reading and deleting."""

    def approve(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "DELETE" and not cluster.decision(NAME):
            decide(cluster)
        return answer(call)

    cluster.fault = approve
    clock.at(7, clock.interrupt)

    reported = runner.json(*COMMAND, code=130)

    assert ("stopped", "there", "myserver.key") == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )
    assert cluster.get(NAME)["status"]["certificate"]


def test_a_request_that_changes_at_each_deletion_stays(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The deletion is tried three times; the key stays, too."""

    def touch(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "DELETE":
            item = cluster.get(NAME)
            labels = {"touched": str(len(cluster.calls))}
            cluster.seed_object(item | {"metadata": item["metadata"] | {"labels": labels}})
        return answer(call)

    cluster.fault = touch
    clock.at(7, clock.interrupt)

    reported = runner.json(*COMMAND, code=130)

    assert ("there", "myserver.key") == (reported["request"], reported["key"])
    assert 3 == [call.method for call in cluster.calls].count("DELETE")


def test_ctrl_c_at_any_step_leaves_all_or_nothing(cluster: Cluster, clock: ManualClock) -> None:
    """Each reading of the clock is a step: calls read it before and after the request."""
    ends: dict[tuple[int, bool, bool, bool], int] = {}
    for step in range(1, 400):
        clock._looked, clock.interrupt_at = 0, step
        result = CliRunner().invoke(app, [*COMMAND, "--approve"], env={"COLUMNS": "300"})
        assert result.exception is None or isinstance(result.exception, SystemExit), step
        key, certificate = Path("myserver.key").exists(), Path("myserver.crt").exists()
        issued = [bool(item["status"].get("certificate")) for item in cluster.objects()]
        assert [key] * len(issued) == issued, (step, result.output)
        assert key or not certificate, step
        end = result.exit_code, bool(issued), key, certificate
        ends[end] = ends.get(end, 0) + 1
        for stored in cluster.objects():
            cluster.remove(stored["metadata"]["name"])
        for path in Path().iterdir():
            path.unlink()
        if result.exit_code == 0:
            break

    done, deleted, kept = (
        (0, True, True, True),
        (130, False, False, False),
        (130, True, True, False),
    )
    assert {done, deleted, kept} == set(ends)
    assert ends[deleted] > 10


def test_a_file_that_is_not_written_whole_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    files = Files(Path("a.key"), Path("a.crt"), None)

    with pytest.raises(KeyboardInterrupt):
        files.write_key(b"key")
    assert [] == names_here()


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["myserver.key", "myserver.crt", "ca.crt"])
@pytest.mark.parametrize("put", [Path.touch, lambda path: path.symlink_to("elsewhere")])
def test_no_file_is_overwritten(
    cluster: Cluster, runner: CommandRunner, name: str, put: Callable[[Path], None]
) -> None:
    """Nor is a broken link followed."""
    put(Path(name))

    stderr = runner.run(*COMMAND, "--ca", "ca.crt", "--approve", code=2).stderr

    assert f"{name} exists already, and is not overwritten: move it, or give another" in stderr
    assert ([name], []) == (names_here(), cluster.calls)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--key", "absent/a.key"), "--key: absent/a.key can't be written: No such file"),
        (("--cert", "/dev/null/a"), "--cert: /dev/null/a can't be written: Not a directory"),
        (("--ca", "c" * 300), "can't be written: File name too long"),
        (
            ("--ca", "myserver.crt"),
            "--cert and --ca are the same file, myserver.crt: give different",
        ),
        (("--key", "./myserver.crt"), "--key and --cert are the same file, myserver.crt"),
    ],
)
def test_a_path_that_cannot_be_written_stops_the_command_first(
    cluster: Cluster, runner: CommandRunner, options: tuple[str, ...], words: str
) -> None:
    assert words in runner.run(*COMMAND, *options, code=2).stderr
    assert ([], []) == (names_here(), cluster.calls)


def test_a_folder_that_is_deleted_before_the_key_is_written_is_reported(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The folder is deleted after the check of the files; nothing is filed."""
    Path("tls").mkdir()

    def go(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if Path("tls").exists():
            Path("tls").rmdir()
        return answer(call)

    cluster.fault = go

    assert (
        "--key: tls/a.key can't be written"
        in runner.run(*COMMAND, "--key", "tls/a.key", code=2).stderr
    )
    assert [] == cluster.objects()


def test_a_folder_that_is_deleted_before_the_certificate_comes_is_reported(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The key stays, and the command that saves the certificate is shown."""
    Path("tls").mkdir()
    clock.at(3, Path("tls").rmdir, lambda: decide(cluster))

    result = runner.run(*COMMAND, "--cert", "tls/a.crt", code=1)

    assert (
        "myserver: issued, but tls/a.crt can't be written: No such file or directory\n"
    ) in result.stdout
    assert (
        "To save its certificate, within an hour:\n  kubectl --context CONTEXT get csr"
        in result.stdout
    )
    assert "| base64 -d > tls/a.crt" in result.stdout
    assert ["myserver.key"] == names_here()


def test_a_folder_that_is_deleted_before_the_ca_is_written_is_reported(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The certificate is as requested and saved, so it doesn't differ."""
    Path("tls").mkdir()
    clock.at(3, Path("tls").rmdir, lambda: decide(cluster))

    reported = runner.json(*COMMAND, "--ca", "tls/ca.crt", code=1)

    assert ("not-saved", "myserver.crt", None, []) == (
        reported["outcome"],
        reported["certificate"],
        reported["ca"],
        reported["differences"],
    )
    assert (
        "issued and saved to myserver.crt, but the CA was not written to tls/ca.crt: No such file "
        "or directory. To save it later: kubectl --context CONTEXT get configmap kube-root-ca.crt "
        r"-o jsonpath='{.data.ca\.crt}' > tls/ca.crt"
    ) == reported["detail"]


def test_a_ca_that_is_not_written_is_reported_beside_a_difference(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The difference comes first: it matters more."""
    clock.at(3, lambda: cluster.issue(NAME, a_certificate(cluster, dns=(DNS, "kubernetes"))))

    reported = runner.json(*COMMAND, "--ca", "ca.crt", code=1)

    assert ("differs", None) == (reported["outcome"], reported["ca"])
    assert (
        "it has additional names: DNS kubernetes; ca.crt isn't written: the cluster's CA didn't "
        "sign the certificate"
    ) == reported["detail"]


# --- names and addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("csr-web",), "begins with csr- (aws/containers-roadmap issue 2079): choose another"),
        (
            ("My_Server",),
            "NAME: got 'My_Server', expected at most 253 characters: lower-case letters",
        ),
        (("a" * 254,), "each part starts and ends with a letter or digit"),
        (("a\x1b[31m",), "NAME: got 'a\\x1b[31m'"),
        (
            ("a.b",),
            (
                "NAME: got 'a.b', which has a dot, so no Service can have this name; give the "
                "certificate's names with --dns"
            ),
        ),
        (("a", "--namespace", "Shop"), "--namespace: got 'Shop', expected a namespace's name"),
        (
            ("a", "--dns", "*.a.default.svc"),
            "a wildcard's key would serve every name below: give each name, or *.NAME with",
        ),
        (("a", "--dns", "a.*.svc", "--allow-wildcards"), "a wildcard's key"),
        (("a", "--dns", "*.kubernetes.default.svc", "--allow-wildcards"), "to the API server or"),
        (("a", "--dns", "*.default.svc", "--allow-wildcards"), "to the API server or"),
        (("a", "--dns", "*.default", "--allow-wildcards"), "to the API server or"),
        (("a", "--dns", "*.localhost", "--allow-wildcards"), "every machine's own name"),
        (("a", "--dns", "a_b"), "--dns: got 'a_b', expected a DNS name: at most 253 characters"),
        (("a", "--dns", ""), "--dns: got '', expected a DNS name"),
        (("a", "--dns", "10.0.0.1"), "which is an IP address: give it with --ip"),
        (
            ("a", "--dns", "kubernetes.default.svc"),
            "which belongs to the API server or to AWS; give a Service's name, e.g. web.shop.svc",
        ),
        (
            ("a", "--dns", "Kubernetes"),
            "which belongs to the API server or to AWS; give a Service's name, e.g. web.shop.svc",
        ),
        (
            ("a", "--dns", "x.localhost"),
            "every machine's own name: give a Service's name, e.g. web.shop.svc, or add --allow-",
        ),
        (
            ("a", "--dns", "sts.amazonaws.com."),
            "which belongs to the API server or to AWS; give a Service's name, e.g. web.shop.svc",
        ),
        (("kubernetes",), "NAME: got 'kubernetes.default.svc', which belongs to the API server"),
        (("a", "--ip", "10.0.0"), "--ip: got '10.0.0', expected an IP address"),
        (
            ("a", "--ip", "127.0.0.1"),
            "every machine's own address: give the Service's cluster IP, or add --allow-loopback",
        ),
        (
            ("a", "--ip", "169.254.169.254"),
            "is a link-local, multicast or unspecified address; give the Service's cluster IP",
        ),
        (("a", "--ip", "::ffff:10.0.0.1"), "expected a plain IPv4 or IPv6 address"),
        (("a", "--ip", "fd00::1%eth0"), "expected a plain IPv4 or IPv6 address"),
        (("a", "--timeout", "0"), "Invalid value for '--timeout'"),
        (("a", "--key-type", "dsa"), "Invalid value for '--key-type'"),
    ],
)
def test_invalid_and_forbidden_values_are_refused(
    account: Account, runner: CommandRunner, arguments: tuple[str, ...], words: str
) -> None:
    assert account
    assert words in runner.run("request", "--cluster", "prod", *arguments, code=2).stderr
    assert [] == names_here()


def test_a_cluster_must_be_named(runner: CommandRunner) -> None:
    assert (
        "--cluster is missing: give the cluster's name"
        in runner.run("request", NAME, code=2).stderr
    )


@pytest.mark.parametrize("name", ["www.example.com", "web.shop.svc", "pod-0.web.default.svc"])
def test_a_name_that_is_no_service_of_the_namespace_gets_a_warning(
    cluster: Cluster, runner: CommandRunner, name: str
) -> None:
    """Such a name may be the requester's all the same: a person has to know."""
    assert cluster
    arguments = (*COMMAND, "--dns", name, "--approve")
    reported = runner.json(*arguments)

    assert ("issued", 1) == (reported["outcome"], len(reported["warnings"]))
    warning = f"{name} is not the name of a Service in the namespace default"
    assert reported["warnings"][0].startswith(warning)
    for path in Path().iterdir():
        path.unlink()
    assert f"csr-approver: warning: {warning}" in runner.run(*arguments, code=1).stderr


@pytest.mark.parametrize(
    ("names", "warning"),
    [
        (("--dns", "localhost", "--allow-loopback"), "localhost is every machine's own: "),
        (("--ip", "::1", "--allow-loopback"), "::1 is every machine's own: "),
        (
            ("--dns", "*.web.default.svc", "--allow-wildcards"),
            "*.web.default.svc is a wildcard: ",
        ),
    ],
)
def test_loopback_names_and_wildcards_are_filed_with_a_warning_if_asked_for_by_an_option(
    cluster: Cluster, runner: CommandRunner, names: tuple[str, ...], warning: str
) -> None:
    """A person must approve them: csr-approver never does."""
    assert cluster
    reported = runner.json(*COMMAND, "--dns", f"{NAME}.default.svc", *names, "--approve")

    assert "issued" == reported["outcome"]
    [shown] = reported["warnings"]
    assert shown.startswith(warning)
    assert "csr-approver never approves it; a person must" in shown


# --- the dry run --------------------------------------------------------------------------------


def test_a_dry_run_prints_the_manifest_and_does_nothing(
    account: Account, runner: CommandRunner
) -> None:
    """A dry run needs no cluster, and ignores existing files."""
    assert account
    Path("myserver.key").write_text("mine")

    shown = yaml.safe_load(runner.run("request", NAME, "--dry-run").stdout)
    program = json.loads(runner.run("request", NAME, "--dry-run", "--output", "json").stdout)

    request = base64.b64decode(shown["spec"].pop("request"))
    assert (DNS,) == pkcs10.read(request).dns
    assert {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": NAME},
        "spec": {
            "signerName": APP_SERVING,
            "usages": ["digital signature", "key encipherment", "server auth"],
        },
    } == shown
    assert program["spec"].pop("request")
    assert shown == program
    assert ["myserver.key"] == names_here()


# --- the cluster says no ------------------------------------------------------------------------


def test_a_name_that_is_taken_is_left_alone(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.seed(NAME, ANOTHER_USER, kubelet_request("n")[0])
    before = cluster.objects()

    stderr = runner.run(*COMMAND, "--approve", code=1).stderr

    assert "a request myserver exists (pending), filed by jane" in stderr
    assert "choose another NAME, or run: kubectl --context CONTEXT delete csr myserver" in stderr
    assert ([], before) == (names_here(), cluster.objects())


def test_a_name_that_is_taken_at_the_same_moment_is_left_alone(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """If the name is taken between reading and filing (409), the other request isn't ours."""

    def take(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "POST" and call.path[3] == CSRS:
            cluster.seed(NAME, ANOTHER_USER, kubelet_request("n")[0])
        return answer(call)

    cluster.fault = take

    reported = runner.json(*COMMAND, "--approve", code=1)

    assert ("refused", "none", None) == (reported["outcome"], reported["request"], reported["key"])
    assert "already exists" in reported["detail"]
    assert ([], 1) == (names_here(), len(cluster.objects()))


def test_the_name_of_an_unreadable_request_is_refused(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """An unreadable request is always another requester's."""

    def take(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "POST" and call.path[3] == CSRS:
            item = cluster.seed(NAME, ANOTHER_USER, kubelet_request("n")[0])
            cluster.seed_object(item | {"metadata": item["metadata"] | NOT_UTF_8})
        return answer(call)

    cluster.fault = take

    result = runner.json(*COMMAND, code=1)

    assert ("refused", "none") == (result["outcome"], result["request"])
    assert "already exists" in result["detail"]


@pytest.mark.parametrize(
    ("rules", "options", "missing"),
    [
        ([], (), f"create {CSRS}, nor get {CSRS} {NAME}: ask for that right"),
        ([Rule(("get",), CSRS)], (), f"create {CSRS}: ask for that right"),
        (
            [FILING],
            ("--approve",),
            f"update {CSRS}/approval {NAME}, nor approve signers {APP_SERVING}{WITHOUT}",
        ),
        (
            [FILING, APPROVING[0]],
            ("--approve",),
            f"approve signers {APP_SERVING}{WITHOUT}",
        ),
    ],
)
def test_a_right_that_is_missing_is_named_before_anything_is_done(
    cluster: Cluster,
    runner: CommandRunner,
    rules: list[Rule],
    options: tuple[str, ...],
    missing: str,
) -> None:
    cluster.revoke(GROUP)
    cluster.grant(GROUP, rules)

    stderr = runner.run(*COMMAND, *options, code=3).stderr

    assert f"csr-approver: prod: you may not {missing}\n" == stderr
    assert ([], []) == (names_here(), cluster.objects())


def test_a_refusal_by_admission_is_shown_with_its_message(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The check of the rights can't show it beforehand."""

    def forbid(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "POST" and call.path[3] == CSRS:
            raise forbidden(NAME, "no requests on Fridays")
        return answer(call)

    cluster.fault = forbid

    reported = runner.json(*COMMAND, code=3)

    assert ("unknown", "none", None) == (reported["outcome"], reported["request"], reported["key"])
    assert "no requests on Fridays" in reported["detail"]
    assert [] == names_here()


def test_rights_that_are_lost_during_the_wait_leave_the_key(
    cluster: Cluster, runner: CommandRunner, clock: ManualClock
) -> None:
    """The request can't be read any more, so its state is unknown."""
    clock.at(3, lambda: cluster.revoke(GROUP))

    reported = runner.json(*COMMAND, code=3)

    assert ("unknown", "unknown", "myserver.key") == (
        reported["outcome"],
        reported["request"],
        reported["key"],
    )
    assert "cannot get resource" in reported["detail"]


def test_a_request_that_validation_refuses_is_reported(
    cluster: Cluster, runner: CommandRunner
) -> None:
    def refuse(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if call.method == "POST" and call.path[3] == CSRS:
            raise ApiError(422, "Invalid", "spec.request: too short")
        return answer(call)

    cluster.fault = refuse

    reported = runner.json(*COMMAND, code=1)

    assert ("refused", "422: spec.request: too short") == (reported["outcome"], reported["detail"])
    assert [] == names_here()


def test_an_answer_of_another_shape_is_an_error(cluster: Cluster, runner: CommandRunner) -> None:
    def garble(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        code, body = answer(call)
        other: dict[str, Any] = {"metadata": {"name": NAME}, "spec": []}
        return (code, other) if call.path[3:] == (CSRS, NAME) else (code, body)

    cluster.seed(NAME, ANOTHER_USER, b"")
    cluster.fault = garble

    assert (
        "prod in us-east-1: the API server's answer can't be read: "
        in runner.run(*COMMAND, code=3).stderr
    )


# --- the cluster cannot be asked ----------------------------------------------------------------


def test_a_cluster_that_cannot_be_reached_is_reported(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster()
    account.change("prod", endpoint="https://127.0.0.1:1")

    assert (
        "prod in us-east-1: the API server can't be reached: "
        in runner.run(*COMMAND, code=3).stderr
    )
    assert [] == names_here()


def test_a_missing_cluster_is_reported(account: Account, runner: CommandRunner) -> None:
    assert account
    assert 'EKS has no cluster "prod" in us-east-1' in runner.run(*COMMAND, code=3).stderr


def test_a_role_without_access_is_reported_with_the_fix(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster(onboarded=False)

    stderr = runner.run(*COMMAND, code=3).stderr

    assert "the API server answered 401" in stderr
    assert "ask a cluster administrator for an access entry for your own role" in stderr
