"""In a saved list, an object that can't be read stops no other."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cli.evaluate.saved_list import DEEPEST, Unparsed, objects_of

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
objects = st.dictionaries(st.text() | st.just("items"), values)
lists = st.fixed_dictionaries(
    {"items": st.lists(objects | st.none())},
    optional={"kind": st.just("List"), "metadata": values, "zeal": values},
)
indents = st.sampled_from([None, 0, 4])


def nested(levels: int) -> bytes:
    return b'{"f:a":' * levels + b"{}" + b"}" * levels


def named(name: str, fields: bytes) -> bytes:
    """Return a CSR with these fields, and with decoys of its name."""
    head = b'{"metadata":{"annotations":{"name":"decoy"},"fields":%s,"name":"%s"},'
    return (head + b'"spec":{"signerName":"a/b","name":"decoy"}}') % (fields, name.encode())


BAD = {
    "not-utf-8": (b'{"f:\xff":{}}', "not UTF-8"),
    "nested": (nested(9_990), "nested 9993 levels deep, expected at most 64"),
    "a-long-number": (b"9" * 5_000, "not JSON: Exceeds the limit"),
}


@st.composite
def saved(draw: st.DrawFn, bad: str) -> tuple[list[Any], int, bytes]:
    """Draw a list's readable objects, the place of a bad one among them, and the file."""
    document: dict[str, Any] = draw(lists)
    at = draw(st.integers(0, len(document["items"])))
    items = [*document["items"][:at], "THE BAD ONE", *document["items"][at:]]
    text = json.dumps(
        document | {"items": items}, indent=draw(indents), ensure_ascii=draw(st.booleans())
    )
    content = text.encode("utf-8", "surrogatepass")
    assume(b"\xed\xa0" not in content and text.count("THE BAD ONE") == 1)
    return document["items"], at, content.replace(b'"THE BAD ONE"', named("bad", BAD[bad][0]))


@pytest.mark.parametrize(
    # The nested one takes a tenth of a second.
    ("bad", "examples"),
    [("not-utf-8", 60), ("a-long-number", 40), ("nested", 8)],
)
def test_an_unreadable_object_changes_no_other(bad: str, examples: int) -> None:
    """The others are read alike in any formatting, position and content."""

    @settings(deadline=None, max_examples=examples)
    @given(saved(bad))
    def check(case: tuple[list[Any], int, bytes]) -> None:
        readable, at, content = case
        objects, _ = objects_of(content)

        assert objects is not None
        assert readable == [item for n, item in enumerate(objects) if n != at]
        found = objects[at]
        assert isinstance(found, Unparsed)
        assert found.problem.startswith(BAD[bad][1][:20])
        assert ("bad", "a/b") == (
            found.known["metadata"]["name"],
            found.known["spec"]["signerName"],
        )

    check()


@given(document=lists, indent=indents)
def test_a_list_that_parses_is_read_as_it_parses(
    document: dict[str, Any], indent: int | None
) -> None:
    """A list that parses isn't split into its items."""
    assert (document["items"], document) == objects_of(json.dumps(document, indent=indent).encode())


@given(content=st.binary())
def test_any_bytes_are_a_list_or_a_value_error(content: bytes) -> None:
    """No other error is raised, and parsing ends."""
    try:
        objects_of(content)
    except ValueError:
        return


@pytest.mark.parametrize(
    "content",
    [
        b'{"items":[{"a":"\xff"}',
        b'{"items":[{"a":"\xff"},]}',
        b'{"items":[{"a":"\xff"}{}]}',
        b'{"items":[{"a":\xff}]}',
        b'{"items":[{"a":"\xff"}]}}',
        b'{"kind":"\xff","items":[]}',
        b'["\xff"]',
        b'{"items":[' + b"[" * 100_000,
        b'{"kind":"List","items":[{"a":1},{"kind":"Status","message":"exceeded max depth"}\n',
    ],
)
def test_a_list_that_is_otherwise_broken_is_no_json(content: bytes) -> None:
    """E.g. the API server may break off a list."""
    with pytest.raises(ValueError, match=r"."):
        objects_of(content)


def test_a_single_object_nested_too_deeply_is_returned_as_unparsed() -> None:
    """The object has the shape of the output of `kubectl get csr NAME -o json`."""
    objects, _ = objects_of(b'{"metadata":{"name":"a","fields":' + nested(DEEPEST) + b"}}")
    [found] = objects or ()

    assert isinstance(found, Unparsed)
    assert found.known["metadata"]["name"] == "a"
