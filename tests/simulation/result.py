"""Compare the notifications with the scenarios: which came, when, and how often."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.simulation import stated
from tests.simulation.script import LINGERS, Expected, Scenario
from tests.simulation.world.timeline import MINUTE
from tests.template.cloudformation import Stack
from tests.template.cloudwatch import Change, State


@dataclass(slots=True)
class Row:
    """One expected notification, and the actual ones.

    `begins`: the second at which the scenario's week begins. `due`: within how many minutes after
    the scenario's begin it must come. `after`: how many minutes it took, each time that it came.
    `changes`: how often the alarm changed its state.
    """

    scenario: Scenario
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
    """The expected notifications, and all others.

    `alarms`: the names of all alarms. `others`: the notifications that no scenario explains.
    """

    rows: list[Row]
    alarms: set[str]
    others: list[Change] = field(default_factory=list)

    @property
    def is_met(self) -> bool:
        """Return whether everything is as specified."""
        return not self.others and all(row.is_met for row in self.rows)


def judged(
    played: Sequence[tuple[float, Scenario]], changes: Sequence[Change], stack: Stack
) -> Result:
    """Compare the changes of state with the scenarios.

    `played`: each scenario, after the second at which its week begins.
    """
    rows = [row for begins, scenario in played for row in _rows(begins, scenario, stack)]
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
            row.after.append(change.minute - (row.begins + row.scenario.begins) / MINUTE)
    return result


def _rows(begins: float, scenario: Scenario, stack: Stack) -> Iterator[Row]:
    for expected in scenario.notifies:
        yield Row(scenario, begins, expected, stated.minutes(expected.alarm, stack))


def _explains(row: Row, change: Change) -> bool:
    cluster = dict(change.contributor).get("Cluster", "")
    begins, ends = row.begins + row.scenario.begins, row.begins + row.scenario.ends + LINGERS
    is_in_time = begins <= change.minute * MINUTE <= ends
    return Expected(change.alarm, cluster) == row.expected and is_in_time
