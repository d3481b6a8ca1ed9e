"""When it is reported that a tag has ended a cluster's reviews."""

from datetime import UTC, datetime, timedelta

import pytest

from core.ended_reviews import EndedReviews
from core.selection import Choice

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

ENDINGS = pytest.mark.parametrize("ending", [Choice.OFF, Choice.NOT_SELECTED])


class World:
    """One environment's memory of the cluster `prod`, on a clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOW
        self.ended = EndedReviews(lambda: self.time)

    def reported(self, choice: Choice, after: timedelta = timedelta()) -> bool:
        self.time += after
        return self.ended.is_reported("prod", choice)


@ENDINGS
def test_an_end_is_reported_for_an_hour(ending: Choice) -> None:
    """Then an operator has seen the alarm, and may have meant it."""
    world = World()
    assert not world.reported(Choice.REVIEWED)

    assert world.reported(ending)
    assert world.reported(ending, after=HOUR - timedelta(seconds=1))
    assert not world.reported(ending, after=timedelta(seconds=1))
    assert not world.reported(ending)


def test_an_end_is_not_reported_after_more_than_an_hour() -> None:
    """No dispatch may come at the very end of the hour."""
    world = World()
    world.reported(Choice.REVIEWED)
    world.reported(Choice.OFF)

    assert not world.reported(Choice.OFF, after=HOUR + timedelta(minutes=1))


@ENDINGS
def test_a_cluster_that_was_never_reviewed_is_not_reported(ending: Choice) -> None:
    """Nothing has ended."""
    assert not World().reported(ending)


def test_a_cluster_that_is_not_described_keeps_its_review_remembered() -> None:
    """EKS may not answer for a while."""
    world = World()
    world.reported(Choice.REVIEWED)

    assert not world.reported(Choice.UNKNOWN)
    assert world.reported(Choice.OFF)


@ENDINGS
def test_a_new_cluster_of_the_same_name_is_not_reported(ending: Choice) -> None:
    """The old one was deleted, and the new one gets its tags once it is ready."""
    world = World()
    world.reported(Choice.REVIEWED)

    assert not world.reported(Choice.NOT_READY)
    assert not world.reported(ending)


def test_a_new_cluster_that_is_not_ready_is_not_reported() -> None:
    """Its review has never begun."""
    assert not World().reported(Choice.NOT_READY)


def test_the_hour_begins_when_the_end_is_found() -> None:
    """However long ago the last review was."""
    world = World()
    world.reported(Choice.REVIEWED)

    assert world.reported(Choice.OFF, after=timedelta(hours=5))


def test_a_second_end_is_reported_after_the_tag_was_put_right() -> None:
    """Its hour begins when it is found."""
    world = World()
    world.reported(Choice.REVIEWED)
    world.reported(Choice.OFF)
    world.reported(Choice.OFF, after=HOUR)

    world.reported(Choice.REVIEWED)
    assert world.reported(Choice.OFF)


def test_clusters_are_remembered_apart_and_the_memory_is_bounded() -> None:
    """The oldest of two thousand is forgotten."""
    ended = EndedReviews(lambda: NOW)
    for number in range(2_001):
        ended.is_reported(number, Choice.REVIEWED)

    assert not ended.is_reported(0, Choice.OFF)
    assert ended.is_reported(1, Choice.OFF)


def test_the_cluster_that_was_reviewed_least_recently_is_forgotten_first() -> None:
    """One that is still reviewed may end at any time, however long it has been known."""
    ended = EndedReviews(lambda: NOW)
    for number in (*range(2_000), 0, 2_000):
        ended.is_reported(number, Choice.REVIEWED)

    assert ended.is_reported(0, Choice.OFF)
    assert not ended.is_reported(1, Choice.OFF)
