"""A run with little time, or whose time ends in the middle, reports what it leaves undone.

Nothing is decided without evidence, every CSR of the list is accounted for, and the next run with
its full time does the rest.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from sandbox.fake_apiserver.api import Answer, Call
from tests.handlers.account import Account, Cluster, Fault
from tests.handlers.lambdas import LISTING_SECONDS, Invocation, Lambdas

FOREIGN = ("10.9.9.9",)
GOOD, BAD = 6, 3

#: Seconds of a whole invocation, and those of them that are the reserve.
INVOCATION_SECONDS = 55.0
RESERVE = 5.0

#: CSRs on a page of the list, and instances in one call to EC2.
PAGE = 500
BATCH = 200

pytestmark = pytest.mark.usefixtures("enforcing")


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


def file_some(cluster: Cluster) -> dict[str, str]:
    """File good CSRs and bad ones, and return how each must end."""
    good = {cluster.file(node): "Approved" for node in range(GOOD)}
    bad = {cluster.file(GOOD + node, ips=FOREIGN): "Denied" for node in range(BAD)}
    return good | bad


def file_good(cluster: Cluster, count: int) -> dict[str, str]:
    return {cluster.file(node): "Approved" for node in range(count)}


def file_two_pages(cluster: Cluster) -> dict[str, str]:
    """File good CSRs on two pages, and between them CSRs too old to be decided."""
    abandoned = cluster.file(GOOD, name="m", age=timedelta(hours=1))
    cluster.repeat(abandoned, [f"m-{number:03}" for number in range(PAGE)])
    names = [f"{page}-{node}" for page in "az" for node in range(GOOD)]
    return {cluster.file(n, name=name): "Approved" for n, name in enumerate(names, 2 * GOOD)}


def learn_the_role(cluster: Cluster, lambdas: Lambdas) -> None:
    """Let an earlier run ask IAM."""
    cluster.file(BATCH + 5)
    lambdas.review()
    cluster.remove(f"csr-{BATCH + 5:04}")
    lambdas.discard_output()


def accounted(lambdas: Lambdas) -> dict[str, int]:
    """Return the actions of the only run so far, after checking that they cover the whole list.

    Each CSR has its own line, or counts as not judged in the run's line.
    """
    [totals] = lambdas.lines_with("cluster reviewed")
    actions: dict[str, int] = {name: count for name, count in totals["actions"].items() if count}
    assert totals["listed"] == totals["gated_total"] + totals["unreadable"] + sum(actions.values())
    assert sum(actions.values()) == len(lambdas.lines_with("csr reviewed")) + sum(
        totals["not_judged"].values()
    )
    assert lambdas.metrics()["Completed"] == 1
    return actions


def decisions(cluster: Cluster) -> dict[str, str]:
    names = [item["metadata"]["name"] for item in cluster.objects()]
    return {name: decision for name in names if (decision := cluster.decision(name))}


def next_run_decides(cluster: Cluster, lambdas: Lambdas, expected: dict[str, str]) -> None:
    """Run again, and check that the run decides exactly what is left."""
    before = decisions(cluster)
    assert before.items() <= expected.items()
    cluster.fault = None
    cluster.calls.clear()
    lambdas.calls.heal()
    lambdas.discard_output()

    lambdas.review()

    assert decisions(cluster) == expected
    assert cluster.writes == sorted(expected.keys() - before.keys())
    done = [line["csr"] for line in lambdas.lines_with("csr reviewed")]
    assert sorted(done) == cluster.writes


def on(method: str, number: int, then: Callable[[], None]) -> Fault:
    """Do something while the API server answers call number `number` of this method."""
    calls = iter([*[None] * (number - 1), then])

    def fault(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        answered = answer(call)
        if call.method == method and (do := next(calls, None)):
            do()
        return answered

    return fault


@pytest.mark.parametrize("seconds", [6.0, 10.0, 10.999, 11.0])
def test_without_time_for_evidence_nothing_is_decided(
    cluster: Cluster, lambdas: Lambdas, seconds: float
) -> None:
    """EC2 isn't called, so there is no evidence; each CSR is counted."""
    expected = file_some(cluster)

    lambdas.review(invocation=Invocation(seconds))

    assert decisions(cluster) == {}
    assert cluster.writes == []
    assert lambdas.calls.count("DescribeInstances") == 0
    assert accounted(lambdas) == {"deferred": GOOD + BAD}
    assert lambdas.metrics()["Pending"] == GOOD + BAD
    assert lambdas.of_clusters()["OldestPendingSeconds"] >= 420
    next_run_decides(cluster, lambdas, expected)


@pytest.mark.parametrize("seconds", [11.001, 19.999])
def test_without_time_for_iam_nothing_is_decided(
    cluster: Cluster, lambdas: Lambdas, seconds: float
) -> None:
    """EC2 is called with little time, but the role is unknown; each CSR has its line."""
    expected = file_some(cluster)

    lambdas.review(invocation=Invocation(seconds))

    assert cluster.writes == []
    assert ["DescribeInstances"] == [call for call in lambdas.calls.made if "Instance" in call]
    assert accounted(lambdas) == {"deferred": GOOD + BAD}
    assert lambdas.metrics()["EvidenceUnavailable"] == 0
    next_run_decides(cluster, lambdas, expected)


@pytest.mark.parametrize(("seconds", "roles_known"), [(20.0, False), (11.001, True)])
def test_with_time_for_evidence_all_are_decided(
    cluster: Cluster, lambdas: Lambdas, seconds: float, *, roles_known: bool
) -> None:
    """A moment more is enough when no call takes time."""
    if roles_known:
        learn_the_role(cluster, lambdas)
    expected = file_some(cluster)

    lambdas.review(invocation=Invocation(seconds))

    assert decisions(cluster) == expected


def test_within_the_reserve_not_even_the_list_is_read(cluster: Cluster, lambdas: Lambdas) -> None:
    """A review without any time counts the cluster as unavailable."""
    expected = file_some(cluster)

    lambdas.review(invocation=Invocation(RESERVE))

    [line] = lambdas.lines_with("cluster unavailable")
    assert (line["cause"], line["detail"]) == ("time", "no time was left")
    assert lambdas.of_clusters()["ReviewErrors"] == 1
    assert cluster.calls == []
    next_run_decides(cluster, lambdas, expected)


@pytest.mark.parametrize(
    ("page", "passing", "actions"),
    [
        pytest.param(1, LISTING_SECONDS, {"approved": GOOD}, id="after-half-a-list"),
        pytest.param(1, INVOCATION_SECONDS, None, id="in-the-first-page"),
        pytest.param(2, INVOCATION_SECONDS, {"deferred": GOOD}, id="in-the-second-page"),
    ],
)
def test_time_runs_out_in_the_middle_of_the_list(
    cluster: Cluster,
    lambdas: Lambdas,
    page: int,
    passing: float,
    actions: dict[str, int] | None,
) -> None:
    """The listed CSRs are judged as time allows, and the list is reported as truncated."""
    expected = file_two_pages(cluster)
    invocation = Invocation(INVOCATION_SECONDS)
    cluster.fault = on("GET", page, lambda: invocation.advance(passing))

    lambdas.review(invocation=invocation)

    if actions is None:
        [line] = lambdas.lines_with("cluster unavailable")
        assert line["cause"] == "time"
        assert lambdas.of_clusters()["ReviewErrors"] == 1
    else:
        assert accounted(lambdas) == actions
        [totals] = lambdas.lines_with("cluster reviewed")
        assert totals["truncation_cause"].startswith("time: ")
        assert lambdas.metrics()["ListTruncated"] == 1
    next_run_decides(cluster, lambdas, expected)


@pytest.mark.parametrize(
    ("roles_known", "actions"),
    [
        pytest.param(True, {"approved": BATCH, "deferred": 5}, id="after-a-slice"),
        pytest.param(False, {"deferred": BATCH + 5}, id="and-before-iam-is-asked"),
    ],
)
def test_time_runs_out_while_ec2_is_asked(
    cluster: Cluster,
    lambdas: Lambdas,
    roles_known: bool,  # noqa: FBT001  a test's parameter
    actions: dict[str, int],
) -> None:
    """CSRs with all their evidence are decided; the next run decides the others."""
    if roles_known:
        learn_the_role(cluster, lambdas)
    expected = file_good(cluster, BATCH + 5)
    invocation = Invocation(INVOCATION_SECONDS)
    lambdas.calls.override("DescribeInstances", lambda _: invocation.advance(46.0))

    lambdas.review(invocation=invocation)

    assert accounted(lambdas) == actions
    assert len(decisions(cluster)) == actions.get("approved", 0)
    assert lambdas.metrics()["EvidenceUnavailable"] == 0
    next_run_decides(cluster, lambdas, expected)


def test_time_runs_out_while_iam_is_asked(cluster: Cluster, lambdas: Lambdas) -> None:
    """With the evidence complete, nothing is judged without time to write it."""
    expected = file_some(cluster)
    invocation = Invocation(INVOCATION_SECONDS)
    lambdas.calls.override("GetInstanceProfile", lambda _: invocation.advance(INVOCATION_SECONDS))

    lambdas.review(invocation=invocation)

    assert decisions(cluster) == {}
    assert accounted(lambdas) == {"deferred": GOOD + BAD}
    next_run_decides(cluster, lambdas, expected)


@pytest.mark.parametrize(
    "passing",
    [
        pytest.param(INVOCATION_SECONDS - RESERVE, id="at-an-answer"),
        pytest.param(INVOCATION_SECONDS, id="long-before-an-answer"),
    ],
)
def test_time_runs_out_while_decisions_are_written(
    cluster: Cluster, lambdas: Lambdas, passing: float
) -> None:
    """No other write begins, and each answer that has come by then is counted."""
    expected = file_good(cluster, 40)
    invocation = Invocation(INVOCATION_SECONDS)
    cluster.fault = on("PUT", 10, lambda: invocation.advance(passing))

    lambdas.review(invocation=invocation)

    actions = accounted(lambdas)
    assert actions["approved"] + actions["deferred"] == 40
    assert actions["deferred"] > 0
    assert 10 <= len(cluster.writes) < 40
    assert actions["approved"] == len(cluster.writes) == len(decisions(cluster))
    next_run_decides(cluster, lambdas, expected)
