"""When it is an error that a cluster refuses the approver or can't be reached (REQUIRE_ACCESS)."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.handlers.account import GROUP, Account
from tests.handlers.lambdas import Lambdas

#: The alarm of the stack that fires too, because the cluster is the only one.
ONLY_CLUSTER = {"stack-shut-out"}

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
    """The refusal is counted for the cluster, too, and fires one alarm of the cluster."""
    lambdas.settings(**settings)
    account.cluster(tags=tags, onboarded=False)

    lambdas.review()

    [line] = lambdas.lines_with("cluster not onboarded")
    assert (line["level"], line["required"]) == ("WARNING", why)
    assert lambdas.metrics() == Counter(NotOnboarded=1, Ended=1)
    assert lambdas.of_clusters() == Counter(NotOnboarded=1)
    assert lambdas.alarms() - ONLY_CLUSTER == {"shut-out"}


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
    assert lambdas.metrics() == Counter(Unreachable=1, Ended=1)
    assert lambdas.of_clusters() == Counter(Unreachable=1)
    assert lambdas.alarms() - ONLY_CLUSTER == {"unreachable"}


@pytest.mark.parametrize(
    "settings", [{}, {"REQUIRE_ACCESS": "none", "CLUSTER_NAMES": "prod"}], ids=["all", "none"]
)
def test_without_required_access_neither_is_an_error(
    account: Account, lambdas: Lambdas, settings: Settings
) -> None:
    """A fleet is onboarded over weeks, beside a cluster that is reviewed."""
    lambdas.settings(**settings)
    account.cluster(onboarded=False)
    lambdas.review()
    account.restrict("prod", public=False)
    lambdas.review()

    assert lambdas.metrics() == Counter(NotOnboarded=1, Unreachable=1, Ended=2)
    assert lambdas.of_clusters() == Counter()
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
    assert lambdas.of_clusters() == Counter(NotOnboarded=1)


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


@pytest.mark.parametrize("public", [True, False], ids=["refuses", "unreachable"])
def test_a_cluster_that_was_created_within_the_hour_may_lack_access(
    account: Account, lambdas: Lambdas, *, public: bool
) -> None:
    """No alarm fires even if it is the only cluster; after the hour one does."""
    lambdas.settings(CLUSTER_NAMES="prod")
    account.cluster(onboarded=False)
    account.change("prod", created_at=datetime.now(UTC))
    account.restrict("prod", "0.0.0.0/0", public=public)
    lambdas.set_clock_ahead(timedelta(minutes=59))
    lambdas.review()

    assert lambdas.metrics() == Counter(Skipped=1, Ended=1)
    assert lambdas.of_clusters() == Counter()
    [line] = lambdas.lines_with("cluster not onboarded" if public else "cluster unreachable")
    assert line["level"] == "INFO"
    assert lambdas.alarms() == set()

    lambdas.discard_output()
    lambdas.set_clock_ahead(timedelta(minutes=61))
    lambdas.review()

    assert lambdas.of_clusters() == Counter(**{"NotOnboarded" if public else "Unreachable": 1})


@pytest.mark.parametrize("created", [None, timedelta(days=1)], ids=["unknown", "in-the-future"])
def test_a_cluster_whose_age_isn_t_known_counts_as_old(
    account: Account, lambdas: Lambdas, created: timedelta | None
) -> None:
    """If it counted as new, a cluster that refuses would never be an error."""
    lambdas.settings(CLUSTER_NAMES="prod")
    account.cluster(onboarded=False)
    account.change("prod", created_at=created and datetime.now(UTC) + created)

    lambdas.review()

    assert lambdas.of_clusters() == Counter(NotOnboarded=1)


def test_a_new_cluster_that_has_let_us_in_may_not_refuse(
    account: Account, lambdas: Lambdas
) -> None:
    """Its access entry must have been deleted, so the refusal is an error."""
    cluster = account.cluster()
    account.change("prod", created_at=datetime.now(UTC))
    lambdas.review()
    cluster.revoke(GROUP)
    lambdas.discard_output()

    lambdas.review()

    assert lambdas.of_clusters() == Counter(NotOnboarded=1)


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
    assert lambdas.of_clusters()["ReviewErrors"] == 0
