"""The order in which a run takes the requests of a long list.

A run may end before it reaches the end of the list, and the next run lists the same requests. So
every second slice is the oldest one left, whose kubelets give up first. The others begin at a place
that moves with time: requests that stay at the head of the list don't keep the others from being
judged, and overlapping runs work on different parts of the list without any coordination.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

#: How many requests are judged and written together: the most that one DescribeInstances takes.
SLICE: Final = 200

# The place changes every ten seconds, so that runs within a minute begin at different ones.
_SLOT_SECONDS: Final = 10

# Multiples of the golden ratio spread evenly over any number of slices. A plain `slot % count`
# would not: runs come once a minute, six slots apart, and of 48 slices would start at eight only.
# From: the three-distance theorem (V. T. Sós, 1958).
_GOLDEN: Final = 0.6180339887498949

_T = TypeVar("_T")


def in_turns(items: Sequence[_T], now: datetime) -> list[_T]:
    """Return `items` (oldest first) in the order in which a run at `now` takes their slices."""
    slices = list(sliced(items))
    return [item for number in _turns(len(slices), now) for item in slices[number]]


def sliced(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut `items` into slices; only the last may be shorter than SLICE."""
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]


def rotated(items: Sequence[_T], now: datetime) -> list[_T]:
    """Return `items` rotated, so that they begin at the place for `now`."""
    start = _start(len(items), now)
    return [*items[start:], *items[:start]]


def _turns(count: int, now: datetime) -> Iterator[int]:
    oldest, others = range(count), rotated(range(count), now)
    taken: set[int] = set()
    for turn in range(count):
        source = others if turn % 2 else oldest
        number = next(number for number in source if number not in taken)
        taken.add(number)
        yield number


def _start(count: int, now: datetime) -> int:
    slot = now.timestamp() // _SLOT_SECONDS
    return int(slot * _GOLDEN % 1 * count)
