"""Clusters that are switched off by a tag: excluded, counted, and never unnoticed."""

import json
from datetime import timedelta

import pytest

from sandbox.aws import HOME
from tests.handlers.account import Account, assigned
from tests.handlers.lambdas import Lambdas

TAG = "csr-approver:mode"
OFF = {TAG: "off"}


def dispatch_undescribed(lambdas: Lambdas) -> None:
    """Run the dispatcher while EKS describes no cluster."""
    lambdas.calls.refuse("DescribeCluster")
    lambdas.dispatch()
    lambdas.calls.heal()


def test_it_is_not_assigned_but_counted_and_named(account: Account, lambdas: Lambdas) -> None:
    """An operator excludes one cluster of a stack that serves all, and no alarm fires."""
    account.cluster("prod")
    account.name_only(["dev"], HOME, **OFF)

    lambdas.minute(account.queue_url)

    [line] = lambdas.lines_with("clusters dispatched")
    assert (line["expected"], line["off"], line["clusters_off"]) == (1, 1, [f"{HOME}/dev"])
    totals = lambdas.metrics()
    assert (totals["Off"], totals["Completed"], totals["Skipped"]) == (1, 1, 0)
    assert lambdas.of_clusters()["UnexpectedlyOff"] == 0
    assert lambdas.alarms() == set()


@pytest.mark.parametrize(
    "settings",
    [{"CLUSTER_NAMES": "prod"}, {"CLUSTER_NAMES": "*,pr?d"}, {"CLUSTER_TAG": TAG}],
    ids=["name", "glob", "tag"],
)
def test_off_on_a_cluster_that_is_selected_fires_an_alarm(
    account: Account, lambdas: Lambdas, settings: dict[str, str]
) -> None:
    """Two settings contradict each other, and the tag is the one that others may change."""
    lambdas.settings(**settings)
    account.name_only(["prod"], HOME, **OFF)

    lambdas.dispatch()

    assert assigned(account) == []
    assert lambdas.of_clusters()["UnexpectedlyOff"] == 1
    [line] = lambdas.lines_with("cluster unexpectedly off")
    assert (line["level"], line["cluster"], line["region"]) == ("WARNING", "prod", HOME)
    assert "CLUSTER_NAMES or CLUSTER_TAG selects it" in line["reason"]
    assert "unexpectedly-off" in lambdas.alarms()


def test_switching_off_a_reviewed_cluster_is_noticed_for_an_hour(
    account: Account, lambdas: Lambdas
) -> None:
    """No one may end a cluster's reviews, and so its alarms, without a notification."""
    account.name_only(["prod"])
    lambdas.dispatch()
    account.change("prod", tags=OFF)
    lambdas.discard_output()

    for minutes in (15, 74, 75):
        lambdas.set_clock_ahead(timedelta(minutes=minutes))
        lambdas.dispatch()

    assert lambdas.of_clusters()["UnexpectedlyOff"] == 2
    line = lambdas.lines_with("cluster unexpectedly off")[0]
    assert line["reason"] == "a tag has ended its reviews within the last hour: off"


def test_taking_a_clusters_selecting_tag_away_is_noticed(
    account: Account, lambdas: Lambdas
) -> None:
    """Without the alarm, the cluster's reviews would end in silence."""
    lambdas.settings(CLUSTER_TAG="team")
    account.name_only(["prod", "dev"], HOME, team="x")
    lambdas.dispatch()
    account.change("prod", tags={})
    lambdas.discard_output()

    lambdas.set_clock_ahead(timedelta(minutes=15))
    lambdas.dispatch()

    [line] = lambdas.lines_with("cluster unexpectedly off")
    assert (line["cluster"], line["reason"]) == (
        "prod",
        "a tag has ended its reviews within the last hour: not selected",
    )
    assert "unexpectedly-off" in lambdas.alarms()


def test_a_cluster_that_is_deleted_is_not_noticed(account: Account, lambdas: Lambdas) -> None:
    """No tag has ended its reviews."""
    account.name_only(["prod"])
    lambdas.dispatch()
    account.change("prod", status="DELETING", tags=OFF)

    lambdas.set_clock_ahead(timedelta(minutes=15))
    lambdas.dispatch()

    assert lambdas.of_clusters()["UnexpectedlyOff"] == 0


def test_the_reviewer_skips_a_cluster_that_is_off(account: Account, lambdas: Lambdas) -> None:
    """The dispatcher assigns a cluster that it can't describe, so the reviewer checks it, too."""
    cluster = account.cluster(tags=OFF)
    dispatch_undescribed(lambdas)
    [record] = account.aws.receive(account.queue_url)
    assert json.loads(record["body"])["cluster"] == "prod"

    lambdas.review_records([record])

    assert cluster.calls == []
    assert (lambdas.metrics()["Skipped"], lambdas.of_clusters()["UnexpectedlyOff"]) == (1, 0)


def test_the_reviewer_notices_it_on_a_selected_cluster(account: Account, lambdas: Lambdas) -> None:
    """Keeping the dispatcher from describing the cluster silences no alarm."""
    lambdas.settings(CLUSTER_NAMES="prod")
    account.cluster(tags=OFF)
    dispatch_undescribed(lambdas)
    assert lambdas.of_clusters()["UnexpectedlyOff"] == 0

    lambdas.review()

    assert lambdas.of_clusters()["UnexpectedlyOff"] == 1
    assert "unexpectedly-off" in lambdas.alarms()


@pytest.mark.parametrize(
    ("settings", "tags", "reason"),
    [
        ({}, OFF, "switched off by its tag csr-approver:mode"),
        ({"CLUSTER_TAG": "team"}, {}, "not selected by CLUSTER_TAG"),
    ],
    ids=["off", "not selected"],
)
def test_the_reviewer_notices_that_a_tag_ends_reviews_that_are_still_assigned(
    account: Account, lambdas: Lambdas, settings: dict[str, str], tags: dict[str, str], reason: str
) -> None:
    """Tags that are put right whenever the dispatcher reads them end no reviews unnoticed."""
    lambdas.settings(**settings)
    account.cluster(tags={"team": "x"})
    lambdas.review()
    account.change("prod", tags=tags)
    lambdas.discard_output()

    lambdas.set_clock_ahead(timedelta(minutes=15))
    lambdas.review()

    off = lambdas.of_clusters()["UnexpectedlyOff"]
    assert (lambdas.metrics()["Skipped"], off) == (1, 1)
    [line] = lambdas.lines_with("cluster unexpectedly off")
    assert line["reason"] == f"a tag has ended its reviews: {reason}"


class TestNothingSelected:
    """There are clusters, and none is expected."""

    @pytest.mark.parametrize(
        "settings",
        [{"CLUSTER_NAMES": "prd"}, {"CLUSTER_TAG": "team=y"}],
        ids=["name", "tag"],
    )
    def test_a_selection_that_matches_nothing_fires_an_alarm(
        self, account: Account, lambdas: Lambdas, settings: dict[str, str]
    ) -> None:
        """A selection that matches nothing may be mistyped, and would look as if all were well."""
        lambdas.settings(**settings)
        account.name_only(["prod"], HOME, team="x")

        lambdas.dispatch()

        assert lambdas.metrics()["NothingSelected"] == 1
        assert lambdas.alarms() == {"nothing-selected"}

    def test_all_clusters_off_fire_it_as_well(self, account: Account, lambdas: Lambdas) -> None:
        """Whatever the reason, nothing is reviewed."""
        account.name_only(["prod"], HOME, **OFF)

        lambdas.dispatch()

        assert lambdas.alarms() == {"nothing-selected"}

    @pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED"])
    def test_a_cluster_without_an_api_does_not(
        self, account: Account, lambdas: Lambdas, status: str
    ) -> None:
        """A cluster without an API is selected, and will be reviewed when it is ready."""
        account.name_only(["prod"])
        account.change("prod", status=status)

        lambdas.dispatch()

        assert lambdas.alarms() == set()

    def test_an_account_without_clusters_does_not(self, lambdas: Lambdas) -> None:
        """There is nothing to select."""
        lambdas.dispatch()

        assert lambdas.alarms() == set()
