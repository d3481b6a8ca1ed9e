"""A node that files very many CSRs delays no other node, and itself only a little."""

from datetime import timedelta

from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas

#: Nodes with one valid CSR each, and the CSRs of the node that floods the list.
GOOD = 50
FLOOD = 10_000

#: The number of the flooding node, which no other node has.
GREEDY = 999


def flood(cluster: Cluster, count: int) -> str:
    """File `count` CSRs of one node, named to come before all others, and return the newest's name.

    The newest comes last among them.
    """
    newest = cluster.file(GREEDY, name="a-newest")
    names = [f"a-{number:05}" for number in range(count - 1)]
    for turn in range(10):
        cluster.repeat(newest, names[turn::10], earlier=timedelta(seconds=40 * turn + 1))
    return newest


def test_ten_thousand_csrs_of_one_node_delay_no_other(account: Account, lambdas: Lambdas) -> None:
    """One run approves all other nodes' CSRs, and the node's newest one.

    The list is read once. Superseded CSRs are counted, not logged one by one, and the list is
    reported as truncated.
    """
    cluster = account.cluster()
    newest = flood(cluster, FLOOD)
    good = [cluster.file(node, name=f"b-{node:03}") for node in range(GOOD)]

    lambdas.review()

    assert cluster.writes == [newest, *good]
    assert {cluster.decision(name) for name in cluster.writes} == {"Approved"}

    assert (cluster.listings, len(cluster.calls)) == (21, 21 + GOOD + 1)
    assert lambdas.calls.count("DescribeInstances") == 1
    assert len(lambdas.lines_with("csr reviewed")) == GOOD + 1
    [totals] = lambdas.lines_with("cluster reviewed")
    assert totals["listed"] == totals["gated"]["superseded"] + GOOD + 1
    assert totals["truncation_cause"] == "share: more than 4194304 bytes of one requester's CSRs"
    assert lambdas.metrics()["ListTruncated"] == 1
