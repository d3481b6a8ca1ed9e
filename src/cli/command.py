"""How a command shows its help: in plain text, without Rich."""

from typing import Any, Final

from typer.core import TyperCommand

_INDENT: Final = "  "


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
