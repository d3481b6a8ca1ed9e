"""A scenario is something that goes on in the fleet for a time, and what it must notify of."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tests.simulation.fleet import Fleet
from tests.simulation.world.timeline import DAY, HOUR, MINUTE

#: Begins something, yields, and ends it.
Story = Callable[[Fleet], Iterator[None]]

#: How long after its end a scenario may still be seen in an alarm's periods.
LINGERS: Final = 2.2 * HOUR


@dataclass(frozen=True, slots=True)
class Expected:
    """One notification of an alarm. `cluster`: empty for an alarm of the stack."""

    alarm: str
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story, when it happens, and the notifications that it must cause and no others.

    `begins` and `ends`: in seconds from the week's start.
    """

    name: str
    begins: float
    ends: float
    story: Story
    notifies: tuple[Expected, ...] = ()

    def play(self, fleet: Fleet, week_begins: float = 0.0) -> None:
        """Schedule it in the week of the simulation that begins at this second."""
        running = self.story(fleet)
        fleet.timeline.at(week_begins + self.begins, lambda: next(running))
        fleet.timeline.at(week_begins + self.ends, lambda: next(running, None))


def at(day: int, hour: float) -> float:
    """Return the seconds from a week's start to an hour of one of its days, 0 to 6."""
    return day * DAY + hour * HOUR


def scenario(
    name: str, day: int, hour: float, hours: float, story: Story, *notifies: Expected
) -> Scenario:
    """Return a scenario by its day, its hour, and how many hours it lasts."""
    # Not at a full minute: trouble may begin between two reviews.
    begins = at(day, hour) + 0.3 * MINUTE
    return Scenario(name, begins, begins + hours * HOUR, story, notifies)


def of(cluster: str, *alarms: str) -> tuple[Expected, ...]:
    """Return one notification of each alarm for this cluster."""
    return tuple(Expected(alarm, cluster) for alarm in alarms)


def of_stack(*alarms: str) -> tuple[Expected, ...]:
    """Return one notification of each of these alarms of the stack."""
    return tuple(Expected(alarm) for alarm in alarms)
