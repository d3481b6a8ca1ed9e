"""A run is killed at any moment: what it wrote stays, and the next run does the rest."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from moto.ec2.responses.instances import InstanceResponse

from package.runtime_api import LambdaFunction, Outcome
from sandbox.fake_apiserver.api import Answer, Call
from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas
from tests.load.processes import EVENT, reviewer

FOREIGN = ("10.9.9.9",)
GOOD, BAD = 16, 6
DECISION_COUNT = GOOD + BAD

KILLED = Outcome(error_type="Runtime.ExitError", error_message="-9")

pytestmark = pytest.mark.usefixtures("enforcing")


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


@pytest.fixture
def expected(cluster: Cluster) -> dict[str, str]:
    """File CSRs, and return how each of them must end."""
    good = {cluster.file(node): "Approved" for node in range(GOOD)}
    bad = {cluster.file(GOOD + node, ips=FOREIGN): "Denied" for node in range(BAD)}
    return good | bad


def kill(function: LambdaFunction) -> None:
    """Kill the function as Lambda does when its time or memory is used up."""
    function._process.kill()
    function._process.wait()


def decided(cluster: Cluster) -> dict[str, Any]:
    """Return the stored CSRs that have a decision, by name."""
    names = [item["metadata"]["name"] for item in cluster.objects()]
    return {name: cluster.get(name) for name in names if cluster.decision(name)}


def next_run_does_the_rest(cluster: Cluster, lambdas: Lambdas, expected: dict[str, str]) -> None:
    """Check that each CSR has exactly the right decision, and that none changes again."""
    cluster.fault = None
    cluster.restart("apiserver")  # calls under way have ended then, too
    cluster.calls.clear()
    before = decided(cluster)

    lambdas.review()

    assert cluster.writes == sorted(expected.keys() - before.keys())
    after = decided(cluster)
    assert {name: after[name] for name in before} == before
    assert {name: cluster.decision(name) for name in after} == expected
    certificates = {name for name, item in after.items() if item["status"].get("certificate")}
    assert certificates == {name for name, end in expected.items() if end == "Approved"}


@pytest.mark.parametrize(
    ("method", "number", "applied"),
    [
        pytest.param("GET", 1, False, id="while-listing"),
        pytest.param("PUT", 1, False, id="before-the-first-write"),
        pytest.param("PUT", 1, True, id="after-the-first-write"),
        pytest.param("PUT", 9, True, id="between-writes"),
        pytest.param("PUT", DECISION_COUNT, True, id="after-the-last-write"),
    ],
)
def test_killed_at_a_call_to_the_cluster(
    account: Account,
    cluster: Cluster,
    lambdas: Lambdas,
    expected: dict[str, str],
    method: str,
    number: int,
    applied: bool,  # noqa: FBT001  a test's parameter
) -> None:
    """`applied`: the API server executes the call, but its answer is lost."""
    with reviewer(account.aws, MODE="enforce") as function:
        numbers = count(1)

        def fatal(call: Call, answer: Callable[[Call], Answer]) -> Answer:
            if call.method != method or next(numbers) != number:
                return answer(call)
            answered = answer(call) if applied else (503, {})
            kill(function)
            return answered

        cluster.fault = fatal
        outcome = function.invoke(EVENT)
        printed = function.output()

    assert outcome == KILLED
    assert len(decided(cluster)) >= (number if applied else number - 1) * (method == "PUT")
    assert "cluster reviewed" not in printed
    assert '"Completed"' not in printed
    next_run_does_the_rest(cluster, lambdas, expected)


def test_killed_while_ec2_is_asked(
    account: Account,
    cluster: Cluster,
    lambdas: Lambdas,
    expected: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At this point CSRs are listed, and none is decided."""
    answer = InstanceResponse.describe_instances
    with reviewer(account.aws, MODE="enforce") as function, monkeypatch.context() as patched:

        def fatal(response: Any) -> Any:
            kill(function)
            return answer(response)

        patched.setattr(InstanceResponse, "describe_instances", fatal)
        outcome = function.invoke(EVENT)

    assert outcome == KILLED
    assert decided(cluster) == {}
    next_run_does_the_rest(cluster, lambdas, expected)


def test_a_killed_run_has_logged_what_it_wrote(
    account: Account, cluster: Cluster, expected: dict[str, str]
) -> None:
    """A successful write is logged at once, not only with the totals at the end."""
    with reviewer(account.aws, MODE="enforce", WRITE_CONNECTIONS="1") as function:
        numbers = count(1)

        def fatal(call: Call, answer: Callable[[Call], Answer]) -> Answer:
            if call.method == "PUT" and next(numbers) == DECISION_COUNT:
                kill(function)
            return answer(call)

        cluster.fault = fatal
        function.invoke(EVENT)
        lines = [json.loads(line) for line in function.output().splitlines()]

    reported = {line["csr"] for line in lines if line["message"] == "csr reviewed"}
    assert reported <= expected.keys()
    assert len(reported) >= DECISION_COUNT // 2
