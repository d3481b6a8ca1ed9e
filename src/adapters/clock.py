"""What time it is, and how many seconds a run has left (`core.ports.Clock`)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from core.budget import RESERVE_SECONDS
from core.ports import Clock


class LambdaClock:
    """The clock of one invocation."""

    def __init__(self, remaining_milliseconds: Callable[[], float]) -> None:
        """`remaining_milliseconds`: the context's `get_remaining_time_in_millis`."""
        self._remaining_milliseconds = remaining_milliseconds

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.now(UTC)

    def remaining(self) -> float:
        """Return the seconds until the run must stop work; negative within the reserve."""
        return self._remaining_milliseconds() / 1000 - RESERVE_SECONDS


class ReservedClock:
    """The clock of a part of a run, which leaves some seconds to the parts after it."""

    def __init__(self, whole: Clock, kept: float) -> None:
        """`kept`: seconds for the later parts; 0 for the last part, which may use the rest."""
        self._whole = whole
        self._kept = kept

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return self._whole.now()

    def remaining(self) -> float:
        """Return the seconds until this part must stop work."""
        return self._whole.remaining() - self._kept


class WallClock:
    """The clock of a run that a person starts, with a number of seconds from now."""

    def __init__(self, seconds: float, ticks: Callable[[], float] = time.monotonic) -> None:
        """`ticks`: returns seconds that never decrease."""
        self._ticks = ticks
        self._end = ticks() + seconds

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return datetime.now(UTC)

    def remaining(self) -> float:
        """Return the seconds until the run must stop work; negative afterwards."""
        return self._end - self._ticks()
