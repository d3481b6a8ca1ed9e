"""A week of 50 clusters notifies of each trouble in its time and once, and of nothing else."""

from collections.abc import Sequence

import pytest

from adapters.ledger_metrics import NAMESPACE
from tests.simulation.deployment import STACK
from tests.simulation.fleet import Fleet
from tests.simulation.result import Result
from tests.simulation.script import Expected, Trouble
from tests.simulation.simulate import simulated
from tests.simulation.week import TROUBLES, daily_life

_EXPECTED: Sequence[tuple[Trouble, Expected]] = [
    (trouble, expected) for trouble in TROUBLES for expected in trouble.notifies
]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Return the fleet, of whose quiet minutes one in two hundred is run for real."""
    return Fleet("a week", sample=0.005)


@pytest.fixture(scope="module")
def week(fleet: Fleet) -> Result:
    daily_life(fleet)
    return simulated(fleet, TROUBLES, days=7)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    _EXPECTED,
    ids=[f"{trouble.name}: {expected.alarm}" for trouble, expected in _EXPECTED],
)
def test_each_trouble_notifies_once_within_its_stated_time(
    week: Result, trouble: Trouble, expected: Expected
) -> None:
    """The alarm changes its state again when the trouble is over, however long it was."""
    [row] = [row for row in week.rows if (row.trouble, row.expected) == (trouble, expected)]

    assert len(row.after) == 1, f"notified {row.after} minutes after it began"
    assert row.after[0] <= row.due
    assert row.changes == 2


def test_nothing_else_notifies(week: Result) -> None:
    """Neither the stack's creation, nor joining, leaving and renewing nodes, nor updates."""
    assert week.others == []


#: What shows in the stack's metrics that an ordinary story did happen.
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


@pytest.mark.parametrize(("story", "metric"), SEEN.items(), ids=SEEN)
def test_an_ordinary_story_is_seen_by_the_approver(
    week: Result, fleet: Fleet, story: str, metric: str
) -> None:
    """Otherwise its silence would show nothing."""
    assert week.is_met
    [played, *_] = [one for one in TROUBLES if one.name == story]
    minutes = range(int(played.begins / 60), int(played.ends / 60) + 20)
    values = fleet.deployment.samples[NAMESPACE, metric, frozenset({("Stack", STACK)})]

    assert any(sum(values.get(minute, ())) for minute in minutes)


def test_every_alarm_is_fired_by_some_trouble_or_by_a_stack_of_its_own(week: Result) -> None:
    """So no alarm is silent because of a mistake in it; see test_other_stacks.py for two."""
    fired = {row.expected.alarm for row in week.rows}

    assert {"nothing-selected", "stack-shut-out"} == week.alarms - fired


def test_in_quiet_minutes_both_functions_would_send_what_was_sent(
    week: Result, fleet: Fleet
) -> None:
    """The simulation runs them only when something has changed or falls due."""
    assert week.is_met
    sampling = fleet.deployment.sampling

    assert sampling.unequal == []
    assert sampling.compared > 1_000
    assert sampling.quiet > 10 * sampling.real
