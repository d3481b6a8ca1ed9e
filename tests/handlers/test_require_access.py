"""When it is an error that a cluster refuses the approver or can't be reached (REQUIRE_ACCESS)."""

from datetime import timedelta

import pytest

from tests.handlers.account import GROUP, Account
from tests.handlers.lambdas import Lambdas

SELECTED = "selected by CLUSTER_NAMES or CLUSTER_TAG"

Settings = dict[str, str]
Tags = dict[str, str]

REQUIRED: tuple[tuple[Settings, Tags, str], ...] = (
    ({"CLUSTER_NAMES": "prod"}, {}, SELECTED),
    ({"CLUSTER_TAG": "team"}, {"team": "x"}, SELECTED),
    ({}, {"csr-approver:mode": "shadow"}, "tagged csr-approver:mode"),
    ({"REQUIRE_ACCESS": "all"}, {}, "REQUIRE_ACCESS=all"),
)


@pytest.mark.parametrize(("settings", "tags", "why"), REQUIRED)
def test_a_required_cluster_that_refuses_is_an_error(
    account: Account, lambdas: Lambdas, settings: Settings, tags: Tags, why: str
) -> None:
    """The alarm fires while other clusters are reviewed, and the cluster counts as NotOnboarded."""
    lambdas.settings(**settings)
    account.cluster(tags=tags, onboarded=False)

    lambdas.review()

    [line] = lambdas.lines_with("cluster not onboarded")
    assert (line["level"], line["required"]) == ("WARNING", why)
    totals = lambdas.metrics()
    assert (totals["NotOnboarded"], totals["ReviewErrors"], totals["Unreachable"]) == (1, 1, 0)
    assert "ReviewErrorsAlarm" in lambdas.alarms()


@pytest.mark.parametrize(("settings", "tags", "why"), REQUIRED)
def test_a_required_cluster_that_cannot_be_reached_is_an_error(
    account: Account, lambdas: Lambdas, settings: Settings, tags: Tags, why: str
) -> None:
    """The line has the fix, too."""
    lambdas.settings(**settings)
    account.cluster(tags=tags)
    account.restrict("prod", public=False)

    lambdas.review()

    [line] = lambdas.lines_with("cluster unreachable")
    assert (line["level"], line["required"], line["cause"]) == ("WARNING", why, "private")
    totals = lambdas.metrics()
    assert (totals["NotOnboarded"], totals["ReviewErrors"], totals["Unreachable"]) == (0, 1, 1)
    assert "ReviewErrorsAlarm" in lambdas.alarms()


@pytest.mark.parametrize(
    "settings", [{}, {"REQUIRE_ACCESS": "none", "CLUSTER_NAMES": "prod"}], ids=["all", "none"]
)
def test_without_that_neither_is_an_error(
    account: Account, lambdas: Lambdas, settings: Settings
) -> None:
    """A fleet is onboarded over weeks, beside a cluster that is reviewed."""
    lambdas.settings(**settings)
    account.cluster(onboarded=False)
    lambdas.review()
    account.restrict("prod", public=False)
    lambdas.review()

    totals = lambdas.metrics()
    assert (totals["NotOnboarded"], totals["Unreachable"], totals["ReviewErrors"]) == (1, 1, 0)
    assert {line["level"] for line in lambdas.lines} == {"INFO"}


@pytest.mark.parametrize("require", ["selected", "all", "none"])
def test_a_cluster_that_was_listed_before_and_refuses_now_is_an_error(
    account: Account, lambdas: Lambdas, require: str
) -> None:
    """Whatever is set: a lost access entry fires an alarm while another cluster works."""
    lambdas.settings(REQUIRE_ACCESS=require)
    cluster = account.cluster()
    lambdas.review()
    cluster.revoke(GROUP)
    lambdas.discard_output()

    lambdas.review()

    [line] = lambdas.lines_with("cluster not onboarded")
    assert (line["level"], line["cause"]) == ("WARNING", "forbidden")
    assert line["required"] == "this environment has listed its requests before"
    assert (lambdas.metrics()["NotOnboarded"], lambdas.metrics()["ReviewErrors"]) == (1, 1)


def test_a_cluster_that_was_listed_before_and_is_private_now_is_an_error(
    account: Account, lambdas: Lambdas
) -> None:
    """No one can end a cluster's reviews by closing its endpoint, without an alarm."""
    account.cluster()
    lambdas.review()
    lambdas.discard_output()
    account.restrict("prod", public=False)

    lambdas.set_clock_ahead(timedelta(minutes=15))
    lambdas.review()

    [line] = lambdas.lines_with("cluster unreachable")
    assert line["required"] == "this environment has listed its requests before"


def test_a_new_cluster_of_the_same_name_may_refuse(account: Account, lambdas: Lambdas) -> None:
    """A cluster with another endpoint isn't the one that was listed."""
    account.cluster()
    lambdas.review()
    account.remove_clusters()
    lambdas.discard_output()
    account.cluster(onboarded=False)

    lambdas.review()  # the old endpoint is gone, and EKS describes another one
    lambdas.discard_output()
    lambdas.review()

    assert lambdas.metrics()["NotOnboarded"] == 1
    assert lambdas.metrics()["ReviewErrors"] == 0
