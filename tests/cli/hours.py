"""A clock for commands that wait: time passes only while they sleep."""

from collections.abc import Callable


class Hours:
    """A clock that only sleep advances; planned actions run when their time comes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.interrupt_at: int | None = None
        self._planned: list[tuple[float, Callable[[], object]]] = []
        self._looked = 0

    def at(self, seconds: float, *whats: Callable[[], object]) -> None:
        self._planned += [(seconds, what) for what in whats]

    def ticks(self) -> float:
        self._looked += 1
        if self._looked == self.interrupt_at:
            raise KeyboardInterrupt
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        due = [event for event in self._planned if event[0] <= self.now]
        self._planned = [event for event in self._planned if event[0] > self.now]
        for _, what in due:
            what()

    def interrupt(self) -> None:
        raise KeyboardInterrupt
