"""The answers of `evaluate` for people: a line for each CSR, or all reasons, and counts.

It is written without Rich's tables, which take longer for 10,000 CSRs than judging them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import typer

from cli.evaluate.missing import EVIDENCE_GIVEN
from cli.lines import prose
from cli.refusal_lines import refusal_lines
from cli.screen import Screen
from cli.verdict_rows import COLOURS, Row
from core.printable import printable

_HEADINGS: Final = ("CSR", "Instance", "Verdict")
#: Longer names stand out of their column, unbroken, and don't widen it for all others.
_WIDEST_NAME: Final = 24
_INSTANCE: Final = 19
_VERDICT: Final = 7
_GAP: Final = "  "
_VERDICTS: Final = ("approve", "deny", "leave", "ignore")


def show(rows: Sequence[Row], *, explained: bool) -> None:
    """Print the answers, and how many there are of each verdict."""
    screen = Screen.of_stdout()
    lines = _explained(rows, screen) if explained else _table(rows, screen)
    missing = [] if explained else _missing(rows, screen.width)
    typer.echo("\n".join([*lines, "", _counts(rows), *missing]))


def _table(rows: Sequence[Row], screen: Screen) -> Iterator[str]:
    names = [printable(row["csr"] or "?") for row in rows]
    width = min(max([len(_HEADINGS[0]), *map(len, names)]), _WIDEST_NAME)
    yield _GAP.join([_HEADINGS[0].ljust(width), _HEADINGS[1].ljust(_INSTANCE), _HEADINGS[2], "Why"])
    for name, row in zip(names, rows, strict=True):
        instance = printable(row["instance"] or "-")
        begin = _GAP.join([name.ljust(width), instance.ljust(_INSTANCE), ""])
        verdict = screen.styled(row["verdict"].ljust(_VERDICT), COLOURS[row["verdict"]])
        room = screen.width - len(begin) - _VERDICT - len(_GAP)
        yield f"{begin}{verdict}{_GAP}{_why(row, room)}".rstrip()


def _why(row: Row, room: int) -> str:
    """Return the IDs of the checks that refused, as many as there is room for; at least one."""
    checks = [refusal["check"] for refusal in row["refusals"]]
    for shown in range(len(checks), 0, -1):
        more = f" +{len(checks) - shown}" if shown < len(checks) else ""
        text = ", ".join(checks[:shown]) + more
        if len(text) <= room or shown == 1:
            return text
    return ""


def _missing(rows: Sequence[Row], width: int) -> Iterator[str]:
    """Yield, for `evidence-given` in the table, which options would give the evidence."""
    refusals = [one for row in rows for one in row["refusals"] if one["check"] == EVIDENCE_GIVEN]
    for detail in dict.fromkeys(one["detail"] for one in refusals):
        yield from prose(f"{EVIDENCE_GIVEN}: {detail}", width)


def _explained(rows: Sequence[Row], screen: Screen) -> Iterator[str]:
    for row in rows:
        verdict = screen.styled(row["verdict"], COLOURS[row["verdict"]])
        yield f"{printable(row['csr'] or '?')}: {verdict}"
        who = {"signer": row["signer"], "requester": row["requester"], "instance": row["instance"]}
        for word, value in who.items():
            if value:
                yield f"  {word:<9}  {printable(value)}"
        for line in refusal_lines(row["refusals"], screen.width):
            yield line if isinstance(line, str) else screen.styled(line.plain, str(line.style))
        if row["not_run"]:
            text = f"not run: {', '.join(row['not_run'])}"
            yield from prose(text, screen.width, "  ", "    ")


def _counts(rows: Sequence[Row]) -> str:
    counts = Counter(row["verdict"] for row in rows)
    each = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _VERDICTS if counts[verdict])
    return f"{len(rows)} CSR{'' if len(rows) == 1 else 's'}{': ' if each else ''}{each}"
