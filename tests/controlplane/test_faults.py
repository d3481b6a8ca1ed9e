"""The cluster's rows of the table of faults on a real API server, and faults of its processes."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException
from time import monotonic

import pytest

from adapters import csr_api
from adapters.retry import Retries
from sandbox.kubelet import kubelet_request
from tests.contract.objects import a_csr, create, unique
from tests.controlplane.etcd import compact
from tests.controlplane.real_server import RealServer
from tests.faults.check import check
from tests.faults.proxy import Exchange, Reply, before_the_answer
from tests.faults.rig import CLUSTER, CORRECT_DECISIONS, DUE, Rig, a_rig, next_invocation
from tests.faults.row import Row, healthy
from tests.faults.table import TABLE
from tests.handlers.account import VPC, Account
from tests.handlers.lambdas import Lambdas
from tests.real.controlplane import ControlPlane, NotReadyError, eventually


@pytest.fixture(scope="module")
def own_plane(
    eks_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Yield a cluster of these tests alone: they stop its processes, and count all its requests."""
    assert eks_plane  # the fixture, which skips the test if there is no control plane
    with ControlPlane(CLUSTER).start(tmp_path_factory.mktemp("faults")) as plane:
        yield plane


@pytest.fixture(scope="module")
def real(own_plane: ControlPlane, account: Account) -> RealServer:
    account.aws.add_cluster(
        CLUSTER,
        own_plane.region,
        server=own_plane.server,
        ca_pem=own_plane.ca_pem,
        vpc_id=VPC,
    )
    return RealServer(own_plane, account)


@pytest.fixture
def rig(
    account: Account, real: RealServer, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Yield the rig, with everything due at once."""
    lambdas.settings(APPROVE_AFTER_SECONDS="0", DENY_AFTER_SECONDS="0")
    real.remove_all()
    with a_rig(account, lambdas, real, monkeypatch) as rig:
        yield rig


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.id) for row in TABLE if row.place.is_clusters]
)
def test_a_fault_has_the_outcome_of_its_row_on_a_real_api_server(row: Row, rig: Rig) -> None:
    """A real API server and the fake one give the same outcome for a fault in the connection."""
    check(row, rig, aged=False)


@pytest.fixture
def filed(rig: Rig) -> Rig:
    """File six CSRs that are due."""
    rig.file_all(DUE)
    next_invocation(rig, timedelta(minutes=1))
    return rig


def assert_next_run_decides_all(rig: Rig) -> None:
    """Check that a run without a fault decides every CSR correctly."""
    rig.heal()
    next_invocation(rig, timedelta(minutes=2))
    assert not rig.review()
    assert CORRECT_DECISIONS == rig.decisions()


def test_a_stopped_api_server_loses_no_csr(filed: Rig, own_plane: ControlPlane) -> None:
    """While the API server is stopped nothing is decided; when it is back, everything is."""
    filed.account.change(CLUSTER, endpoint=own_plane.server)
    filed.account.trust(CLUSTER, own_plane.ca_pem)
    own_plane.stop("apiserver")
    try:
        filed.review()
    finally:
        own_plane.start_process("apiserver")

    [line] = filed.lambdas.lines_with("cluster unavailable")
    assert line["cause"] == "connection"
    assert "Connection refused" in line["detail"]
    assert {"ReviewErrors": 1, "Failed": 1} == filed.metrics()
    assert {} == filed.decisions()
    assert_next_run_decides_all(filed)


def test_an_api_server_that_restarts_during_a_run_is_retried(
    filed: Rig, own_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is 403, because RBAC isn't loaded yet; the same run retries and decides."""
    monkeypatch.setattr(
        csr_api, "Retries", Retries
    )  # with real waits: the API server needs the time

    def restarted(exchange: Exchange) -> Reply:
        own_plane.stop("apiserver")
        process = own_plane._processes["apiserver"]
        ready, process._ready = process._ready, lambda: True  # return at once
        own_plane.start_process("apiserver")
        process._ready = ready
        return first_answer(exchange)

    def restarts(exchange: Exchange) -> None:
        # On a busy machine RBAC may be loaded before the first answer.
        answers = (restarted(exchange) for _ in range(10))
        exchange.answer(next(answer for answer in answers if answer.status == 403))

    filed.proxy.add_fault(restarts, method="GET", times=1)

    filed.review()

    assert 403 == filed.proxy.statuses[0]
    assert [] == filed.lambdas.lines_with("cluster not onboarded")
    assert healthy() == filed.metrics()
    assert_next_run_decides_all(filed)


def first_answer(exchange: Exchange) -> Reply:
    """Send the request until the API server answers.

    Without pauses: within one of 50 ms RBAC may be loaded.
    """
    deadline = monotonic() + 30.0
    while monotonic() < deadline:
        with suppress(OSError, HTTPException):
            return exchange.forward()
    raise NotReadyError("waited 30 s for the first answer, without success")


def test_a_list_that_etcd_compacts_between_two_pages_is_read_completely(
    filed: Rig, own_plane: ControlPlane
) -> None:
    """The continue token expires between the pages; the same run reads the rest of the list."""
    pem, _ = kubelet_request("n", dns=["n"])

    def compacts() -> None:
        create(own_plane.admin, a_csr(unique("later"), pem, signer=f"faults.example/{unique('x')}"))
        compact(own_plane)  # discards the version that the list shows
        own_plane.restart("apiserver")

    filed.proxy.add_fault(before_the_answer(compacts), method="GET", page=1, times=1)

    filed.review()

    assert 410 in filed.proxy.statuses
    assert healthy() == filed.metrics()
    assert_next_run_decides_all(filed)


def test_while_etcd_is_stopped_the_cluster_is_reported_as_unavailable(
    filed: Rig, own_plane: ControlPlane
) -> None:
    """Without etcd the API server accepts connections, but doesn't answer."""
    filed.invocation.seconds = 6
    stopped(own_plane, filed)

    assert {"ReviewErrors": 1, "Failed": 1} == filed.metrics()
    assert 1 == len(filed.lambdas.lines_with("cluster unavailable"))
    assert {} == filed.decisions()
    assert_next_run_decides_all(filed)


def test_if_etcd_stops_before_the_writes_each_csr_is_logged_as_not_decided(
    filed: Rig, own_plane: ControlPlane
) -> None:
    """A decision that is logged as not written may still be stored when etcd is back.

    The API server continues the requests then, unless the client has cancelled them.
    """
    filed.proxy.add_fault(before_the_answer(lambda: own_plane.stop("etcd")), method="GET", page=2)
    filed.break_aws_call("GetInstanceProfile", lambda *_: filed.advance_clock(49))
    stopped(own_plane, filed, at_once=False)

    actions = set(filed.lambdas.actions().values())
    assert actions <= {"not-written", "deferred"}
    assert 6 == filed.metrics()["Pending"]
    assert filed.decisions().items() <= CORRECT_DECISIONS.items()
    assert_next_run_decides_all(filed)


def stopped(plane: ControlPlane, rig: Rig, *, at_once: bool = True) -> None:
    """Review without etcd, then start etcd and wait until the API server is ready."""
    if at_once:
        plane.stop("etcd")
    try:
        rig.review()
    finally:
        plane.stop("etcd")
        plane.start_process("etcd")
        eventually(lambda: plane._api_is_ready() or None, "the API server to find etcd again")
