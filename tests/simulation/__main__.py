"""`make simulate`: simulate a month of a fleet, and print which alarms notified, and when."""

import sys
from typing import Final

from tests.simulation.fleet import Fleet
from tests.simulation.simulate import simulated
from tests.simulation.table import table
from tests.simulation.week import SCENARIOS, daily_life

_DAYS: Final = 30
_WEEKS: Final = 4


def main() -> int:
    """Print the result; return 0 if everything is as specified, 1 if not."""
    fleet = Fleet("a month")
    daily_life(fleet)
    result = simulated(fleet, SCENARIOS, days=_DAYS, weeks=_WEEKS)
    for line in table(result, SCENARIOS, _WEEKS):
        print(line)
    return 0 if result.is_met else 1


if __name__ == "__main__":
    sys.exit(main())
