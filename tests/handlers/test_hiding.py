"""However many unreadable CSRs sort first by name, the CSRs after them are evaluated."""

import pytest

from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas
from tests.hiding import NESTED, NOT_UTF_8, Json

pytestmark = pytest.mark.usefixtures("enforcing")


def flood(cluster: Cluster, metadata: Json, number: int) -> None:
    """File `number` CSRs of one node with this metadata; their names sort first."""
    model = cluster.get(cluster.file(1, name="model"))
    cluster.remove("model")
    for n in range(number):
        named = {"name": f"a-{n:05}", "uid": f"uid-of-a-{n:05}", **metadata}
        cluster.seed_object(model | {"metadata": model["metadata"] | named})


@pytest.mark.parametrize(
    ("metadata", "number"),
    [
        pytest.param(NOT_UTF_8, 1, id="not-utf-8-1"),
        pytest.param(NOT_UTF_8, 10_000, id="not-utf-8-10000"),
        pytest.param(NESTED, 1, id="nested-1"),
        pytest.param(NESTED, 1_000, id="nested-1000"),
    ],
)
def test_ten_thousand_csrs_that_cannot_be_read_hide_no_node(
    account: Account, lambdas: Lambdas, metadata: Json, number: int
) -> None:
    """The node is approved in the same run, and only pages of the list are requested.

    A page has 500 small CSRs, or 125 of 81 KB, which takes two more requests to find out.
    """
    cluster = account.cluster()
    flood(cluster, metadata, number)
    honest = cluster.file(2)
    cluster.calls.clear()

    lambdas.review()

    assert cluster.writes == [honest]
    [run] = lambdas.lines_with("cluster reviewed")
    assert (number, False) == (run["unreadable"], run["truncated"])
    assert lambdas.of_clusters()["ReviewErrors"] == number
    lines = lambdas.lines_with("csr unreadable")
    assert [f"a-{n:05}" for n in range(min(number, 100))] == [line["csr"] for line in lines]
    asked = [call for call in cluster.calls if call.method == "GET"]
    assert len(asked) <= 3 + number // 125
