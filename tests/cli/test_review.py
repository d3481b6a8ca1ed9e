"""`csr-approver review`: the deployed reviewer's flow on a terminal; writes with --apply only."""

from datetime import timedelta
from typing import Any

import pytest

from core.model import APPROVED_REASON, KUBELET_SERVING
from sandbox.aws import ACCOUNT
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.kubernetes import approver_rules
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account, Cluster

STRANGERS = ("10.9.9.9",)


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


def words(text: str) -> str:
    """Return the text on one line."""
    return " ".join(text.split())


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

    assert {"csr-0001": ("approve", "would-approve", False)} == csrs(document)
    assert ("approve-only", False) == (document["mode"], document["applied"])
    assert [] == cluster.writes


def test_enforce_without_apply_writes_nothing(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)

    document = runner.json("review", "prod", "--set", "MODE=enforce", code=1)

    assert {
        "csr-0001": ("approve", "would-approve", False),
        "csr-0002": ("deny", "would-deny", False),
    } == csrs(document)
    assert [] == cluster.writes


def test_the_table_says_what_would_be_written_and_that_nothing_was(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, age=timedelta(seconds=20))

    shown = runner.run("review", "prod").stdout

    assert "2 listed; 1 would-approve; 1 waiting." in shown
    assert "Nothing was written. --apply would write 1 approval (mode approve-only)." in shown


def test_the_table_counts_denials_and_says_that_withheld_ones_need_another_mode(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, ips=STRANGERS)
    cluster.file(2, ips=STRANGERS)

    withheld = words(runner.run("review", "prod", code=1).stdout)
    denied = words(runner.run("review", "prod", "--set", "MODE=enforce", code=1).stdout)

    assert "Nothing was written. --apply would write nothing (mode approve-only)." in withheld
    assert "Withheld decisions are not written in the mode approve-only." in withheld
    assert "Nothing was written. --apply would write 2 denials (mode enforce)." in denied
    assert "Withheld" not in denied


def test_the_table_fits_80_columns_with_one_line_per_request(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)
    cluster.file(3, age=timedelta(minutes=4), ips=STRANGERS)
    runner.environment = {"COLUMNS": "80"}

    lines = runner.run("review", "prod", code=1).stdout.splitlines()

    assert [
        "  CSR       Node                  Age  Action         Why",
        "  csr-0001  ip-10-1-0-2.ec2.i~  7 min  would-approve",
        "  csr-0002  ip-10-1-0-3.ec2.i~  7 min  deny withheld  ip-addresses: address is ~",
        "  csr-0003  ip-10-1-0-4.ec2.i~  4 min  deny waiting   ip-addresses: address is ~",
    ] == lines[:4]
    assert [] == [line for line in lines if len(line) > 80 or line != line.rstrip()]
    assert [
        "Why, and what to do:",
        "  csr-approver diagnose prod --region us-east-1 --csr csr-0002",
    ] == lines[-2:]


def test_a_hostile_name_takes_no_room_from_the_other_requests(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(2, ips=STRANGERS)
    cluster.file(3, ips=STRANGERS, name="csr-" + "x" * 240)
    runner.environment = {"COLUMNS": "80"}

    lines = runner.run("review", "prod", code=1).stdout.splitlines()

    assert [
        "  CSR                   Node                  Age  Action         Why",
        "  csr-0002              ip-10-1-0-3.ec2.i~  7 min  deny withheld  ip-addresses:~",
        "  csr-xxxxxxxxxxxxxxx~  ip-10-1-0-4.ec2.i~  7 min  deny withheld  ip-addresses:~",
    ] == lines[:3]


def test_the_command_that_explains_a_refusal_repeats_the_options_that_the_review_needed(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """With others it could find another cause, or none."""
    cluster.file(1, ips=STRANGERS, name="$(id)\n")
    given = ["--set", "MODE=enforce", "--set", "allow_other_vpcs=true", "--proxy"]

    lines = runner.run("review", "prod", *given, code=1).stdout.splitlines()

    assert (
        "  csr-approver diagnose prod --region us-east-1 --proxy --set MODE=enforce "
        "--set allow_other_vpcs=true --csr $'$(id)\\x0a'"
    ) == lines[-1]


def test_explain_shows_what_was_got_and_expected_as_plain_lists(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, ips=("10.9.9.9", "10.9.9.8"))

    shown = runner.run("review", "prod", "--explain", code=1).stdout

    assert (
        "csr-0002 (i-10000000000000002): deny\n"
        "  ip-addresses: address is not the instance's (deny)\n"
        "    got 10.9.9.8, 10.9.9.9\n"
        "    expected one of 10.1.0.3\n"
    ) in shown
    assert "csr-0001 (" not in shown


# --- some requests only -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["csr-0002", "ip-10-1-0-3.ec2.internal", "ip-10-1-0-3", "i-10000000000000002"]
)
def test_only_the_named_request_or_node_is_shown_and_written(
    cluster: Cluster, runner: CommandRunner, name: str
) -> None:
    for node in (1, 2, 3):
        cluster.file(node)

    document = runner.json("review", "prod", name, "--apply")

    assert {"csr-0002": ("approve", "approved", True)} == csrs(document)
    assert ["csr-0002"] == cluster.writes
    assert ([name], []) == (document["only"], document["not_listed"])


def test_the_other_requests_remain_evidence(cluster: Cluster, runner: CommandRunner) -> None:
    """A key that another requester uses too is accepted from neither."""
    cluster.file(1)
    stored = cluster.get("csr-0001")
    cluster.file(2)
    other = cluster.get("csr-0002")
    other["spec"]["request"] = stored["spec"]["request"]
    cluster.seed_object(other)

    document = runner.json("review", "prod", "csr-0002", "--apply", code=1)

    [refused] = document["signers"][0]["csrs"]
    assert "key-not-reused" in {one["check"] for one in refused["refusals"]}
    assert [] == cluster.writes


def test_checks_that_say_the_same_are_explained_once(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1, known=False)

    shown = words(runner.run("review", "prod", "--explain", code=1).stdout)

    assert 1 == shown.count("no running instance to compare with (leave)")
    assert "node-name, cluster, node-role, dns-names, ip-addresses: no running" in shown


def test_a_refusal_of_another_request_is_no_failure(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    cluster.file(2, ips=STRANGERS)
    unreadable = cluster.get(cluster.file(3))
    unreadable["spec"]["username"] = "\udcff"
    cluster.seed_object(unreadable)

    runner.run("review", "prod", "csr-0001")
    runner.run("review", "prod", "csr-0003", code=1)


def test_a_name_without_request_is_unknown(cluster: Cluster, runner: CommandRunner) -> None:
    cluster.file(1)

    assert ["csr-9"] == runner.json("review", "prod", "csr-9", "csr-0001", code=3)["not_listed"]
    assert "Not listed: csr-9." in runner.run("review", "prod", "csr-9", code=3).stdout


def test_a_named_request_that_is_not_judged_says_why(
    cluster: Cluster, runner: CommandRunner
) -> None:
    cluster.file(1)
    runner.run("review", "prod", "--apply")
    cluster.file(2, age=timedelta(seconds=20))
    cluster.file(3, age=timedelta(hours=1))

    [signer] = runner.json("review", "prod", "csr-0001", "csr-0002", "csr-0003")["signers"]

    assert [
        {"csr": "csr-0001", "why": "already issued"},
        {"csr": "csr-0002", "why": "no decision is due at an age of 20 s, or it stops at a gate"},
        {"csr": "csr-0003", "why": "no decision is due at an age of 3600 s, or it stops at a gate"},
    ] == [
        one | {"why": one["why"].replace("21 s", "20 s").replace("3601 s", "3600 s")}
        for one in signer["unjudged"]
    ]
    for number, kind in enumerate(("Denied", "Failed")):
        stored = cluster.get(cluster.file(9 + number))
        stored["status"]["conditions"] = [{"type": kind, "status": "True", "reason": "Manual"}]
        cluster.seed_object(stored)
        name = stored["metadata"]["name"]
        assert f"{name}: already {kind.lower()}" in runner.run("review", "prod", name).stdout
    shown = runner.run("review", "prod", "csr-0001").stdout
    assert "csr-0001: already issued" in shown
    assert "1 listed" not in shown


# --- several clusters ---------------------------------------------------------------------------


def test_a_glob_reviews_every_cluster_that_matches_and_one_failure_stops_no_other(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster("prod-a", onboarded=False)
    account.cluster("prod-b").file(1)
    account.cluster("test").file(1)

    document = runner.json("review", "prod-*", "--apply", code=3)

    [reviewed] = document["clusters"]
    assert ("prod-b", {"csr-0001": ("approve", "approved", True)}) == (
        reviewed["cluster"],
        csrs(reviewed),
    )
    stderr = runner.run("review", "prod-*", code=3).stderr
    assert "csr-approver: prod-a in us-east-1: the API server answered 401" in stderr


def test_a_blank_line_separates_the_clusters_of_a_glob(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster("prod-a")
    account.cluster("prod-b").file(1)

    shown = runner.run("review", "prod-*").stdout

    assert "(mode approve-only).\n\n  CSR  " in shown
    assert not shown.startswith("\n")


def test_an_arn_names_the_cluster_and_its_region(account: Account, runner: CommandRunner) -> None:
    account.cluster("prod", region="eu-west-1").file(1)

    document = runner.json("review", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod")

    assert ("eu-west-1", {"csr-0001": ("approve", "would-approve", False)}) == (
        document["region"],
        csrs(document),
    )


# --- writing ------------------------------------------------------------------------------------


def test_after_approvals_the_command_that_shows_what_eks_issued_is_printed(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """To approve isn't the end: the node works once EKS has issued its certificate."""
    cluster.file(1)
    look = (
        "See in a minute whether EKS has issued what was approved:\n"
        "  csr-approver diagnose prod --region us-east-1\n"
    )

    assert look not in runner.run("review", "prod").stdout
    assert runner.run("review", "prod", "--apply").stdout.endswith(look)
    assert look not in runner.run("review", "prod", "--apply").stdout


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

    assert "instance-known (+5): instance unknown" in shown


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
    shown = words(runner.run("review", "prod", code=3).stdout)
    problem = "not judged: EC2 DescribeInstances: UnauthorizedOperation"
    assert f"{problem}; get that permission, or use another --profile" in shown
    stub.overrides["DescribeInstances"] = "RequestLimitExceeded"
    shown = words(runner.run("review", "prod", code=3).stdout)
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
    shown = runner.run("review", "prod", code=1).stdout
    assert "  csr-0001  ip-10-1-0-2.ec2.internal  approved-not-issued  approved " in shown
    assert shown.endswith("  csr-approver diagnose prod --region us-east-1 --csr csr-0001\n")


def test_a_missing_cluster_exits_3(account: Account, runner: CommandRunner) -> None:
    assert account
    stderr = runner.run("review", "absent", code=3).stderr

    assert 'EKS has no cluster "absent" in us-east-1' in stderr


def test_a_cluster_that_rejects_our_credentials_exits_3(
    account: Account, runner: CommandRunner
) -> None:
    account.cluster(onboarded=False)

    assert (
        "ask a cluster administrator to give your role access: csr-approver access prod"
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


@pytest.mark.parametrize("name", ["../x", "a b", "prod\x1b31m"])
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
