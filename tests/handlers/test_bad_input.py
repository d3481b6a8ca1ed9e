"""A failing CSR stops no other: the rest of the list is decided.

The log has the cause, a metric counts it, and the next run without a failure decides it.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError
from tests.handlers.account import Account
from tests.handlers.lambdas import LISTING_SECONDS, Invocation, Lambdas

pytestmark = pytest.mark.usefixtures("enforcing")

AnswerCall = Callable[[Call], Answer]


def test_if_the_second_page_fails_the_csrs_of_the_first_are_decided(
    account: Account, lambdas: Lambdas
) -> None:
    """The CSRs that were read are decided, and the log says that the list is incomplete."""
    cluster = account.cluster()
    names = [cluster.file(node) for node in range(1, 5)]
    invocation = Invocation()

    def second_page_fails(call: Call, answer: AnswerCall) -> Answer:
        if "continue" in call.query:
            invocation.advance(LISTING_SECONDS)
            raise ApiError(500, "InternalError", "etcd is gone")
        return answer(of_two(call) if call.method == "GET" else call)

    cluster.fault = second_page_fails

    lambdas.review(invocation=invocation)

    assert cluster.writes == names[:2]
    [line] = lambdas.lines_with("cluster reviewed")
    assert (line["truncated"], line["listed"], line["pages"]) == (True, 2, 1)
    assert lambdas.metrics()["ListTruncated"] == 1
    cluster.fault = None
    lambdas.review()
    assert cluster.writes == names


def test_an_unreadable_request_is_denied_and_stops_no_other(
    account: Account, lambdas: Lambdas
) -> None:
    """A CSR whose request isn't a PKCS#10 request is denied, and no other is."""
    cluster = account.cluster()
    good, broken = cluster.file(1), cluster.file(2, request=b"no request at all")

    lambdas.review()

    assert lambdas.actions() == {good: "approved", broken: "denied"}
    line = next(entry for entry in lambdas.lines_with("csr reviewed") if entry["csr"] == broken)
    assert line["refusals"][0]["check"] == "request-well-formed"


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("metadata", "creationTimestamp", "yesterday"),
        ("metadata", "uid", None),
        ("spec", "username", "\udcff"),
        ("spec", "groups", ["\udcff"]),
        ("spec", "extra", {"sessionName": ["\udcff"]}),
        ("status", "conditions", [{"type": "\udcff"}]),
    ],
)
def test_an_unreadable_csr_is_counted_and_left(
    account: Account, lambdas: Lambdas, part: str, field: str, value: Any
) -> None:
    """The log has its name and the bad field; it is counted, and left until it is readable."""
    cluster = account.cluster()
    good, broken = cluster.file(1), cluster.file(2)
    cluster.fault = altering(broken, lambda item: item[part].update({field: value}))

    lambdas.review()

    [line] = lambdas.lines_with("csr unreadable")
    assert line["csr"] == broken
    assert f"{part}.{field}" in line["problem"]
    assert lambdas.of_clusters()["ReviewErrors"] == 1
    assert cluster.writes == [good]
    cluster.fault = None
    lambdas.review()
    assert cluster.decision(broken) == "Approved"


@pytest.mark.parametrize("item", [None, "csr-0002", 7, [], {}, {"metadata": {"name": 7}}])
def test_a_list_item_of_unknown_shape_stops_no_other(
    account: Account, lambdas: Lambdas, item: Any
) -> None:
    """An item of unknown shape is counted, and the items after it are decided."""
    cluster = account.cluster()
    good = cluster.file(1)

    def with_it(call: Call, answer: AnswerCall) -> Answer:
        code, content = answer(call)
        if call.method == "GET":
            content = {**content, "items": [item, *content["items"]]}
        return code, content

    cluster.fault = with_it

    lambdas.review()

    [line] = lambdas.lines_with("csr unreadable")
    assert line["cluster"] == "prod"
    assert lambdas.of_clusters()["ReviewErrors"] == 1
    assert cluster.writes == [good]
    assert cluster.decision(good) == "Approved"


def test_a_refused_decision_is_written_by_the_next_run(account: Account, lambdas: Lambdas) -> None:
    """An API server, or a webhook in it, refuses one approval; the next run tries again."""
    cluster = account.cluster()
    good, broken = cluster.file(1), cluster.file(2)

    def refused(call: Call, answer: AnswerCall) -> Answer:
        if call.method == "PUT" and call.path[4] == broken:
            raise ApiError(422, "Invalid", "not to my liking")
        return answer(call)

    cluster.fault = refused

    lambdas.review()

    assert lambdas.actions() == {good: "approved", broken: "not-written"}
    line = next(entry for entry in lambdas.lines_with("csr reviewed") if entry["csr"] == broken)
    assert line["detail"] == "422: not to my liking"
    assert lambdas.of_clusters()["ReviewErrors"] == 1
    cluster.fault = None
    lambdas.review()
    assert cluster.decision(broken) == "Approved"


def test_decisions_without_time_are_deferred(account: Account, lambdas: Lambdas) -> None:
    """A decision without time is deferred, not lost: the next run writes it."""
    lambdas.settings(WRITE_CONNECTIONS="1")
    cluster = account.cluster()
    done, late = cluster.file(1), cluster.file(2, age=timedelta(minutes=6))
    invocation = Invocation()

    def slow(call: Call, answer: AnswerCall) -> Answer:
        if call.method == "PUT":
            invocation.advance(50.5)
        return answer(call)

    cluster.fault = slow

    lambdas.review(invocation=invocation)

    assert lambdas.actions() == {done: "approved", late: "deferred"}
    assert lambdas.of_clusters()["ReviewErrors"] == 0
    assert cluster.writes == [done]
    cluster.fault = None
    lambdas.review()
    assert cluster.decision(late) == "Approved"


def test_a_csr_that_another_approver_decides_is_not_overwritten(
    account: Account, lambdas: Lambdas
) -> None:
    """Another approver was first: this is no error, and nothing is overwritten."""
    cluster = account.cluster()
    good, gone = cluster.file(1), cluster.file(2)

    def meanwhile(call: Call, answer: AnswerCall) -> Answer:
        answered = answer(call)
        if call.method == "GET":
            cluster.remove(gone)
        return answered

    cluster.fault = meanwhile

    lambdas.review()

    assert lambdas.actions() == {good: "approved", gone: "overtaken"}
    assert lambdas.of_clusters()["ReviewErrors"] == 0


def of_two(call: Call) -> Call:
    """Return the call with a limit of two: a server may send fewer objects than requested."""
    return replace(call, query={**call.query, "limit": "2"})


def altering(
    name: str, change: Callable[[dict[str, Any]], None]
) -> Callable[[Call, AnswerCall], Answer]:
    """Return a fault that changes the item of this name in a list."""

    def altered(call: Call, answer: AnswerCall) -> Answer:
        code, content = answer(call)
        if call.method == "GET":
            content = json.loads(json.dumps(content))
            for item in content["items"]:
                if item["metadata"]["name"] == name:
                    change(item)
        return code, content

    return altered
