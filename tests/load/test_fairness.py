"""One node that files very many CSRs costs the others nothing, and itself little."""

from datetime import timedelta

from sandbox.tokens import utc_now
from tests.handlers.account import DUE, Account, Cluster
from tests.handlers.lambdas import Lambdas

GOOD = 50
FLOOD = 10_000
GREEDY = 999


def flood(cluster: Cluster, count: int) -> str:
    """So many CSRs of one node; by name they come before all others, the newest as the last.

    Returns the newest one's name.
    """
    newest = cluster.get(cluster.file(GREEDY, name="a-newest"))
    for number in range(count - 1):
        name, created = f"a-{number:05}", utc_now() - DUE - timedelta(seconds=1 + number % 400)
        changed = {"name": name, "uid": f"uid-{name}", "creationTimestamp": f"{created:%FT%TZ}"}
        cluster.seed_object(newest | {"metadata": newest["metadata"] | changed})
    return "a-newest"


def test_ten_thousand_csrs_of_one_node_delay_nobody(account: Account, lambdas: Lambdas) -> None:
    """All others are approved in the same run, and of the node's own the one it waits for."""
    cluster = account.cluster()
    newest = flood(cluster, FLOOD)
    good = [cluster.file(node, name=f"b-{node:03}") for node in range(GOOD)]

    lambdas.review()

    assert cluster.writes == [newest, *good]
    assert {cluster.decision(name) for name in cluster.writes} == {"Approved"}


def test_ten_thousand_csrs_of_one_node_cost_few_calls_and_lines(
    account: Account, lambdas: Lambdas
) -> None:
    """The list is read once; of what is nobody's to decide there is a number, not a line each."""
    cluster = account.cluster()
    flood(cluster, FLOOD)
    cluster.file(1, name="b-001")

    lambdas.review()

    assert len(cluster.calls) == cluster.listings + 2
    assert cluster.listings == 21
    assert lambdas.calls.count("DescribeInstances") == 1
    assert len(lambdas.said("csr reviewed")) == 2
    [sums] = lambdas.said("cluster reviewed")
    assert sums["listed"] == sums["gated"]["superseded"] + 2
    assert sums["truncated_because"] == "share: more than 4194304 bytes of one requester's CSRs"
    assert lambdas.metrics()["ListTruncated"] == 1
