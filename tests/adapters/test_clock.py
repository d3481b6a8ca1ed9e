"""How much time a run has."""

from datetime import timedelta

import pytest

from adapters.clock import LambdaClock, ReservedClock, WallClock
from core.ports import Clock


def test_a_run_ends_five_seconds_before_lambda_ends_it() -> None:
    """A run ends five seconds before Lambda ends it."""
    left = iter([55_000, 5_000, 1_000])
    clock = LambdaClock(lambda: next(left))

    assert [50.0, 0.0, -4.0] == [clock.remaining() for _ in range(3)]


def test_a_persons_run_has_the_given_seconds() -> None:
    """A person's run has the given seconds, counted from its start."""
    ticks = iter([100.0, 100.0, 130.0, 170.0])
    clock = WallClock(60.0, ticks=lambda: next(ticks))

    assert [60.0, 30.0, -10.0] == [clock.remaining() for _ in range(3)]


@pytest.mark.parametrize("clock", [LambdaClock(lambda: 55_000), WallClock(60.0)])
def test_now_is_in_utc(clock: Clock) -> None:
    """The present is in UTC."""
    assert clock.now().utcoffset() == timedelta(0)


def test_reserved_clock() -> None:
    """The first part of a run leaves seconds to the next."""
    whole = LambdaClock(lambda: 55_000)

    assert (40.0, 50.0) == (
        ReservedClock(whole, 10.0).remaining(),
        ReservedClock(whole, 0).remaining(),
    )
    assert ReservedClock(whole, 10.0).now().utcoffset() == timedelta(0)
