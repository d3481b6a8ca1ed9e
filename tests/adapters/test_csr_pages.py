"""Listing one signer's CSRs: pages, unreadable items, and failures."""

import base64
import json
from typing import Any, Final

import pytest

from adapters.csr_pages import CSRS, Limits
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import KUBELET_SERVING, Listing, OversizedRequest, UnreadableCsr
from tests.adapters.scripted_api import (
    HANGS_UP,
    ReceivedRequest,
    Reply,
    StillClock,
    a_page,
    an_item,
    an_object,
    answering,
    failure,
    reply,
)

EXPIRED_MESSAGE = "The provided continue parameter is too old"


def expired(token: str = "") -> Reply:
    """Return the API server's 410, with the inconsistent continue token that it may offer."""
    content = {"kind": "Status", "code": 410, "reason": "Expired", "message": EXPIRED_MESSAGE}
    return reply(410, {**content, "metadata": {"continue": token}})


def names(listing: Any) -> list[str]:
    return [item.name for item in listing.items]


def test_the_signers_csrs_are_requested_500_at_once() -> None:
    """The signer's CSRs are asked for by field selector, 500 at once, as this program."""
    with answering(a_page()) as (api, server):
        api.list_csrs(KUBELET_SERVING)

    [seen] = server.seen
    encoded = "spec.signerName%3Dkubernetes.io%2Fkubelet-serving"
    assert seen.target == f"{CSRS}?fieldSelector={encoded}&limit=500"
    assert seen.headers["User-Agent"] == "csr-approver"
    assert seen.headers["Accept"] == "application/vnd.kubernetes.protobuf"
    assert seen.headers["Authorization"] == "Bearer token-1"


def test_pages_follow_the_servers_continue_token() -> None:
    """Pages follow one another by the server's continue token, over one connection."""
    pages = (a_page(an_item("a"), token="x&y=/ z"), a_page(an_item("b"), an_item("c")))
    with answering(*pages) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b", "c"] == names(listing)
    assert (2, False, "") == (listing.pages, listing.truncated, listing.cause)
    assert server.seen[1].query["continue"] == "x&y=/ z"
    assert server.connections == 1


def test_empty_list() -> None:
    """A list may be empty."""
    with answering(a_page()) as (api, _):
        assert () == api.list_csrs(KUBELET_SERVING).items


def test_an_unreadable_item_is_reported_and_stops_no_other() -> None:
    """An item that can't be read is reported in its place, and stops no other."""
    page = a_page(an_item("a"), an_item("b", spec_username="\udcff"), None, an_item("c"))
    with answering(page) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b", None, "c"] == names(listing)
    assert ["a", "c"] == [csr.name for csr in listing.csrs]
    assert not listing.truncated


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"uid": ""}, "no field metadata.uid"),
        ({"resourceVersion": ""}, "no field metadata.resourceVersion"),
        ({"spec_signerName": "example.com/x"}, "spec.signerName: not the signer asked for"),
    ],
)
def test_an_item_that_cannot_be_written_safely_is_unreadable(
    changes: dict[str, Any], problem: str
) -> None:
    """An item that couldn't be written safely, or is of another signer, is unreadable."""
    with answering(a_page(an_item(**changes))) as (api, _):
        [item] = api.list_csrs(KUBELET_SERVING).items

    assert isinstance(item, UnreadableCsr)
    assert problem == item.problem


def test_item_listed_twice() -> None:
    """An object that two pages hold counts once."""
    with answering(a_page(an_item("a"), token="t"), a_page(an_item("a"), an_item("b"))) as (api, _):
        assert ["a", "b"] == names(api.list_csrs(KUBELET_SERVING))


def test_oversized_request() -> None:
    """An oversized request is listed with its size only."""
    request = base64.b64encode(b"x" * 70_000).decode()
    with answering(a_page(an_item(spec_request=request))) as (api, _):
        [csr] = api.list_csrs(KUBELET_SERVING).csrs

    assert csr.request == OversizedRequest(70_000)


# --- pages that are too large -----------------------------------------------------------------


def by_limit(items: list[dict[str, Any]]) -> Any:
    """Return a server that respects the limit; its token is the number of the next item."""

    def answer(seen: ReceivedRequest) -> Reply:
        start, limit = int(seen.query.get("continue", 0)), int(seen.query["limit"])
        token = str(start + limit) if start + limit < len(items) else ""
        return a_page(*items[start : start + limit], token=token)

    return answer


def limits_asked(seen: list[ReceivedRequest]) -> list[int]:
    return [int(request.query["limit"]) for request in seen]


def test_a_page_that_is_too_large_is_requested_with_half_the_limit() -> None:
    """A page that is too large is requested again with half the limit, until it fits."""
    items = [an_item(f"csr-{number:03}") for number in range(20)]
    with answering(answer=by_limit(items), limits=Limits(page=10_000)) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert [item["metadata"]["name"] for item in items] == names(listing)
    assert not listing.truncated
    assert [500, 250, 125, 62, 31, 15, 15] == limits_asked(server.seen)


def test_limit_recovers() -> None:
    """After small pages the limit grows again: a few large CSRs don't slow the whole list."""
    large = [an_item(f"a-{number}", annotations={"x": "y" * 8_000}) for number in range(4)]
    small = [an_item(f"b-{number:03}") for number in range(9)]
    with answering(answer=by_limit(large + small), limits=Limits(page=10_000)) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert len(large + small) == len(listing.csrs)
    assert [1, 1, 1, 1, 1, 2, 4, 8] == limits_asked(server.seen)[-8:]


def test_a_csr_that_is_too_large_ends_the_listing() -> None:
    """A single CSR that is too large ends the listing; the CSRs before it are kept."""
    items = [an_item("a"), an_item("b", annotations={"x": "y" * 20_000}), an_item("c")]
    with answering(answer=by_limit(items), limits=Limits(page=10_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a"] == names(listing)
    assert listing.truncated
    assert listing.cause == "size: one CSR alone, the answer is longer than 10000 bytes"


def test_if_the_first_csr_is_too_large_the_listing_is_empty() -> None:
    """If it is the first CSR, the listing is empty and truncated; this isn't an error."""
    with answering(a_page(an_item()), limits=Limits(page=100)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ((), True, 0) == (listing.items, listing.truncated, listing.pages)


def test_requesters_share() -> None:
    """A requester that fills its share loses its other CSRs; no other requester does."""
    greedy = [
        an_item(f"a-{number}", spec_username="system:node:greedy", annotations={"x": "y" * 4_000})
        for number in range(5)
    ]
    with answering(a_page(*greedy, an_item("b")), limits=Limits(share=10_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a-0", "a-1", "b"] == names(listing)
    assert listing.truncated
    assert listing.cause == "share: more than 10000 bytes of one requester's CSRs"


def a_large_item(name: str, created: str, size: int = 4_000, **rest: Any) -> dict[str, Any]:
    filed, text = f"2026-11-24T{created}Z", {"x": "y" * size}
    return an_item(name, creationTimestamp=filed, annotations=text, **rest)


def test_a_requesters_newest_csrs_are_kept() -> None:
    """A kubelet waits for its newest CSR, whatever its name; older ones are removed."""
    items = [a_large_item(f"a-{n}", f"11:0{n}:00") for n in (3, 1, 4, 2)]
    with answering(a_page(*items), limits=Limits(share=10_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a-3", "a-4"] == names(listing)
    assert listing.cause == "share: more than 10000 bytes of one requester's CSRs"


def test_if_all_have_too_much_the_one_with_most_loses_csrs_first() -> None:
    """The requester with most loses its oldest CSRs: one with few finds room, even listed late."""
    items = [
        a_large_item(f"{name}-{n}", f"11:0{n}:00", spec_username=f"system:node:{name}")
        for name in "ab"
        for n in range(2)
    ]
    late = [an_item(f"c-{n}", spec_username=f"system:node:c-{n}") for n in range(4)]
    with answering(a_page(*items, *late), limits=Limits(total=20_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert {"a-1", "b-1", *(f"c-{n}" for n in range(4))} <= set(names(listing))
    assert listing.cause == "share: more than 20000 bytes of all requesters' CSRs"


def test_no_requester_loses_csrs_to_one_that_would_have_more() -> None:
    """The order of the list doesn't matter; a requester's own older CSRs are removed."""
    items = [a_large_item("a", "11:00:00", 2_000, spec_username="system:node:a")]
    items += [a_large_item(f"b-{n}", f"11:0{n}:00") for n in range(3)]
    with answering(a_page(*items), limits=Limits(total=13_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b-1", "b-2"] == names(listing)


def test_a_csr_larger_than_a_share_removes_no_other() -> None:
    """A CSR that is larger than a share isn't kept, whatever else is dropped."""
    items = [a_large_item("a", "11:01:00"), a_large_item("b", "11:02:00", size=11_000)]
    with answering(a_page(*items), limits=Limits(share=10_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a"] == names(listing)
    assert listing.truncated


def test_a_removed_csr_is_not_written() -> None:
    """The message of a removed CSR is removed, too, because the share limits memory."""
    items = [a_large_item(f"a-{n}", f"11:0{n}:00") for n in range(5)]
    with answering(a_page(*items), limits=Limits(share=10_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

        assert {csr.uid for csr in listing.csrs} == set(api._listed)


# --- continue tokens that have expired --------------------------------------------------------


def test_expired_with_token() -> None:
    """After a 410 the rest is read by the continue token that the server offers with it."""
    replies = (a_page(an_item("a"), token="old"), expired("new"), a_page(an_item("b")))
    with answering(*replies) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b"] == names(listing)
    assert not listing.truncated
    assert server.seen[2].query["continue"] == "new"


def test_expired_without_token() -> None:
    """After a 410 that offers no token, the list is read again from its beginning."""
    replies = (a_page(an_item("a"), token="old"), expired(), a_page(an_item("c"), an_item("d")))
    with answering(*replies) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["c", "d"] == names(listing)
    assert (1, False) == (listing.pages, listing.truncated)
    assert "continue" not in server.seen[2].query


@pytest.mark.parametrize("token", ["", "new"])
def test_expired_twice(token: str) -> None:
    """A second 410 ends the listing; the CSRs read by then are kept."""
    replies = (
        a_page(an_item("a"), token="old"),
        expired(token),
        a_page(an_item("b"), token="newer"),
        expired(token),
    )
    with answering(*replies) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["b"] == names(listing)[-1:]
    assert listing.truncated
    assert f"status: 410: {EXPIRED_MESSAGE}" == listing.cause
    assert len(server.seen) == 4


def test_expired_at_once() -> None:
    """A 410 for the first page is a failure like any other."""
    with answering(expired("new")) as (api, _), pytest.raises(ClusterUnavailable) as raised:
        api.list_csrs(KUBELET_SERVING)

    assert raised.value.cause == "status"


# --- time -------------------------------------------------------------------------------------


def test_listing_ends_when_half_of_the_time_is_gone() -> None:
    """The CSRs of all pages that came are kept, also of the page during which it was over."""
    clock = StillClock(50.0)

    def answer(seen: ReceivedRequest) -> Reply:
        number = int(seen.query.get("continue", 0))
        clock.seconds -= 10.0
        return a_page(an_item(f"csr-{number}"), token=str(number + 1))

    with answering(answer=answer, clock=clock) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["csr-0", "csr-1", "csr-2"] == names(listing)
    assert listing.truncated
    assert listing.cause == "time: no time was left"


@pytest.mark.parametrize("seconds", [0.0, -3.0])
def test_without_time_nothing_is_requested(seconds: float) -> None:
    """Without time nothing is requested, and the listing fails."""
    with (
        answering(a_page(), clock=StillClock(seconds)) as (api, server),
        pytest.raises(ClusterUnavailable, match="time: no time was left"),
    ):
        api.list_csrs(KUBELET_SERVING)

    assert [] == server.seen


def by_name(items: list[dict[str, Any]], clock: StillClock, seconds: float) -> Any:
    """Return a server whose pages take `seconds` each; its tokens contain the last name."""
    names = [item["metadata"]["name"] for item in items]

    def answer(seen: ReceivedRequest) -> Reply:
        token = seen.query.get("continue", "")
        start = json.loads(base64.b64decode(token + "=="))["start"] if token else "/"
        here = [item for item in items if f"/{item['metadata']['name']}" >= start][:2]
        last = here[-1]["metadata"]["name"] if here else ""
        clock.seconds -= seconds
        return a_page(*here, token="" if last in ("", names[-1]) else token_of(f"/{last}\0"))

    return answer


def token_of(start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": 7, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def listed_by_name(seconds: float, *names: str) -> tuple[Listing, list[str]]:
    """Return what is listed in 25 s, and the names where it was read on."""
    items, clock = [an_item(name) for name in sorted(names)], StillClock(50.0)
    with answering(answer=by_name(items, clock, seconds), clock=clock) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)
    tokens = [seen.query["continue"] for seen in server.seen if "continue" in seen.query]
    return listing, [json.loads(base64.b64decode(token + "=="))["start"] for token in tokens]


def test_a_name_that_leads_the_list_back_is_skipped() -> None:
    """In protobuf it needn't be UTF-8; the token has U+FFFD for it, which sorts before the name."""
    back = token_of("/x\ufffd\0")

    def served(seen: ReceivedRequest) -> Reply:
        if seen.query.get("continue") not in (None, back):
            return a_page(an_item("z"))
        return a_page(an_item("a"), token=back)

    with answering(answer=served) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "z"] == names(listing)
    assert token_of("/y") == server.seen[-1].query["continue"]
    assert listing.cause == "name: not UTF-8, so the list led back to an earlier name"


MANY: Final = tuple(f"a-{number:02}" for number in range(40))


def test_when_half_of_the_time_is_gone_a_later_place_is_read() -> None:
    """However many CSRs sort before it, each kubelet's request is read in some minute."""
    listing, starts = listed_by_name(3.0, *MANY, "csr-zzzzz")

    assert "csr-zzzzz" in names(listing)
    assert ["/csr-"] == [start[:-1] for start in starts if start.startswith("/csr-")]
    assert (True, "time: no time was left") == (listing.truncated, listing.cause)


def test_skipped_csrs_are_read_in_the_time_that_is_left() -> None:
    """Skipped CSRs are read up to the later place, so that none is missing or listed twice."""
    own = ("csr-2", "csr-9", "csr-b", "csr-zzzzz")
    listing, starts = listed_by_name(2.4, *MANY[:12], *own)

    assert sorted([*MANY[:12], *own]) == sorted(names(listing))
    assert (False, "") == (listing.truncated, listing.cause)
    assert len(starts) == len(set(starts))


def test_a_list_that_is_read_in_half_of_the_time_is_read_in_order() -> None:
    """Nearly every list is read so."""
    listing, _ = listed_by_name(1.0, *MANY[:12], "csr-zzzzz")

    assert [*MANY[:12], "csr-zzzzz"] == names(listing)


# --- failures ---------------------------------------------------------------------------------

NO_LIST = "answer: not a list of CSRs"

FAILURES = {
    "bad request": (failure(400, "no such field"), "status: 400: no such field"),
    "no such API": (failure(404, "not found"), "status: 404: not found"),
    "gateway": (Reply(502, b"<html>"), "status: 502"),
    "internal": (failure(500, "etcd is away"), "status: 500: etcd is away"),
    "too many": (failure(429, "later"), "status: 429: later"),
    "moved": (
        reply(302, Location="https://127.0.0.1:1/"),
        "status: 302, redirects are not followed",
    ),
    "created": (reply(201, {"items": []}), "status: 201"),
    "no object": (Reply(200, b"<html>"), f"{NO_LIST}: no Kubernetes object in protobuf"),
    "JSON": (reply(200, {"items": []}), f"{NO_LIST}: no Kubernetes object in protobuf"),
    "no list": (
        an_object({"kind": "Status"}),
        f"{NO_LIST}: no CertificateSigningRequestList",
    ),
    "cut off": (
        Reply(200, a_page(an_item()).body[:-1]),
        f"{NO_LIST}: a field is longer than its message",
    ),
}


@pytest.mark.parametrize(("broken", "words"), FAILURES.values(), ids=FAILURES)
def test_first_page_fails(broken: Reply, words: str) -> None:
    """If the first page fails, the listing fails with the cause."""
    with answering(broken) as (api, _), pytest.raises(ClusterUnavailable) as raised:
        api.list_csrs(KUBELET_SERVING)

    assert words == str(raised.value)
    assert not isinstance(raised.value, NotOnboarded)


@pytest.mark.parametrize(("broken", "words"), FAILURES.values(), ids=FAILURES)
def test_later_page_fails(broken: Reply, words: str) -> None:
    """If a later page fails, the CSRs before it are kept, and the listing has the cause."""
    with answering(a_page(an_item("a"), token="t"), broken) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a"] == names(listing)
    assert listing.truncated
    assert words == listing.cause


@pytest.mark.parametrize(
    "passing",
    [
        failure(403, "forbidden"),
        failure(429, Retry_After="1"),
        failure(503),
        HANGS_UP,
        Reply(200, a_page(an_item()).body, cut=50),
        Reply(200, a_page(an_item()).body, cut=50, chunked=True),
    ],
    ids=["403", "429", "503", "hang-up", "cut short", "chunks cut short"],
)
def test_a_temporary_failure_does_not_change_the_listing(passing: Reply) -> None:
    """A temporary failure changes nothing, on the first page or on a later one."""
    pages = (a_page(an_item("a"), token="t"), a_page(an_item("b")))
    with answering(passing, pages[0], passing, pages[1]) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b"] == names(listing)
    assert not listing.truncated


def test_credentials_are_rejected() -> None:
    """A cluster that accepts neither our token nor a new one rejects our credentials."""
    with answering(failure(401, "Unauthorized")) as (api, server):
        with pytest.raises(NotOnboarded) as raised:
            api.list_csrs(KUBELET_SERVING)

        assert ("unauthorized", "401: Unauthorized") == (raised.value.cause, raised.value.detail)
        assert ["Bearer token-1", "Bearer token-2"] == [
            seen.headers["Authorization"] for seen in server.seen
        ]


def test_a_403_that_lasts_means_that_we_have_no_rights() -> None:
    """403s for longer than a starting API server sends them mean that we have no rights."""
    clock = StillClock()
    with answering(failure(403, "cannot list"), clock=clock) as (api, _):
        with pytest.raises(NotOnboarded) as raised:
            api.list_csrs(KUBELET_SERVING)

        assert ("forbidden", "403: cannot list") == (raised.value.cause, raised.value.detail)
    assert sum(clock.slept) == pytest.approx(1.75)
