"""Tables and folded text as plain lines: nothing is padded at its end, and no word is broken."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

_GAP: Final = "  "
#: A longer cell stands out of its column, and doesn't widen it for all rows.
_WIDEST: Final = 40


def aligned(rows: Sequence[Sequence[str]], widest: int = _WIDEST) -> Iterator[str]:
    """Yield a line for each row, with columns as wide as their cells, up to `widest`."""
    columns = zip(*rows, strict=True)
    widths = [
        max((len(one) for one in cells if len(one) <= widest), default=0) for cells in columns
    ]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()


def folded(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Return the text in lines of this width, as far as its words allow.

    `first`, `rest`: the beginning of the first line, and of the others (the same if None).
    """
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
