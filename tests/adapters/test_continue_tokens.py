"""Tokens that skip the names by which a list can't be read on."""

import base64
import json

import pytest

from adapters.continue_tokens import is_before, onward, past


def token_of(start: object) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": 7, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("start", "after"),
    [
        ("a\ufffd-0499\0", "b"),
        ("csr-\ufffd\0", "csr."),
        ("csr-\u00fc" * 100_000, "csr."),
        ("z" * 20_000 + "\0", "z" * 253 + "{"),
        ("z" * 300 + "\ufffd", "z" * 253 + "{"),
        ("\x7f\ufffd\0", "\x80"),
    ],
)
def test_the_list_goes_on_after_all_names_with_that_beginning(start: str, after: str) -> None:
    """The token is for the same list: its version stays."""
    assert token_of(after) == past(token_of(start))


@pytest.mark.parametrize(
    "token",
    ["", "x", "e30", "W10", "!" * 9_000, token_of("csr-7znmf\0"), token_of("/\ufffd"), token_of(7)],
)
def test_an_ordinary_name_or_an_unreadable_token_is_not_skipped(token: str) -> None:
    """A name that doesn't begin with ASCII sorts after all names of nodes."""
    assert "" == past(token)


def test_skipping_a_name_ends() -> None:
    """A server that refuses every token is asked a bounded number of times."""
    token, steps = token_of("a" * 100 + "\ufffd"), 0
    while token := past(token):
        steps += 1

    assert 1 == steps


PLACES = ("csr-b", "csr-m", "csr-z")


@pytest.mark.parametrize(
    ("start", "turn", "place"),
    [
        ("/a-0499\0", 0, "/csr-b"),
        ("/a-0499\0", 1, "/csr-m"),
        ("/a-0499\0", 5, "/csr-z"),
        ("csr-c1234\0", 0, "csr-m"),
        ("csr-c1234\0", 1, "csr-z"),
    ],
)
def test_the_turn_chooses_a_later_place(start: str, turn: int, place: str) -> None:
    """The turn's later place has a slash before the name if the API server's tokens have one."""
    assert token_of(place) == onward(token_of(start), PLACES, turn)


@pytest.mark.parametrize("token", ["", "x", "W10", token_of(7), token_of("/d\0"), token_of("")])
def test_without_a_later_place_or_a_token_there_is_none(token: str) -> None:
    """The list is then read in its order."""
    assert "" == onward(token, PLACES, 1)


def test_places_are_ordered_by_name() -> None:
    """Names are compared by their bytes, as in etcd."""
    assert is_before(token_of("/a\0"), token_of("/b"))
    assert is_before(token_of("/\uffff"), token_of("/\U00010000"))
    assert not is_before(token_of("/b"), token_of("/b"))
