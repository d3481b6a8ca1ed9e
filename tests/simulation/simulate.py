"""Play scenarios in a fleet, and compare CloudWatch's notifications with the expected ones."""

from collections.abc import Sequence
from typing import Final

from tests.simulation.fleet import Fleet
from tests.simulation.result import Result, judged
from tests.simulation.script import Scenario
from tests.simulation.world.timeline import DAY
from tests.template.cloudformation import Stack
from tests.template.cloudwatch import changes
from tests.template.templates import TEMPLATES

MINUTES_A_DAY: Final = 1_440
_DAYS_A_WEEK: Final = 7


def the_stack(**parameters: str) -> Stack:
    """Return the template's stack, whose alarms notify someone."""
    return TEMPLATES["template.yaml"].stack(AlarmEmail="ops@corp.example", **parameters)


def simulated(
    fleet: Fleet, scenarios: Sequence[Scenario], *, days: float, weeks: int = 1, **parameters: str
) -> Result:
    """Play the scenarios in each of these weeks, and judge the changes of the alarms' states.

    `parameters`: of the stack. The stack is created at the first minute.
    """
    stack = the_stack(**parameters)
    minutes = int(days * MINUTES_A_DAY)
    begins = [week * _DAYS_A_WEEK * DAY for week in range(weeks)]
    played = [(when, scenario) for when in begins for scenario in scenarios]
    for when, scenario in played:
        scenario.play(fleet, when)
    fleet.run(minutes)
    return judged(played, changes(stack, fleet.deployment.samples, range(minutes)), stack)
