"""How a command shows its help: in plain text, without Rich."""

import re
from typing import Any, Final

from typer.core import TyperCommand

_INDENT: Final = "  "
_TYPE: Final = re.compile(r" <.*>$")


class Command(TyperCommand):
    """A command whose help keeps indented paragraphs, its examples, as they are written."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the help: paragraphs in the terminal's width, examples line by line."""
        del ctx
        for paragraph in (self.help or "").strip("\n").split("\n\n"):
            formatter.write_paragraph()
            if all(line.startswith(_INDENT) for line in paragraph.splitlines()):
                formatter.write("".join(f"{_INDENT}{line}\n" for line in paragraph.splitlines()))
            else:
                with formatter.indentation():
                    formatter.write_text(" ".join(paragraph.split()))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options; an argument without its type in Python, as Typer has it."""
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
                    formatter.write_dl(rows)
