"""However many CSRs come first by name and can't be read, those behind them are judged."""

import pytest

from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas
from tests.hiding import NESTED, NOT_UTF_8, Json

pytestmark = pytest.mark.usefixtures("enforcing")


def flood(cluster: Cluster, metadata: Json, number: int) -> None:
    """File `number` CSRs of one node with this metadata, named before all others."""
    model = cluster.get(cluster.file(1, name="model"))
    cluster.remove("model")
    for n in range(number):
        named = {"name": f"a-{n:05}", "uid": f"uid-of-a-{n:05}", **metadata}
        cluster.seed_object(model | {"metadata": model["metadata"] | named})


@pytest.mark.parametrize("number", [1, 100, 1_000, 10_000])
@pytest.mark.parametrize("metadata", [NOT_UTF_8, NESTED], ids=["not-utf-8", "nested"])
def test_ten_thousand_csrs_that_cannot_be_read_hide_no_node(
    account: Account, lambdas: Lambdas, metadata: Json, number: int
) -> None:
    """The node is approved in the same run, and no request is made but for the list's pages.

    A page holds 500 small ones, or 125 of 81 KB; two requests find that out.
    """
    cluster = account.cluster()
    flood(cluster, metadata, number)
    honest = cluster.file(2)
    cluster.calls.clear()

    lambdas.review()

    assert cluster.writes == [honest]
    [run] = lambdas.said("cluster reviewed")
    assert (number, False) == (run["unreadable"], run["truncated"])
    assert lambdas.metrics()["ReviewErrors"] == number
    lines = lambdas.said("csr unreadable")
    assert [f"a-{n:05}" for n in range(min(number, 100))] == [line["csr"] for line in lines]
    asked = [call for call in cluster.calls if call.method == "GET"]
    assert len(asked) <= 3 + number // 125
