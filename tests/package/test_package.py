"""The package that `sam build` makes handles every event of `events/` as in Lambda.

It is built for this machine and this Python instead of Lambda's; all else is the same.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from package.runtime_api import LambdaFunction, Outcome
from sandbox.aws import FakeAws
from sandbox.kubernetes import FakeCluster
from tests.package.functions import (
    DISPATCH,
    EVENTS,
    FUNCTIONS,
    REVIEW,
    conditions,
    environment,
    event,
    file_csr,
    function,
)
from tests.template.alarms import watched
from tests.template.sam import transformed
from tests.template.templates import ROOT


def metrics(output: str) -> list[tuple[frozenset[str], Mapping[str, Any]]]:
    """Return each line that CloudWatch reads metrics from, with the names of its dimensions."""
    lines = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return [
        (frozenset(dimensions), line)
        for line in lines
        for metric in line["_aws"]["CloudWatchMetrics"]
        for dimensions in metric["Dimensions"]
    ]


# --- how it runs ----------------------------------------------------------------------------------


def test_every_event_is_tried_here() -> None:
    """Each event of the folder has a test below."""
    tried = {name for events in EVENTS.values() for name in events}

    assert tried == {path.stem for path in (ROOT / "events").glob("*.json")}


@pytest.mark.usefixtures("cluster")
def test_the_schedule_sends_a_message_per_cluster(build: Path, aws: FakeAws) -> None:
    """The schedule's event sends one message for the cluster, the same as in the review event."""
    with function(build, DISPATCH, aws) as dispatcher:
        outcome = dispatcher.invoke(event("schedule"))
    [record] = aws.receive(aws.create_queue())

    assert Outcome() == outcome
    assert event("review")["Records"][0]["body"] == record["body"]


def test_a_review_approves_a_nodes_request(build: Path, aws: FakeAws, cluster: FakeCluster) -> None:
    """A node's own request is approved."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, Mode="approve-only") as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert ["Approved"] == conditions(cluster, csr)


def test_a_review_denies_a_request_for_another_address(
    build: Path, aws: FakeAws, cluster: FakeCluster
) -> None:
    """In enforce mode a request for another address is denied."""
    csr = file_csr(cluster, aws, address="10.0.1.20")
    with function(build, REVIEW, aws, Mode="enforce") as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert ["Denied"] == conditions(cluster, csr)


def test_a_review_in_shadow_mode_writes_nothing(
    build: Path, aws: FakeAws, cluster: FakeCluster
) -> None:
    """In shadow mode nothing is written."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, Mode="shadow") as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert [] == conditions(cluster, csr)


def test_a_message_about_an_unserved_region_decides_nothing(
    build: Path, aws: FakeAws, cluster: FakeCluster
) -> None:
    """A message about a Region that isn't served succeeds and decides nothing."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        outcome = reviewer.invoke(event("review-excluded"))
        output = reviewer.output()

    assert Outcome() == outcome
    assert [] == conditions(cluster, csr)
    assert "not selected by REGIONS and CLUSTER_NAMES" in output


def test_an_unreadable_message_fails(build: Path, aws: FakeAws, cluster: FakeCluster) -> None:
    """A message with other fields than cluster and Region fails, so it goes to the DLQ."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        outcome = reviewer.invoke(event("review-unreadable"))

    assert "ValueError" == outcome.error_type
    assert "endpoint" in outcome.error_message
    assert [] == conditions(cluster, csr)


def test_a_message_after_a_failed_one_is_handled(
    build: Path, aws: FakeAws, cluster: FakeCluster
) -> None:
    """After a failed message, the same warm function handles the next one."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, Mode="approve-only") as reviewer:
        failed = reviewer.invoke(event("review-unreadable"))
        outcome = reviewer.invoke(event("review"))

    assert "ValueError" == failed.error_type
    assert Outcome() == outcome
    assert ["Approved"] == conditions(cluster, csr)


def test_bad_settings_fail_the_start(build: Path, aws: FakeAws) -> None:
    """Parameters that contradict each other are reported before any event is handled."""
    with function(build, REVIEW, aws, MaxCsrAgeSeconds="200") as reviewer:
        outcome = reviewer.invoke(event("review"))
        output = reviewer.output()

    assert outcome.at_init
    assert "BadSettings" == outcome.error_type
    assert "MAX_CSR_AGE_SECONDS: got 200, expected at least 720" in outcome.error_message
    assert "[ERROR] BadSettings: " in output


@pytest.mark.parametrize("handler", FUNCTIONS)
def test_missing_settings_fail_the_start(handler: str, build: Path, aws: FakeAws) -> None:
    """Both functions refuse to start without a setting that they need."""
    without = environment(handler, aws) | {"STACK_NAME": ""}
    with LambdaFunction(build / FUNCTIONS[handler], handler, without) as function:
        outcome = function.invoke({})

    assert outcome.at_init
    assert "BadSettings" == outcome.error_type
    assert "STACK_NAME" in outcome.error_message


def test_a_package_without_its_libraries_does_not_start(tmp_path: Path, build: Path) -> None:
    """What the package lacks isn't found elsewhere, so the tests above prove it is complete."""
    for name in ("handlers", "core", "adapters"):
        (tmp_path / name).symlink_to(build / "ReviewerFunction" / name)
    with LambdaFunction(tmp_path, REVIEW, {}) as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert outcome.at_init
    assert "Runtime.ImportModuleError" == outcome.error_type


# --- what it logs ---------------------------------------------------------------------------------


def test_alarms_find_their_metrics(build: Path, aws: FakeAws, cluster: FakeCluster) -> None:
    """Each minute emits every metric that a plain alarm watches, with exactly its dimensions.

    The two others are filled by the alarm, and sent only when they aren't 0.
    """
    file_csr(cluster, aws, address="10.0.1.10")
    with function(build, DISPATCH, aws) as dispatcher, function(build, REVIEW, aws) as reviewer:
        dispatcher.invoke(event("schedule"))
        reviewer.invoke(event("review"))
        output = f"{dispatcher.output()}\n{reviewer.output()}"
    emitted = {
        name
        for dimensions, line in metrics(output)
        if dimensions == {"Stack"} and line["Stack"] == "csr-approver"
        for name in line
    }
    alarms = transformed().stack().of_type("AWS::CloudWatch::Alarm").values()
    plain = {
        metric
        for alarm in alarms
        for namespace, dimensions, metric in watched(alarm)
        if namespace == "CsrApprover" and dimensions == (("Stack", "csr-approver"),)
    }

    assert plain
    assert {"NotOnboarded", "Unreachable"} == plain - emitted


def test_nothing_secret_is_written(build: Path, aws: FakeAws, cluster: FakeCluster) -> None:
    """The log contains neither the token for the cluster nor the credentials that sign it."""
    file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, LogLevel="DEBUG") as reviewer:
        reviewer.invoke(event("review"))
        reviewer.invoke(event("review-unreadable"))
        output = reviewer.output()

    assert '"csr-1"' in output
    assert "k8s-aws-v1" not in output
    assert "X-Amz-" not in output
    assert [] == [name for name, value in aws.credentials.items() if value and value in output]
