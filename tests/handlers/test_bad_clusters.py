"""A failing cluster stops no other, and the log line of its failure has the cause.

A metric counts the failure, nothing is written in that cluster, and the next run without a failure
decides its CSRs.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import pytest

from sandbox.aws import HOME
from sandbox.fake_apiserver.api import Answer, Call
from tests.adapters.scripted_api import CA_PEM, reply, scripted_api
from tests.handlers.account import Account
from tests.handlers.lambdas import LISTING_SECONDS, Invocation, Lambdas

#: The invocation's seconds: 5 s are reserved for its end, and the other 10 ms are too few for a
#: retry.
NO_TIME_TO_RETRY = 5.01

pytestmark = pytest.mark.usefixtures("enforcing")


class ReviewBoth(Protocol):
    """Reviews the failing cluster, with this invocation, and then the healthy one."""

    def __call__(self, invocation: Invocation | None = None) -> None: ...


@pytest.fixture
def review_both(account: Account, lambdas: Lambdas) -> ReviewBoth:
    """Return a function that reviews the failing cluster and then a healthy one."""
    healthy = account.cluster("healthy")
    csr = healthy.file(1)

    def review(invocation: Invocation | None = None) -> None:
        lambdas.review("prod", invocation=invocation)
        lambdas.review("healthy")
        assert healthy.decision(csr) == "Approved"

    return review


def test_an_unreachable_cluster_is_reported_as_a_connection_error(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """No server listens at the described endpoint."""
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.stop("apiserver")

    review_both(Invocation(NO_TIME_TO_RETRY))

    assert unavailable(lambdas) == "connection"
    cluster.start()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_moved_is_found_again(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """After a connection error its description is requested again, not kept for 15 minutes."""
    cluster = account.cluster()
    csr = cluster.file(1)
    account.change("prod", endpoint="https://127.0.0.1:1")
    review_both(Invocation(NO_TIME_TO_RETRY))
    account.change("prod", endpoint=cluster.server)

    lambdas.review("prod")

    assert lambdas.calls.count("DescribeCluster") == 3
    assert cluster.decision(csr) == "Approved"


def test_a_server_of_another_ca_gets_no_token(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """The token is sent only to a server whose certificate is of the CA that EKS describes."""
    cluster = account.cluster(ca_pem=account.ca_pem)
    csr = cluster.file(1)

    review_both()

    assert unavailable(lambdas) == "tls"
    assert cluster.tokens == set()
    account.trust("prod", cluster.ca_pem)
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_whose_ca_is_unreadable_gets_no_token(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """Without a readable CA the reviewer doesn't connect to the cluster."""
    cluster = account.cluster()
    csr = cluster.file(1)
    account.change("prod", certificate_authority={"data": "bm8gUEVN"})  # "no PEM" in base64

    review_both()

    assert unavailable(lambdas) == "describe"
    assert cluster.tokens == set()
    account.trust("prod", cluster.ca_pem)
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


@pytest.mark.parametrize(
    "ahead",
    [
        pytest.param(timedelta(minutes=16), id="a-token-is-valid-for-15-minutes"),
        pytest.param(timedelta(minutes=-6), id="a-token-may-be-5-minutes-early"),
    ],
)
def test_a_token_outside_the_clusters_clock_is_reported_as_not_onboarded(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth, ahead: timedelta
) -> None:
    """A cluster whose clock is wrong rejects our token as expired or not yet valid.

    A new token is rejected, too.
    """
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.clock_ahead = ahead

    review_both()

    [line] = lambdas.lines_with("cluster not onboarded")
    assert line["cause"] == "unauthorized"
    assert lambdas.metrics()["NotOnboarded"] == 1
    assert lambdas.metrics()["Completed"] == 1  # the healthy one's
    cluster.clock_ahead = timedelta()
    lambdas.review("prod")
    assert lambdas.calls.count("DescribeCluster") == 3
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_rejects_our_credentials_is_reported_as_not_onboarded(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """A cluster without an access entry gets an INFO line and its own metric, not an error."""
    cluster = account.cluster(onboarded=False)
    csr = cluster.file(1)

    review_both()

    [line] = lambdas.lines_with("cluster not onboarded")
    assert (line["level"], line["cause"]) == ("INFO", "unauthorized")
    assert lambdas.metrics()["NotOnboarded"] == 1
    assert lambdas.of_clusters()["ReviewErrors"] == 0
    cluster.onboard()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_gives_us_no_rights_is_reported_as_not_onboarded(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """A cluster that maps our role, but binds no ClusterRole to it, answers 403."""
    cluster = account.cluster(onboarded=False)
    csr = cluster.file(1)
    cluster.map_role(account.aws.role_arn, "csr-approver", ["unbound-group"])
    invocation = Invocation()

    def use_up_time(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        # The 403 isn't retried for want of time, so the test needn't wait for the retries.
        invocation.advance(LISTING_SECONDS)
        return answer(call)

    cluster.fault = use_up_time

    review_both(invocation)

    [line] = lambdas.lines_with("cluster not onboarded")
    assert line["cause"] == "forbidden"
    cluster.fault = None
    cluster.onboard()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_cluster_that_eks_does_not_describe_is_not_contacted(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """Without the right to describe the cluster, the reviewer sends no token to it."""
    cluster = account.cluster()
    csr = cluster.file(1)
    lambdas.calls.refuse("DescribeCluster", "AccessDeniedException", path="/prod")

    review_both()

    assert unavailable(lambdas) == "describe"
    assert cluster.tokens == set()
    lambdas.calls.heal()
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


@pytest.mark.parametrize("content", [{}, {"items": "none"}, {"items": {"a": 1}}])
def test_a_200_that_is_no_list_is_reported_as_a_wrong_answer(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth, content: dict[str, Any]
) -> None:
    """A server that answers 200 may be something else than an API server."""
    cluster = account.cluster()
    csr = cluster.file(1)
    cluster.fault = lambda _, __: (200, content)

    review_both()

    assert unavailable(lambdas) == "answer"
    cluster.fault = None
    lambdas.review("prod")
    assert cluster.decision(csr) == "Approved"


def test_a_redirect_is_not_followed(
    account: Account, lambdas: Lambdas, review_both: ReviewBoth
) -> None:
    """The token is sent only to the described endpoint, and to no other path there."""
    account.name_only(["prod"])
    with scripted_api(lambda _: reply(307, Location="/elsewhere")) as server:
        account.change("prod", endpoint=server.url)
        account.trust("prod", CA_PEM)

        review_both()

        assert unavailable(lambdas) == "status"
        assert len(server.seen) == 1


def test_after_a_failing_cluster_the_next_message_is_served(
    account: Account, lambdas: Lambdas
) -> None:
    """If an event has two messages, the first doesn't stop the second."""
    cluster = account.cluster("healthy")
    cluster.file(1)
    account.cluster("prod", ca_pem=account.ca_pem)
    bodies = [json.dumps({"cluster": name, "region": HOME}) for name in ("prod", "healthy")]

    lambdas.review_records([{"body": body} for body in bodies])

    assert cluster.decision("csr-0001") == "Approved"


def unavailable(lambdas: Lambdas) -> str:
    """Return why the failing cluster was unavailable; check that it is the only error counted."""
    [line] = lambdas.lines_with("cluster unavailable")
    assert (line["level"], line["cluster"], line["region"]) == ("WARNING", "prod", HOME)
    assert (lambdas.metrics()["Failed"], lambdas.metrics()["Completed"]) == (1, 1)  # one is healthy
    is_described = line["cause"] != "describe"
    assert lambdas.of_clusters() == (Counter(ReviewErrors=1) if is_described else Counter())
    assert lambdas.metrics()["EvidenceUnavailable"] == int(not is_described)
    return str(line["cause"])
