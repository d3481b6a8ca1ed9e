"""The dispatcher: which clusters are assigned, and what is logged."""

import json
from collections import Counter

import pytest

from adapters.ledger_metrics import DISPATCH, ZEROS
from core.errors import BadSettings
from handlers import dispatch
from sandbox.aws import HOME
from tests.handlers.account import Account, assigned
from tests.handlers.lambdas import REQUEST_ID, Invocation, Lambdas

ABROAD = "eu-west-1"


class TestSelection:
    """Which clusters get a message."""

    def test_every_cluster_of_every_region_is_assigned(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """REGIONS has two; a cluster of a third Region is ignored."""
        lambdas.settings(REGIONS=f"{HOME},{ABROAD}")
        account.name_only(["prod", "test"])
        account.name_only(["prod"], ABROAD)
        account.name_only(["prod"], "ap-south-1")

        lambdas.dispatch()

        assert assigned(account) == [f"{ABROAD}/prod", f"{HOME}/prod", f"{HOME}/test"]

    def test_without_regions_only_the_functions_own_is_served(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """An empty REGIONS means AWS_REGION."""
        account.name_only(["prod"])
        account.name_only(["prod"], ABROAD)

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/prod"]

    def test_a_region_named_twice_is_served_once(self, account: Account, lambdas: Lambdas) -> None:
        """Each cluster gets one message."""
        lambdas.settings(REGIONS=f"{HOME}, {HOME}")
        account.name_only(["prod"])

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/prod"]

    def test_more_clusters_than_a_page_holds_are_all_assigned(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """EKS lists a hundred at a time; the hundred and first is on the second page."""
        names = [f"c-{number:03}" for number in range(101)]
        account.name_only(names)

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/{name}" for name in names]
        assert lambdas.calls.count("ListClusters") == 2
        assert lambdas.calls.count("SendMessageBatch") == 11

    @pytest.mark.parametrize(
        ("globs", "expected"),
        [
            ("prod-*", ["prod-1", "prod-2"]),
            ("prod-?,dev-1", ["dev-1", "prod-1", "prod-2"]),
            ("prod-[!2]", ["prod-1"]),
            ("prod,PROD-1", []),
        ],
    )
    def test_globs_select_by_the_whole_name(
        self, account: Account, lambdas: Lambdas, globs: str, expected: list[str]
    ) -> None:
        """CLUSTER_NAMES: one glob must match the whole name, case-sensitively."""
        lambdas.settings(CLUSTER_NAMES=globs)
        account.name_only(["dev-1", "prod-1", "prod-2", "web-prod"])

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/{name}" for name in expected]

    def test_clusters_that_the_globs_exclude_are_not_described(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """The list has the names; DescribeCluster is called for selected names only."""
        lambdas.settings(CLUSTER_NAMES="prod")
        account.name_only(["dev", "prod"])

        lambdas.dispatch()

        assert lambdas.calls.count("DescribeCluster") == 1

    @pytest.mark.parametrize(
        ("tag", "expected"),
        [
            ("csr-approver", ["no", "yes"]),
            ("csr-approver=yes", ["yes"]),
            ("csr-approver=", []),
        ],
    )
    def test_a_tag_selects_by_key_or_by_key_and_value(
        self, account: Account, lambdas: Lambdas, tag: str, expected: list[str]
    ) -> None:
        """CLUSTER_TAG: `key` or `key=value`; `key=` is the empty value."""
        lambdas.settings(CLUSTER_TAG=tag)
        account.name_only(["bare"])
        for value in ("yes", "no"):
            account.name_only([value], HOME, **{"csr-approver": value})

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/{name}" for name in expected]

    def test_only_reviewable_clusters_are_assigned(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """A cluster being created has no API yet; one being deleted soon has none."""
        states = ("ACTIVE", "CREATING", "DELETING", "FAILED", "PENDING", "UPDATING")
        account.name_only(states)
        for state in states:
            account.change(state, status=state)

        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/ACTIVE", f"{HOME}/UPDATING"]

    def test_a_cluster_deleted_since_the_list_is_not_assigned(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """EKS no longer has it, which is no error."""
        account.name_only(["prod"])
        lambdas.calls.refuse("DescribeCluster", "ResourceNotFoundException")

        lambdas.dispatch()

        assert assigned(account) == []
        assert lambdas.metrics() == Counter(DispatchErrors=0)

    def test_an_account_without_clusters_reports_zeros(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """No alarm lacks data; SQS isn't called."""
        lambdas.dispatch()

        assert assigned(account) == []
        assert dict.fromkeys((*ZEROS, *DISPATCH), 0).items() <= lambdas.metrics().items()
        assert lambdas.calls.count("SendMessageBatch") == 0


class TestMessages:
    """What the messages to the reviewer contain."""

    def test_a_message_holds_cluster_and_region_and_nothing_else(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """The reviewer itself requests endpoint, CA and tags from EKS."""
        account.name_only(["prod"])

        lambdas.dispatch()

        [record] = account.aws.receive(account.queue_url)
        assert json.loads(record["body"]) == {"cluster": "prod", "region": HOME}

    def test_every_minute_assigns_all_clusters(self, account: Account, lambdas: Lambdas) -> None:
        """The dispatcher keeps no assignments; it keeps descriptions for 15 minutes."""
        account.name_only(["prod"])

        lambdas.dispatch()
        lambdas.dispatch()

        assert assigned(account) == [f"{HOME}/prod"] * 2
        assert lambdas.calls.count("DescribeCluster") == 1


class TestStart:
    """Settings are checked before anything is done."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("QUEUE_URL", ""),
            ("STACK_NAME", " "),
            ("AWS_REGION", ""),
            ("CLUSTER_NAMES", ","),
            ("REGIONS", "everywhere"),
            ("REGIONS", "us-east-1,eu_west_1"),
            ("REGIONS", "us-east-1;eu-west-1"),
            ("REGIONS", "US-EAST-1"),
        ],
    )
    @pytest.mark.usefixtures("account")
    def test_a_bad_setting_stops_the_start_and_is_named(
        self, lambdas: Lambdas, name: str, value: str
    ) -> None:
        """With a bad setting nothing is dispatched."""
        lambdas.settings(**{name: value})

        with pytest.raises(BadSettings, match=name):
            dispatch.handler({}, Invocation())


class TestRecords:
    """What the dispatcher prints."""

    def test_metrics_are_emf_under_the_dimension_stack_alone(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """A second dimension, such as Powertools' own `service`, would hide them from alarms."""
        account.name_only(["prod"])

        lambdas.dispatch()

        [line] = [json.loads(text) for text in lambdas.printed.splitlines() if "_aws" in text]
        [metrics] = line["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == "CsrApprover"
        assert metrics["Dimensions"] == [["Stack"]]
        assert line["Stack"] == "csr-approver"
        assert {*ZEROS, *DISPATCH} <= {metric["Name"] for metric in metrics["Metrics"]}

    def test_one_line_has_the_number_of_dispatched_clusters_and_the_invocation(
        self, account: Account, lambdas: Lambdas
    ) -> None:
        """Lambda's own log lines have the same request id."""
        account.name_only(["prod"])

        lambdas.dispatch()

        [line] = lambdas.lines
        assert line["message"] == "clusters dispatched"
        assert line["expected"] == 1
        assert line["function_request_id"] == REQUEST_ID
