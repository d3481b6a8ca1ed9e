"""`make picture`: write docs/demo.svg, the screen of `csr-approver demo` as it prints it."""

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from cli.demo.run import Play, play
from cli.demo.screen import WIDTH, show

PICTURE: Final = Path(__file__).parents[2] / "docs" / "demo.svg"

#: The picture's own time: that of a run differs each time.
_SECONDS: Final = 3.0

#: Rich's picture loads fonts from another site, which a browser doesn't do for an image.
_ELSEWHERE: Final = re.compile(r" *@font-face \{.*?\}\n| *<!-- .*? -->\n", re.DOTALL)
_FAMILY: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"


def drawn(played: Play) -> str:
    """Return the screen as an SVG, the same for each run with the same results."""
    console = Console(
        file=io.StringIO(), width=WIDTH, record=True, force_terminal=True, color_system="truecolor"
    )
    show(replace(played, seconds=_SECONDS), console)
    svg = console.export_svg(title="csr-approver demo", unique_id="demo")
    plain = _ELSEWHERE.sub("", svg).replace("Fira Code, monospace", _FAMILY)
    return "\n".join(line.rstrip() for line in plain.splitlines()) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawn(play()))
