"""Any item of a list leaves the reading of all other items unchanged."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.csr_messages import Page, read_page
from adapters.csr_objects import Listed, read_csr
from adapters.kubernetes_protobuf import read_status, wrapped
from adapters.protobuf import Malformed, encoded
from core.model import Csr, UnreadableCsr
from sandbox.fake_apiserver import protobuf
from tests.adapters.scripted_api import an_item

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = texts.filter(bool) | st.sampled_from(['"]}', "]}]}", "a\nb", "\0", "k8s\0", "\x12\x00"])
items = st.builds(
    an_item,
    names,
    uid=names,
    labels=st.dictionaries(texts, texts, max_size=3),
    annotations=st.dictionaries(texts, texts, max_size=3),
    finalizers=st.lists(texts, max_size=3),
    spec_groups=st.lists(texts, max_size=3),
    spec_extra=st.dictionaries(texts, st.lists(texts, max_size=3), max_size=3),
    spec_expirationSeconds=st.none() | st.integers(-(2**31), 2**31 - 1),
)
garbage = st.binary(max_size=200) | st.sampled_from(
    [b"", b"\xff" * 50, b"\x0a" * 50, b'{"metadata":{}}', encoded(2, b"\x0a\x01") * 50]
)


def page(messages: list[bytes], token: str) -> bytes:
    """Return a list of these items, in protobuf."""
    metadata = protobuf.message("ListMeta", {"continue": token or None})
    listed = encoded(1, metadata) + b"".join(encoded(2, message) for message in messages)
    return wrapped("certificates.k8s.io/v1", "CertificateSigningRequestList", listed)


def message_of(item: dict[str, Any]) -> bytes:
    return protobuf.message("CertificateSigningRequest", item)


def read(found: Page) -> list[Csr | UnreadableCsr]:
    each = [read_csr(item) for item in found.items]
    return [part.csr if isinstance(part, Listed) else part for part in each]


@given(listed=st.lists(items, max_size=4), token=texts)
def test_a_page_is_its_items_and_its_token(listed: list[dict[str, Any]], token: str) -> None:
    """A page with any items is read as its items and its token."""
    found = read_page(page([message_of(raw) for raw in listed], token), len(listed))

    csrs = [item for item in read(found) if isinstance(item, Csr)]
    assert token == found.token
    assert [raw["metadata"]["name"] for raw in listed] == [csr.name for csr in csrs]
    assert [raw["metadata"]["uid"] for raw in listed] == [csr.uid for csr in csrs]
    assert [tuple(raw["spec"]["groups"]) for raw in listed] == [csr.groups for csr in csrs]


@given(listed=st.lists(items, min_size=1, max_size=4), bad=garbage, token=texts, data=st.data())
def test_any_bytes_in_place_of_one_leave_the_others_as_they_were(
    listed: list[dict[str, Any]], bad: bytes, token: str, data: st.DataObject
) -> None:
    """The token stays the same, too."""
    messages = [message_of(raw) for raw in listed]
    at = data.draw(st.integers(0, len(messages) - 1))
    before = read(read_page(page(messages, token), len(messages)))

    found = read_page(page([*messages[:at], bad, *messages[at + 1 :]], token), len(messages))

    after = read(found)
    assert token == found.token
    assert (before[:at], before[at + 1 :]) == (after[:at], after[at + 1 :])


@given(body=st.binary(max_size=300), known=st.booleans())
def test_any_bytes_are_a_page_or_malformed(*, body: bytes, known: bool) -> None:
    """No other error is raised, and reading ends."""
    kind = "CertificateSigningRequestList"
    try:
        found = read_page(wrapped("v1", kind, body) if known else body, 500)
    except Malformed:
        return
    for item in found.items:
        read_csr(item)


@given(body=st.binary(max_size=300), known=st.booleans())
def test_any_bytes_are_a_status_or_an_empty_one(*, body: bytes, known: bool) -> None:
    """Reading an error's body never fails."""
    status = read_status(wrapped("v1", "Status", body) if known else body)

    assert isinstance(status.message, str)


def test_a_longer_page_than_was_asked_for_is_malformed() -> None:
    """A page of millions of empty items would take a minute to read."""
    with pytest.raises(Malformed, match="more than 3 fields"):
        read_page(page([b""] * 3, "t"), 2)
