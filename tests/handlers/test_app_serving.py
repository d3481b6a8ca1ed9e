"""The reviewer with both signers: one completion per cluster, and neither stops the other."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.model import APP_SERVING
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError
from sandbox.kubernetes import SEES_SERVICES
from tests.handlers.account import GROUP, Account, Cluster
from tests.handlers.lambdas import Invocation, Lambdas

BOTH_APPROVED = {"csr-0001": "Approved", "shop-web": "Approved"}


@pytest.fixture
def cluster(account: Account, lambdas: Lambdas) -> Cluster:
    """Return a cluster with valid requests of a node and a ServiceAccount, and with all rights."""
    lambdas.settings(APP_SERVING="true")
    made = account.cluster()
    made.serve_apps()
    made.put_service("shop", "web")
    made.file(1)
    made.ask()
    return made


def decisions(cluster: Cluster) -> dict[str, str]:
    return {name: cluster.decision(name) for name in BOTH_APPROVED}


def listing_fails(cluster: Cluster, signer: str, code: int, count: int = 1_000) -> None:
    """Let lists of this signer fail."""
    left = [count]

    def fault(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if signer in call.query.get("fieldSelector", "") and left[0]:
            left[0] -= 1
            raise ApiError(code, "Refused", "refused by the test")
        return answer(call)

    cluster.fault = fault


def test_both_signers_are_reviewed_and_the_cluster_completes_once(
    cluster: Cluster, lambdas: Lambdas
) -> None:
    """The two signers' totals are added, also in the cluster's own metrics."""
    lambdas.review()

    assert decisions(cluster) == BOTH_APPROVED
    assert [line["signer"] for line in lambdas.lines_with("cluster reviewed")] == [
        "kubernetes.io/kubelet-serving",
        APP_SERVING,
    ]
    totals = lambdas.metrics()
    assert (totals["Completed"], totals["Approved"]) == (1, 2)
    assert not lambdas.of_clusters()


def test_the_fake_signer_issues_the_certificate(cluster: Cluster, lambdas: Lambdas) -> None:
    """EKS's signer issues it, too; Kubernetes's own controller doesn't serve this signer."""
    lambdas.review()

    assert cluster.get("shop-web")["status"]["certificate"]


def test_the_second_signer_is_off_by_default(cluster: Cluster, lambdas: Lambdas) -> None:
    """No request of the signer is listed, and no Service is read."""
    lambdas.settings(APP_SERVING="")

    lambdas.review()

    assert decisions(cluster) == {"csr-0001": "Approved", "shop-web": ""}
    assert cluster.listings == 1


@pytest.mark.parametrize("code", [401, 403, 500, 404])
def test_a_second_list_that_fails_is_an_error_and_stops_no_node(
    cluster: Cluster, lambdas: Lambdas, code: int
) -> None:
    """The cluster accepted us a moment before, so a 403 is an error, too, not `NotOnboarded`."""
    listing_fails(cluster, APP_SERVING, code)

    lambdas.review()

    assert decisions(cluster) == {"csr-0001": "Approved", "shop-web": ""}
    totals = lambdas.metrics()
    assert (totals["Completed"], totals["NotOnboarded"]) == (1, 0)
    assert lambdas.of_clusters() == Counter(ReviewErrors=1)
    [line] = lambdas.lines_with("cluster unavailable")
    assert line["signer"] == APP_SERVING
    cluster.fault = None
    lambdas.review()
    assert decisions(cluster) == BOTH_APPROVED


@pytest.mark.parametrize("code", [401, 404])
def test_a_first_list_that_fails_ends_the_review(
    cluster: Cluster, lambdas: Lambdas, code: int
) -> None:
    """If the nodes' list fails, the second isn't requested before the next minute."""
    listing_fails(cluster, "kubelet-serving", code)

    lambdas.review()

    assert lambdas.metrics()["Completed"] == 0
    assert cluster.writes == []
    assert not any(APP_SERVING in call.query.get("fieldSelector", "") for call in cluster.calls)


def test_with_the_first_manifest_only_no_alarm_fires(account: Account, lambdas: Lambdas) -> None:
    """AppServing is one setting for all clusters; deploy/rbac-app-serving.yaml adds a cluster."""
    lambdas.settings(APP_SERVING="true")
    cluster = account.cluster()
    cluster.put_service("shop", "web")
    cluster.ask(age=timedelta(minutes=14))
    cluster.file(1)

    lambdas.minute(account.queue_url)

    [line] = [line for line in lambdas.lines_with("csr reviewed") if line["csr"] == "shop-web"]
    assert (line["action"], line["level"]) == ("left", "INFO")
    assert "deploy/rbac-app-serving.yaml grants it" in line["services_not_readable"]
    totals = lambdas.metrics()
    assert (totals["EvidenceUnavailable"], totals["Left"]) == (0, 1)
    assert not lambdas.of_clusters()
    assert lambdas.alarms() == set()


def test_with_half_of_the_second_manifest_the_write_is_an_error(
    account: Account, lambdas: Lambdas
) -> None:
    """The right to read Services without the right to approve is a mistake."""
    lambdas.settings(APP_SERVING="true")
    cluster = account.cluster()
    cluster.grant(GROUP, [SEES_SERVICES])
    cluster.put_service("shop", "web")
    cluster.ask()

    lambdas.review()

    assert lambdas.actions() == {"shop-web": "not-written"}
    assert lambdas.of_clusters()["ReviewErrors"] == 1


def test_services_that_cant_be_read_stop_no_node(cluster: Cluster, lambdas: Lambdas) -> None:
    """Requests for these Services get no verdict, because the approver has no evidence."""

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
    """The second signer gets ten seconds, however long the nodes' evidence takes."""
    invocation = Invocation()
    lambdas.calls.override("DescribeInstances", lambda _: invocation.advance(40))

    lambdas.review(invocation=invocation)

    assert decisions(cluster) == {"csr-0001": "", "shop-web": "Approved"}
    assert lambdas.actions()["csr-0001"] == "deferred"


def test_the_api_servers_name_is_denied_and_another_namespaces_service_is_left(
    cluster: Cluster, lambdas: Lambdas
) -> None:
    """Operators ask for Services of other namespaces, so a person decides about these."""
    lambdas.settings(MODE="enforce")
    cluster.ask("b", dns=["kubernetes.default.svc"], name="theft")
    cluster.ask("b", dns=["web.shop.svc"], name="tenant")

    lambdas.review()

    assert (cluster.decision("theft"), cluster.decision("tenant")) == ("Denied", "")
    assert lambdas.metrics()["Denied"] == 1
    [tenant] = [entry for entry in lambdas.lines_with("csr reviewed") if entry["csr"] == "tenant"]
    assert tenant["level"] == "WARNING"
