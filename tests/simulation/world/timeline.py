"""Simulated time, and the events that are due."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Final

#: A Monday.
START: Final = datetime(2026, 11, 23, tzinfo=UTC)

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0


class Timeline:
    """The seconds since the start, and the events to come."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """Return the current date and time."""
        return START + timedelta(seconds=self.seconds)

    def at(self, seconds: float, do: Callable[[], None]) -> None:
        """Schedule an event. Events of the same time happen in the order of these calls."""
        self._count += 1
        heappush(self._events, (max(seconds, self.seconds), self._count, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Schedule an event this many seconds from now."""
        self.at(self.seconds + seconds, do)

    def run_until(self, seconds: float) -> None:
        """Run the events that are due by then, and set the time to it."""
        while self._events and self._events[0][0] <= seconds:
            self.seconds, _, do = heappop(self._events)
            do()
        self.seconds = seconds
