"""Where commands print: answers on stdout, progress on stderr, and nothing that isn't printable."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from core.printable import printable

T = TypeVar("T")

_PIPE_WIDTH: Final = 120


def console() -> Console:
    """Of stdout. Rich asks the terminal for its width; a file or a pipe has none."""
    made = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _PIPE_WIDTH
    return made


def cell(*lines: object, style: str = "") -> Text:
    """Text for a table: never markup, and what others chose is shown escaped."""
    return Text("\n".join(printable(str(line), None) for line in lines), style=style)


@contextmanager
def busy(words: str) -> Iterator[None]:
    """A spinner on stderr, where that is a terminal."""
    with Console(stderr=True).status(Text(printable(words, None))):
        yield


@contextmanager
def telling(words: str) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr, where that is a terminal, above which lines can be told."""
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    with stderr.status(Text(printable(words, None))):
        yield lambda line: stderr.print(Text(printable(line, None)))


def counted(items: Iterable[T], total: int, words: str) -> Iterator[T]:
    """The items, with a bar on stderr that counts them, where that is a terminal."""
    stderr = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as bar:
        yield from bar.track(items, total=total, description=words)
