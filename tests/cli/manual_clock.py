"""A clock for commands that wait: time passes only while they sleep."""

from collections.abc import Callable


class ManualClock:
    """A clock in seconds that only `sleep` advances; planned actions run when their time comes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.interrupt_at: int | None = None
        self._planned: list[tuple[float, Callable[[], object]]] = []
        self._looked = 0

    def at(self, seconds: float, *actions: Callable[[], object]) -> None:
        """Plan actions for the time when the clock shows this many seconds."""
        self._planned += [(seconds, action) for action in actions]

    def ticks(self) -> float:
        self._looked += 1
        if self._looked == self.interrupt_at:
            raise KeyboardInterrupt
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [event for event in self._planned if event[0] <= self.now]
        self._planned = [event for event in self._planned if event[0] > self.now]
        for _, action in due:
            action()

    def interrupt(self) -> None:
        raise KeyboardInterrupt
