"""In a week of 50 clusters each problem notifies once and in time, and nothing else notifies."""

from collections.abc import Sequence

import pytest

from adapters.ledger_metrics import NAMESPACE
from tests.simulation.deployment import STACK
from tests.simulation.fleet import Fleet
from tests.simulation.result import Result
from tests.simulation.script import Expected, Scenario
from tests.simulation.simulate import simulated
from tests.simulation.week import SCENARIOS, daily_life

_EXPECTED: Sequence[tuple[Scenario, Expected]] = [
    (scenario, expected) for scenario in SCENARIOS for expected in scenario.notifies
]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Return a fleet in which one quiet run in two hundred is real, to compare it."""
    return Fleet("a week", sample=0.005)


@pytest.fixture(scope="module")
def week(fleet: Fleet) -> Result:
    daily_life(fleet)
    return simulated(fleet, SCENARIOS, days=7)


@pytest.mark.parametrize(
    ("scenario", "expected"),
    _EXPECTED,
    ids=[f"{scenario.name}: {expected.alarm}" for scenario, expected in _EXPECTED],
)
def test_each_trouble_notifies_once_within_its_stated_time(
    week: Result, scenario: Scenario, expected: Expected
) -> None:
    """The alarm has one other change of state, back to OK, however long the trouble lasts."""
    [row] = [row for row in week.rows if (row.scenario, row.expected) == (scenario, expected)]

    assert len(row.after) == 1, f"notified {row.after} minutes after it began"
    assert row.after[0] <= row.due
    assert row.changes == 2


def test_nothing_else_notifies(week: Result) -> None:
    """The stack's creation, its updates, and nodes that join, renew and leave are no trouble."""
    assert week.others == []


#: Ordinary scenarios, and a metric of the stack that shows that each did happen.
SEEN = {
    "a cluster is created": "Skipped",
    "a cluster is deleted": "Skipped",
    "clusters are upgraded": "Failed",
    "EKS throttles for 3 minutes": "DispatchErrors",
    "a public address moves, mode enforce": "MovedAddress",
    "a public address moves, approve-only": "MovedAddress",
    "nodes in a public subnet": "Approved",
    "a node ends while it waits": "Left",
    "200 nodes join": "Approved",
    "kubelets restart while they wait": "Approved",
}


@pytest.mark.parametrize(("name", "metric"), SEEN.items(), ids=SEEN)
def test_an_ordinary_scenario_is_seen_by_the_approver(
    week: Result, fleet: Fleet, name: str, metric: str
) -> None:
    """Otherwise its silence would show nothing."""
    assert week.is_met
    [played, *_] = [scenario for scenario in SCENARIOS if scenario.name == name]
    minutes = range(int(played.begins / 60), int(played.ends / 60) + 20)
    values = fleet.deployment.samples[NAMESPACE, metric, frozenset({("Stack", STACK)})]

    assert any(sum(values.get(minute, ())) for minute in minutes)


def test_every_alarm_is_fired_by_some_trouble_or_by_a_stack_of_its_own(week: Result) -> None:
    """So a mistake in an alarm is noticed; test_other_stacks.py fires the two others."""
    fired = {row.expected.alarm for row in week.rows}

    assert {"nothing-selected", "stack-shut-out"} == week.alarms - fired


def test_a_quiet_run_sends_what_the_run_before_it_sent(week: Result, fleet: Fleet) -> None:
    """So the simulation may run the functions only when something has changed or falls due."""
    assert week.is_met
    sampling = fleet.deployment.sampling

    assert sampling.unequal == []
    assert sampling.compared > 1_000
    assert sampling.quiet > 10 * sampling.real
