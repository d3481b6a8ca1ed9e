"""What was read is found by its bytes, and takes a bounded amount of memory."""

import tracemalloc
from dataclasses import dataclass, field

import pytest

from core import pkcs10
from core.memo import Memo, Reader, weight_of
from core.model import MAX_REQUEST_BYTES
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder

ENTRY = 2_048
PROD, LAB, DEV = ("eu-west-1", "prod"), ("eu-west-1", "lab"), ("eu-west-1", "dev")


@dataclass
class Counted:
    """A pure function of bytes that counts its calls."""

    calls: list[bytes] = field(default_factory=list)

    def __call__(self, content: bytes) -> bytes:
        self.calls.append(content)
        return content.upper()


@pytest.fixture
def how() -> Counted:
    return Counted()


def read(reader: Reader, how: Counted, *contents: bytes) -> None:
    for content in contents:
        assert content.upper() == reader.read("upper", content, how)


def test_the_same_bytes_are_read_once(how: Counted) -> None:
    """In one run, and in later ones."""
    memo = Memo()

    for _ in range(3):
        read(memo.reader(*PROD), how, b"a", b"a")

    assert [b"a"] == how.calls


def test_other_bytes_are_another_reading(how: Counted) -> None:
    """By whatever name they are listed."""
    read(Memo().reader(*PROD), how, b"a", b"b")

    assert [b"a", b"b"] == how.calls


def test_another_function_of_the_same_bytes_is_another_reading(how: Counted) -> None:
    """What is well-formed for one signer isn't for another."""
    reader = Memo().reader(*PROD)

    assert (b"A", b"a") == (
        reader.read("upper", b"a", how),
        reader.read("lower", b"a", bytes.lower),
    )


def test_what_is_raised_is_not_kept() -> None:
    """Every run meets the error itself."""
    reader = Memo().reader(*PROD)

    with pytest.raises(ZeroDivisionError):
        reader.read("division", b"a", lambda _: bytes(1 // 0))
    assert b"b" == reader.read("division", b"a", lambda _: b"b")


def test_what_a_complete_run_did_not_use_is_forgotten(how: Counted) -> None:
    """It is no longer in the list."""
    memo = Memo()
    read(memo.reader(*PROD), how, b"a", b"b")
    second = memo.reader(*PROD)
    read(second, how, b"b")
    second.forget_unused()

    read(memo.reader(*PROD), how, b"a", b"b")

    assert [b"a", b"b", b"a"] == how.calls


def test_what_a_run_did_not_reach_is_kept(how: Counted) -> None:
    """One that ran out of time may begin elsewhere the next time."""
    memo = Memo()
    read(memo.reader(*PROD), how, b"a")
    read(memo.reader(*PROD), how, b"b")

    read(memo.reader(*PROD), how, b"a", b"b")

    assert [b"a", b"b"] == how.calls


def test_the_least_recently_used_cluster_goes_first_and_as_a_whole(how: Counted) -> None:
    """Half of a cluster's readings would be read again all the same."""
    memo = Memo(max_bytes=4 * ENTRY)
    read(memo.reader(*PROD), how, b"a", b"b")
    read(memo.reader(*LAB), how, b"c")
    read(memo.reader(*PROD), how, b"a", b"b")

    read(memo.reader(*DEV), how, b"d", b"e")

    how.calls.clear()
    read(memo.reader(*PROD), how, b"a", b"b")
    assert [] == how.calls
    read(memo.reader(*LAB), how, b"c")
    assert [b"c"] == how.calls


def test_a_list_forgets_its_own_unused_readings_last(how: Counted) -> None:
    """All other clusters' readings are forgotten before that."""
    memo = Memo(max_bytes=2 * ENTRY)
    read(memo.reader(*LAB), how, b"l")
    read(memo.reader(*PROD), how, b"a", b"b")

    now = memo.reader(*PROD)
    read(now, how, b"b", b"c")
    read(now, how, b"b", b"c")

    assert [b"l", b"a", b"b", b"c"] == how.calls


def test_beyond_the_bound_nothing_is_kept_and_all_is_read(how: Counted) -> None:
    """A list that is too long is read in every run."""
    memo = Memo(max_bytes=2 * ENTRY)

    for _ in range(2):
        read(memo.reader(*PROD), how, b"a", b"b", b"c")

    assert [b"a", b"b", b"c", b"c"] == how.calls


def test_a_large_content_weighs_what_it_takes_once_read(how: Counted) -> None:
    """64 KiB of short names become a megabyte of objects."""
    memo = Memo(max_bytes=900_000)
    large = b"a" * 65_536

    read(memo.reader(*PROD), how, large, large)

    assert [large, large] == how.calls


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(csr_builder.dns("a1"), id="dns-name"),
        pytest.param(csr_builder.ip("10.0.0.1"), id="address"),
        pytest.param(der.context(8, b"\x2a"), id="registered-id"),
        pytest.param(der.context(2, b""), id="empty-name"),
    ],
)
def test_what_was_read_of_a_large_request_takes_no_more_than_it_weighs(name: bytes) -> None:
    """Whatever names it holds thousands of."""
    names = [name] * (47_500 // len(name))
    request = (
        csr_builder.CsrBuilder.of_node(keys.ecdsa("a"), "a", csr_builder.Names("a"))
        .sans(*names)
        .pem()
    )
    assert 60_000 < len(request) <= MAX_REQUEST_BYTES

    tracemalloc.start()
    try:
        read_request = pkcs10.read(request)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(names) == len(read_request.sans)
    assert taken <= weight_of(request)


def test_the_sum_of_all_that_is_kept_stays_within_the_bound(how: Counted) -> None:
    """Whatever comes and goes."""
    memo = Memo(max_bytes=5 * ENTRY)

    for number in range(40):
        reader = memo.reader("eu-west-1", str(number % 3))
        read(reader, how, *(bytes([number, entry]) for entry in range(number % 7)))
        if number % 4:
            reader.forget_unused()
        assert sum(one.weight for one in memo._readers.values()) <= 5 * ENTRY
