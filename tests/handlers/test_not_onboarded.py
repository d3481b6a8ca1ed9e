"""A fleet that is onboarded cluster by cluster: no alarm fires for those without access."""

import logging

import pytest

from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas

#: More than SQS takes in one call.
CLUSTERS = 12
NEW = [f"new-{number:02}" for number in range(CLUSTERS - 1)]


@pytest.fixture
def prod(account: Account) -> Cluster:
    """Return the one cluster with access for the approver, and two valid CSRs."""
    cluster = account.cluster()
    cluster.file(1)
    cluster.file(2)
    return cluster


@pytest.fixture
def new(account: Account) -> Cluster:
    """Return the first of the clusters without an access entry for the approver.

    The others have the same endpoint, which refuses the tokens for them.
    """
    first, *others = NEW
    cluster = account.cluster(first, onboarded=False)
    cluster.file(1)
    account.name_only(others)
    for name in others:
        account.change(name, endpoint=cluster.server)
        account.trust(name, cluster.ca_pem)
    return cluster


@pytest.mark.usefixtures("prod", "new")
def test_clusters_without_access_are_info_lines(
    account: Account, lambdas: Lambdas, caplog: pytest.LogCaptureFixture
) -> None:
    """Each cluster without access has one INFO line, beside the served cluster's lines."""
    lambdas.minute(account.queue_url)

    reported = lambdas.lines_with("cluster not onboarded")
    assert sorted(line["cluster"] for line in reported) == NEW
    assert {line["cause"] for line in reported} == {"unauthorized"}
    served = ["csr reviewed", "csr reviewed", "cluster reviewed"]
    rest = sorted(line["message"] for line in lambdas.lines if line not in reported)
    assert rest == sorted(["clusters dispatched", *served])
    assert {line["level"] for line in lambdas.lines} == {"INFO"}
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_the_cluster_with_access_is_served(
    account: Account, lambdas: Lambdas, prod: Cluster, new: Cluster
) -> None:
    """The other clusters don't affect it."""
    lambdas.minute(account.queue_url)

    assert prod.writes == ["csr-0001", "csr-0002"]
    assert {prod.decision(name) for name in prod.writes} == {"Approved"}
    assert new.writes == []


@pytest.mark.usefixtures("prod", "new")
def test_metrics_show_the_progress_of_onboarding(account: Account, lambdas: Lambdas) -> None:
    """Every cluster is counted by one of two metrics."""
    lambdas.minute(account.queue_url)

    totals = lambdas.metrics()
    assert (totals["Ended"], totals["NotOnboarded"], totals["Completed"]) == (
        CLUSTERS,
        CLUSTERS - 1,
        1,
    )
    assert (totals["EvidenceUnavailable"], totals["Approved"]) == (0, 2)
    assert not lambdas.of_clusters()


@pytest.mark.usefixtures("prod", "new")
def test_clusters_without_access_fire_no_alarm(account: Account, lambdas: Lambdas) -> None:
    """The clusters may lack access for weeks."""
    lambdas.minute(account.queue_url)

    assert lambdas.alarms() == set()


def test_a_cluster_is_served_in_the_minute_after_it_gives_access(
    account: Account, lambdas: Lambdas, prod: Cluster, new: Cluster
) -> None:
    """No kept state prevents it, and no other cluster is affected."""
    lambdas.minute(account.queue_url)
    lambdas.discard_output()

    new.onboard()
    lambdas.minute(account.queue_url)

    assert new.decision("csr-0001") == "Approved"
    totals = lambdas.metrics()
    assert (totals["Ended"], totals["NotOnboarded"], totals["Completed"]) == (
        CLUSTERS,
        CLUSTERS - 2,
        2,
    )
    reported = lambdas.lines_with("cluster not onboarded")
    assert sorted(line["cluster"] for line in reported) == NEW[1:]
    assert prod.writes == ["csr-0001", "csr-0002"]
