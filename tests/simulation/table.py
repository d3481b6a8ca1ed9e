"""The result as a table of 80 columns: what happened, which alarm, and when it notified."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from tests.simulation.result import Result, Row
from tests.simulation.script import Scenario
from tests.simulation.simulate import MINUTES_A_DAY
from tests.template.cloudwatch import Change

_FORM: Final = "{:36.36} {:21} {:>3} {:>5} {:>5} {:>5}"
_HEADS: Final = ("scenario", "alarm", "due", "after", "times", "flips")


def table(result: Result, scenarios: Sequence[Scenario], weeks: int) -> Iterator[str]:
    """Yield the lines of the table.

    `due`: within how many minutes the alarm must notify. `after`: how many it took, in the slowest
    week. `times`: how often it notified, and how often the scenario was played. `flips`: how often
    the alarm changed its state, in the worst week.
    """
    yield _FORM.format(*_HEADS)
    by_kind = sorted(result.rows, key=lambda row: (row.scenario.begins, row.expected.alarm))
    for _, rows in groupby(by_kind, key=lambda row: (row.scenario.name, row.expected)):
        yield _line(list(rows))
    silent = dict.fromkeys(scenario.name for scenario in scenarios if not scenario.notifies)
    yield ""
    yield f"Played in {weeks} week(s), and notified of nothing:"
    yield from (f"  {name}" for name in silent)
    yield ""
    if result.others:
        yield "Notified of something else:"
        yield from map(_other, result.others)
    else:
        yield "Notified of nothing else."


def _line(rows: Sequence[Row]) -> str:
    first = rows[0]
    after = [minutes for row in rows for minutes in row.after]
    latest = f"{max(after):.0f}" if after else "never"
    name = first.scenario.name
    times = f"{len(after)}/{len(rows)}"
    flips = max(row.changes for row in rows)
    line = _FORM.format(name, first.expected.alarm, f"{first.due:.0f}", latest, times, flips)
    return line if all(row.is_met for row in rows) else f"{line}  <- not as specified"


def _other(change: Change) -> str:
    day, minute = divmod(change.minute, MINUTES_A_DAY)
    where = dict(change.contributor).get("Cluster", "the stack")
    state = change.new.value
    return f"  day {day}, {minute // 60:02}:{minute % 60:02}: {change.alarm}, {where}, {state}"
