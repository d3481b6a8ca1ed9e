"""A piece of a file, by lines."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """A piece of a file, and the file's line at which it begins."""

    text: str
    first_line: int = 1

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def line(self, offset: int) -> int:
        """Return the file's line of this character."""
        return self.first_line + bisect_right(self._starts, offset) - 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which that line begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its offset."""
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1
