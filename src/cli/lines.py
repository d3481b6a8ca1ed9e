"""Lines that fit a terminal: prose, commands to copy, and what is written alike in all of them.

Lines have no trailing blanks. A word, such as an id or an ARN, is never broken: where it doesn't
fit, its line is longer.
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

#: Longer lines of prose are hard to read, however wide the terminal is.
_WIDEST_PROSE: Final = 100

# A word of a shell command, with its quotes.
_WORD: Final = re.compile(r"(?:[^\s'\"]|'[^']*'|\"[^\"]*\")+")
# A value in Python's quotes. An apostrophe within or after a word is not a quote.
_QUOTED: Final = re.compile(r"(?<!\w)'([^']+)'(?!\w)")
# The last separator counts: what was got may have one too, as a requester chose it.
_GOT_AND_EXPECTED: Final = re.compile(r"(.*)[,;] expected (.*)", re.DOTALL)


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


def without_quotes(detail: str) -> str:
    """Return a refusal's detail without Python's quotes around its values.

    If one of them has a comma, a semicolon or several blanks, all keep their quotes: they show
    where each ends. Usages, such as `client auth`, have one blank.
    """
    values = _QUOTED.findall(detail)
    is_unclear = any("," in one or ";" in one or one.count(" ") > 1 for one in values)
    return detail if is_unclear else _QUOTED.sub(r"\1", detail)


def got_and_expected(detail: str) -> list[str]:
    """Return a refusal's detail as lines: what was got, and what was expected."""
    plain = without_quotes(detail)
    both = _GOT_AND_EXPECTED.fullmatch(plain)
    return [both[1], f"expected {both[2]}"] if both else [plain]


def put(lines: Iterator[Text] | Sequence[Text | str], console: Console) -> None:
    """Print lines as they are: the terminal may wrap one that is too long."""
    for line in lines:
        console.print(Text(line) if isinstance(line, str) else line, soft_wrap=True)


def age_of(seconds: float) -> str:
    """Return an age such as `42 s`, `12 min` or `5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"
