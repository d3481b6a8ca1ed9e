"""A cluster in trouble is its own trouble: another one is served, and the log names the cause.

A metric counts the one in trouble, nothing is written in it, and a following run that meets no
trouble decides its CSRs.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import pytest

from sandbox.aws import HOME
from sandbox.fake_apiserver.api import Answer, Call
from tests.adapters.scripted_api import CA_PEM, reply, scripted_api
from tests.handlers.account import Account
from tests.handlers.lambdas import HALF, Invocation, Lambdas

#: So little is left that what fails isn't tried again in the same run.
SHORT = 5.01

pytestmark = pytest.mark.usefixtures("enforcing")


class Troubled(Protocol):
    """Reviews both clusters, the one in trouble in this invocation."""

    def __call__(self, invocation: Invocation | None = None) -> None: ...


@pytest.fixture
def troubled(account: Account, lambdas: Lambdas) -> Troubled:
    """Review the cluster in trouble, then a healthy one, which must not notice."""
    healthy = account.cluster("healthy")
    csr = healthy.file(1)

    def review(invocation: Invocation | None = None) -> None:
        lambdas.review("prod", invocation=invocation)
        lambdas.review("healthy")
        assert healthy.decision(csr) == "Approved"

    return review


def test_an_unreachable_cluster(account: Account, lambdas: Lambdas, troubled: Troubled) -> None:
    """Nobody listens where EKS says that its API is."""
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.stop("apiserver")

    troubled(Invocation(SHORT))

    assert unavailable(lambdas) == "connection"
    cluster.start()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_moved_is_found_again(
    account: Account, lambdas: Lambdas, troubled: Troubled
) -> None:
    """After a connection error its description is asked for anew, not kept for 15 minutes."""
    cluster = account.cluster()
    csr = cluster.file(1)
    account.change("prod", endpoint="https://127.0.0.1:1")
    troubled(Invocation(SHORT))
    account.change("prod", endpoint=cluster.server)

    lambdas.review("prod")

    assert lambdas.calls.count("DescribeCluster") == 3
    assert cluster.decision(csr) == "Approved"


def test_a_wrong_ca(account: Account, lambdas: Lambdas, troubled: Troubled) -> None:
    """No token is sent to whom the described CA doesn't vouch for."""
    cluster = account.cluster(ca_pem=account.ca_pem)
    csr = cluster.file(1)

    troubled()

    assert unavailable(lambdas) == "tls"
    assert cluster.tokens == set()
    account.trust("prod", cluster.ca_pem)
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_ca_that_is_none(account: Account, lambdas: Lambdas, troubled: Troubled) -> None:
    """What can't be trusted isn't connected to."""
    cluster = account.cluster()
    csr = cluster.file(1)
    account.change("prod", certificate_authority={"data": "bm8gUEVN"})

    troubled()

    assert unavailable(lambdas) == "describe"
    assert cluster.tokens == set()
    account.trust("prod", cluster.ca_pem)
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


@pytest.mark.parametrize("ahead", [timedelta(minutes=16), timedelta(minutes=-6)])
def test_an_expired_token(
    account: Account, lambdas: Lambdas, troubled: Troubled, ahead: timedelta
) -> None:
    """By the cluster's clock it is too old or from the future; a second one no better."""
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.clock_ahead = ahead

    troubled()

    [line] = lambdas.said("cluster not onboarded")
    assert line["cause"] == "unauthorized"
    assert lambdas.metrics()["NotOnboarded"] == 1
    assert lambdas.metrics()["Completed"] == 1  # the healthy one's
    cluster.clock_ahead = timedelta()
    lambdas.review("prod")
    assert lambdas.calls.count("DescribeCluster") == 3
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_does_not_know_us(
    account: Account, lambdas: Lambdas, troubled: Troubled
) -> None:
    """One quiet line and a metric of its own, not an error; once let in, it is served."""
    cluster = account.cluster(onboarded=False)
    csr = cluster.file(1)

    troubled()

    [line] = lambdas.said("cluster not onboarded")
    assert (line["level"], line["cause"]) == ("INFO", "unauthorized")
    assert lambdas.metrics()["NotOnboarded"] == 1
    assert lambdas.metrics()["ReviewErrors"] == 0
    cluster.onboard()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_allows_us_nothing(
    account: Account, lambdas: Lambdas, troubled: Troubled
) -> None:
    """It knows the role, but no ClusterRole is bound to it yet."""
    cluster = account.cluster(onboarded=False)
    csr = cluster.file(1)
    cluster.map_role(account.aws.role_arn, "csr-approver", ["nobody"])
    invocation = Invocation()

    def slow(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        invocation.passes(HALF)
        return answer(call)

    cluster.fault = slow

    troubled(invocation)

    [line] = lambdas.said("cluster not onboarded")
    assert line["cause"] == "forbidden"
    cluster.fault = None
    cluster.onboard()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_access_denied_on_eks(account: Account, lambdas: Lambdas, troubled: Troubled) -> None:
    """What can't be described isn't contacted."""
    cluster = account.cluster()
    csr = cluster.file(1)
    lambdas.calls.refuse("DescribeCluster", "AccessDeniedException", path="/prod")

    troubled()

    assert unavailable(lambdas) == "describe"
    assert cluster.tokens == set()
    lambdas.calls.heal()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


@pytest.mark.parametrize("content", [{}, {"items": "none"}, {"items": {"a": 1}}])
def test_a_list_of_unknown_shape(
    account: Account, lambdas: Lambdas, troubled: Troubled, content: dict[str, Any]
) -> None:
    """What answers 200 needn't be an API server."""
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.fault = lambda _, __: (200, content)

    troubled()

    assert unavailable(lambdas) == "answer"
    cluster.fault = None
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_redirect_is_not_followed(account: Account, lambdas: Lambdas, troubled: Troubled) -> None:
    """The token goes nowhere but to the described endpoint, and there to no other path."""
    account.name_only(["prod"])
    with scripted_api(lambda _: reply(307, Location="/elsewhere")) as server:
        account.change("prod", endpoint=server.url)
        account.trust("prod", CA_PEM)

        troubled()

        assert unavailable(lambdas) == "status"
        assert len(server.seen) == 1


def test_after_a_cluster_in_trouble_the_next_message_is_served(
    account: Account, lambdas: Lambdas
) -> None:
    """Should Lambda ever be given two messages, the first costs the second nothing."""
    cluster = account.cluster("healthy")
    cluster.file(1)
    account.cluster("prod", ca_pem=account.ca_pem)
    bodies = [json.dumps({"cluster": one, "region": HOME}) for one in ("prod", "healthy")]

    lambdas.review_records([{"body": body} for body in bodies])

    assert cluster.decision("csr-0001") == "Approved"


def unavailable(lambdas: Lambdas) -> str:
    """Why the one cluster in trouble was unavailable; that is counted, and nothing else is."""
    [line] = lambdas.said("cluster unavailable")
    assert (line["level"], line["cluster"], line["region"]) == ("WARNING", "prod", HOME)
    assert lambdas.metrics()["ReviewErrors"] == 1
    assert lambdas.metrics()["Completed"] == 1  # the healthy one's
    return str(line["cause"])
