"""How a command shows its help: in plain text, without Rich."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final

from typer.core import TyperCommand

_INDENT: Final = "  "
_TYPE: Final = re.compile(r" <.*>$")
_REQUIRED: Final = re.compile(r"[{}]")
#: A longer option has its words on the next line.
_LONGEST_NAME: Final = 30


class Command(TyperCommand):
    """A command whose help keeps indented paragraphs, its examples, as they are written.

    No word is broken at a hyphen: it may be the name of a command, of an option or of a signer.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the command; Typer puts required ones into braces."""
        return [_REQUIRED.sub("", piece) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the help: paragraphs in the terminal's width, examples line by line."""
        del ctx
        for paragraph in (self.help or "").strip("\n").split("\n\n"):
            formatter.write_paragraph()
            if all(line.startswith(_INDENT) for line in paragraph.splitlines()):
                formatter.write("".join(f"{_INDENT}{line}\n" for line in paragraph.splitlines()))
            else:
                lines = _folded(paragraph, formatter.width, _INDENT)
                formatter.write("".join(f"{line}\n" for line in lines))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options; arguments without the Python type that Typer adds."""
        records = {"Arguments": list[tuple[str, str]](), "Options": list[tuple[str, str]]()}
        for parameter in self.get_params(ctx):
            name, words = parameter.get_help_record(ctx) or ("", "")
            if name and parameter.param_type_name == "argument":
                records["Arguments"].append((_TYPE.sub("", name), words))
            elif name:
                records["Options"].append((name, words))
        for title, rows in records.items():
            if rows:
                with formatter.section(title):
                    formatter.write("".join(f"{line}\n" for line in _rows(rows, formatter.width)))


def _rows(rows: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Return names with what they are for beside them, or below a long name."""
    column = min(max(len(name) for name, _ in rows), _LONGEST_NAME)
    rest = _INDENT + " " * column + _INDENT
    lines = []
    for name, words in rows:
        start = f"{_INDENT}{name:<{column}}{_INDENT}"
        if len(start) > len(rest):
            lines.append(start.rstrip())
            start = rest
        lines += _folded(words, width, start, rest)
    return lines


def _folded(text: str, width: int, start: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=start,
        subsequent_indent=start if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
