"""Clusters that nodes join are reviewed every ten seconds, and these reviews are counted apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from core.joining import DELAYS
from handlers import fast_joins
from handlers.dispatch import DispatchIncomplete
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.tokens import utc_now
from tests.handlers.account import Account, Cluster, assigned
from tests.handlers.lambdas import Invocation, Lambdas

FURTHER = json.dumps({"cluster": "prod", "region": "us-east-1", "again": True})


def launch(cluster: Cluster, node: int = 1, **changes: Any) -> None:
    """Launch an instance of this cluster now."""
    machine = cluster.launch(node)
    cluster.account.remove_machine(machine)
    cluster.account.aws.add_machine(replace(machine, launched=utc_now(), **changes))


@pytest.fixture
def sent(lambdas: Lambdas) -> list[tuple[str, int]]:
    """Return the further reviews that the dispatcher sends: clusters and delays."""
    found: list[tuple[str, int]] = []

    def note(call: Any) -> None:
        for entry in json.loads(call["body"])["Entries"]:
            body = json.loads(entry["MessageBody"])
            if body.get("again"):
                found.append((body["cluster"], entry["DelaySeconds"]))

    lambdas.calls.override("SendMessageBatch", note)
    return found


def test_a_cluster_that_a_node_joins_gets_further_reviews(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """The others don't."""
    account.cluster("quiet")
    launch(account.cluster("prod"))

    lambdas.dispatch()

    assert [("prod", delay) for delay in DELAYS] == sent
    [line] = lambdas.lines_with("clusters joined")
    assert (["us-east-1/prod"], 5) == (line["clusters_joining"], line["further_reviews"])


def test_the_dispatcher_expects_none_of_them(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """The alarm on missing reviews would fire if one of them were lost."""
    launch(account.cluster("prod"))

    lambdas.dispatch()

    [line] = lambdas.lines_with("clusters dispatched")
    assert (5, 1) == (len(sent), line["expected"])


@pytest.mark.parametrize("count", [1, 50])
def test_a_quiet_account_costs_one_question_a_region(
    count: int, account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """Nothing is sent, and nothing is logged."""
    account.name_only([f"c{number}" for number in range(count)])

    lambdas.dispatch()

    assert [] == sent
    assert 1 == lambdas.calls.count("DescribeInstances")
    assert [] == lambdas.lines_with("clusters joined")


def test_an_old_instance_is_no_joining_node(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """Its node has had its certificate for long."""
    account.cluster("prod").launch(1)

    lambdas.dispatch()

    assert [] == sent


def test_an_instance_that_is_stopped_and_started_joins_again(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """EC2 shows the time of the start as that of the launch, and its node files a request."""
    prod = account.cluster("prod")
    prod.launch(1)
    lambdas.dispatch()
    assert [] == sent
    account.remove_machine(prod.launch(1))
    launch(prod, 1)

    lambdas.dispatch()

    assert 5 == len(sent)


@pytest.mark.parametrize("ahead", [timedelta(minutes=20), timedelta(minutes=-20)])
def test_with_a_clock_that_is_off_clusters_are_reviewed_once_a_minute(
    ahead: timedelta, account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """EC2 finds no launch in the wrong minutes; the ordinary reviews need no clock."""
    launch(account.cluster("prod"))
    lambdas.set_clock_ahead(ahead)

    lambdas.dispatch()

    [line] = lambdas.lines_with("clusters dispatched")
    assert ([], 1) == (sent, line["expected"])


def test_zero_minutes_turn_it_off(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """EC2 isn't asked at all."""
    lambdas.settings(FAST_JOIN_MINUTES="0")
    launch(account.cluster("prod"))

    lambdas.dispatch()

    assert ([], 0) == (sent, lambdas.calls.count("DescribeInstances"))


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded"])
def test_where_ec2_refuses_clusters_are_reviewed_once_a_minute(
    code: str, account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """That is no error: a line of the log says why."""
    launch(account.cluster("prod"))
    lambdas.dispatch()
    sent.clear()
    lambdas.calls.refuse("DescribeInstances", code)

    lambdas.dispatch()

    assert [] == sent
    assert [f"us-east-1: {code}"] == lambdas.lines_with("clusters joined")[-1]["launches_unknown"]
    assert 0 == lambdas.metrics()["DispatchErrors"]


def test_a_bug_here_takes_no_ordinary_review_away(account: Account, lambdas: Lambdas) -> None:
    """The ordinary messages are sent before; the run still fails, so that the bug is noticed."""
    launch(account.cluster("prod"))

    def boom(_: Any) -> None:
        raise RuntimeError("boom")

    lambdas.calls.override("DescribeInstances", boom)
    with pytest.raises(DispatchIncomplete, match="this is a bug: RuntimeError: boom"):
        lambdas.dispatch()

    assert ["us-east-1/prod"] == assigned(account)
    assert 1 == lambdas.metrics()["DispatchErrors"]


def test_in_a_late_run_ec2_is_not_asked(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """The ordinary reviews are sent, and the time is up."""
    launch(account.cluster("prod"))
    invocation = Invocation()
    lambdas.calls.override("SendMessageBatch", lambda _: invocation.advance(41))

    lambdas.dispatch(invocation)

    assert ([], 0) == (sent, lambdas.calls.count("DescribeInstances"))
    assert 1 == lambdas.calls.count("SendMessageBatch")


def test_where_ec2_does_not_answer_in_time_clusters_are_reviewed_once_a_minute(
    account: Account,
    lambdas: Lambdas,
    sent: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ordinary reviews are sent, and a line of the log says why there are no further ones."""
    launch(account.cluster("prod"))
    over = Event()
    lambdas.calls.override("DescribeInstances", lambda _: over.wait() and "RequestTimeout")
    monkeypatch.setattr(fast_joins, "ASKING_SECONDS", 0.0)

    lambdas.dispatch()
    over.set()

    assert ([], ["us-east-1/prod"]) == (sent, assigned(account))
    [line] = lambdas.lines_with("clusters joined")
    assert ["us-east-1: no answer in time"] == line["launches_unknown"]
    assert 0 == lambdas.metrics()["DispatchErrors"]


@pytest.mark.parametrize(
    ("seconds", "further"), [(6, 5), (60, 0)], ids=["to ask", "of the invocation"]
)
def test_a_page_of_launches_that_uses_up_the_time_is_the_last_one(
    seconds: float, further: int, account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """What it shows counts, as far as there is time to send; the ordinary reviews are sent."""
    account.cluster("prod")
    invocation = Invocation()
    instance = {
        "InstanceId": "i-0123456789abcdef0",
        "Tags": [{"Key": "eks:cluster-name", "Value": "prod"}],
    }

    def slow(_: Any) -> dict[str, Any]:
        invocation.advance(seconds)
        return {"Reservations": [{"Instances": [instance]}], "NextToken": "two"}

    lambdas.calls.override("DescribeInstances", slow)

    lambdas.dispatch(invocation)

    assert 1 == lambdas.calls.count("DescribeInstances")
    assert (further, ["us-east-1/prod"]) == (len(sent), sorted(set(assigned(account))))
    [line] = lambdas.lines_with("clusters joined")
    assert (["us-east-1/prod"], further) == (line["clusters_joining"], line["further_reviews"])
    assert 0 == lambdas.metrics()["DispatchErrors"]


def test_further_reviews_are_sent_as_long_as_there_is_time(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """Where SQS is slow, or there are hundreds, the run ends in time and without an error."""
    launch(account.cluster("prod"))
    invocation = Invocation()
    seconds = iter([38, 4, 4, 4, 4, 4])

    def slow(call: Any) -> None:
        invocation.advance(next(seconds))
        sent.extend(
            (json.loads(entry["MessageBody"])["cluster"], entry.get("DelaySeconds", 0))
            for entry in json.loads(call["body"])["Entries"]
        )

    lambdas.calls.override("SendMessageBatch", slow)

    lambdas.dispatch(invocation)

    assert [("prod", delay) for delay in (0, *DELAYS[:3])] == sent
    assert 3 == lambdas.lines_with("clusters joined")[0]["further_reviews"]


def test_a_further_review_approves_and_is_counted_apart(account: Account, lambdas: Lambdas) -> None:
    """All its other metrics are those of any review."""
    prod = account.cluster("prod")
    name = prod.file()

    lambdas.review_body(FURTHER)

    assert "Approved" == prod.decision(name)
    metrics = lambdas.metrics()
    assert (1, 0, 1) == (metrics["FurtherReviews"], metrics["Completed"], metrics["Approved"])


def test_a_further_review_gains_nothing_where_the_last_one_was_refused(
    account: Account, lambdas: Lambdas
) -> None:
    """It ends at once, as far as this environment knows."""
    prod = account.cluster("prod", onboarded=False)
    lambdas.review()
    calls = len(prod.calls)

    lambdas.review_body(FURTHER)

    assert calls == len(prod.calls)
    metrics = lambdas.metrics()
    assert (1, 1) == (metrics["FurtherReviews"], metrics["NotOnboarded"])


def test_a_further_review_gains_nothing_where_the_last_one_took_long(
    account: Account, lambdas: Lambdas
) -> None:
    """Six reviews of 50 s a minute would take the time of other clusters."""
    prod, invocation = account.cluster("prod"), Invocation()

    def slow(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        invocation.advance(11)
        return answer(call)

    prod.fault = slow
    lambdas.review(invocation=invocation)
    calls = len(prod.calls)
    lambdas.review_body(FURTHER)

    assert calls == len(prod.calls)


def test_a_further_review_before_any_other_is_a_review(account: Account, lambdas: Lambdas) -> None:
    """Another environment had the ordinary one."""
    prod = account.cluster("prod")

    lambdas.review_body(FURTHER)

    assert 1 == len(prod.calls)


def sent_before(seconds: float, body: str = FURTHER) -> list[dict[str, Any]]:
    """Return the records of an event with one message, which was sent so long ago."""
    at = int((utc_now() - timedelta(seconds=seconds)).timestamp() * 1_000)
    return [{"messageId": "1", "body": body, "attributes": {"SentTimestamp": str(at)}}]


def test_a_further_review_that_comes_a_minute_late_ends_at_once(
    account: Account, lambdas: Lambdas
) -> None:
    """The queue is behind, or the review has failed before: ordinary ones need the time."""
    prod = account.cluster("prod")

    lambdas.review_records(sent_before(66))

    assert ([], 1) == (prod.calls, lambdas.metrics()["FurtherReviews"])
    [line] = lambdas.lines_with("cluster skipped")
    assert "the message was sent more than a minute ago" == line["reason"]


@pytest.mark.parametrize(
    ("seconds", "changes"),
    [(55, {}), (290, {"again": False})],
    ids=["in time", "an ordinary one"],
)
def test_any_other_review_takes_place(
    seconds: float, changes: dict[str, Any], account: Account, lambdas: Lambdas
) -> None:
    """An ordinary review is never dropped: its successor may be as late."""
    prod = account.cluster("prod")

    lambdas.review_records(sent_before(seconds, json.dumps(json.loads(FURTHER) | changes)))

    assert 1 == len(prod.calls)


@pytest.mark.parametrize("stamp", [{}, {"attributes": {}}])
def test_a_further_review_without_a_time_takes_place(
    stamp: dict[str, Any], account: Account, lambdas: Lambdas
) -> None:
    """A person invoked the function by hand."""
    prod = account.cluster("prod")

    lambdas.review_records([{"messageId": "1", "body": FURTHER, **stamp}])

    assert 1 == len(prod.calls)


def test_a_message_may_not_say_again_in_other_words(account: Account, lambdas: Lambdas) -> None:
    """Only true and false are read."""
    account.cluster("prod")

    with pytest.raises(ValueError, match="again"):
        lambdas.review_body(FURTHER.replace("true", '"yes"'))


def test_a_further_review_of_a_cluster_that_is_gone_is_counted(
    account: Account, lambdas: Lambdas
) -> None:
    """Each message ends in exactly one way."""
    assert account

    lambdas.review_body(FURTHER)

    assert 1 == lambdas.metrics()["FurtherReviews"]


def test_a_launch_of_two_minutes_ago_still_counts(
    account: Account, lambdas: Lambdas, sent: list[tuple[str, int]]
) -> None:
    """Its kubelet may have asked a minute ago, and waits for half a minute more."""
    prod = account.cluster("prod")
    machine = prod.launch(1)
    account.remove_machine(machine)
    account.aws.add_machine(replace(machine, launched=utc_now() - timedelta(minutes=2)))

    lambdas.dispatch()

    assert 5 == len(sent)
