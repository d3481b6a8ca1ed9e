"""The dispatcher in trouble: what fails costs other Regions and clusters nothing, and is told."""

from collections import Counter
from threading import Event
from typing import Any

import pytest

from handlers.dispatch import DispatchIncomplete
from sandbox.aws import HOME
from tests.handlers.account import Account, assigned
from tests.handlers.lambdas import Invocation, Lambdas

ABROAD = "eu-west-1"


def test_a_region_that_fails_costs_the_others_nothing(account: Account, lambdas: Lambdas) -> None:
    """The others are assigned, and then the invocation fails and names the Region."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    lambdas.calls.refuse("ListClusters", "AccessDeniedException", ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"{ABROAD}.*AccessDeniedException"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=1, DispatchErrors=1)
    [line] = lambdas.said("dispatch failed")
    assert line["problem"] == f"{ABROAD}: list: EKS ListClusters: AccessDeniedException"


def test_a_region_that_hangs_costs_the_others_nothing(account: Account, lambdas: Lambdas) -> None:
    """It is waited for as long as there is time, and no longer."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    over = Event()
    lambdas.calls.instead("ListClusters", lambda _: over.wait() and "RequestTimeout", ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"^{ABROAD}: .*: no answer in time$"):
        lambdas.dispatch(Invocation(seconds=15.5))
    over.set()

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=1, DispatchErrors=1)


def test_a_cluster_whose_description_hangs_is_assigned_all_the_same(
    account: Account, lambdas: Lambdas
) -> None:
    """Its description is waited for as long as there is time, and no longer."""
    account.name_only(["prod"])
    over = Event()
    lambdas.calls.instead("DescribeCluster", lambda _: over.wait() and "RequestTimeout")

    lambdas.dispatch(Invocation(seconds=15.5))
    over.set()

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=1, DispatchErrors=0)


def test_a_list_that_breaks_off_half_way_is_a_region_that_fails(
    account: Account, lambdas: Lambdas
) -> None:
    """Half a list would leave clusters out in silence."""
    account.name_only(f"c-{number:03}" for number in range(101))
    pages = iter([None, "ThrottlingException"])
    lambdas.calls.instead("ListClusters", lambda _: next(pages))

    with pytest.raises(DispatchIncomplete, match="ThrottlingException"):
        lambdas.dispatch()

    assert lambdas.metrics() == Counter(Expected=0, DispatchErrors=1)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ServerException"])
def test_a_cluster_that_cannot_be_described_is_assigned_all_the_same(
    account: Account, lambdas: Lambdas, code: str
) -> None:
    """The reviewer looks itself, and tells of it; here it is no error."""
    account.name_only(["prod"])
    lambdas.calls.refuse("DescribeCluster", code)

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=1, DispatchErrors=0)


def _break(_: Any) -> str:
    raise RuntimeError("boom")


def test_a_bug_met_on_one_cluster_costs_the_others_nothing(
    account: Account, lambdas: Lambdas
) -> None:
    """It is assigned as one that can't be described, and the bug fails the invocation."""
    account.name_only(["dev", "prod"])
    described = "/clusters/dev"
    lambdas.calls.instead(
        "DescribeCluster", lambda call: _break(call) if call["url_path"] == described else None
    )

    with pytest.raises(DispatchIncomplete, match=f"^{HOME}/dev: this is a bug: RuntimeError: boom"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/dev", f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=2, DispatchErrors=1)


def test_a_bug_met_on_one_region_costs_the_others_nothing(
    account: Account, lambdas: Lambdas
) -> None:
    """It is a Region that fails."""
    lambdas.settings(REGIONS=f"{ABROAD},{HOME}")
    account.name_only(["prod"])
    lambdas.calls.instead("ListClusters", _break, ABROAD)

    with pytest.raises(DispatchIncomplete, match=f"^{ABROAD}: this is a bug: RuntimeError: boom"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]


def test_a_name_that_eks_never_gave_costs_the_others_nothing(
    account: Account, lambdas: Lambdas
) -> None:
    """No assignment can be made of it, which is told."""
    account.name_only(["odd name", "prod"])

    with pytest.raises(DispatchIncomplete, match=f"^{HOME}: invalid cluster name"):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]


def test_with_little_time_left_clusters_are_assigned_undescribed(
    account: Account, lambdas: Lambdas
) -> None:
    """Better one message too many than clusters that nobody looks after."""
    lambdas.settings(CLUSTER_TAG="csr-approver")
    account.name_only(["prod"])
    invocation = Invocation(seconds=30)
    lambdas.calls.instead("ListClusters", lambda _: invocation.passes(16))

    lambdas.dispatch(invocation)

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.calls.count("DescribeCluster") == 0


def test_what_sqs_refuses_is_sent_once_more(account: Account, lambdas: Lambdas) -> None:
    """Only the refused entry goes again; once it is taken, there was no error."""
    account.name_only(["a", "b"])
    refusals = iter([refused("1"), None])
    lambdas.calls.instead("SendMessageBatch", lambda _: next(refusals))

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/b"]
    assert lambdas.metrics() == Counter(Expected=2, DispatchErrors=0)


def test_what_sqs_refuses_twice_is_counted(account: Account, lambdas: Lambdas) -> None:
    """It stays expected, so that the review that doesn't come is missed."""
    account.name_only(["a", "b"])
    refusals = iter([refused("1"), {"Successful": [], "Failed": failed("0")}])
    lambdas.calls.instead("SendMessageBatch", lambda _: next(refusals))

    with pytest.raises(DispatchIncomplete, match=f"^{HOME}/b: SQS did not take it: InternalError$"):
        lambdas.dispatch()

    assert lambdas.calls.count("SendMessageBatch") == 2
    assert lambdas.metrics() == Counter(Expected=2, DispatchErrors=1)


def test_a_call_that_sqs_fails_costs_its_ten_and_no_others(
    account: Account, lambdas: Lambdas
) -> None:
    """Eleven clusters are two calls; the first fails, the second is sent."""
    account.name_only(f"c-{number:02}" for number in range(11))
    answers = iter(["InternalError", None])
    lambdas.calls.instead("SendMessageBatch", lambda _: next(answers))

    with pytest.raises(DispatchIncomplete):
        lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/c-10"]
    assert lambdas.metrics() == Counter(Expected=11, DispatchErrors=10)


def test_after_a_failure_the_next_minute_is_as_any_other(
    account: Account, lambdas: Lambdas
) -> None:
    """Nothing of a failed minute stays in the warm environment."""
    account.name_only(["prod"])
    lambdas.calls.refuse("ListClusters")
    with pytest.raises(DispatchIncomplete):
        lambdas.dispatch()
    lambdas.forget()
    lambdas.calls.heal()

    lambdas.dispatch()

    assert assigned(account) == [f"{HOME}/prod"]
    assert lambdas.metrics() == Counter(Expected=1, DispatchErrors=0)


def failed(*ids: str) -> list[dict[str, Any]]:
    return [{"Id": one, "SenderFault": False, "Code": "InternalError"} for one in ids]


def refused(entry: str) -> dict[str, Any]:
    """SQS's answer to two entries, of which it takes the other one."""
    other = {"0": "1", "1": "0"}[entry]
    taken = [{"Id": other, "MessageId": "m", "MD5OfMessageBody": "x"}]
    return {"Successful": taken, "Failed": failed(entry)}
