"""The reviewer with both signers: one cluster, one completion, and neither spoils the other."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.model import APP_SERVING
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError
from sandbox.kubernetes import SEES_SERVICES
from tests.handlers.account import GROUP, Account, Cluster
from tests.handlers.lambdas import Invocation, Lambdas
from tests.template.alarms import emitted, firing
from tests.template.sam import transformed

BOTH = {"csr-0001": "Approved", "shop-web": "Approved"}


@pytest.fixture
def cluster(account: Account, lambdas: Lambdas) -> Cluster:
    """One with a node's request and a ServiceAccount's, both good, and all rights granted."""
    lambdas.settings(APP_SERVING="true")
    made = account.cluster()
    made.serve_apps()
    made.put_service("shop", "web")
    made.file(1)
    made.ask()
    return made


def decisions(cluster: Cluster) -> dict[str, str]:
    return {name: cluster.decision(name) for name in BOTH}


def listing_fails(cluster: Cluster, signer: str, code: int, count: int = 1_000) -> None:
    """Let lists of this signer be refused."""
    left = [count]

    def fault(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if signer in call.query.get("fieldSelector", "") and left[0]:
            left[0] -= 1
            raise ApiError(code, "Refused", "refused by the test")
        return answer(call)

    cluster.fault = fault


def test_both_are_reviewed_and_the_cluster_is_completed_once(
    cluster: Cluster, lambdas: Lambdas
) -> None:
    """Their sums are added; of the cluster's own metrics likewise."""
    lambdas.review()

    assert decisions(cluster) == BOTH
    assert [line["signer"] for line in lambdas.said("cluster reviewed")] == [
        "kubernetes.io/kubelet-serving",
        APP_SERVING,
    ]
    totals = lambdas.metrics()
    assert (totals["Completed"], totals["Approved"], totals["ReviewErrors"]) == (1, 2, 0)
    assert lambdas.metrics(Cluster="prod", Region="us-east-1")["Completed"] == 1


def test_the_practice_signer_issues_it(cluster: Cluster, lambdas: Lambdas) -> None:
    """As EKS's does; Kubernetes's own controller doesn't serve this signer."""
    lambdas.review()

    assert cluster.get("shop-web")["status"]["certificate"]


def test_it_is_off_by_default(cluster: Cluster, lambdas: Lambdas) -> None:
    """Nothing of it is listed, nor asked for."""
    lambdas.settings(APP_SERVING="")

    lambdas.review()

    assert decisions(cluster) == {"csr-0001": "Approved", "shop-web": ""}
    assert cluster.listings == 1


@pytest.mark.parametrize("code", [401, 403, 500, 404])
def test_a_second_list_that_fails_is_an_error_and_spoils_nothing(
    cluster: Cluster, lambdas: Lambdas, code: int
) -> None:
    """The cluster let us in a moment before, so also a refusal is one: not `NotOnboarded`."""
    listing_fails(cluster, APP_SERVING, code)

    lambdas.review()

    assert decisions(cluster) == {"csr-0001": "Approved", "shop-web": ""}
    totals = lambdas.metrics()
    assert (totals["Completed"], totals["ReviewErrors"], totals["NotOnboarded"]) == (1, 1, 0)
    [line] = lambdas.said("cluster unavailable")
    assert line["signer"] == APP_SERVING
    cluster.fault = None
    lambdas.review()
    assert decisions(cluster) == BOTH


@pytest.mark.parametrize("code", [401, 404])
def test_a_first_list_that_fails_ends_the_review(
    cluster: Cluster, lambdas: Lambdas, code: int
) -> None:
    """What the cluster refuses for its nodes it isn't asked for others; the minute after is."""
    listing_fails(cluster, "kubelet-serving", code)

    lambdas.review()

    assert lambdas.metrics()["Completed"] == 0
    assert cluster.writes == []
    assert not any(APP_SERVING in call.query.get("fieldSelector", "") for call in cluster.calls)


def test_where_only_the_first_manifest_is_applied_nobody_is_woken(
    account: Account, lambdas: Lambdas
) -> None:
    """AppServing is one setting for all clusters; each joins by deploy/rbac-app-serving.yaml."""
    lambdas.settings(APP_SERVING="true")
    cluster = account.cluster()
    cluster.put_service("shop", "web")
    cluster.ask(age=timedelta(minutes=14))
    cluster.file(1)

    lambdas.minute(account.queue_url)

    [line] = [line for line in lambdas.said("csr reviewed") if line["csr"] == "shop-web"]
    assert (line["action"], line["level"]) == ("left", "INFO")
    assert "deploy/rbac-app-serving.yaml grants it" in line["services_not_readable"]
    totals = lambdas.metrics()
    assert (totals["EvidenceUnavailable"], totals["ReviewErrors"], totals["Left"]) == (0, 0, 1)
    assert totals["OldestPendingSeconds"] == 0
    assert firing(transformed().stack(), emitted(lambdas.numbers)) == set()


def test_with_half_of_the_second_manifest_the_write_is_an_error(
    account: Account, lambdas: Lambdas
) -> None:
    """Services may be seen and approvals not be written: somebody has begun, and erred."""
    lambdas.settings(APP_SERVING="true")
    cluster = account.cluster()
    cluster.grant(GROUP, [SEES_SERVICES])
    cluster.put_service("shop", "web")
    cluster.ask()

    lambdas.review()

    assert lambdas.actions() == {"shop-web": "not-written"}
    assert lambdas.metrics()["ReviewErrors"] == 1


def test_services_that_cant_be_asked_for_leave_the_nodes_alone(
    cluster: Cluster, lambdas: Lambdas
) -> None:
    """And are no verdict on those who asked: the approver is blind for them."""

    def fault(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if "services" in call.path:
            raise ApiError(500, "InternalError", "etcd is on fire")
        return answer(call)

    cluster.fault = fault

    lambdas.review()

    assert decisions(cluster) == {"csr-0001": "Approved", "shop-web": ""}
    totals = lambdas.metrics()
    assert (totals["EvidenceUnavailable"], totals["Completed"]) == (1, 1)


def test_nodes_dont_take_all_the_time(cluster: Cluster, lambdas: Lambdas) -> None:
    """Ten seconds are kept for the second signer, however long the nodes' evidence takes."""
    invocation = Invocation()
    lambdas.calls.instead("DescribeInstances", lambda _: invocation.passes(40))

    lambdas.review(invocation=invocation)

    assert decisions(cluster) == {"csr-0001": "", "shop-web": "Approved"}
    assert lambdas.actions()["csr-0001"] == "deferred"


def test_another_namespaces_service_is_denied(cluster: Cluster, lambdas: Lambdas) -> None:
    """Denied in enforce mode, as a node's would be, with what was got and expected."""
    lambdas.settings(MODE="enforce")
    cluster.ask("b", dns=["web.shop.svc"], name="theft")

    lambdas.review()

    assert cluster.decision("theft") == "Denied"
    assert lambdas.metrics()["Denied"] == 1
