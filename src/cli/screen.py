"""Tables for people on stdout and progress on stderr, all printable.

It imports Rich, which takes time, so commands import it where they use it.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final, Self, TypeVar, cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from core.printable import printable, visible

T = TypeVar("T")

_PIPE_WIDTH: Final = 80
_TRAILING_BLANKS: Final = re.compile(r"[ \t]+(?=\n)")


def console() -> Console:
    """Return the console of stdout; 80 columns and no trailing blanks in a file or a pipe."""
    made = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    if made.width < 1:  # COLUMNS=0
        made.width = _PIPE_WIDTH
    if made.is_terminal:
        return made
    if "COLUMNS" not in os.environ:
        made.width = _PIPE_WIDTH
    made.file = cast("IO[str]", _WithoutTrailingBlanks(sys.stdout))
    return made


class _WithoutTrailingBlanks:
    """A file for tables, which Rich pads to their width. It writes whole lines at a time."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        self._file.write(_TRAILING_BLANKS.sub("", text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@dataclass(frozen=True, slots=True)
class Screen:
    """What stdout is, for output without Rich's tables. `width`: in columns."""

    width: int
    coloured: bool

    @classmethod
    def of_stdout(cls) -> Self:
        """Return it for a terminal with colours (unless NO_COLOR is set), a file or a pipe."""
        made = console()
        return cls(made.width, coloured=made.color_system is not None and not made.no_color)

    def styled(self, text: str, style: str) -> str:
        """Return the text, which needs no escapes, in a colour or style that Rich knows."""
        if not self.coloured:
            return text
        return Style.parse(style).render(text)


def table(*headings: str, expand: bool = False) -> Table:
    """Return an empty table in the commands' style; its cells fold and are never cut."""
    made = Table(box=SIMPLE_HEAD, header_style="bold", expand=expand)
    for heading in headings:
        made.add_column(cell(heading), overflow="fold")
    return made


def cell(*lines: object, style: str = "") -> Text:
    """Return text for a table: never markup, and what others chose is escaped, but not twice."""
    return Text("\n".join(visible(str(line)) for line in lines), style=style)


@contextmanager
def busy(words: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner on stderr if that is a terminal, and yield what prints a line above it."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    with stderr.status(Text(printable(words, None))):
        yield lambda line: stderr.print(Text(printable(line, None)))


def counted(items: Iterable[T], total: int, words: str) -> Iterator[T]:
    """Yield the items, and count them with a bar on stderr if that is a terminal."""
    stderr = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        yield from bar.track(items, total=total, description=words)
