"""Writing decisions: what is sent, what each answer means, many writes, and the deadline."""

import base64
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
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


def listing_these(*items: Json, put: Answering = echo) -> Answering:
    """Return the answers of a server: these items to a GET, and `put`'s answer to a PUT."""
    listing = a_page(*items)

    def answer(seen: ReceivedRequest) -> Reply:
        return listing if seen.method == "GET" else put(seen)

    return answer


def approve_all(
    *items: Json, put: Answering = echo, clock: StillClock | None = None, tokens: Any = TOKENS
) -> tuple[list[Written], list[ReceivedRequest]]:
    """List and approve all items in order; return the results and the received PUTs."""
    answer = listing_these(*items, put=put)
    # One connection, so that the writes are sent in order.
    with answering(answer=answer, clock=clock, tokens=tokens, connections=1) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        results = [result for _, result in api.write_all(writes)]
        return results, [seen for seen in server.seen if seen.method == "PUT"]


def test_the_adapter_implements_the_cores_port() -> None:
    """The type checker verifies the assignment."""
    api: CertificateApi = KubernetesCsrApi("https://a", CA_PEM, lambda: "t", StillClock())

    assert [] == list(api.write_all([]))


# --- what is sent -----------------------------------------------------------------------------


def test_a_decision_is_the_listed_object_with_a_condition() -> None:
    """The object is sent back as it was listed, with its kind and a condition without times.

    The server sets the times. A PUT deletes what it leaves out, so it has to contain the labels,
    annotations and finalizers.
    """
    listed = an_item(labels={"a": "b"}, annotations={"c": "d"}, finalizers=["e/f"])
    [result], [seen] = approve_all(listed)

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
    """The server refuses the write if the object was replaced or changed after it was listed."""
    listed = an_item()
    _, [seen] = approve_all(listed)

    assert listed["metadata"][field] == seen.json["metadata"].get(field)


def test_conditions_of_other_types_are_kept_and_one_of_the_same_type_is_replaced() -> None:
    other = {"type": "example.com/Seen", "status": "False", "reason": "r", "message": "m"}
    earlier = {"type": "Approved", "status": "True", "reason": "Other", "message": "earlier"}
    [result], [seen] = approve_all(an_item(status_conditions=[earlier, other]))

    assert result == WRITTEN
    kept, ours = seen.json["status"]["conditions"]
    assert other == kept
    assert (ours["type"], ours["reason"]) == ("Approved", "ApprovedByCsrApprover")


@pytest.mark.parametrize("status", [None, {}, {"conditions": None}])
def test_an_object_without_conditions_gets_its_first_one(status: Json | None) -> None:
    """A missing status, an empty status and null conditions all count as no conditions."""
    [result], [seen] = approve_all({**an_item(), "status": status})

    assert result == WRITTEN
    assert len(seen.json["status"]["conditions"]) == 1


def test_a_csr_with_an_oversized_request_is_sent_without_its_spec() -> None:
    """The server keeps the spec that it has."""
    request = base64.b64encode(b"x" * 70_000).decode()
    [result], [seen] = approve_all(an_item(spec_request=request, labels={"a": "b"}))

    assert result == WRITTEN
    assert "spec" not in seen.json
    assert {"a": "b"} == seen.json["metadata"]["labels"]


UNUSUAL_NAMES = {
    "a\nb": "a%0Ab",
    "a?b=c": "a%3Fb%3Dc",
    "a#b": "a%23b",
    "a b&c+d": "a%20b%26c%2Bd",
    "a:b@c;d,e": "a%3Ab%40c%3Bd%2Ce",
    "A Name:*": "A%20Name%3A%2A",
    "..%2f": "..%252f",
    "a/../../b": "a%2F..%2F..%2Fb",
    "ü-🙂": "%C3%BC-%F0%9F%99%82",
    "a\r\nX-Evil: 1": "a%0D%0AX-Evil%3A%201",
    "\\": "%5C",
    "...": "...",
    "n" * 10_000: "n" * 10_000,
}


@pytest.mark.parametrize(("name", "encoded"), UNUSUAL_NAMES.items(), ids=range(len(UNUSUAL_NAMES)))
def test_a_name_is_one_segment_of_the_path_whatever_it_contains(name: str, encoded: str) -> None:
    """It is percent-encoded exactly once, so that it can't reach another object or query."""
    [result], [seen] = approve_all(an_item(name, uid="u"))

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
    """No status raises, so that one failed write stops no other."""
    results, _ = approve_all(an_item(), put=in_turn(answer))

    assert [result] == results


@pytest.mark.parametrize(
    "temporary",
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
def test_after_a_temporary_failure_the_decision_is_written(temporary: Reply) -> None:
    """Another attempt sends the same bytes."""
    recovered = reply(204)
    answers = in_turn(temporary, recovered)

    def put(seen: ReceivedRequest) -> Reply:
        answer = answers(seen)
        return echo(seen) if answer is recovered else answer

    results, seen = approve_all(an_item(), put=put)

    assert [WRITTEN] == results
    assert len(seen) == 2
    assert seen[0].body == seen[1].body


def test_if_the_connection_breaks_at_every_attempt_the_write_fails() -> None:
    """The fourth attempt is the last one."""
    [result], seen = approve_all(an_item(), put=in_turn(HANGS_UP))

    assert result.result is WriteResult.FAILED
    assert result.detail.startswith("connection: ProtocolError")
    assert len(seen) == 4


def test_if_the_answer_is_lost_after_a_write_the_retry_is_overtaken() -> None:
    """The retry gets a 409, because the first attempt has changed the object."""
    results, seen = approve_all(an_item(), put=in_turn(HANGS_UP, failure(409, "changed")))

    assert [Written(WriteResult.OVERTAKEN, "409: changed")] == results
    assert len(seen) == 2


def test_an_expired_token_is_replaced_once_for_all_writes() -> None:
    """The first write is repeated with the new token, and the second write uses it at once."""
    put_tokens: list[str] = []

    def put(seen: ReceivedRequest) -> Reply:
        put_tokens.append(seen.headers["Authorization"].removeprefix("Bearer "))
        return failure(401) if put_tokens[-1] == "token-1" else echo(seen)

    results, _ = approve_all(an_item("a"), an_item("b"), put=put)

    assert [WRITTEN, WRITTEN] == results
    assert ["token-1", "token-2", "token-2"] == put_tokens


def test_if_no_new_token_can_be_made_all_writes_fail() -> None:
    """The write that got the 401 reports why there is no token; the next one reports its 401."""
    results, _ = approve_all(
        an_item("a"), an_item("b"), put=in_turn(failure(401, "U")), tokens=("token-1", "")
    )

    detail = "token: the token has characters that a bearer token can't have"
    assert Written(WriteResult.FAILED, detail) == results[0]
    assert results[1] == Written(WriteResult.FAILED, "401: U")


@pytest.mark.parametrize(
    "answered",
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
    ids=[
        "empty object",
        "list",
        "null metadata and status",
        "null conditions",
        "condition that is text",
        "condition of another type",
        "condition with another reason",
        "another object",
    ],
)
def test_a_200_whose_object_lacks_the_decision_is_a_failed_write(answered: Any) -> None:
    """Something between the approver and the server may have answered instead of the server."""
    results, _ = approve_all(an_item(), put=in_turn(reply(200, answered)))

    assert [Written(WriteResult.FAILED, "the answer doesn't show the decision")] == results


def test_a_csr_that_was_not_listed_in_this_run_is_not_sent() -> None:
    """Only a listed object can be sent back, so the only request is the list."""
    with answering(a_page()) as (api, server):
        api.list_csrs(KUBELET_SERVING)
        [(_, result)] = api.write_all([approval(a_csr())])

    assert result == Written(WriteResult.FAILED, "it was not listed in this run")
    assert len(server.seen) == 1


class EndsTheThread(str):
    """A message that ends the thread in which it is encoded."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        raise SystemExit


@pytest.mark.parametrize(
    ("message_of", "error"), [(object, "AttributeError"), (EndsTheThread, "SystemExit")]
)
def test_an_unexpected_error_fails_its_own_write_and_no_other(
    message_of: Callable[[], Any], error: str
) -> None:
    items = [an_item(name) for name in "abc"]
    with answering(answer=listing_these(*items)) as (api, _):
        csrs = api.list_csrs(KUBELET_SERVING).csrs
        writes = [approval(csr) for csr in csrs]
        # Raises while the write is encoded.
        writes[1] = Write(csrs[1], "Approved", "r", message_of())
        results = {write.csr.name: result for write, result in api.write_all(writes)}

    failed = Written(WriteResult.FAILED, f"unexpected: {error}")
    assert {"a": WRITTEN, "b": failed, "c": WRITTEN} == results


# --- many writes, and the deadline ------------------------------------------------------------


def test_each_write_has_its_result() -> None:
    """Sixty writes share the four allowed connections.

    The server answers only when four writes have arrived, so four must be sent at once. It
    answers 409 for each CSR whose name ends with 5.
    """
    items = [an_item(f"csr-{number:03}") for number in range(60)]
    four = Barrier(4)

    def put(seen: ReceivedRequest) -> Reply:
        four.wait(timeout=10)
        return failure(409) if "5/" in seen.target else echo(seen)

    with answering(answer=listing_these(*items, put=put), connections=4) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        results = {write.csr.name: reported.result for write, reported in api.write_all(writes)}

    assert len(items) == len(results)
    overtaken = {name for name, result in results.items() if result is WriteResult.OVERTAKEN}
    assert {f"csr-{number:03}" for number in range(5, 60, 10)} == overtaken
    assert server.connections == 4


def order_of(seen: Sequence[ReceivedRequest]) -> list[str]:
    return [request.target.removeprefix(f"{CSRS}/").split("/")[0] for request in seen]


def test_writes_that_do_not_begin_in_time_are_deferred() -> None:
    """Writes begin in the given order until the deadline; the others are deferred."""
    clock = StillClock(50.0)

    def put(seen: ReceivedRequest) -> Reply:
        clock.seconds -= 25.0
        return echo(seen)

    results, seen = approve_all(*(an_item(name) for name in "cabd"), put=put, clock=clock)

    deferred = Written(WriteResult.DEFERRED, "no time was left")
    assert [WRITTEN, WRITTEN, deferred, deferred] == results
    assert ["c", "a"] == order_of(seen)


@pytest.mark.parametrize(
    ("unfinished", "expected"),
    [(False, WRITTEN), (True, Written(WriteResult.DEFERRED, "the answer took too long"))],
    ids=["complete", "unfinished"],
)
def test_an_answer_that_the_deadline_finds_unfinished_is_not_awaited(
    unfinished: bool,  # noqa: FBT001
    expected: Written,
) -> None:
    """Then the write is deferred, and the next run lists the CSR again. A complete one counts."""
    clock = StillClock(50.0)

    def put(seen: ReceivedRequest) -> Reply:
        clock.seconds = -2.0
        # Chunked, the answer says its end only after its content.
        return replace(echo(seen), chunked=unfinished)

    results, _ = approve_all(an_item(), put=put, clock=clock)

    assert [expected] == results


def test_a_retry_that_would_wait_beyond_the_deadline_is_not_made() -> None:
    """The server asks for a wait of 8 s when 5 s are left."""
    clock = StillClock(50.0)

    def put(_: ReceivedRequest) -> Reply:
        clock.seconds = 5.0
        return failure(429, "later", Retry_After="8")

    results, seen = approve_all(an_item(), put=put, clock=clock)

    assert [Written(WriteResult.FAILED, "429: later")] == results
    assert [] == clock.slept
    assert len(seen) == 1


def test_when_the_caller_stops_reading_results_no_other_write_begins() -> None:
    items = [an_item(f"csr-{number:03}") for number in range(200)]
    with answering(answer=listing_these(*items), connections=1) as (api, server):
        writes = [approval(csr) for csr in api.list_csrs(KUBELET_SERVING).csrs]
        with closing(api.write_all(writes)) as results:
            next(results)

        assert len(server.seen) < len(items)


def test_csrs_of_all_lists_of_a_run_can_be_written() -> None:
    """A second list doesn't replace the first one."""
    clock = StillClock()
    pages = in_turn(a_page(an_item("a")), a_page(an_item("b")))
    with answering(
        answer=lambda seen: pages(seen) if seen.method == "GET" else echo(seen), clock=clock
    ) as (api, _):
        csrs = [*api.list_csrs(KUBELET_SERVING).csrs, *api.list_csrs(KUBELET_SERVING).csrs]

        assert {WRITTEN} == {result for _, result in api.write_all([approval(c) for c in csrs])}


def test_the_adapter_uses_the_retry_policy_by_default() -> None:
    clock = StillClock()
    with KubernetesCsrApi("https://a", CA_PEM, lambda: "t", clock) as api:
        assert isinstance(api._connection._retries, Retries)
