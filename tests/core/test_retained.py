"""Which parsed requests are kept where all of them would take too much memory."""

from core.memo import weight_of
from core.model import OversizedRequest
from core.retained import RetainedRequests
from tests.builders import a_csr, a_parsed_csr

SMALL, LARGE, LARGEST = b"", b"x" * 5_000, b"x" * 60_000
ENTRY = weight_of(SMALL)


def kept(max_bytes: int, *requests: bytes | OversizedRequest) -> list[int]:
    """Return the places of the requests that are kept, of these that are added."""
    retained = RetainedRequests(max_bytes)
    for place, request in enumerate(requests):
        retained.add(a_parsed_csr(a_csr(name=str(place), request=request)))
    return [int(entry.csr.name) for entry in retained.entries]


def test_requests_that_fit_are_kept_in_their_order() -> None:
    """The kept requests may take all of the memory."""
    assert [0, 1, 2] == kept(2 * ENTRY + weight_of(LARGE), SMALL, LARGE, SMALL)


def test_a_byte_too_much_drops_the_largest_request() -> None:
    """A requester that files large requests loses its own, wherever they are in the list."""
    assert [0, 2] == kept(2 * ENTRY + weight_of(LARGE) - 1, SMALL, LARGE, SMALL)
    assert [1, 2] == kept(2 * ENTRY, LARGEST, SMALL, SMALL)


def test_of_requests_of_one_size_the_last_is_dropped() -> None:
    """The first in the order are the first to be judged."""
    assert [0, 1] == kept(2 * ENTRY, SMALL, SMALL, SMALL)


def test_as_many_are_dropped_as_are_too_many() -> None:
    """Each request that is dropped makes room for others."""
    assert [0, 3, 4] == kept(3 * ENTRY, SMALL, LARGE, LARGE, SMALL, SMALL)
    assert [] == kept(ENTRY - 1, SMALL)


def test_an_oversized_request_takes_as_little_as_a_small_one() -> None:
    """Only its size is kept."""
    assert [0, 2] == kept(2 * ENTRY, OversizedRequest(10**9), LARGE, SMALL)
