"""Notifications are compared with the expected ones."""

from collections.abc import Iterator

import pytest

from tests.simulation.fleet import Fleet
from tests.simulation.result import Result, judged
from tests.simulation.script import Scenario, of
from tests.simulation.simulate import the_stack
from tests.simulation.table import table
from tests.template.cloudwatch import Change, State

STACK = the_stack()
PROD = (("Cluster", "prod"), ("Region", "eu-west-1"))
TEST = (("Cluster", "test"), ("Region", "eu-west-1"))


def nothing(_: Fleet) -> Iterator[None]:
    yield


DENIED = Scenario("a foreign address", 600.0, 1_200.0, nothing, of("prod", "denied"))


def fires(minute: int, contributor: tuple[tuple[str, str], ...] = PROD) -> Change:
    return Change(minute, "denied", contributor, State.OK, State.ALARM, ("a topic",))


def ends(minute: int) -> Change:
    return Change(minute, "denied", PROD, State.ALARM, State.OK, ())


def result_of(*changes: Change) -> Result:
    return judged([(0.0, DENIED)], changes, STACK)


def test_one_notification_in_time_is_as_specified() -> None:
    """The alarm goes back to OK without a notification."""
    result = result_of(fires(18), ends(40))

    assert result.is_met
    assert [(row.after, row.changes) for row in result.rows] == [([8.0], 2)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([], id="none"),
        pytest.param([fires(28)], id="too late"),
        pytest.param([fires(18), ends(20), fires(22)], id="twice"),
        pytest.param([fires(18, TEST)], id="of another cluster"),
        pytest.param([fires(9)], id="before it begins"),
        pytest.param([fires(18), fires(18, TEST)], id="of another cluster besides"),
    ],
)
def test_any_other_notifications_are_not_as_specified(changes: list[Change]) -> None:
    """The simulated week would fail."""
    assert not result_of(*changes).is_met


def test_a_change_that_notifies_no_one_is_no_notification() -> None:
    """Such as the first evaluation of each alarm."""
    first = Change(0, "denied", TEST, State.INSUFFICIENT_DATA, State.OK, ())

    assert result_of(first, fires(18)).is_met


def test_the_table_has_80_columns_and_marks_what_is_not_as_specified() -> None:
    """The mark stands behind the columns."""
    met = list(table(result_of(fires(18)), [DENIED], 1))
    unmet = list(table(result_of(fires(28), fires(29, TEST)), [DENIED], 1))

    assert max(map(len, met)) <= 80
    assert "Notified of nothing else." in met
    assert any(line.endswith("<- not as specified") for line in unmet)
    assert "  day 0, 00:29: denied, test, ALARM" in unmet
