"""What a message of the queue can cause: the reviewer uses only its cluster's name and Region."""

import pytest

from sandbox.aws import HOME
from sandbox.fake_apiserver.tokenform import read
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

OTHER_REGION = "eu-west-1"


class TestSelection:
    """The reviewer checks by the settings whether it may review the message's cluster."""

    @pytest.mark.parametrize(
        ("setting", "value", "reason"),
        [
            ("CLUSTER_NAMES", "test-*", "not selected by REGIONS and CLUSTER_NAMES"),
            ("REGIONS", OTHER_REGION, "not selected by REGIONS and CLUSTER_NAMES"),
            ("CLUSTER_TAG", "csr-approver", "not selected by CLUSTER_TAG"),
            ("CLUSTER_TAG", "team=b", "not selected by CLUSTER_TAG"),
        ],
    )
    def test_a_cluster_that_is_not_selected_is_left_alone(
        self, account: Account, lambdas: Lambdas, setting: str, value: str, reason: str
    ) -> None:
        """No token is sent to it, even if a person sent the message or invoked the function."""
        lambdas.settings(**{setting: value})
        cluster = account.cluster(tags={"team": "a"})
        cluster.file(1)

        lambdas.review()

        assert [reason] == [line["reason"] for line in lambdas.lines_with("cluster skipped")]
        assert cluster.tokens == set()

    @pytest.mark.parametrize(
        ("setting", "value"), [("CLUSTER_NAMES", "test-*"), ("REGIONS", OTHER_REGION)]
    )
    def test_eks_is_not_asked_about_an_excluded_name_or_region(
        self, account: Account, lambdas: Lambdas, setting: str, value: str
    ) -> None:
        """Such a message causes no call to AWS."""
        lambdas.settings(**{setting: value})
        account.cluster()

        lambdas.review()

        assert lambdas.calls.made == []

    @pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED"])
    def test_a_cluster_that_is_not_reviewable_is_left_alone(
        self, account: Account, lambdas: Lambdas, status: str
    ) -> None:
        """The cluster may have been ACTIVE when the dispatcher described it."""
        cluster = account.cluster()
        account.change("prod", status=status)

        lambdas.review()

        [line] = lambdas.lines_with("cluster skipped")
        assert line["reason"] == f"status {status}"
        assert cluster.tokens == set()

    def test_a_cluster_that_eks_does_not_know_is_skipped(self, lambdas: Lambdas) -> None:
        """It was deleted after the message was sent, so this is neither an error nor retried."""
        lambdas.review("gone")

        [line] = lambdas.lines_with("cluster skipped")
        assert line["reason"] == "EKS has no such cluster"
        assert lambdas.metrics()["Skipped"] == 1
        assert lambdas.of_clusters()["ReviewErrors"] == 0

    def test_the_token_goes_to_the_endpoint_that_eks_describes(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """A cluster of the same name in another Region gets no token."""
        own = account.cluster("prod")
        other = account.cluster("prod", OTHER_REGION)

        lambdas.review("prod")

        assert len(own.tokens) == 1
        assert other.tokens == set()

    def test_the_token_is_signed_for_the_region_of_the_cluster(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """EKS sends it to the STS that it names: only the STS of this Region is surely enabled."""
        lambdas.settings(REGIONS=f"{HOME},{OTHER_REGION}")
        cluster = account.cluster("prod", OTHER_REGION)

        lambdas.review("prod", OTHER_REGION)

        [token] = cluster.tokens
        host, _ = read(token, cluster.partition)
        assert host == f"sts.{OTHER_REGION}.amazonaws.com"


class TestMessages:
    """A message that can't be read fails the invocation, so that SQS moves it to the DLQ."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("not JSON", id="not JSON"),
            pytest.param("", id="empty"),
            pytest.param("null", id="null"),
            pytest.param('["prod", "us-east-1"]', id="a list"),
            pytest.param('{"cluster": "prod"}', id="no Region"),
            pytest.param('{"cluster": "prod", "region": null}', id="null for a Region"),
            pytest.param('{"cluster": ["prod"], "region": "us-east-1"}', id="a list of clusters"),
            pytest.param('{"cluster": "", "region": "us-east-1"}', id="an empty name"),
            pytest.param('{"cluster": "prod\\n", "region": "us-east-1"}', id="a line end"),
            pytest.param('{"cluster": "../prod", "region": "us-east-1"}', id="a path"),
            pytest.param('{"cluster": "prod", "region": "mars"}', id="a Region that isn't one"),
            pytest.param('{"cluster": "prod", "region": "x.evil.example/"}', id="a host"),
            pytest.param(
                '{"cluster": "prod", "region": "us-east-1", "endpoint": "https://evil.example"}',
                id="an additional endpoint",
            ),
        ],
    )
    def test_an_unreadable_message_raises_before_any_call(
        self, account: Account, lambdas: Lambdas, body: str
    ) -> None:
        """Neither AWS nor the cluster is called."""
        cluster = account.cluster()

        with pytest.raises(ValueError, match=r"^not an assignment: "):
            lambdas.review_body(body)

        assert cluster.tokens == set()
        assert lambdas.calls.made == []

    def test_after_an_unreadable_message_the_next_one_is_reviewed(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """The failed message leaves nothing behind in the warm environment."""
        cluster = account.cluster()
        cluster.file(1)
        with pytest.raises(ValueError, match="not an assignment"):
            lambdas.review_body("{}")

        lambdas.review()

        assert cluster.decision("csr-0001") == "Approved"
