"""Several calls at once, whose results come back several at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Final, Generic, TypeVar

#: Results are handed over when so many are ready, or all that are left.
SEVERAL: Final = 16

#: The longest that a result waits for others, in seconds.
LONGEST_WAIT: Final = 0.05

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def concurrently(
    items: Sequence[_Item],
    call: Callable[[_Item], _Result],
    threads: int,
    *,
    longest_wait: float = LONGEST_WAIT,
) -> Generator[tuple[_Item, _Result | BaseException]]:
    """Call `call` with each item, in their order; yield each with its result, or with its error.

    Results come in the order in which they are known. `longest_wait`: how many seconds one may wait
    for others. Once the generator is closed, no other call begins.
    """
    waiting = deque(items)
    results = _Results[tuple[_Item, _Result | BaseException]](len(items), longest_wait)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="call")
    try:
        # A task for each thread, not for each item, which would take 0.1 ms more per item.
        for _ in range(min(threads, len(items))):
            pool.submit(_call_each, waiting, call, results)
        yield from results
    finally:
        waiting.clear()
        pool.shutdown()


def _call_each(
    waiting: deque[_Item],
    call: Callable[[_Item], _Result],
    results: "_Results[tuple[_Item, _Result | BaseException]]",
) -> None:
    while waiting:
        try:
            item = waiting.popleft()
        except IndexError:  # another thread took the last one
            return
        result: _Result | BaseException
        try:
            result = call(item)
        except BaseException as error:  # noqa: BLE001  every item's result is waited for
            result = error
        results.add((item, result))


class _Results(Generic[_Result]):
    """Results of several threads, for another thread that takes several at a time.

    That thread has work to do for each result. If it were woken for each, the others would have
    replaced its data in the processor's caches every time: a log line took a third more time.
    """

    def __init__(self, count: int, longest_wait: float) -> None:
        self._left = count
        self._longest_wait = longest_wait
        self._ready = deque[_Result]()
        self._are_several = Event()

    def add(self, result: _Result) -> None:
        self._ready.append(result)
        if len(self._ready) >= min(SEVERAL, self._left):
            self._are_several.set()

    def __iter__(self) -> Iterator[_Result]:
        while self._left:
            self._are_several.wait(self._longest_wait)
            self._are_several.clear()
            while self._ready:
                self._left -= 1
                yield self._ready.popleft()
