"""Clusters that can't be reached: they cost the others nothing, and the log has the fix."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from tests.adapters.scripted_api import (
    CA_PEM,
    HANGS_UP,
    a_page,
    in_turn,
    listener,
    scripted_api,
)
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

#: Networks to which Lambda's addresses don't belong.
OFFICE = "203.0.113.0/24"

SUBNET = "subnet-0aaaaaaaaaaaaaaaa"


class Refusing:
    """An endpoint that closes every connection at once, and counts them."""

    def __init__(self, opened: ExitStack) -> None:
        self.url, self._connections = opened.enter_context(listener(_close))

    @property
    def connections(self) -> int:
        return len(self._connections)


def _close(_: socket.socket) -> None:
    """Do nothing: the connection is closed after it."""


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with ExitStack() as opened:
        yield Refusing(opened)


@pytest.fixture
def shut(account: Account, refusing: Refusing) -> Refusing:
    """The endpoint of the cluster `prod`, which only an office may use."""
    account.name_only(["prod"])
    account.change("prod", endpoint=refusing.url)
    account.restrict("prod", OFFICE)
    return refusing


class TestPrivateEndpoint:
    """Outside a VPC there is no way to it."""

    def test_it_is_not_contacted_and_the_line_has_the_fix(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """The cluster is counted in every run."""
        cluster = account.cluster()
        account.restrict("prod", public=False)

        lambdas.review()
        lambdas.review()

        assert cluster.calls == []
        assert lambdas.metrics()["Unreachable"] == 2
        assert lambdas.of_clusters()["ReviewErrors"] == 0
        first, _ = lambdas.lines_with("cluster unreachable")
        assert (first["level"], first["cluster"], first["cause"]) == ("INFO", "prod", "private")
        assert "SubnetIds" in first["fix"]
        assert lambdas.calls.count("DescribeCluster") == 1

    def test_with_subnets_it_is_reviewed(self, account: Account, lambdas: Lambdas) -> None:
        """The subnets may reach it."""
        lambdas.settings(SUBNET_IDS=SUBNET, SECURITY_GROUP_IDS="sg-0aaaaaaaa")
        account.cluster().file(1)
        account.restrict("prod", public=False)

        lambdas.review()

        assert lambdas.metrics()["Approved"] == 1

    def test_once_it_is_public_it_is_reviewed(self, account: Account, lambdas: Lambdas) -> None:
        """The cluster's description is kept for fifteen minutes."""
        account.cluster().file(1)
        account.restrict("prod", public=False)
        lambdas.review()
        account.restrict("prod", "0.0.0.0/0")

        lambdas.set_clock_ahead(timedelta(minutes=15))
        lambdas.review()

        assert lambdas.metrics()["Approved"] == 1


class TestRestrictedEndpoint:
    """Only some addresses may use it, and outside a VPC the reviewer has none of its own."""

    def test_it_is_tried_once_a_run_and_then_left_alone(
        self, shut: Refusing, lambdas: Lambdas
    ) -> None:
        """Each run counts it, and says what to do."""
        for minute in range(5):
            lambdas.set_clock_ahead(timedelta(minutes=minute))
            lambdas.review()

        assert shut.connections == 2
        assert lambdas.metrics()["Unreachable"] == 5
        assert lambdas.of_clusters()["ReviewErrors"] == 0
        lines = lambdas.lines_with("cluster unreachable")
        assert {line["level"] for line in lines} == {"INFO"}
        assert all("publicAccessCidrs" in line["fix"] for line in lines)
        assert lines[-1]["detail"] == "not contacted: it failed 3 minutes ago"

    def test_after_fifteen_minutes_it_is_tried_again(
        self, shut: Refusing, lambdas: Lambdas
    ) -> None:
        """By then it may be open."""
        for minute in (0, 1, 15, 16, 17):
            lambdas.set_clock_ahead(timedelta(minutes=minute))
            lambdas.review()

        assert shut.connections == 3

    def test_one_that_answers_is_reviewed_like_any_other(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """After an answer, a failure of the cluster is an outage, and each run tries again."""
        cluster = account.cluster()
        account.restrict("prod", OFFICE)
        cluster.file(1)
        lambdas.review()
        assert lambdas.metrics()["Approved"] == 1

        cluster.stop("apiserver")
        for minute in (1, 2, 3):
            lambdas.set_clock_ahead(timedelta(minutes=minute))
            lambdas.review()

        assert lambdas.of_clusters()["ReviewErrors"] == 3
        details = [line["detail"] for line in lambdas.lines_with("cluster unavailable")]
        assert not any("not contacted" in detail for detail in details)


def test_a_server_that_is_reached_and_gives_no_answer_is_an_error(
    account: Account, lambdas: Lambdas
) -> None:
    """It is overloaded, or starts. There is a way to it, so it isn't left alone."""
    account.name_only(["prod"])
    account.trust("prod", CA_PEM)
    account.restrict("prod", OFFICE)
    with scripted_api(in_turn(HANGS_UP, HANGS_UP, a_page())) as server:
        account.change("prod", endpoint=server.url)
        for minute in range(2):
            lambdas.set_clock_ahead(timedelta(minutes=minute))
            lambdas.review()

    totals = lambdas.metrics()
    assert (totals["Failed"], totals["Completed"]) == (1, 1)
    assert lambdas.of_clusters()["ReviewErrors"] == 1
    assert lambdas.lines_with("cluster unreachable") == []


def test_an_open_endpoint_that_cannot_be_reached_is_an_error(
    account: Account, refusing: Refusing, lambdas: Lambdas
) -> None:
    """Nothing in EKS's description explains it, so each run tries it, and repeats the attempt."""
    account.name_only(["prod"])
    account.change("prod", endpoint=refusing.url)
    account.restrict("prod", "0.0.0.0/0")
    for minute in range(3):
        lambdas.set_clock_ahead(timedelta(minutes=minute))
        lambdas.review()

    assert refusing.connections == 3 * 4
    assert (lambdas.of_clusters()["ReviewErrors"], lambdas.metrics()["Failed"]) == (3, 3)


def test_in_a_vpc_a_cluster_that_cannot_be_reached_is_an_error_but_cheap(
    account: Account, refusing: Refusing, lambdas: Lambdas
) -> None:
    """The subnets are there to reach clusters, and a missing route must not delay the others."""
    lambdas.settings(SUBNET_IDS=SUBNET, SECURITY_GROUP_IDS="sg-0aaaaaaaa")
    account.name_only(["prod"])
    account.change("prod", endpoint=refusing.url)
    for minute in range(5):
        lambdas.set_clock_ahead(timedelta(minutes=minute))
        lambdas.review()

    assert refusing.connections == 2
    assert (lambdas.of_clusters()["Unreachable"], lambdas.metrics()["Unreachable"]) == (5, 5)
    assert "routes" in lambdas.lines_with("cluster unreachable")[0]["fix"]


def test_in_a_vpc_it_is_no_error_where_no_access_is_required(
    account: Account, refusing: Refusing, lambdas: Lambdas
) -> None:
    """The VPC may be connected with some clusters' VPCs only, on purpose."""
    lambdas.settings(SUBNET_IDS=SUBNET, SECURITY_GROUP_IDS="sg-0aaaaaaaa", REQUIRE_ACCESS="none")
    account.name_only(["prod"])
    account.change("prod", endpoint=refusing.url)

    lambdas.review()

    assert (lambdas.of_clusters()["Unreachable"], lambdas.metrics()["Unreachable"]) == (0, 1)


def test_24_unreachable_clusters_of_50_take_no_time_from_the_others(
    account: Account, lambdas: Lambdas
) -> None:
    """12 are tried once in each of two minutes, 12 never; 26 are reviewed every minute."""
    healthy = [f"healthy-{number:02}" for number in range(26)]
    private = [f"private-{number:02}" for number in range(12)]
    shut = [f"shut-{number:02}" for number in range(12)]
    account.name_only([*healthy, *private, *shut])
    with ExitStack() as opened:
        server = opened.enter_context(scripted_api(in_turn(a_page())))
        refusing = {name: Refusing(opened) for name in (*private, *shut)}
        for name in healthy:
            account.change(name, endpoint=server.url)
            account.trust(name, CA_PEM)
        for name, endpoint in refusing.items():
            account.change(name, endpoint=endpoint.url)
            account.restrict(name, OFFICE, public=name in shut)
        for minute in range(4):
            lambdas.set_clock_ahead(timedelta(minutes=minute))
            lambdas.minute(account.queue_url)
        tried = {name: endpoint.connections for name, endpoint in refusing.items()}

    assert tried == dict.fromkeys(private, 0) | dict.fromkeys(shut, 2)
    totals = lambdas.metrics()
    assert (totals["Ended"], totals["Completed"], totals["Unreachable"]) == (200, 104, 96)
    assert not lambdas.of_clusters()
