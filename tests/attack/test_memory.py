"""Neither requesters nor a hostile API server can fill the function's memory."""

import gzip
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.csr_pages import Limits
from core.errors import ClusterUnavailable
from core.model import KUBELET_SERVING, Action, Listing
from core.review import review
from core.signers import SIGNERS
from tests.adapters.scripted_api import Reply, a_page, an_item, answering
from tests.builders import a_cluster, a_filed_csr, settings
from tests.core.fakes import FakeWorld


def listed(*replies: Reply, limits: Limits | None = None) -> Listing:
    with answering(*replies, limits=limits) as (api, _):
        return api.list_csrs(KUBELET_SERVING)


def refused(*replies: Reply) -> ClusterUnavailable:
    with pytest.raises(ClusterUnavailable) as raised:
        listed(*replies)
    return raised.value


def test_a_retained_csr_takes_the_memory_that_is_counted_for_it() -> None:
    """An object with 900 labels takes several times its message's size, so the message is kept."""
    labels = {f"{number:05}": "" for number in range(900)}
    page = a_page(*(an_item(f"a-{n:03}", labels=labels) for n in range(100)))
    with answering(page) as (api, _):
        tracemalloc.start()
        try:
            listing = api.list_csrs(KUBELET_SERVING)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert 100 == len(listing.csrs)
    assert kept < 2 * len(page.body)


def test_many_requesters_together_cant_fill_the_memory() -> None:
    """The total is bounded too: one who can choose session names has any number of usernames."""
    items = [an_item(f"a-{n:03}", spec_username=f"system:node:{n}") for n in range(100)]
    listing = listed(a_page(*items), limits=Limits(share=5_000, total=20_000))

    assert 10 < len(listing.csrs) < 40
    assert listing.truncated
    assert listing.cause == "share: more than 20000 bytes of all requesters' CSRs"


def test_large_requests_of_many_requesters_cant_fill_the_memory() -> None:
    """The largest requests wait for a later run; a kubelet's doesn't wait."""
    addresses = tuple(f"10.0.{n >> 8}.{n & 255}" for n in range(7_900))
    model = a_filed_csr(node="large", ips=addresses)
    large = [
        replace(model, name=f"csr-{n}", uid=f"{n}", username=f"system:node:{n}") for n in range(50)
    ]
    world = FakeWorld(*large, a_filed_csr(name="csr-small", age=timedelta(minutes=2)))

    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode="enforce"), world.ports)

    assert "Approved" == world.api.conditions["csr-small"]
    # Each takes 1.1 MB after parsing, and counts as 2.3 MB.
    assert 10 < world.ledger.runs[0].count(Action.DENIED) < 30
    assert 50 == sum(map(world.ledger.runs[0].count, (Action.DENIED, Action.DEFERRED)))


def test_a_page_with_more_items_than_the_limit_is_refused() -> None:
    """Five million empty items (16 MiB) would take a minute and gigabytes to read."""
    error = refused(a_page(*[{}] * 502))

    assert str(error) == "answer: not a list of CSRs: more than 501 fields"


@pytest.mark.parametrize("token", ["\u00fc", "x\u2028"])
def test_a_continue_token_that_cant_be_sent_ends_the_listing(token: str) -> None:
    """Such a token is reported as the cluster's error; the items that came with it are kept."""
    listing = listed(a_page(an_item("a"), token=token))

    assert ["a"] == [csr.name for csr in listing.csrs]
    assert listing.cause == "answer: the continue token isn't ASCII"


@pytest.mark.parametrize("layers", [1, 2])
def test_an_answer_that_is_compressed_is_not_decompressed(layers: int) -> None:
    """It wasn't asked for, and 60 KB would become 60 MB."""
    body = a_page(an_item()).body + b"a" * 60_000_000
    for _ in range(layers):
        body = gzip.compress(body, 1)
    folded = Reply(200, body, {"Content-Encoding": ", ".join(["gzip"] * layers)})
    tracemalloc.start()
    try:
        error = refused(folded)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (error.cause, error.detail) == (
        "answer",
        "not a list of CSRs: no Kubernetes object in protobuf",
    )
    assert peak < Limits().page


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"items":[]}', id="JSON"),
        pytest.param(b"k8s\0" + b"\xff" * 100_000, id="a-number-without-end"),
        pytest.param(b"k8s\0" + b"\x0b" * 100_000, id="groups"),
        pytest.param(b"k8s\0" + b"\x12\xff\xff\xff\xff\x7f", id="longer-than-it-is"),
        pytest.param(a_page(an_item()).body[:-1], id="cut-off"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_bytes_that_break_parsers_are_reported_as_no_list(body: bytes) -> None:
    """Any such bytes are reported as the cluster's error."""
    assert refused(Reply(200, body)).cause == "answer"


@pytest.mark.parametrize(
    "changes",
    [
        {"spec_extra": {"sessionName": ["\udcff"]}},
        {"spec_extra": {"\udcff": ["a"]}},
        {"spec_groups": ["\udcff"]},
        {"creationTimestamp": "9999-12-31T23:59:59-23:59"},
        {"creationTimestamp": 0},
        {"spec_usages": ["\udcff"]},
        {"spec_usages": ["server auth"] * 1_001},
        {"labels": {str(number): "" for number in range(1_001)}},
        {"status_conditions": [{"type": "\udcff"}]},
        {"status_certificate": "QUFB" * 100_000},
        {"uid": "\udcff"},
    ],
)
def test_an_item_of_another_shape_is_reported_as_unreadable(changes: dict[str, Any]) -> None:
    """An item of another shape is reported as unreadable, and stops no other."""
    listing = listed(a_page(an_item("unusual", **changes), an_item("csr-own")))

    assert ["csr-own"] == [csr.name for csr in listing.csrs]
    assert 1 == len(listing.unreadable)
