"""The reviewer: from a message to the decisions in the cluster, the log and the metrics."""

import json
from datetime import timedelta

import pytest

from core.errors import BadSettings
from handlers import review
from sandbox.aws import HOME
from tests.handlers.account import Account
from tests.handlers.lambdas import REQUEST_ID, Invocation, Lambdas

ABROAD = "eu-west-1"
FOREIGN = ("10.9.9.9",)


class TestDecisions:
    """The decisions for a message."""

    def test_a_healthy_node_is_approved(self, account: Account, lambdas: Lambdas) -> None:
        """The condition has the instance and the verified names."""
        cluster = account.cluster()
        csr = cluster.file(1)

        lambdas.review()

        [condition] = cluster.get(csr)["status"]["conditions"]
        assert condition["type"] == "Approved"
        assert condition["reason"] == "ApprovedByCsrApprover"
        assert condition["message"] == (
            "EC2 instance i-10000000000000001 is this node and has these names:"
            " ip-10-1-0-2.ec2.internal, 10.1.0.2"
        )
        assert cluster.get(csr)["status"]["certificate"]

    def test_a_false_address_is_denied_in_enforce(self, account: Account, lambdas: Lambdas) -> None:
        """The condition says which address was refused."""
        lambdas.settings(MODE="enforce")
        cluster = account.cluster()
        csr = cluster.file(1, ips=FOREIGN)

        lambdas.review()

        [condition] = cluster.get(csr)["status"]["conditions"]
        assert condition["type"] == "Denied"
        assert condition["reason"] == "DeniedByCsrApprover"
        assert condition["message"].startswith("ip-addresses: ")

    @pytest.mark.parametrize(
        ("mode", "good", "bad"),
        [
            ("shadow", "withheld", "withheld"),
            ("approve-only", "approved", "withheld"),
            ("enforce", "approved", "denied"),
        ],
    )
    def test_a_mode_changes_what_is_written_and_nothing_else(
        self, account: Account, lambdas: Lambdas, mode: str, good: str, bad: str
    ) -> None:
        """Verdicts are the same in all modes, and so is the metric of denials."""
        lambdas.settings(MODE=mode)
        cluster = account.cluster()
        cluster.file(1)
        cluster.file(2, ips=FOREIGN)

        lambdas.review()

        assert lambdas.actions() == {"csr-0001": good, "csr-0002": bad}
        verdicts = {line["csr"]: line["verdict"] for line in lambdas.lines_with("csr reviewed")}
        assert verdicts == {"csr-0001": "approve", "csr-0002": "deny"}
        assert lambdas.metrics()["Denied"] == 1
        written = {"csr-0001": good == "approved", "csr-0002": bad == "denied"}
        assert cluster.writes == [name for name, was in written.items() if was]

    def test_without_a_mode_nothing_is_written(self, account: Account, lambdas: Lambdas) -> None:
        """The default is shadow: what would be approved is counted, and isn't pending."""
        cluster = account.cluster()
        cluster.file(1)
        cluster.file(2, ips=FOREIGN)
        lambdas.settings(MODE="")

        lambdas.review()

        assert [] == cluster.writes
        metrics = lambdas.metrics(Stack="csr-approver")
        assert (1, 1) == (metrics["WouldApprove"], metrics["Pending"])

    @pytest.mark.parametrize(
        ("stack", "tag", "expected"),
        [
            ("enforce", "approve-only", ["csr-0001"]),
            ("enforce", "shadow", []),
            ("enforce", "no such mode", []),
            ("shadow", "enforce", []),
            ("approve-only", "enforce", ["csr-0001"]),
        ],
    )
    def test_a_clusters_tag_lowers_the_mode_and_never_raises_it(
        self, account: Account, lambdas: Lambdas, stack: str, tag: str, expected: list[str]
    ) -> None:
        """A person who may tag clusters can restrict the approver, not extend its rights."""
        lambdas.settings(MODE=stack)
        cluster = account.cluster(tags={"csr-approver:mode": tag})
        cluster.file(1)
        cluster.file(2, ips=FOREIGN)

        lambdas.review()

        assert cluster.writes == expected

    def test_a_young_csr_waits(self, account: Account, lambdas: Lambdas) -> None:
        """EKS's own approver has 90 seconds to decide; before that EC2 isn't asked."""
        cluster = account.cluster()
        cluster.file(1, age=timedelta(seconds=30))

        lambdas.review()

        [totals] = lambdas.lines_with("cluster reviewed")
        assert totals["not_judged"] == {"waiting": 1}
        assert lambdas.lines_with("csr reviewed") == []
        assert lambdas.calls.count("DescribeInstances") == 0
        assert cluster.writes == []
        assert (lambdas.metrics()["Waiting"], lambdas.metrics()["Pending"]) == (1, 1)

    def test_a_decided_csr_is_not_decided_again(self, account: Account, lambdas: Lambdas) -> None:
        """A repeated message, or an overlapping run, finds nothing to do."""
        cluster = account.cluster()
        cluster.file(1)

        lambdas.review()
        lambdas.review()

        assert cluster.writes == ["csr-0001"]
        assert lambdas.metrics()["Approved"] == 1

    def test_the_functions_work_together(self, account: Account, lambdas: Lambdas) -> None:
        """The reviewers complete the dispatcher's reviews."""
        lambdas.settings(REGIONS=f"{HOME},{ABROAD}")
        clusters = [account.cluster("prod"), account.cluster("prod", ABROAD)]
        for cluster in clusters:
            cluster.file(1)

        lambdas.minute(account.queue_url)

        assert ["Approved", "Approved"] == [reviewed.decision("csr-0001") for reviewed in clusters]
        assert lambdas.metrics()["Completed"] == 2


class TestWarmth:
    """What is kept from one invocation to the next."""

    def test_a_cluster_is_described_once_in_fifteen_minutes(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """A profile's role, too, is requested once in fifteen minutes."""
        cluster = account.cluster()
        cluster.file(1, ips=FOREIGN)

        lambdas.review()
        lambdas.set_clock_ahead(timedelta(minutes=14, seconds=59))
        lambdas.review()

        assert lambdas.calls.count("DescribeCluster") == 1
        assert lambdas.calls.count("GetInstanceProfile") == 1

    def test_after_fifteen_minutes_a_cluster_is_described_again(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """A new tag, and so a new mode, is read within 15 minutes."""
        cluster = account.cluster()
        cluster.file(1)
        lambdas.settings(MODE="shadow")

        lambdas.review()
        lambdas.set_clock_ahead(timedelta(minutes=15))
        lambdas.review()

        assert lambdas.calls.count("DescribeCluster") == 2

    def test_clusters_are_kept_apart(self, account: Account, lambdas: Lambdas) -> None:
        """One name in two Regions is two clusters."""
        lambdas.settings(REGIONS=f"{HOME},{ABROAD}")
        clusters = [account.cluster("prod"), account.cluster("prod", ABROAD)]

        lambdas.review("prod", HOME)
        lambdas.review("prod", ABROAD)

        assert [1, 1] == [cluster.listings for cluster in clusters]

    def test_each_review_has_its_own_token(self, account: Account, lambdas: Lambdas) -> None:
        """Tokens are made offline and aren't kept; one token is used for all calls of a review."""
        cluster = account.cluster()
        cluster.file(1)
        cluster.file(2)

        lambdas.review()

        assert len(cluster.tokens) == 1
        assert len(cluster.calls) == 3


class TestStart:
    """Settings are checked before anything is done."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("MODE", "yes"),
            ("VERIFY_NODE_ROLE", "False"),
            ("APPROVE_AFTER_SECONDS", "soon"),
            ("STACK_NAME", ""),
            ("AWS_REGION", ""),
            ("REGIONS", "eu_west_1"),
        ],
    )
    @pytest.mark.usefixtures("account")
    def test_a_bad_setting_stops_the_start_and_is_named(
        self, lambdas: Lambdas, name: str, value: str
    ) -> None:
        """A setting is never guessed at."""
        lambdas.settings(**{name: value})

        with pytest.raises(BadSettings, match=name):
            review.handler({"Records": []}, Invocation())


class TestRecords:
    """What the reviewer prints."""

    def test_every_csr_has_a_line_and_the_run_one_with_the_totals(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """Each line has the invocation's id, the cluster and its Region."""
        cluster = account.cluster()
        cluster.file(1)
        cluster.file(2, ips=FOREIGN)

        lambdas.review()

        messages = [line["message"] for line in lambdas.lines]
        assert messages == ["csr reviewed", "csr reviewed", "cluster reviewed"]
        for line in lambdas.lines:
            assert (line["cluster"], line["region"]) == ("prod", HOME)
            assert line["function_request_id"] == REQUEST_ID
        [totals] = lambdas.lines_with("cluster reviewed")
        assert totals["listed"] == 2

    def test_a_quiet_review_counts_only_that_it_completed(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """What it doesn't count costs nothing."""
        account.cluster()

        lambdas.review()

        assert lambdas.metrics() == {"Completed": 1, "Ended": 1}
        assert lambdas.of_clusters() == {}

    def test_no_secret_is_ever_printed(
        self,
        account: Account,
        lambdas: Lambdas,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Neither our secrets nor the nodes' are printed, in reviews that succeed or fail."""
        lambdas.settings(MODE="enforce")
        cluster = account.cluster()
        cluster.file(1)
        cluster.file(2, ips=FOREIGN)
        account.cluster("stranger", onboarded=False)
        account.cluster("false", ca_pem=account.ca_pem)
        caplog.set_level("INFO")

        for name in ("prod", "stranger", "false"):
            lambdas.review(name)

        reported = lambdas.printed + caplog.text
        assert {"cluster reviewed", "cluster not onboarded", "cluster unavailable"} <= {
            line["message"] for line in lambdas.lines
        }
        secrets = {*account.aws.credentials.values(), *cluster.tokens, "k8s-aws-v1", "ASIA"}
        secrets |= {"Authorization", "Bearer", "X-Amz-Signature"}
        assert {secret for secret in secrets if secret in reported} == set()
        keys = [value["spec"]["extra"]["accessKeyId"][0] for value in cluster.objects()]
        assert [key for key in keys if key in reported] == []

    def test_a_hostile_name_stays_data(self, account: Account, lambdas: Lambdas) -> None:
        """A line stays one line with one JSON object, whatever a CSR's name is."""
        cluster = account.cluster()
        cluster.file(1, name='csr-1\n{"message": "cluster reviewed"}')

        lambdas.review()

        assert [json.loads(text) for text in lambdas.printed.splitlines()]
        [line] = lambdas.lines_with("csr reviewed")
        assert line["csr"].startswith("csr-1\\n")
        assert len(lambdas.lines_with("cluster reviewed")) == 1
