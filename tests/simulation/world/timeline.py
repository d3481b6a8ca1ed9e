"""Time that passes only in the simulation: what happens when, in order."""

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
    """The seconds since the start, and what is still to happen."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> datetime:
        """Return the time of day."""
        return START + timedelta(seconds=self.seconds)

    def at(self, seconds: float, do: Callable[[], None]) -> None:
        """Let it happen at this time; of two at the same time, the first that was asked for."""
        self._count += 1
        heappush(self._events, (max(seconds, self.seconds), self._count, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Let it happen this many seconds from now."""
        self.at(self.seconds + seconds, do)

    def run_until(self, seconds: float) -> None:
        """Let everything happen that is due by then, and make that the present."""
        while self._events and self._events[0][0] <= seconds:
            self.seconds, _, do = heappop(self._events)
            do()
        self.seconds = seconds
