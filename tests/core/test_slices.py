"""The order in which a run takes a long list: oldest first, with a moving start."""

from datetime import timedelta

import pytest

from core.slices import SLICE, in_turns, rotated, sliced
from tests.builders import NOW

TEN_SECONDS = timedelta(seconds=10)


def slices_of(count: int) -> list[int]:
    """Return a list of `count` full slices; each item is the number of its slice."""
    return [number for number in range(count) for _ in range(SLICE)]


def turns(count: int, slot: int = 0) -> list[int]:
    """Return the slices' numbers in the order of a run that begins in this slot of ten seconds."""
    return [part[0] for part in sliced(in_turns(slices_of(count), NOW + slot * TEN_SECONDS))]


def test_a_list_is_split_into_slices_of_two_hundred() -> None:
    """The last slice is shorter."""
    assert [200, 200, 1] == [len(part) for part in sliced(range(401))]
    assert [] == list(sliced([]))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_each_slice_has_its_turn_once(count: int) -> None:
    """The time of the run doesn't matter."""
    for slot in range(60):
        assert list(range(count)) == sorted(turns(count, slot))


def test_items_stay_in_their_order_within_a_slice() -> None:
    """The oldest stays first."""
    items = list(range(3 * SLICE))

    for part in sliced(in_turns(items, NOW)):
        assert list(part) == sorted(part)


def test_every_second_slice_is_the_oldest_one_left() -> None:
    """Half of the slices that a run takes are the oldest ones."""
    for slot in range(60):
        order = turns(50, slot)
        assert 0 == order[0]
        for done in range(1, 50):
            assert set(range((done + 1) // 2)) <= set(order[:done])


def test_runs_of_one_minute_begin_at_different_places() -> None:
    """Six overlapping runs work on different parts of a long list."""
    assert 6 == len({turns(50, slot)[1] for slot in range(6)})


def test_runs_within_ten_seconds_begin_at_one_place() -> None:
    """The place is that of the slot, not of the second."""
    starts = [rotated(range(50), NOW + timedelta(seconds=second))[0] for second in range(11)]

    assert 1 == len(set(starts[:10]))
    assert starts[10] != starts[9]


@pytest.mark.parametrize("count", [2, 3, 6, 12, 48, 50, 60])
@pytest.mark.parametrize("seconds", [60, 120, 300])
def test_every_slice_is_reached_in_time(count: int, seconds: int) -> None:
    """Runs at regular intervals reach every slice, even if each takes only two.

    Starting at `slot modulo slices` would never take most of 48 slices: 60 s are six slots.
    """
    runs = [NOW + number * timedelta(seconds=seconds) for number in range(6 * count)]

    seen = {in_turns(slices_of(count), now)[SLICE] for now in runs}

    assert seen | {0} == set(range(count))


def test_a_rotated_list_contains_every_item_once() -> None:
    """The items from one position on come first, then those before it."""
    items = list(range(7))

    for slot in range(60):
        got = rotated(items, NOW + slot * TEN_SECONDS)
        start = got[0]
        assert [*items[start:], *items[:start]] == got
    assert [] == rotated([], NOW)
