"""Which clusters get extra reviews while nodes join them."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from core.joining import DELAYS, Joining, room_for_further_reviews

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOINS_FOR = timedelta(minutes=30)
ROOM = 60


class World:
    """One environment's memory, on a clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOW
        self.joining = Joining(lambda: self.time)

    def further_reviews(
        self,
        *joining: str,
        unknown: tuple[str, ...] = (),
        room: int = ROOM,
        after: timedelta = timedelta(),
    ) -> list[tuple[str, int]]:
        self.time += after
        return self.joining.further_reviews(joining, unknown, room)

    def is_extra(self, *joining: str, after: timedelta, unknown: tuple[str, ...] = ()) -> bool:
        return bool(self.further_reviews(*joining, unknown=unknown, after=after))


def test_a_joining_cluster_is_reviewed_every_ten_seconds() -> None:
    """With the ordinary review, which starts at once, that is six a minute."""
    assert [("prod", delay) for delay in (10, 20, 30, 40, 50)] == World().further_reviews("prod")


def test_a_quiet_fleet_gets_no_extra_review() -> None:
    """It costs what it cost before."""
    assert [] == World().further_reviews()


def test_the_earliest_come_first() -> None:
    """They are sent in this order, and the first of them are due soon."""
    delays = [delay for _, delay in World().further_reviews("a", "b", "c")]

    assert sorted(delays) == delays
    assert Counter(DELAYS) + Counter(DELAYS) + Counter(DELAYS) == Counter(delays)


def test_further_reviews_end_after_half_an_hour() -> None:
    """An auto scaling group whose instances fail launches new ones for ever."""
    world = World()

    assert world.is_extra("prod", after=timedelta())
    assert world.is_extra("prod", after=JOINS_FOR - timedelta(seconds=1))
    assert not world.is_extra("prod", after=timedelta(seconds=1))
    assert not world.is_extra("prod", after=JOINS_FOR)


def test_they_begin_again_after_a_minute_without_a_joining_node() -> None:
    """The loop has ended, and the next launch is news."""
    world = World()
    world.further_reviews("prod")
    assert not world.is_extra("prod", after=JOINS_FOR)

    world.further_reviews(after=MINUTE)

    assert world.is_extra("prod", after=MINUTE)


def test_an_unanswered_minute_ends_no_half_hour() -> None:
    """Otherwise a loop that makes EC2 throttle would get extra reviews for ever."""
    world = World()
    world.further_reviews("prod")

    assert not world.is_extra(unknown=("prod",), after=MINUTE)
    assert not world.is_extra("prod", after=JOINS_FOR - MINUTE)


def test_a_long_loop_of_one_cluster_takes_nothing_from_others() -> None:
    """Each has a half hour of its own."""
    world = World()
    world.further_reviews("loop")

    assert {"new"} == {one for one, _ in world.further_reviews("loop", "new", after=JOINS_FOR)}


def test_many_joining_clusters_share_the_room_and_take_turns() -> None:
    """A thousand at once get no more than half of the reviewer, and all get some of it."""
    world = World()
    clusters = [f"c{number:04}" for number in range(100)]
    got: Counter[str] = Counter()
    for _ in range(25):
        extra = world.further_reviews(*clusters, after=MINUTE)
        assert len(extra) == ROOM
        got.update({one for one, _ in extra})

    assert set(clusters) == set(got)


def test_the_order_in_which_clusters_are_found_changes_no_turn() -> None:
    """EC2's answers come in any order, and a cluster could have its turn twice, another never."""
    assert World().further_reviews("b", "a", room=5) == World().further_reviews("a", "b", room=5)


@pytest.mark.parametrize(("concurrency", "room"), [(2, 12), (10, 60), (1000, 6000)])
def test_further_reviews_take_at_most_half_of_the_reviewer(concurrency: int, room: int) -> None:
    """A review that takes 5 s allows twelve a minute for each concurrent function."""
    assert room == room_for_further_reviews(concurrency)


def test_without_room_for_a_minutes_reviews_there_are_none() -> None:
    """Less than one cluster's share isn't split."""
    assert [] == World().further_reviews("prod", room=len(DELAYS) - 1)
