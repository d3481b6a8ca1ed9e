"""What requesters fill in, and what a hostile API server answers, doesn't fill the memory."""

import gzip
import tracemalloc
from typing import Any

import pytest

from adapters.csr_pages import Limits
from core.errors import ClusterUnavailable
from core.model import KUBELET_SERVING, Listing
from tests.adapters.scripted_api import Reply, a_page, an_item, answering, reply


def listed(*replies: Reply, limits: Limits | None = None) -> Listing:
    with answering(*replies, limits=limits) as (api, _):
        return api.list_csrs(KUBELET_SERVING)


def refused(*replies: Reply) -> ClusterUnavailable:
    with pytest.raises(ClusterUnavailable) as raised:
        listed(*replies)
    return raised.value


def test_what_is_kept_of_a_csr_takes_the_memory_that_it_weighs() -> None:
    """Objects of 50,000 empty labels take many times their text, so the text is kept."""
    labels = {f"{number:05}": "" for number in range(50_000)}
    page = a_page(an_item("a", labels=labels))
    with answering(page) as (api, _):
        tracemalloc.start()
        try:
            listing = api.list_csrs(KUBELET_SERVING)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert ["a"] == [csr.name for csr in listing.csrs]
    assert kept < 2 * len(page.body)


def test_very_many_requesters_cant_fill_the_memory_together() -> None:
    """What all may take is bounded too: whoever chooses session names is as many as he likes."""
    items = [an_item(f"a-{n:03}", spec_username=f"system:node:{n}") for n in range(100)]
    listing = listed(a_page(*items), limits=Limits(share=5_000, total=20_000))

    assert 10 < len(listing.csrs) < 40
    assert listing.truncated
    assert listing.cause == "share: more than 20000 bytes of all requesters' CSRs"


def test_a_page_of_more_than_was_asked_for_is_no_page() -> None:
    """Five million empty items, 16 MiB of them, would take a minute and gigabytes to read."""
    error = refused(reply(200, {"items": [{}] * 501}))

    assert str(error) == "answer: more CSRs on a page than were asked for"


@pytest.mark.parametrize("token", ["\\ud800", "\\u00fc", "x\\u2028"])
def test_a_continue_token_that_cant_be_sent_ends_the_listing(token: str) -> None:
    """It is the cluster's trouble, not a bug of ours, and what came with it is kept."""
    page = a_page(an_item("a"), token="TOKEN")
    listing = listed(Reply(200, page.body.replace(b"TOKEN", token.encode())))

    assert ["a"] == [csr.name for csr in listing.csrs]
    assert listing.cause == "answer: a continue token that can't be one"


@pytest.mark.parametrize("layers", [1, 2])
def test_an_answer_that_unfolds_beyond_the_page_limit_is_cut_off(layers: int) -> None:
    """60 MB in 60 KB, and in less: no more than a page of it is ever unfolded."""
    body = b'{"items":[],"x":"' + b"a" * 60_000_000 + b'"}'
    for _ in range(layers):
        body = gzip.compress(body, 1)
    folded = Reply(200, body, {"Content-Encoding": ", ".join(["gzip"] * layers)})
    tracemalloc.start()
    try:
        listing = listed(folded)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert listing.cause.startswith("size: ")
    assert peak < 3 * Limits().page


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"items":' + b"[" * 100_000, id="brackets"),
        pytest.param(b'{"items":[],"x":' + b"9" * 100_000 + b"}", id="a-number"),
        pytest.param(b'{"items":[],"x":NaN', id="cut-off"),
        pytest.param(b"\xff\xfe{}", id="no-utf-8"),
        pytest.param(b'{"items":{}}', id="no-list"),
        pytest.param(b'[{"items":[]}]', id="a-list"),
    ],
)
def test_json_that_breaks_readers_is_no_list(body: bytes) -> None:
    """It is told as the cluster's trouble, whatever is wrong with it."""
    assert refused(Reply(200, body)).cause == "answer"


@pytest.mark.parametrize(
    "changes",
    [
        {"spec_extra": {"sessionName": "i-0aaaaaaaaaaaaaaaa"}},
        {"spec_groups": [["system:nodes"]]},
        {"creationTimestamp": "9999-12-31T23:59:59-23:59"},
        {"creationTimestamp": 0},
        {"spec_expirationSeconds": 1e9},
        {"spec_request": "not base64"},
        {"spec_usages": {"server auth": 1}},
        {"status_conditions": [{"type": "Approved"}]},
        {"status_certificate": ["x"]},
        {"uid": 7},
    ],
)
def test_an_item_of_another_shape_is_nobodys_csr(changes: dict[str, Any]) -> None:
    """It is told as unreadable, and stops no other."""
    listing = listed(a_page(an_item("odd", **changes), an_item("csr-own")))

    assert ["csr-own"] == [csr.name for csr in listing.csrs]
    assert 1 == len(listing.unreadable)
