"""A fleet that is onboarded cluster by cluster: those still without access cost nobody sleep."""

import logging

import pytest

from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas
from tests.template.alarms import emitted, firing
from tests.template.sam import monitoring_of, transformed

CLUSTERS = 40
NEW = [f"new-{number:02}" for number in range(CLUSTERS - 1)]


@pytest.fixture
def prod(account: Account) -> Cluster:
    """The one cluster that lets the approver in, with two good CSRs."""
    cluster = account.cluster()
    cluster.file(1)
    cluster.file(2)
    return cluster


@pytest.fixture
def new(account: Account) -> Cluster:
    """The first of the thirty-nine that have no access entry for the approver yet.

    The others' endpoints are its own, and the tokens for them nobody's there.
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
def test_clusters_without_access_are_told_quietly(
    account: Account, lambdas: Lambdas, caplog: pytest.LogCaptureFixture
) -> None:
    """One line each that worries nobody, beside those of the cluster that is served."""
    lambdas.minute(account.queue_url)

    reported = lambdas.said("cluster not onboarded")
    assert sorted(line["cluster"] for line in reported) == NEW
    assert {line["cause"] for line in reported} == {"unauthorized"}
    served = ["csr reviewed", "csr reviewed", "cluster reviewed"]
    rest = sorted(line["message"] for line in lambdas.lines if line not in reported)
    assert rest == sorted(["clusters dispatched", *served])
    assert {line["level"] for line in lambdas.lines} == {"INFO"}
    assert [one for one in caplog.records if one.levelno > logging.INFO] == []


def test_the_cluster_with_access_is_served(
    account: Account, lambdas: Lambdas, prod: Cluster, new: Cluster
) -> None:
    """What the others lack is no matter of its nodes'."""
    lambdas.minute(account.queue_url)

    assert prod.writes == ["csr-0001", "csr-0002"]
    assert {prod.decision(name) for name in prod.writes} == {"Approved"}
    assert new.writes == []


@pytest.mark.usefixtures("prod", "new")
def test_how_far_the_onboarding_is_can_be_seen(account: Account, lambdas: Lambdas) -> None:
    """Every cluster that was expected is accounted for, by one of two numbers."""
    lambdas.minute(account.queue_url)

    totals = lambdas.metrics()
    assert (totals["Expected"], totals["NotOnboarded"], totals["Completed"]) == (40, 39, 1)
    assert (totals["ReviewErrors"], totals["EvidenceUnavailable"], totals["Approved"]) == (0, 0, 2)
    assert lambdas.metrics(Cluster="prod", Region="us-east-1")["Completed"] == 1
    assert lambdas.metrics(Cluster="new-07", Region="us-east-1")["Completed"] == 0


@pytest.mark.usefixtures("prod", "new")
def test_no_alarm_rings(account: Account, lambdas: Lambdas) -> None:
    """Not even if every minute is like this one, as it may be for weeks."""
    lambdas.minute(account.queue_url)

    assert firing(monitoring_of(transformed().stack()), emitted(lambdas.numbers)) == set()


def test_a_cluster_is_served_in_the_minute_after_it_lets_the_approver_in(
    account: Account, lambdas: Lambdas, prod: Cluster, new: Cluster
) -> None:
    """Nothing that was kept of it stands in the way, and nobody else notices."""
    lambdas.minute(account.queue_url)
    lambdas.forget()

    new.onboard()
    lambdas.minute(account.queue_url)

    assert new.decision("csr-0001") == "Approved"
    totals = lambdas.metrics()
    assert (totals["Expected"], totals["NotOnboarded"], totals["Completed"]) == (40, 38, 2)
    reported = lambdas.said("cluster not onboarded")
    assert sorted(line["cluster"] for line in reported) == NEW[1:]
    assert prod.writes == ["csr-0001", "csr-0002"]
