"""`csr-approver review`: the deployed reviewer's flow on a terminal; writes with --apply only."""

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
    """Return verdict, action, and whether it was written, by name."""
    return {
        row["csr"]: (row["verdict"], row["action"], row["written"])
        for signer in document["signers"]
        for row in signer["csrs"]
    }


# --- reading ------------------------------------------------------------------------------------


def test_without_apply_the_actions_are_shown_and_not_written(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)

    document = runner.json("review", "prod")

    assert {"csr-0001": ("approve", "approved", False)} == csrs(document)
    assert ("approve-only", False) == (document["mode"], document["applied"])
    assert [] == cluster.writes


def test_enforce_without_apply_writes_nothing(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)

    document = runner.json("review", "prod", "--set", "MODE=enforce", code=1)

    assert {
        "csr-0001": ("approve", "approved", False),
        "csr-0002": ("deny", "denied", False),
    } == csrs(document)
    assert [] == cluster.writes


def test_the_table_says_what_would_be_written_and_that_nothing_was(
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


def test_the_clusters_tag_lowers_the_mode_of_the_command_too(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster(tags={"csr-approver:mode": "shadow"})
    cluster.file(1)

    document = runner.json("review", "prod", "--apply", code=1)

    assert ("shadow", {"csr-0001": ("approve", "withheld", False)}) == (
        document["mode"],
        csrs(document),
    )
    assert [] == cluster.writes
    shown = runner.run("review", "prod", "--apply", code=1).stdout
    assert "Withheld decisions are not written in the mode shadow." in shown


def test_another_region_is_reviewed_with_its_own_ec2(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster(region="eu-west-1")
    cluster.file(1)

    assert {"csr-0001": ("approve", "approved", True)} == csrs(
        runner.json("review", "prod", "--region", "eu-west-1", "--apply")
    )


# --- exit codes ---------------------------------------------------------------------------------


def test_a_request_that_is_left_exits_1(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1, known=False)

    shown = runner.run("review", "prod", code=1).stdout

    assert "instance-known: " in shown


def test_a_decision_that_the_cluster_rejects_exits_1(
    account: Account, runner: CommandRunner
) -> None:
    cluster = account.cluster(onboarded=False)
    cluster.map_role(account.aws.role_arn, "approver", ["half"])
    cluster.grant("half", approver_rules(KUBELET_SERVING)[:2])
    cluster.file(1)

    document = runner.json("review", "prod", "--apply", code=1)

    assert {"csr-0001": ("approve", "not-written", False)} == csrs(document)
    assert document["signers"][0]["csrs"][0]["detail"].startswith("403: ")
    shown = runner.run("review", "prod", "--apply", code=1).stdout
    assert "the API server answered 403: " in shown


def test_unavailable_evidence_exits_3(
    cluster: Cluster, stub: AwsStub, runner: CommandRunner
) -> None:
    """The request has no verdict."""
    cluster.file(1)
    stub.overrides["DescribeInstances"] = "UnauthorizedOperation"

    document = runner.json("review", "prod", code=3)

    assert {"csr-0001": (None, "undecided", False)} == csrs(document)
    shown = runner.run("review", "prod", code=3).stdout
    problem = "not judged: EC2 DescribeInstances: UnauthorizedOperation"
    assert f"{problem}; get that permission, or use another --profile" in shown
    stub.overrides["DescribeInstances"] = "RequestLimitExceeded"
    shown = runner.run("review", "prod", code=3).stdout
    assert "not judged: EC2 DescribeInstances: RequestLimitExceeded; run this again" in shown


def test_an_unreadable_object_exits_1(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    unreadable = cluster.get("csr-0001")
    unreadable["spec"]["username"] = "\udcff\x1b[31m"
    cluster.seed_object(unreadable)

    assert (
        "unreadable: csr-0001: spec.username: not UTF-8"
        in runner.run("review", "prod", code=1).stdout
    )


def test_a_truncated_list_exits_3(cluster: Cluster, runner: CommandRunner) -> None:
    """CSRs that aren't on it may be waiting."""
    for node in range(3):
        cluster.file(node + 1)
    cluster.fault = lambda call, answer: _second_page_lost(call, answer(call))

    document = runner.json("review", "prod", code=3)

    assert document["signers"][0]["truncated"]
    assert "The list was not read to its end: the API server answered 400" in (
        runner.run("review", "prod", code=3).stdout
    )


def _second_page_lost(call: Call, answer: Answer) -> Answer:
    """Let the first page say that there is another, and refuse that one."""
    if "continue" in call.query:
        return 400, {}
    if call.method == "GET":
        answer[1]["metadata"]["continue"] = "more"
    return answer


def test_a_request_that_stops_at_a_gate_is_counted_and_needs_no_action(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, age=timedelta(hours=2))

    document = runner.json("review", "prod")

    assert [{"abandoned": 1}] == [signer["gated"] for signer in document["signers"]]
    assert "1 stopped at a gate (1 abandoned)" in runner.run("review", "prod").stdout


def test_an_approved_request_without_a_certificate_exits_1(
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


def test_a_missing_cluster_exits_3(account: Account, runner: CommandRunner) -> None:
    assert account
    stderr = runner.run("review", "absent", code=3).stderr

    assert 'EKS has no cluster "absent" in us-east-1' in stderr


def test_a_cluster_that_rejects_our_credentials_exits_3(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster(onboarded=False)

    assert (
        "create an access entry for your own role: csr-approver access prod"
        in runner.run("review", "prod", code=3).stderr
    )


def test_a_cluster_that_does_not_answer_exits_3(account: Account, runner: CommandRunner) -> None:
    account.name_only(["prod"])

    assert (
        "prod in us-east-1: the API server can't be reached: "
        in runner.run("review", "prod", code=3).stderr
    )


def test_a_cluster_that_is_being_created_exits_3(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.account.change("prod", status="CREATING")

    assert (
        "prod in us-east-1: the cluster is CREATING; wait"
        in runner.run("review", "prod", code=3).stderr
    )


@pytest.mark.parametrize("name", ["prod-*", "../x", "a b", "prod\x1b[31m"])
def test_a_name_that_no_cluster_has_is_wrong_usage(
    account: Account, runner: CommandRunner, name: str
) -> None:
    assert account
    assert "not the name of an EKS cluster" in runner.run("review", name, code=2).stderr


def test_names_that_requesters_chose_are_shown_escaped(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """A requester's names are shown without markup, terminal codes and line ends."""
    cluster.file(1, name="csr\n\x1b[31m[bold]x[/bold]")

    shown = runner.run("review", "prod").stdout

    assert "csr\\n\\x1b[31m[bold]x[/bold]" in shown


def test_long_names_that_requesters_chose_are_truncated(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """An untruncated name would scroll all others away: pending, not issued, and unreadable."""
    long = "x" * 300_000
    cluster.file(1, name=f"csr-1-{long}")
    stored = cluster.get(cluster.file(2, name=f"csr-2-{long}"))
    stored["status"]["conditions"] = [{"type": "Approved", "status": "True", "reason": "Manual"}]
    cluster.seed_object(stored)
    unreadable = cluster.get(cluster.file(3, name=f"csr-3-{long}"))
    unreadable["spec"]["username"] = "\udcff"
    cluster.seed_object(unreadable)

    shown = runner.run("review", "prod", code=1).stdout

    assert all(f"csr-{number}-xxx" in shown for number in (1, 2, 3))
    assert len(shown) < 20_000
