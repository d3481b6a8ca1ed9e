"""`csr-approver review`: the flow of the deployed reviewer, at a desk; reads unless told more."""

from datetime import timedelta
from typing import Any

import pytest

from core.model import APPROVED_REASON, KUBELET_SERVING
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.kubernetes import approver_rules
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account, Cluster

STRANGERS = ("10.9.9.9",)


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


def csrs(document: Any) -> dict[str, tuple[str | None, str, bool]]:
    """Verdict, action, and whether it was written, by name."""
    return {
        row["csr"]: (row["verdict"], row["action"], row["written"])
        for signer in document["signers"]
        for row in signer["csrs"]
    }


# --- reading ------------------------------------------------------------------------------------


def test_without_apply_nothing_is_written_and_what_would_be_is_told(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)

    document = runner.json("review", "prod")

    assert {"csr-0001": ("approve", "approved", False)} == csrs(document)
    assert ("approve-only", False) == (document["mode"], document["applied"])
    assert [] == cluster.writes


def test_not_even_enforce_writes_without_apply(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)

    document = runner.json("review", "prod", "--set", "MODE=enforce", code=1)

    assert {
        "csr-0001": ("approve", "approved", False),
        "csr-0002": ("deny", "denied", False),
    } == csrs(document)
    assert [] == cluster.writes


def test_the_table_says_what_would_be_done_and_that_nothing_was(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, age=timedelta(seconds=20))

    shown = runner.run("review", "prod").stdout

    assert "would approve" in shown
    assert "2 listed; 1 would approve; 1 waiting." in shown
    assert "Nothing was written. With --apply, the mode is approve-only." in shown


# --- writing ------------------------------------------------------------------------------------


def test_apply_approves_and_leaves_denials_to_enforce(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)

    document = runner.json("review", "prod", "--apply", code=1)

    assert {
        "csr-0001": ("approve", "approved", True),
        "csr-0002": ("deny", "withheld", False),
    } == csrs(document)
    assert ("Approved", "") == (cluster.decision("csr-0001"), cluster.decision("csr-0002"))


def test_apply_with_enforce_denies(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(2, ips=STRANGERS)

    document = runner.json("review", "prod", "--apply", "--set", "MODE=enforce", code=1)

    assert {"csr-0002": ("deny", "denied", True)} == csrs(document)
    assert "Denied" == cluster.decision("csr-0002")


def test_the_clusters_tag_lowers_the_mode_here_too(account: Account, runner: CommandRunner) -> None:
    cluster = account.cluster(tags={"csr-approver:mode": "shadow"})
    cluster.file(1)

    document = runner.json("review", "prod", "--apply", code=1)

    assert ("shadow", {"csr-0001": ("approve", "withheld", False)}) == (
        document["mode"],
        csrs(document),
    )
    assert [] == cluster.writes
    shown = runner.run("review", "prod", "--apply", code=1).stdout
    assert "What is withheld is not written in the mode shadow." in shown


def test_another_region_is_reviewed_with_its_own_ec2(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster(region="eu-west-1")
    cluster.file(1)

    assert {"csr-0001": ("approve", "approved", True)} == csrs(
        runner.json("review", "prod", "--region", "eu-west-1", "--apply")
    )


# --- exit codes ---------------------------------------------------------------------------------


def test_a_request_that_is_left_is_a_no(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1, known=False)

    shown = runner.run("review", "prod", code=1).stdout

    assert "instance-known: " in shown


def test_a_decision_that_the_cluster_does_not_take_is_a_no(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster(onboarded=False)
    cluster.map_role(account.aws.role_arn, "approver", ["half"])
    cluster.grant("half", approver_rules(KUBELET_SERVING)[:2])
    cluster.file(1)

    document = runner.json("review", "prod", "--apply", code=1)

    assert {"csr-0001": ("approve", "not-written", False)} == csrs(document)
    assert document["signers"][0]["csrs"][0]["detail"].startswith("403: ")


def test_evidence_that_aws_withholds_cannot_be_told(
    cluster: Cluster, stub: AwsStub, runner: CommandRunner
) -> None:
    """It is neither a yes nor a no: the request has no verdict."""
    cluster.file(1)
    stub.instead["DescribeInstances"] = "UnauthorizedOperation"

    document = runner.json("review", "prod", code=3)

    assert {"csr-0001": (None, "undecided", False)} == csrs(document)
    assert "EC2 DescribeInstances: UnauthorizedOperation" in (
        runner.run("review", "prod", code=3).stdout
    )


def test_an_object_that_cannot_be_read_is_a_no(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    odd = cluster.get("csr-0001")
    odd["spec"]["username"] = "\udcff\x1b[31m"
    cluster.seed_object(odd)

    assert (
        "unreadable: csr-0001: spec.username: not UTF-8"
        in runner.run("review", "prod", code=1).stdout
    )


def test_a_list_that_is_not_read_to_its_end_cannot_be_told(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """Who isn't on it waits unseen."""
    for node in range(3):
        cluster.file(node + 1)
    cluster.fault = lambda call, answer: _second_page_lost(call, answer(call))

    document = runner.json("review", "prod", code=3)

    assert document["signers"][0]["truncated"]
    assert "The list was not read to its end: status: 400" in (
        runner.run("review", "prod", code=3).stdout
    )


def _second_page_lost(call: Call, answer: Answer) -> Answer:
    """The first page says that there is more, and the next is refused."""
    if "continue" in call.query:
        return 400, {}
    if call.method == "GET":
        answer[1]["metadata"]["continue"] = "more"
    return answer


def test_what_stops_at_a_gate_is_counted_and_nobodys_trouble(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, age=timedelta(hours=2))

    document = runner.json("review", "prod")

    assert [{"abandoned": 1}] == [one["gated"] for one in document["signers"]]
    assert "1 stopped at a gate (1 abandoned)" in runner.run("review", "prod").stdout


def test_an_approved_request_without_a_certificate_is_a_no(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.stop("signer")
    cluster.file(1)
    runner.run("review", "prod", "--apply")
    stored = cluster.get("csr-0001")
    old = cluster.now() - timedelta(minutes=3)
    stored["status"]["conditions"][0]["lastUpdateTime"] = old.strftime("%Y-%m-%dT%H:%M:%SZ")
    cluster.seed_object(stored)

    document = runner.json("review", "prod", code=1)

    [signer] = document["signers"]
    [finding] = signer["findings"]
    assert ("approved-not-issued", "approve") == (finding["finding"], finding["verdict"])
    assert APPROVED_REASON in finding["detail"]
    assert "approved-not-issued" in runner.run("review", "prod", code=1).stdout


def test_a_cluster_that_is_not_there_cannot_be_told(
    account: Account, runner: CommandRunner
) -> None:
    assert account
    stderr = runner.run("review", "absent", code=3).stderr

    assert 'EKS has no cluster "absent" in us-east-1' in stderr


def test_a_cluster_that_does_not_know_us_cannot_be_told(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster(onboarded=False)

    assert "the cluster must let your role in" in runner.run("review", "prod", code=3).stderr


def test_a_cluster_that_is_gone_quiet_cannot_be_told(
    account: Account, runner: CommandRunner
) -> None:
    account.name_only(["prod"])

    assert "prod in us-east-1: connection: " in runner.run("review", "prod", code=3).stderr


def test_a_cluster_that_is_being_made_cannot_be_told(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.account.change("prod", status="CREATING")

    assert "status: the cluster is CREATING" in runner.run("review", "prod", code=3).stderr


@pytest.mark.parametrize("name", ["prod-*", "../x", "a b", "prod\x1b[31m"])
def test_a_name_that_no_cluster_has_is_wrong_usage(
    account: Account, runner: CommandRunner, name: str
) -> None:
    assert account
    assert "not the name of an EKS cluster" in runner.run("review", name, code=2).stderr


def test_names_that_requesters_chose_are_shown_escaped(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """Neither markup, nor a terminal's codes, nor a line of their own."""
    cluster.file(1, name="csr\n\x1b[31m[bold]x[/bold]")

    shown = runner.run("review", "prod").stdout

    assert "csr\\n\\x1b[31m[bold]x[/bold]" in shown


def test_names_that_requesters_made_long_are_cut(cluster: Cluster, runner: CommandRunner) -> None:
    """Or one of them scrolls all others away: pending, not issued, and unreadable."""
    long = "x" * 300_000
    cluster.file(1, name=f"csr-1-{long}")
    stored = cluster.get(cluster.file(2, name=f"csr-2-{long}"))
    stored["status"]["conditions"] = [{"type": "Approved", "status": "True", "reason": "Odd"}]
    cluster.seed_object(stored)
    odd = cluster.get(cluster.file(3, name=f"csr-3-{long}"))
    odd["spec"]["username"] = "\udcff"
    cluster.seed_object(odd)

    shown = runner.run("review", "prod", code=1).stdout

    assert all(f"csr-{number}-xxx" in shown for number in (1, 2, 3))
    assert len(shown) < 20_000
