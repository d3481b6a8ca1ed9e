"""Writing decisions: what is sent, what each answer means, and the end of the time."""

import base64
from collections.abc import Sequence
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest

from adapters.csr_api import KubernetesCsrApi
from adapters.csr_pages import CSRS
from adapters.kubernetes_protobuf import MEDIA_TYPE
from adapters.retry import Retries
from core.model import KUBELET_SERVING, Write, WriteResult, Written
from core.ports import CertificateApi
from tests.adapters.scripted_api import (
    CA_PEM,
    HANGS_UP,
    Answering,
    Json,
    ReceivedRequest,
    Reply,
    StillClock,
    a_page,
    an_item,
    answering,
    approval,
    echo,
    failure,
    in_turn,
    reply,
)
from tests.builders import a_csr

WRITTEN = Written(WriteResult.WRITTEN)
TOKENS = ("token-1", "token-2", "token-3")


def serving(*items: Json, put: Answering = echo) -> Answering:
    """Return a server that lists these items and answers a PUT by `put`."""
    listing = a_page(*items)

    def answer(seen: ReceivedRequest) -> Reply:
        return listing if seen.method == "GET" else put(seen)

    return answer


def written(
    *items: Json, put: Answering = echo, clock: StillClock | None = None, tokens: Any = TOKENS
) -> tuple[list[Written], list[ReceivedRequest]]:
    """List and approve all items in order; return the results and the PUTs."""
    answer = serving(*items, put=put)
    with answering(answer=answer, clock=clock, tokens=tokens, connections=1) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        results = [result for _, result in api.write_all(writes)]
        return results, [seen for seen in server.seen if seen.method == "PUT"]


def test_is_the_port() -> None:
    """The adapter implements the core's port."""
    api: CertificateApi = KubernetesCsrApi("https://a", CA_PEM, lambda: "t", StillClock())

    assert [] == list(api.write_all([]))


# --- what is sent -----------------------------------------------------------------------------


def test_a_decision_is_the_listed_object_with_a_condition() -> None:
    """The object is sent back as listed, with kind and condition; the server sets the times.

    What a PUT leaves out is deleted, so it contains labels, annotations and finalizers.
    """
    listed = an_item(labels={"a": "b"}, annotations={"c": "d"}, finalizers=["e/f"])
    [result], [seen] = written(listed)

    assert result == WRITTEN
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": "ApprovedByCsrApprover",
        "message": "verified",
    }
    assert seen.json == {
        **listed,
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "status": {"conditions": [condition]},
    }
    assert seen.target == f"{CSRS}/csr-7znmf/approval"
    assert seen.headers["Content-Type"] == seen.headers["Accept"] == MEDIA_TYPE


@pytest.mark.parametrize("field", ["uid", "resourceVersion"])
def test_a_decision_is_bound_to_the_object_that_was_judged(field: str) -> None:
    """Every write is bound to the object, and its version, that was evaluated."""
    listed = an_item()
    _, [seen] = written(listed)

    assert listed["metadata"][field] == seen.json["metadata"].get(field)


def test_conditions_of_other_types_are_kept() -> None:
    """Conditions of other types are kept; an earlier one of the same type is replaced."""
    own = {"type": "example.com/Seen", "status": "False", "reason": "r", "message": "m"}
    earlier = {"type": "Approved", "status": "True", "reason": "Other", "message": "earlier"}
    [result], [seen] = written(an_item(status_conditions=[earlier, own]))

    assert result == WRITTEN
    kept, ours = seen.json["status"]["conditions"]
    assert own == kept
    assert (ours["type"], ours["reason"]) == ("Approved", "ApprovedByCsrApprover")


@pytest.mark.parametrize("status", [None, {}, {"conditions": None}])
def test_an_object_without_conditions_gets_its_first_one(status: Json | None) -> None:
    """A status that is null, empty or without conditions gets its first one."""
    [result], [seen] = written({**an_item(), "status": status})

    assert result == WRITTEN
    assert len(seen.json["status"]["conditions"]) == 1


def test_oversized_request() -> None:
    """The spec of an oversized request isn't sent back; the server keeps its own."""
    request = base64.b64encode(b"x" * 70_000).decode()
    [result], [seen] = written(an_item(spec_request=request, labels={"a": "b"}))

    assert result == WRITTEN
    assert "spec" not in seen.json
    assert {"a": "b"} == seen.json["metadata"]["labels"]


UNUSUAL_NAMES = {
    "a\nb": "a%0Ab",
    "a?b=c": "a%3Fb%3Dc",
    "a#b": "a%23b",
    "a b&c+d": "a%20b%26c%2Bd",
    "a:b@c;d,e": "a%3Ab%40c%3Bd%2Ce",
    "Odd Name:*": "Odd%20Name%3A%2A",
    "..%2f": "..%252f",
    "a/../../b": "a%2F..%2F..%2Fb",
    "ü-🙂": "%C3%BC-%F0%9F%99%82",
    "a\r\nX-Evil: 1": "a%0D%0AX-Evil%3A%201",
    "\\": "%5C",
    "...": "...",
    "n" * 10_000: "n" * 10_000,
}


@pytest.mark.parametrize(("name", "encoded"), UNUSUAL_NAMES.items(), ids=range(len(UNUSUAL_NAMES)))
def test_unusual_names(name: str, encoded: str) -> None:
    """A name is one segment of the path, percent-encoded once, whatever it contains."""
    [result], [seen] = written(an_item(name, uid="u"))

    assert result == WRITTEN
    assert f"{CSRS}/{encoded}/approval" == seen.target
    assert name == seen.json["metadata"]["name"]


# --- what each answer means -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (failure(404, "gone"), Written(WriteResult.OVERTAKEN, "404: gone")),
        (failure(409, "changed"), Written(WriteResult.OVERTAKEN, "409: changed")),
        (failure(400, "bad"), Written(WriteResult.FAILED, "400: bad")),
        (failure(403, "not permitted"), Written(WriteResult.FAILED, "403: not permitted")),
        (failure(413, "too large"), Written(WriteResult.FAILED, "413: too large")),
        (
            failure(422, "mutually exclusive"),
            Written(WriteResult.FAILED, "422: mutually exclusive"),
        ),
        (failure(429, "later"), Written(WriteResult.FAILED, "429: later")),
        (failure(500, "etcd"), Written(WriteResult.FAILED, "500: etcd")),
        (Reply(503, b"<html>"), Written(WriteResult.FAILED, "503")),
        (failure(401, "Unauthorized"), Written(WriteResult.FAILED, "401: Unauthorized")),
        (reply(307, Location="https://127.0.0.1:1/"), Written(WriteResult.FAILED, "307")),
        (reply(201, an_item()), Written(WriteResult.FAILED, "201")),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else "",
)
def test_each_status_is_one_result(answer: Reply, result: Written) -> None:
    """Each status is one result; no status raises."""
    results, _ = written(an_item(), put=in_turn(answer))

    assert [result] == results


@pytest.mark.parametrize(
    "passing",
    [
        failure(403, "not yet"),
        failure(429, Retry_After="2"),
        failure(500),
        failure(503),
        HANGS_UP,
        Reply(200, b"{" * 100, cut=50),
    ],
    ids=["403", "429", "500", "503", "hang-up", "cut short"],
)
def test_after_a_temporary_failure_the_decision_is_written(passing: Reply) -> None:
    """After a temporary failure the same decision is written by another attempt."""
    trouble = in_turn(passing, reply(204))

    def put(seen: ReceivedRequest) -> Reply:
        answer = trouble(seen)
        return echo(seen) if answer.status == 204 else answer

    results, seen = written(an_item(), put=put)

    assert [WRITTEN] == results
    assert len(seen) == 2
    assert seen[0].body == seen[1].body


def test_every_connection_breaks() -> None:
    """If the connection breaks at every attempt, the write fails."""
    [result], seen = written(an_item(), put=in_turn(HANGS_UP))

    assert result.result is WriteResult.FAILED
    assert result.detail.startswith("connection: ProtocolError")
    assert len(seen) == 4


def test_lost_answer() -> None:
    """If a write succeeds and its answer is lost, the retry's 409 counts as overtaken."""
    results, seen = written(an_item(), put=in_turn(HANGS_UP, failure(409, "changed")))

    assert [Written(WriteResult.OVERTAKEN, "409: changed")] == results
    assert len(seen) == 2


def test_expired_token() -> None:
    """A token that expires between two writes is replaced, once for all writes."""
    put_tokens: list[str] = []

    def put(seen: ReceivedRequest) -> Reply:
        put_tokens.append(seen.headers["Authorization"][-1])
        return failure(401) if put_tokens[-1] == "1" else echo(seen)

    results, _ = written(an_item("a"), an_item("b"), put=put)

    assert [WRITTEN, WRITTEN] == results
    assert ["1", "2", "2"] == put_tokens


def test_without_a_new_token_that_write_and_the_others_fail() -> None:
    """If no new token can be made, that write and the others fail."""
    results, _ = written(
        an_item("a"), an_item("b"), put=in_turn(failure(401, "U")), tokens=("token-1", "")
    )

    words = "token: the token has characters that a bearer token can't have"
    assert Written(WriteResult.FAILED, words) == results[0]
    assert results[1] == Written(WriteResult.FAILED, "401: U")


@pytest.mark.parametrize(
    "shown",
    [
        {},
        [],
        {"metadata": None, "status": None},
        {**an_item(), "status": {"conditions": None}},
        an_item(status_conditions=["Approved"]),
        an_item(
            status_conditions=[
                {"type": "Denied", "status": "True", "reason": "ApprovedByCsrApprover"}
            ]
        ),
        an_item(status_conditions=[{"type": "Approved", "status": "True", "reason": "Other"}]),
        an_item(
            uid="another",
            status_conditions=[
                {"type": "Approved", "status": "True", "reason": "ApprovedByCsrApprover"}
            ],
        ),
    ],
    ids=range(8),
)
def test_answer_without_the_decision(shown: Any) -> None:
    """A 200 whose object doesn't show the decision is a failed write."""
    results, _ = written(an_item(), put=in_turn(reply(200, shown)))

    assert [Written(WriteResult.FAILED, "the answer doesn't show the decision")] == results


def test_not_listed() -> None:
    """A CSR that wasn't listed in this run isn't sent."""
    with answering(a_page()) as (api, server):
        api.list_csrs(KUBELET_SERVING)
        [(_, result)] = api.write_all([approval(a_csr())])

    assert result == Written(WriteResult.FAILED, "it was not listed in this run")
    assert len(server.seen) == 1


def test_unexpected_error() -> None:
    """An unexpected error makes its own write fail, and no other."""
    broken = an_item("b")
    with answering(answer=serving(an_item("a"), broken, an_item("c"))) as (api, _):
        csrs = api.list_csrs(KUBELET_SERVING).csrs
        writes = [approval(csr) for csr in csrs]
        writes[1] = Write(csrs[1], "Approved", "r", object())  # type: ignore[arg-type]
        results = {write.csr.name: result for write, result in api.write_all(writes)}

    failed = Written(WriteResult.FAILED, "unexpected: AttributeError")
    assert {"a": WRITTEN, "b": failed, "c": WRITTEN} == results


# --- many, and time ---------------------------------------------------------------------------


def test_each_write_has_its_result() -> None:
    """Each of many writes gets one result, over the allowed number of connections.

    The server answers four at a time, so four must be sent at once.
    """
    items = [an_item(f"csr-{number:03}") for number in range(60)]
    four = Barrier(4)

    def put(seen: ReceivedRequest) -> Reply:
        four.wait(timeout=10)
        return failure(409) if "5/" in seen.target else echo(seen)

    with answering(answer=serving(*items, put=put), connections=4) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        results = {write.csr.name: reported.result for write, reported in api.write_all(writes)}

    assert len(items) == len(results)
    overtaken = {name for name, result in results.items() if result is WriteResult.OVERTAKEN}
    assert {f"csr-{number:03}" for number in range(5, 60, 10)} == overtaken
    assert server.connections == 4


def order_of(seen: Sequence[ReceivedRequest]) -> list[str]:
    return [request.target.removeprefix(f"{CSRS}/").split("/")[0] for request in seen]


def test_writes_that_do_not_begin_in_time_are_deferred() -> None:
    """Writes begin in the given order until the time is up; the rest is deferred."""
    clock = StillClock(50.0)

    def put(seen: ReceivedRequest) -> Reply:
        clock.seconds -= 25.0
        return echo(seen)

    results, seen = written(*(an_item(name) for name in "cabd"), put=put, clock=clock)

    deferred = Written(WriteResult.DEFERRED, "no time was left")
    assert [WRITTEN, WRITTEN, deferred, deferred] == results
    assert ["c", "a"] == order_of(seen)


def test_answer_comes_too_late() -> None:
    """An answer that comes well after the end isn't read; the next run lists the CSR again."""
    clock = StillClock(50.0)

    def put(seen: ReceivedRequest) -> Reply:
        clock.seconds = -2.0
        return echo(seen)

    results, _ = written(an_item(), put=put, clock=clock)

    assert [Written(WriteResult.DEFERRED, "the answer took too long")] == results


def test_retry_stops_at_the_deadline() -> None:
    """There is no retry that would wait beyond the deadline."""
    clock = StillClock(50.0)

    def put(_: ReceivedRequest) -> Reply:
        clock.seconds = 5.0
        return failure(429, "later", Retry_After="8")

    results, seen = written(an_item(), put=put, clock=clock)

    assert [Written(WriteResult.FAILED, "429: later")] == results
    assert [] == clock.slept
    assert len(seen) == 1


def test_results_are_no_longer_read() -> None:
    """When the caller stops reading results, no other write begins."""
    items = [an_item(f"csr-{number:03}") for number in range(200)]
    with answering(answer=serving(*items), connections=1) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        with closing(api.write_all(writes)) as results:
            next(results)

        assert len(server.seen) < len(items)


def test_two_lists() -> None:
    """CSRs of all lists of a run can be written."""
    clock = StillClock()
    pages = in_turn(a_page(an_item("a")), a_page(an_item("b")))
    with answering(
        answer=lambda seen: pages(seen) if seen.method == "GET" else echo(seen), clock=clock
    ) as (api, _):
        csrs = [*api.list_csrs(KUBELET_SERVING).csrs, *api.list_csrs(KUBELET_SERVING).csrs]

        assert {WRITTEN} == {result for _, result in api.write_all([approval(c) for c in csrs])}


def test_the_adapter_uses_the_retry_policy_by_default() -> None:
    """By default the adapter uses this project's retry policy."""
    clock = StillClock()
    with KubernetesCsrApi("https://a", CA_PEM, lambda: "t", clock) as api:
        assert isinstance(api._connection._retries, Retries)
