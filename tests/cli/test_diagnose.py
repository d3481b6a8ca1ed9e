"""`csr-approver diagnose`: which nodes get no certificate, why, and what to do."""

import base64
import io
import itertools
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ConnectTimeoutError
from rich.console import Console

from cli.account.copied import GivenOptions
from cli.diagnose.advice import about_version, advise, remedy
from cli.diagnose.cause import Cause, Explanation, Need
from cli.diagnose.diagnosis import DiagnosedCsr, Diagnosis, State
from cli.diagnose.groups import Sought, grouped
from cli.diagnose.html import html_report
from cli.diagnose.html_assets import STYLE
from cli.diagnose.name_status import NameStatus, RequestedName
from cli.diagnose.one import show_sought
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.sentences import ADVICE
from cli.diagnose.view import show
from core.model import Csr
from core.version import VERSION
from sandbox.aws import ACCOUNT, Eni
from sandbox.csr_builder import request as csr_builder
from sandbox.fake_apiserver.bodies import time_text
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.tokens import User
from tests.builders import NOW, a_certificate, a_cluster, a_csr, an_extra
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import DUE, NODE_ROLE, VPC, Account, Cluster

Json = dict[str, Any]

STRANGERS: Final = ("10.9.9.9",)


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


def approve(cluster: Cluster, name: str, reason: str, ago: timedelta) -> None:
    """Approve a CSR `ago` before now, as another approver would; the signer has done nothing."""
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": reason,
        "message": "approved by hand",
        "lastUpdateTime": time_text(cluster.now() - ago),
    }
    stored = cluster.get(name)
    cluster.seed_object(stored | {"status": {"conditions": [condition]}})


def ask(cluster: Cluster, node: int, *names: str, name: str = "csr-0001", **changes: Any) -> str:
    """File a node's request for additional names; `changes`: what EC2 shows of its instance."""
    machine = cluster.launch(node)
    cluster.name_instance(machine.id, machine.name)
    who = AwsIdentity.session(NODE_ROLE, machine.id, account=ACCOUNT)
    ips = [text for text in names if text[0].isdigit()]
    dns = [text for text in names if not text[0].isdigit()]
    asked = kubelet_request(machine.name, dns=[machine.name, *dns], ips=[machine.enis[0].ip, *ips])[
        0
    ]
    cluster.seed(name, cluster.user_of(who), asked, created=cluster.now() - DUE)
    cluster.account.aws.change_machine(cluster.region, machine.id, **changes)
    return machine.id


def only_csr(document: Json) -> Json:
    """Return the one request of the one cluster."""
    [cluster] = document["clusters"]
    [csr] = cluster["csrs"]
    assert isinstance(csr, dict)
    return csr


def words(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


def causes(csr: Json) -> list[str]:
    return [cause["cause"] for cause in csr["causes"]]


# --- what needs action----------------------------------------------------------------------------


def test_without_open_requests_all_is_ready_and_nothing_is_written(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    runner.run("review", "prod", "--apply")
    written = list(cluster.writes)

    document = runner.json("diagnose", "prod")

    assert (True, []) == (document["ready"], document["clusters"][0]["csrs"])
    assert written == cluster.writes


def test_a_young_request_without_a_refusal_is_no_obstacle(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, age=timedelta(seconds=20))

    csr = only_csr(runner.json("diagnose", "prod"))

    assert ("wait", ["waiting"]) == (csr["need"], causes(csr))


def test_an_unapproved_request_is_solved_by_the_approver(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The command that is shown approves it."""
    cluster.file(1)

    [cause] = only_csr(runner.json("diagnose", "prod", code=1))["causes"]
    [command] = cause["commands"]
    runner.run(*shlex.split(command)[1:])

    assert "Approved" == cluster.decision("csr-0001")
    assert runner.json("diagnose", "prod")["ready"] is True


@pytest.mark.parametrize(
    ("reason", "ago", "code", "cause"),
    [
        ("AutoApproved", timedelta(minutes=3), 1, "not-issued"),
        ("ApprovedByCsrApprover", timedelta(minutes=3), 1, "not-issued-after-us"),
        ("AutoApproved", timedelta(seconds=20), 0, "just-approved"),
    ],
)
def test_a_request_approved_and_not_issued(
    cluster: Cluster, runner: CommandRunner, reason: str, ago: timedelta, code: int, cause: str
) -> None:
    cluster.stop("signer")
    cluster.file(1)
    approve(cluster, "csr-0001", reason, ago)

    csr = only_csr(runner.json("diagnose", "prod", code=code))

    assert ("approved", [cause]) == (csr["state"], causes(csr))


def test_each_name_is_shown_with_the_setting_that_would_confirm_it(
    cluster: Cluster, runner: CommandRunner
) -> None:
    name = "ip-10-1-0-2.corp.example"
    ask(
        cluster, 1, name, *STRANGERS, "10.1.0.99", enis=(Eni("10.1.0.2", secondary=("10.1.0.99",)),)
    )

    csr = only_csr(runner.json("diagnose", "prod", code=1))

    assert {
        "ip-10-1-0-2.ec2.internal": (True, "confirmed", []),
        "10.1.0.2": (True, "confirmed", []),
        name: (False, "needs-setting", ["EXTRA_DNS_SUFFIXES=corp.example"]),
        "10.9.9.9": (False, "not-on-instance", []),
        "10.1.0.99": (False, "not-accepted", []),
    } == {
        entry["name"]: (entry["confirmed"], entry["status"], entry["settings"])
        for entry in csr["names"]
    }
    assert ["names-need-setting", "names-not-accepted", "names-not-on-instance"] == causes(csr)


@pytest.mark.parametrize(
    ("name", "changes", "setting"),
    [
        ("ip-10-1-0-2.corp.example", {}, "EXTRA_DNS_SUFFIXES=corp.example"),
        (
            "10.1.0.77",
            {"enis": (Eni("10.1.0.2"), Eni("10.1.0.77", device=1))},
            "ALLOW_SECONDARY_ENIS=true",
        ),
    ],
    ids=["domain", "interface"],
)
def test_the_suggested_setting_confirms_the_names(
    cluster: Cluster, runner: CommandRunner, name: str, changes: Json, setting: str
) -> None:
    ask(cluster, 1, name, **changes)
    assert setting in only_csr(runner.json("diagnose", code=1))["causes"][0]["remedy"]

    assert ["not-approved"] == causes(only_csr(runner.json("diagnose", "--set", setting, code=1)))


def test_the_suggested_tag_is_the_missing_one(cluster: Cluster, runner: CommandRunner) -> None:
    instance = ask(cluster, 1, tags={})

    [cause] = only_csr(runner.json("diagnose", "prod", code=1))["causes"]
    reported = re.search(r"--resources (\S+) --tags Key=(\S+),Value=(\S+)`", cause["remedy"])
    assert reported is not None
    cluster.account.aws.change_machine("us-east-1", instance, tags={reported[2]: reported[3]})

    assert ("no-cluster-tag", instance) == (cause["cause"], reported[1])
    assert ["not-approved"] == causes(only_csr(runner.json("diagnose", "prod", code=1)))


def test_before_1_24_a_certificate_with_fewer_names_needs_action(
    account: Account, cluster: Cluster, runner: CommandRunner
) -> None:
    """EKS issues it without those names; after the upgrade EKS issues nothing."""
    account.change("prod", version="1.23")
    ask(cluster, 1, *STRANGERS)
    stored = cluster.get("csr-0001")
    node = stored["spec"]["username"].removeprefix("system:node:")
    asked = a_csr(request=base64.b64decode(stored["spec"]["request"]))
    pem = a_certificate(asked, sans=(csr_builder.dns(node), csr_builder.ip("10.1.0.2")), node=node)
    approve(cluster, "csr-0001", "AutoApproved", timedelta(minutes=6))
    status = cluster.get("csr-0001")["status"]
    cluster.seed_object(
        stored | {"status": status | {"certificate": base64.b64encode(pem).decode()}}
    )

    csr = only_csr(runner.json("diagnose", code=1))

    assert ("issued", ["fewer-names", "names-not-on-instance"]) == (csr["state"], causes(csr))
    assert "Before the upgrade" in csr["causes"][0]["remedy"]


def test_a_superseded_request_or_one_of_a_terminated_instance_is_ignored(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.repeat("csr-0001", ["old-1", "old-2"], earlier=timedelta(minutes=30))
    runner.run("review", "prod", "--apply")
    cluster.file(2, age=timedelta(hours=2), known=False)

    [reported] = runner.json("diagnose", "prod")["clusters"]

    assert [] == reported["csrs"]
    assert {
        ("csr-0002", "instance-gone", None),
        ("old-1", "superseded", "csr-0001"),
        ("old-2", "superseded", "csr-0001"),
    } == {(request["csr"], request["cause"], request["newer"]) for request in reported["ignored"]}


def test_a_running_node_that_stopped_asking_is_unknown(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, age=timedelta(minutes=30))

    csr = only_csr(runner.json("diagnose", "prod", code=3))

    assert ("unknown", ["no-newer-request"]) == (csr["need"], causes(csr))
    assert ["kubectl --context CONTEXT delete csr csr-0001"] == csr["causes"][0]["commands"]


def test_without_ec2_evidence_readiness_is_unknown(
    cluster: Cluster, runner: CommandRunner, stub: AwsStub
) -> None:
    stub.overrides["DescribeInstances"] = "UnauthorizedOperation"
    cluster.file(1)

    csr = only_csr(runner.json("diagnose", "prod", code=3))

    assert [("evidence-unavailable", None)] == [
        (cause["cause"], csr["verdict"]) for cause in csr["causes"]
    ]


def a_cluster_diagnosis(*csrs: DiagnosedCsr, version: str = "1.31") -> ClusterDiagnosis:
    return ClusterDiagnosis("prod", "eu-west-1", version, Diagnosis(a_cluster(), 1, csrs, (), ()))


def a_diagnosed_csr(*causes_: Cause, csr: Csr | None = None, **of_each: Any) -> DiagnosedCsr:
    causes = tuple(Explanation(cause, **of_each) for cause in causes_)
    return DiagnosedCsr(csr or a_csr(), State.PENDING, 420.0, None, (), causes, None)


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.value)
def test_every_cause_has_one_sentence_that_says_what_to_do(cause: Cause) -> None:
    diagnosed = a_diagnosed_csr(
        cause, detail="the detail {of} it", values=("a.example",), settings=("A=b",)
    )

    reported = remedy(diagnosed.causes[0], diagnosed, a_cluster_diagnosis(diagnosed))

    assert reported[0].isupper() or reported.startswith(("EC2", "csr-approver", a_csr().username))
    assert re.search(r"[.`)]$", reported)
    assert not re.search(r"(?<!\{)\{[a-z_]+\}", reported.replace("{of}", ""))
    assert reported.count("`") % 2 == 0


@pytest.mark.parametrize(
    ("extra", "account"),
    [(an_extra(), "the node's account 111122223333"), ({}, "the node's own account")],
    ids=["by IAM", "otherwise"],
)
def test_where_no_instance_is_shown_the_account_of_the_role_is_named(
    extra: dict[str, tuple[str, ...]], account: str
) -> None:
    diagnosed = a_diagnosed_csr(Cause.NO_INSTANCE, csr=a_csr(extra=extra), detail="none")

    reported = remedy(diagnosed.causes[0], diagnosed, a_cluster_diagnosis(diagnosed))

    assert f"with credentials of {account};" in reported


def test_what_fewer_names_mean_depends_on_the_version() -> None:
    diagnosed = a_diagnosed_csr(Cause.FEWER_NAMES, detail="the certificate lacks names")
    reported = [
        remedy(diagnosed.causes[0], diagnosed, a_cluster_diagnosis(diagnosed, version=v))
        for v in ("1.23", "1.31", "")
    ]

    assert [True, False, True] == ["Before the upgrade" in text for text in reported]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("1.23", "from 1.24 on it issues nothing"),
        ("1.9", "from 1.24 on it issues nothing"),
        ("1.24", "since 1.24"),
        ("2.0", "since 1.24"),
        ("", "version unknown"),
        ("1.31-eks", "version unknown"),
    ],
)
def test_the_version_is_explained_in_one_line(version: str, words: str) -> None:
    reported = about_version(a_cluster_diagnosis(version=version))

    assert words in reported
    assert "\n" not in reported


def test_from_1_24_the_listed_nodes_have_no_certificate_now() -> None:
    reported = about_version(a_cluster_diagnosis(a_diagnosed_csr(Cause.NAMES_NOT_ON_INSTANCE)))

    assert "have no certificate now" in reported
    assert "have no certificate now" not in about_version(
        a_cluster_diagnosis(a_diagnosed_csr(Cause.WAITING))
    )


# --- which clusters -----------------------------------------------------------------------------


def test_all_clusters_of_several_regions_are_diagnosed(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster("prod")
    account.cluster("prod", region="eu-west-1").file(1)
    account.cluster("test")

    document = runner.json("diagnose", "--region", "us-east-1", "--region", "eu-west-1", code=1)

    assert {
        ("prod", "us-east-1", True),
        ("test", "us-east-1", True),
        ("prod", "eu-west-1", False),
    } == {(entry["cluster"], entry["region"], entry["ready"]) for entry in document["clusters"]}


def test_globs_select_clusters(account: Account, runner: CommandRunner) -> None:
    for name in ("prod", "prod-2", "test"):
        account.cluster(name)

    document = runner.json("diagnose", "prod*")

    assert ["prod", "prod-2"] == sorted(entry["cluster"] for entry in document["clusters"])


def _unreachable(account: Account) -> None:
    account.name_only(["other"])


def _not_onboarded(account: Account) -> None:
    account.cluster("other", onboarded=False)


def _without_rights(account: Account) -> None:
    account.cluster("other").revoke("csr-approvers")


def _being_made(account: Account) -> None:
    account.cluster("other")
    account.change("other", status="CREATING")


TROUBLES: dict[str, tuple[Callable[[Account], None], str, str]] = {
    "unreachable": (_unreachable, "connection", "the API server can't be reached: "),
    "not onboarded": (
        _not_onboarded,
        "unauthorized",
        "ask a cluster administrator to give your role access: csr-approver access",
    ),
    "without rights": (
        _without_rights,
        "forbidden",
        "ask a cluster administrator to give your role the approver's rights: csr-approver access",
    ),
    "being made": (_being_made, "state", "the cluster is CREATING"),
}


@pytest.mark.parametrize("what", TROUBLES)
def test_a_cluster_that_fails_stops_no_other_and_its_readiness_is_unknown(
    account: Account, cluster: Cluster, runner: CommandRunner, what: str
) -> None:
    trouble, cause, words = TROUBLES[what]
    trouble(account)
    assert cluster

    document = runner.json("diagnose", code=3)

    assert document["ready"] is None
    reported = {entry["cluster"]: entry for entry in document["clusters"]}
    assert (True, None) == (reported["prod"]["ready"], reported["other"]["ready"])
    assert words in reported["other"]["problem"]
    assert (None, cause) == tuple(reported[name]["problem_cause"] for name in ("prod", "other"))


def test_needed_action_outweighs_an_unknown(
    account: Account, cluster: Cluster, runner: CommandRunner
) -> None:
    _unreachable(account)
    cluster.file(1)

    assert runner.json("diagnose", code=1)["ready"] is False


def test_regions_without_clusters_are_named(account: Account, runner: CommandRunner) -> None:
    """Nothing is diagnosed, which is no sign of health."""
    assert account
    result = runner.run("diagnose", "--region", "us-east-1", "--region", "eu-west-1", code=3)

    assert "" == result.stdout
    assert (
        "csr-approver: there are no clusters in us-east-1,eu-west-1: check --region and --profile\n"
    ) == result.stderr


@pytest.mark.parametrize("names", [("prod-*",), ("prod",)], ids=["glob", "name"])
def test_without_any_cluster_readiness_is_unknown(
    account: Account, runner: CommandRunner, names: tuple[str]
) -> None:
    assert account

    [reported] = runner.json("diagnose", *names, code=3)["clusters"]

    assert (None, True) == (reported["ready"], bool(reported["problem"]))


def test_missing_rights_in_eks_are_reported(
    account: Account, runner: CommandRunner, stub: AwsStub
) -> None:
    stub.overrides["ListClusters"] = "AccessDeniedException"

    reported = words(runner.run("diagnose", code=3).stdout)

    assert account
    assert "get that permission, or use another --profile" in reported


@pytest.mark.parametrize(
    "arguments",
    [
        ("not a name",),
        ("--region", "nowhere"),
        ("--set", "NO=1"),
        ("--html", "."),
        ("--html", "/no/such/folder/report.html"),
        ("--html", "x" * 5_000),
        ("--html", ""),
    ],
)
def test_usage_ends_with_2_before_anything_is_asked(
    cluster: Cluster, runner: CommandRunner, arguments: tuple[str, ...]
) -> None:
    runner.run("diagnose", *arguments, code=2)

    assert [] == cluster.calls


# --- JSON ---------------------------------------------------------------------------------------


def test_the_json_has_this_shape(cluster: Cluster, runner: CommandRunner) -> None:
    ask(cluster, 1, *STRANGERS)

    document = runner.json("diagnose", "prod", code=1)

    assert {"schema_version", "version", "account", "ready", "clusters"} == set(document)
    assert (VERSION, ACCOUNT) == (document["version"], document["account"])
    [reported] = document["clusters"]
    assert {
        "cluster", "region", "version", "about_version", "ready", "problem",
        "problem_cause", "listed", "gaps", "approvals", "groups", "csrs", "ignored", "issued",
    } == set(reported)  # fmt: skip
    [csr] = reported["csrs"]
    assert {
        "csr", "state", "need", "requester", "node", "instance", "age_seconds", "verdict",
        "names", "causes", "checks",
    } == set(csr)  # fmt: skip
    [group] = reported["groups"]
    assert {
        "cause", "need", "count", "title", "remedy", "commands", "csrs",
    } == set(group)  # fmt: skip
    assert {"check", "result", "effect", "reason", "detail"} == set(csr["checks"][0])
    assert {"kind", "name", "confirmed", "status", "settings"} == set(csr["names"][0])
    assert {"cause", "need", "detail", "names", "remedy", "commands"} == set(csr["causes"][0])
    assert ("pending", "action", "deny", ["10.9.9.9"]) == (
        csr["state"],
        csr["need"],
        csr["verdict"],
        csr["causes"][0]["names"],
    )


# --- table and report------------------------------------------------------------------------------

HOSTILE: Final = "csr-\"><script>alert(1)</script><!--'\u202eevil\x1b[31m\n" + "A" * 1_000_000


def hostile(cluster: Cluster) -> None:
    """Seed a hostile name, a requester and SANs."""
    ask(cluster, 1, "x<img/src=y>.example", name=HOSTILE)
    who = User('mallory"><script>alert(2)</script>', "1", ("system:authenticated",), {})
    cluster.seed("csr-2", who, b"<script>", created=cluster.now() - DUE)


def test_the_table_has_one_remedy_per_cause_and_one_line_per_request(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster()
    account.change("prod", version="1.31")
    ask(cluster, 1, *STRANGERS)
    ask(cluster, 2, "10.8.8.8", name="csr-0002")
    cluster.file(3)
    cluster.file(4, age=timedelta(hours=2), known=False)
    runner.environment = {"COLUMNS": "80"}

    lines = runner.run("diagnose", "prod", code=1).stdout.splitlines()

    assert [
        "prod (us-east-1), Kubernetes 1.31: needs action",
        "  4 requests listed: action needed for 3, nothing to do for 1",
        "",
        "  2  action  names-not-on-instance",
        "  1  action  not-approved",
        "",
        "  2 x names or addresses that aren't the instance's (names-not-on-instance)",
        "    EC2 doesn't show 10.9.9.9, 10.8.8.8 on these instances: remove them from the",
    ] == lines[:8]
    assert "    csr-0001  ip-10-1-0-2.ec2.internal  i-10000000000000001  7 min" in lines
    assert "    csr-0002  ip-10-1-0-3.ec2.internal  i-10000000000000002  7 min" in lines
    assert "      csr-approver review prod --region us-east-1 --apply" in lines
    assert "  Ignored, no action needed: 1 instance-gone." in lines
    assert "Action is needed in prod (us-east-1)." == lines[-1]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_terminal_have_no_trailing_blanks_and_break_no_id(
    account: Account, runner: CommandRunner, width: int
) -> None:
    cluster = account.cluster(region="ap-southeast-1")
    for node in range(1, 4):
        ask(cluster, node * 1_000, *STRANGERS, name=f"csr-{node:05}")
    account.cluster("other", region="ap-southeast-1")
    runner.environment = {"COLUMNS": str(width), "AWS_REGION": "ap-southeast-1"}

    for options in ((), ("--node", "i-100000000000003e8")):
        shown = runner.run("diagnose", *options, code=1).stdout
        lines = shown.splitlines()
        assert [] == [line for line in lines if line != line.rstrip()]
        # A fact may be one long word, which isn't broken.
        assert [] == [line for line in lines if len(line) > width and len(line.split()) > 2]
        assert "i-100000000000003e8" in shown


def test_a_long_name_is_cut_before_the_table_is_too_wide(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, name="csr-" + "x" * 49)
    runner.environment = {"COLUMNS": "80"}

    lines = runner.run("diagnose", "prod", code=1).stdout.splitlines()

    [row] = [line for line in lines if "i-10000000000000001" in line]
    assert row.startswith("    csr-xxxxxxxxxxxxxxxxxxxxx~  ip-10-1-0-2.ec2.in")
    assert len(row) <= 80


def test_a_request_with_one_cause_for_two_reasons_is_counted_once() -> None:
    """Each reason is in the remedy."""
    reasons = [Explanation(Cause.NOT_A_KUBELET_REQUEST, reason) for reason in ("first", "second")]
    one = replace(a_diagnosed_csr(Cause.NOT_A_KUBELET_REQUEST), causes=tuple(reasons))

    [group] = grouped(a_cluster_diagnosis(one))

    assert [one] == group.csrs
    assert "first; second" in group.advice(a_cluster_diagnosis(one)).text


def test_nothing_to_do_is_no_proof_of_health(cluster: Cluster, runner: CommandRunner) -> None:
    assert cluster

    shown = words(runner.run("diagnose", "prod").stdout)

    assert "This doesn't prove that every node has a certificate: " in shown
    assert shown.endswith(" Nothing needs action.")


def test_what_became_of_our_own_approvals_is_counted(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    runner.run("review", "prod", "--apply")
    cluster.stop("signer")
    cluster.file(2)
    approve(cluster, "csr-0002", "ApprovedByCsrApprover", timedelta(minutes=3))
    cluster.file(3)
    approve(cluster, "csr-0003", "AutoApproved", timedelta(minutes=3))

    [reported] = runner.json("diagnose", "prod", code=1)["clusters"]

    assert {"issued": 1, "not_issued": 1} == reported["approvals"]
    assert "Approved by csr-approver: 1 issued, 1 not issued." in (
        runner.run("diagnose", "prod", code=1).stdout
    )


def test_one_command_fixes_all_requests_of_a_group(cluster: Cluster, runner: CommandRunner) -> None:
    """Requests that need different settings are in different groups."""
    ask(cluster, 1, "ip-10-1-0-2.corp.example")
    ask(cluster, 2, "ip-10-1-0-3.corp.example", name="csr-0002")
    ask(cluster, 3, "ip-10-1-0-4.lab.example", name="csr-0003")
    first = ask(cluster, 4, tags={}, name="csr-0004")
    second = ask(cluster, 5, tags={}, name="csr-0005")

    [reported] = runner.json("diagnose", "prod", code=1)["clusters"]

    found = {tuple(group["csrs"]): group["commands"] for group in reported["groups"]}
    review = "csr-approver review prod --region us-east-1 --set EXTRA_DNS_SUFFIXES="
    tag = "aws ec2 create-tags --region us-east-1"
    assert {
        ("csr-0001", "csr-0002"): [f"{review}corp.example"],
        ("csr-0003",): [f"{review}lab.example"],
        ("csr-0004", "csr-0005"): [
            f"{tag} --resources {first} {second} --tags Key=kubernetes.io/cluster/prod,Value=owned"
        ],
    } == found


def test_a_command_for_hundreds_of_requests_names_the_first_twenty() -> None:
    many = [a_diagnosed_csr(Cause.WORKLOAD, csr=a_csr(name=f"csr-{n}")) for n in range(300)]

    advice = advise(Cause.WORKLOAD, [(m.causes[0], m) for m in many], a_cluster_diagnosis(*many))

    assert advice.text.endswith(" The command names the first 20 of 300.")
    assert 20 == advice.commands[0].count("csr-")


def test_names_in_commands_are_words_of_a_shell() -> None:
    odd = a_diagnosed_csr(Cause.WORKLOAD, csr=a_csr(name="x; rm -rf $HOME"))

    [command] = advise(Cause.WORKLOAD, [(odd.causes[0], odd)], a_cluster_diagnosis(odd)).commands

    assert "x; rm -rf $HOME" == shlex.split(command)[-1]


def test_a_command_of_kubectl_changes_nothing_in_whatever_cluster_is_current() -> None:
    """The name of the cluster's context is the user's own: a line of the output says so."""
    one = a_diagnosed_csr(Cause.WORKLOAD, csr=a_csr(name="csr-7znmf"))

    without = reported(a_cluster_diagnosis(a_diagnosed_csr(Cause.NOT_APPROVED)))

    for shown, other in zip(reported(a_cluster_diagnosis(one)), without, strict=True):
        assert "kubectl --context CONTEXT delete csr csr-7znmf" in shown
        meaning = "CONTEXT: the name of prod in your kubeconfig (kubectl config get-contexts)."
        assert (True, False) == (meaning in shown, meaning in other)


@pytest.mark.parametrize(
    ("cause", "is_fixed_on_node"), [(Cause.HOST_NAME, True), (Cause.NOT_APPROVED, False)]
)
def test_one_request_in_full_says_how_its_kubelet_asks_again_after_a_fix_on_the_node(
    *, cause: Cause, is_fixed_on_node: bool
) -> None:
    one = a_diagnosed_csr(cause, csr=a_csr(name="csr-7znmf"))
    stream = io.StringIO()

    cluster = a_cluster_diagnosis(one)
    show_sought(Sought(csr="csr-7znmf"), [cluster], Console(file=stream, width=300))

    for words in ("`kubectl --context CONTEXT delete csr csr-7znmf` makes it ask", "CONTEXT: the"):
        assert is_fixed_on_node is (words in stream.getvalue())


def test_the_report_does_not_assess_a_cluster_that_could_not_be_read() -> None:
    unread = ClusterDiagnosis("x", "eu-west-1", "1.31", None, "a problem")

    report = Page(html_report([unread], NOW, "")).text()

    assert ("a problem" in report, "This doesn't prove" in report) == (True, False)


@pytest.mark.parametrize("name", ["--all", "-f", "--server=evil.example:443"])
def test_no_name_in_a_command_is_an_option_of_kubectl(name: str) -> None:
    """Kubernetes accepts any name of a CSR that is a segment of a path."""
    csrs = [
        a_diagnosed_csr(Cause.WORKLOAD, csr=a_csr(name=one)) for one in ("csr-0001", name, "csr-2")
    ]

    [command] = advise(
        Cause.WORKLOAD, [(one.causes[0], one) for one in csrs], a_cluster_diagnosis(*csrs)
    ).commands

    assert command.endswith(f" delete csr -- csr-0001 {name} csr-2")


LIMITED: Final = [
    ("", "prod --region eu-west-1{given} --apply"),
    ("csr-7znmf", "prod csr-7znmf --region eu-west-1{given} --apply"),
    ("$(id)", "prod '$(id)' --region eu-west-1{given} --apply"),
    ("--all", "prod --region eu-west-1{given} --apply -- --all"),
]


@pytest.mark.parametrize(("only", "words"), LIMITED)
def test_the_review_that_is_proposed_is_of_what_was_asked_for(only: str, words: str) -> None:
    """Another request of the cluster may pass, and was not looked at."""
    one = a_diagnosed_csr(Cause.NOT_APPROVED)
    limited = replace(a_cluster_diagnosis(one), only=only)

    [command] = advise(Cause.NOT_APPROVED, [(one.causes[0], one)], limited).commands

    assert f"csr-approver review {words.format(given='')}" == command


@pytest.mark.parametrize(("only", "words"), LIMITED)
def test_a_command_repeats_the_options_that_the_diagnosis_needed(only: str, words: str) -> None:
    """With other credentials or settings the result could be another."""
    one = a_diagnosed_csr(Cause.NOT_APPROVED, Cause.NO_CLUSTER_TAG)
    given = GivenOptions("lab", proxy=True, settings=("ALLOW_OTHER_VPCS=true",))
    limited = replace(a_cluster_diagnosis(one), only=only, given=given)
    options = " --profile lab --proxy --set ALLOW_OTHER_VPCS=true"

    first, second = (advise(each.cause, [(each, one)], limited).commands[0] for each in one.causes)

    assert f"csr-approver review {words.format(given=options)}" == first
    assert second.startswith("aws ec2 create-tags --region eu-west-1 --profile lab --resources ")
    shown = " ".join(reported(limited)[0].split())
    assert f"csr-approver diagnose prod --region eu-west-1{options} --csr csr-7znmf" in shown


@pytest.mark.parametrize(
    "cause", [one for one in Cause if "{instance}" in ADVICE[one].text], ids=lambda one: one.value
)
def test_a_sentence_about_several_instances_is_a_sentence(cause: Cause) -> None:
    csrs = [replace(a_diagnosed_csr(cause), instance_id=f"i-0000000000000000{n}") for n in (1, 2)]

    text = advise(cause, [(c.causes[0], c) for c in csrs], a_cluster_diagnosis(*csrs)).text

    assert "these instances" in text
    assert not re.search(r"these instances (is|has|was)\b", text)


# --- one in full --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option",
    [
        ("--csr", "csr-0001"),
        ("--node", "ip-10-1-0-2.ec2.internal"),
        ("--node", "ip-10-1-0-2"),
        ("--node", "system:node:ip-10-1-0-2.ec2.internal"),
        ("--node", "i-10000000000000001"),
    ],
    ids=lambda option: option[1],
)
def test_one_request_is_shown_in_full(
    cluster: Cluster, runner: CommandRunner, option: tuple[str, str]
) -> None:
    ask(cluster, 1, *STRANGERS)
    cluster.file(2, ips=("10.7.7.7",))

    printed = runner.run("diagnose", "prod", *option, code=1).stdout
    shown = words(printed)

    assert not printed.endswith("\n\n")
    for part in (
        "csr-0001 in prod (us-east-1): needs action",
        "requester system:node:ip-10-1-0-2.ec2.internal",
        "IAM session i-10000000000000001",
        "a review deny",
        "instance i-10000000000000001, running, launched ",
        "addresses 10.1.0.2",
        "10.9.9.9 not the instance's",
        "ip-addresses: address is not the instance's (deny) got 10.9.9.9 expected one of 10.1.0.2",
        "passed: requester-is-node, node-kind, ",
        "What to do names or addresses that aren't the instance's (names-not-on-instance)",
        "EC2 doesn't show 10.9.9.9 on i-10000000000000001: ",
    ):
        assert part in shown
    assert "10.7.7.7" not in shown


def test_one_request_alone_is_in_the_json(cluster: Cluster, runner: CommandRunner) -> None:
    ask(cluster, 1, *STRANGERS)
    cluster.file(2)

    [reported] = runner.json("diagnose", "prod", "--csr", "csr-0001", code=1)["clusters"]

    assert ["csr-0001"] == [one["csr"] for one in reported["csrs"]]
    results = {one["check"]: one["result"] for one in reported["csrs"][0]["checks"]}
    assert ("refused", "passed") == (results["ip-addresses"], results["dns-names"])


def test_checks_without_evidence_compare_nothing(cluster: Cluster, runner: CommandRunner) -> None:
    ask(cluster, 1, tags={})

    csr = only_csr(runner.json("diagnose", "prod", "--set", "VERIFY_NODE_ROLE=false", code=1))

    results = {one["check"]: one["result"] for one in csr["checks"]}
    assert {
        "cluster": "refused",
        "dns-names": "not-compared",
        "node-role": "off",
        "signature": "passed",
    }.items() <= results.items()
    assert "nothing to compare: " in words(
        runner.run("diagnose", "prod", "--csr", "csr-0001", code=1).stdout
    )


def test_after_a_gate_nothing_is_compared(cluster: Cluster, runner: CommandRunner) -> None:
    who = User("alice", "1", ("system:authenticated",), {})
    cluster.seed("csr-1", who, b"not a request", created=cluster.now() - DUE)

    csr = only_csr(runner.json("diagnose", "prod", code=1))

    assert {"requester-is-node": "refused", "request-well-formed": "not-compared"}.items() <= {
        one["check"]: one["result"] for one in csr["checks"]
    }.items()


def test_a_request_that_cannot_be_judged_is_shown_as_far_as_it_is_known(
    cluster: Cluster, runner: CommandRunner, stub: AwsStub
) -> None:
    cluster.file(1, request=b"not a request")
    stub.overrides["DescribeInstances"] = "UnauthorizedOperation"

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-0001", code=3).stdout)

    assert "a review can't judge it now" in shown
    assert "Names that it asks for none that can be read" in shown
    assert "Checks none: the request could not be judged" in shown
    assert "UnauthorizedOperation; get that permission, or use another --profile" in shown


def test_a_role_that_iam_does_not_show_is_unknown_with_the_reason(
    cluster: Cluster, runner: CommandRunner, stub: AwsStub
) -> None:
    stub.overrides["GetInstanceProfile"] = "AccessDenied"
    cluster.file(1)

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-0001", code=3).stdout)

    assert "role unknown: " in shown
    assert "AccessDenied" in shown


def test_of_a_request_with_thousands_of_names_a_hundred_are_shown(
    cluster: Cluster, runner: CommandRunner
) -> None:
    ask(cluster, 1, *(f"10.9.{n // 250}.{n % 250}" for n in range(500)))

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-0001", code=1).stdout)

    assert "and 402 more names; --output json shows all" in shown


def test_an_unknown_account_is_null(cluster: Cluster, runner: CommandRunner, stub: AwsStub) -> None:
    assert cluster
    stub.overrides["GetCallerIdentity"] = ConnectTimeoutError(endpoint_url="https://sts")

    assert runner.json("diagnose", "prod")["account"] is None


def test_a_superseded_request_leads_to_its_successor(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.repeat("csr-0001", ["old"], earlier=timedelta(minutes=3))

    shown = runner.run("diagnose", "prod", "--csr", "old").stdout

    assert "old in prod (us-east-1): superseded" in shown
    assert "csr-approver diagnose prod --region us-east-1 --csr csr-0001" in shown


def test_an_issued_request_needs_no_action(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    runner.run("review", "prod", "--apply")

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-0001").stdout)

    assert "csr-0001 in prod (us-east-1): issued as asked" in shown
    assert "the kubelet hasn't fetched it" in shown


@pytest.mark.parametrize(
    ("node", "looked"),
    [
        ("system:node:ip-10-1-0-9.ec2.internal", "get node -o wide ip-10-1-0-9.ec2.internal "),
        (
            "i-10000000000000009",
            (
                "get nodes -o 'custom-columns=NODE:.metadata.name,INSTANCE:.spec.providerID,"
                "ADDRESSES:.status.addresses[*].address' "
            ),
        ),
    ],
)
def test_a_node_without_a_request_is_looked_up_as_kubectl_names_it(
    cluster: Cluster, runner: CommandRunner, node: str, looked: str
) -> None:
    """`--node` also takes a username and an instance's id, of which kubectl finds no Node."""
    assert cluster

    shown = words(runner.run("diagnose", "prod", "--node", node, code=3).stdout)

    assert f"kubectl --context CONTEXT {looked}" in shown


@pytest.mark.parametrize("option", [("--node", "ip-10-1-0-9.ec2.internal"), ("--csr", "csr-9")])
def test_a_request_that_is_not_listed_is_unknown(
    cluster: Cluster, runner: CommandRunner, option: tuple[str, str]
) -> None:
    cluster.file(1)

    shown = words(runner.run("diagnose", "prod", *option, code=3).stdout)

    assert f"{option[1]} is listed in prod (us-east-1)." in shown
    assert runner.json("diagnose", "prod", *option, code=3)["ready"] is None
    look = "kubectl --context CONTEXT get node -o wide ip-10-1-0-9.ec2.internal CONTEXT: the name "
    assert (look in shown) == (option[0] == "--node")


def test_a_node_that_is_asked_for_is_the_one_that_is_approved(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """The command that is shown approves no other."""
    cluster.file(1)
    cluster.file(2)

    csr = only_csr(runner.json("diagnose", "prod", "--node", "ip-10-1-0-2.ec2.internal", code=1))
    [command] = csr["causes"][0]["commands"]
    runner.run(*shlex.split(command)[1:])

    assert ("Approved", "") == (cluster.decision("csr-0001"), cluster.decision("csr-0002"))


@pytest.mark.parametrize("options", [(), ("--csr", "csr-1"), ("--output", "json")])
def test_a_cluster_that_does_not_exist_is_an_error_on_stderr(
    cluster: Cluster, runner: CommandRunner, options: tuple[str, ...]
) -> None:
    assert cluster

    result = runner.run("diagnose", "nosuch", *options, code=3)

    assert (
        f'csr-approver: EKS has no cluster "nosuch" in us-east-1 (account {ACCOUNT}). '
        "Clusters there: prod.\n"
    ) == result.stderr
    assert ("" == result.stdout) == ("json" not in options)


def test_a_cluster_that_does_not_exist_hides_no_other_and_is_not_forgotten(
    cluster: Cluster, runner: CommandRunner
) -> None:
    assert cluster

    result = runner.run("diagnose", "nosuch", "prod", code=3)

    assert result.stdout.startswith("prod (us-east-1), ")
    assert result.stdout.endswith(
        "\nUnknown: nosuch (us-east-1). Nothing is known to need action.\n"
    )
    assert 'EKS has no cluster "nosuch"' in result.stderr


def test_the_command_that_gives_access_can_be_copied(
    account: Account, runner: CommandRunner
) -> None:
    """It is on lines of its own, and each but the last continues."""
    account.cluster("prod", onboarded=False)
    runner.environment = {"COLUMNS": "60"}

    shown = runner.run("diagnose", "prod", code=3).stdout
    in_full = runner.run("diagnose", "prod", "--node", "x", code=3).stdout

    assert "  csr-approver access prod --region us-east-1 --apply \\\n" in in_full
    assert "ask a cluster\n  administrator to give your role access:\n" in shown
    assert (
        "    csr-approver access prod --region us-east-1 --apply \\\n"
        "      --role-arn YOUR_ROLE_ARN\n"
    ) in shown


def test_where_the_cluster_does_not_answer_the_problem_is_shown(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster("prod", onboarded=False)

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-1", code=3).stdout)

    assert shown.startswith("prod (us-east-1): the API server answered 401")
    assert "is listed in" not in shown


def test_a_request_in_an_unread_part_of_the_list_is_unknown(
    cluster: Cluster, runner: CommandRunner
) -> None:
    unreadable = cluster.get(cluster.file(1))
    unreadable["spec"]["username"] = "\udcff"
    cluster.seed_object(unreadable)

    shown = words(runner.run("diagnose", "prod", "--csr", "csr-0001", code=3).stdout)

    assert "prod (us-east-1): 1 of the listed requests can't be read" in shown


@pytest.mark.parametrize("option", ["--node", "--csr"])
def test_an_empty_name_is_wrong_usage(runner: CommandRunner, option: str) -> None:
    """A script's variable may be empty, which must not select the whole cluster."""
    assert "is empty: give a name" in runner.run("diagnose", option, "", code=2).stderr


def test_a_node_and_a_request_at_once_are_wrong_usage(runner: CommandRunner) -> None:
    assert "--node and --csr: give one of them" in (
        runner.run("diagnose", "--node", "a", "--csr", "b", code=2).stderr
    )


def test_what_others_chose_is_shown_escaped_and_short(
    cluster: Cluster, runner: CommandRunner
) -> None:
    hostile(cluster)

    shown = runner.run("diagnose", "prod", code=1).stdout

    assert shown.replace("\n", "").isprintable()
    assert len(shown) < 30_000


class Page(HTMLParser):
    """What a browser sees of a report: elements with attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert [] == self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def text(self) -> str:
        return " ".join(
            part
            for tag, parts in self.texts.items()
            for part in parts
            if tag not in {"script", "style"}
        )

    def count(self, tag: str) -> int:
        return [name for name, _ in self.tags].count(tag)


@pytest.fixture
def report(tmp_path: Path) -> str:
    return str(tmp_path / "report.html")


def read(report: str) -> Page:
    return Page(Path(report).read_text("ascii"))


def test_the_report_shows_what_the_table_shows(
    account: Account, cluster: Cluster, runner: CommandRunner, report: str
) -> None:
    ask(cluster, 1, *STRANGERS)
    cluster.file(2, age=timedelta(hours=2), known=False)
    _not_onboarded(account)
    account.cluster("fine")

    ended = runner.run("diagnose", "--html", report, code=1)

    assert f"the report is in {report}" in ended.stderr
    seen = read(report)
    assert ["Readiness of EKS clusters"] == seen.texts["h1"]
    for words in (
        "10.9.9.9",
        "not the instance's",
        "ask a cluster administrator to give your role access:",
        "csr-approver access other --region us-east-1 --apply --role-arn YOUR_ROLE_ARN",
        "instance-gone",
    ):
        assert words in seen.text()
    # Clusters that aren't ready come first, expanded; ready ones are collapsed.
    details = [attributes for tag, attributes in seen.tags if tag == "details"]
    assert [("cluster-0", True), ("cluster-1", True), ("cluster-2", False)] == [
        (detail["id"], "open" in detail) for detail in details if "id" in detail
    ]
    assert ["request", "ignored"] == [one["class"] for one in details if "class" in one]
    assert f"AWS account {ACCOUNT}." in seen.text()
    assert f"csr-approver {VERSION}" in seen.text()
    assert ["prod", "other", "fine"] == "".join(seen.texts["h3"]).split()


def test_the_report_loads_nothing_and_runs_nothing_but_its_own(
    cluster: Cluster, runner: CommandRunner, report: str
) -> None:
    cluster.file(1)
    runner.run("diagnose", "--html", report, code=1)

    seen = read(report)
    [policy] = [a["content"] for _, a in seen.tags if a.get("http-equiv")]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert 0 == sum(map(seen.count, ("img", "link", "iframe", "object", "form", "base")))
    assert (1, 1) == (seen.count("script"), seen.count("style"))
    for _, attributes in seen.tags:
        assert not {
            name for name in attributes if name.startswith("on") or name in {"src", "style"}
        }
    links = {a["href"] for tag, a in seen.tags if tag == "a"}
    assert {
        "#content-0",
        "https://docs.aws.amazon.com/eks/latest/userguide/cert-signing.html",
    } == links
    assert "http" not in "".join(seen.texts["script"] + seen.texts["style"])
    assert "url(" not in "".join(seen.texts["style"])


def test_the_report_contains_no_markup_from_requesters(
    cluster: Cluster, runner: CommandRunner, report: str
) -> None:
    hostile(cluster)
    runner.run("diagnose", "--html", report, code=1)

    text = Path(report).read_text("ascii")
    seen = Page(text)

    assert (1, 0, 0) == (seen.count("script"), seen.count("img"), seen.count("b"))
    assert "alert" not in "".join(seen.texts["script"])
    assert "<script>alert(1)</script>" in seen.text()
    assert "\\u202e" in seen.text()
    assert text.replace("\n", "").isprintable()
    assert len(text) < 60_000


def test_the_report_shows_backticks_of_requesters_as_they_are() -> None:
    """What is between ours is code; a requester could make its own text look like advice."""
    who = "mallory`csr-approver review prod --apply`"
    one = a_diagnosed_csr(Cause.PERSON, csr=a_csr(username=who), detail="by `mallory`")

    seen = Page(html_report([a_cluster_diagnosis(one)], NOW, ""))

    assert {"csr-approver request", one.csr.name} == set(seen.texts["code"])
    assert any(f"approve nothing for {who}. " in text for text in seen.texts["p"])


def test_a_fleet_of_requests_is_shown_in_part() -> None:
    many = a_cluster_diagnosis(
        *(a_diagnosed_csr(Cause.NAMES_NOT_ON_INSTANCE, values=("x",) * 8_000) for _ in range(2_000))
    )

    made = html_report([many], NOW, "")

    assert "and 1950 more; --output json shows all" in reported(many)[0]
    assert "And 1800 more; --output json shows all." in Page(made).text()
    assert len(made) < 1_000_000


def reported(diagnosed: ClusterDiagnosis) -> tuple[str, str]:
    """Return what the terminal and the report show of it."""
    stream = io.StringIO()
    show([diagnosed], Console(file=stream, width=300))
    return stream.getvalue(), Page(html_report([diagnosed], NOW, "")).text()


def test_a_long_list_says_how_many_more_items_there_are() -> None:
    names = tuple(RequestedName("IP", f"10.0.0.{n}", NameStatus.NOT_ON_INSTANCE) for n in range(50))
    diagnosed = replace(
        a_diagnosed_csr(Cause.NAMES_NOT_ON_INSTANCE), names=names, age_seconds=7_300.0
    )
    old = tuple((a_csr(name=f"csr-{n}"), "csr-new") for n in range(150))
    terminal, report = reported(
        ClusterDiagnosis(
            "prod", "eu-west-1", "1.31", Diagnosis(a_cluster(), 151, (diagnosed,), old, ())
        )
    )

    assert ("and 38" in terminal, "2 h" in terminal) == (False, True)
    assert ("and 20 more" in report, "and 50 more; --output" in report) == (True, True)


def test_an_unreadable_part_of_the_list_is_reported() -> None:
    diagnosed = ClusterDiagnosis(
        "prod", "eu-west-1", "", Diagnosis(a_cluster(), 1, (), (), ("not read \x1b[31m",))
    )

    for text in reported(diagnosed):
        assert "not read \\x1b[31m" in text
        assert "unknown" in text


def ids(seen: Page) -> Iterator[str]:
    for _, attributes in seen.tags:
        if attributes.get("id"):
            yield str(attributes["id"])


def test_every_link_within_the_report_leads_somewhere_and_headings_step_by_one() -> None:
    clusters = [
        a_cluster_diagnosis(a_diagnosed_csr(Cause.INSTANCE_GONE)),
        ClusterDiagnosis("x", "y", "", None, "a problem"),
    ]
    seen = Page(html_report(clusters, NOW, ""))

    known = list(ids(seen))
    assert sorted(set(known)) == sorted(known)
    links = [str(a["href"])[1:] for tag, a in seen.tags if str(a.get("href")).startswith("#")]
    assert set(links) <= set(known)
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_a_report_that_cannot_be_written_is_an_error(
    cluster: Cluster, runner: CommandRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cluster

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    ended = runner.run("diagnose", "--html", str(tmp_path / "report.html"), code=3)
    assert "No space left on device" in ended.stderr


def test_the_help_shows_an_example(runner: CommandRunner) -> None:
    assert (
        "csr-approver diagnose prod --region eu-west-1" in runner.run("diagnose", "--help").stdout
    )


def test_readiness_is_an_alias(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)

    [by_alias] = runner.json("readiness", "prod", code=1)["clusters"]
    assert ["not-approved"] == causes(by_alias["csrs"][0])


def test_one_run_gives_both_json_and_report(
    cluster: Cluster, runner: CommandRunner, report: str
) -> None:
    cluster.file(1)

    printed = runner.run("diagnose", "--html", report, "--output", "json", code=1).stdout

    assert json.loads(printed)["ready"] is False
    assert 1 == cluster.listings
    assert "needs action" in read(report).text()


def test_instances_of_another_vpc_are_reported(cluster: Cluster, runner: CommandRunner) -> None:
    ask(cluster, 1, vpc_id=f"{VPC}b")

    assert ["other-vpc"] == causes(only_csr(runner.json("diagnose", "prod", code=1)))


@pytest.mark.parametrize("need", [need.value for need in Need if need is not Need.NONE])
def test_each_need_of_the_report_has_a_style(need: str) -> None:
    """The report uses the need's value as the class of a request and of its badge."""
    assert (f"article.{need} {{" in STYLE, f".need.{need} {{" in STYLE) == (True, True)


def test_no_style_of_a_badge_colours_a_whole_group() -> None:
    """A group has its need as its class too, so a rule for that class alone is for both."""
    needs = "|".join(need.value for need in Need)

    assert [] == re.findall(rf"(?:^|[\s,])\.(?:{needs})(?=[\s,])", STYLE)
