"""AWS doesn't answer, or not for all: without evidence nothing is approved and nothing denied.

The log has the cause, a metric counts it, and the next run that gets the evidence decides.
"""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.aws import HOME
from tests.handlers.account import Account
from tests.handlers.lambdas import Invocation, Lambdas

pytestmark = pytest.mark.usefixtures("enforcing")


def test_without_access_to_ec2_no_csr_is_decided(account: Account, lambdas: Lambdas) -> None:
    """Without evidence there is no verdict, whatever a CSR requests."""
    cluster = account.cluster()
    good, bad = cluster.file(1), cluster.file(2, ips=("10.9.9.9",))
    lambdas.calls.refuse("DescribeInstances", "UnauthorizedOperation")

    lambdas.review()

    assert lambdas.actions() == {good: "undecided", bad: "undecided"}
    for line in lambdas.lines_with("csr reviewed"):
        assert line["problem"].endswith("EC2 DescribeInstances: UnauthorizedOperation")
    assert lambdas.metrics()["EvidenceUnavailable"] == 2
    assert cluster.writes == []
    lambdas.calls.heal()
    lambdas.review()
    assert ["Approved", "Denied"] == [cluster.decision(csr) for csr in (good, bad)]


def test_without_access_to_ec2_in_one_region_the_others_are_served(
    account: Account, lambdas: Lambdas
) -> None:
    """The CSRs of a cluster in another Region are decided as usual."""
    lambdas.settings(REGIONS=f"{HOME},eu-west-1")
    here, there = account.cluster("prod"), account.cluster("prod", "eu-west-1")
    here.file(1)
    there.file(1)
    lambdas.calls.refuse("DescribeInstances", "UnauthorizedOperation", "eu-west-1")

    lambdas.review("prod", "eu-west-1")
    lambdas.review("prod", HOME)

    assert ["Approved", ""] == [cluster.decision("csr-0001") for cluster in (here, there)]


def test_without_access_to_iam_a_csr_is_left(account: Account, lambdas: Lambdas) -> None:
    """The instance's role is unknown, so its CSR is left for lack of evidence.

    So is one with another node's address; a CSR that is proven false without IAM is denied.
    """
    cluster = account.cluster()
    good, foreign = cluster.file(1), cluster.file(3, ips=("10.9.9.9",))
    bad = cluster.file(2, ips=("127.0.0.1",))
    lambdas.calls.refuse("GetInstanceProfile")

    lambdas.review()

    assert lambdas.actions() == {good: "left", foreign: "left", bad: "denied"}
    line = next(entry for entry in lambdas.lines_with("csr reviewed") if entry["csr"] == good)
    assert line["role_unknown"] == "IAM GetInstanceProfile: AccessDenied"
    assert lambdas.metrics()["EvidenceUnavailable"] == 3
    assert cluster.writes == [bad]
    lambdas.calls.heal()
    lambdas.review()
    assert cluster.decision(good) == "Approved"


def test_if_a_page_of_ec2_fails_no_instance_is_evidence(account: Account, lambdas: Lambdas) -> None:
    """Half an answer is none: an instance that isn't on the first page may exist."""
    cluster = account.cluster()
    names = [cluster.file(node) for node in range(6)]
    pages = iter([None, "InternalError"])

    def by_fives(call: Any) -> str | None:
        call["body"]["MaxResults"] = 5
        return next(pages)

    lambdas.calls.override("DescribeInstances", by_fives)

    lambdas.review()

    assert lambdas.calls.count("DescribeInstances") == 2
    assert set(lambdas.actions().values()) == {"undecided"}
    assert cluster.writes == []
    lambdas.calls.heal()
    lambdas.review()
    assert cluster.writes == names


def test_of_a_hundred_csrs_only_that_of_an_unknown_instance_is_left(
    account: Account, lambdas: Lambdas
) -> None:
    """Ninety-nine are approved; the one that EC2 doesn't show is left, not denied."""
    cluster = account.cluster()
    known = [cluster.file(node) for node in range(1, 100)]
    unknown = cluster.file(100, known=False)

    lambdas.review()

    assert cluster.writes == known
    line = next(entry for entry in lambdas.lines_with("csr reviewed") if entry["csr"] == unknown)
    assert (line["action"], line["refusals"][0]["check"]) == ("left", "instance-known")
    assert lambdas.metrics()["Left"] == 1
    cluster.launch(100)
    lambdas.review()
    assert cluster.decision(unknown) == "Approved"


def test_an_unreadable_instance_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """One instance's description is unreadable; the other instance's CSR is approved."""
    cluster = account.cluster()
    good, broken = cluster.file(1), cluster.file(2)
    machine = cluster.launch(2)
    account.aws.add_machine(replace(machine, enis=(replace(machine.enis[0], ip="10.1.0"),)))

    lambdas.review()

    assert lambdas.actions() == {good: "approved", broken: "undecided"}
    assert lambdas.metrics()["EvidenceUnavailable"] == 1
    account.aws.add_machine(machine)
    lambdas.review()
    assert cluster.decision(broken) == "Approved"


def test_without_time_ec2_is_not_asked(account: Account, lambdas: Lambdas) -> None:
    """Without time EC2 isn't asked, and nothing is guessed; the next run asks."""
    cluster = account.cluster()
    csr = cluster.file(1)

    lambdas.review(invocation=Invocation(seconds=10))

    assert lambdas.calls.count("DescribeInstances") == 0
    [totals] = lambdas.lines_with("cluster reviewed")
    assert totals["not_judged"] == {"deferred": 1}
    assert lambdas.metrics()["Pending"] == 1
    assert cluster.writes == []
    lambdas.review()
    assert cluster.decision(csr) == "Approved"
