"""Lines that fit a terminal: prose, commands to copy, and tables with one line per row.

Lines have no trailing blanks. A word, such as an id or an ARN, is never broken: where it doesn't
fit, its line is longer.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

#: Longer lines of prose are hard to read, however wide the terminal is.
_WIDEST_PROSE: Final = 100

_GAP: Final = 2
_CUT: Final = "~"
# A word of a shell command, with its quotes.
_WORD: Final = re.compile(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+")
# A value as Python writes it; one with a blank keeps its quotes.
_QUOTED: Final = re.compile(r"'([^'\s]+)'")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `gives`: where the rows are too long, columns with 1 are cut first, then those with 2, each down
    to `least` characters. Columns with 0 are never cut.
    """

    heading: str = ""
    right: bool = False
    gives: int = 0
    least: int = 12


def prose(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Return the text as lines. `first` and `rest`: what the first and the other lines begin with.

    `rest` is as many blanks as `first` is long if it isn't given.
    """
    return textwrap.wrap(
        text,
        min(width, _WIDEST_PROSE),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def command(text: str, width: int, indent: str = "") -> list[str]:
    """Return a shell command as lines that can be copied together: each but the last continues."""
    lines = [indent]
    for word in _with_values(_WORD.findall(text)):
        is_first = not lines[-1].strip()
        needed = len(lines[-1]) + len(word) + (0 if is_first else 1) + len(" \\")
        if not is_first and needed > width:
            lines[-1] += " \\"
            lines.append(f"{indent}  ")
            is_first = True
        lines[-1] += word if is_first else f" {word}"
    return lines


def _with_values(words: Sequence[str]) -> Iterator[str]:
    """Yield the words, an option together with its value."""
    pending = ""
    for word in words:
        if pending and not word.startswith("--"):
            yield f"{pending} {word}"
            pending = ""
            continue
        if pending:
            yield pending
        is_option = word.startswith("--") and "=" not in word
        pending = word if is_option else ""
        if not is_option:
            yield word
    if pending:
        yield pending


def aligned(
    columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int, indent: str = "  "
) -> Iterator[Text]:
    """Yield the rows as lines, under their headings if there are any, without empty columns."""
    used = [at for at in range(len(columns)) if any(row[at].plain for row in rows)]
    shown = [columns[at] for at in used]
    cells = [[row[at] for at in used] for row in rows]
    if any(one.heading for one in shown):
        cells.insert(0, [Text(one.heading, style="bold") for one in shown])
    widest = [max(len(row[at]) for row in cells) for at in range(len(shown))]
    sizes = _fitted(shown, widest, width - len(indent) - _GAP * (len(shown) - 1))
    for row in cells:
        line = Text(indent)
        for at, cell in enumerate(row):
            line.append(" " * (_GAP if at else 0)).append_text(_placed(cell, sizes[at], shown[at]))
        line.rstrip()
        yield line


def plain(detail: str) -> str:
    """Return a refusal's detail without Python's quotes around its values."""
    return _QUOTED.sub(r"\1", detail)


def got_and_expected(detail: str) -> list[str]:
    """Return a refusal's detail as lines: what was got, and what was expected."""
    got, comma, expected = plain(detail).partition(", expected ")
    if not comma:
        got, comma, expected = got.partition("; expected ")
    return [got, f"expected {expected}"] if comma else [got]


def put(lines: Iterator[Text] | Sequence[Text | str], console: Console) -> None:
    """Print lines as they are: the terminal may wrap one that is too long."""
    for line in lines:
        console.print(Text(line) if isinstance(line, str) else line, soft_wrap=True)


def _fitted(columns: Sequence[Column], widest: Sequence[int], room: int) -> list[int]:
    sizes = list(widest)
    for turn in (1, 2):
        for at, column in enumerate(columns):
            excess = sum(sizes) - room
            if column.gives == turn and excess > 0:
                sizes[at] = max(min(sizes[at], column.least), sizes[at] - excess)
    return sizes


def _placed(cell: Text, size: int, column: Column) -> Text:
    made = cell.copy()
    if len(made) > size:
        made = made[: size - 1]
        made.append(_CUT)
    blanks = " " * (size - len(made))
    return Text(blanks).append_text(made) if column.right else made.append(blanks)
