"""What was notified of, and whether it is what the specification says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation import stated
from tests.simulation.script import LINGERS, Expected, Trouble
from tests.simulation.world.timeline import MINUTE
from tests.template.cloudformation import Stack
from tests.template.cloudwatch import Change, State


@dataclass(slots=True)
class Row:
    """One expected notification, with what became of it. Times are minutes since the trouble."""

    trouble: Trouble
    begins: float
    expected: Expected
    due: float
    after: list[float] = field(default_factory=list)
    changes: int = 0

    @property
    def is_met(self) -> bool:
        """Return whether it came once, within its time, and with at most two changes of state."""
        return len(self.after) == 1 and self.after[0] <= self.due and self.changes <= 2


@dataclass(slots=True)
class Result:
    """All rows, the alarms that there are, and the notifications that no trouble explains."""

    rows: list[Row]
    alarms: set[str]
    others: list[Change] = field(default_factory=list)

    @property
    def is_met(self) -> bool:
        """Return whether everything is as specified."""
        return not self.others and all(row.is_met for row in self.rows)


def judged(
    played: Sequence[tuple[float, Trouble]], changes: Sequence[Change], stack: Stack
) -> Result:
    """Compare the changes of state with the troubles of weeks that begin at these seconds."""
    rows = [row for begins, one in played for row in _rows(begins, one, stack)]
    result = Result(rows, stated.alarms(stack))
    for change in changes:
        row = next((row for row in result.rows if _explains(row, change)), None)
        if row is not None:
            row.changes += 1
        if not change.notified:
            continue
        if row is None or change.new is not State.ALARM:
            result.others.append(change)
        else:
            row.after.append(change.minute - (row.begins + row.trouble.begins) / MINUTE)
    return result


def _rows(begins: float, trouble: Trouble, stack: Stack) -> Iterator[Row]:
    for expected in trouble.notifies:
        yield Row(trouble, begins, expected, stated.minutes(expected.alarm, stack))


def _explains(row: Row, change: Change) -> bool:
    cluster = dict(change.contributor).get("Cluster", "")
    begins, ends = row.begins + row.trouble.begins, row.begins + row.trouble.ends + LINGERS
    is_in_time = begins <= change.minute * MINUTE <= ends
    return Expected(change.alarm, cluster) == row.expected and is_in_time
