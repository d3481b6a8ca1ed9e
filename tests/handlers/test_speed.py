"""How many calls a review makes: calls are counted, nothing is timed."""

from tests.handlers.account import GPU_ROLE, NODE_ROLE, Account
from tests.handlers.lambdas import Lambdas

NODES = 1_000
CONNECTIONS = 8


def test_a_thousand_nodes_cost_few_calls(account: Account, lambdas: Lambdas) -> None:
    """A run makes a call per 500 CSRs, per 200 nodes, per profile, and per decision."""
    lambdas.settings(WRITE_CONNECTIONS=str(CONNECTIONS))
    cluster = account.cluster()
    cluster.stop("signer")
    names = [cluster.file(node) for node in range(NODES)]

    lambdas.review()

    assert cluster.writes == names
    assert 2 <= cluster.listings <= 3
    assert lambdas.calls.count("DescribeInstances") <= 5
    assert lambdas.calls.count("GetInstanceProfile") == 1
    assert lambdas.calls.count("DescribeCluster") == 1
    assert len(cluster.calls) == cluster.listings + NODES
    assert len(cluster.connections) <= CONNECTIONS + 1
    assert lambdas.metrics()["Approved"] == NODES


def test_a_cluster_without_csrs_costs_one_call(account: Account, lambdas: Lambdas) -> None:
    """Neither EC2 nor IAM is asked if there is nothing to decide."""
    cluster = account.cluster()

    lambdas.review()

    assert len(cluster.calls) == 1
    assert lambdas.calls.made == ["DescribeCluster"]


def test_each_profile_is_requested_once(account: Account, lambdas: Lambdas) -> None:
    """Two roles of nodes are two calls to IAM, however many nodes there are."""
    account.profiles[GPU_ROLE] = account.aws.add_profile(GPU_ROLE)
    cluster = account.cluster()
    for node in range(20):
        cluster.file(node, role=(NODE_ROLE, GPU_ROLE)[node % 2])

    lambdas.review()

    assert lambdas.calls.count("GetInstanceProfile") == 2
    assert lambdas.metrics()["Approved"] == 20
