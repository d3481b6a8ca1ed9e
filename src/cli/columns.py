"""Tables with one line per row, whose lines have no trailing blanks.

`aligned` fits a terminal, and cuts cells for that. `padded` cuts nothing, and is fast enough for
10,000 rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

_GAP: Final = "  "
_CUT: Final = "~"
# In `padded` a longer cell sticks out of its column, and doesn't widen it for all rows.
_WIDEST: Final = 40


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    `gives`: where the rows are too long, columns with 1 are cut first, then those with 2, then with
    3, each down to `least` characters. Columns with 0 are never cut.
    """

    heading: str = ""
    right: bool = False
    gives: int = 0
    least: int = 12


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
    sizes = _fitted(shown, widest, width - len(indent) - len(_GAP) * (len(shown) - 1))
    for row in cells:
        line = Text(indent)
        for at, cell in enumerate(row):
            line.append(_GAP if at else "").append_text(_placed(cell, sizes[at], shown[at]))
        line.rstrip()
        yield line


def padded(rows: Sequence[Sequence[str]], widest: int = _WIDEST) -> Iterator[str]:
    """Yield a line for each row, with columns as wide as their cells, up to `widest`.

    `rows`: text that is escaped already.
    """
    columns = zip(*rows, strict=True)
    widths = [
        max((len(one) for one in cells if len(one) <= widest), default=0) for cells in columns
    ]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def _fitted(columns: Sequence[Column], widest: Sequence[int], room: int) -> list[int]:
    sizes = list(widest)
    for turn in (1, 2, 3):
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
