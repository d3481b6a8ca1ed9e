"""Refusals in full, for a terminal: which checks, what was got, and what was expected."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from cli.lines import got_and_expected, prose


def refusal_lines(refusals: Sequence[dict[str, Any]], width: int) -> Iterator[Text | str]:
    """Yield the lines of refusals in the shape of JSON; checks that say the same are together."""
    same: dict[tuple[str, str, str], list[str]] = {}
    for one in refusals:
        same.setdefault((one["reason"], one["effect"], one["detail"]), []).append(one["check"])
    for (reason, effect, detail), checks in same.items():
        heading = f"{', '.join(checks)}: {reason} ({effect})"
        for line in prose(heading, width, "  ", "    "):
            yield Text(line, style="red" if effect == "deny" else "yellow")
        for line in got_and_expected(detail):
            yield from prose(line, width, "    ")
