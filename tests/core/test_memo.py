"""A parsed object is found by its bytes, and all of them take a bounded amount of memory."""

import tracemalloc
from dataclasses import dataclass, field

import pytest

from core import pkcs10
from core.memo import Memo, Reader, weight_of
from core.model import MAX_REQUEST_BYTES
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder

#: The weight, in bytes, of a kept request of a kubelet's size.
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
def parse() -> Counted:
    return Counted()


def read(reader: Reader, parse: Counted, *contents: bytes) -> None:
    for content in contents:
        assert content.upper() == reader.read("upper", content, parse)


def test_the_same_bytes_are_read_once(parse: Counted) -> None:
    """The same holds for later runs."""
    memo = Memo()

    for _ in range(3):
        read(memo.reader(*PROD), parse, b"a", b"a")

    assert [b"a"] == parse.calls


def test_other_bytes_are_read_separately(parse: Counted) -> None:
    """The name under which they are listed doesn't matter."""
    read(Memo().reader(*PROD), parse, b"a", b"b")

    assert [b"a", b"b"] == parse.calls


def test_another_function_reads_the_same_bytes_again(parse: Counted) -> None:
    """A request that is well-formed for one signer may not be for another."""
    reader = Memo().reader(*PROD)

    assert (b"A", b"a") == (
        reader.read("upper", b"a", parse),
        reader.read("lower", b"a", bytes.lower),
    )


def test_an_error_is_not_kept() -> None:
    """Every run raises the error again."""
    reader = Memo().reader(*PROD)

    with pytest.raises(ZeroDivisionError):
        reader.read("division", b"a", lambda _: bytes(1 // 0))
    assert b"b" == reader.read("division", b"a", lambda _: b"b")


def test_bytes_that_a_complete_run_did_not_use_are_forgotten(parse: Counted) -> None:
    """Bytes that a complete run didn't use are no longer in the list."""
    memo = Memo()
    read(memo.reader(*PROD), parse, b"a", b"b")
    second = memo.reader(*PROD)
    read(second, parse, b"b")
    second.forget_unused()

    read(memo.reader(*PROD), parse, b"a", b"b")

    assert [b"a", b"b", b"a"] == parse.calls


def test_bytes_that_an_incomplete_run_did_not_reach_are_kept(parse: Counted) -> None:
    """A run that is out of time may start at another place the next time."""
    memo = Memo()
    read(memo.reader(*PROD), parse, b"a")
    read(memo.reader(*PROD), parse, b"b")

    read(memo.reader(*PROD), parse, b"a", b"b")

    assert [b"a", b"b"] == parse.calls


def test_the_least_recently_used_cluster_goes_first_and_as_a_whole(parse: Counted) -> None:
    """Keeping half of a cluster's list would save little."""
    memo = Memo(max_bytes=4 * ENTRY)
    read(memo.reader(*PROD), parse, b"a", b"b")
    read(memo.reader(*LAB), parse, b"c")
    read(memo.reader(*PROD), parse, b"a", b"b")

    read(memo.reader(*DEV), parse, b"d", b"e")

    parse.calls.clear()
    read(memo.reader(*PROD), parse, b"a", b"b")
    assert [] == parse.calls
    read(memo.reader(*LAB), parse, b"c")
    assert [b"c"] == parse.calls


def test_a_list_forgets_its_own_unused_bytes_last(parse: Counted) -> None:
    """All other clusters' bytes are forgotten first."""
    memo = Memo(max_bytes=2 * ENTRY)
    read(memo.reader(*LAB), parse, b"l")
    read(memo.reader(*PROD), parse, b"a", b"b")

    now = memo.reader(*PROD)
    read(now, parse, b"b", b"c")
    read(now, parse, b"b", b"c")

    assert [b"l", b"a", b"b", b"c"] == parse.calls


def test_a_list_that_forgets_more_than_is_needed_keeps_what_is_new(parse: Counted) -> None:
    """It forgets all of its unused bytes at a time."""
    memo = Memo(max_bytes=3 * ENTRY)
    read(memo.reader(*PROD), parse, b"a", b"b", b"c")

    read(memo.reader(*PROD), parse, b"d", b"d")

    assert [b"a", b"b", b"c", b"d"] == parse.calls


def test_beyond_the_limit_nothing_more_is_kept_and_everything_is_read(parse: Counted) -> None:
    """What doesn't fit is read in every run."""
    memo = Memo(max_bytes=2 * ENTRY)

    for _ in range(2):
        read(memo.reader(*PROD), parse, b"a", b"b", b"c")

    assert [b"a", b"b", b"c", b"c"] == parse.calls


def test_what_is_a_byte_too_large_is_not_kept(parse: Counted) -> None:
    """The limit is exact."""
    reader = Memo(max_bytes=2 * ENTRY - 1).reader(*PROD)

    read(reader, parse, b"a", b"b", b"a", b"b")

    assert [b"a", b"b", b"b"] == parse.calls


def test_a_large_request_counts_with_its_size_once_parsed(parse: Counted) -> None:
    """64 KiB of short names become a megabyte of objects."""
    memo = Memo(max_bytes=900_000)
    large = b"a" * 65_536

    read(memo.reader(*PROD), parse, large, large)

    assert [large, large] == parse.calls


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(csr_builder.dns("a1"), id="dns-name"),
        pytest.param(csr_builder.ip("10.0.0.1"), id="address"),
        pytest.param(der.context(8, b"\x2a"), id="registered-id"),
        pytest.param(der.context(2, b""), id="empty-name"),
    ],
)
def test_a_large_parsed_request_takes_no_more_memory_than_its_weight(name: bytes) -> None:
    """A large request may contain thousands of names of any kind."""
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


@pytest.mark.parametrize(
    ("size", "weight"), [(0, 2_048), (600, 2_048), (1_024, 2_048), (1_025, 2_084), (2_024, 38_048)]
)
def test_an_entry_weighs_2_kib_and_36_bytes_for_each_byte_over_1_kib(
    size: int, weight: int
) -> None:
    """A kubelet's request takes 1.5 KiB; of a larger one a byte takes up to 35."""
    assert weight == weight_of(b"a" * size)


def test_some_16_000_requests_of_kubelets_are_kept(parse: Counted) -> None:
    """About 16,000 requests of kubelets take 32 MiB."""
    reader = Memo().reader(*PROD)
    contents = [str(number).encode() for number in range(32 * 1024 * 1024 // ENTRY)]

    read(reader, parse, *contents, b"one more", contents[0], contents[-1], b"one more")

    assert [*contents, b"one more", b"one more"] == parse.calls


def test_all_kept_objects_together_stay_within_the_limit(parse: Counted) -> None:
    """Lists grow and shrink, and the limit is kept."""
    memo = Memo(max_bytes=5 * ENTRY)

    for number in range(40):
        reader = memo.reader("eu-west-1", str(number % 3))
        read(reader, parse, *(bytes([number, entry]) for entry in range(number % 7)))
        if number % 4:
            reader.forget_unused()
        assert sum(held.weight for held in memo._readers.values()) <= 5 * ENTRY
