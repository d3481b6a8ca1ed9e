"""Failures of the dispatcher: each is reported, and stops no other Region or cluster."""

from collections import Counter
from threading import Event
from typing import Any

import pytest

from handlers.dispatch import DispatchIncomplete
from sandbox.aws import HOME
from tests.handlers.account import Account, assigned
from tests.handlers.lambdas import Invocation, Lambdas

ABROAD = "eu-west-1"


def test_a_region_that_fails_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """The others are assigned, and then the invocation fails and names the Region."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    lambdas.calls.refuse("ListClusters", "AccessDeniedException", ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"{ABROAD}.*AccessDeniedException"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter(DispatchErrors=1)
    [line] = lambdas.lines_with("dispatch failed")
    assert line["problem"] == f"{ABROAD}: list: EKS ListClusters: AccessDeniedException"


def test_a_region_that_hangs_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """The dispatcher waits for it as long as there is time."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    over = Event()
    lambdas.calls.override("ListClusters", lambda _: over.wait() and "RequestTimeout", ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"^{ABROAD}: .*: no answer in time$"):
        lambdas.dispatch(Invocation(seconds=15.5))
    over.set()

    assert assigned(account) == [f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter(DispatchErrors=1)


def test_a_cluster_whose_description_hangs_is_assigned(account: Account, lambdas: Lambdas) -> None:
    """The dispatcher waits for the description as long as there is time."""
    account.name_only(["prod"])
    over = Event()
    lambdas.calls.override("DescribeCluster", lambda _: over.wait() and "RequestTimeout")

    lambdas.dispatch(Invocation(seconds=15.5))
    over.set()

    assert assigned(account) == [f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter()


def test_a_list_that_fails_half_way_fails_its_region(account: Account, lambdas: Lambdas) -> None:
    """With half a list, clusters would be missing without an error."""
    account.name_only(f"c-{number:03}" for number in range(101))
    pages = iter([None, "ThrottlingException"])
    lambdas.calls.override("ListClusters", lambda _: next(pages))

    with pytest.raises(DispatchIncomplete, match="ThrottlingException"):
        lambdas.dispatch()

    assert +lambdas.metrics() == Counter(DispatchErrors=1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ServerException"])
def test_a_cluster_that_cannot_be_described_is_assigned(
    account: Account, lambdas: Lambdas, code: str
) -> None:
    """The reviewer describes it itself and reports a failure; here it is no error."""
    account.name_only(["prod"])
    lambdas.calls.refuse("DescribeCluster", code)

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter()


def _break(_: Any) -> str:
    raise RuntimeError("boom")


def test_a_bug_with_one_cluster_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """The cluster is assigned without a description, and the bug fails the invocation."""
    account.name_only(["dev", "prod"])
    described = "/clusters/dev"
    lambdas.calls.override(
        "DescribeCluster", lambda call: _break(call) if call["url_path"] == described else None
    )

    with pytest.raises(DispatchIncomplete, match=f"^{HOME}/dev: this is a bug: RuntimeError: boom"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/dev", f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter(DispatchErrors=1)


def test_a_bug_with_one_region_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """The Region fails."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    lambdas.calls.override("ListClusters", _break, ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"^{ABROAD}: this is a bug: RuntimeError: boom"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]


def test_an_invalid_cluster_name_stops_no_other(account: Account, lambdas: Lambdas) -> None:
    """A cluster with an invalid name can't be assigned, which is reported."""
    account.name_only(["invalid name", "prod"])

    with pytest.raises(DispatchIncomplete, match=f"^{HOME}: invalid cluster name"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]


def test_with_little_time_left_clusters_are_assigned_undescribed(
    account: Account, lambdas: Lambdas
) -> None:
    """A message too many is better than a cluster without a review."""
    lambdas.settings(CLUSTER_TAG="csr-approver")
    account.name_only(["prod"])
    invocation = Invocation(seconds=30)
    lambdas.calls.override("ListClusters", lambda _: invocation.advance(16))

    lambdas.dispatch(invocation)

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.calls.count("DescribeCluster") == 0


def test_a_refused_entry_is_sent_again(account: Account, lambdas: Lambdas) -> None:
    """Only the refused entry is sent again; if SQS then accepts it, there is no error."""
    account.name_only(["a", "b"])
    refusals = iter([refused("1"), None])
    lambdas.calls.override("SendMessageBatch", lambda _: next(refusals))

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/b"]
    assert +lambdas.metrics() == Counter()


def test_an_entry_that_is_refused_twice_is_counted(account: Account, lambdas: Lambdas) -> None:
    """The cluster stays expected, so that the missing review is noticed."""
    account.name_only(["a", "b"])
    refusals = iter([refused("1"), {"Successful": [], "Failed": failed("0")}])
    lambdas.calls.override("SendMessageBatch", lambda _: next(refusals))

    with pytest.raises(
        DispatchIncomplete, match=f"^{HOME}/b: SQS did not accept the assignment: InternalError$"
    ):
        lambdas.dispatch()

    assert lambdas.calls.count("SendMessageBatch") == 2
    assert +lambdas.metrics() == Counter(DispatchErrors=1)


def test_a_failed_call_fails_its_ten_only(account: Account, lambdas: Lambdas) -> None:
    """Eleven clusters are two calls; the first fails, the second succeeds."""
    account.name_only(f"c-{number:02}" for number in range(11))
    answers = iter(["InternalError", None])
    lambdas.calls.override("SendMessageBatch", lambda _: next(answers))

    with pytest.raises(DispatchIncomplete):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/c-10"]
    assert +lambdas.metrics() == Counter(DispatchErrors=10)


def test_after_a_failure_the_next_minute_works(account: Account, lambdas: Lambdas) -> None:
    """No state of the failed minute stays in the warm environment."""
    account.name_only(["prod"])
    lambdas.calls.refuse("ListClusters")
    with pytest.raises(DispatchIncomplete):
        lambdas.dispatch()
    lambdas.discard_output()
    lambdas.calls.heal()

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert +lambdas.metrics() == Counter()


def failed(*ids: str) -> list[dict[str, Any]]:
    return [
        {"Id": instance_id, "SenderFault": False, "Code": "InternalError"} for instance_id in ids
    ]


def refused(entry: str) -> dict[str, Any]:
    """Return SQS's answer to two entries, of which it refuses this one."""
    other = {"0": "1", "1": "0"}[entry]
    taken = [{"Id": other, "MessageId": "m", "MD5OfMessageBody": "x"}]
    return {"Successful": taken, "Failed": failed(entry)}
