"""Clusters that are deleted while a warm function still keeps their descriptions: no error."""

from collections.abc import Callable

import pytest

from tests.handlers.account import GROUP, Account, Cluster
from tests.handlers.lambdas import Lambdas


def _stops_answering(cluster: Cluster) -> None:
    cluster.stop("apiserver")


def _refuses(cluster: Cluster) -> None:
    cluster.revoke(GROUP)


@pytest.mark.parametrize("fails", [_stops_answering, _refuses])
def test_a_cluster_that_is_being_deleted_fires_no_alarm(
    account: Account, lambdas: Lambdas, fails: Callable[[Cluster], None]
) -> None:
    """Each environment keeps its own description, so ten of them would report ten errors."""
    cluster = account.cluster()
    lambdas.minute(account.queue_url)
    lambdas.discard_output()
    account.change("prod", status="DELETING")
    fails(cluster)

    lambdas.minute(account.queue_url)

    [line] = lambdas.lines_with("cluster skipped")
    assert line["reason"] == "status DELETING"
    assert lambdas.alarms() == set()


def test_a_cluster_that_is_gone_fires_no_alarm(account: Account, lambdas: Lambdas) -> None:
    """EKS no longer has it."""
    account.cluster()
    lambdas.review()
    account.remove_clusters()
    lambdas.discard_output()

    lambdas.review()

    [line] = lambdas.lines_with("cluster skipped")
    assert line["reason"] == "EKS has no such cluster"
    totals = lambdas.metrics()
    assert (totals["Skipped"], totals["Unreachable"], totals["Failed"]) == (1, 0, 0)
    assert not lambdas.of_clusters()


def test_a_cluster_that_was_replaced_by_one_of_its_name_is_reviewed_by_the_next_run(
    account: Account, lambdas: Lambdas
) -> None:
    """Its endpoint is another one, and that the old one is gone is no error."""
    account.cluster()
    lambdas.review()
    account.remove_clusters()
    lambdas.discard_output()
    account.cluster()

    lambdas.review()
    lambdas.review()

    totals = lambdas.metrics()
    assert (totals["Skipped"], totals["Completed"]) == (1, 1)
    assert not lambdas.of_clusters()


def test_while_eks_gives_no_answer_the_first_failure_is_the_error(
    account: Account, lambdas: Lambdas
) -> None:
    """No answer doesn't say that the cluster was deleted."""
    cluster = account.cluster()
    lambdas.review()
    lambdas.discard_output()
    lambdas.calls.refuse("DescribeCluster", "ThrottlingException")
    cluster.stop("apiserver")

    lambdas.review()

    [line] = lambdas.lines_with("cluster unavailable")
    assert line["cause"] == "connection"
    assert lambdas.of_clusters()["ReviewErrors"] == 1
