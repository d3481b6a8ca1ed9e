"""What all commands share of their output: answers on stdout, progress on stderr, all printable."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Final, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from core.printable import printable

T = TypeVar("T")

_PIPE_WIDTH: Final = 120


class Output(Enum):
    """The formats of an answer."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option(help="How to print the answer.")]


def console() -> Console:
    """Return the console of stdout, 120 columns wide where that is a file or a pipe."""
    made = Console(file=sys.stdout, highlight=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _PIPE_WIDTH
    return made


def print_json(answer: object) -> None:
    """Print an answer for programs, in ASCII."""
    typer.echo(json.dumps(answer, indent=2))


def table(*headings: str, expand: bool = False) -> Table:
    """Return an empty table in the commands' style; its cells fold and are never cut."""
    made = Table(box=SIMPLE_HEAD, header_style="bold", expand=expand)
    for heading in headings:
        made.add_column(cell(heading), overflow="fold")
    return made


def cell(*lines: object, style: str = "") -> Text:
    """Return text for a table: never markup, and with what others chose escaped."""
    return Text("\n".join(printable(str(line), None) for line in lines), style=style)


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
