"""Several calls at once: each has its result, and results wait for others, but not for long."""

from collections.abc import Iterator
from threading import Barrier, Event

import pytest

from adapters.concurrent_calls import SEVERAL, concurrently

# In seconds: a test that waits so long has failed, and ends.
LONG = 30.0


def test_each_item_has_its_result() -> None:
    assert {(number, -number) for number in range(100)} == set(
        concurrently(range(100), lambda number: -number, 4)
    )


def test_without_items_there_are_no_results() -> None:
    assert [] == list(concurrently([], lambda item: item, 4))


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_error_is_its_own_items_result_and_stops_no_other(error: type[BaseException]) -> None:
    """Not even one that ends a thread."""

    def call(item: str) -> str:
        if item == "b":
            raise error
        return item

    results = dict(concurrently("abc", call, 1))

    assert isinstance(results.pop("b"), error)
    assert {"a": "a", "c": "c"} == results


def test_so_many_calls_run_at_once() -> None:
    """Each waits until three have begun."""
    three = Barrier(3)

    results = concurrently("abcdef", lambda _: three.wait(timeout=10), 3)

    assert [0, 0, 1, 1, 2, 2] == sorted(place for _, place in results if isinstance(place, int))


def test_one_thread_calls_in_the_order_of_the_items() -> None:
    called: list[str] = []

    list(concurrently("cab", called.append, 1))

    assert ["c", "a", "b"] == called


@pytest.mark.parametrize("items", [1, 3, SEVERAL, 3 * SEVERAL])
def test_results_wait_until_several_or_all_that_are_left_are_ready(items: int) -> None:
    """The last call that the first result waits for doesn't see it taken."""
    is_taken, last = Event(), min(items, SEVERAL) - 1

    def call(number: int) -> bool:
        return number == last and is_taken.wait(timeout=0.1)

    results = concurrently(range(items), call, 1, longest_wait=LONG)
    first = next(results)
    is_taken.set()

    assert [(number, False) for number in range(items)] == [first, *results]


def test_a_result_waits_no_longer_than_it_may() -> None:
    """The second call doesn't end before the first result was taken."""
    is_taken = Event()

    def call(item: str) -> bool:
        return item == "first" or is_taken.wait(timeout=10)

    results: Iterator[object] = concurrently(["first", "second"], call, 2, longest_wait=0.001)

    assert ("first", True) == next(results)
    is_taken.set()
    assert [("second", True)] == list(results)


def test_once_it_is_closed_no_call_runs() -> None:
    begun, ended, is_second = list[int](), list[int](), Event()

    def call(number: int) -> None:
        begun.append(number)
        if number == 1:
            is_second.set()
            Event().wait(timeout=0.1)  # nothing tells a call that `close` waits for it
        ended.append(number)

    results = concurrently(range(100), call, 1, longest_wait=0.001)
    next(results)
    is_second.wait(timeout=10)
    results.close()

    assert begun == ended
    assert len(begun) < 100
